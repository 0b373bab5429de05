//! `LabelParameterVersion` and `UnlabelParameterVersion`.

use super::super::{
    errors::{too_many_labels, version_not_found},
    load::{self, Own},
    names::is_label,
    views::shown,
};
use api::ssm::{
    LabelParameterVersionRequest, LabelParameterVersionResult, UnlabelParameterVersionRequest, UnlabelParameterVersionResult,
};
use front::{Answer, Cx};
use spine::Tx;

/// A version has at most so many.
const MOST: usize = 10;

/// `LabelParameterVersion`: a label that is on another version moves. What can't be a label is named.
pub fn add(cx: &Cx, tx: &mut Tx, input: &LabelParameterVersionRequest) -> Answer<LabelParameterVersionResult> {
    let (own, _) = load::own(cx, tx, &input.name)?;
    let number = match input.parameter_version {
        Some(asked) => kept(&own, asked)?,
        None => own.spec.latest,
    };
    let (good, bad): (Vec<_>, Vec<_>) = input.labels.iter().cloned().partition(|label| is_label(label));
    let mut labels = own.spec.labels.clone();
    labels.extend(good.into_iter().map(|label| (label, number)));
    if labels.values().filter(|on| **on == number).count() > MOST {
        return Err(too_many_labels());
    }
    tx.update_spec(&own.key, |spec| spec.labels = labels)?;
    Ok(LabelParameterVersionResult { invalid_labels: Some(bad), parameter_version: Some(shown(number)) })
}

/// `UnlabelParameterVersion`: what isn't on the version is named.
pub fn remove(cx: &Cx, tx: &mut Tx, input: &UnlabelParameterVersionRequest) -> Answer<UnlabelParameterVersionResult> {
    let (own, _) = load::own(cx, tx, &input.name)?;
    let number = kept(&own, input.parameter_version)?;
    let on_it = |label: &String| own.spec.labels.get(label) == Some(&number);
    let (removed, bad): (Vec<_>, Vec<_>) = input.labels.iter().cloned().partition(on_it);
    tx.update_spec(&own.key, |spec| spec.labels.retain(|label, _| !removed.contains(label)))?;
    Ok(UnlabelParameterVersionResult { removed_labels: Some(removed), invalid_labels: Some(bad) })
}

/// The version of that number, if it is kept.
fn kept(own: &Own, asked: i64) -> Answer<u64> {
    let number = u64::try_from(asked).ok().filter(|number| (own.spec.oldest..=own.spec.latest).contains(number));
    number.ok_or_else(|| version_not_found(&own.key.id, asked))
}

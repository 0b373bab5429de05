//! What requests are about, and what is known of it when it is decided who may do what (Service Authorization Reference, "Actions,
//! resources, and condition keys for AWS Lambda").

use super::names;
use front::{Answer, Cx, Facts};
use logic::policy::Kind;
use model::{
    Arn, Key,
    lambda::{Function, LayerVersion},
};
use spine::{Read, Snapshot};

/// The function that a request names, or the version or alias of it; none, so that it is decided on `*`, where the handler refuses the
/// name.
pub fn function(cx: &Cx, name: &str, qualifier: Option<&str>) -> Vec<Arn> {
    names::parse(cx, name, qualifier).map(|named| named.arn()).into_iter().collect()
}

/// The function that a request names, whatever qualifier there is.
pub fn whole(cx: &Cx, name: &str) -> Vec<Arn> {
    names::parse(cx, name, None).map(|named| named.key.arn()).into_iter().collect()
}

/// A layer.
pub fn layer(cx: &Cx, name: &str) -> Vec<Arn> {
    names::parse_layer(cx, name).map(|key| key.arn()).into_iter().collect()
}

/// A version of a layer.
pub fn layer_version(cx: &Cx, name: &str, number: i64) -> Vec<Arn> {
    let key = names::parse_layer(cx, name).map(|key| key.version(u64::try_from(number).unwrap_or_default()).arn());
    key.into_iter().collect()
}

/// What is named by its ARN.
pub fn arn(text: &str) -> Vec<Arn> {
    text.parse().into_iter().collect()
}

/// What is known of a function or a layer: its tags and its policy.
pub fn facts(_: &Cx, snapshot: &Snapshot, arn: &Arn) -> Answer<Facts> {
    if let Some((key, qualifier)) = Key::<Function>::of_arn(arn) {
        return of_function(snapshot, &key, qualifier, arn);
    }
    let Some(key) = Key::<LayerVersion>::of_arn(arn) else { return Ok(Facts::default()) };
    let policy = snapshot.spec(&key.policy())?;
    Ok(with_policy(Facts::default(), arn, policy.map(|policy| policy.document())))
}

fn of_function(snapshot: &Snapshot, key: &Key<Function>, qualifier: Option<&str>, arn: &Arn) -> Answer<Facts> {
    let Some(spec) = snapshot.spec(key)? else { return Ok(Facts::default()) };
    let facts = Facts { tags: spec.tags.clone(), ..Facts::default() };
    let policy = snapshot.spec(&key.policy(qualifier))?;
    Ok(with_policy(facts, arn, policy.map(|policy| policy.document())))
}

fn with_policy(facts: Facts, arn: &Arn, policy: Option<String>) -> Facts {
    match policy {
        Some(policy) => facts.with_policy(&arn.to_string(), &policy, Kind::Resource),
        None => facts,
    }
}

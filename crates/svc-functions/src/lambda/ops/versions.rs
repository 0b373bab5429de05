//! Published versions.

use super::{functions::in_list, same_revision, settled, show};
use crate::lambda::{
    environment, errors,
    find::{self, Found},
    names::{self, Named},
    page::{Asked, by_number, page},
    views,
};
use api::lambda as sdk;
use front::{Answer, Cx};
use model::{
    Key,
    lambda::{Configuration, Function, Release, Version, VersionSpec},
};
use spine::{Read, Scope, Tx};

/// `PublishVersion`.
pub fn publish_version(cx: &Cx, tx: &mut Tx, input: &sdk::PublishVersionRequest) -> Answer<sdk::FunctionConfiguration> {
    let function = names::parse_whole(cx, &input.function_name)?;
    if input.publish_to.is_some() {
        return Err(errors::not_built("PublishTo"));
    }
    let found = latest(tx, &function)?;
    settled(&found)?;
    let release = &found.row.spec.release;
    same_revision(input.revision_id.as_ref(), &release.revision, "GetFunction/GetAlias")?;
    let sha256 = views::code_sha256(&release.code);
    if let Some(given) = input.code_sha256.as_ref().filter(|given| !given.is_empty() && **given != sha256) {
        return Err(errors::invalid(format!(
            "CodeSHA256 ({given}) is different from current CodeSHA256 in $LATEST ({sha256}). Please try again with the CodeSHA256 in $LATEST."
        )));
    }
    let published = publish(cx, tx, &function, input.description.as_deref())?;
    shown(cx, tx, &published)
}

fn latest(read: &impl Read, function: &Key<Function>) -> Answer<Found> {
    find::version(read, &Named { key: function.clone(), qualifier: None })
}

/// The version that `$LATEST` is published as: the last one, where it is the same.
pub fn publish(cx: &Cx, tx: &mut Tx, function: &Key<Function>, description: Option<&str>) -> Answer<Key<Version>> {
    let latest = latest(tx, function)?.row.spec.release.clone();
    let number = find::function(tx, function)?.last_version;
    let last = function.version(&number.to_string());
    if let Some(spec) = tx.spec(&last)?
        && same(cx, tx, function, &spec.release, &latest)?
    {
        return Ok(last);
    }
    let next = function.version(&(number + 1).to_string());
    let mut release = Release { revision: cx.env.uuid(), modified: cx.now, ..latest };
    if let Some(description) = description {
        release.configuration.description = description.to_owned();
    }
    tx.create(&next, &VersionSpec { release })?;
    tx.update_spec(function, |spec| spec.last_version = number + 1)?;
    Ok(next)
}

/// Whether two releases are the same but for what is said of them. What is encrypted is compared as it is opened.
fn same(cx: &Cx, read: &impl Read, function: &Key<Function>, one: &Release, other: &Release) -> Answer<bool> {
    let bare =
        |release: &Release| Configuration { description: String::new(), environment: None, ..release.configuration.clone() };
    let variables = |release: &Release| environment::open(read, cx.now, function, &release.configuration);
    Ok(one.code == other.code && bare(one) == bare(other) && variables(one)? == variables(other)?)
}

/// A version that was published.
pub fn shown(cx: &Cx, tx: &Tx, key: &Key<Version>) -> Answer<sdk::FunctionConfiguration> {
    let row = tx.get(key)?.ok_or_else(|| errors::no_function(&key.arn()))?;
    show(cx, tx, key, &row, Some(key.version()))
}

/// `ListVersionsByFunction`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListVersionsByFunctionRequest) -> Answer<sdk::ListVersionsByFunctionResponse> {
    let function = names::parse_whole(cx, &input.function_name)?;
    find::function(tx, &function)?;
    let mut versions = tx.list::<Version>(Scope::Prefix(&function.account, &function.region, &function.children()))?;
    versions.sort_by_cached_key(|(key, _)| by_number(key.version()));
    let asked = Asked { most: input.max_items, marker: input.marker.as_deref() };
    let (page, next_marker) = page(versions, &asked, |(key, _)| by_number(key.version()))?;
    let views = page.iter().map(|(key, row)| show(cx, tx, key, row, Some(key.version())).map(in_list));
    Ok(sdk::ListVersionsByFunctionResponse { versions: Some(views.collect::<Answer<_>>()?), next_marker })
}

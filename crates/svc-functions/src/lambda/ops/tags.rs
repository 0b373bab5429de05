//! Tags of functions.

use crate::lambda::{errors, find};
use api::lambda as sdk;
use front::{Answer, Cx};
use model::{
    Arn, Key,
    lambda::{Function, Tags},
};
use spine::Tx;

/// How many a function can have.
const MOST: usize = 50;

/// Refuses tags that nothing can have.
pub fn check(tags: &Tags) -> Answer<()> {
    if tags.len() > MOST {
        return Err(errors::invalid("Too many tags: a resource can have 50."));
    }
    match tags.keys().find(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        Some(_) => Err(errors::invalid("System tags cannot be added/updated by requester")),
        None => Ok(()),
    }
}

/// The function that an ARN names. Event source mappings, the other thing that has tags, are found by their own operations.
fn tagged(cx: &Cx, text: &str) -> Answer<Key<Function>> {
    let arn: Arn = text.parse().map_err(|_| errors::invalid(format!("{text} is not a valid ARN")))?;
    if arn.region != cx.region.as_str() || arn.account != cx.account.as_str() {
        return Err(errors::not_found(format!("The function {text} is not in this account and region")));
    }
    match Key::<Function>::of_arn(&arn) {
        Some((key, None)) => Ok(key),
        Some((_, Some(_))) => {
            Err(errors::invalid("Tags on function aliases and versions are not supported. Please specify a function ARN."))
        }
        None => Err(errors::not_built(format_args!("tags of {}", arn.resource))),
    }
}

/// `TagResource`.
pub fn tag(cx: &Cx, tx: &mut Tx, input: &sdk::TagResourceRequest) -> Answer<()> {
    let key = tagged(cx, &input.resource)?;
    let mut tags = find::function(tx, &key)?.tags.clone();
    tags.extend(input.tags.clone());
    check(&tags)?;
    Ok(tx.update_spec(&key, |spec| spec.tags = tags)?)
}

/// `UntagResource`.
pub fn untag(cx: &Cx, tx: &mut Tx, input: &sdk::UntagResourceRequest) -> Answer<()> {
    let key = tagged(cx, &input.resource)?;
    find::function(tx, &key)?;
    Ok(tx.update_spec(&key, |spec| spec.tags.retain(|name, _| !input.tag_keys.contains(name)))?)
}

/// `ListTags`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListTagsRequest) -> Answer<sdk::ListTagsResponse> {
    let key = tagged(cx, &input.resource)?;
    Ok(sdk::ListTagsResponse { tags: Some(find::function(tx, &key)?.tags.clone()) })
}

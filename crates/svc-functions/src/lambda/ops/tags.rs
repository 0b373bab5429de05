//! Tags of functions and of event source mappings.

use crate::lambda::{errors, find};
use api::lambda as sdk;
use front::{Answer, Cx};
use model::{
    Arn, Key,
    lambda::{Function, Mapping, Tags},
};
use spine::{Read, Tx};

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

/// What has tags.
enum Tagged {
    Function(Key<Function>),
    Mapping(Key<Mapping>),
}

impl Tagged {
    fn tags(&self, read: &impl Read) -> Answer<Tags> {
        match self {
            Self::Function(key) => Ok(find::function(read, key)?.tags.clone()),
            Self::Mapping(key) => Ok(read.spec(key)?.ok_or_else(errors::nothing)?.tags.clone()),
        }
    }

    fn set(&self, tx: &mut Tx, tags: Tags) -> Answer<()> {
        match self {
            Self::Function(key) => Ok(tx.update_spec(key, |spec| spec.tags = tags)?),
            Self::Mapping(key) => Ok(tx.update_spec(key, |spec| spec.tags = tags)?),
        }
    }
}

/// The function or the mapping that an ARN names.
fn tagged(cx: &Cx, text: &str) -> Answer<Tagged> {
    let arn: Arn = text.parse().map_err(|_| errors::invalid(format!("{text} is not a valid ARN")))?;
    if arn.region != cx.region.as_str() || arn.account != cx.account.as_str() {
        return Err(errors::not_found(format!("The function {text} is not in this account and region")));
    }
    if let Some(key) = Key::<Mapping>::of_arn(&arn) {
        return Ok(Tagged::Mapping(key));
    }
    match Key::<Function>::of_arn(&arn) {
        Some((key, None)) => Ok(Tagged::Function(key)),
        Some((_, Some(_))) => {
            Err(errors::invalid("Tags on function aliases and versions are not supported. Please specify a function ARN."))
        }
        None => Err(errors::not_built(format_args!("tags of {}", arn.resource))),
    }
}

/// `TagResource`.
pub fn tag(cx: &Cx, tx: &mut Tx, input: &sdk::TagResourceRequest) -> Answer<()> {
    let key = tagged(cx, &input.resource)?;
    let mut tags = key.tags(tx)?;
    tags.extend(input.tags.clone());
    check(&tags)?;
    key.set(tx, tags)
}

/// `UntagResource`.
pub fn untag(cx: &Cx, tx: &mut Tx, input: &sdk::UntagResourceRequest) -> Answer<()> {
    let key = tagged(cx, &input.resource)?;
    let mut tags = key.tags(tx)?;
    tags.retain(|name, _| !input.tag_keys.contains(name));
    key.set(tx, tags)
}

/// `ListTags`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListTagsRequest) -> Answer<sdk::ListTagsResponse> {
    let key = tagged(cx, &input.resource)?;
    Ok(sdk::ListTagsResponse { tags: Some(key.tags(tx)?) })
}

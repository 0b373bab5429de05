//! Tags of repositories.

use super::super::{errors, find};
use api::ecr as sdk;
use front::{Answer, Cx};
use spine::Tx;
use std::collections::BTreeMap;
use wire::Fault;

/// The longest key and the longest value of a tag, in characters (Amazon ECR user guide, "Tag restrictions").
const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 256;

pub fn tag(cx: &Cx, tx: &mut Tx, input: &sdk::TagResourceRequest) -> Answer<sdk::TagResourceResponse> {
    let (key, spec) = find::by_arn(cx, tx, &input.resource_arn)?;
    let tags = merge(spec.tags.clone(), &input.tags)?;
    tx.update_spec(&key, |spec| spec.tags = tags)?;
    Ok(sdk::TagResourceResponse {})
}

pub fn untag(cx: &Cx, tx: &mut Tx, input: &sdk::UntagResourceRequest) -> Answer<sdk::UntagResourceResponse> {
    let (key, _) = find::by_arn(cx, tx, &input.resource_arn)?;
    tx.update_spec(&key, |spec| spec.tags.retain(|name, _| !input.tag_keys.contains(name)))?;
    Ok(sdk::UntagResourceResponse {})
}

pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListTagsForResourceRequest) -> Answer<sdk::ListTagsForResourceResponse> {
    let (_, spec) = find::by_arn(cx, tx, &input.resource_arn)?;
    let tags = spec.tags.iter().map(|(key, value)| sdk::Tag { key: key.clone(), value: value.clone() });
    Ok(sdk::ListTagsForResourceResponse { tags: Some(tags.collect()) })
}

/// The tags with more of them, where all keep to what tags may be.
pub fn merge(mut tags: BTreeMap<String, String>, more: &[sdk::Tag]) -> Result<BTreeMap<String, String>, Fault> {
    for tag in more {
        check(tag)?;
        tags.insert(tag.key.clone(), tag.value.clone());
    }
    if tags.len() > errors::MOST_TAGS { Err(errors::too_many_tags()) } else { Ok(tags) }
}

fn check(tag: &sdk::Tag) -> Result<(), Fault> {
    let allowed = |c: char| c.is_alphanumeric() || c.is_whitespace() || "_.:/=+-@".contains(c);
    if tag.key.is_empty() || tag.key.chars().count() > LONGEST_KEY || tag.value.chars().count() > LONGEST_VALUE {
        return Err(errors::invalid_tag(format!(
            "A tag key must have 1 to {LONGEST_KEY} characters, a tag value at most {LONGEST_VALUE}"
        )));
    }
    if tag.key.to_ascii_lowercase().starts_with("aws:") {
        return Err(errors::invalid_tag("Tag keys cannot start with 'aws:', which is reserved for AWS use"));
    }
    if !tag.key.chars().chain(tag.value.chars()).all(allowed) {
        return Err(errors::invalid_tag("Tags may contain letters, numbers, spaces and the characters _ . : / = + - @"));
    }
    Ok(())
}

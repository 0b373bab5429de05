//! Tags of parameters.

use super::super::{
    errors::{bad_resource_id, bad_resource_type, invalid, not_built, too_many_tags},
    load::{self, Own},
};
use api::ssm::{
    AddTagsToResourceRequest, AddTagsToResourceResult, ListTagsForResourceRequest, ListTagsForResourceResult,
    RemoveTagsFromResourceRequest, RemoveTagsFromResourceResult, ResourceTypeForTagging, Tag,
};
use front::{Answer, Cx};
use spine::Tx;
use std::collections::BTreeMap;

/// A parameter has at most so many.
const MOST: usize = 50;

/// `AddTagsToResource`.
pub fn add(cx: &Cx, tx: &mut Tx, input: &AddTagsToResourceRequest) -> Answer<AddTagsToResourceResult> {
    let own = tagged(cx, tx, input.resource_type, &input.resource_id)?;
    let tags = with(&own.spec.tags, &input.tags)?;
    tx.update_spec(&own.key, |spec| spec.tags = tags)?;
    Ok(AddTagsToResourceResult {})
}

/// `RemoveTagsFromResource`.
pub fn remove(cx: &Cx, tx: &mut Tx, input: &RemoveTagsFromResourceRequest) -> Answer<RemoveTagsFromResourceResult> {
    let own = tagged(cx, tx, input.resource_type, &input.resource_id)?;
    tx.update_spec(&own.key, |spec| spec.tags.retain(|key, _| !input.tag_keys.contains(key)))?;
    Ok(RemoveTagsFromResourceResult {})
}

/// `ListTagsForResource`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &ListTagsForResourceRequest) -> Answer<ListTagsForResourceResult> {
    let own = tagged(cx, tx, input.resource_type, &input.resource_id)?;
    let tags = own.spec.tags.iter().map(|(key, value)| Tag { key: key.clone(), value: value.clone() }).collect();
    Ok(ListTagsForResourceResult { tag_list: Some(tags) })
}

/// The tags with more of them, each key once; AWS's own can't be given.
pub fn with(before: &BTreeMap<String, String>, new: &[Tag]) -> Answer<BTreeMap<String, String>> {
    let mut tags = before.clone();
    for (place, tag) in new.iter().enumerate() {
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid(format!("Tag keys can't begin with aws: {}", tag.key)));
        }
        if new[..place].iter().any(|earlier| earlier.key == tag.key) {
            return Err(invalid(format!("Duplicate tag key: {}", tag.key)));
        }
        tags.insert(tag.key.clone(), tag.value.clone());
    }
    if tags.len() > MOST { Err(too_many_tags()) } else { Ok(tags) }
}

fn tagged(cx: &Cx, tx: &Tx, kind: ResourceTypeForTagging, id: &str) -> Answer<Own> {
    match kind {
        ResourceTypeForTagging::Parameter => {}
        ResourceTypeForTagging::CloudConnector => return Err(bad_resource_type()),
        other => return Err(not_built(format_args!("tags of a {}", other.as_str()))),
    }
    match load::own(cx, tx, id) {
        Ok((own, None)) => Ok(own),
        Ok(_) => Err(bad_resource_id(id)),
        Err(fault) if fault.status == 400 => Err(bad_resource_id(id)),
        Err(fault) => Err(fault),
    }
}

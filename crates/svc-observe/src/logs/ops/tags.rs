//! Tags of log groups, by ARN and by the older operations that take a name.

use super::{Answer, errors, group, group_key, group_of_identifier};
use api::logs as sdk;
use front::Cx;
use spine::Tx;
use std::collections::BTreeMap;
use wire::Fault;

const MOST_TAGS: usize = 50;

pub fn tag(cx: &Cx, tx: &mut Tx, input: &sdk::TagResourceRequest) -> Answer<()> {
    add(cx, tx, &tagged(cx, &input.resource_arn)?, &input.tags)
}

pub fn untag(cx: &Cx, tx: &mut Tx, input: &sdk::UntagResourceRequest) -> Answer<()> {
    remove(cx, tx, &tagged(cx, &input.resource_arn)?, &input.tag_keys)
}

pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListTagsForResourceRequest) -> Answer<sdk::ListTagsForResourceResponse> {
    let tags = group(tx, cx, &tagged(cx, &input.resource_arn)?)?.tags.clone();
    Ok(sdk::ListTagsForResourceResponse { tags: Some(tags) })
}

pub fn tag_group(cx: &Cx, tx: &mut Tx, input: &sdk::TagLogGroupRequest) -> Answer<()> {
    add(cx, tx, &input.log_group_name, &input.tags)
}

pub fn untag_group(cx: &Cx, tx: &mut Tx, input: &sdk::UntagLogGroupRequest) -> Answer<()> {
    remove(cx, tx, &input.log_group_name, &input.tags)
}

pub fn list_group(cx: &Cx, tx: &mut Tx, input: &sdk::ListTagsLogGroupRequest) -> Answer<sdk::ListTagsLogGroupResponse> {
    Ok(sdk::ListTagsLogGroupResponse { tags: Some(group(tx, cx, &input.log_group_name)?.tags.clone()) })
}

/// The log group that an ARN names; nothing else of this service can have tags yet.
pub(in super::super) fn tagged(cx: &Cx, arn: &str) -> Result<String, Fault> {
    if !arn.starts_with("arn:") {
        return Err(errors::invalid("The specified ARN is invalid."));
    }
    let name = group_of_identifier(cx, arn)?;
    if name.contains(':') { Err(errors::no_resource()) } else { Ok(name) }
}

fn add(cx: &Cx, tx: &mut Tx, name: &str, tags: &BTreeMap<String, String>) -> Answer<()> {
    let mut all = group(tx, cx, name)?.tags.clone();
    all.extend(tags.clone());
    if all.len() > MOST_TAGS {
        return Err(errors::too_many_tags());
    }
    Ok(tx.update_spec(&group_key(cx, name), |group| group.tags = all)?)
}

fn remove(cx: &Cx, tx: &mut Tx, name: &str, keys: &[String]) -> Answer<()> {
    group(tx, cx, name)?;
    Ok(tx.update_spec(&group_key(cx, name), |group| group.tags.retain(|key, _| !keys.contains(key)))?)
}

//! Tags of queues: `TagQueue`, `UntagQueue`, `ListQueueTags`.

use super::super::{errors, names::own};
use api::sqs as sdk;
use front::{Answer, Cx};
use spine::Tx;
use std::collections::BTreeMap;

/// A queue has at most so many.
const MOST: usize = 50;

/// `TagQueue`.
pub fn tag(cx: &Cx, tx: &mut Tx, input: &sdk::TagQueueRequest) -> Answer<()> {
    let (key, spec) = own(cx, tx, &input.queue_url)?;
    let tags = with(spec.tags.clone(), input.tags.clone())?;
    Ok(tx.update_spec(&key, |spec| spec.tags = tags)?)
}

/// `UntagQueue`.
pub fn untag(cx: &Cx, tx: &mut Tx, input: &sdk::UntagQueueRequest) -> Answer<()> {
    let (key, _) = own(cx, tx, &input.queue_url)?;
    Ok(tx.update_spec(&key, |spec| spec.tags.retain(|name, _| !input.tag_keys.contains(name)))?)
}

/// `ListQueueTags`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListQueueTagsRequest) -> Answer<sdk::ListQueueTagsResult> {
    let (_, spec) = own(cx, tx, &input.queue_url)?;
    Ok(sdk::ListQueueTagsResult { tags: Some(spec.tags.clone()).filter(|tags| !tags.is_empty()) })
}

/// The tags with more of them. AWS's own can't be given.
pub fn with(mut tags: BTreeMap<String, String>, new: BTreeMap<String, String>) -> Answer<BTreeMap<String, String>> {
    for (name, value) in new {
        if !(1..=128).contains(&name.chars().count()) || name.to_ascii_lowercase().starts_with("aws:") {
            return Err(errors::refused(format!("The tag key '{name}' is not valid.")));
        }
        if value.chars().count() > 256 {
            return Err(errors::refused(format!("The value of the tag '{name}' is longer than 256 characters.")));
        }
        tags.insert(name, value);
    }
    if tags.len() > MOST { Err(errors::refused(format!("Too many tags added for queue. Maximum is {MOST}."))) } else { Ok(tags) }
}

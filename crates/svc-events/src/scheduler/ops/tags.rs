//! Tags of groups.

use super::super::{
    errors::{invalid, too_many},
    load::{self, group_at},
};
use api::scheduler as sdk;
use front::{Answer, Cx};
use model::{
    Key,
    scheduler::{ScheduleGroup, ScheduleGroupSpec},
};
use spine::Tx;
use std::collections::BTreeMap;

/// Of a group.
const MOST: usize = 50;

/// `TagResource`.
pub fn add(cx: &Cx, tx: &mut Tx, input: &sdk::TagResourceInput) -> Answer<sdk::TagResourceOutput> {
    let (key, spec) = tagged(cx, tx, &input.resource_arn)?;
    let tags = with(&spec.tags, &input.tags)?;
    tx.set_spec(&key, &ScheduleGroupSpec { tags, modified: cx.now, ..spec })?;
    Ok(sdk::TagResourceOutput {})
}

/// `UntagResource`.
pub fn remove(cx: &Cx, tx: &mut Tx, input: &sdk::UntagResourceInput) -> Answer<sdk::UntagResourceOutput> {
    let (key, mut spec) = tagged(cx, tx, &input.resource_arn)?;
    spec.tags.retain(|key, _| !input.tag_keys.contains(key));
    tx.set_spec(&key, &ScheduleGroupSpec { modified: cx.now, ..spec })?;
    Ok(sdk::UntagResourceOutput {})
}

/// `ListTagsForResource`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListTagsForResourceInput) -> Answer<sdk::ListTagsForResourceOutput> {
    let (_, spec) = tagged(cx, tx, &input.resource_arn)?;
    let tags = spec.tags.into_iter().map(|(key, value)| sdk::Tag { key, value }).collect();
    Ok(sdk::ListTagsForResourceOutput { tags: Some(tags) })
}

/// The tags with more of them; AWS's own can't be given.
pub fn with(before: &BTreeMap<String, String>, new: &[sdk::Tag]) -> Answer<BTreeMap<String, String>> {
    let mut tags = before.clone();
    for tag in new {
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("Tag keys can't begin with aws:."));
        }
        tags.insert(tag.key.clone(), tag.value.clone());
    }
    if tags.len() > MOST { Err(too_many("tags")) } else { Ok(tags) }
}

fn tagged(cx: &Cx, tx: &Tx, text: &str) -> Answer<(Key<ScheduleGroup>, ScheduleGroupSpec)> {
    let key = text.parse().ok().and_then(|arn| group_at(&arn));
    let own = key.filter(|key| key.account == cx.account && key.region == cx.region);
    let key = own.ok_or_else(|| invalid(format!("{text} is not the ARN of a schedule group.")))?;
    let spec = ScheduleGroupSpec::clone(&*load::group(tx, &key)?);
    Ok((key, spec))
}

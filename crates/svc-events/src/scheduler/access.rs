//! What policies call schedules and groups (Service Authorization Reference, "Actions, resources, and condition keys for Amazon
//! EventBridge Scheduler").

use super::load::{group_arn, group_at, group_key, schedule_arn};
use api::scheduler as sdk;
use front::{Cx, Facts};
use model::Arn;
use spine::{Read, Snapshot};
use wire::Fault;

/// A schedule.
pub fn on_schedule(cx: &Cx, group: Option<&str>, name: &str) -> Vec<Arn> {
    vec![schedule_arn(&group_key(cx, group).schedule(name))]
}

/// All schedules, or those of a group.
pub fn on_schedules(cx: &Cx, group: Option<&str>) -> Vec<Arn> {
    on_schedule(cx, Some(group.unwrap_or("*")), "*")
}

/// A group.
pub fn on_group(cx: &Cx, name: &str) -> Vec<Arn> {
    vec![group_arn(&group_key(cx, Some(name)))]
}

/// What an ARN in a request names.
pub fn on_tagged(arn: &str) -> Vec<Arn> {
    arn.parse().into_iter().collect()
}

/// The tags that a request gives, as they stand in it.
pub fn tags_of(tags: &[sdk::Tag]) -> Vec<(String, String)> {
    tags.iter().map(|tag| (tag.key.clone(), tag.value.clone())).collect()
}

/// The tags of a group.
pub fn facts(_: &Cx, snapshot: &Snapshot, arn: &Arn) -> Result<Facts, Fault> {
    let group = group_at(arn).map(|key| snapshot.spec(&key)).transpose()?.flatten();
    Ok(group.map(|group| Facts { tags: group.tags.clone(), ..Facts::default() }).unwrap_or_default())
}

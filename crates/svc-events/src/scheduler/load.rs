//! Finding groups and schedules by what requests call them.

use super::errors::{no_group, no_schedule};
use front::{Answer, Cx, records::key};
use model::{
    AccountId, Arn, Key, Region,
    scheduler::{DEFAULT_GROUP, Schedule, ScheduleGroup, ScheduleGroupSpec, ScheduleSpec},
};
use spine::Read;
use std::sync::Arc;

/// The key of a group; without a name, of the default one.
pub fn group_key(cx: &Cx, name: Option<&str>) -> Key<ScheduleGroup> {
    key(cx, name.unwrap_or(DEFAULT_GROUP))
}

/// A group that is there. The default one always is.
pub fn group(read: &impl Read, key: &Key<ScheduleGroup>) -> Answer<Arc<ScheduleGroupSpec>> {
    match read.spec(key)? {
        Some(spec) => Ok(spec),
        None if key.id == DEFAULT_GROUP => Ok(Arc::default()),
        None => Err(no_group(&key.id)),
    }
}

/// A schedule that is there.
pub fn schedule(cx: &Cx, read: &impl Read, group: Option<&str>, name: &str) -> Answer<(Key<Schedule>, Arc<ScheduleSpec>)> {
    let key = group_key(cx, group).schedule(name);
    let spec = read.spec(&key)?.ok_or_else(|| no_schedule(name))?;
    Ok((key, spec))
}

/// The ARN of a group.
pub fn group_arn(key: &Key<ScheduleGroup>) -> Arn {
    Arn::new("scheduler", &key.region, &key.account, format!("schedule-group/{}", key.id))
}

/// The ARN of a schedule.
pub fn schedule_arn(key: &Key<Schedule>) -> Arn {
    Arn::new("scheduler", &key.region, &key.account, format!("schedule/{}", key.id))
}

/// The group that a schedule is in.
pub fn group_of(key: &Key<Schedule>) -> Key<ScheduleGroup> {
    Key::new(&key.account, &key.region, key.names().0)
}

/// The group that an ARN names.
pub fn group_at(arn: &Arn) -> Option<Key<ScheduleGroup>> {
    let name = arn.resource_id("scheduler", "schedule-group")?;
    Some(Key::new(&AccountId::parse(&arn.account).ok()?, &Region::parse(&arn.region).ok()?, name))
}

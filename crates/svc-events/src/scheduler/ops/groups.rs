//! Groups of schedules.

use super::{
    super::{
        errors::{group_exists, invalid, no_group, too_many},
        load::{self, group_arn, group_key},
        views,
    },
    tags,
};
use crate::page::page;
use api::scheduler as sdk;
use front::{Answer, Cx};
use model::scheduler::{DEFAULT_GROUP, Schedule, ScheduleGroup, ScheduleGroupSpec};
use spine::{Read, Scope, Tx};
use std::sync::Arc;

/// Of an account in a region (Scheduler user guide, "Quotas for Amazon EventBridge Scheduler").
const MOST_GROUPS: usize = 500;

/// `CreateScheduleGroup`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateScheduleGroupInput) -> Answer<sdk::CreateScheduleGroupOutput> {
    let key = group_key(cx, Some(&input.name));
    let answer = sdk::CreateScheduleGroupOutput { schedule_group_arn: group_arn(&key).to_string() };
    match tx.spec(&key)? {
        Some(before) if before.token.is_some() && before.token == input.client_token => return Ok(answer),
        None if input.name != DEFAULT_GROUP => {}
        _ => return Err(group_exists(&input.name)),
    }
    if tx.specs::<ScheduleGroup>(Scope::Region(&cx.account, &cx.region))?.len() >= MOST_GROUPS {
        return Err(too_many("schedule groups"));
    }
    let spec = ScheduleGroupSpec {
        tags: tags::with(&Default::default(), input.tags.as_deref().unwrap_or_default())?,
        created: cx.now,
        modified: cx.now,
        token: input.client_token.clone(),
    };
    tx.create(&key, &spec)?;
    Ok(answer)
}

/// `GetScheduleGroup`.
pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetScheduleGroupInput) -> Answer<sdk::GetScheduleGroupOutput> {
    let key = group_key(cx, Some(&input.name));
    Ok(views::described_group(&key, &*load::group(tx, &key)?))
}

/// `DeleteScheduleGroup`, with all that is in it. Here nothing is seen of the state `DELETING`: it is gone at once.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteScheduleGroupInput) -> Answer<sdk::DeleteScheduleGroupOutput> {
    let key = group_key(cx, Some(&input.name));
    if key.id == DEFAULT_GROUP {
        return Err(invalid("The default schedule group can't be deleted."));
    }
    if !tx.exists(&key)? {
        return Err(no_group(&key.id));
    }
    for (schedule, _) in tx.specs::<Schedule>(Scope::Prefix(&cx.account, &cx.region, &format!("{}/", key.id)))? {
        tx.delete(&schedule)?;
    }
    tx.delete(&key)?;
    Ok(sdk::DeleteScheduleGroupOutput {})
}

/// `ListScheduleGroups`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListScheduleGroupsInput) -> Answer<sdk::ListScheduleGroupsOutput> {
    let mut groups = tx.specs::<ScheduleGroup>(Scope::Region(&cx.account, &cx.region))?;
    if !groups.iter().any(|(key, _)| key.id == DEFAULT_GROUP) {
        groups.push((group_key(cx, None), Arc::default()));
        groups.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    let prefix = input.name_prefix.as_deref().unwrap_or_default();
    groups.retain(|(key, _)| key.id.starts_with(prefix));
    let (groups, next_token) = page(groups, |(key, _)| &key.id, input.next_token.as_deref(), input.max_results)?;
    let schedule_groups = groups.iter().map(|(key, spec)| views::group(key, spec)).collect();
    Ok(sdk::ListScheduleGroupsOutput { next_token, schedule_groups })
}

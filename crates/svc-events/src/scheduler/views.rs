//! How schedules and groups are shown.

use super::{
    load::{group_arn, schedule_arn},
    target,
};
use api::scheduler as sdk;
use model::{
    Key, Timestamp,
    scheduler::{DEFAULT_GROUP, Schedule, ScheduleGroup, ScheduleGroupSpec, ScheduleSpec},
};
use wire::{Fault, Time};

fn time(at: Timestamp) -> Time {
    Time(at.0)
}

/// The default group has been there for ever.
fn known(key: &Key<ScheduleGroup>, at: Timestamp) -> Option<Time> {
    (key.id != DEFAULT_GROUP || at.0 != 0).then(|| time(at))
}

pub fn group(key: &Key<ScheduleGroup>, spec: &ScheduleGroupSpec) -> sdk::ScheduleGroupSummary {
    sdk::ScheduleGroupSummary {
        arn: Some(group_arn(key).to_string()),
        name: Some(key.id.clone()),
        state: Some(sdk::ScheduleGroupState::Active),
        creation_date: known(key, spec.created),
        last_modification_date: known(key, spec.modified),
    }
}

pub fn described_group(key: &Key<ScheduleGroup>, spec: &ScheduleGroupSpec) -> sdk::GetScheduleGroupOutput {
    let shown = group(key, spec);
    sdk::GetScheduleGroupOutput {
        arn: shown.arn,
        name: shown.name,
        state: shown.state,
        creation_date: shown.creation_date,
        last_modification_date: shown.last_modification_date,
    }
}

pub fn schedule(key: &Key<Schedule>, spec: &ScheduleSpec) -> Result<sdk::ScheduleSummary, Fault> {
    let (group, name) = key.names();
    Ok(sdk::ScheduleSummary {
        arn: Some(schedule_arn(key).to_string()),
        name: Some(name.to_owned()),
        group_name: Some(group.to_owned()),
        state: Some(state(spec)),
        creation_date: Some(time(spec.created)),
        last_modification_date: Some(time(spec.modified)),
        target: Some(sdk::TargetSummary { arn: target::read(&spec.target)?.arn }),
    })
}

pub fn described(key: &Key<Schedule>, spec: &ScheduleSpec) -> Result<sdk::GetScheduleOutput, Fault> {
    let (group, name) = key.names();
    let mode = if spec.window.is_some() { sdk::FlexibleTimeWindowMode::Flexible } else { sdk::FlexibleTimeWindowMode::Off };
    let after = if spec.delete_when_over { sdk::ActionAfterCompletion::Delete } else { sdk::ActionAfterCompletion::None };
    Ok(sdk::GetScheduleOutput {
        arn: Some(schedule_arn(key).to_string()),
        group_name: Some(group.to_owned()),
        name: Some(name.to_owned()),
        schedule_expression: Some(spec.expression.clone()),
        start_date: spec.start.map(time),
        end_date: spec.end.map(time),
        description: spec.description.clone(),
        schedule_expression_timezone: Some(spec.zone.clone().unwrap_or_else(|| "UTC".to_owned())),
        state: Some(state(spec)),
        creation_date: Some(time(spec.created)),
        last_modification_date: Some(time(spec.modified)),
        kms_key_arn: None,
        target: Some(target::read(&spec.target)?),
        flexible_time_window: Some(sdk::FlexibleTimeWindow {
            mode,
            maximum_window_in_minutes: spec.window.and_then(|it| i32::try_from(it).ok()),
        }),
        action_after_completion: Some(after),
    })
}

fn state(spec: &ScheduleSpec) -> sdk::ScheduleState {
    if spec.enabled { sdk::ScheduleState::Enabled } else { sdk::ScheduleState::Disabled }
}

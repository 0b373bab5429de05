//! Schedules.

use super::super::{
    errors::{invalid, not_built, schedule_exists, too_many},
    load::{self, group_arn, group_key, schedule_arn},
    target, views,
};
use crate::page::page;
use api::scheduler as sdk;
use front::{Answer, Cx};
use logic::schedule::{Schedule as Expression, Zone};
use model::{
    Key, Timestamp,
    scheduler::{Schedule, ScheduleGroup, ScheduleSpec},
};
use spine::{Read, Scope, Tx};
use wire::Time;

/// Of an account in a region (Scheduler user guide, "Quotas for Amazon EventBridge Scheduler").
const MOST_SCHEDULES: usize = 1_000_000;

/// What is said of a schedule, when it is created as when it is changed.
struct Said<'a> {
    expression: &'a str,
    zone: &'a Option<String>,
    start: Option<Time>,
    end: Option<Time>,
    description: &'a Option<String>,
    state: Option<sdk::ScheduleState>,
    kms_key: &'a Option<String>,
    target: &'a sdk::Target,
    window: &'a sdk::FlexibleTimeWindow,
    after: Option<sdk::ActionAfterCompletion>,
}

macro_rules! said {
    ($input:expr) => {
        Said {
            expression: &$input.schedule_expression,
            zone: &$input.schedule_expression_timezone,
            start: $input.start_date,
            end: $input.end_date,
            description: &$input.description,
            state: $input.state,
            kms_key: &$input.kms_key_arn,
            target: &$input.target,
            window: &$input.flexible_time_window,
            after: $input.action_after_completion,
        }
    };
}

/// `CreateSchedule`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateScheduleInput) -> Answer<sdk::CreateScheduleOutput> {
    let group = group_key(cx, input.group_name.as_deref());
    load::group(tx, &group)?;
    let key = group.schedule(&input.name);
    let answer = sdk::CreateScheduleOutput { schedule_arn: schedule_arn(&key).to_string() };
    match tx.spec(&key)? {
        Some(before) if before.token.is_some() && before.token == input.client_token => return Ok(answer),
        Some(_) => return Err(schedule_exists(&input.name)),
        None => {}
    }
    // How many there are is looked up as of the moment at which the request came, so that requests needn't wait for each other.
    if cx.snapshot().specs::<Schedule>(Scope::Region(&cx.account, &cx.region))?.len() >= MOST_SCHEDULES {
        return Err(too_many("schedules"));
    }
    let spec = said!(input).spec(cx, tx, &group, cx.now)?;
    tx.create(&key, &ScheduleSpec { token: input.client_token.clone(), ..spec })?;
    Ok(answer)
}

/// `UpdateSchedule`: what isn't said is gone then.
pub fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateScheduleInput) -> Answer<sdk::UpdateScheduleOutput> {
    let (key, before) = load::schedule(cx, tx, input.group_name.as_deref(), &input.name)?;
    let spec = said!(input).spec(cx, tx, &load::group_of(&key), before.created)?;
    tx.put_spec(&key, &ScheduleSpec { token: before.token.clone(), ..spec })?;
    Ok(sdk::UpdateScheduleOutput { schedule_arn: schedule_arn(&key).to_string() })
}

impl Said<'_> {
    fn spec(&self, cx: &Cx, read: &impl Read, group: &Key<ScheduleGroup>, created: Timestamp) -> Answer<ScheduleSpec> {
        if self.kms_key.is_some() {
            return Err(not_built("the parameter KmsKeyArn of a schedule"));
        }
        let expression = Expression::of_scheduler(self.expression);
        expression.map_err(|_| invalid(format!("Invalid Schedule Expression {}.", self.expression)))?;
        if let Some(zone) = self.zone.as_deref().filter(|zone| Zone::named(zone).is_none()) {
            return Err(invalid(format!("Invalid Schedule Expression Timezone {zone}.")));
        }
        let (start, end) = (self.start.map(moment), self.end.map(moment));
        if let (Some(start), Some(end)) = (start, end)
            && end <= start
        {
            return Err(invalid("The EndDate of a schedule must be after its StartDate."));
        }
        target::check(cx, read, &group_arn(group), self.target)?;
        Ok(ScheduleSpec {
            expression: self.expression.to_owned(),
            zone: self.zone.clone(),
            start,
            end,
            description: self.description.clone(),
            enabled: self.state != Some(sdk::ScheduleState::Disabled),
            window: self.window()?,
            delete_when_over: self.after == Some(sdk::ActionAfterCompletion::Delete),
            target: target::keep(self.target),
            created,
            modified: cx.now,
            token: None,
        })
    }

    fn window(&self) -> Answer<Option<u32>> {
        let minutes = self.window.maximum_window_in_minutes.and_then(|it| u32::try_from(it).ok());
        match (self.window.mode, minutes) {
            (sdk::FlexibleTimeWindowMode::Off, None) => Ok(None),
            (sdk::FlexibleTimeWindowMode::Flexible, Some(minutes)) => Ok(Some(minutes)),
            (sdk::FlexibleTimeWindowMode::Flexible, None) => {
                Err(invalid("MaximumWindowInMinutes must be specified where the mode of the flexible time window is FLEXIBLE."))
            }
            _ => Err(invalid(
                "MaximumWindowInMinutes can be specified only where the mode of the flexible time window is FLEXIBLE.",
            )),
        }
    }
}

fn moment(time: Time) -> Timestamp {
    Timestamp(time.0)
}

/// `GetSchedule`.
pub fn get(cx: &Cx, tx: &mut Tx, input: &sdk::GetScheduleInput) -> Answer<sdk::GetScheduleOutput> {
    let (key, spec) = load::schedule(cx, tx, input.group_name.as_deref(), &input.name)?;
    views::described(&key, &spec)
}

/// `DeleteSchedule`.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteScheduleInput) -> Answer<sdk::DeleteScheduleOutput> {
    let (key, _) = load::schedule(cx, tx, input.group_name.as_deref(), &input.name)?;
    tx.delete(&key)?;
    Ok(sdk::DeleteScheduleOutput {})
}

/// `ListSchedules`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListSchedulesInput) -> Answer<sdk::ListSchedulesOutput> {
    let prefix = input.group_name.as_ref().map(|group| format!("{group}/")).unwrap_or_default();
    let mut found = tx.specs::<Schedule>(Scope::Prefix(&cx.account, &cx.region, &prefix))?;
    let named = input.name_prefix.as_deref().unwrap_or_default();
    let enabled = input.state.map(|state| state == sdk::ScheduleState::Enabled);
    found.retain(|(key, spec)| key.names().1.starts_with(named) && enabled.is_none_or(|wanted| spec.enabled == wanted));
    let (found, next_token) = page(found, |(key, _)| &key.id, input.next_token.as_deref(), input.max_results)?;
    let schedules = found.iter().map(|(key, spec)| views::schedule(key, spec)).collect::<Result<_, _>>()?;
    Ok(sdk::ListSchedulesOutput { next_token, schedules })
}

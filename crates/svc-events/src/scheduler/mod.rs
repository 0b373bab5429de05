//! EventBridge Scheduler: calls at their time.
//!
//! **Built:** schedules and groups, once and again and again, in time zones, with flexible windows, with a beginning and an end; functions,
//! queues, event buses and tasks as targets, and any operation of ours that changes something; context attributes, retries, dead letters.
//!
//! **Not built:** KMS keys, other templated targets.

mod access;
mod errors;
mod load;
mod ops;
mod reconcile;
mod target;
mod views;

pub use reconcile::Schedules;

use access::{on_group, on_schedule, on_schedules, on_tagged, tags_of};
use api::scheduler as sdk;
use front::{Access, Service, Tagging, keys};
use ops::{groups, schedules, tags};

/// The service.
pub fn service() -> Service {
    of_tags(of_groups(of_schedules(Service::new(&sdk::SERVICE).resources(access::facts))))
}

fn of_schedules(service: Service) -> Service {
    service
        .op::<sdk::CreateSchedule>(Access::on(|cx, i| on_schedule(cx, i.group_name.as_deref(), &i.name)), schedules::create)
        .op::<sdk::UpdateSchedule>(Access::on(|cx, i| on_schedule(cx, i.group_name.as_deref(), &i.name)), schedules::update)
        .op::<sdk::GetSchedule>(Access::on(|cx, i| on_schedule(cx, i.group_name.as_deref(), &i.name)), schedules::get)
        .op::<sdk::DeleteSchedule>(Access::on(|cx, i| on_schedule(cx, i.group_name.as_deref(), &i.name)), schedules::delete)
        .op::<sdk::ListSchedules>(Access::on(|cx, i| on_schedules(cx, i.group_name.as_deref())), schedules::list)
}

fn of_groups(service: Service) -> Service {
    service
        .op::<sdk::CreateScheduleGroup>(
            Access::on(|cx, i: &sdk::CreateScheduleGroupInput| on_group(cx, &i.name)).tagging(
                "scheduler:TagResource",
                |cx, i| Tagging { resources: on_group(cx, &i.name), tags: tags_of(i.tags.as_deref().unwrap_or_default()) },
            ),
            groups::create,
        )
        .op::<sdk::GetScheduleGroup>(Access::on(|cx, i| on_group(cx, &i.name)), groups::get)
        .op::<sdk::DeleteScheduleGroup>(Access::on(|cx, i| on_group(cx, &i.name)), groups::delete)
        .op::<sdk::ListScheduleGroups>(Access::on(|cx, _| on_group(cx, "*")), groups::list)
}

fn of_tags(service: Service) -> Service {
    service
        .op::<sdk::TagResource>(
            Access::on(|_, i: &sdk::TagResourceInput| on_tagged(&i.resource_arn))
                .keys(|_, i| keys::request_tags(tags_of(&i.tags))),
            tags::add,
        )
        .op::<sdk::UntagResource>(
            Access::on(|_, i: &sdk::UntagResourceInput| on_tagged(&i.resource_arn)).keys(|_, i| keys::tag_keys(&i.tag_keys)),
            tags::remove,
        )
        .op::<sdk::ListTagsForResource>(Access::on(|_, i| on_tagged(&i.resource_arn)), tags::list)
}

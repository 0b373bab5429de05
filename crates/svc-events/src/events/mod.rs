//! EventBridge: buses, rules and what they bring about.
//!
//! **Built:** the default bus and custom ones, their policies, rules with patterns and schedules, targets with constant and transformed
//! input, retries and dead letters, tags. Targets are functions, queues, other buses, log groups, clusters of ECS, and what can be done to
//! machines and volumes of EC2. Services of AWS put their events on the default bus by `PutEvents`, as everybody does; those of EC2's machines are
//! made here.
//!
//! **Not built:** archives and replays, schemas, pipes, partner event sources, API destinations and connections, global endpoints, KMS keys
//! and logs of buses, other targets, rules on buses of other accounts, the events of CloudTrail.

mod access;
mod deliver;
mod errors;
mod event;
mod load;
mod machines;
mod ops;
mod patterns;
mod reconcile;
mod targets;
mod views;

pub use machines::MachineStates;
pub use reconcile::ScheduledRules;

use access::{keys_of_entries, keys_of_targets, on_bus, on_entries, on_rule, on_tagged, tags_of};
use api::events as sdk;
use front::{Access, Service, Tagging, keys};
use ops::{buses, patterns as pattern, permissions, put, rules, tags, targets as target};
use patterns::Patterns;
use std::sync::Arc;

/// The service's table.
pub fn service() -> Service {
    let patterns = Arc::new(Patterns::default());
    let service = Service::new(&sdk::SERVICE).resources(access::facts);
    of_tags(of_events(of_targets(of_rules(of_buses(service), &patterns)), &patterns))
}

fn of_buses(service: Service) -> Service {
    service
        .op::<sdk::CreateEventBus>(
            Access::on(|cx, i: &sdk::CreateEventBusRequest| on_bus(cx, Some(&i.name)))
                .tagging("events:TagResource", |cx, i| Tagging { resources: on_bus(cx, Some(&i.name)), tags: tags_of(&i.tags) }),
            buses::create,
        )
        .op::<sdk::UpdateEventBus>(Access::on(|cx, i| on_bus(cx, i.name.as_deref())), buses::update)
        .op::<sdk::DeleteEventBus>(Access::on(|cx, i| on_bus(cx, Some(&i.name))), buses::delete)
        .op::<sdk::DescribeEventBus>(Access::on(|cx, i| on_bus(cx, i.name.as_deref())), buses::describe)
        .op::<sdk::ListEventBuses>(Access::all(), buses::list)
        .op::<sdk::PutPermission>(Access::on(|cx, i| on_bus(cx, i.event_bus_name.as_deref())), permissions::put)
        .op::<sdk::RemovePermission>(Access::on(|cx, i| on_bus(cx, i.event_bus_name.as_deref())), permissions::remove)
}

fn of_rules(service: Service, patterns: &Arc<Patterns>) -> Service {
    let patterns = patterns.clone();
    service
        .op::<sdk::PutRule>(
            Access::on(|cx, i: &sdk::PutRuleRequest| on_rule(cx, i.event_bus_name.as_deref(), &i.name)).tagging(
                "events:TagResource",
                |cx, i| Tagging { resources: on_rule(cx, i.event_bus_name.as_deref(), &i.name), tags: tags_of(&i.tags) },
            ),
            move |cx, tx, i| rules::put(cx, tx, &patterns, i),
        )
        .op::<sdk::DeleteRule>(Access::on(|cx, i| on_rule(cx, i.event_bus_name.as_deref(), &i.name)), rules::delete)
        .op::<sdk::DescribeRule>(Access::on(|cx, i| on_rule(cx, i.event_bus_name.as_deref(), &i.name)), rules::describe)
        .op::<sdk::EnableRule>(Access::on(|cx, i| on_rule(cx, i.event_bus_name.as_deref(), &i.name)), rules::enable)
        .op::<sdk::DisableRule>(Access::on(|cx, i| on_rule(cx, i.event_bus_name.as_deref(), &i.name)), rules::disable)
        .op::<sdk::ListRules>(Access::all(), rules::list)
        .op::<sdk::ListRuleNamesByTarget>(Access::all(), rules::by_target)
}

fn of_targets(service: Service) -> Service {
    service
        .op::<sdk::PutTargets>(
            Access::on(|cx, i: &sdk::PutTargetsRequest| on_rule(cx, i.event_bus_name.as_deref(), &i.rule))
                .keys(|_, i| keys_of_targets(&i.targets)),
            target::put,
        )
        .op::<sdk::RemoveTargets>(Access::on(|cx, i| on_rule(cx, i.event_bus_name.as_deref(), &i.rule)), target::remove)
        .op::<sdk::ListTargetsByRule>(Access::on(|cx, i| on_rule(cx, i.event_bus_name.as_deref(), &i.rule)), target::list)
}

fn of_events(service: Service, patterns: &Arc<Patterns>) -> Service {
    let (tried, put_on) = (patterns.clone(), patterns.clone());
    service
        .op::<sdk::PutEvents>(
            Access::on(|cx, i: &sdk::PutEventsRequest| on_entries(cx, &i.entries)).keys(|_, i| keys_of_entries(&i.entries)),
            move |cx, tx, i| put::put(cx, tx, &put_on, i),
        )
        .op::<sdk::TestEventPattern>(Access::all(), move |_, _, i| pattern::test(&tried, i))
}

fn of_tags(service: Service) -> Service {
    service
        .op::<sdk::TagResource>(
            Access::on(|_, i: &sdk::TagResourceRequest| on_tagged(&i.resource_arn))
                .keys(|_, i| keys::request_tags(i.tags.iter().map(|tag| (&tag.key, &tag.value)))),
            tags::add,
        )
        .op::<sdk::UntagResource>(
            Access::on(|_, i: &sdk::UntagResourceRequest| on_tagged(&i.resource_arn)).keys(|_, i| keys::tag_keys(&i.tag_keys)),
            tags::remove,
        )
        .op::<sdk::ListTagsForResource>(Access::on(|_, i| on_tagged(&i.resource_arn)), tags::list)
}

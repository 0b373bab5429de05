//! The status checks and scheduled events of instances as the API shows them, and by what they are found.

use super::{state, time};
use crate::{
    describe::{Described, Field, Sought, Text, nothing},
    instances::load::Loaded,
    resource::Resource,
};
use api::ec2::{
    EbsStatusDetails, EbsStatusSummary, EventCode, InstanceStatus, InstanceStatusDetails, InstanceStatusEvent,
    InstanceStatusSummary, OperatorResponse, StatusName, StatusType, SummaryStatus, Tag,
};
use logic::instance::{Check, checks};
use model::{
    Timestamp,
    ec2::{EventKind, InstanceState, ScheduledEvent, Tags},
};

/// The status of an instance.
pub fn status(loaded: &Loaded, zone_id: Option<String>, now: Timestamp) -> InstanceStatus {
    let checks = checks(&loaded.spec, &loaded.plan, now);
    let done = |event: &ScheduledEvent| loaded.plan.events_done.contains(&event.id);
    let events: Vec<_> = loaded.spec.events.iter().map(|it| event(it, done(it))).collect();
    InstanceStatus {
        availability_zone: Some(loaded.spec.placement.zone.clone()),
        availability_zone_id: zone_id,
        operator: Some(OperatorResponse { managed: Some(false), ..OperatorResponse::default() }),
        events: Some(events).filter(|events| !events.is_empty()),
        instance_id: Some(loaded.id.clone()),
        instance_state: Some(state(loaded.state())),
        instance_status: Some(summary(checks.instance)),
        system_status: Some(summary(checks.system)),
        attached_ebs_status: (loaded.state() == InstanceState::Running).then(|| disks(checks.system)),
        ..InstanceStatus::default()
    }
}

/// A scheduled event. One that was carried out is still shown, and says so.
pub fn event(event: &ScheduledEvent, done: bool) -> InstanceStatusEvent {
    let description = if done { format!("[Completed] {}", event.description) } else { event.description.clone() };
    InstanceStatusEvent {
        instance_event_id: Some(event.id.clone()),
        code: Some(match event.kind {
            EventKind::InstanceReboot => EventCode::InstanceReboot,
            EventKind::InstanceStop => EventCode::InstanceStop,
            EventKind::InstanceRetirement => EventCode::InstanceRetirement,
        }),
        description: Some(description),
        not_after: Some(time(event.not_after)),
        not_before: Some(time(event.not_before)),
        not_before_deadline: Some(time(event.deadline)),
    }
}

/// How a check stands, in the three words that there are for it.
fn words(check: Check) -> (SummaryStatus, Option<StatusType>, Option<Timestamp>) {
    match check {
        Check::NotApplicable => (SummaryStatus::NotApplicable, None, None),
        Check::Initializing => (SummaryStatus::Initializing, Some(StatusType::Initializing), None),
        Check::Passed => (SummaryStatus::Ok, Some(StatusType::Passed), None),
        Check::Failed(since) => (SummaryStatus::Impaired, Some(StatusType::Failed), Some(since)),
    }
}

fn summary(check: Check) -> InstanceStatusSummary {
    let (status, detail, since) = words(check);
    let detail = detail.map(|status| InstanceStatusDetails {
        name: Some(StatusName::Reachability),
        status: Some(status),
        impaired_since: since.map(time),
    });
    InstanceStatusSummary { status: Some(status), details: detail.map(|detail| vec![detail]) }
}

fn disks(check: Check) -> EbsStatusSummary {
    let (status, detail, since) = words(check);
    let detail = detail.map(|status| EbsStatusDetails {
        name: Some(StatusName::Reachability),
        status: Some(status),
        impaired_since: since.map(time),
    });
    EbsStatusSummary { status: Some(status), details: detail.map(|detail| vec![detail]) }
}

fn events(it: &InstanceStatus, of: fn(&InstanceStatusEvent) -> Vec<String>) -> Vec<String> {
    it.events.iter().flatten().flat_map(of).collect()
}

fn reachability(summary: &Option<InstanceStatusSummary>) -> Vec<String> {
    let details = summary.iter().flat_map(|summary| summary.details.iter().flatten());
    details.filter_map(|detail| detail.status).map(|status| status.as_str().into()).collect()
}

fn overall(summary: &Option<InstanceStatusSummary>) -> Vec<String> {
    summary.iter().filter_map(|summary| summary.status).map(|status| status.as_str().into()).collect()
}

impl Sought for InstanceStatus {
    type Glance = Loaded;
    const GLANCES: &'static [Field<Loaded>] = &[];
    const TAGGED: bool = false;

    fn id_of(loaded: &Loaded) -> &str {
        &loaded.id
    }

    fn tags_of(loaded: &Loaded) -> &Tags {
        &loaded.spec.tags
    }
}

impl Described for InstanceStatus {
    const RESOURCE: Resource = Resource::INSTANCE;
    const IDS: &'static str = "instanceIds";
    const FIELDS: &'static [Field<Self>] = &[
        // No application reports how it does.
        ("application-status.status", nothing),
        ("attached-ebs-status.status", |it| {
            it.attached_ebs_status.iter().filter_map(|summary| summary.status).map(|status| status.as_str().into()).collect()
        }),
        ("availability-zone", |it| it.availability_zone.texts()),
        ("availability-zone-id", |it| it.availability_zone_id.texts()),
        ("event.code", |it| events(it, |event| event.code.iter().map(|code| code.as_str().into()).collect())),
        ("event.description", |it| events(it, |event| event.description.texts())),
        ("event.instance-event-id", |it| events(it, |event| event.instance_event_id.texts())),
        ("event.not-after", |it| events(it, |event| event.not_after.texts())),
        ("event.not-before", |it| events(it, |event| event.not_before.texts())),
        ("event.not-before-deadline", |it| events(it, |event| event.not_before_deadline.texts())),
        ("instance-state-code", |it| it.instance_state.iter().flat_map(|state| state.code.texts()).collect()),
        ("instance-state-name", |it| {
            it.instance_state.iter().filter_map(|state| state.name).map(|name| name.as_str().into()).collect()
        }),
        ("instance-status.reachability", |it| reachability(&it.instance_status)),
        ("instance-status.status", |it| overall(&it.instance_status)),
        ("operator.managed", |it| it.operator.iter().flat_map(|operator| operator.managed.texts()).collect()),
        ("operator.principal", nothing),
        ("system-status.reachability", |it| reachability(&it.system_status)),
        ("system-status.status", |it| overall(&it.system_status)),
    ];

    fn id(&self) -> &str {
        self.instance_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        &[]
    }
}

//! What the edge has seen, for the control plane.

use crate::{
    routes::{Group, Routes, Target},
    shared::Shared,
};
use agent_proto::edge::{Report, TargetHealth, TargetReport};
use logic::balancer::health::State;
use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

/// Reports are not made more often than this.
const PAUSE: Duration = Duration::from_millis(50);

/// Makes a new report whenever something has changed, for ever.
pub(crate) async fn keep_reporting(shared: Arc<Shared>) {
    loop {
        shared.changed.notified().await;
        refresh(&shared);
        shared.env.sleep(PAUSE).await;
    }
}

/// Makes a new report, if there is anything new.
pub(crate) fn refresh(shared: &Shared) {
    shared.report.send_if_modified(|latest| {
        // Made while the channel is locked, so that an older one never replaces a newer one.
        let report = report(shared);
        let differs = **latest != report;
        if differs {
            *latest = Arc::new(report);
        }
        differs
    });
}

fn report(shared: &Shared) -> Report {
    let routes = shared.routes();
    let mut listener_faults = shared.door_faults.lock().unwrap_or_else(PoisonError::into_inner).clone();
    listener_faults.extend(routes.faults.clone());
    Report { targets: targets(&routes), listener_faults }
}

fn targets(routes: &Routes) -> std::collections::BTreeMap<String, Vec<TargetReport>> {
    let of = |group: &Arc<Group>| group.targets.iter().map(|target| target_report(group, target)).collect();
    routes.groups.iter().map(|(arn, group)| (arn.clone(), of(group))).collect()
}

fn target_report(group: &Group, target: &Target) -> TargetReport {
    // A number that changes with every request is of use only where somebody waits for it to become zero.
    let in_flight = if target.live.is_draining() { target.live.in_flight() } else { 0 };
    TargetReport { id: target.id.clone(), port: target.address.port(), health: health(group, target), in_flight }
}

fn health(group: &Group, target: &Target) -> TargetHealth {
    match target.live.state() {
        _ if !group.check.enabled => TargetHealth::Healthy,
        State::Initial => TargetHealth::Initial,
        State::Healthy => TargetHealth::Healthy,
        State::Unhealthy(failure) => {
            TargetHealth::Unhealthy { reason: failure.reason().into(), description: failure.description() }
        }
    }
}

//! What the cloud's owner asks of the running server: status, reset, the clock, keys.

use super::{
    clock, empty_folder,
    serial::{Consoles, Desk},
};
use crate::{command::status::by_runtime, folders::Folders};
use agent::{LocalHost, function::Functions};
use agent_proto::{
    Host, Missing,
    edge::{Action, Balancer, Edge, Table},
    record::Hosted,
    workload::{ContainerState, Status},
};
use async_trait::async_trait;
use front::{
    Admin, PlannedEvent,
    credentials::{self, Issued},
};
use logic::{
    placement::{
        hosts::Rules,
        machines::{Demand, left},
    },
    policy::least_policy,
};
use model::{AccountId, Arn, Env, Timestamp, ec2::SecurityGroup, iam::Principal};
use serde_json::{Value, json};
use spine::{Read, Scope, Store, reconcile::Runner};
use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{Arc, OnceLock},
    time::Duration,
};
use svc_containers::ecr::Blobs;
use svc_observe::{
    cloudtrail::{self, TrailStore},
    logs::store::LogStore,
};

/// Answers the owner.
pub struct Owner {
    folders: Folders,
    store: Store,
    env: Env,
    host: Arc<LocalHost>,
    functions: Arc<Functions>,
    placement: Rules,
    edge: Arc<edge::Link>,
    events: Arc<LogStore>,
    trail: Arc<TrailStore>,
    runner: OnceLock<Runner>,
    consoles: OnceLock<Consoles>,
}

/// What a cloud keeps.
pub struct Kept {
    /// The records.
    pub store: Store,
    /// Log events.
    pub events: Arc<LogStore>,
    /// The event history.
    pub trail: Arc<TrailStore>,
}

/// How long everything that runs may take to end at a reset.
const FAREWELL: Duration = Duration::from_secs(60);

impl Owner {
    pub fn new(
        folders: Folders,
        kept: Kept,
        env: Env,
        (host, functions, placement): (Arc<LocalHost>, Arc<Functions>, Rules),
        edge: Arc<edge::Link>,
    ) -> Self {
        let Kept { store, events, trail } = kept;
        Self {
            folders,
            store,
            env,
            host,
            functions,
            placement,
            edge,
            events,
            trail,
            runner: OnceLock::new(),
            consoles: OnceLock::new(),
        }
    }

    /// The runner whose loops `status` tells of.
    pub fn watch(&self, runner: &Runner) {
        let _ = self.runner.set(runner.clone());
    }

    /// Serves the serial consoles of instances until the owner is gone; `status` tells where.
    pub async fn serve_consoles(&self, at: SocketAddr) -> anyhow::Result<()> {
        let desk = Desk { store: self.store.clone(), env: self.env.clone(), host: self.host.clone() };
        let consoles = Consoles::serve(desk, at, &self.folders.console_key_file()).await?;
        let _ = self.consoles.set(consoles);
        Ok(())
    }

    /// Waits until the host has nothing left of what it ran.
    /// What the rules of security groups have let begin; those of VPCs that no host has are not counted.
    async fn rules(&self) -> Vec<Value> {
        let counts = self.host.rule_counts().await;
        let groups = self.store.snapshot().specs::<SecurityGroup>(Scope::All).unwrap_or_default();
        let rules = groups.iter().flat_map(|(key, group)| group.rules.iter().map(move |rule| (key, rule)));
        let counted = rules.filter_map(|(key, rule)| Some((key, rule, counts.get(&rule.id)?)));
        let shown = counted.map(|(key, rule, count)| {
            json!({"rule": rule.id, "group": key.id, "egress": rule.egress, "packets": count.packets, "bytes": count.bytes})
        });
        shown.collect()
    }

    async fn until_host_is_empty(&self) -> Result<(), String> {
        let mut seen = self.host.observed();
        let empty = seen.wait_for(|observed| observed.workloads.is_empty());
        match tokio::time::timeout(FAREWELL, empty).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err("the records are deleted, but some containers do not end; `hillfog down` ends them".into()),
        }
    }

    /// Deletes every record but what the cloud itself needs to go on: how far its clock is ahead, and a new key for its owner.
    async fn empty_records(&self) -> anyhow::Result<()> {
        let ahead = clock::ahead(&self.store)?;
        self.store.reset().await?;
        clock::keep(&self.store, ahead).await?;
        if std::fs::remove_file(self.folders.credentials_file()).is_ok() {
            super::issue_root_key(&self.folders, &self.store, &self.env).await?;
        }
        Ok(())
    }

    /// What the host gives away to machines, and what of it is taken.
    fn capacity(&self) -> Result<Value, spine::StoreError> {
        let (has, over) = (self.host.capabilities(), self.placement.over);
        let taken = svc_ec2::taken(&self.store.snapshot())?;
        let whole = left(&has, over, Demand::default());
        Ok(json!({
            "vcpus": whole.cpu / 1000,
            "vcpus_taken": taken.cpu.div_ceil(1000),
            "memory_mib": whole.memory_mib,
            "memory_mib_taken": taken.memory_mib,
            "overcommit_cpu": over.cpu,
            "overcommit_memory": over.memory,
            "strict_placement_groups": self.placement.strict_groups,
        }))
    }

    /// What runs functions. The host's interpreters are asked when it is wanted for the first time.
    async fn runtimes(&self) -> Value {
        let functions = self.functions.clone();
        let found = tokio::task::spawn_blocking(move || functions.runtimes()).await;
        by_runtime(found.unwrap_or_default())
    }

    fn workloads(&self) -> Result<Vec<Value>, spine::StoreError> {
        let hosted = self.store.snapshot().list::<Hosted>(Scope::All)?;
        let rows = hosted.iter().flat_map(|(_, row)| {
            let workload = &row.spec.workload;
            let line = move |container: &agent_proto::workload::Container| {
                let status = row.observed.containers.get(&container.name);
                json!({
                    "id": workload.id,
                    "label": workload.label,
                    "container": container.name,
                    "state": state(&row.observed, &container.name),
                    "pid": status.and_then(|status| status.pid),
                })
            };
            workload.containers.iter().map(line).collect::<Vec<_>>()
        });
        Ok(rows.collect())
    }

    fn balancers(&self) -> Result<Vec<Value>, spine::StoreError> {
        let table = svc_network::elbv2::table(&self.store.snapshot())?;
        let line = |balancer: &Balancer| {
            let ports: Vec<String> = balancer.listeners.values().map(|listener| listener.port.to_string()).collect();
            json!({ "name": balancer.dns_name, "ports": ports.join(", "), "targets": targets(&table, balancer).to_string() })
        };
        Ok(table.balancers.values().map(line).collect())
    }

    /// What this host lacks.
    async fn missing(&self) -> Vec<Missing> {
        let host = self.host.clone();
        tokio::task::spawn_blocking(move || host.missing().to_vec()).await.unwrap_or_default()
    }

    /// Tells the log what this host lacks, in a task of its own and not before the first calls are answered: trying costs processor time.
    pub fn say_what_is_missing(self: &Arc<Self>) {
        let owner = self.clone();
        tokio::spawn(async move {
            owner.env.sleep(Duration::from_secs(1)).await;
            for missing in owner.missing().await {
                tracing::warn!("{} is missing: {}. {}", missing.what, missing.costs, missing.remedy);
            }
        });
    }

    fn failing(&self) -> Vec<Value> {
        let loops = self.runner.get().map(Runner::status).unwrap_or_default();
        let failing = loops.iter().filter(|status| status.failures > 0);
        failing.map(|status| json!({ "name": status.name, "error": status.last_error })).collect()
    }
}

/// How many targets a balancer's rules pass requests to.
fn targets(table: &Table, balancer: &Balancer) -> usize {
    let rules = balancer.listeners.values().flat_map(|listener| &listener.rules);
    let groups: BTreeSet<&String> = rules
        .filter_map(|rule| match &rule.action {
            Action::Forward { groups, .. } => Some(groups.iter().map(|(group, _)| group)),
            _ => None,
        })
        .flatten()
        .collect();
    groups.iter().filter_map(|group| table.target_groups.get(*group)).map(|group| group.targets.len()).sum()
}

/// A container's state in a few words.
fn state(status: &Status, container: &str) -> String {
    let moment = |at: &Timestamp| in_utc(*at);
    match status.containers.get(container).map(|container| &container.state) {
        None | Some(ContainerState::Pending) => "pending".into(),
        Some(ContainerState::Running { since }) => format!("running since {}", moment(since)),
        Some(ContainerState::Exited { exit_code: Some(code), at, .. }) => format!("exited ({code}) at {}", moment(at)),
        Some(ContainerState::Exited { reason, .. }) => reason.clone().unwrap_or_else(|| "ended".into()),
    }
}

fn in_utc(at: Timestamp) -> String {
    jiff::Timestamp::from_millisecond(at.0).map_or_else(|_| at.0.to_string(), |at| at.strftime("%F %T UTC").to_string())
}

#[async_trait]
impl Admin for Owner {
    /// The records go first; the links then tell host and edge that nothing is wanted any more, and what they held is deleted last.
    async fn reset(&self) -> Result<(), String> {
        self.empty_records().await.map_err(|error| format!("{error:#}"))?;
        self.until_host_is_empty().await?;
        let (events, trail, blobs) = (self.events.clone(), self.trail.clone(), self.folders.data.join("blobs"));
        let objects = self.folders.data.join("objects");
        let wiped = tokio::task::spawn_blocking(move || {
            for stream in events.streams().map_err(|error| error.to_string())? {
                events.delete(&stream).map_err(|error| error.to_string())?;
            }
            trail.wipe().map_err(|error| error.to_string())?;
            for folder in [&blobs, &objects] {
                empty_folder(folder).map_err(|error| format!("{error:#}"))?;
            }
            // Opening them lays down again what uploads need.
            Blobs::open(&blobs).map(drop).map_err(|error| error.to_string())
        });
        wiped.await.map_err(|error| error.to_string())?
    }

    async fn status(&self) -> Value {
        let workloads = self.workloads().unwrap_or_default();
        json!({
            "running": true,
            "version": env!("CARGO_PKG_VERSION"),
            "data": self.folders.data,
            "capacity": self.capacity().unwrap_or_default(),
            "serial_console": self.consoles.get().map(Consoles::address),
            "workloads": workloads,
            "balancers": self.balancers().unwrap_or_default(),
            "listener_faults": self.edge.report().borrow().listener_faults,
            "network_faults": self.host.observed().borrow().network_faults,
            "security_group_rules": self.rules().await,
            "failing": self.failing(),
            "missing": self.missing().await,
            "runtimes": self.runtimes().await,
        })
    }

    async fn advance(&self, by: Duration) -> Result<(), String> {
        clock::advance(&self.store, &self.env, by).await.map_err(|error| error.to_string())
    }

    async fn issue_key(&self, account: &AccountId) -> Result<Issued, String> {
        let issued = self.store.transact(|tx| credentials::issue(tx, &self.env, account, Principal::Root)).await;
        issued.map_err(|error| error.to_string())
    }

    async fn schedule(&self, event: PlannedEvent) -> Result<Value, String> {
        let scheduled = svc_ec2::schedule_for(&self.store, &self.env, &event.instance, event.kind, event.after).await;
        let event = scheduled.map_err(|error| error.to_string())??;
        Ok(json!({"id": event.id, "code": event.kind, "not_before": in_utc(event.not_before)}))
    }

    async fn observed(&self, principal: &Arn, lately: Option<Duration>) -> Result<Value, String> {
        let since = lately.map_or(Timestamp(0), |lately| self.env.now() - lately);
        let (trail, name) = (self.trail.clone(), cloudtrail::noted_name(principal));
        let used = tokio::task::spawn_blocking(move || trail.used(&name, since)).await;
        let used = used.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        Ok(json!({"principal": principal.to_string(), "policy": least_policy(&used)}))
    }
}

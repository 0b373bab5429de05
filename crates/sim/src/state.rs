//! What is there: in the records, on the machine, in the edge's table. What differs from run to run, such as ids, is left out.

use crate::{Site, User, World};
use agent_proto::record::Hosted;
use model::{
    AccountId, Key, Record, Region,
    ec2::{AttachedTo, NetworkInterface},
    ecs::{Task, TaskStop},
    elbv2::{Health, Target},
    logs::LogSource,
};
use serde_json::json;
use spine::{Read, Scope, Snapshot};
use std::collections::BTreeMap;

/// How a site is.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct State {
    /// `status`, `runningCount`, `pendingCount` and the primary deployment's `rolloutState`.
    pub service: (String, u64, u64, String),
    /// How many deployments there are.
    pub deployments: usize,
    /// How many tasks that are to run are in which state, with which definition.
    pub tasks: BTreeMap<(String, String), usize>,
    /// How many containers run on the machine.
    pub containers: usize,
    /// How many targets the edge has, and how many of them drain.
    pub targets: (usize, usize),
    /// How many targets are known to be healthy.
    pub healthy: usize,
    /// How many records there are that belong to a task alone.
    pub records: Records,
}

/// Records that come and go with tasks.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Records {
    /// [`Hosted`].
    pub workloads: usize,
    /// [`NetworkInterface`] of workloads.
    pub interfaces: usize,
    /// [`Target`].
    pub targets: usize,
    /// [`LogSource`].
    pub log_sources: usize,
    /// [`Task`], those that have stopped included, for as long as they are shown.
    pub tasks: usize,
    /// [`TaskStop`].
    pub stops: usize,
}

impl State {
    /// How the site is now, in a world that has no other.
    pub async fn of(world: &World, site: &Site) -> Self {
        let service = site.described(world).await;
        let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
        let count = |name: &str| service[name].as_u64().unwrap_or_default();
        let rollout = text(&service["deployments"][0]["rolloutState"]);
        Self {
            service: (text(&service["status"]), count("runningCount"), count("pendingCount"), rollout),
            deployments: service["deployments"].as_array().map_or(0, Vec::len),
            tasks: tasks(world, site).await,
            containers: world.machine().running().len(),
            targets: targets(world),
            healthy: healthy(&world.snapshot()),
            records: Records::of(&world.snapshot()),
        }
    }
}

impl Records {
    /// How many there are.
    pub fn of(snapshot: &Snapshot) -> Self {
        Self {
            workloads: count::<Hosted>(snapshot),
            interfaces: interfaces(snapshot),
            targets: count::<Target>(snapshot),
            log_sources: count::<LogSource>(snapshot),
            tasks: count::<Task>(snapshot),
            stops: count::<TaskStop>(snapshot),
        }
    }
}

/// The account and the region of a user.
pub fn place(account: &str) -> (AccountId, Region) {
    (AccountId::parse(account).expect("an account"), Region::parse("us-east-1").expect("a region"))
}

/// The messages that an account finds in its log group `/web`, sorted.
pub async fn logged(user: &User) -> Vec<String> {
    let answer = user.json("logs", "FilterLogEvents", json!({"logGroupName": "/web"})).await;
    let events = answer["events"].as_array().expect("a list").iter();
    let mut messages: Vec<_> = events.map(|event| event["message"].as_str().expect("a text").to_owned()).collect();
    messages.sort();
    messages
}

/// The keys of all records of a kind.
pub fn keys<R: Record>(snapshot: &Snapshot) -> Vec<Key<R>> {
    snapshot.specs::<R>(Scope::All).expect("records").into_iter().map(|(key, _)| key).collect()
}

fn count<R: Record>(snapshot: &Snapshot) -> usize {
    keys::<R>(snapshot).len()
}

fn interfaces(snapshot: &Snapshot) -> usize {
    let all = snapshot.specs::<NetworkInterface>(Scope::All).expect("records");
    let of_workload = |attached: &AttachedTo| matches!(attached, AttachedTo::Workload(_));
    all.iter().filter(|(_, spec)| spec.attachment.as_ref().is_some_and(|it| of_workload(&it.to))).count()
}

fn healthy(snapshot: &Snapshot) -> usize {
    let all = snapshot.list::<Target>(Scope::All).expect("records");
    all.iter().filter(|(_, row)| row.observed.health == Health::Healthy).count()
}

fn targets(world: &World) -> (usize, usize) {
    let table = world.edge.table();
    let all: Vec<_> = table.target_groups.values().flat_map(|group| &group.targets).collect();
    (all.len(), all.iter().filter(|target| target.draining).count())
}

async fn tasks(world: &World, site: &Site) -> BTreeMap<(String, String), usize> {
    let mut tasks = BTreeMap::new();
    for arn in site.tasks(world).await {
        let task = site.task(world, &arn).await;
        let text = |name: &str| task[name].as_str().unwrap_or_default().to_owned();
        *tasks.entry((text("lastStatus"), text("taskDefinitionArn"))).or_default() += 1;
    }
    tasks
}

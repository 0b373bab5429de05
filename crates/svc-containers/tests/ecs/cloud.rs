//! A cloud in the process of a test: the front, the reconcilers of ECS, a clock that stands, and a host made of records.

use agent_proto::{
    Capabilities,
    record::Hosted,
    workload::{Container, ContainerState, ContainerStatus, Failure, Health, ImageSource, PortMapping, Status, Workload},
};
use front::testing::{Bench, Reply, Signer};
use logic::vpc::{DefaultNetwork, default_network};
use model::{
    AccountId, Key, Region, Timestamp,
    ec2::{InternetGateway, NetworkInterface, RouteTable, SecurityGroup, Subnet, Vpc},
    elbv2::{self, Target},
};
use serde_json::{Value, json};
use spine::{Read, Revision, Scope, Store, StoreError, Tx, reconcile::Runner};
use std::{sync::Arc, time::Duration};
use svc_containers::ecs;

pub struct Cloud {
    pub bench: Bench,
    runner: Runner,
}

/// The account and the region of a bench.
pub fn place() -> (AccountId, Region) {
    (AccountId::parse("111122223333").unwrap(), Region::parse("us-east-1").unwrap())
}

impl Cloud {
    /// A cloud with the default network, on a host of two vCPUs and 4 GiB.
    pub async fn new() -> Self {
        let machine = Arc::new(Capabilities { architecture: "amd64".into(), cpus: 2, memory_mib: 4096, missing: Vec::new() });
        let bench = Bench::on(Store::ephemeral(), |front, _, _| front.service(ecs::service(&machine)));
        let runner = Runner::new(bench.store.clone(), bench.env.clone());
        runner.spawn(ecs::Services::new(machine.clone()));
        runner.spawn(ecs::Tasks::new(machine, "localhost:4566"));
        runner.spawn(svc_identity::sts::Workloads);
        runner.spawn(ecs::Sweeper);
        let cloud = Self { bench, runner };
        cloud.write(lay_network).await;
        cloud
    }

    /// A cloud with a cluster `c` and a task definition `web`.
    pub async fn furnished() -> Self {
        let cloud = Self::new().await;
        cloud.ok("CreateCluster", json!({"clusterName": "c"})).await;
        cloud.register("web", "docker.io/library/nginx").await;
        cloud
    }

    /// The same cloud, whose requests are signed with somebody's key.
    pub fn signed_by(&self, signer: Signer) -> Self {
        Self { bench: self.bench.signed_by(signer), runner: self.runner.clone() }
    }

    pub async fn write(&self, change: impl FnMut(&mut Tx) -> Result<(), StoreError>) {
        self.bench.store.transact(change).await.unwrap();
    }

    pub async fn call(&self, operation: &str, input: Value) -> Reply {
        self.bench.json("ecs", operation, input).await
    }

    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        let reply = self.call(operation, input).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        reply.json()
    }

    /// The code and the message of a call that has to fail, and to change nothing.
    pub async fn fails(&self, operation: &str, input: Value) -> (String, String) {
        let before = self.revision();
        let reply = self.call(operation, input).await;
        assert_ne!(reply.status, 200, "{operation}: {}", reply.text());
        assert_eq!(self.revision(), before, "{operation} has changed something");
        (reply.code(), reply.message())
    }

    pub fn revision(&self) -> Revision {
        self.bench.store.snapshot().revision()
    }

    pub async fn register(&self, family: &str, image: &str) -> Value {
        let container = json!({"name": "web", "image": image, "portMappings": [{"containerPort": 80}]});
        self.ok("RegisterTaskDefinition", fargate(family, json!([container]))).await
    }

    /// Lets the reconcilers and the host go on until nothing changes.
    pub async fn settle(&self) {
        for _ in 0..50 {
            self.runner.settle().await.unwrap();
            let before = self.revision();
            let now = self.bench.env.now();
            self.write(|tx| host_works(tx, now)).await;
            if self.revision() == before {
                return;
            }
        }
        panic!("the cloud doesn't come to rest");
    }

    pub async fn pass(&self, seconds: u64) {
        self.bench.advance(Duration::from_secs(seconds));
        self.settle().await;
    }

    /// Ends the containers of a task with an exit code.
    pub async fn kill(&self, task: &str, exit_code: i32) {
        let (account, region) = place();
        let key = Key::<Hosted>::new(&account, &region, model::ecs::short_id(task));
        let now = self.bench.env.now();
        self.write(|tx| {
            tx.update_observed(&key, |status| {
                status.containers.values_mut().for_each(|container| container.state = ended(container, now, exit_code));
                status.failure = Some(Failure {
                    code: "EssentialContainerExited".into(),
                    reason: "Essential container in task exited".into(),
                    at: now,
                });
            })
        })
        .await;
        self.settle().await;
    }

    /// The tasks of the cluster `c` that are to run.
    pub async fn running(&self) -> Vec<String> {
        strings(&self.ok("ListTasks", json!({"cluster": "c"})).await["taskArns"])
    }

    pub async fn task(&self, arn: &str) -> Value {
        let answer = self.ok("DescribeTasks", json!({"cluster": "c", "tasks": [arn], "include": ["TAGS"]})).await;
        answer["tasks"][0].clone()
    }

    pub async fn service(&self) -> Value {
        let answer = self.ok("DescribeServices", json!({"cluster": "c", "services": ["web"]})).await;
        answer["services"][0].clone()
    }

    /// What the service has said, the oldest first.
    pub async fn said(&self) -> Vec<String> {
        let service = self.service().await;
        let events = service["events"].as_array().unwrap().iter().rev();
        events.map(|event| event["message"].as_str().unwrap().to_owned()).collect()
    }

    pub fn subnets(&self) -> Vec<String> {
        let (account, region) = place();
        let subnets = self.bench.store.snapshot().specs::<Subnet>(Scope::Region(&account, &region)).unwrap();
        subnets.into_iter().map(|(key, _)| key.id).collect()
    }

    pub fn network(&self) -> Value {
        json!({"awsvpcConfiguration": {"subnets": self.subnets()}})
    }

    pub fn interfaces(&self) -> usize {
        self.bench.store.snapshot().specs::<NetworkInterface>(Scope::All).unwrap().len()
    }

    pub fn workloads(&self) -> Vec<Workload> {
        let hosted = self.bench.store.snapshot().specs::<Hosted>(Scope::All).unwrap();
        hosted.into_iter().map(|(_, spec)| spec.workload.clone()).collect()
    }

    /// Targets, and whether each drains.
    pub fn targets(&self) -> Vec<(Key<Target>, bool)> {
        let targets = self.bench.store.snapshot().specs::<Target>(Scope::All).unwrap();
        targets.into_iter().map(|(key, spec)| (key, spec.deregistered_at.is_some())).collect()
    }

    /// What ELBv2's reconciler does once targets have drained.
    pub async fn finish_draining(&self) {
        let draining: Vec<_> = self.targets().into_iter().filter(|(_, drains)| *drains).collect();
        self.write(|tx| draining.iter().try_for_each(|(key, _)| tx.delete(key))).await;
        self.settle().await;
    }

    pub async fn set_health(&self, health: elbv2::Health) {
        let targets = self.targets();
        self.write(|tx| targets.iter().try_for_each(|(key, _)| tx.update_observed(key, |seen| seen.health = health.clone())))
            .await;
        self.settle().await;
    }

    /// A target group of addresses with a listener in front of it; its ARN.
    pub async fn target_group(&self, name: &str, with_listener: bool) -> String {
        self.target_group_of(elbv2::TargetType::Ip, name, with_listener).await
    }

    /// A target group with a listener in front of it; its ARN.
    pub async fn target_group_of(&self, target_type: elbv2::TargetType, name: &str, with_listener: bool) -> String {
        let (account, region) = place();
        let key = Key::<elbv2::TargetGroup>::new(&account, &region, format!("{name}/0123456789abcdef"));
        self.write(|tx| {
            tx.create(&key, &elbv2::TargetGroupSpec { target_type, ..group_spec(name) })?;
            if with_listener {
                let listener = Key::<elbv2::Listener>::new(&account, &region, format!("app/{name}/1/2"));
                tx.create(&listener, &listener_spec(&key.id))?;
            }
            Ok(())
        })
        .await;
        key.arn().to_string()
    }
}

pub fn fargate(family: &str, containers: Value) -> Value {
    json!({
        "family": family, "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256", "memory": "512",
        "containerDefinitions": containers,
    })
}

pub fn strings(list: &Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect()
}

fn lay_network(tx: &mut Tx) -> Result<(), StoreError> {
    let (account, region) = place();
    let DefaultNetwork { vpc, subnets, group, route_table, gateway, .. } = default_network(&account, &region);
    tx.create(&Key::<Vpc>::new(&account, &region, vpc.0), &vpc.1)?;
    tx.create(&Key::<SecurityGroup>::new(&account, &region, group.0), &group.1)?;
    tx.create(&Key::<RouteTable>::new(&account, &region, route_table.0), &route_table.1)?;
    tx.create(&Key::<InternetGateway>::new(&account, &region, gateway.0), &gateway.1)?;
    subnets.into_iter().try_for_each(|(id, spec)| tx.create(&Key::<Subnet>::new(&account, &region, id), &spec))
}

fn group_spec(name: &str) -> elbv2::TargetGroupSpec {
    elbv2::TargetGroupSpec {
        name: name.into(),
        target_type: elbv2::TargetType::Ip,
        protocol: "HTTP".into(),
        protocol_version: "HTTP1".into(),
        port: 80,
        vpc: "vpc-1".into(),
        health_check: elbv2::HealthCheck {
            enabled: true,
            protocol: "HTTP".into(),
            port: None,
            path: "/".into(),
            interval_seconds: 30,
            timeout_seconds: 5,
            healthy_threshold: 2,
            unhealthy_threshold: 2,
            matcher: "200".into(),
        },
        attributes: Default::default(),
        tags: Default::default(),
    }
}

fn listener_spec(group: &str) -> elbv2::ListenerSpec {
    elbv2::ListenerSpec {
        port: 80,
        protocol: "HTTP".into(),
        default_rule: "3".into(),
        default_action: elbv2::Action::Forward { groups: vec![(group.into(), 1)], stickiness_seconds: None },
        attributes: Default::default(),
        tags: Default::default(),
    }
}

/// One look of a host at what it is told: containers start and end at once. An image that can't be resolved fails.
fn host_works(tx: &mut Tx, now: Timestamp) -> Result<(), StoreError> {
    for (key, row) in tx.list::<Hosted>(Scope::All)? {
        let status = work(&row.spec.workload, &row.observed, now);
        tx.put_observed(&key, &status)?;
    }
    Ok(())
}

fn work(workload: &Workload, before: &Status, now: Timestamp) -> Status {
    let mut status = before.clone();
    let unresolved = workload.containers.iter().find_map(|container| match &container.image.source {
        ImageSource::Unresolved { reason } => Some(reason.clone()),
        _ => None,
    });
    if let (Some(reason), None) = (unresolved, &before.failure) {
        status.failure = Some(Failure { code: "TaskFailedToStart".into(), reason, at: now });
    }
    if !workload.run || status.failure.is_some() {
        status.containers.values_mut().for_each(|container| container.state = ended(container, now, 143));
        status.cleaned = true;
        return status;
    }
    for container in &workload.containers {
        status.containers.entry(container.name.clone()).or_insert_with(|| started(container, now));
    }
    (status.network_ready, status.pull_started_at, status.pull_stopped_at) = (true, Some(now), Some(now));
    status
}

/// A container that runs; the free ports that it asks for are found from 32768 on.
fn started(container: &Container, now: Timestamp) -> ContainerStatus {
    let ports = container
        .ports
        .iter()
        .zip(32768..)
        .map(|(port, free)| PortMapping { host_port: if port.host_port == 0 { free } else { port.host_port }, ..port.clone() });
    ContainerStatus {
        state: ContainerState::Running { since: now },
        runtime_id: "ab".repeat(32),
        image_digest: None,
        health: Health::Unknown,
        ports: ports.collect(),
        pid: None,
    }
}

fn ended(container: &ContainerStatus, now: Timestamp, exit_code: i32) -> ContainerState {
    match container.state.clone() {
        ContainerState::Running { since } => {
            ContainerState::Exited { started: Some(since), at: now, exit_code: Some(exit_code), reason: None }
        }
        other => other,
    }
}

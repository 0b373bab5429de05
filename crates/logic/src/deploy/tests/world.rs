//! A service and its tasks, moved by hand.

use super::super::*;
use model::ecs::{AwsVpc, Launch, LaunchType, LoadBalancer, Revision, Rollout};
use std::{collections::BTreeMap, time::Duration};

pub struct World {
    pub now: Timestamp,
    pub spec: ServiceSpec,
    pub plan: ServicePlan,
    pub tasks: Vec<TaskFact>,
    pub stops: BTreeMap<String, Stop>,
    pub room: Room,
    /// Tasks that come from now on have health checks.
    pub checked: bool,
    minted: usize,
}

fn target(deployment: &str, at: Timestamp) -> Target {
    let subnets = vec!["subnet-a".into(), "subnet-b".into()];
    let network = AwsVpc { vpc: "vpc-1".into(), subnets, security_groups: vec![], assign_public_ip: false };
    Target {
        deployment: deployment.into(),
        asked_at: at,
        definition: Revision { family: "web".into(), number: 1 },
        launch: Launch::Type(LaunchType::Fargate),
        platform_version: None,
        network: Some(network),
        load_balancers: vec![],
    }
}

impl World {
    pub fn new(desired_count: u32, minimum_healthy_percent: u32, maximum_percent: u32) -> Self {
        let now = Timestamp(1_000_000);
        let spec = ServiceSpec {
            created_at: now,
            created_by: String::new(),
            deleted_at: None,
            desired_count,
            target: target("d1", now),
            rollout: Rollout { maximum_percent, minimum_healthy_percent, circuit_breaker: None },
            grace_period: None,
            managed_tags: false,
            propagate_tags: None,
            placement_strategy: vec![],
            client_token: None,
            tags: BTreeMap::new(),
        };
        let (plan, tasks, stops) = (ServicePlan::default(), vec![], BTreeMap::new());
        Self { now, spec, plan, tasks, stops, room: Room::unbounded(), checked: false, minted: 0 }
    }

    pub fn steady(desired: u32, minimum: u32, maximum: u32) -> Self {
        let mut world = Self::new(desired, minimum, maximum);
        world.step();
        world.run_all();
        world.step();
        world
    }

    pub fn balanced(desired: u32) -> Self {
        let mut world = Self::new(desired, 100, 200);
        let balancer = LoadBalancer { target_group: "tg".into(), container: "web".into(), port: 80 };
        world.spec.target.load_balancers = vec![balancer];
        world
    }

    /// Decides, and carries out what was decided.
    pub fn step(&mut self) -> Option<Timestamp> {
        let Self { now, spec, plan, tasks, room, .. } = self;
        let decision = decide(&Situation { now: *now, name: "web", spec, plan, tasks, room: room.clone() });
        self.plan = decision.plan;
        for (id, stop) in decision.stop {
            self.task(&id).state = TaskState::Stopping;
            self.stops.insert(id, stop);
        }
        let ids: Vec<String> = decision.start.into_iter().map(|start| self.start(start)).collect();
        started(&mut self.plan, self.now, "web", &ids);
        decision.wake
    }

    fn start(&mut self, start: Start) -> String {
        self.minted += 1;
        let id = format!("t{}", self.minted);
        self.tasks.push(TaskFact {
            id: id.clone(),
            deployment: start.target.deployment,
            subnet: start.subnet,
            provider: start.provider,
            created_at: Timestamp(self.now.0 + self.minted as i64),
            state: TaskState::Pending,
            started_at: None,
            health: if self.checked { TaskHealth::Unknown } else { TaskHealth::Unchecked },
            registered: false,
            deregistered: false,
            died_at: None,
        });
        id
    }

    pub fn task(&mut self, id: &str) -> &mut TaskFact {
        self.tasks.iter_mut().find(|task| task.id == id).unwrap()
    }

    pub fn pass(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }

    pub fn deploy(&mut self, deployment: &str) {
        let balancers = self.spec.target.load_balancers.clone();
        self.spec.target = Target { load_balancers: balancers, ..target(deployment, self.now) };
    }

    pub fn run_all(&mut self) {
        let now = self.now;
        for task in self.tasks.iter_mut().filter(|task| task.state == TaskState::Pending) {
            (task.state, task.started_at) = (TaskState::Running, Some(now));
        }
    }

    pub fn heal_all(&mut self) {
        self.tasks.iter_mut().filter(|task| task.runs()).for_each(|task| task.health = TaskHealth::Healthy);
    }

    pub fn sicken(&mut self, id: &str) {
        let stop_reason = "Task failed ELB health checks in (target-group tg)".into();
        self.task(id).health = TaskHealth::Unhealthy { stop_reason, event: "(port 80) is unhealthy".into() };
    }

    pub fn stop_all(&mut self) {
        let stopping = self.tasks.iter_mut().filter(|task| task.state == TaskState::Stopping);
        stopping.for_each(|task| task.state = TaskState::Stopped);
    }

    pub fn die(&mut self, id: &str) {
        let now = self.now;
        let task = self.task(id);
        (task.state, task.died_at) = (TaskState::Stopped, Some(now));
    }

    pub fn fail_pending(&mut self, deployment: &str) {
        let pending = |task: &&TaskFact| task.deployment == deployment && task.state == TaskState::Pending;
        let ids: Vec<String> = self.tasks.iter().filter(pending).map(|task| task.id.clone()).collect();
        ids.iter().for_each(|id| self.die(id));
        self.stop_all();
    }

    pub fn register_all(&mut self) {
        self.tasks.iter_mut().for_each(|task| task.registered = true);
    }

    pub fn deregister_all(&mut self) {
        self.tasks.iter_mut().filter(|task| !task.is_active()).for_each(|task| task.deregistered = true);
    }

    /// Pending and running tasks of a deployment.
    pub fn counts(&self, deployment: &str) -> (usize, usize) {
        let count = |state| self.tasks.iter().filter(|task| task.deployment == deployment && task.state == state).count();
        (count(TaskState::Pending), count(TaskState::Running))
    }

    pub fn alive(&self) -> Vec<&str> {
        self.tasks.iter().filter(|task| task.is_active()).map(|task| task.id.as_str()).collect()
    }

    /// What was said, the oldest first.
    pub fn said(&self) -> Vec<String> {
        self.plan.events.iter().rev().map(|event| event.message.clone()).collect()
    }
}

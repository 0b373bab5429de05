//! A whole cloud out of its parts: which services there are, which reconcilers run, and how both meet the host and the edge.
//!
//! The binary assembles one with the real host and the real edge; the simulations assemble one with fakes and a clock that they move.
//! There is nothing here that either of them would have to write again.

mod link;

pub use link::{EdgeLink, HostLink};

use agent_proto::{Host, edge::Edge, function::FunctionHost, record::LOCAL_HOST};
use front::{Admin, Front, calls::Calls, courier::Courier};
use logic::placement::hosts::Rules;
use model::Env;
use spine::{Store, reconcile::Runner};
use std::sync::Arc;
use svc_containers::{
    ecr::{self, Ecr},
    ecs,
};
use svc_ec2 as ec2;
use svc_events::{events, scheduler};
use svc_functions::lambda::{
    self, Lambda,
    invoke::Invoker,
    pool::{self, Pool},
};
use svc_gateway::apigatewayv2::{self, Gateway};
use svc_identity::{
    iam,
    sts::{self, Sts},
};
use svc_messaging::sqs;
use svc_network::elbv2;
use svc_observe::{
    cloudtrail::{self, Trail, TrailStore},
    logs::{self, Logs, store::LogStore},
};
use svc_secrets::kms;
use svc_storage::s3;
use svc_systems::ssm;
use tokio::task::JoinHandle;

/// What a cloud is made of.
pub struct Parts {
    /// The records.
    pub store: Store,
    /// The clock and the dice.
    pub env: Env,
    /// What runs the workloads.
    pub host: Arc<dyn Host>,
    /// What runs the functions.
    pub functions: Arc<dyn FunctionHost>,
    /// What serves the load balancers.
    pub edge: Arc<dyn Edge>,
    /// Container images.
    pub ecr: Arc<Ecr>,
    /// The bytes of S3's objects.
    pub objects: Arc<s3::Blobs>,
    /// The zips of functions.
    pub code: Arc<lambda::CodeStore>,
    /// Makes the machine images that the cloud brings.
    pub images: Arc<dyn ec2::ImageMaker>,
    /// Snapshots of volumes.
    pub ebs: Arc<ec2::direct::Ebs>,
    /// Log events.
    pub events: Arc<LogStore>,
    /// The event history.
    pub trail: Arc<TrailStore>,
    /// Queues.
    pub queues: Arc<sqs::Queues>,
    /// How machines are placed.
    pub placement: Rules,
    /// How requests are met.
    pub front: front::Config,
}

/// A cloud that runs until it is dropped.
pub struct Cloud {
    /// Answers requests.
    pub front: Arc<Front>,
    /// Runs the reconcilers.
    pub runner: Runner,
    listeners: Vec<JoinHandle<()>>,
}

impl Cloud {
    /// Puts the parts together and starts the reconcilers. Requests are answered as soon as somebody serves the front.
    pub fn assemble(parts: Parts, admin: Option<Arc<dyn Admin>>) -> Self {
        let calls = Calls::default();
        let invoker = invoker(&parts);
        let front = services(&parts, &calls, &invoker);
        let front = Arc::new(admin.into_iter().fold(front, Front::admin));
        calls.connect(&front);
        let runner = Runner::new(parts.store.clone(), parts.env.clone());
        let listeners = start_links(&runner, &parts);
        start_reconcilers(&runner, &parts, &calls, &invoker);
        Self { front, runner, listeners }
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.listeners.iter().for_each(JoinHandle::abort);
    }
}

/// What runs functions.
fn invoker(parts: &Parts) -> Arc<Invoker> {
    let (store, env, host) = (parts.store.clone(), parts.env.clone(), parts.functions.clone());
    let rules = pool::rules(&*host);
    Invoker::new(store.clone(), env.clone(), Pool::new(store, env, host, rules))
}

/// What S3 works with.
fn storage(parts: &Parts, calls: &Calls) -> Arc<s3::Storage> {
    Arc::new(s3::Storage { store: parts.store.clone(), blobs: parts.objects.clone(), calls: calls.clone() })
}

/// The front with every service that is built.
fn services(parts: &Parts, calls: &Calls, invoker: &Arc<Invoker>) -> Front {
    let logs = Arc::new(Logs { store: parts.store.clone(), events: parts.events.clone() });
    let machine = Arc::new(parts.host.capabilities());
    let hosts = Arc::new(ec2::Hosts::local(parts.host.clone(), parts.placement));
    let s3 = storage(parts, calls);
    let functions = Arc::new(Lambda { store: parts.store.clone(), code: parts.code.clone(), calls: calls.clone() });
    Front::new(parts.store.clone(), parts.env.clone(), parts.front.clone())
        .service(iam::service())
        .service(sts::service(&Sts::new(parts.store.clone(), parts.front.loopback)))
        .service(ec2::connect::service())
        .service(ec2::service(&Arc::new(parts.store.clone()), &hosts))
        .service(ec2::direct::service(&parts.ebs))
        .service(kms::service(&Arc::new(parts.store.clone())))
        .service(elbv2::service())
        .service(ecr::service(&parts.ecr))
        .service(ecs::service(&machine))
        .service(logs::service(&logs))
        .service(cloudtrail::service(&parts.trail))
        .service(ssm::service())
        .service(apigatewayv2::service())
        .service(events::service())
        .service(lambda::service(&functions, invoker))
        .service(s3::service(&s3))
        .service(scheduler::service())
        .service(sqs::service(&parts.queues))
        .recorder(Arc::new(Trail::new(parts.store.clone(), parts.trail.clone())))
        // What is known by its host's name goes first: such a request may have any path.
        .mount(lambda::urls::Urls::new(invoker.clone()))
        .mount(Gateway::new(parts.store.clone(), parts.env.clone(), calls.clone(), parts.front.loopback))
        .mount(Arc::new(ecr::Registry::new(parts.ecr.clone())))
        .mount(Arc::new(s3::Browser::new(&s3)))
        .mount(Arc::new(lambda::Downloads::new(parts.store.clone(), parts.code.clone())))
}

fn start_links(runner: &Runner, parts: &Parts) -> Vec<JoinHandle<()>> {
    let host = HostLink::new(LOCAL_HOST, parts.host.clone());
    let edge = EdgeLink::new(parts.edge.clone());
    let listeners = vec![host.listen(parts.store.clone()), edge.listen(parts.store.clone())];
    runner.spawn(host);
    runner.spawn(edge);
    listeners
}

fn start_reconcilers(runner: &Runner, parts: &Parts, calls: &Calls, invoker: &Arc<Invoker>) {
    let machine = Arc::new(parts.host.capabilities());
    runner.spawn(Courier::new(calls.clone()));
    runner.spawn(ec2::QuickStart::new(parts.images.clone(), &machine.architecture));
    runner.spawn(ecr::Sweeper::new(parts.ecr.clone()));
    runner.spawn(lambda::Releases::new(parts.functions.clone(), &machine.architecture));
    runner.spawn(lambda::Sweeper::new(parts.code.clone()));
    runner.spawn(pool::Keeper::new(invoker.pool().clone()));
    runner.spawn(lambda::queue::Queue::new(invoker.clone()));
    runner.spawn(lambda::mapping::Pollers::new(calls.clone(), invoker.clone()));
    runner.spawn(ecs::Services::new(machine.clone()));
    runner.spawn(ecs::Tasks::new(machine, parts.front.endpoint.clone()));
    runner.spawn(ecs::Sweeper);
    runner.spawn(ecs::TaskEvents);
    runner.spawn(ec2::Identities);
    runner.spawn(ec2::Images::of(parts.ebs.clone()));
    runner.spawn(ec2::RootReplacements);
    runner.spawn(ec2::Networks);
    runner.spawn(ec2::Profiles);
    runner.spawn(ec2::connect::PushedKeys);
    runner.spawn(ec2::Instances);
    runner.spawn(ec2::Volumes);
    runner.spawn(ec2::direct::Copies::new(parts.ebs.clone()));
    runner.spawn(ec2::direct::Finisher::new(parts.ebs.clone()));
    runner.spawn(ec2::direct::Collector::new(parts.ebs.clone()));
    runner.spawn(kms::Keys);
    runner.spawn(s3::Lifecycle::new(&storage(parts, calls)));
    runner.spawn(s3::Restores::new(&storage(parts, calls)));
    runner.spawn(s3::Sweeper::new(&storage(parts, calls)));
    runner.spawn(elbv2::Drain);
    runner.spawn(events::MachineStates);
    runner.spawn(events::ScheduledRules);
    runner.spawn(scheduler::Schedules);
    runner.spawn(logs::Flows::new(parts.host.clone(), parts.events.clone()));
    runner.spawn(logs::Pump::new(parts.host.clone(), parts.events.clone()));
    runner.spawn(sqs::Mover::new(parts.queues.clone()));
    runner.spawn(sqs::Sweeper::new(parts.queues.clone()));
    runner.spawn(sts::Expired);
    runner.spawn(sts::Workloads);
    runner.spawn(logs::Retention::new(parts.events.clone()));
    runner.spawn(cloudtrail::Retention::new(parts.trail.clone()));
}

//! A host as the control plane sees it: fake ones with a clock that is moved, and the real one through the server's death.

mod support;

use agent::{
    Config, FakeHost, LocalHost,
    driver::{ContainerId, FakeImage},
    image::ImageLimits,
};
use agent_proto::{Desired, Host, Observed, workload::*};
use model::{Env, Timestamp};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use support::{
    MemoryBlobs,
    real::{Machine, Netns, OneNetns},
    workload::{can_run, container, image, remote, sh, workload},
};

fn desired(workloads: Vec<Workload>) -> Desired {
    Desired { workloads, ..Desired::default() }
}

/// Waits until the host sees it so.
async fn until(host: &dyn Host, what: &str, mut so: impl FnMut(&Observed) -> bool) -> Arc<Observed> {
    let mut observed = host.observed();
    let wait = tokio::time::timeout(Duration::from_secs(60), observed.wait_for(|observed| so(observed)));
    match wait.await {
        Ok(found) => found.unwrap().clone(),
        Err(_) => panic!("never seen: {what}; last: {:?}", host.observed().borrow()),
    }
}

fn is_running(observed: &Observed, id: &str) -> bool {
    let status = observed.workloads.get(id);
    status.is_some_and(|status| status.containers.values().all(|c| matches!(c.state, ContainerState::Running { .. })))
}

fn is_cleaned(observed: &Observed, id: &str) -> bool {
    observed.workloads.get(id).is_some_and(|status| status.cleaned)
}

#[tokio::test]
async fn what_was_in_the_networks_way_and_is_gone_costs_a_moment() {
    let (env, clock) = Env::manual(Timestamp(1_000_000), 1);
    let host = FakeHost::new(env).await.unwrap();
    host.network.fail([("vpc-1".to_owned(), "Network is down".to_owned())].into());
    host.apply(desired(vec![])).await.unwrap();
    until(&host, "a fault", |observed| observed.network_faults.contains_key("vpc-1")).await;
    host.network.fail(Default::default());
    // Nobody wishes anything else meanwhile.
    while !host.observed().borrow().network_faults.is_empty() {
        model::env::Clock::advance(&*clock, Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_fake_workload_runs_stops_and_vanishes() {
    let (env, clock) = Env::manual(Timestamp(1_000_000), 1);
    let host = FakeHost::new(env).await.unwrap();
    host.driver.image("stubborn", FakeImage { stubborn: true, ..FakeImage::default() });
    let mut wanted = workload("w", vec![container("a", remote("stubborn"))]);
    host.apply(desired(vec![wanted.clone()])).await.unwrap();
    until(&host, "running", |observed| is_running(observed, "w")).await;
    assert_eq!(host.network.joined(), ["w"]);
    wanted.run = false;
    host.apply(desired(vec![wanted])).await.unwrap();
    // It is asked at once and killed thirty seconds of the cloud's clock later.
    while !is_cleaned(&host.observed().borrow(), "w") {
        model::env::Clock::advance(&*clock, Duration::from_secs(1));
        tokio::task::yield_now().await;
    }
    let observed = host.observed().borrow().clone();
    let ContainerState::Exited { exit_code, at, .. } = &observed.workloads["w"].containers["a"].state else {
        panic!("it has ended")
    };
    assert_eq!(*exit_code, Some(137));
    assert!(at.0 >= 1_030_000, "{at:?}");
    assert!(host.network.joined().is_empty());
    host.apply(desired(vec![])).await.unwrap();
    until(&host, "vanished", |observed| observed.workloads.is_empty()).await;
}

#[tokio::test]
async fn what_fails_is_reported_in_the_words_of_ecs() {
    let host = FakeHost::new(Env::system()).await.unwrap();
    let unresolved = ImageSource::Unresolved { reason: "CannotPullContainerError: x: not found".into() };
    let image = Image { reference: "x".into(), source: unresolved };
    host.apply(desired(vec![workload("pull", vec![container("a", image)])])).await.unwrap();
    let seen = until(&host, "cleaned", |observed| is_cleaned(observed, "pull")).await;
    let failure = seen.workloads["pull"].failure.clone().unwrap();
    assert_eq!((&*failure.code, &*failure.reason), ("TaskFailedToStart", "CannotPullContainerError: x: not found"));

    host.network.refuse(Some("no address left"));
    host.apply(desired(vec![workload("net", vec![container("a", remote("x"))])])).await.unwrap();
    let seen = until(&host, "cleaned", |observed| is_cleaned(observed, "net")).await;
    assert_eq!(seen.workloads["net"].failure.clone().unwrap().reason, "ResourceInitializationError: no address left");
    assert!(host.apply(desired(vec![workload("../up", vec![])])).await.is_err(), "ids become file names");
}

#[tokio::test]
async fn a_fake_server_that_comes_back_goes_on() {
    let host = FakeHost::new(Env::system()).await.unwrap();
    let wanted = workload("w", vec![container("a", remote("x"))]);
    host.apply(desired(vec![wanted.clone()])).await.unwrap();
    let before = until(&host, "running", |observed| is_running(observed, "w")).await;
    let host = host.restart().await.unwrap();
    assert_eq!(host.observed().borrow().workloads, before.workloads, "known before anything is desired");
    host.driver.end(&ContainerId::new("w", "a"), 1, None);
    let after = until(&host, "cleaned", |observed| is_cleaned(observed, "w")).await;
    assert_eq!(after.workloads["w"].failure.clone().unwrap().code, "EssentialContainerExited");
    let chunk = host.read_log("w", "a", LogPosition(0)).await.unwrap();
    assert!(chunk.end && chunk.lines.is_empty());
    assert!(host.read_log("w", "b", LogPosition(0)).await.is_err());
}

struct RealHost {
    machine: Machine,
    blobs: Arc<MemoryBlobs>,
    network: Arc<OneNetns>,
}

impl RealHost {
    fn new(blobs: MemoryBlobs) -> Self {
        Self { machine: Machine::new(), blobs: Arc::new(blobs), network: Arc::new(OneNetns(Netns::new())) }
    }

    async fn boot(&self) -> Arc<LocalHost> {
        let places = self.machine.places();
        let config = Config {
            data_dir: places.data,
            runtime_dir: places.runtime,
            tag: places.tag,
            env: Env::system(),
            exe: places.program,
            block_store: self.machine.folder.path().join("blocks"),
            limits: ImageLimits::default(),
            output_bytes: 64 << 20,
        };
        LocalHost::new(config, self.blobs.clone(), self.network.clone()).await.unwrap()
    }
}

#[tokio::test]
async fn real_containers_outlive_the_server_and_their_output_has_no_gap() {
    if !can_run("real_containers_outlive_the_server_and_their_output_has_no_gap") {
        return;
    }
    let mut blobs = MemoryBlobs::default();
    let image = image(&mut blobs, json!({}));
    let real = RealHost::new(blobs);
    let counter = sh("count", &image, "n=0; while :; do n=$((n+1)); echo $n; sleep 0.002; done");
    let mut idle = sh("idle", &image, "sleep 300");
    idle.depends_on = vec![Dependency { container: "count".into(), condition: Condition::Healthy }];
    let mut counter = counter;
    let second = Duration::from_secs(1);
    counter.health_check = Some(HealthCheck {
        command: vec!["CMD-SHELL".into(), "test -d /proc/1".into()],
        interval: second,
        timeout: 30 * second,
        retries: 3,
        start_period: Duration::ZERO,
    });
    // They take no notice of SIGTERM.
    (counter.stop_timeout, idle.stop_timeout) = (Duration::ZERO, Duration::ZERO);
    let wanted = workload("w", vec![counter, idle]);

    let host = real.boot().await;
    assert!(host.capabilities().missing.iter().all(|missing| !missing.fatal), "{:?}", host.capabilities());
    host.apply(desired(vec![wanted.clone()])).await.unwrap();
    let before = until(&*host, "running", |observed| is_running(observed, "w")).await;
    host.leave();
    let mut numbers = Vec::new();
    let mut position = LogPosition(0);
    for _ in 0..3 {
        let host = real.boot().await;
        host.apply(desired(vec![wanted.clone()])).await.unwrap();
        let now = until(&*host, "running", |observed| is_running(observed, "w")).await;
        for (name, status) in &now.workloads["w"].containers {
            let earlier = &before.workloads["w"].containers[name];
            assert_eq!((status.pid, &status.runtime_id), (earlier.pid, &earlier.runtime_id), "the same container");
        }
        let enough = numbers.len() + 50;
        while numbers.len() < enough {
            let chunk = host.read_log("w", "count", position).await.unwrap();
            numbers.extend(chunk.lines.iter().map(|line| line.text.parse::<u64>().unwrap()));
            position = chunk.next;
            host.release_log("w", "count", position).await.unwrap();
            tokio::task::yield_now().await;
        }
        host.leave();
    }
    assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{numbers:?}");
    host.leave();

    let host = real.boot().await;
    host.teardown().await.unwrap();
    assert_eq!(real.machine.traces(), Vec::<String>::new());
}

#[tokio::test]
async fn a_real_workload_fails_with_a_reason_and_leaves_nothing() {
    if !can_run("a_real_workload_fails_with_a_reason_and_leaves_nothing") {
        return;
    }
    let mut blobs = MemoryBlobs::default();
    let good = image(&mut blobs, json!({"Cmd": ["/bin/sleep", "300"]}));
    let broken = image(&mut blobs, json!({"Cmd": ["/no/such/program"]}));
    let foreign = support::workload::registry(&blobs.image_for("s390x", &[], json!({})).to_string());
    let real = RealHost::new(blobs);
    let host = real.boot().await;
    let workloads = [("missing", remote_digest()), ("broken", broken), ("foreign", foreign)];
    // Process 1 that takes no notice of SIGTERM is killed at the end of its stop timeout.
    let deaf = Container { stop_timeout: Duration::from_millis(10), ..container("b", good) };
    let wanted = workloads.map(|(id, image)| workload(id, vec![container("a", image), deaf.clone()]));
    host.apply(desired(wanted.to_vec())).await.unwrap();
    let all = ["missing", "broken", "foreign"];
    let seen = until(&*host, "cleaned", |observed| all.iter().all(|id| is_cleaned(observed, id))).await;
    let reason = |id: &str| seen.workloads[id].failure.clone().unwrap().reason;
    assert!(reason("missing").starts_with("CannotPullContainerError: sha256:"), "{}", reason("missing"));
    assert!(reason("broken").starts_with("CannotStartContainerError: ") && reason("broken").contains("/no/such/program"));
    assert!(reason("foreign").ends_with("does not contain descriptor matching platform 'linux/amd64'"), "{}", reason("foreign"));
    host.teardown().await.unwrap();
    assert_eq!(real.machine.traces(), Vec::<String>::new());
}

fn remote_digest() -> Image {
    support::workload::registry(&format!("sha256:{}", "0".repeat(64)))
}

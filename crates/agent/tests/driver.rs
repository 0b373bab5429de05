//! The contract that every driver keeps, run on the fake one and on the real one.

mod support;

use agent::{
    driver::{ContainerId, Driver, FakeDriver, FakeImage, Seen, StopSignal},
    image::Pulled,
    network::ContainerNetwork,
};
use agent_proto::workload::{Container, Image, ImageSource, LogPosition};
use model::Env;
use serde_json::json;
use std::{sync::Arc, time::Duration};
use support::{
    MemoryBlobs,
    real::Machine,
    workload::{can_run, container, image, remote, workload},
};

/// What the contract is tried with: the same behaviour by other means.
struct Subject {
    driver: Box<dyn Driver>,
    /// The driver of a server that has come back.
    again: Box<dyn Driver>,
    network: ContainerNetwork,
    /// Runs until it is asked to end, and writes `hello`.
    patient: Image,
    /// Runs until it is killed.
    stubborn: Image,
    /// Ends at once with exit code 3.
    failing: Image,
    /// Can't be started.
    broken: Image,
}

impl Subject {
    async fn start(&self, workload_id: &str, image: &Image) -> Result<ContainerId, String> {
        let container: Container = container("main", image.clone());
        let workload = workload(workload_id, vec![container.clone()]);
        let pulled: Pulled = self.driver.pull(image).await?;
        self.driver.prepare(&workload).await?;
        let started = self.driver.start(&workload, &container, &pulled, &self.network).await?;
        assert_eq!(started.runtime_id.len(), 64);
        Ok(ContainerId::new(workload_id, "main"))
    }

    /// Starts the patient one and waits until it has said `hello`: from then on it can be asked to end.
    async fn start_patient(&self, workload_id: &str) -> ContainerId {
        let id = self.start(workload_id, &self.patient).await.unwrap();
        while self.driver.read_log(&id, LogPosition(0)).await.unwrap().is_none_or(|chunk| chunk.lines.is_empty()) {
            tokio::task::yield_now().await;
        }
        id
    }

    async fn code(&self, id: &ContainerId) -> Option<i32> {
        self.driver.exited(id).await.unwrap().code
    }
}

async fn contract(subject: &Subject) {
    a_container_runs_and_ends_when_it_is_asked(subject).await;
    a_container_ends_by_itself(subject).await;
    a_stubborn_container_is_killed(subject).await;
    what_cannot_be_pulled_or_started_says_why(subject).await;
    commands_run_inside(subject).await;
    output_is_read_to_its_end(subject).await;
    a_server_that_comes_back_finds_everything(subject).await;
    what_is_unknown_is_no_error_to_remove(subject).await;
}

async fn a_container_runs_and_ends_when_it_is_asked(subject: &Subject) {
    let id = subject.start_patient("asked").await;
    assert!(matches!(subject.driver.inspect(&id).await, Some(Seen::Running(_))));
    subject.driver.stop(&id, StopSignal::Ask).await.unwrap();
    assert_eq!(subject.code(&id).await, Some(143));
    assert!(matches!(subject.driver.inspect(&id).await, Some(Seen::Exited { started: Some(_), .. })));
    subject.driver.stop(&id, StopSignal::Kill).await.unwrap();
    assert_eq!(subject.code(&id).await, Some(143), "the end of one that has ended doesn't change");
    subject.driver.forget("asked").await.unwrap();
    assert_eq!(subject.driver.inspect(&id).await, None);
}

async fn a_container_ends_by_itself(subject: &Subject) {
    let id = subject.start("failing", &subject.failing).await.unwrap();
    assert_eq!(subject.code(&id).await, Some(3));
    subject.driver.remove("failing").await.unwrap();
    assert!(matches!(subject.driver.inspect(&id).await, Some(Seen::Exited { .. })), "the state outlives the container");
    subject.driver.forget("failing").await.unwrap();
}

async fn a_stubborn_container_is_killed(subject: &Subject) {
    let id = subject.start("stubborn", &subject.stubborn).await.unwrap();
    subject.driver.stop(&id, StopSignal::Ask).await.unwrap();
    assert!(matches!(subject.driver.inspect(&id).await, Some(Seen::Running(_))));
    subject.driver.stop(&id, StopSignal::Kill).await.unwrap();
    assert_eq!(subject.code(&id).await, Some(137));
    subject.driver.forget("stubborn").await.unwrap();
}

async fn what_cannot_be_pulled_or_started_says_why(subject: &Subject) {
    let missing = Image { reference: "x".into(), source: ImageSource::Unresolved { reason: "no such image".into() } };
    assert_eq!(subject.driver.pull(&missing).await.unwrap_err(), "no such image");
    let error = subject.start("broken", &subject.broken).await.unwrap_err();
    assert!(error.contains("/no/such/program"), "{error}");
    subject.driver.forget("broken").await.unwrap();
}

async fn commands_run_inside(subject: &Subject) {
    let id = subject.start("exec", &subject.patient).await.unwrap();
    let run = async |command: &[&str]| {
        let command: Vec<String> = command.iter().map(|word| (*word).to_owned()).collect();
        subject.driver.exec(&id, &command, Duration::from_secs(30)).await.map(|result| result.code)
    };
    assert_eq!(run(&["true"]).await, Ok(Some(0)));
    assert_eq!(run(&["sh", "-c", "false"]).await, Ok(Some(1)));
    subject.driver.stop(&id, StopSignal::Kill).await.unwrap();
    assert_eq!(subject.code(&id).await, Some(137), "no command that ran inside holds it back");
    assert!(run(&["true"]).await.is_err());
    subject.driver.forget("exec").await.unwrap();
}

async fn output_is_read_to_its_end(subject: &Subject) {
    let id = subject.start("output", &subject.patient).await.unwrap();
    let mut position = LogPosition(0);
    let mut texts = Vec::new();
    let mut asked = false;
    loop {
        let chunk = subject.driver.read_log(&id, position).await.unwrap().unwrap();
        texts.extend(chunk.lines.into_iter().map(|line| line.text));
        position = chunk.next;
        if chunk.end {
            break;
        }
        if !texts.is_empty() && !asked {
            subject.driver.stop(&id, StopSignal::Kill).await.unwrap();
            asked = true;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(texts, ["hello"]);
    subject.driver.release_log(&id, position).await.unwrap();
    subject.driver.forget("output").await.unwrap();
    assert_eq!(subject.driver.read_log(&id, position).await.unwrap(), None);
}

async fn a_server_that_comes_back_finds_everything(subject: &Subject) {
    let running = subject.start_patient("kept").await;
    let ended = subject.start("ended", &subject.failing).await.unwrap();
    let before = subject.driver.inspect(&running).await;
    assert_eq!(subject.code(&ended).await, Some(3));
    let found = subject.again.recover().await.unwrap();
    assert_eq!(found.into_iter().collect::<Vec<_>>(), ["kept"]);
    assert_eq!(subject.again.inspect(&running).await, before, "it is the same container");
    assert_eq!(subject.again.exited(&ended).await.unwrap().code, Some(3));
    assert_eq!(subject.again.workloads().await.into_iter().collect::<Vec<_>>(), ["ended", "kept"]);
    subject.again.stop(&running, StopSignal::Ask).await.unwrap();
    assert_eq!(subject.again.exited(&running).await.unwrap().code, Some(143));
    subject.again.forget("kept").await.unwrap();
    subject.again.forget("ended").await.unwrap();
}

async fn what_is_unknown_is_no_error_to_remove(subject: &Subject) {
    let id = ContainerId::new("unknown", "main");
    assert_eq!(subject.driver.inspect(&id).await, None);
    assert!(subject.driver.exited(&id).await.is_err());
    subject.driver.stop(&id, StopSignal::Kill).await.unwrap();
    subject.driver.remove("unknown").await.unwrap();
    subject.driver.forget("unknown").await.unwrap();
    assert!(subject.driver.workloads().await.is_empty());
}

#[tokio::test]
async fn the_fake_driver_keeps_the_contract() {
    let fake = FakeDriver::new(Env::system());
    let plain = FakeImage::default();
    fake.image("patient", FakeImage { output: vec!["hello".into()], ..plain.clone() });
    fake.image("stubborn", FakeImage { stubborn: true, ..plain.clone() });
    fake.image("failing", FakeImage { exit: Some((Duration::ZERO, 3)), ..plain.clone() });
    fake.image("broken", FakeImage { start_error: Some("/no/such/program: not found".into()), ..plain });
    let subject = Subject {
        driver: Box::new(fake.clone()),
        again: Box::new(fake),
        network: ContainerNetwork::default(),
        patient: remote("patient"),
        stubborn: remote("stubborn"),
        failing: remote("failing"),
        broken: remote("broken"),
    };
    contract(&subject).await;
}

#[tokio::test]
async fn the_real_driver_keeps_the_contract() {
    if !can_run("the_real_driver_keeps_the_contract") {
        return;
    }
    let mut blobs = MemoryBlobs::default();
    let mut script = |script: &str| image(&mut blobs, json!({"Cmd": ["/bin/sh", "-c", script]}));
    let patient = script("trap 'exit 143' TERM; echo hello; while :; do sleep 0.01; done");
    let stubborn = script("trap '' TERM; while :; do sleep 1; done");
    let failing = script("exit 3");
    let broken = image(&mut blobs, json!({"Cmd": ["/no/such/program"]}));
    let blobs = Arc::new(blobs);
    let machine = Machine::new();
    let subject = Subject {
        driver: Box::new(machine.driver(blobs.clone())),
        again: Box::new(machine.driver(blobs)),
        network: machine.netns.network.clone(),
        patient,
        stubborn,
        failing,
        broken,
    };
    contract(&subject).await;
    machine.leave(&*subject.driver).await;
}

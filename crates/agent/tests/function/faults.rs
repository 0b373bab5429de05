//! Functions that fail, hang, and attack: each gets the documented error, and the next invocation works.

use crate::lab::Lab;
use agent_proto::function::Environment;
use serde_json::json;
use std::{
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

const HOSTILE: &str = r#"
import os, sys, time, threading
def handler(event, context):
    what = event["do"]
    if what == "exit": os._exit(event["code"])
    if what == "hang": time.sleep(1000)
    if what == "eat":
        held = []
        while True: held.append(bytearray(1 << 20))
    if what == "large": return "x" * event["size"]
    if what == "bomb":
        made = 0
        try:
            while True:
                if os.fork() == 0: time.sleep(1000)
                made += 1
        except OSError as error: return {"made": made, "errno": error.errno}
    if what == "fill":
        written = 0
        try:
            with open("/tmp/full", "wb", buffering=0) as file:
                while True: written += file.write(b"x" * (1 << 20))
        except OSError as error: return {"written": written >> 20, "errno": error.errno}
    if what == "write":
        with open("/tmp/own", "wb") as file: file.write(b"x" * (100 << 20))
        return "written"
    if what == "count": return len([it for it in os.listdir("/proc") if it.isdigit()])
    return what
"#;

async fn hostile(seconds: u64) -> (Lab, Environment) {
    Lab::changed("python3.11", "app.handler", &[("app.py", HOSTILE)], |it| it.timeout = Duration::from_secs(seconds)).await
}

#[tokio::test]
async fn exits_are_told_and_the_runtime_begins_anew() {
    let (lab, environment) = hostile(20).await;
    for (code, message) in [(1, "Runtime exited with error: exit status 1"), (0, "Runtime exited without providing a reason")] {
        let (kind, error) = lab.failure(&environment, json!({"do": "exit", "code": code})).await;
        assert_eq!((kind.as_str(), &error["errorType"]), ("Runtime.ExitError", &json!("Runtime.ExitError")));
        assert!(error["errorMessage"].as_str().unwrap().ends_with(message), "{error}");
        assert_eq!(lab.answer(&environment, json!({"do": "nothing"})).await, "nothing");
    }
    lab.leave().await;
}

#[tokio::test]
async fn a_function_that_takes_too_long_is_ended() {
    let (lab, environment) = hostile(2).await;
    let (kind, error) = lab.failure(&environment, json!({"do": "hang"})).await;
    assert_eq!(kind, "Sandbox.Timedout");
    assert!(error["errorMessage"].as_str().unwrap().ends_with("Error: Task timed out after 2.00 seconds"), "{error}");
    let log = lab.log(&environment);
    assert!(log.iter().any(|line| line.ends_with(" Task timed out after 2.00 seconds")), "{log:#?}");
    assert!(log.last().unwrap().ends_with("Status: timeout\tError Type: Sandbox.Timedout"), "{log:#?}");
    assert_eq!(lab.answer(&environment, json!({"do": "nothing"})).await, "nothing");
    lab.leave().await;
}

#[tokio::test]
async fn a_memory_hog_hurts_only_itself() {
    let (lab, environment) = hostile(60).await;
    let (kind, error) = lab.failure(&environment, json!({"do": "eat"})).await;
    assert_eq!(kind, "Runtime.ExitError");
    assert!(error["errorMessage"].as_str().unwrap().ends_with("Error: Runtime exited with error: signal: killed"), "{error}");
    assert_eq!(lab.answer(&environment, json!({"do": "nothing"})).await, "nothing");
    lab.leave().await;
}

#[tokio::test]
async fn a_fork_bomb_hurts_only_itself() {
    let (lab, environment) = Lab::changed("python3.11", "app.handler", &[("app.py", HOSTILE)], |it| it.memory_mib = 1024).await;
    let answer = lab.answer(&environment, json!({"do": "bomb"})).await;
    assert_eq!(answer["errno"], 11, "EAGAIN: {answer}");
    assert!(answer["made"].as_u64().unwrap() < 1024);
    let (kind, _) = lab.failure(&environment, json!({"do": "exit", "code": 1})).await;
    assert_eq!(kind, "Runtime.ExitError");
    assert_eq!(lab.answer(&environment, json!({"do": "count"})).await, 2, "process 1 and the runtime");
    lab.leave().await;
}

#[tokio::test]
async fn a_disk_filler_hurts_only_itself() {
    let (lab, environment) = hostile(60).await;
    let answer = lab.answer(&environment, json!({"do": "fill"})).await;
    assert_eq!(answer["errno"], 28, "ENOSPC: {answer}");
    let written = answer["written"].as_u64().unwrap();
    assert!((400..=512).contains(&written), "{written} MiB of 512, and with 128 MiB of memory");
    lab.leave().await;
}

#[tokio::test]
async fn whoever_is_beside_attackers_goes_on() {
    let (lab, environment) = Lab::changed("python3.11", "app.handler", &[("app.py", HOSTILE)], |it| it.memory_mib = 1024).await;
    let beside = |environment: &Environment, memory_mib| Environment { id: lab.env.hex(32), memory_mib, ..environment.clone() };
    let (hog, filler, calm) = (beside(&environment, 128), beside(&environment, 1024), beside(&environment, 128));
    for it in [&hog, &filler, &calm] {
        lab.start(it).await.unwrap();
    }
    let attacked = AtomicBool::new(true);
    let attacks = async {
        let all = tokio::join!(
            lab.answer(&environment, json!({"do": "bomb"})),
            lab.failure(&hog, json!({"do": "eat"})),
            lab.answer(&filler, json!({"do": "fill"})),
        );
        attacked.store(false, Ordering::Relaxed);
        all
    };
    let neighbour = async {
        let mut answers = 0;
        while attacked.load(Ordering::Relaxed) {
            assert_eq!(lab.answer(&calm, json!({"do": "count"})).await, 2, "it sees no process but its own");
            answers += 1;
        }
        answers
    };
    let ((bomb, hog, filler), answers) = tokio::join!(attacks, neighbour);
    assert_eq!((&bomb["errno"], hog.0.as_str(), &filler["errno"]), (&json!(11), "Runtime.ExitError", &json!(28)));
    assert!(answers > 0);
    assert_eq!(lab.answer(&calm, json!({"do": "write"})).await, "written", "its own /tmp has room");
    lab.leave().await;
}

#[tokio::test]
async fn answers_of_more_than_6_mb_are_refused() {
    let (lab, environment) = hostile(60).await;
    let (kind, error) = lab.failure(&environment, json!({"do": "large", "size": 6_291_556})).await;
    assert_eq!(kind, "Function.ResponseSizeTooLarge");
    assert_eq!(error["errorMessage"], "Response payload size exceeded maximum allowed payload size (6291556 bytes).");
    let largest = lab.answer(&environment, json!({"do": "large", "size": 6_291_554})).await;
    assert_eq!(largest.as_str().unwrap().len(), 6_291_554);
    lab.leave().await;
}

//! What a function can't do: calls of the kernel that the filter refuses, and anything with what is another function's.

use crate::lab::Lab;
use agent_proto::function::{Credentials, Environment};
use serde_json::json;
use std::{collections::BTreeMap, time::Duration};

/// Calls that a user without capabilities could make, were there no filter: each says its error, or that it was done.
const CALLS: &str = r#"
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
def call(*arguments):
    ctypes.set_errno(0)
    return "done" if libc.syscall(*arguments) >= 0 else ctypes.get_errno()
NUMBERS = {"x86_64": {"unshare": 272, "add_key": 248, "keyctl": 250, "io_uring_setup": 425, "personality": 135},
           "aarch64": {"unshare": 97, "add_key": 217, "keyctl": 219, "io_uring_setup": 425, "personality": 92}}[os.uname().machine]
NEW_USER, NEW_NETWORK, USER_KEYRING, NO_RANDOM_ADDRESSES = 0x10000000, 0x40000000, -4, 0x0040000
def handler(event, context):
    ring = ctypes.create_string_buffer(120)
    return {
        "a user namespace": call(NUMBERS["unshare"], NEW_USER),
        "a network namespace": call(NUMBERS["unshare"], NEW_NETWORK),
        "a key": call(NUMBERS["add_key"], b"user", b"name", b"x", 1, USER_KEYRING),
        "a keyring": call(NUMBERS["keyctl"], 0, USER_KEYRING, 1),
        "a ring": call(NUMBERS["io_uring_setup"], 1, ring),
        "a personality": call(NUMBERS["personality"], NO_RANDOM_ADDRESSES),
    }
"#;

#[tokio::test]
async fn calls_that_the_filter_refuses() {
    let (lab, environment) = Lab::with("python3.11", "app.handler", &[("app.py", CALLS)]).await;
    let refused = lab.answer(&environment, json!({})).await;
    for (what, errno) in refused.as_object().unwrap() {
        assert_eq!(*errno, json!(1), "{what} is refused with EPERM: {refused}");
    }
    lab.leave().await;
}

const MARK: &str = r#"
import os
def handler(event, context):
    with open("/tmp/mark", "w") as file: file.write(os.environ["MARK"])
    return os.environ["MARK"]
"#;
const SPY: &str = r#"
import glob, os
def read(path):
    try:
        with open(path, "rb") as file: return file.read().decode(errors="replace")
    except OSError: return ""
def handler(event, context):
    seen = [path for pattern in ["/tmp/*", "/var/task/*", "/opt/*"] for path in glob.glob(pattern)]
    texts = [read(path) for path in seen] + [read(path) for path in glob.glob("/proc/*/environ") + glob.glob("/proc/*/cmdline") + ["/proc/self/mounts"]]
    return {"seen": sorted(os.path.basename(path) for path in seen), "marked": any(event in text for text in texts),
            "own": os.environ["AWS_ACCESS_KEY_ID"], "processes": [it for it in os.listdir("/proc") if it.isdigit()]}
"#;

#[tokio::test]
async fn two_functions_share_nothing() {
    let mut lab = Lab::new();
    let (mark, spy) = (lab.zip(&[("app.py", MARK), ("secret.txt", "of-the-other")]), lab.zip(&[("app.py", SPY)]));
    let variables = BTreeMap::from([("MARK".to_owned(), "of-the-other".to_owned())]);
    let other = Environment { variables, name: "other".into(), ..lab.environment("python3.11", "app.handler", mark) };
    let credentials = Credentials { access_key_id: "ASIASPY".into(), secret_access_key: "own".into(), token: "own".into() };
    let spy = Environment { credentials, id: lab.env.hex(32), ..lab.environment("python3.11", "app.handler", spy) };
    lab.open().await;
    lab.start(&other).await.unwrap();
    lab.start(&spy).await.unwrap();
    // While the other is awake: it isn't frozen as long as it answers.
    for _ in 0..3 {
        let (marked, seen) = tokio::join!(lab.answer(&other, json!({})), lab.answer(&spy, json!("of-the-other")));
        assert_eq!(marked, "of-the-other");
        assert_eq!(seen["seen"], json!(["app.py"]), "its own code, an empty /tmp, no layer");
        assert_eq!((&seen["marked"], &seen["own"]), (&json!(false), &json!("ASIASPY")), "{seen}");
        assert_eq!(seen["processes"].as_array().unwrap().len(), 2, "process 1 and itself");
    }
    lab.leave().await;
}

/// Python of the host, which the runtime interface is spoken with.
const ENDS: &str = r#"#!/usr/bin/python3 -S
import http.client, json, os, time
def ask(method, path, body=None):
    connection = http.client.HTTPConnection("127.0.0.1", 9001)
    connection.request(method, "/2018-06-01/runtime/" + path, body)
    answer = connection.getresponse()
    return dict((name.lower(), value) for name, value in answer.getheaders()), answer.read()
while True:
    headers, event = ask("GET", "invocation/next")
    if event == b'"hang"': time.sleep(1000)
    if event == b'"exit"': os._exit(1)
    ask("POST", "invocation/%s/response" % headers["lambda-runtime-aws-request-id"], event)
"#;
const WATCH: &str = r#"#!/usr/bin/python3 -S
import http.client, json, sys
def ask(method, path, body, headers):
    connection = http.client.HTTPConnection("127.0.0.1", 9001)
    connection.request(method, "/2020-01-01/extension/" + path, body, headers)
    answer = connection.getresponse()
    return dict((name.lower(), value) for name, value in answer.getheaders()), answer.read()
headers, _ = ask("POST", "register", json.dumps({"events": ["SHUTDOWN"]}), {"Lambda-Extension-Name": "watch"})
_, body = ask("GET", "event/next", None, {"Lambda-Extension-Identifier": headers["lambda-extension-identifier"]})
print("told", json.loads(body)["shutdownReason"], flush=True)
"#;

#[tokio::test]
async fn extensions_are_told_why_it_ends() {
    let mut lab = Lab::new();
    let (zip, layers) = (lab.zip(&[("bootstrap", ENDS)]), vec![lab.zip(&[("extensions/watch", WATCH)])]);
    // What starts anew does so within the time of an invocation.
    let timeout = Duration::from_secs(3);
    let environment = Environment { layers, timeout, memory_mib: 1769, ..lab.environment("provided.al2023", "any", zip) };
    lab.open().await;
    lab.start(&environment).await.unwrap();
    let told =
        || lab.log(&environment).iter().filter_map(|line| line.strip_prefix("told ").map(str::to_owned)).collect::<Vec<_>>();
    for (event, kind, reason) in [("hang", "Sandbox.Timedout", "timeout"), ("exit", "Runtime.ExitError", "failure")] {
        assert_eq!(lab.failure(&environment, json!(event)).await.0, kind);
        assert_eq!(told().last().map(String::as_str), Some(reason));
        assert_eq!(lab.answer(&environment, json!("fine")).await, "fine");
    }
    lab.host_stop(&environment).await;
    assert_eq!(told(), ["timeout", "failure", "spindown"]);
    lab.leave().await;
}

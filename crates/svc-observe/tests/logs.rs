//! CloudWatch Logs through the whole front: bytes in, bytes out.

use agent_proto::{
    Capabilities, Desired, Host, HostError, Observed,
    flow::{FlowChunk, FlowPosition, FlowRecord},
    workload::{LogChunk, LogLine, LogPosition},
};
use front::testing::{Bench, Reply};
use model::{
    AccountId, Key, Region, Timestamp,
    ec2::{FlowLog, FlowLogSpec, FlowTraffic},
    logs::{LogSource, LogSourceSpec, source_id},
};
use serde_json::{Value, json};
use spine::{
    Read, Store,
    reconcile::{ReconcileCx, Reconciler},
};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use svc_observe::logs::{self, Flows, Logs, Pump, Retention, store::LogStore};
use tempfile::TempDir;

struct Cloud {
    bench: Bench,
    events: Arc<LogStore>,
    _folder: TempDir,
}

impl Cloud {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let events = Arc::new(LogStore::new(&folder.path().join("logs")));
        let bench = Bench::on(Store::ephemeral(), |front, store, _| {
            let logs = Arc::new(Logs { store: store.clone(), events: events.clone() });
            front.service(logs::service(&logs))
        });
        Self { bench, events, _folder: folder }
    }

    async fn call(&self, operation: &str, input: Value) -> Reply {
        self.bench.json("logs", operation, input).await
    }

    async fn ok(&self, operation: &str, input: Value) -> Value {
        let reply = self.call(operation, input).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        reply.json()
    }

    async fn fails(&self, operation: &str, input: Value, code: &str) -> String {
        let reply = self.call(operation, input).await;
        assert_eq!(reply.code(), code, "{operation}: {}", reply.text());
        reply.message()
    }

    async fn with_stream() -> Self {
        let cloud = Self::new();
        cloud.ok("CreateLogGroup", json!({"logGroupName": "/app"})).await;
        cloud.ok("CreateLogStream", json!({"logGroupName": "/app", "logStreamName": "one"})).await;
        cloud
    }

    fn now(&self) -> i64 {
        self.bench.env.now().0
    }

    async fn put(&self, stream: &str, messages: &[(i64, &str)]) -> Value {
        let events: Vec<Value> =
            messages.iter().map(|(after, text)| json!({"timestamp": self.now() + after, "message": text})).collect();
        self.ok("PutLogEvents", json!({"logGroupName": "/app", "logStreamName": stream, "logEvents": events})).await
    }

    async fn run(&self, reconciler: &dyn Reconciler) {
        reconciler.reconcile(&ReconcileCx::new(self.bench.store.clone(), self.bench.env.clone())).await.unwrap();
    }
}

fn messages(events: &Value) -> Vec<&str> {
    events["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn groups_come_are_shown_and_go() {
    let cloud = Cloud::new();
    for name in ["/b", "/a/x", "/a/y"] {
        cloud.ok("CreateLogGroup", json!({"logGroupName": name, "tags": {"k": "v"}})).await;
    }
    cloud.fails("CreateLogGroup", json!({"logGroupName": "/b"}), "ResourceAlreadyExistsException").await;
    let page = cloud.ok("DescribeLogGroups", json!({"limit": 2})).await;
    assert_eq!(page["logGroups"][0]["logGroupName"], "/a/x");
    assert_eq!(page["logGroups"][0]["arn"], "arn:aws:logs:us-east-1:111122223333:log-group:/a/x:*");
    let rest = cloud.ok("DescribeLogGroups", json!({"nextToken": page["nextToken"]})).await;
    assert_eq!(rest["logGroups"].as_array().unwrap().len(), 1);
    assert!(rest.get("nextToken").is_none());
    let of_prefix = cloud.ok("DescribeLogGroups", json!({"logGroupNamePrefix": "/a"})).await;
    assert_eq!(of_prefix["logGroups"].as_array().unwrap().len(), 2);
    let of_pattern = cloud.ok("DescribeLogGroups", json!({"logGroupNamePattern": "A/Y"})).await;
    assert_eq!(of_pattern["logGroups"][0]["logGroupName"], "/a/y");
    cloud.ok("DeleteLogGroup", json!({"logGroupName": "/b"})).await;
    let message = cloud.fails("DeleteLogGroup", json!({"logGroupName": "/b"}), "ResourceNotFoundException").await;
    assert_eq!(message, "The specified log group does not exist.");
}

#[tokio::test]
async fn groups_of_other_accounts_and_regions_are_not_seen() {
    let cloud = Cloud::with_stream().await;
    for bench in [cloud.bench.account("444455556666"), cloud.bench.region("eu-west-1")] {
        let reply = bench.json("logs", "DescribeLogGroups", json!({})).await;
        assert_eq!(reply.json()["logGroups"], json!([]));
    }
}

#[tokio::test]
async fn bad_input_is_refused_and_changes_nothing() {
    let cloud = Cloud::with_stream().await;
    let code = "InvalidParameterException";
    cloud.fails("CreateLogGroup", json!({"logGroupName": "no spaces"}), code).await;
    cloud.fails("CreateLogGroup", json!({}), code).await;
    cloud.fails("CreateLogGroup", json!({"logGroupName": "x".repeat(513)}), code).await;
    cloud.fails("CreateLogGroup", json!({"logGroupName": 7}), "SerializationException").await;
    cloud.fails("CreateLogGroup", json!({"logGroupName": "k", "kmsKeyId": "arn:aws:kms:x"}), "NotImplemented").await;
    cloud.fails("CreateLogGroup", json!({"logGroupName": "k", "logGroupClass": "DELIVERY"}), "NotImplemented").await;
    cloud.fails("PutRetentionPolicy", json!({"logGroupName": "/app", "retentionInDays": 2}), code).await;
    cloud.fails("CreateLogStream", json!({"logGroupName": "/app", "logStreamName": "a:b"}), code).await;
    cloud.fails("CreateLogStream", json!({"logGroupName": "/none", "logStreamName": "a"}), "ResourceNotFoundException").await;
    cloud
        .fails("CreateLogStream", json!({"logGroupName": "/app", "logStreamName": "one"}), "ResourceAlreadyExistsException")
        .await;
    cloud.fails("FilterLogEvents", json!({"logGroupName": "/app", "filterPattern": "{ $.a"}), code).await;
    cloud.fails("GetLogEvents", json!({"logGroupName": "/app", "logStreamName": "one", "nextToken": "x"}), code).await;
    cloud.fails("StartQuery", json!({}), "NotImplemented").await;
    let groups = cloud.ok("DescribeLogGroups", json!({})).await;
    assert_eq!(groups["logGroups"].as_array().unwrap().len(), 1);
    assert!(groups["logGroups"][0].get("retentionInDays").is_none());
}

#[tokio::test]
async fn events_are_got_page_by_page_in_both_directions() {
    let cloud = Cloud::with_stream().await;
    cloud.put("one", &[(0, "a"), (1, "b"), (2, "c"), (3, "d")]).await;
    let name = json!({"logGroupName": "/app", "logStreamName": "one", "limit": 2});
    let with = |more: Value| {
        let mut all = name.clone();
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        all
    };
    let head = cloud.ok("GetLogEvents", with(json!({"startFromHead": true}))).await;
    assert_eq!(messages(&head), ["a", "b"]);
    let next = cloud.ok("GetLogEvents", with(json!({"nextToken": head["nextForwardToken"]}))).await;
    assert_eq!(messages(&next), ["c", "d"]);
    let end = cloud.ok("GetLogEvents", with(json!({"nextToken": next["nextForwardToken"]}))).await;
    assert!(messages(&end).is_empty());
    assert_eq!(end["nextForwardToken"], next["nextForwardToken"], "the same token at the end");
    let tail = cloud.ok("GetLogEvents", with(json!({}))).await;
    assert_eq!(messages(&tail), ["c", "d"]);
    let back = cloud.ok("GetLogEvents", with(json!({"nextToken": tail["nextBackwardToken"]}))).await;
    assert_eq!(messages(&back), ["a", "b"]);
    let window = with(json!({"startTime": cloud.now() + 1, "endTime": cloud.now() + 2}));
    assert_eq!(messages(&cloud.ok("GetLogEvents", window).await), ["b"]);
}

#[tokio::test]
async fn filtering_goes_through_all_streams_in_the_order_of_time() {
    let cloud = Cloud::with_stream().await;
    cloud.ok("CreateLogStream", json!({"logGroupName": "/app", "logStreamName": "two"})).await;
    cloud.put("one", &[(0, "ERROR one"), (2, "fine"), (4, "ERROR three")]).await;
    cloud.put("two", &[(0, "ERROR zero"), (3, "ERROR two"), (4, "ERROR four")]).await;
    let mut found = Vec::new();
    let mut token = Value::Null;
    loop {
        let mut input = json!({"logGroupName": "/app", "filterPattern": "ERROR", "limit": 2});
        if token.is_string() {
            input["nextToken"] = token.clone();
        }
        let page = cloud.ok("FilterLogEvents", input).await;
        found.extend(messages(&page).into_iter().map(str::to_owned));
        token = page["nextToken"].clone();
        if token.is_null() {
            break;
        }
    }
    let mut sorted = found.clone();
    sorted.sort();
    sorted.dedup();
    assert_eq!((found.len(), sorted.len()), (5, 5), "{found:?}");
    assert_eq!(found[2], "ERROR two");
    let one = json!({"logGroupName": "/app", "logStreamNames": ["two"], "filterPattern": "ERROR"});
    assert_eq!(messages(&cloud.ok("FilterLogEvents", one).await).len(), 3);
}

#[tokio::test]
async fn retention_and_deletion_sweep_up() {
    let cloud = Cloud::with_stream().await;
    cloud.put("one", &[(0, "old")]).await;
    cloud.ok("PutRetentionPolicy", json!({"logGroupName": "/app", "retentionInDays": 1})).await;
    cloud.bench.advance(Duration::from_secs(2 * 86_400));
    cloud.put("one", &[(0, "new")]).await;
    let retention = Retention::new(cloud.events.clone());
    cloud.run(&retention).await;
    let left = cloud.ok("GetLogEvents", json!({"logGroupName": "/app", "logStreamName": "one"})).await;
    assert_eq!(messages(&left), ["new"]);
    cloud.ok("DeleteLogStream", json!({"logGroupName": "/app", "logStreamName": "one"})).await;
    cloud.run(&retention).await;
    assert!(cloud.events.streams().unwrap().is_empty());
}

#[tokio::test]
async fn tags_by_arn_and_by_name() {
    let cloud = Cloud::with_stream().await;
    let arn = "arn:aws:logs:us-east-1:111122223333:log-group:/app";
    cloud.ok("TagResource", json!({"resourceArn": arn, "tags": {"a": "1", "b": "2"}})).await;
    cloud.ok("UntagLogGroup", json!({"logGroupName": "/app", "tags": ["a"]})).await;
    assert_eq!(cloud.ok("ListTagsForResource", json!({"resourceArn": arn})).await["tags"], json!({"b": "2"}));
    assert_eq!(cloud.ok("ListTagsLogGroup", json!({"logGroupName": "/app"})).await["tags"], json!({"b": "2"}));
    let other = "arn:aws:logs:us-east-1:444455556666:log-group:/app";
    cloud.fails("TagResource", json!({"resourceArn": other, "tags": {"a": "1"}}), "ResourceNotFoundException").await;
}

/// A host with one container, whose output a test writes.
#[derive(Default)]
struct Script {
    lines: Mutex<Vec<&'static str>>,
    ended: Mutex<bool>,
    released: Mutex<u64>,
    flows: Mutex<Vec<FlowRecord>>,
}

#[async_trait::async_trait]
impl Host for Script {
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }
    async fn apply(&self, _: Desired) -> Result<(), HostError> {
        Ok(())
    }
    fn observed(&self) -> tokio::sync::watch::Receiver<Arc<Observed>> {
        tokio::sync::watch::channel(Arc::default()).1
    }
    async fn read_log(&self, _: &str, _: &str, from: LogPosition) -> Result<LogChunk, HostError> {
        let lines = self.lines.lock().unwrap();
        let line = |text: &&str| LogLine { at: Timestamp(5), stderr: false, text: (*text).into() };
        let new = lines.iter().skip(from.0 as usize).map(line).collect();
        Ok(LogChunk { lines: new, next: LogPosition(lines.len() as u64), end: *self.ended.lock().unwrap() })
    }
    async fn release_log(&self, _: &str, _: &str, to: LogPosition) -> Result<(), HostError> {
        *self.released.lock().unwrap() = to.0;
        Ok(())
    }
    async fn flows(&self, from: FlowPosition) -> Result<FlowChunk, HostError> {
        let records = self.flows.lock().unwrap();
        let new = records.iter().skip(from.number as usize).cloned().collect();
        Ok(FlowChunk { records: new, next: FlowPosition { epoch: 1, number: records.len() as u64 } })
    }
    async fn console(&self, machine: &str) -> Result<Vec<u8>, HostError> {
        Err(HostError::Unknown(machine.to_owned()))
    }
}

#[tokio::test]
async fn the_pump_brings_every_line_once_and_says_when_it_is_done() {
    let cloud = Cloud::with_stream().await;
    let (account, region) = (AccountId::parse("111122223333").unwrap(), Region::parse("us-east-1").unwrap());
    let key = Key::<LogSource>::new(&account, &region, source_id("w", "c"));
    let spec = LogSourceSpec {
        host: "local".into(),
        workload: "w".into(),
        container: "c".into(),
        group: "/app".into(),
        stream: "one".into(),
    };
    cloud.bench.store.transact(|tx| tx.create(&key, &spec)).await.unwrap();
    let host = Arc::new(Script::default());
    host.lines.lock().unwrap().extend(["first", "", "second"]);
    // A new pump each time, as after a restart of the server.
    let pump = || Pump::new(host.clone(), cloud.events.clone());
    cloud.run(&pump()).await;
    cloud.run(&pump()).await;
    assert_eq!(*host.released.lock().unwrap(), 3);
    assert!(!cloud.bench.store.snapshot().get(&key).unwrap().unwrap().plan.drained);
    host.lines.lock().unwrap().push("last");
    *host.ended.lock().unwrap() = true;
    cloud.run(&pump()).await;
    assert!(cloud.bench.store.snapshot().get(&key).unwrap().unwrap().plan.drained);
    let got = cloud.ok("GetLogEvents", json!({"logGroupName": "/app", "logStreamName": "one"})).await;
    assert_eq!(messages(&got), ["first", "second", "last"]);
}

#[tokio::test]
async fn what_a_host_counts_for_a_flow_log_is_written_to_its_group_once() {
    let cloud = Cloud::with_stream().await;
    let (account, region) = (AccountId::parse("111122223333").unwrap(), Region::parse("us-east-1").unwrap());
    let spec = FlowLogSpec {
        vpc: "vpc-1".into(),
        resource: "vpc-1".into(),
        traffic: FlowTraffic::Reject,
        group: "flows".into(),
        role: "arn:aws:iam::111122223333:role/flows".into(),
        format: "${interface-id} ${srcaddr} ${dstport} ${action}".into(),
        interval_seconds: 60,
        created_at: Timestamp(0),
        client_token: None,
        tags: Default::default(),
    };
    let key = Key::<FlowLog>::new(&account, &region, "fl-1");
    cloud.bench.store.transact(|tx| tx.create(&key, &spec)).await.unwrap();
    let record = |log: &str, port| FlowRecord {
        log: log.into(),
        interface: "eni-1".into(),
        source: [10, 0, 0, 5].into(),
        destination: [10, 0, 0, 6].into(),
        packet_source: [10, 0, 0, 5].into(),
        packet_destination: [10, 0, 0, 6].into(),
        source_port: 40000,
        destination_port: port,
        protocol: 6,
        packets: 1,
        bytes: 60,
        start: Timestamp(cloud.now()),
        end: Timestamp(cloud.now() + 1),
        accepted: false,
        egress: false,
        tcp_flags: 2,
    };
    let host = Arc::new(Script::default());
    host.flows.lock().unwrap().extend([record("fl-1", 22), record("fl-2", 23)]);
    let flows = Flows::new(host.clone(), cloud.events.clone());
    cloud.run(&flows).await;
    host.flows.lock().unwrap().push(record("fl-1", 80));
    cloud.run(&flows).await;
    let got = cloud.ok("GetLogEvents", json!({"logGroupName": "flows", "logStreamName": "eni-1-reject"})).await;
    assert_eq!(messages(&got), ["eni-1 10.0.0.5 22 REJECT", "eni-1 10.0.0.5 80 REJECT"]);
}

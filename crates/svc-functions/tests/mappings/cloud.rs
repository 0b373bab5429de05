//! A cloud with queues, and functions that are closures.

use agent_proto::function::{Answer, Environment, Found, FunctionError, FunctionFault, FunctionHost, Invocation, Invoked};
use async_trait::async_trait;
use bytes::Bytes;
use front::{
    calls::Calls,
    testing::{Bench, Reply},
};
use model::{
    AccountId, Key, Region,
    lambda::{
        Architecture, Archive, Code, Configuration, Function, FunctionSpec, LATEST, LogFormat, Logging, RecursiveLoop, Release,
        VersionPlan, VersionSpec,
    },
};
use serde_json::{Value, json};
use spine::{Store, reconcile::Runner};
use std::{
    sync::{Arc, Mutex},
    time::Duration,
};
use svc_functions::lambda::{
    self, CodeStore, Lambda,
    invoke::Invoker,
    mapping::Pollers,
    pool::{self, Pool},
};
use svc_identity::iam;
use svc_messaging::sqs::{self, Queues, mail::MailStore};
use tokio::sync::mpsc;

pub const QUEUE: &str = "arn:aws:sqs:us-east-1:111122223333:q";
const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "sts:AssumeRole"}]}"#;
const MAPPINGS: &str = "/2015-03-31/event-source-mappings/";

/// What a function does with an event.
type Handler = fn(&Value) -> Result<Value, ()>;

/// A host whose functions all do the same, and which remembers what they were called with.
struct Closures {
    handler: Handler,
    events: Mutex<Vec<Value>>,
}

#[async_trait]
impl FunctionHost for Closures {
    fn refuses(&self, _: Option<&str>) -> Option<String> {
        None
    }
    fn room_mib(&self) -> u64 {
        64 << 10
    }
    async fn start(&self, _: Environment) -> Result<Duration, FunctionFault> {
        Ok(Duration::from_millis(1))
    }
    async fn invoke(&self, _: &str, invocation: Invocation) -> Result<Invoked, FunctionFault> {
        let event: Value = serde_json::from_slice(&invocation.payload).unwrap();
        let answer = match (self.handler)(&event) {
            Ok(answer) => Answer::Whole(answer.to_string().into()),
            Err(()) => Answer::Failed(FunctionError { kind: "Error".into(), payload: Bytes::from_static(b"{}") }),
        };
        self.events.lock().unwrap().push(event);
        Ok(Invoked { answer, report: None, tail: Bytes::new(), over: false })
    }
    async fn stop(&self, _: &str) -> Result<(), FunctionFault> {
        Ok(())
    }
    async fn found(&self) -> Vec<Found> {
        Vec::new()
    }
    fn ended(&self) -> Option<mpsc::UnboundedReceiver<String>> {
        None
    }
}

pub struct Cloud {
    pub bench: Bench,
    host: Arc<Closures>,
    runner: Runner,
    _folder: tempfile::TempDir,
}

impl Cloud {
    /// With a queue `q`, and a function `f` whose role may use it.
    pub async fn new(handler: Handler) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let host = Arc::new(Closures { handler, events: Mutex::default() });
        let (calls, mut made) = (Calls::default(), None);
        let bench = Bench::on(Store::ephemeral(), |front, store, env| {
            let pool = Pool::new(store.clone(), env.clone(), host.clone(), pool::rules(&*host));
            let invoker = Invoker::new(store.clone(), env.clone(), pool);
            made = Some(invoker.clone());
            let code = Arc::new(CodeStore::open(&folder.path().join("code")).unwrap());
            let functions = Lambda { store: store.clone(), code, calls: calls.clone() };
            let mail = Arc::new(MailStore::new(&folder.path().join("messages")));
            front
                .service(iam::service())
                .service(lambda::service(&Arc::new(functions), &invoker))
                .service(sqs::service(&Queues::new(store.clone(), env.clone(), mail)))
        });
        calls.connect(&bench.front);
        let runner = Runner::new(bench.store.clone(), bench.env.clone());
        runner.spawn(Pollers::new(calls, made.unwrap()));
        let cloud = Self { bench, host, runner, _folder: folder };
        cloud.bench.form("iam", "CreateRole", &[("RoleName", "run"), ("AssumeRolePolicyDocument", TRUST)]).await;
        cloud.permit("sqs:*").await;
        cloud.sqs("CreateQueue", json!({"QueueName": "q"})).await;
        cloud.function("f").await;
        cloud
    }

    /// The role of all functions may do that.
    pub async fn permit(&self, action: &str) {
        let policy =
            json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]}).to_string();
        let parameters = [("RoleName", "run"), ("PolicyName", "p"), ("PolicyDocument", policy.as_str())];
        assert_eq!(self.bench.form("iam", "PutRolePolicy", &parameters).await.status, 200);
    }

    /// A function that is active.
    async fn function(&self, name: &str) {
        let key = Key::<Function>::new(&AccountId::parse("111122223333").unwrap(), &Region::parse("us-east-1").unwrap(), name);
        let spec = FunctionSpec {
            created: self.bench.env.now(),
            id: self.bench.env.uuid(),
            last_version: 0,
            reserved_concurrency: None,
            recursion: RecursiveLoop::Terminate,
            tags: Default::default(),
        };
        let archive = Archive { sha256: "0".repeat(64), size: 1, unzipped: 1 };
        let (revision, modified) = (self.bench.env.uuid(), self.bench.env.now());
        let release = Release { revision, modified, code: Code::Zip(archive), configuration: configuration(name) };
        let version = VersionSpec { release: release.clone() };
        let plan = VersionPlan { settled: Some(release.revision.clone()), failure: None, serving: Some(release) };
        let made = self.bench.store.transact::<_, spine::StoreError>(|tx| {
            tx.create(&key, &spec)?;
            tx.create(&key.version(LATEST), &version)?;
            tx.put_plan(&key.version(LATEST), &plan)
        });
        made.await.unwrap();
    }

    pub async fn sqs(&self, operation: &str, input: Value) -> Value {
        let reply = self.bench.json("sqs", operation, input).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        reply.json()
    }

    pub async fn send(&self, body: &str) {
        self.sqs("SendMessage", json!({"QueueUrl": url("q"), "MessageBody": body})).await;
    }

    /// How many messages a queue has, received or not.
    pub async fn left(&self, queue: &str) -> u64 {
        let found = self.sqs("GetQueueAttributes", json!({"QueueUrl": url(queue), "AttributeNames": ["All"]})).await;
        let count = |name: &str| found["Attributes"][name].as_str().unwrap().parse::<u64>().unwrap();
        count("ApproximateNumberOfMessages") + count("ApproximateNumberOfMessagesNotVisible")
    }

    pub async fn map(&self, more: Value) -> Reply {
        let mut input = json!({"EventSourceArn": QUEUE, "FunctionName": "f"});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.bench.rest("lambda", "POST", MAPPINGS, input).await
    }

    /// Maps the queue to the function; the mapping's uuid.
    pub async fn mapped(&self, more: Value) -> String {
        let reply = self.map(more).await;
        assert_eq!(reply.status, 202, "{}", reply.text());
        self.runner.settle().await.unwrap();
        reply.json()["UUID"].as_str().unwrap().to_owned()
    }

    pub async fn mapping(&self, uuid: &str) -> Value {
        self.bench.rest("lambda", "GET", &format!("{MAPPINGS}{uuid}"), json!({})).await.json()
    }

    pub async fn change(&self, uuid: &str, method: &str, input: Value) -> Reply {
        let reply = self.bench.rest("lambda", method, &format!("{MAPPINGS}{uuid}"), input).await;
        self.runner.settle().await.unwrap();
        reply
    }

    /// The events that functions were called with.
    pub fn events(&self) -> Vec<Value> {
        self.host.events.lock().unwrap().clone()
    }

    /// The bodies of all records that functions were called with.
    pub fn bodies(&self) -> Vec<String> {
        let of = |event: &Value| event["Records"].as_array().cloned().unwrap_or_default();
        self.events().iter().flat_map(of).map(|record| record["body"].as_str().unwrap().to_owned()).collect()
    }

    /// Waits for what the pollers do by themselves.
    pub async fn until(&self, what: &str, holds: impl AsyncFn() -> bool) {
        for _ in 0..2000 {
            if holds().await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{what} did not come true");
    }
}

pub fn url(queue: &str) -> String {
    format!("http://localhost:4566/111122223333/{queue}")
}

fn configuration(name: &str) -> Configuration {
    Configuration {
        role: "arn:aws:iam::111122223333:role/run".into(),
        description: String::new(),
        runtime: Some("python3.12".into()),
        handler: Some("app.handler".into()),
        timeout: 3,
        memory: 128,
        ephemeral_storage: 512,
        architecture: Architecture::X86_64,
        environment: None,
        kms_key: None,
        layers: Vec::new(),
        image_config: None,
        dead_letter: None,
        logging: Logging {
            format: LogFormat::Text,
            application_level: None,
            system_level: None,
            group: format!("/aws/lambda/{name}"),
        },
    }
}

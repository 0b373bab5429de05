//! A front with EventBridge, its scheduler and IAM, and queues that remember what was sent to them. The courier and the reconcilers run when
//! they are told to.

use front::{
    Access, Facts, Service,
    calls::Calls,
    courier::Courier,
    testing::{Bench, Reply, Signer},
};
use logic::policy::Kind;
use model::{
    AccountId, Region,
    delivery::{Caller, Delivery, Request},
};
use serde_json::{Value, json};
use spine::{
    Read, Scope,
    reconcile::{ReconcileCx, Reconciler},
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};
use svc_events::{events, scheduler};
use svc_identity::iam;
use wire::Fault;

/// The account of the tests.
pub const ACCOUNT: &str = "111122223333";

/// What came to a queue.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    pub queue: String,
    pub body: String,
    pub group: Option<String>,
    /// The texts of its attributes.
    pub attributes: Vec<(String, String)>,
}

/// A front with all that events need.
#[derive(Clone)]
pub struct Cloud {
    pub bench: Bench,
    calls: Calls,
    sent: Arc<Mutex<Vec<Message>>>,
}

impl Cloud {
    pub fn new() -> Self {
        let (calls, sent) = (Calls::default(), Arc::default());
        let bench = Bench::new(|front| {
            front.service(iam::service()).service(events::service()).service(scheduler::service()).service(queues(&sent))
        });
        calls.connect(&bench.front);
        Self { bench, calls, sent }
    }

    /// The same cloud, called by the root of another account.
    pub fn account(&self, account: &str) -> Self {
        Self { bench: self.bench.account(account), ..self.clone() }
    }

    /// The same cloud, called by a new user who may do what the statements say.
    pub async fn user(&self, name: &str, statements: Value) -> Self {
        self.iam("CreateUser", &[("UserName", name)]).await;
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        self.iam("PutUserPolicy", &[("UserName", name), ("PolicyName", "p"), ("PolicyDocument", &document)]).await;
        let key = self.iam("CreateAccessKey", &[("UserName", name)]).await;
        let signer =
            Signer { access_key_id: key.element("AccessKeyId"), secret_access_key: key.element("SecretAccessKey"), token: None };
        Self { bench: self.bench.signed_by(signer), ..self.clone() }
    }

    /// Makes a role that a service may assume, and that may do everything; its ARN.
    pub async fn role(&self, name: &str, service: &str) -> String {
        let statement = |statement: Value| json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        let trust = statement(json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}));
        let made = self.iam("CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", &trust)]).await;
        let all = statement(json!({"Effect": "Allow", "Action": "*", "Resource": "*"}));
        self.iam("PutRolePolicy", &[("RoleName", name), ("PolicyName", "p"), ("PolicyDocument", &all)]).await;
        made.element("Arn")
    }

    async fn iam(&self, operation: &str, parameters: &[(&str, &str)]) -> Reply {
        let reply = self.bench.form("iam", operation, parameters).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        reply
    }

    pub async fn call(&self, operation: &str, input: Value) -> Reply {
        self.bench.json("events", operation, input).await
    }

    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        let reply = self.call(operation, input.clone()).await;
        assert_eq!(reply.status, 200, "{operation} {input}: {}", reply.text());
        reply.json()
    }

    /// Calls what has to fail with the code, without changing anything; the error's message.
    pub async fn fails(&self, operation: &str, input: Value, code: &str) -> String {
        // The first call of all is noted: the account in the region, the use of the key.
        self.call("ListEventBuses", json!({})).await;
        let before = self.bench.store.snapshot().revision();
        let reply = self.call(operation, input.clone()).await;
        assert_eq!(reply.code(), code, "{operation} {input}: {} {}", reply.status, reply.text());
        assert_eq!(self.bench.store.snapshot().revision(), before, "{operation} {input} changed something");
        reply.message()
    }

    /// Calls an operation of the scheduler.
    pub async fn scheduler(&self, method: &str, path: &str, input: Value) -> Reply {
        self.bench.rest("scheduler", method, path, input).await
    }

    /// Calls an operation of the scheduler that has to succeed.
    pub async fn done(&self, method: &str, path: &str, input: Value) -> Value {
        let reply = self.scheduler(method, path, input.clone()).await;
        assert_eq!(reply.status, 200, "{method} {path} {input}: {}", reply.text());
        reply.json()
    }

    /// Calls an operation of the scheduler that has to fail with the code, without changing anything; the error's message.
    pub async fn refused(&self, method: &str, path: &str, input: Value, code: &str) -> String {
        let before = self.bench.store.snapshot().revision();
        let reply = self.scheduler(method, path, input.clone()).await;
        let found = reply.headers.get("x-amzn-errortype").map(|it| it.to_str().unwrap().to_owned()).unwrap_or_default();
        assert_eq!(found.split(':').next(), Some(code), "{method} {path} {input}: {} {}", reply.status, reply.text());
        assert_eq!(self.bench.store.snapshot().revision(), before, "{method} {path} {input} changed something");
        reply.message()
    }

    /// Makes a rule on the default bus that sends what matches to the queue `jobs`.
    pub async fn rule(&self, name: &str, pattern: Value) {
        self.ok("PutRule", json!({"Name": name, "EventPattern": pattern.to_string()})).await;
        self.ok("PutTargets", json!({"Rule": name, "Targets": [{"Id": "q", "Arn": queue("jobs")}]})).await;
    }

    /// Puts an event on the default bus.
    pub async fn put(&self, source: &str, detail: Value) -> Value {
        let entry = json!({"Source": source, "DetailType": "test", "Detail": detail.to_string()});
        let done = self.ok("PutEvents", json!({"Entries": [entry]})).await;
        assert_eq!(done["FailedEntryCount"], 0, "{done}");
        done["Entries"][0]["EventId"].clone()
    }

    /// Has a service put an event on the account's default bus.
    pub async fn put_by(&self, by: &Caller, source: &str) -> Result<wire::Value, Fault> {
        let entry = json!({"Source": source, "DetailType": "test", "Detail": "{}"});
        let request = Request::new("events", "PutEvents", &json!({"Entries": [entry]}));
        let (account, region) = (AccountId::parse(ACCOUNT).unwrap(), Region::parse("us-east-1").unwrap());
        self.calls.make(by, (&account, &region), &request).await
    }

    /// Moves the clock, and has everybody do what is due by then.
    pub async fn advance(&self, by: Duration) {
        self.bench.advance(by);
        self.settle().await;
    }

    /// Has the courier and the reconcilers run until nothing is due.
    pub async fn settle(&self) {
        let cx = ReconcileCx::new(self.bench.store.clone(), self.bench.env.clone());
        let courier = Courier::new(self.calls.clone());
        let all: [&dyn Reconciler; 3] = [&events::ScheduledRules, &scheduler::Schedules, &courier];
        loop {
            let before = self.bench.store.snapshot().revision();
            for reconciler in all {
                reconciler.reconcile(&cx).await.expect("a reconciler");
            }
            if self.bench.store.snapshot().revision() == before {
                return;
            }
        }
    }

    /// What has come to the queues since it was last asked, once all is done that is due.
    pub async fn sent(&self) -> Vec<Message> {
        self.settle().await;
        std::mem::take(&mut self.sent.lock().unwrap())
    }

    /// The bodies of what has come, as JSON.
    pub async fn bodies(&self) -> Vec<Value> {
        self.sent().await.iter().map(|it| serde_json::from_str(&it.body).expect("JSON")).collect()
    }

    /// How many deliveries wait.
    pub fn waiting(&self) -> usize {
        self.bench.store.snapshot().specs::<Delivery>(Scope::All).unwrap().len()
    }
}

/// The ARN of a queue.
pub fn queue(name: &str) -> String {
    format!("arn:aws:sqs:us-east-1:{ACCOUNT}:{name}")
}

/// Queues that take what rules send; `broken` can't, `flaky` can't twice, `closed` lets nobody in.
fn queues(sent: &Arc<Mutex<Vec<Message>>>) -> Service {
    let sent = sent.clone();
    let fails = AtomicU32::new(2);
    Service::new(&api::sqs::SERVICE)
        .op::<api::sqs::SendMessage>(
            Access::on(|cx, i: &api::sqs::SendMessageRequest| vec![cx.arn("sqs", name(&i.queue_url))]),
            move |_, _, i| {
                let again = || fails.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok();
                if name(&i.queue_url) == "broken" || (name(&i.queue_url) == "flaky" && again()) {
                    return Err(Fault::server("InternalError", "it is broken"));
                }
                let attributes = i.message_attributes.iter().flatten();
                let attributes = attributes.map(|(name, value)| (name.clone(), value.string_value.clone().unwrap_or_default()));
                sent.lock().unwrap().push(Message {
                    queue: name(&i.queue_url).to_owned(),
                    body: i.message_body.clone(),
                    group: i.message_group_id.clone(),
                    attributes: attributes.collect(),
                });
                Ok(api::sqs::SendMessageResult::default())
            },
        )
        .resources(|_, _, arn| {
            if arn.resource == "closed" {
                return Ok(Facts::default());
            }
            let policy = json!({"Version": "2012-10-17", "Statement": [{
                "Effect": "Allow", "Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn.to_string(),
                "Condition": {"ArnLike": {"aws:SourceArn": format!("arn:aws:events:us-east-1:{ACCOUNT}:rule/*")}},
            }]});
            Ok(Facts::default().with_policy("the queue's policy", &policy.to_string(), Kind::Resource))
        })
}

fn name(url: &str) -> &str {
    url.rsplit('/').next().unwrap_or_default()
}

//! A front with CloudTrail, and with a few operations of other services for it to see.

use api::{iam, logs};
use front::{Access, Call, Check, Recorder, Service, testing::Bench};
use model::{AccountId, Region, Timestamp, iam::Principal};
use serde_json::{Value, json};
use spine::{
    Store,
    reconcile::{ReconcileCx, Reconciler},
};
use std::sync::Arc;
use svc_observe::cloudtrail::{self, Trail, TrailStore};
use tempfile::TempDir;
use wire::Fault;

pub const ACCOUNT: &str = "111122223333";

pub struct Cloud {
    pub bench: Bench,
    pub events: Arc<TrailStore>,
    pub trail: Arc<Trail>,
    retention: cloudtrail::Retention,
    _folder: TempDir,
}

impl Cloud {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let events = Arc::new(TrailStore::new(&folder.path().join("trail")));
        let store = Store::ephemeral();
        let trail = Arc::new(Trail::new(store.clone(), events.clone()));
        let recorder: Arc<dyn Recorder> = trail.clone();
        let bench = Bench::on(store, |front, _, _| {
            front.service(cloudtrail::service(&events)).service(groups()).service(users()).recorder(recorder)
        });
        let retention = cloudtrail::Retention::new(events.clone());
        Self { bench, events, trail, retention, _folder: folder }
    }

    pub async fn ok(&self, operation: &str, input: Value) -> Value {
        let reply = self.bench.json("cloudtrail", operation, input).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        reply.json()
    }

    pub async fn fails(&self, operation: &str, input: Value, code: &str) -> String {
        let reply = self.bench.json("cloudtrail", operation, input).await;
        assert_eq!(reply.code(), code, "{operation}: {}", reply.text());
        reply.message()
    }

    /// The names of the events that a search finds.
    pub async fn names(&self, input: Value) -> Vec<String> {
        let found = self.ok("LookupEvents", input).await;
        let name = |event: &Value| event["EventName"].as_str().unwrap().to_owned();
        found["Events"].as_array().unwrap().iter().map(name).collect()
    }

    /// The newest event of that name, and the record in it.
    pub async fn newest(&self, name: &str) -> (Value, Value) {
        let attributes = json!([{"AttributeKey": "EventName", "AttributeValue": name}]);
        let found = self.ok("LookupEvents", json!({"LookupAttributes": attributes})).await;
        let event = found["Events"][0].clone();
        let record = serde_json::from_str(event["CloudTrailEvent"].as_str().expect("an event")).unwrap();
        (event, record)
    }

    pub async fn make_group(&self, name: &str) {
        self.bench.json("logs", "CreateLogGroup", json!({"logGroupName": name})).await;
    }

    pub async fn sweep(&self) {
        let cx = ReconcileCx::new(self.bench.store.clone(), self.bench.env.clone());
        self.retention.reconcile(&cx).await.unwrap();
    }

    /// A call that somebody has made, as the front tells of it.
    pub fn call(&self, principal: Principal, access_key_id: &str) -> Call {
        let env = &self.bench.env;
        Call {
            event_id: env.uuid(),
            at: env.now(),
            service: &logs::SERVICE,
            operation: "CreateLogGroup",
            region: Region::parse("us-east-1").unwrap(),
            account: AccountId::parse(ACCOUNT).unwrap(),
            principal,
            access_key_id: access_key_id.into(),
            source: Some("::ffff:10.0.0.7".parse().unwrap()),
            user_agent: Some("test/1".into()),
            request_id: "request".into(),
            parameters: json!({"logGroupName": "/app"}),
            response: Value::Null,
            error: None,
            read_only: false,
            checks: vec![check("logs:CreateLogGroup", true)],
        }
    }

    pub fn used(&self, principal: &str, since: Timestamp) -> Vec<String> {
        let name = cloudtrail::noted_name(&principal.parse().unwrap());
        self.events.used(&name, since).unwrap().into_iter().map(|(action, _)| action).collect()
    }
}

pub fn check(action: &str, allowed: bool) -> Check {
    Check { action: action.into(), resource: format!("arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/app"), allowed }
}

fn groups() -> Service {
    Service::new(&logs::SERVICE)
        .op::<logs::CreateLogGroup>(
            Access::on(|cx, i| vec![cx.arn("logs", format!("log-group:{}", i.log_group_name))]),
            |_, _, input| match &*input.log_group_name {
                "taken" => Err(Fault::client("ResourceAlreadyExistsException", "The specified log group already exists")),
                _ => Ok(()),
            },
        )
        .op::<logs::PutLogEvents>(Access::all(), |_, _, _| Ok(Default::default()))
        .op::<logs::DescribeLogGroups>(Access::all(), |_, _, _| Ok(Default::default()))
}

fn users() -> Service {
    Service::new(&iam::SERVICE)
        .op::<iam::CreateLoginProfile>(Access::all(), |_, _, _| {
            Ok(iam::CreateLoginProfileResponse {
                login_profile: iam::LoginProfile {
                    user_name: "anna".into(),
                    create_date: wire::Time(1_767_225_600_000),
                    password_reset_required: None,
                },
            })
        })
        .op::<iam::CreateAccessKey>(Access::all(), |_, _, _| {
            Ok(iam::CreateAccessKeyResponse {
                access_key: iam::AccessKey {
                    user_name: "anna".into(),
                    access_key_id: "AKIAIOSFODNN7EXAMPLE".into(),
                    status: iam::StatusType::Active,
                    secret_access_key: "verysecret".into(),
                    create_date: None,
                },
            })
        })
}

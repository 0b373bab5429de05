//! What a recorder is told, with ECR's and Logs' operations answered by handlers of these tests.

use crate::{Access, Call, Check, Recorder, Service, testing::Bench};
use api::{ecr, logs, sts};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use wire::Fault;

#[derive(Default)]
struct Notebook(Mutex<Vec<Call>>);

impl Recorder for Notebook {
    fn record(&self, call: Call) {
        self.0.lock().unwrap().push(call);
    }

    fn in_full(&self, _: &'static wire::Service, operation: &'static str) -> bool {
        operation != "PutLogEvents"
    }
}

impl Notebook {
    fn only(&self) -> Call {
        let mut calls = std::mem::take(&mut *self.0.lock().unwrap());
        assert_eq!(calls.len(), 1);
        calls.remove(0)
    }
}

fn ecr() -> Service {
    Service::new(&ecr::SERVICE)
        .op::<ecr::CreateRepository>(
            Access::on(|cx, i| vec![cx.arn("ecr", format!("repository/{}", i.repository_name))]),
            |_, _, input| {
                if input.repository_name == "broken" {
                    return Err(Fault::client("RepositoryAlreadyExistsException", "There is one."));
                }
                let repository = ecr::Repository { repository_name: Some(input.repository_name.clone()), ..Default::default() };
                Ok(ecr::CreateRepositoryResponse { repository: Some(repository) })
            },
        )
        .op::<ecr::DescribeRegistry>(Access::all(), |_, _, _| {
            Ok(ecr::DescribeRegistryResponse { registry_id: Some("1".into()), ..Default::default() })
        })
}

fn bench() -> (Bench, Arc<Notebook>) {
    let notebook = Arc::<Notebook>::default();
    let logs = Service::new(&logs::SERVICE).op::<logs::PutLogEvents>(Access::all(), |_, _, _| Ok(Default::default()));
    (Bench::new(|front| front.service(ecr()).service(logs).recorder(notebook.clone())), notebook)
}

#[tokio::test]
async fn a_call_is_told_with_what_was_asked_answered_and_looked_at() {
    let (bench, notebook) = bench();
    bench.json("ecr", "CreateRepository", json!({"repositoryName": "web"})).await;
    let call = notebook.only();
    assert_eq!((call.service.id, call.operation, call.read_only), ("ecr", "CreateRepository", false));
    assert_eq!(
        (call.account.as_str(), call.region.as_str(), &*call.access_key_id),
        ("111122223333", "us-east-1", "111122223333")
    );
    assert_eq!(call.parameters, json!({"repositoryName": "web"}));
    assert_eq!(call.response, json!({"repository": {"repositoryName": "web"}}));
    let resource = "arn:aws:ecr:us-east-1:111122223333:repository/web".to_owned();
    assert_eq!(call.checks, [Check { action: "ecr:CreateRepository".into(), resource, allowed: true }]);
    assert_eq!(call.error, None);
}

#[tokio::test]
async fn readers_show_no_answer_and_what_is_on_everything_says_so() {
    let (bench, notebook) = bench();
    bench.json("ecr", "DescribeRegistry", json!({})).await;
    let call = notebook.only();
    assert_eq!((call.read_only, &call.parameters, &call.response), (true, &Value::Null, &Value::Null));
    assert_eq!(call.checks[0].resource, "*");
}

#[tokio::test]
async fn errors_are_told_those_of_the_handler_and_those_before_it() {
    let (bench, notebook) = bench();
    bench.json("ecr", "CreateRepository", json!({"repositoryName": "broken"})).await;
    let call = notebook.only();
    assert_eq!(call.error, Some(("RepositoryAlreadyExistsException".into(), "There is one.".into())));
    assert_eq!((&call.response, call.checks.len()), (&Value::Null, 1));
    bench.json("ecr", "CreateRepository", json!({})).await;
    assert_eq!(notebook.only().error.unwrap().0, "InvalidParameterException");
}

#[tokio::test]
async fn what_nobody_is_known_to_have_called_or_nobody_has_built_is_not_told() {
    let (bench, notebook) = bench();
    let mut stranger = bench.clone();
    stranger = stranger.account("AKIAIOSFODNN7EXAMPLE");
    assert_eq!(stranger.json("ecr", "DescribeRegistry", json!({})).await.status, 400);
    assert_eq!(bench.json("ecr", "DeleteRepository", json!({"repositoryName": "web"})).await.status, 501);
    assert_eq!(bench.form(sts::SERVICE.id, "GetCallerIdentity", &[]).await.status, 501);
    assert!(notebook.0.lock().unwrap().is_empty());
}

#[tokio::test]
async fn what_is_not_wanted_in_full_is_told_without_its_parameters() {
    let (bench, notebook) = bench();
    let events = json!({"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "m"}]});
    bench.json("logs", "PutLogEvents", events).await;
    let call = notebook.only();
    assert_eq!((call.operation, &call.parameters, call.checks.len()), ("PutLogEvents", &Value::Null, 1));
}

//! A front with API Gateway, logs that are remembered, and functions that answer at once.

use api::lambda as sdk;
use bytes::Bytes;
use front::{
    Access, Answer, Cx, Facts, Service,
    calls::Calls,
    testing::{Bench, Reply},
};
use http::Request;
use logic::policy::Kind;
use model::Arn;
use serde_json::{Value, json};
use spine::{Snapshot, Store};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use svc_gateway::apigatewayv2::{self, Gateway};
use wire::Fault;

pub const ACCOUNT: &str = "111122223333";
/// Long enough that every integration has given up.
const PATIENCE: Duration = Duration::from_secs(31);

/// A cloud with HTTP APIs.
pub struct Cloud {
    pub bench: Bench,
    /// How often a function was called.
    pub called: Arc<AtomicUsize>,
    /// What was written to CloudWatch Logs: group, stream, line.
    pub lines: Arc<Mutex<Vec<[String; 3]>>>,
}

/// What the fake services remember.
struct Seen {
    called: Arc<AtomicUsize>,
    lines: Arc<Mutex<Vec<[String; 3]>>>,
    env: model::Env,
}

impl Cloud {
    pub fn new() -> Self {
        let (calls, called, lines) = (Calls::default(), Arc::<AtomicUsize>::default(), Arc::<Mutex<Vec<_>>>::default());
        let bench = Bench::on(Store::ephemeral(), |front, store, env| {
            let seen = Arc::new(Seen { called: called.clone(), lines: lines.clone(), env: env.clone() });
            front.service(apigatewayv2::service()).service(functions(&seen)).service(logs(&seen)).mount(Gateway::new(
                store.clone(),
                env.clone(),
                calls.clone(),
                true,
            ))
        });
        calls.connect(&bench.front);
        Self { bench, called, lines }
    }

    /// Calls an operation of API Gateway.
    pub async fn call(&self, method: &str, path: &str, input: Value) -> Reply {
        self.bench.rest("apigatewayv2", method, &format!("/v2{path}"), input).await
    }

    /// The same, which has to succeed.
    pub async fn ok(&self, method: &str, path: &str, input: Value) -> Value {
        let reply = self.call(method, path, input).await;
        assert!((200..300).contains(&reply.status), "{method} {path}: {} {}", reply.status, reply.text());
        reply.json()
    }

    /// The same, which has to fail with a code, without changing anything; its message.
    pub async fn fails(&self, method: &str, path: &str, input: Value, code: &str) -> String {
        let before = self.bench.store.snapshot().revision();
        let reply = self.call(method, path, input).await;
        let kind = reply.headers.get("x-amzn-errortype").and_then(|value| value.to_str().ok()).unwrap_or_default();
        assert!(kind.starts_with(code), "{method} {path}: {} {kind} {}", reply.status, reply.text());
        assert_eq!(self.bench.store.snapshot().revision(), before, "{method} {path} changed something");
        reply.message()
    }

    /// An API with a stage that serves everything at once.
    pub async fn api(&self) -> String {
        let api = self.ok("POST", "/apis", json!({"name": "pets", "protocolType": "HTTP"})).await;
        let id = api["apiId"].as_str().unwrap().to_owned();
        self.ok("POST", &format!("/apis/{id}/stages"), json!({"stageName": "$default", "autoDeploy": true})).await;
        id
    }

    /// A route to an integration, with whatever else it has.
    pub async fn route(&self, api: &str, key: &str, integration: Value, more: Value) -> Value {
        let made = self.ok("POST", &format!("/apis/{api}/integrations"), integration).await;
        let target = format!("integrations/{}", made["integrationId"].as_str().unwrap());
        let mut route = json!({"routeKey": key, "target": target});
        route.as_object_mut().unwrap().extend(more.as_object().cloned().unwrap_or_default());
        self.ok("POST", &format!("/apis/{api}/routes"), route).await
    }

    /// Asks an API.
    pub async fn ask(&self, api: &str, method: &str, path: &str) -> Reply {
        self.ask_with(api, Request::builder().method(method).uri(path), "").await
    }

    /// Asks an API with headers and a body.
    pub async fn ask_with(&self, api: &str, request: http::request::Builder, body: &'static str) -> Reply {
        let request = request.header("host", format!("{api}.execute-api.us-east-1.localhost:4566"));
        self.bench.send(request.body(Bytes::from(body)).unwrap()).await
    }

    /// Asks an API whose integration doesn't answer, and lets the time pass.
    pub async fn ask_in_vain(&self, api: &str, path: &str) -> Reply {
        let asking = self.ask(api, "GET", path);
        let waiting = async {
            loop {
                tokio::task::yield_now().await;
                self.bench.advance(PATIENCE);
            }
        };
        tokio::select! {
            reply = asking => reply,
            () = waiting => unreachable!(),
        }
    }

    /// How often functions were called by now.
    pub fn calls(&self) -> usize {
        self.called.load(Ordering::SeqCst)
    }

    /// The lines of the log group, as soon as there are so many.
    pub async fn lines(&self, count: usize) -> Vec<[String; 3]> {
        for _ in 0..10_000 {
            let lines = self.lines.lock().unwrap().clone();
            if lines.len() >= count {
                return lines;
            }
            tokio::task::yield_now().await;
        }
        panic!("there are {:?} only", self.lines.lock().unwrap());
    }
}

/// The ARN of a function.
pub fn function(name: &str) -> String {
    format!("arn:aws:lambda:us-east-1:{ACCOUNT}:function:{name}")
}

/// An integration with a function.
pub fn lambda(name: &str) -> Value {
    json!({"integrationType": "AWS_PROXY", "integrationUri": function(name), "payloadFormatVersion": "2.0"})
}

fn functions(seen: &Arc<Seen>) -> Service {
    let on = |_: &Cx, input: &sdk::InvocationRequest| input.function_name.parse::<Arn>().into_iter().collect::<Vec<_>>();
    Service::new(&sdk::SERVICE).resources(policy).op_async::<sdk::Invoke, _, _>(
        Access::on(on).action("lambda:InvokeFunction"),
        seen,
        invoke,
    )
}

/// API Gateway may call every function but one.
fn policy(_: &Cx, _: &Snapshot, arn: &Arn) -> Result<Facts, Fault> {
    if arn.resource.ends_with("forbidden") {
        return Ok(Facts::default());
    }
    let statement = json!({
        "Effect": "Allow", "Principal": {"Service": "apigateway.amazonaws.com"}, "Action": "lambda:InvokeFunction", "Resource": arn.to_string(),
        "Condition": {"ArnLike": {"aws:SourceArn": format!("arn:aws:execute-api:us-east-1:{ACCOUNT}:*/*")}},
    });
    let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
    Ok(Facts::default().with_policy("function", &document, Kind::Resource))
}

async fn invoke(_: Cx, seen: Arc<Seen>, input: sdk::InvocationRequest) -> Answer<sdk::InvocationResponse> {
    seen.called.fetch_add(1, Ordering::SeqCst);
    let event: Value = serde_json::from_slice(&input.payload.unwrap_or_default()).unwrap_or_default();
    let header = |name: &str| event["headers"][name].as_str().unwrap_or_default().to_owned();
    let (answer, error) = match input.function_name.rsplit(':').next().unwrap_or_default() {
        "hello" => (json!("Hello"), None),
        "made" => (
            json!({"statusCode": 201, "headers": {"x-made": "yes", "access-control-allow-origin": "*"}, "body": "{\"id\": 7}"}),
            None,
        ),
        "wrong" => (json!({"statusCode": "never"}), None),
        "failing" => (json!({"errorMessage": "no"}), Some("Unhandled".to_owned())),
        "throttled" => return Err(Fault::client("TooManyRequestsException", "Rate Exceeded.").status(429)),
        "slow" => {
            seen.env.sleep(PATIENCE * 1000).await;
            (json!("late"), None)
        }
        "allows" => (json!({"isAuthorized": header("x-key") == "open", "context": {"who": "anna", "level": 3}}), None),
        "policy" => {
            let statement = json!({"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "arn:aws:execute-api:*:*:*/$default/GET/*"});
            let document = json!({"Version": "2012-10-17", "Statement": [statement]});
            (json!({"principalId": "anna", "policyDocument": document}), None)
        }
        _ => (json!({"statusCode": 200, "body": event.to_string()}), None),
    };
    let payload = Some(answer.to_string().into());
    Ok(sdk::InvocationResponse { status_code: Some(200), function_error: error, payload, ..sdk::InvocationResponse::default() })
}

fn logs(seen: &Arc<Seen>) -> Service {
    use api::logs as sdk;
    fn allowed(_: &Cx, _: &Snapshot, _: &Arn) -> Result<Facts, Fault> {
        let statement = json!({"Effect": "Allow", "Principal": {"Service": "delivery.logs.amazonaws.com"}, "Action": "logs:*", "Resource": "*"});
        let document = json!({"Version": "2012-10-17", "Statement": [statement]}).to_string();
        Ok(Facts::default().with_policy("logs", &document, Kind::Resource))
    }
    async fn put(_: Cx, seen: Arc<Seen>, input: sdk::PutLogEventsRequest) -> Answer<sdk::PutLogEventsResponse> {
        let line = |event: sdk::InputLogEvent| [input.log_group_name.clone(), input.log_stream_name.clone(), event.message];
        seen.lines.lock().unwrap().extend(input.log_events.into_iter().map(line));
        Ok(sdk::PutLogEventsResponse::default())
    }
    Service::new(&sdk::SERVICE).resources(allowed).op_async::<sdk::PutLogEvents, _, _>(
        Access::on(|cx, input: &sdk::PutLogEventsRequest| vec![cx.arn("logs", format!("log-group:{}", input.log_group_name))]),
        seen,
        put,
    )
}

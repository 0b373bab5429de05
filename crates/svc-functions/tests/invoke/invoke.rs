//! Invocations through the front: what is answered, and what is refused.

use crate::support::Cloud;
use agent_proto::function::{Answer, FunctionError, Invoked, Piece, Report};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::Method;
use model::lambda::{AliasSpec, RecursiveLoop};
use serde_json::{Value, json};
use spine::StoreError;
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use svc_functions::testing::{Handler, echo, obedient, whole};
use tokio::sync::mpsc;

#[tokio::test]
async fn events_have_to_be_json_and_not_too_large() {
    let cloud = Cloud::new(echo()).await;
    cloud.create("f").await;
    assert_eq!(cloud.invoke("f", "", &[]).await.text(), "{}");
    let reply = cloud.invoke("f", "nonsense", &[]).await;
    assert_eq!((reply.status, reply.headers["x-amzn-errortype"].to_str().unwrap()), (400, "InvalidRequestContentException"));
    assert!(reply.message().starts_with("Could not parse request body into json: Could not parse payload into json: "));
    let large = format!("\"{}\"", "x".repeat(6 << 20));
    let reply = cloud.invoke("f", large, &[]).await;
    assert_eq!(
        (reply.status, reply.message().as_str()),
        (413, "Request must be smaller than 6291456 bytes for the InvokeFunction operation")
    );
    let event = format!("\"{}\"", "x".repeat(1 << 20));
    let reply = cloud.invoke("f", event, &[("invocation-type", "Event")]).await;
    assert_eq!(
        (reply.status, reply.message().as_str()),
        (413, "Request must be smaller than 1048576 bytes for the InvokeFunction operation")
    );
    assert_eq!(cloud.host.counts().0, 1);
}

#[tokio::test]
async fn an_error_of_the_function_is_an_answer() {
    let cloud = Cloud::new(obedient()).await;
    cloud.create("f").await;
    let reply = cloud.invoke("f", r#"{"fail": "it broke"}"#, &[("log-type", "Tail")]).await;
    assert_eq!((reply.status, reply.headers["x-amz-function-error"].to_str().unwrap()), (200, "Unhandled"));
    assert_eq!(reply.json(), json!({"errorMessage": "it broke", "errorType": "Error"}));
    let reply = cloud.invoke("f", "1", &[("log-type", "Tail")]).await;
    assert_eq!(reply.headers["x-amz-log-result"], STANDARD.encode("END\n"));
    assert!(!cloud.invoke("f", "1", &[]).await.headers.contains_key("x-amz-log-result"));
}

#[tokio::test]
async fn what_is_not_there_can_not_be_invoked() {
    let cloud = Cloud::new(echo()).await;
    cloud.create("f").await;
    for (name, missing) in [("g", "g"), ("f:7", "f:7"), ("f:live", "f:live")] {
        let reply = cloud.invoke(name, "1", &[]).await;
        let message = format!("Function not found: arn:aws:lambda:us-east-1:111122223333:function:{missing}");
        assert_eq!((reply.status, reply.message()), (404, message));
    }
    assert_eq!(cloud.invoke("f", "1", &[("tenant-id", "a")]).await.status, 501);
}

#[tokio::test]
async fn a_dry_run_runs_nothing() {
    let cloud = Cloud::new(echo()).await;
    cloud.create("f").await;
    let reply = cloud.invoke("f", "1", &[("invocation-type", "DryRun")]).await;
    assert_eq!((reply.status, reply.text().as_str()), (204, ""));
    assert_eq!(cloud.host.counts().0, 0);
    assert_eq!(cloud.invoke("g", "1", &[("invocation-type", "DryRun")]).await.status, 404);
}

#[tokio::test]
async fn an_alias_spreads_its_invocations() {
    let cloud = Cloud::new(echo()).await;
    cloud.create("f").await;
    cloud.release("f", "1", |_| {}).await;
    cloud.release("f", "2", |_| {}).await;
    let weights = BTreeMap::from([("2".to_owned(), 0.3)]);
    let alias = AliasSpec { version: "1".into(), description: String::new(), weights, revision: "r".into() };
    let key = cloud.function("f").alias("live");
    cloud.bench.store.transact::<_, StoreError>(|tx| tx.create(&key, &alias)).await.unwrap();
    let mut second = 0;
    for _ in 0..200 {
        second += u32::from(cloud.invoke("f:live", "1", &[]).await.headers["x-amz-executed-version"] == "2");
    }
    assert!((30..90).contains(&second), "{second} of 200");
}

/// Functions that answer with what they are told besides the event.
fn telling() -> Handler {
    Arc::new(|_, invocation| {
        let told = json!({
            "arn": invocation.invoked_arn, "trace": invocation.trace_id, "context": invocation.client_context,
            "id": invocation.request_id,
        });
        Box::pin(async move { whole(told.to_string()) })
    })
}

#[tokio::test]
async fn a_function_is_told_how_it_was_called() {
    let cloud = Cloud::new(telling()).await;
    cloud.create("f").await;
    let context = STANDARD.encode(r#"{"client": 1}"#);
    let reply = cloud.invoke("f:$LATEST", "1", &[("client-context", &context)]).await;
    let told = reply.json();
    assert_eq!(told["arn"], "arn:aws:lambda:us-east-1:111122223333:function:f:$LATEST");
    assert_eq!(told["context"], r#"{"client": 1}"#);
    assert_eq!(told["id"], reply.headers["x-amzn-requestid"].to_str().unwrap());
    assert!(told["trace"].as_str().unwrap().starts_with("Root=1-6955b900-"));
    assert_eq!(cloud.invoke("f", "1", &[("client-context", "junk!")]).await.status, 400);
}

#[tokio::test]
async fn a_function_that_calls_itself_is_stopped() {
    let cloud = Cloud::new(telling()).await;
    cloud.create("f").await;
    cloud.create_with("g", |spec| spec.recursion = RecursiveLoop::Allow, |_| {}).await;
    for (name, stopped) in [("f", true), ("g", false)] {
        let mut trace = String::from("Root=1-00000000-000000000000000000000000");
        let mut status = 200;
        let mut hops = 0;
        while status == 200 && hops < 20 {
            let path = format!("/2015-03-31/functions/{name}/invocations");
            let reply = cloud.send(Method::POST, &path, "1", &[("x-amzn-trace-id", &trace)]).await;
            status = reply.status;
            trace = reply.json()["trace"].as_str().unwrap_or_default().to_owned();
            hops += 1;
        }
        assert_eq!((status, hops), if stopped { (400, 17) } else { (200, 20) }, "{name}");
    }
}

/// Functions that answer in two pieces, and fail behind them if they are told to.
fn streaming() -> Handler {
    Arc::new(|_, invocation| {
        Box::pin(async move {
            let (sender, pieces) = mpsc::channel(4);
            let fails = invocation.payload.starts_with(b"\"fail");
            let oops = FunctionError { kind: "Oops".into(), payload: Bytes::from_static(b"{\"errorMessage\":\"x\"}") };
            let (duration, billed) = (Duration::from_millis(1), Duration::from_millis(1));
            let report = Report { duration, billed, memory_used_mib: 1, init: None };
            let end = Piece::End { report, tail: Bytes::from_static(b"log") };
            let words = [Piece::Data("one ".into()), Piece::Data("two".into())].into_iter();
            for piece in words.chain(fails.then_some(Piece::Failed(oops))).chain([end]) {
                sender.send(piece).await.unwrap();
            }
            let answer = Answer::Pieces { content_type: Some("text/plain".into()), pieces };
            Ok(Invoked { answer, report: None, tail: Bytes::new(), over: false })
        })
    })
}

/// The messages of an event stream: what happens, and its payload.
fn messages(mut bytes: &[u8]) -> Vec<(String, String)> {
    let number = |bytes: &[u8]| u32::from_be_bytes(bytes[..4].try_into().unwrap()) as usize;
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (length, headers) = (number(bytes), number(&bytes[4..]));
        let head = String::from_utf8_lossy(&bytes[12..12 + headers]).into_owned();
        let name = ["PayloadChunk", "InvokeComplete"].into_iter().find(|name| head.contains(name)).unwrap();
        found.push((name.to_owned(), String::from_utf8_lossy(&bytes[12 + headers..length - 4]).into_owned()));
        bytes = &bytes[length..];
    }
    found
}

#[tokio::test]
async fn an_answer_comes_in_messages() {
    let cloud = Cloud::new(streaming()).await;
    cloud.create("f").await;
    let path = "/2021-11-15/functions/f/response-streaming-invocations";
    let reply = cloud.send(Method::POST, path, "1", &[("x-amz-log-type", "Tail")]).await;
    assert_eq!((reply.status, reply.headers["content-type"].to_str().unwrap()), (200, "application/vnd.amazon.eventstream"));
    assert_eq!(reply.headers["x-amz-executed-version"], "$LATEST");
    let found = messages(&reply.body);
    let texts: Vec<&str> = found.iter().map(|(_, payload)| payload.as_str()).collect();
    assert_eq!((found.len(), &texts[..2]), (3, &["one ", "two"][..]));
    let complete: Value = serde_json::from_str(texts[2]).unwrap();
    assert_eq!(complete, json!({"LogResult": STANDARD.encode("log")}));

    for (headers, log) in [(&[][..], None), (&[("x-amz-log-type", "Tail")], Some(STANDARD.encode("log")))] {
        let reply = cloud.send(Method::POST, path, "\"fail\"", headers).await;
        let last: Value = serde_json::from_str(&messages(&reply.body)[2].1).unwrap();
        let mut expected = json!({"ErrorCode": "Oops", "ErrorDetails": "{\"errorMessage\":\"x\"}"});
        log.into_iter().for_each(|log| expected["LogResult"] = log.into());
        assert_eq!(last, expected);
    }
    assert_eq!(cloud.invoke("f", "1", &[]).await.text(), "one two", "who doesn't stream gets all of it");
    assert_eq!(cloud.host.counts().0, 1, "the environment was free each time");
}

//! Node.js functions, where the host has an interpreter.

use crate::lab::Lab;
use agent_proto::function::{Answer, FunctionHost, Invocation, Piece};
use serde_json::json;

/// Whether the host has one. It is said where a test is left out; where nobody reads it, the test fails.
fn has_node(lab: &Lab) -> bool {
    let has = lab.host().refuses(Some("nodejs20.x")).is_none();
    if !has {
        eprintln!("SKIPPED: there is no Node.js on this host");
        assert!(std::env::var_os("CI").is_none(), "nothing of Node.js is shown without it");
    }
    has
}

async fn node(handler: &str, files: &[(&str, &str)]) -> Option<(Lab, agent_proto::function::Environment)> {
    let mut lab = Lab::new();
    let zip = lab.zip(files);
    let environment = agent_proto::function::Environment { memory_mib: 512, ..lab.environment("nodejs20.x", handler, zip) };
    lab.open().await;
    if !has_node(&lab) {
        lab.leave().await;
        return None;
    }
    lab.start(&environment).await.unwrap();
    Some((lab, environment))
}

#[tokio::test]
async fn handlers_of_every_form_answer() {
    let module = "exports.asynchronous = async (event, context) => ({ event, id: context.awsRequestId, left: context.getRemainingTimeInMillis() > 0 });\n\
                  exports.callback = (event, context, callback) => { setTimeout(() => callback(null, { event, done: true }), 10); };\n\
                  exports.inner = { handler: async (event) => event };\n";
    for (handler, files, expected) in [
        ("index.asynchronous", vec![("index.js", module)], json!({"event": 1, "left": true})),
        ("index.callback", vec![("index.js", module)], json!({"event": 1, "done": true})),
        ("index.inner.handler", vec![("index.cjs", module)], json!(1)),
        ("lib/index.handler", vec![("lib/index.mjs", "export const handler = async (event) => [event];\n")], json!([1])),
        (
            "app.handler",
            vec![
                ("app.js", "export const handler = async (event) => ({ event });\n"),
                ("package.json", "{\"type\": \"module\"}"),
            ],
            json!({"event": 1}),
        ),
    ] {
        let Some((lab, environment)) = node(handler, &files).await else { return };
        let mut answer = lab.answer(&environment, json!(1)).await;
        if let Some(answer) = answer.as_object_mut() {
            answer.remove("id");
        }
        assert_eq!(answer, expected, "{handler}");
        lab.leave().await;
    }
}

#[tokio::test]
async fn errors_are_told_as_node_tells_them() {
    let module = "exports.handler = async (event) => { console.log('seen %s', event); if (event === 'bad') throw new RangeError('too far'); return event; };\n";
    let Some((lab, environment)) = node("index.handler", &[("index.js", module)]).await else { return };
    let (kind, error) = lab.failure(&environment, json!("bad")).await;
    assert_eq!(
        (kind.as_str(), &error["errorType"], &error["errorMessage"]),
        ("RangeError", &json!("RangeError"), &json!("too far"))
    );
    assert_eq!(error["trace"][0], "RangeError: too far");
    assert_eq!(lab.answer(&environment, json!("good")).await, "good");
    let log = lab.log(&environment);
    assert!(log.iter().any(|line| line.ends_with("\tINFO\tseen bad")), "{log:#?}");
    assert!(log.iter().any(|line| line.contains("\tERROR\tInvoke Error \t{\"errorType\":\"RangeError\"")), "{log:#?}");
    lab.leave().await;
}

#[tokio::test]
async fn what_is_not_there_is_said_to_be_missing() {
    for (handler, kind) in [("index.other", "Runtime.HandlerNotFound"), ("none.handler", "Runtime.ImportModuleError")] {
        let Some((lab, environment)) = node(handler, &[("index.js", "exports.handler = async () => 1;\n")]).await else { return };
        assert_eq!(lab.failure(&environment, json!({})).await.0, kind);
        lab.leave().await;
    }
}

#[tokio::test]
async fn a_streaming_handler_streams() {
    let module = "exports.handler = awslambda.streamifyResponse(async (event, stream, context) => {\n\
                  const out = awslambda.HttpResponseStream.from(stream, { statusCode: 201 });\n out.write('one'); out.write('two'); out.end(); });\n";
    let Some((lab, environment)) = node("index.handler", &[("index.js", module)]).await else { return };
    let invocation = Invocation { streams: true, ..lab.invocation(&json!({})) };
    let invoked = lab.host().invoke(&environment.id, invocation).await.unwrap();
    let Answer::Pieces { content_type, mut pieces } = invoked.answer else { panic!("{invoked:?}") };
    assert_eq!(content_type.as_deref(), Some("application/vnd.awslambda.http-integration-response"));
    let mut all = Vec::new();
    while let Some(piece) = pieces.recv().await {
        if let Piece::Data(data) = piece {
            all.extend_from_slice(&data);
        }
    }
    assert_eq!(all, b"{\"statusCode\":201}\0\0\0\0\0\0\0\0onetwo");
    lab.leave().await;
}

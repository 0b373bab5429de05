//! A Lambda function in Rust, as one is written with AWS's runtime crate; it knows nothing of the cloud that runs it.
//!
//! What its event asks for, it does: fail, panic, exit, answer as a stream, answer an HTTP API; else it says what it was told.

use futures::stream::{self, BoxStream, StreamExt};
use lambda_runtime::{Context, Error, FunctionResponse, LambdaEvent, StreamResponse, run, service_fn};
use serde_json::{Value, json};

type Answer = FunctionResponse<Value, BoxStream<'static, Result<String, Error>>>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    println!("the function begins");
    run(service_fn(handler)).await
}

async fn handler(event: LambdaEvent<Value>) -> Result<Answer, Error> {
    let (event, context) = event.into_parts();
    if let Some(parts) = event["stream"].as_array() {
        let parts: Vec<_> = parts.iter().map(|part| Ok(part.as_str().unwrap_or_default().to_owned())).collect();
        return Ok(FunctionResponse::StreamingResponse(StreamResponse::from(stream::iter(parts).boxed())));
    }
    let answer = match wish(&event) {
        Some(("fail", why)) => return Err(why.into()),
        Some(("panic", why)) => panic!("{why}"),
        Some((_, code)) => std::process::exit(code.parse()?),
        None if event["requestContext"]["http"].is_object() => http(&event),
        None => json!({"event": event, "context": said(&context)}),
    };
    Ok(FunctionResponse::BufferedResponse(answer))
}

/// What is to go wrong, and with which words.
fn wish(event: &Value) -> Option<(&'static str, &str)> {
    ["fail", "panic", "exit"].into_iter().find_map(|wish| Some((wish, event[wish].as_str()?)))
}

/// The answer to a request of an HTTP API (payload format 2.0).
fn http(event: &Value) -> Value {
    if event["rawPath"] == "/panic" {
        panic!("on the way");
    }
    let body = json!({"pet": event["pathParameters"]["id"], "body": event["body"], "query": event["queryStringParameters"]});
    json!({"statusCode": 201, "headers": {"content-type": "application/json", "x-made-in": "rust"}, "body": body.to_string()})
}

fn said(context: &Context) -> Value {
    json!({
        "request_id": context.request_id,
        "deadline": context.deadline,
        "arn": context.invoked_function_arn,
        "trace_id": context.xray_trace_id,
        "custom": context.client_context.as_ref().map(|it| &it.custom),
        "function": context.env_config.function_name,
        "version": context.env_config.version,
        "memory": context.env_config.memory,
        "log_group": context.env_config.log_group,
    })
}

//! InvokeWithResponseStream: the answer as the function makes it, in the messages of an event stream.

use super::{Invoker, Ran, Step, Steps, checked, client_context, payload, refuse_unbuilt, wants_tail};
use crate::lambda::{errors, names, pool::Call};
use agent_proto::function::FunctionError;
use api::lambda as sdk;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use front::{Answer, Cx, Incoming, Streamed, body};
use futures::{Stream, stream};
use serde_json::json;
use std::{convert::Infallible, sync::Arc};
use wire::event_stream::{CONTENT_TYPE, empty_event, event};

/// The most bytes of a function's answer in one message.
const LARGEST_CHUNK: usize = 64 << 10;

/// Runs a function, and answers with what it answers as it comes.
pub async fn invoke_with_response_stream(
    cx: Cx,
    invoker: Arc<Invoker>,
    input: sdk::InvokeWithResponseStreamRequest,
    mut body: Incoming,
) -> Answer<Streamed<sdk::InvokeWithResponseStreamResponse>> {
    refuse_unbuilt(input.tenant_id.as_ref(), None)?;
    let named = names::parse(&cx, &input.function_name, input.qualifier.as_deref())?;
    let target = invoker.target(&named)?;
    if input.invocation_type == Some(sdk::ResponseStreamingInvocationType::DryRun) {
        return Ok(sdk::InvokeWithResponseStreamResponse { status_code: Some(204), ..Default::default() }.into());
    }
    let given = match input.payload {
        Some(payload) => payload,
        None => read(&mut body).await?,
    };
    let tail = wants_tail(input.log_type.as_ref());
    let call = Call {
        payload: checked(given, payload::LARGEST)?,
        trace: cx.trace,
        client_context: client_context(input.client_context.as_deref())?,
        streams: true,
        ..Call::new(named.key, named.qualifier, cx.request_id, Bytes::new())
    };
    let Ran { version, invoked, .. } = invoker.run_target(target, call).await?;
    let output = sdk::InvokeWithResponseStreamResponse {
        status_code: Some(200),
        executed_version: Some(version.version().to_owned()),
        response_stream_content_type: Some(CONTENT_TYPE.to_owned()),
    };
    let steps = Steps::of(invoked.answer).with_tail(invoked.tail);
    Ok(Streamed::from(output).body(body::streaming(messages(steps, tail))))
}

async fn read(body: &mut Incoming) -> Answer<Bytes> {
    let mut all = BytesMut::new();
    while let Some(piece) = body.next().await? {
        if all.len() + piece.len() > payload::LARGEST {
            return Err(errors::too_large_request(payload::LARGEST, "InvokeFunction"));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.freeze())
}

/// The messages of an answer: chunks of it, and that it is complete, with the end of what was written if that is wanted.
fn messages(steps: Steps, tail: bool) -> impl Stream<Item = Result<Bytes, Infallible>> + Send {
    stream::unfold(Some(steps), move |steps| async move {
        let mut steps = steps?;
        let error = match steps.next().await {
            Step::Data(bytes) => return Some((Ok(chunks(&bytes)), Some(steps))),
            Step::Failed(error) => Some(error),
            Step::End => None,
        };
        let log = if tail { Some(STANDARD.encode(steps.tail().await)) } else { None };
        Some((Ok(complete(error.as_ref(), log.as_deref())), None))
    })
}

fn chunks(bytes: &Bytes) -> Bytes {
    let mut all = BytesMut::new();
    for chunk in bytes.chunks(LARGEST_CHUNK) {
        all.extend_from_slice(&event("PayloadChunk", "application/octet-stream", chunk));
    }
    all.freeze()
}

fn complete(error: Option<&FunctionError>, log: Option<&str>) -> Bytes {
    let mut said = serde_json::Map::new();
    if let Some(error) = error {
        said.insert("ErrorCode".into(), json!(error.kind));
        said.insert("ErrorDetails".into(), json!(String::from_utf8_lossy(&error.payload)));
    }
    if let Some(log) = log {
        said.insert("LogResult".into(), json!(log));
    }
    if said.is_empty() {
        return empty_event("InvokeComplete");
    }
    event("InvokeComplete", "application/json", serde_json::Value::Object(said).to_string().as_bytes())
}

//! Invoke, and what it was called before.

use super::{Invoker, Ran, Step, Steps, checked, client_context, payload, refuse_unbuilt, wants_tail};
use crate::lambda::{
    names::{self, Named},
    pool::Call,
    queue,
};
use agent_proto::function::Answer as Outcome;
use api::lambda as sdk;
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::{Bytes, BytesMut};
use front::{Answer, Cx};
use std::sync::Arc;

/// What `X-Amz-Function-Error` says: all errors of today's runtimes are of this kind.
const UNHANDLED: &str = "Unhandled";

/// Runs a function and answers with its answer, or queues the event, or does neither.
pub async fn invoke(cx: Cx, invoker: Arc<Invoker>, input: sdk::InvocationRequest) -> Answer<sdk::InvocationResponse> {
    refuse_unbuilt(input.tenant_id.as_ref(), input.durable_execution_name.as_ref())?;
    let named = names::parse(&cx, &input.function_name, input.qualifier.as_deref())?;
    let given = input.payload.unwrap_or_default();
    match input.invocation_type {
        Some(sdk::InvocationType::DryRun) => {
            invoker.target(&named)?;
            Ok(empty(204))
        }
        Some(sdk::InvocationType::Event) => {
            invoker.target(&named)?;
            queue::accept(&cx, &invoker.store, &named, checked(given, payload::LARGEST_EVENT)?).await?;
            Ok(empty(202))
        }
        None | Some(sdk::InvocationType::RequestResponse) => {
            let tail = wants_tail(input.log_type.as_ref());
            let context = client_context(input.client_context.as_deref())?;
            run(cx, invoker, named, given, context, tail).await
        }
    }
}

async fn run(
    cx: Cx,
    invoker: Arc<Invoker>,
    named: Named,
    given: Bytes,
    client_context: Option<String>,
    tail: bool,
) -> Answer<sdk::InvocationResponse> {
    let target = invoker.target(&named)?;
    let call = Call {
        payload: checked(given, payload::LARGEST)?,
        trace: cx.trace,
        client_context,
        ..Call::new(named.key, named.qualifier, cx.request_id, Bytes::new())
    };
    let Ran { version, invoked, .. } = invoker.run_target(target, call).await?;
    let (payload, failed) = whole(invoked.answer).await;
    Ok(sdk::InvocationResponse {
        status_code: Some(200),
        function_error: failed.then(|| UNHANDLED.to_owned()),
        log_result: tail.then(|| STANDARD.encode(&invoked.tail)),
        payload: Some(payload),
        executed_version: Some(version.version().to_owned()),
        durable_execution_arn: None,
    })
}

/// An answer as one payload, and whether it is an error.
pub(crate) async fn whole(outcome: Outcome) -> (Bytes, bool) {
    match outcome {
        Outcome::Whole(payload) => (payload, false),
        Outcome::Failed(error) => (error.payload, true),
        streamed @ Outcome::Pieces { .. } => collect(Steps::of(streamed)).await,
    }
}

async fn collect(mut steps: Steps) -> (Bytes, bool) {
    let mut all = BytesMut::new();
    loop {
        match steps.next().await {
            Step::Data(bytes) => all.extend_from_slice(&bytes),
            Step::Failed(error) => return (error.payload, true),
            Step::End => return (all.freeze(), false),
        }
    }
}

fn empty(status: i32) -> sdk::InvocationResponse {
    sdk::InvocationResponse { status_code: Some(status), ..sdk::InvocationResponse::default() }
}

/// Queues an event, as it was done before there was Invoke.
pub async fn invoke_async(cx: Cx, invoker: Arc<Invoker>, input: sdk::InvokeAsyncRequest) -> Answer<sdk::InvokeAsyncResponse> {
    let named = names::parse(&cx, &input.function_name, None)?;
    invoker.target(&named)?;
    queue::accept(&cx, &invoker.store, &named, checked(input.invoke_args, payload::LARGEST_EVENT)?).await?;
    Ok(sdk::InvokeAsyncResponse { status: Some(202) })
}

//! Invoking functions: what all ways to do it have in common.
//!
//! * `sync`: Invoke.
//! * `stream`: InvokeWithResponseStream.
//! * `payload`: what an event may be. `steps`: an answer as it comes.

mod payload;
mod steps;
mod stream;
mod sync;

pub use payload::{LARGEST, LARGEST_EVENT, checked};
pub use steps::{Step, Steps};
pub use stream::invoke_with_response_stream;
pub(crate) use sync::whole;
pub use sync::{invoke, invoke_async};

use super::{
    errors,
    names::Named,
    pool::{Call, NotRun, Pool, Target, resolve},
};
use agent_proto::function::{Invocation, Invoked};
use api::lambda as sdk;
use front::Answer;
use logic::function::{
    trace::{MOST_HOPS, Trace},
    weights,
};
use model::{
    Env, Key,
    lambda::{RecursiveLoop, Version},
};
use spine::Store;
use std::sync::Arc;
use wire::Fault;

/// What invokes functions. Whoever has one needs no permission: that was looked at before.
pub struct Invoker {
    pub(crate) store: Store,
    pub(crate) env: Env,
    pub(crate) pool: Arc<Pool>,
}

/// What has been run, and what came of it.
pub struct Ran {
    /// The version.
    pub version: Key<Version>,
    /// What came of it.
    pub invoked: Invoked,
    /// The way of the event, with this function on it: `X-Amzn-Trace-Id`.
    pub trace: String,
}

impl Invoker {
    /// One that runs functions in that pool.
    pub fn new(store: Store, env: Env, pool: Arc<Pool>) -> Arc<Self> {
        Arc::new(Self { store, env, pool })
    }

    /// The pool in which it runs them.
    pub fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }

    /// What an invocation by that name runs now.
    ///
    /// # Errors
    /// As those of [`resolve`].
    pub fn target(&self, named: &Named) -> Result<Target, Fault> {
        resolve(&self.store.snapshot(), named, weights::throw(u64::from_le_bytes(self.env.bytes())))
    }

    /// Runs what a call asks for.
    ///
    /// # Errors
    /// If nothing was run: it is throttled, isn't there, isn't active, calls itself in a loop, or the host has failed.
    pub async fn run(&self, call: Call) -> Result<Ran, NotRun> {
        let named = Named { key: call.function.clone(), qualifier: call.qualifier.clone() };
        let target = self.target(&named)?;
        self.run_target(target, call).await
    }

    pub(crate) async fn run_target(&self, target: Target, call: Call) -> Result<Ran, NotRun> {
        let trace = self.trace(&target, &call)?.header();
        let invocation = Invocation {
            request_id: call.request_id,
            payload: call.payload,
            invoked_arn: target.invoked_arn.clone(),
            trace_id: trace.clone(),
            client_context: call.client_context,
            cognito_identity: None,
            streams: call.streams,
        };
        let invoked = self.pool.run(&target, !call.queued, invocation).await?;
        Ok(Ran { version: target.version, invoked, trace })
    }

    /// The trace as the function gets it.
    fn trace(&self, target: &Target, call: &Call) -> Result<Trace, Fault> {
        let function = call.function.arn().to_string();
        let given = call.trace.as_deref().and_then(Trace::read);
        let hops = given.as_ref().map_or(0, |trace| trace.hops(&function));
        if hops >= MOST_HOPS && target.recursion == RecursiveLoop::Terminate {
            return Err(errors::recursive());
        }
        let trace = given.unwrap_or_else(|| Trace::begin(self.env.now(), &self.env.hex(24)));
        Ok(trace.through(&function, &self.env.hex(16)))
    }
}

/// Refuses what would have no effect.
fn refuse_unbuilt(tenant: Option<&String>, durable: Option<&String>) -> Answer<()> {
    let given = [("TenantId", tenant), ("DurableExecutionName", durable)];
    match given.iter().find(|(_, value)| value.is_some()) {
        Some((name, _)) => Err(errors::not_built(format_args!("the parameter {name}"))),
        None => Ok(()),
    }
}

/// The client's context: base64 of JSON (Lambda API reference, `X-Amz-Client-Context`).
fn client_context(given: Option<&str>) -> Answer<Option<String>> {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let Some(given) = given.filter(|given| !given.is_empty()) else { return Ok(None) };
    let text = STANDARD.decode(given).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let json = text.filter(|text| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok());
    json.map(Some).ok_or_else(|| errors::content("Client context must be a valid Base64-encoded JSON object."))
}

/// Whether the caller wants the end of what the function has written.
fn wants_tail(asked: Option<&sdk::LogType>) -> bool {
    asked == Some(&sdk::LogType::Tail)
}

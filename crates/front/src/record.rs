//! What there is to tell of each call of an operation, for whoever keeps a trail of them.
//!
//! The front collects the facts and keeps nothing. Calls whose signature doesn't hold are not told of, nor calls of operations that are not
//! built: neither has reached a service. Without a [`Recorder`] nothing is collected.

mod document;
mod kind;
#[cfg(test)]
mod tests;

use crate::{
    Cx,
    auth::context::{Circumstances, ViaEndpoint},
};
use model::{AccountId, Arn, Env, Region, Timestamp, iam::Principal};
use serde_json::Value as Json;
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};
use wire::{Fault, Operation, Service, Value};

/// Stands where a secret stood, as CloudTrail writes it.
pub use document::HIDDEN;

/// Keeps a trail of calls.
pub trait Recorder: Send + Sync + 'static {
    /// Takes note of a call, before its answer is sent. It may block for as long as a write to memory takes.
    fn record(&self, call: Call);

    /// Whether an operation is wanted in full: with an id, its parameters and its answer, which cost the most.
    fn in_full(&self, service: &'static Service, operation: &'static str) -> bool;
}

/// A call that was answered.
#[derive(Clone, Debug)]
pub struct Call {
    /// A UUID of its own; empty of a call that isn't wanted in full, of which no event is shown.
    pub event_id: String,
    /// When it came.
    pub at: Timestamp,
    /// What was called.
    pub service: &'static Service,
    /// The operation's name.
    pub operation: &'static str,
    /// Where.
    pub region: Region,
    /// The account that it acted in.
    pub account: AccountId,
    /// Who called.
    pub principal: Principal,
    /// With which key.
    pub access_key_id: String,
    /// From which address, where that is known.
    pub source: Option<IpAddr>,
    /// What the client says of itself.
    pub user_agent: Option<String>,
    /// What the answer carries as the request's id.
    pub request_id: String,
    /// What was asked for, with names in lowerCamelCase and without secrets. Null where there is nothing, or nothing was wanted.
    pub parameters: Json,
    /// What was answered, in the same form; null of operations that only read, and of errors.
    pub response: Json,
    /// The error that was answered: its code and its message.
    pub error: Option<(String, String)>,
    /// Whether the operation changes nothing.
    pub read_only: bool,
    /// Which permissions were looked at.
    pub checks: Vec<Check>,
}

/// A permission that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Check {
    /// The IAM action, such as `ecs:RunTask`.
    pub action: String,
    /// The resource's ARN, or `*`.
    pub resource: String,
    /// What came of it.
    pub allowed: bool,
}

/// Where the permissions that a call needs are noted while it is answered. Clones note in the same place.
#[derive(Clone, Debug, Default)]
pub struct Checks(Option<Arc<Mutex<Vec<Check>>>>);

impl Checks {
    /// Notes nothing unless it is `kept`.
    pub(crate) fn new(kept: bool) -> Self {
        Self(kept.then(Arc::default))
    }

    /// Notes that the action was, or was not, allowed on each of the resources; none stands for `*`.
    pub fn note(&self, action: &str, resources: &[Arn], allowed: bool) {
        let Some(noted) = &self.0 else { return };
        let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
        let check = |resource| Check { action: action.to_owned(), resource, allowed };
        if resources.is_empty() {
            noted.push(check("*".to_owned()));
        }
        noted.extend(resources.iter().map(|resource| check(resource.to_string())));
    }

    fn take(&self) -> Vec<Check> {
        let noted = self.0.as_ref().map(|noted| std::mem::take(&mut *noted.lock().unwrap_or_else(PoisonError::into_inner)));
        noted.unwrap_or_default()
    }
}

/// The header that says which events led to a request (X-Ray developer guide, "Tracing header").
const TRACE: http::HeaderName = http::HeaderName::from_static("x-amzn-trace-id");

/// What is known of a request's sender besides the principal.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sender {
    pub(crate) access_key_id: String,
    pub(crate) source: Option<IpAddr>,
    /// The VPC endpoint by way of which it came.
    pub(crate) endpoint: Option<ViaEndpoint>,
    pub(crate) user_agent: Option<String>,
    pub(crate) referer: Option<String>,
    /// `X-Amzn-Trace-Id`.
    pub(crate) trace: Option<String>,
}

impl Sender {
    /// What policies can ask of the way that the request came.
    pub(crate) fn circumstances(&self, region: &Region) -> Circumstances {
        let (user_agent, referer) = (self.user_agent.clone(), self.referer.clone());
        Circumstances { source: self.source, user_agent, referer, region: region.to_string(), endpoint: self.endpoint.clone() }
    }

    pub(crate) fn of(head: &http::request::Parts, access_key_id: &str) -> Self {
        let text =
            |name| head.headers.get(name).map(|text: &http::HeaderValue| String::from_utf8_lossy(text.as_bytes()).into_owned());
        Self {
            access_key_id: access_key_id.to_owned(),
            source: head.extensions.get::<Peer>().map(|peer| peer.0),
            endpoint: head.extensions.get::<ViaEndpoint>().cloned(),
            user_agent: text(http::header::USER_AGENT),
            referer: text(http::header::REFERER),
            trace: text(TRACE),
        }
    }
}

/// The address at the other end of a request's connection: an extension of the request.
#[derive(Clone, Copy, Debug)]
pub struct Peer(pub IpAddr);

/// A call that is being answered.
pub(crate) struct Pending<'a> {
    recorder: &'a dyn Recorder,
    operation: &'static Operation,
    call: Call,
    checks: Checks,
    in_full: bool,
}

impl<'a> Pending<'a> {
    /// Begins with what is known before the handler runs; `input` is absent where it couldn't be read.
    pub(crate) fn new(
        recorder: &'a dyn Recorder,
        env: &Env,
        (service, operation): (&'static Service, &'static Operation),
        cx: &Cx,
        sender: Sender,
        input: Option<&Value>,
    ) -> Self {
        let in_full = recorder.in_full(service, operation.name);
        let parameters =
            input.filter(|_| in_full).and_then(|input| document::of(service, operation.input?, input, "requestParameters"));
        let call = Call {
            event_id: if in_full { env.uuid() } else { String::new() },
            at: cx.now,
            service,
            operation: operation.name,
            region: cx.region.clone(),
            account: cx.account.clone(),
            principal: cx.principal.clone(),
            access_key_id: sender.access_key_id,
            source: sender.source,
            user_agent: sender.user_agent,
            request_id: cx.request_id.clone(),
            parameters: parameters.unwrap_or_default(),
            response: Json::Null,
            error: None,
            read_only: kind::is_read_only(operation.name),
            checks: Vec::new(),
        };
        Self { recorder, operation, call, checks: cx.checks.clone(), in_full }
    }

    /// Ends with what came of it, and hands it over.
    pub(crate) fn end(mut self, answered: Result<&Value, &Fault>) {
        self.call.checks = self.checks.take();
        match answered {
            Ok(output) if self.in_full && kind::shows_answer(self.operation.name) => {
                let response =
                    self.operation.output.and_then(|id| document::of(self.call.service, id, output, "responseElements"));
                self.call.response = response.unwrap_or_default();
            }
            Ok(_) => {}
            Err(fault) => self.call.error = Some((fault.code.to_string(), fault.message.clone())),
        }
        self.recorder.record(self.call);
    }
}

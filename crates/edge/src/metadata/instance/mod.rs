//! The instance metadata service, versions 1 and 2 (EC2 user guide, "Use the Instance Metadata Service to access instance metadata").
//!
//! All that instances find is in the table; who asks is told by the address. Tokens are [sealed](logic::sealer) texts that name their
//! instance, so that nothing has to be remembered, and an edge that was started again knows those of the one before.

mod page;
mod tree;

use super::Body;
use crate::shared::Shared;
use agent_proto::edge::{InstanceMetadata, InstanceMetadataService};
use http::{HeaderMap, Method, Request, Response, StatusCode, header};
use logic::sealer::Sealer;
use model::Timestamp;
use page::{failed, with_type};
use std::{net::IpAddr, time::Duration};

/// A token, in requests.
const TOKEN: &str = "x-aws-ec2-metadata-token";
/// For how many seconds a token is to be good, in requests and answers.
const TOKEN_LIFE: &str = "x-aws-ec2-metadata-token-ttl-seconds";
/// What tokens are sealed for.
const PURPOSE: &str = "instance-metadata";
/// Six hours.
const LONGEST: u64 = 21_600;

/// An answer, and how far it may go.
pub(super) struct Answer {
    pub(super) response: Response<Body>,
    /// The time to live of its packets, where it isn't the usual one.
    pub(super) hop_limit: Option<u8>,
}

/// What an answer depends on beside the request.
pub(super) struct Context<'a> {
    pub(super) service: Option<&'a InstanceMetadataService>,
    pub(super) sealer: &'a Sealer,
    pub(super) now: Timestamp,
    /// For a token.
    pub(super) nonce: [u8; 12],
}

impl<'a> Context<'a> {
    /// What it depends on now.
    pub(super) fn of(shared: &'a Shared, service: Option<&'a InstanceMetadataService>) -> Self {
        Self { service, sealer: &shared.sealer, now: shared.env.now(), nonce: shared.env.bytes() }
    }

    fn instance(&self, from: IpAddr) -> Option<(&'a str, &'a InstanceMetadata)> {
        let (IpAddr::V4(from), service) = (from, self.service?) else { return None };
        let id = service.addresses.get(&from)?;
        Some((id, service.instances.get(id)?))
    }
}

/// Answers who asks from an address.
pub(super) fn answer<B>(request: &Request<B>, from: IpAddr, context: &Context<'_>) -> Answer {
    let Some((id, instance)) = context.instance(from) else { return usual(failed(StatusCode::NOT_FOUND)) };
    if !instance.enabled {
        return usual(failed(StatusCode::FORBIDDEN));
    }
    match *request.method() {
        Method::PUT if request.uri().path() == "/latest/api/token" => {
            Answer { response: token(id, request.headers(), context), hop_limit: Some(instance.hop_limit) }
        }
        Method::GET | Method::HEAD => usual(match admitted(id, instance, request.headers(), context) {
            Ok(()) => tree::find(instance, request.uri().path()),
            Err(status) => failed(status),
        }),
        _ => usual(failed(StatusCode::METHOD_NOT_ALLOWED)),
    }
}

fn usual(response: Response<Body>) -> Answer {
    Answer { response, hop_limit: None }
}

/// A session's token. A request that came by a proxy gets none.
fn token(id: &str, headers: &HeaderMap, context: &Context<'_>) -> Response<Body> {
    if headers.contains_key("x-forwarded-for") {
        return failed(StatusCode::FORBIDDEN);
    }
    let asked = headers.get(TOKEN_LIFE).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    let Some(seconds) = asked.filter(|seconds| (1..=LONGEST).contains(seconds)) else { return failed(StatusCode::BAD_REQUEST) };
    let until = context.now + Duration::from_secs(seconds);
    let mut response = with_type("text/plain", context.sealer.seal(PURPOSE, id, until, context.nonce));
    response.headers_mut().insert(TOKEN_LIFE, seconds.into());
    response
}

/// Whether a request may be answered: with a good token of this instance, or without one where none is required.
fn admitted(id: &str, instance: &InstanceMetadata, headers: &HeaderMap, context: &Context<'_>) -> Result<(), StatusCode> {
    match headers.get(TOKEN) {
        None if instance.tokens_required => Err(StatusCode::UNAUTHORIZED),
        None => Ok(()),
        Some(token) => {
            let whose = token.to_str().ok().and_then(|token| context.sealer.open(PURPOSE, token, context.now));
            if whose.as_deref() == Some(id) { Ok(()) } else { Err(StatusCode::UNAUTHORIZED) }
        }
    }
}

#[cfg(test)]
mod tests;

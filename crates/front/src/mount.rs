//! HTTP routes that are no AWS operations, which a service mounts at the front's address.

use crate::Body;
use async_trait::async_trait;
use http::{Request, Response, request::Parts};
use model::{Env, Region};

/// How a request came in.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The id that the answer may carry.
    pub request_id: String,
    /// `host:port` as the client addressed it.
    pub endpoint: String,
    /// The clock and the dice.
    pub env: Env,
    /// The region of a request that names none.
    pub region: Region,
    /// Whether only the owner of the cloud's machine can have sent the request.
    pub loopback: bool,
}

/// Something that answers requests of its own, such as a container registry.
///
/// It sees requests before any AWS operation does, and authenticates them itself.
#[async_trait]
pub trait Mount: Send + Sync + 'static {
    /// Whether the request is its own.
    fn matches(&self, head: &Parts) -> bool;
    /// Answers it.
    async fn serve(&self, request: Request<Body>, arrival: Arrival) -> Response<Body>;
}

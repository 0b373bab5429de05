//! HTTP routes that are no AWS operations, which a service mounts at the front's address.

use crate::{
    Body, Checks, Cx,
    auth::{authority::Authority, context::Circumstances, gate::Gate},
};
use async_trait::async_trait;
use http::{Request, Response, request::Parts};
use model::{
    AccountId, Env, Key, Region,
    iam::{AccessKey, Principal},
};
use spine::{Read, Store};
use std::sync::Arc;
use wire::Fault;

/// How a request came in.
#[derive(Clone)]
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
    pub(crate) circumstances: Circumstances,
    pub(crate) gate: Arc<Gate>,
}

impl Arrival {
    /// The context in which somebody asks whom the mount knows by a key that was issued, or as an account's root where there is no key;
    /// none if the key isn't good for anything any more. Denials are given in the words of `service`.
    pub fn cx(
        &self,
        store: &Store,
        service: &'static wire::Service,
        account: &AccountId,
        region: &Region,
        key: Option<&str>,
    ) -> Result<Option<Cx>, Fault> {
        let (snapshot, now) = (store.snapshot(), self.env.now());
        let (account, principal, key, authority) = match key {
            None => {
                let authority =
                    Authority::of_keyless(&self.gate, &snapshot, (account, &Principal::Root), &self.circumstances, now);
                (account.clone(), Principal::Root, None, authority)
            }
            Some(id) => {
                let Some(key) = snapshot.spec(&Key::<AccessKey>::of_id(id))?.filter(|key| !key.inactive) else { return Ok(None) };
                let authority = Authority::of_key(&self.gate, &snapshot, (id, &key), &self.circumstances, now)?;
                (key.account.clone(), key.principal.clone(), Some(key), authority)
            }
        };
        Ok(Some(Cx {
            account,
            region: region.clone(),
            principal,
            now,
            env: self.env.clone(),
            request_id: self.request_id.clone(),
            endpoint: self.endpoint.clone(),
            checks: Checks::default(),
            key,
            authority,
            service,
        }))
    }
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

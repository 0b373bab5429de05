//! HTTP routes that are no AWS operations, which a service mounts at the front's address.

use crate::{
    Body, Checks, Cx, Recorder,
    api::host_named,
    auth::{
        authenticate::{Holder, Unknown, holder, holder_of, verify},
        authority::Authority,
        gate::Gate,
        version2, wording,
    },
    record::{Pending, Sender},
};
use async_trait::async_trait;
use http::{Request, Response, request::Parts};
use model::{
    AccountId, Env, Key, Region,
    iam::{AccessKey, AccessKeySpec, Principal},
};
use spine::{Read, Store};
use std::sync::Arc;
use wire::{
    Fault, Time, Value,
    sigv4::{Claim, Head, Keys, Refusal, Scope, Style},
};

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
    pub(crate) sender: Sender,
    pub(crate) gate: Arc<Gate>,
    pub(crate) keys: Arc<Keys>,
    pub(crate) recorder: Option<Arc<dyn Recorder>>,
}

impl Arrival {
    /// The context in which whoever has signed the request asks; none if nobody has. It has to be signed for `signing_name`, such as
    /// `execute-api`; faults are given in the words of `service`.
    ///
    /// # Errors
    /// Those of a signature that doesn't hold.
    pub fn identify(
        &self,
        store: &Store,
        (service, signing_name): (&'static wire::Service, &str),
        head: &Parts,
        body: &[u8],
    ) -> Result<Option<Cx>, Fault> {
        let (snapshot, now) = (store.snapshot(), self.env.now());
        let unknown = |why| wording::unknown(service, why, Time(now.0));
        let headers = host_named(head.headers.clone(), &head.uri);
        let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
        let signed = Head { method: head.method.as_str(), path, query, headers: &headers };
        let claim = Claim::read(signed).map_err(|refusal| unknown(Unknown::Refused(refusal)))?;
        let Some(claim) = claim else { return Ok(None) };
        if claim.scope.service != signing_name {
            let message = format!("Credential should be scoped to correct service: '{signing_name}'.");
            return Err(unknown(Unknown::Refused(Refusal::Incomplete(message))));
        }
        let holder = holder(&claim, &snapshot, self.loopback, now).map_err(unknown)?;
        let identity = verify(&claim, holder, signed, Some(body), Style::Common, now, &self.keys).map_err(unknown)?;
        let authority = self.gate.authority(&snapshot, &identity, self.sender.circumstances(&identity.region), now)?;
        let who = (identity.account, identity.principal, identity.key);
        Ok(Some(self.context(service, identity.region, who, authority)))
    }

    /// The context in which somebody asks of whom nothing is known, about something of that account.
    pub fn anonymous(
        &self,
        store: &Store,
        service: &'static wire::Service,
        account: &AccountId,
        region: &Region,
    ) -> Result<Cx, Fault> {
        let circumstances = self.sender.circumstances(region);
        let who = (account, &Principal::Anonymous);
        let authority = Authority::of_keyless(&self.gate, &store.snapshot(), who, circumstances, self.env.now())?;
        Ok(self.context(service, region.clone(), (account.clone(), Principal::Anonymous, None), authority))
    }

    /// The address at the other end of the connection; none of one that came by a socket of this machine.
    pub fn source(&self) -> Option<std::net::IpAddr> {
        self.sender.source
    }

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
        let circumstances = self.sender.circumstances(region);
        let (account, principal, key, authority) = match key {
            None => {
                let authority = Authority::of_keyless(&self.gate, &snapshot, (account, &Principal::Root), circumstances, now)?;
                (account.clone(), Principal::Root, None, authority)
            }
            Some(id) => {
                let Some(key) = snapshot.spec(&Key::<AccessKey>::of_id(id))?.filter(|key| !key.inactive) else { return Ok(None) };
                let authority = Authority::of_key(&self.gate, &snapshot, (id, key.clone()), circumstances, now)?;
                (key.account.clone(), key.principal.clone(), Some(key), authority)
            }
        };
        Ok(Some(self.context(service, region.clone(), (account, principal, key), authority)))
    }

    /// The context of whoever has signed a text by Signature Version 4, with a credential as it stands in signatures and the token
    /// of temporary ones: what a form carries.
    ///
    /// # Errors
    /// In the words of `service`: that the key isn't good, or the signature is another text's.
    pub fn signer(
        &self,
        store: &Store,
        service: &'static wire::Service,
        (credential, token): (&str, Option<&str>),
        text: &[u8],
        signature: &str,
    ) -> Result<Cx, Fault> {
        let unknown = |why| wording::unknown(service, why, Time(self.env.now().0));
        let scope = Scope::parse(credential).map_err(|refusal| unknown(Unknown::Refused(refusal)))?;
        let region = Region::parse(&scope.region).map_err(|_| unknown(Unknown::BadRegion(scope.region.clone())))?;
        let verifies = |secret: &str| {
            let signature = hex::decode(signature).unwrap_or_default();
            self.keys.derive(secret, &scope).verifies(text, &signature)
        };
        self.holder(store, service, (&scope.access_key, token), &region, verifies)
    }

    /// As [`Arrival::signer`], by Signature Version 2, whose credential is a key's id alone, and whose signature is Base64; it is made for
    /// no region.
    ///
    /// # Errors
    /// As of [`Arrival::signer`].
    pub fn signer_by_version_2(
        &self,
        store: &Store,
        (service, region): (&'static wire::Service, &Region),
        key: (&str, Option<&str>),
        text: &[u8],
        signature: &str,
    ) -> Result<Cx, Fault> {
        self.holder(store, service, key, region, |secret| version2::verifies(secret, text, signature))
    }

    /// The context of the holder of a key, with the token of temporary ones, if a signature is by its secret.
    fn holder(
        &self,
        store: &Store,
        service: &'static wire::Service,
        (id, token): (&str, Option<&str>),
        region: &Region,
        verifies: impl FnOnce(&str) -> bool,
    ) -> Result<Cx, Fault> {
        let (snapshot, now) = (store.snapshot(), self.env.now());
        let unknown = |why| wording::unknown(service, why, Time(now.0));
        let circumstances = self.sender.circumstances(region);
        let key = match holder_of(id, token, &snapshot, self.loopback, now).map_err(unknown)? {
            Holder::Tutorial(account) => {
                let authority = Authority::of_keyless(&self.gate, &snapshot, (&account, &Principal::Root), circumstances, now)?;
                return Ok(self.context(service, region.clone(), (account, Principal::Root, None), authority));
            }
            Holder::Issued(key) => key,
        };
        if !verifies(&key.secret) {
            return Err(unknown(Unknown::mismatch()));
        }
        let authority = Authority::of_key(&self.gate, &snapshot, (id, key.clone()), circumstances, now)?;
        Ok(self.context(service, region.clone(), (key.account.clone(), key.principal.clone(), Some(key)), authority))
    }

    fn context(
        &self,
        service: &'static wire::Service,
        region: Region,
        (account, principal, key): (AccountId, Principal, Option<Arc<AccessKeySpec>>),
        authority: Authority,
    ) -> Cx {
        Cx {
            account,
            region,
            principal,
            now: self.env.now(),
            env: self.env.clone(),
            request_id: self.request_id.clone(),
            endpoint: self.endpoint.clone(),
            trace: self.sender.trace.clone(),
            checks: Checks::new(self.recorder.is_some()),
            key,
            authority,
            service,
        }
    }

    /// Tells whoever keeps a trail of the calls of a request that did what an operation of the API does, and what came of it.
    pub fn tell(&self, cx: &Cx, operation: &str, answered: &Result<(), Fault>) {
        let operation = cx.service.operations.iter().find(|known| known.name == operation);
        let (Some(recorder), Some(operation)) = (&self.recorder, operation) else { return };
        let access_key_id = cx.access_key_id().unwrap_or_else(|| cx.account.as_str());
        let sender = Sender { access_key_id: access_key_id.to_owned(), ..self.sender.clone() };
        let answered = answered.as_ref().map(|()| &Value::Null);
        Pending::new(&**recorder, &self.env, (cx.service, operation), cx, sender, None).end(answered);
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

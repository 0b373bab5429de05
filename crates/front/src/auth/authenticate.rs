//! From a signature to a principal.

use super::credentials::tutorial_account;
use model::{
    AccountId, Key, Region, Timestamp,
    iam::{AccessKey, AccessKeySpec, Principal},
};
use spine::{Read, Snapshot, StoreError};
use std::sync::Arc;
use wire::{
    Time,
    sigv4::{Claim, Head, Keys, Refusal, SigningKey, Style},
};

/// Why nobody is known to have made the request.
#[derive(Debug)]
pub(crate) enum Unknown {
    /// It has no signature.
    Unsigned,
    /// The signature doesn't hold.
    Refused(Refusal),
    /// There is no such key, or its token is another one.
    NoSuchKey,
    /// A key of the tutorials, on an address that others can reach.
    TutorialKey,
    /// Temporary credentials that have expired.
    Expired,
    /// The region in the scope can't be one.
    BadRegion(String),
    /// The store couldn't be read.
    Store(StoreError),
}

impl Unknown {
    /// A signature of something else than a request, which isn't by the key's secret: there is nothing to compare it with.
    pub(crate) fn mismatch() -> Self {
        Self::Refused(Refusal::Mismatch { canonical_request: String::new(), string_to_sign: String::new() })
    }
}

/// Whom a key stands for, before the signature is known to hold.
#[derive(Debug)]
pub(crate) enum Holder {
    /// A key of the tutorials: whatever it signed is accepted.
    Tutorial(AccountId),
    /// A key that was issued.
    Issued(Arc<AccessKeySpec>),
}

/// Who makes a request.
#[derive(Debug)]
pub(crate) struct Identity {
    pub(crate) account: AccountId,
    pub(crate) principal: Principal,
    pub(crate) region: Region,
    /// The key that was issued; absent for keys of the tutorials.
    pub(crate) access_key_id: Option<String>,
    /// What that key is good for.
    pub(crate) key: Option<Arc<AccessKeySpec>>,
    /// What signs the chunks of the body; absent for keys of the tutorials, whose signatures are not checked.
    pub(crate) signing_key: Option<SigningKey>,
}

/// Whose key the signature names. Costs no hashing, so that the body needn't be read for a stranger.
pub(crate) fn holder(claim: &Claim, snapshot: &Snapshot, loopback: bool, now: Timestamp) -> Result<Holder, Unknown> {
    holder_of(&claim.scope.access_key, claim.session_token.as_deref(), snapshot, loopback, now)
}

/// Whose key that is, with the token of temporary credentials.
pub(crate) fn holder_of(
    id: &str,
    token: Option<&str>,
    snapshot: &Snapshot,
    loopback: bool,
    now: Timestamp,
) -> Result<Holder, Unknown> {
    if let Some(account) = tutorial_account(id) {
        return if loopback { Ok(Holder::Tutorial(account)) } else { Err(Unknown::TutorialKey) };
    }
    let key = snapshot.spec(&Key::<AccessKey>::of_id(id)).map_err(Unknown::Store)?.ok_or(Unknown::NoSuchKey)?;
    if key.inactive {
        return Err(Unknown::NoSuchKey);
    }
    let session = key.session.as_ref();
    if token != session.map(|session| &*session.token) {
        return Err(Unknown::NoSuchKey);
    }
    if session.is_some_and(|session| session.expires_at <= now) {
        return Err(Unknown::Expired);
    }
    Ok(Holder::Issued(key))
}

/// Whether the signature is the holder's. Without a body, what the claim says of it is taken as said.
pub(crate) fn verify(
    claim: &Claim,
    holder: Holder,
    head: Head<'_>,
    body: Option<&[u8]>,
    style: Style,
    now: Timestamp,
    keys: &Keys,
) -> Result<Identity, Unknown> {
    let region = Region::parse(&claim.scope.region).map_err(|_| Unknown::BadRegion(claim.scope.region.clone()))?;
    match holder {
        Holder::Tutorial(account) => {
            Ok(Identity { account, principal: Principal::Root, region, access_key_id: None, key: None, signing_key: None })
        }
        Holder::Issued(key) => {
            let verified = match body {
                Some(body) => claim.verify(head, body, &key.secret, style, Time(now.0), keys),
                None => claim.verify_head(head, &key.secret, style, Time(now.0), keys),
            };
            let signing_key = verified.map_err(Unknown::Refused)?;
            let (account, principal) = (key.account.clone(), key.principal.clone());
            let access_key_id = Some(claim.scope.access_key.clone());
            Ok(Identity { account, principal, region, access_key_id, key: Some(key), signing_key: Some(signing_key) })
        }
    }
}

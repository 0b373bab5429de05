//! Security Token Service: who somebody is, and credentials that last for a while.
//!
//! Built: who the caller is; sessions of roles, of users, of whom users let in, and of the bearers of tokens of OpenID Connect providers;
//! messages that explain denials. Not built: SAML, the root of member accounts, devices for multi-factor authentication, trusted contexts,
//! tokens of the account's own, delegated access tokens.
//!
//! How the rooms hang together:
//!
//! * `ops/`: the operations. [`roles`]: roles by their ARN, and their trust. [`views`]: what is shown. `errors`: every refusal.
//! * `durations`, `tags`, `packed`, `narrowing`, `keys`: what becomes of a request for a session; decisions that need little but their
//!   arguments.
//! * `web/`: tokens of identity providers.
//! * `reconcile/`: forgets credentials that have expired, and renews those of workloads.

mod durations;
mod errors;
mod keys;
mod narrowing;
mod ops;
mod packed;
mod reconcile;
mod roles;
mod tags;
mod views;
mod web;

pub use reconcile::{Expired, Workloads};

use api::sts as sdk;
use front::{Access, Service};
use ops::{callers, roles as role, users, web_identities};
use spine::Store;
use std::sync::Arc;

/// What the operations work with that ask others.
pub struct Sts {
    store: Store,
    providers: oidc::Providers,
}

impl Sts {
    /// On a store. Identity providers on the loopback interface may be asked without TLS, if `plain_on_loopback`: where nobody but the owner
    /// of the machine can name one.
    pub fn new(store: Store, plain_on_loopback: bool) -> Arc<Self> {
        Arc::new(Self { store, providers: oidc::Providers::new(plain_on_loopback) })
    }
}

/// The service's table.
pub fn service(sts: &Arc<Sts>) -> Service {
    Service::new(&sdk::SERVICE)
        .resources(roles::facts)
        .op::<sdk::GetCallerIdentity>(Access::anyone(), callers::identity)
        .op::<sdk::GetAccessKeyInfo>(Access::all(), callers::key_info)
        .op::<sdk::DecodeAuthorizationMessage>(Access::all(), callers::decode)
        .op::<sdk::AssumeRole>(Access::found(role::assumed).keys(role::assume_request), role::assume)
        .op_async::<sdk::AssumeRoleWithWebIdentity, _, _>(Access::anyone(), sts, web_identities::assume)
        // Authentication can't be denied by policies (IAM user guide, "Permissions for GetSessionToken").
        .op::<sdk::GetSessionToken>(Access::anyone(), users::session_token)
        .op::<sdk::GetFederationToken>(Access::found(users::federated).keys(users::federation_request), users::federation_token)
}

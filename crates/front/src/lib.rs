//! The front: every request enters here, and every answer leaves here.
//!
//! ```text
//! bytes ─► server ─► Front::respond ─┬─► balancer host: to the edge
//!                                    ├─► /_hillfog/…: Admin
//!                                    ├─► a Mount (the registry's /v2/)
//!                                    └─► Api: locate ─► authenticate ─► decode ─► authorize ─► handler ─► encode
//! ```
//!
//! A service is a [`Service`]: a table from operations to functions. The front knows no service by name, and decides nothing
//! about what a service does.

pub mod admin;
mod api;
mod attempt;
mod auth;
pub mod body;
pub mod calls;
pub mod courier;
mod cx;
mod event;
pub mod host;
mod incoming;
pub mod keys;
pub mod kms;
mod locate;
mod mount;
pub mod page;
mod presigned;
mod proxy;
mod query;
mod record;
pub mod records;
mod respond;
mod server;
mod streamed;
mod table;
pub mod testing;
#[cfg(test)]
mod tests;
mod touch;
mod unsigned;

pub use admin::{Admin, PlannedEvent};
pub use auth::{
    assume::{NotAssumed, ServicePrincipal, assume_for_service, may_assume, role_at},
    authority::Authority,
    behalf::Behalf,
    credentials, encoded,
    facts::{Facts, FactsOf, ResourcePolicy},
    workload::{CredentialsWish, CurrentCredentials, current_credentials, current_key, give_credentials, renew_credentials},
};
pub use body::Body;
pub use cx::Cx;
pub use event::AwsEvent;
pub use incoming::Incoming;
pub use model::iam::Principal;
pub use mount::{Arrival, Mount};
pub use record::{Call, Check, Checks, HIDDEN, Peer, Recorder};
pub use respond::{Config, Entrance, Front, GATEWAY_VIA};
pub use server::{Listen, serve};
pub use streamed::Streamed;
pub use table::{Access, Answer, Service, Tagging};

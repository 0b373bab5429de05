//! Lambda: functions, and what invokes them.
//!
//! Built: functions from zips and container images, versions, aliases with weights, layers, policies, URLs, concurrency, the treatment of
//! events, tags. Not built: VPCs, file systems, SnapStart, code signing, durable functions, capacity providers, tenancy.
//!
//! How the rooms hang together:
//!
//! * `ops/`: the operations, by what they are about: read the input, check, one transaction, a view.
//! * [`names`], [`find`]: what requests call things, and the things. `views`: from records to what the API shows. [`errors`]: every
//!   refusal, a constructor each.
//! * `configuration/`: what a function can be configured to be. [`environment`]: its variables, which are kept encrypted.
//! * [`code`]: the bytes.
//! * `access`, `table`: who may call what, on what.
//! * [`pool`]: the environments that functions run in. [`invoke`]: invocations that are waited for. [`queue`]: events that aren't.
//!   [`urls`]: functions behind HTTP.
//! * [`mapping`]: queues whose messages are handed to functions.
//! * `reconcile/`: brings releases into service, and frees the bytes that nothing needs any more.

mod access;
pub mod code;
mod configuration;
pub mod environment;
pub mod errors;
pub mod find;
pub mod invoke;
pub mod mapping;
pub mod names;
mod ops;
mod page;
pub mod pool;
pub mod queue;
mod reconcile;
mod table;
pub mod urls;
mod views;

pub use code::{CodeStore, Downloads};
pub use reconcile::{Releases, Sweeper};

use front::{Service, calls::Calls};
use invoke::Invoker;
use spine::Store;
use std::sync::Arc;

/// What the operations that move bytes work with.
pub struct Lambda {
    /// The records.
    pub store: Store,
    /// The zips.
    pub code: Arc<CodeStore>,
    /// How objects are fetched.
    pub calls: Calls,
}

/// The service.
pub fn service(lambda: &Arc<Lambda>, invoker: &Arc<Invoker>) -> Service {
    let service = Service::new(&api::lambda::SERVICE).resources(access::facts);
    table::invocations(table::rows(service, lambda), invoker)
}

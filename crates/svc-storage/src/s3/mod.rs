//! S3: buckets and objects.
//!
//! | room | what is in it |
//! |---|---|
//! | `ops/` | the operations |
//! | `blobs/` | the bytes of objects, in files, encrypted |
//! | `encryption/` | who seals the keys of those bytes |
//! | `versions` | what putting and deleting does to the versions of a key |
//! | `rules/` | decisions that depend on nothing but their arguments |
//! | `facts`, `acl` | what decisions about who may do what are made by |
//! | `notify` | what is told of events, and to whom |
//! | `browser/` | what browsers do that is no operation: preflights, and uploads of forms |
//! | `reconcile/` | the lifecycle of objects, copies of what is archived, and the files that a crash has left |
//!
//! Not built: replication, websites, logs of access, acceleration, inventories, access points, MFA delete, selecting
//! from archives, notifications to SNS, requester pays, encryption in two layers (DSSE-KMS).

mod acl;
mod blobs;
mod browser;
mod checksum;
mod digest;
mod draft;
mod encryption;
mod errors;
mod facts;
mod find;
mod names;
mod notify;
mod ops;
mod receive;
mod reconcile;
mod rules;
mod settings;
mod table;
mod versions;

pub use blobs::Blobs;
pub use browser::Browser;
pub use reconcile::{Lifecycle, Restores, Sweeper};

use front::{Service, calls::Calls};
use spine::Store;
use std::sync::Arc;

/// What S3 works with.
pub struct Storage {
    /// The records.
    pub store: Store,
    /// The bytes.
    pub blobs: Arc<Blobs>,
    /// The way to the destinations of notifications.
    pub calls: Calls,
}

/// The service.
pub fn service(s3: &Arc<Storage>) -> Service {
    let service = Service::new(&api::s3::SERVICE)
        .resources(facts::facts)
        .policies_bind_root()
        .unsigned(facts::unsigned)
        .inspect(digest::inspect)
        // Nothing is laid down, but the account is known from then on: lists name accounts by ids that tell nothing of them.
        .first_touch(|_, _| Ok(()))
        .dress(browser::dress);
    table::objects(table::buckets(service, s3), s3)
}

//! The spine of the control plane: where every durable fact is kept, how its change is noticed, and what runs because of it.
//!
//! * [`store`]: records under typed keys, in optimistic transactions over snapshots.
//! * [`engine`]: what keeps them: byte keys, byte values and revisions, with etcd's data model. Services never see it.
//! * [`reconcile`]: loops that look at a snapshot, decide, and commit.
//! * [`crash`]: places at which tests make the store fail or die.
//!
//! Blobs, log lines and metric points are no records and have no place here.

pub mod crash;
pub mod engine;
mod error;
mod fault;
pub mod reconcile;
pub mod store;

pub use engine::Revision;
pub use error::StoreError;
pub use store::{Options, Read, Row, Rows, Scope, Snapshot, Specs, Store, Tx, Watch};

//! Event source mappings: queues whose messages are handed to functions.
//!
//! Built: SQS. Not built: streams, Kafka, message brokers and document databases, with the parameters that they alone have; filters that are
//! encrypted by a key of the caller's, metrics, logging levels, provisioned pollers.
//!
//! * `ops`: the operations. `wish`: what can be asked for. `views`: what they answer.
//! * `pollers`: the reconciler that starts and ends pollers. `poll`: one of them. `batch`: what becomes of a batch. `event`: a batch as the
//!   function sees it.
//!
//! Nothing that a poller knows is in the store: what it has received and not deleted comes back by itself when its visibility ends, whether the
//! server was killed or the function failed.

mod batch;
mod event;
pub(super) mod ops;
mod poll;
mod pollers;
mod views;
mod wish;

pub use ops::on;
pub use pollers::Pollers;

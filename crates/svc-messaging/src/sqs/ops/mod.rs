//! The operations: parse, check, act, view.

pub mod attributes;
pub mod batch;
pub mod delete;
pub mod moves;
pub mod page;
pub mod permissions;
pub mod queues;
pub mod receive;
pub mod send;
pub mod tags;
pub mod visibility;

use super::{errors, queues::Found};
use front::Answer;
use logic::queue::Call;
use model::Timestamp;

/// Refuses one call more of a kind than a FIFO queue takes. With high throughput the quota is the message groups', who are asked when it is known
/// to which a call sends.
fn admit(found: &Found, call: Call, now: Timestamp) -> Answer<()> {
    let counts = found.spec.fifo.is_some_and(|fifo| !fifo.limit_is_per_group);
    if counts && !found.live.admits(call, now) { Err(errors::throttled()) } else { Ok(()) }
}

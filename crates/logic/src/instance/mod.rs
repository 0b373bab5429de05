//! The life of an EC2 instance: which state it is in, what comes next, what it is paid for, and how much processor it has.
//!
//! [`state`] is what the API shows. [`next`] says which [`Step`] an instance is due, and [`take`] what its plan is after it; what a step
//! does to other records (disks, interfaces, the host's machine) is the reconciler's to write. (EC2 user guide, "Instance state changes",
//! "Status checks", "Key concepts for burstable performance instances".)

mod credits;
mod interlude;
mod next;
mod reason;
mod replacement;
mod state;
mod status;
mod usage;

#[cfg(test)]
mod tests;

pub use credits::{Credits, TICK, advance, credits_of, first_balance};
pub use interlude::is_open;
pub use next::{SHOWN, Seen, Step, next, power, take};
pub use reason::{
    hibernated_by_user, internal_error, invalid_kms_key, scheduled_stop, shut_down_by_itself, shut_down_by_user,
    snapshot_not_found, transition,
};
pub use replacement::{Replacing, replacement};
pub use state::{state, state_code, state_name, state_reason, state_transition};
pub use status::{Check, Checks, checks};
pub use usage::paid_seconds;

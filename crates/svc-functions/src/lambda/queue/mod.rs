//! Events that nobody waits for: queued durably before they are answered, run when there is room, tried again when they fail, and at last
//! told of where the function's owner wants it (Lambda developer guide, "Invoking a Lambda function asynchronously").
//!
//! * [`Queue`]: the reconciler that runs events.
//! * `attempt`: one attempt at one event, and what is decided of it.
//! * `consequences`: who is told of it then: the record of an invocation for destinations, dead letters.
//! * `event`: events as records.

mod attempt;
mod consequences;
mod event;
mod run;

pub use event::accept;
pub use run::Queue;

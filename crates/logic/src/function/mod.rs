//! Functions: what becomes of an invocation, and of the environments that take it.
//!
//! * [`fleet`]: which environment takes an invocation, when one is started and when one is ended.
//! * [`concurrency`]: how many invocations may be under way, and whose limit one counts against.
//! * [`retries`]: when an asynchronous event is tried again, and when it is given up.
//! * [`weights`]: which version an alias leads to.
//! * [`trace`]: the tracing header, and the loops that are found by it.
//! * [`billing`]: what is billed.

pub mod billing;
pub mod concurrency;
pub mod fleet;
pub mod retries;
pub mod trace;
pub mod weights;

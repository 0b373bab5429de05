//! The services of events: EventBridge and its scheduler.

pub mod events;
mod moment;
mod page;
mod run_task;
pub mod scheduler;

//! The services of events: EventBridge and its scheduler.

pub mod events;
pub mod scheduler;

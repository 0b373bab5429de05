//! The loops of ECS. Each looks at records, asks `logic` what is to be done, and writes it; nothing is decided here.

mod events;
mod execution;
mod logs;
mod place;
mod schedule;
mod services;
mod steps;
mod sweeper;
mod targets;
mod tasks;

pub use events::TaskEvents;
pub use services::Services;
pub use sweeper::Sweeper;
pub use tasks::Tasks;

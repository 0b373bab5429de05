//! EventBridge and its scheduler through the front: requests as a client would send them, and what they bring about.

mod cloud;
mod permissions;
mod put;
mod rules;
mod scheduled;
mod scheduler;
mod targets;

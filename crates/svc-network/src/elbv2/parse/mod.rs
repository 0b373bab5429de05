//! From requests to what records keep: actions, conditions and health checks, each checked. Pure.

pub mod action;
pub mod condition;
pub mod health_check;

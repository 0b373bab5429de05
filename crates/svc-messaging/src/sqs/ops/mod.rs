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

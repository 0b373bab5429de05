//! What an Application Load Balancer decides: whom a request is for, which target gets it, who is healthy, and what is written
//! into the messages on their way.
//!
//! The edge asks and does; nothing here knows of sockets, tasks or the clock. Which *rule* a request falls under is
//! [`route_match`](crate::route_match)'s.

pub mod choice;
pub mod cookie;
pub mod entry;
pub mod forwarded;
pub mod health;
pub mod redirect;

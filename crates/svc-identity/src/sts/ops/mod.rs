//! The operations, by what they are about.

pub mod callers;
pub mod roles;
pub mod users;
pub mod web_identities;

//! The operations, by what they are about.

pub mod users;

pub mod roles;

//! The operations, by what they are about.

pub mod access_keys;
pub mod account;
pub mod group_policies;
pub mod groups;
pub mod passwords;
pub mod reports;
pub mod summary;
pub mod user_policies;
pub mod users;

pub mod roles;

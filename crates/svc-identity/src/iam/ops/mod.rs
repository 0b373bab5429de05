//! The operations, by what they are about.

pub mod absent;
pub mod access_keys;
pub mod account;
pub mod group_policies;
pub mod groups;
pub mod passwords;
pub mod reports;
pub mod summary;
pub mod user_policies;
pub mod users;

pub mod context_keys;
pub mod details;
pub mod instance_profiles;
pub mod oidc_providers;
pub mod policies;
pub mod policy_entities;
pub mod policy_versions;
pub mod preferences;
pub mod role_policies;
pub mod roles;
pub mod service_linked;
pub mod simulate;

//! The operations, by what they are about.

pub mod users;

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

//! IAM through the whole front.

mod cloud;
mod details;
mod instance_profiles;
mod oidc_providers;
mod policies;
mod roles;
mod service_linked;
mod users;

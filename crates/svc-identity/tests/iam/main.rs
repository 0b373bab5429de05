//! IAM through the whole front.

mod access_keys;
mod account;
mod callers;
mod cloud;
mod details;
mod groups;
mod instance_profiles;
mod oidc_providers;
mod passwords;
mod permissions;
mod permitted;
mod policies;
mod roles;
mod service_linked;
mod simulate;
mod users;

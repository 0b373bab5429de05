//! IAM through the whole front.

mod access_keys;
mod account;
mod callers;
mod cloud;
mod groups;
mod passwords;
mod permissions;
mod permitted;
mod details;
mod instance_profiles;
mod oidc_providers;
mod policies;
mod roles;
mod service_linked;
mod simulate;
mod users;

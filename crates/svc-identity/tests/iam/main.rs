//! IAM through the whole front.

mod access_keys;
mod account;
mod cloud;
mod groups;
mod passwords;
mod permissions;
mod users;

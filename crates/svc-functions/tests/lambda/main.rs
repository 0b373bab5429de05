//! Lambda's control plane through the whole front.

mod aliases;
mod cloud;
mod code;
mod configuration;
mod functions;
mod layers;
mod limits;
mod permissions;
mod settings;
mod versions;

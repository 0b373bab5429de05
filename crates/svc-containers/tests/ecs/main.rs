//! ECS through the whole front, with the reconcilers and a host that does what it is told at once.

mod cloud;
mod clusters;
mod credentials;
mod definitions;
mod services;
mod tasks;

//! STS through the whole front.

mod callers;
mod chains;
mod cloud;
mod provider;
mod roles;
mod users;
mod web;

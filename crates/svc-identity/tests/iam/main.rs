//! IAM through the whole front.

mod cloud;
mod users;

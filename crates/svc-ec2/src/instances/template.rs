//! What a launch template adds to a request: all that the request doesn't say itself. Templates are not built yet.

use super::errors::not_built;
use api::ec2::RunInstancesRequest;
use front::{Answer, Cx};
use spine::Read;
use std::borrow::Cow;

/// The request with what its launch template says.
pub fn merged<'a>(_: &Cx, _: &impl Read, asked: &'a RunInstancesRequest) -> Answer<Cow<'a, RunInstancesRequest>> {
    match asked.launch_template {
        Some(_) => Err(not_built("LaunchTemplate")),
        None => Ok(Cow::Borrowed(asked)),
    }
}

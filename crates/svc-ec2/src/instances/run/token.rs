//! Requests that come twice (EC2 API reference, "Ensuring idempotency").

use crate::{errors::invalid_value, instances::errors::token_mismatch, records::key};
use api::ec2::RunInstancesRequest;
use aws_lc_rs::digest::{SHA256, digest};
use front::{Answer, Cx};
use model::ec2::{LaunchToken, LaunchTokenSpec};
use spine::{Read, Tx};

/// The instances that a request with the same token has made.
pub fn repeated(cx: &Cx, tx: &Tx, input: &RunInstancesRequest) -> Answer<Option<Vec<String>>> {
    let Some(token) = token(input)? else { return Ok(None) };
    match tx.spec(&key::<LaunchToken>(cx, token))? {
        Some(before) if before.request == fingerprint(input) => Ok(Some(before.instances.clone())),
        Some(_) => Err(token_mismatch()),
        None => Ok(None),
    }
}

/// Notes what a request has made.
pub fn remember(cx: &Cx, tx: &mut Tx, input: &RunInstancesRequest, made: &[String]) -> Answer<()> {
    let Some(token) = token(input)? else { return Ok(()) };
    let spec = LaunchTokenSpec { request: fingerprint(input), instances: made.to_vec(), at: cx.now };
    Ok(tx.create(&key::<LaunchToken>(cx, token), &spec)?)
}

fn token(input: &RunInstancesRequest) -> Answer<Option<&str>> {
    let Some(token) = input.client_token.as_deref().filter(|token| !token.is_empty()) else { return Ok(None) };
    if token.len() <= 64 && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(Some(token));
    }
    Err(invalid_value(format!(
        "Value ({token}) for parameter clientToken is invalid. Valid tokens are up to 64 ASCII characters"
    )))
}

/// A digest of all that a request says.
fn fingerprint(input: &RunInstancesRequest) -> String {
    let said = RunInstancesRequest { dry_run: None, ..input.clone() };
    hex::encode(digest(&SHA256, format!("{said:?}").as_bytes()))
}

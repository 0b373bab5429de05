//! Requests that come twice (EC2 API reference, "Ensuring idempotency").

use crate::{
    errors::client_token,
    instances::{errors::token_mismatch, load::Loaded},
    records::key,
};
use api::ec2::RunInstancesRequest;
use aws_lc_rs::digest::{SHA256, digest};
use front::{Answer, Cx};
use model::ec2::{Instance, InstanceState, LaunchToken, LaunchTokenSpec};
use spine::{Read, Tx};
use wire::Fault;

/// The instances that a request with the same token has made.
pub fn repeated(cx: &Cx, tx: &Tx, input: &RunInstancesRequest) -> Answer<Option<Vec<String>>> {
    let Some(token) = client_token(input.client_token.as_deref())? else { return Ok(None) };
    match tx.spec(&key::<LaunchToken>(cx, token))? {
        Some(before) if before.request == fingerprint(input) => {
            check_living(cx, tx, &before.instances)?;
            Ok(Some(before.instances.clone()))
        }
        Some(_) => Err(token_mismatch()),
        None => Ok(None),
    }
}

/// Refuses to repeat a request of which nothing is left: one that ended long ago is forgotten.
fn check_living(cx: &Cx, tx: &Tx, instances: &[String]) -> Answer<()> {
    for id in instances {
        let row = tx.get(&key::<Instance>(cx, id))?;
        if row.is_some_and(|row| Loaded::of(id, &row).state() != InstanceState::Terminated) {
            return Ok(());
        }
    }
    let message = "The client token was used for instances that have been terminated. Use another one to launch others.";
    Err(Fault::client("IdempotentInstanceTerminated", message))
}

/// Notes what a request has made.
pub fn remember(cx: &Cx, tx: &mut Tx, input: &RunInstancesRequest, made: &[String]) -> Answer<()> {
    let Some(token) = client_token(input.client_token.as_deref())? else { return Ok(()) };
    let spec = LaunchTokenSpec { request: fingerprint(input), instances: made.to_vec(), at: cx.now };
    Ok(tx.create(&key::<LaunchToken>(cx, token), &spec)?)
}

/// A digest of all that a request says.
fn fingerprint(input: &RunInstancesRequest) -> String {
    let said = RunInstancesRequest { dry_run: None, ..input.clone() };
    hex::encode(digest(&SHA256, format!("{said:?}").as_bytes()))
}

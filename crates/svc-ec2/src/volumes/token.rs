//! Requests that come twice (EC2 API reference, "Ensuring idempotency"): what a request with a token makes has an id that is a function of the
//! token, so that its repetition finds it.

use super::errors::token_mismatch;
use crate::errors::client_token;
use aws_lc_rs::digest::{SHA256, digest};
use front::{Answer, Cx};
use model::ec2::RequestToken;

/// The token of a request that says `said`, if it has one.
pub fn read(token: Option<&str>, said: &impl std::fmt::Debug) -> Answer<Option<RequestToken>> {
    let Some(token) = client_token(token)? else { return Ok(None) };
    Ok(Some(RequestToken { token: token.into(), request: hash(&format!("{said:?}")) }))
}

/// The id of what a request makes.
pub fn id(cx: &Cx, prefix: &str, token: Option<&RequestToken>) -> String {
    match token {
        None => format!("{prefix}-{}", cx.env.hex(17)),
        Some(token) => format!("{prefix}-{}", &hash(&format!("{} {} {}", cx.account, cx.region, token.token))[..17]),
    }
}

/// Refuses a request whose token came with another one.
pub fn same(before: Option<&RequestToken>, now: Option<&RequestToken>) -> Answer<()> {
    if before == now { Ok(()) } else { Err(token_mismatch()) }
}

fn hash(text: &str) -> String {
    hex::encode(digest(&SHA256, text.as_bytes()))
}

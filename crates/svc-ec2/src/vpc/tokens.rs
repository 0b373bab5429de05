//! Client tokens: a request that is repeated with its token makes nothing new (EC2 API reference, "Ensuring idempotency").

use crate::{
    errors::client_token,
    records::{Named, all},
};
use front::Cx;
use logic::vpc::fingerprint;
use model::{Record, ec2::ClientToken};
use spine::Tx;
use std::fmt::Debug;
use wire::Fault;

/// Whether something was asked for before.
pub enum Asked<R: Record> {
    /// This was made then.
    Before(Named<R>),
    /// It wasn't; what is made keeps this.
    New(Option<ClientToken>),
}

/// Looks for what a request with that token has made. `of` is the token that a record was made with.
pub fn asked<R: Record>(
    cx: &Cx,
    tx: &Tx,
    token: Option<&str>,
    request: &impl Debug,
    of: fn(&R::Spec) -> Option<&ClientToken>,
) -> Result<Asked<R>, Fault> {
    let Some(token) = client_token(token)? else { return Ok(Asked::New(None)) };
    let new = ClientToken { token: token.into(), request: fingerprint(&format!("{request:?}"), 32) };
    let earlier = all::<R>(cx, tx)?.into_iter().find(|(_, spec)| of(spec).is_some_and(|it| it.token == token));
    match earlier {
        Some(found) if of(&found.1).is_some_and(|it| *it == new) => Ok(Asked::Before(found)),
        Some(_) => Err(Fault::client(
            "IdempotentParameterMismatch",
            format!("The client token '{token}' was used before, with other parameters"),
        )),
        None => Ok(Asked::New(Some(new))),
    }
}

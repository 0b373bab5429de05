//! The operations: parse, check, one transaction, view.

pub mod apis;
pub mod authorizers;
pub mod definitions;
pub mod deployments;
pub mod integrations;
pub mod quick;
pub mod routes;
pub mod stages;
pub mod tags;

use super::{errors, load};
use front::{Answer, Cx};
use model::Record;
use spine::Tx;

/// A text that was given; an empty one takes away what was there.
fn text(given: &Option<String>, before: Option<String>) -> Option<String> {
    match given {
        Some(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        None => before,
    }
}

/// Refuses a parameter that would have no effect, unless it is what it would be anyway.
fn refuse<T: PartialEq>(name: &str, given: &Option<T>, usual: Option<T>) -> Answer<()> {
    match given {
        Some(value) if Some(value) != usual.as_ref() => Err(errors::not_built(format_args!("the parameter {name}"))),
        _ => Ok(()),
    }
}

/// Refuses one more of a kind than an API may have (developer guide, "Quotas for HTTP APIs").
fn place_for<R: Record>(cx: &Cx, tx: &Tx, api: &str, (what, most): (&str, usize)) -> Answer<()> {
    let (api, _) = load::api(cx, tx, api)?;
    if load::children::<R>(tx, &api)?.len() < most { Ok(()) } else { Err(errors::too_many(what)) }
}

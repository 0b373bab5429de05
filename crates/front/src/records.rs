//! Reading records where a call stands: in its account and its region.

use crate::Cx;
use model::{Key, Record};
use spine::{Read, Scope};
use std::sync::Arc;
use wire::Fault;

/// A record's id with its spec.
pub type Named<R> = (String, Arc<<R as Record>::Spec>);

/// The key of a record that is where the call is.
pub fn key<R: Record>(cx: &Cx, id: impl Into<String>) -> Key<R> {
    Key::new(&cx.account, &cx.region, id)
}

/// The records that are where the call is, with their ids in order.
pub fn all<R: Record>(cx: &Cx, read: &impl Read) -> Result<Vec<Named<R>>, Fault> {
    let found = read.specs::<R>(Scope::Region(&cx.account, &cx.region))?;
    Ok(found.into_iter().map(|(key, spec)| (key.id, spec)).collect())
}

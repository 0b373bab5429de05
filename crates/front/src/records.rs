//! Reading records where a call stands: in its account and its region.

use crate::Cx;
use model::{Key, Record};
use spine::{Read, Scope, Store, StoreError, Tx};
use std::sync::Arc;
use wire::Fault;

/// A record's id with its spec.
pub type Named<R> = (String, Arc<<R as Record>::Spec>);

/// The key of a record that is where the call is.
pub fn key<R: Record>(cx: &Cx, id: impl Into<String>) -> Key<R> {
    Key::new(&cx.account, &cx.region, id)
}

/// What the store keeps under a key, made if it isn't there yet: a secret, which is made when it is first needed.
///
/// # Errors
/// Those of the store.
pub async fn made_once<R: Record>(
    store: &Store,
    at: &Key<R>,
    make: impl FnOnce() -> R::Spec,
) -> Result<Arc<R::Spec>, StoreError> {
    if let Some(known) = store.snapshot().spec(at)? {
        return Ok(known);
    }
    let made = Arc::new(make());
    let keep = |tx: &mut Tx| match tx.spec(at)? {
        Some(known) => Ok(known),
        None => tx.create(at, &made).map(|()| made.clone()),
    };
    store.transact(keep).await
}

/// The records that are where the call is, with their ids in order.
pub fn all<R: Record>(cx: &Cx, read: &impl Read) -> Result<Vec<Named<R>>, Fault> {
    let found = read.specs::<R>(Scope::Region(&cx.account, &cx.region))?;
    Ok(found.into_iter().map(|(key, spec)| (key.id, spec)).collect())
}

//! When keys and roles were last used.

use super::authenticate::Identity;
use model::{
    Key, Timestamp,
    iam::{AccessKey, LastUsed, Principal, Role, base_name},
};
use spine::{Read, Snapshot, Store, StoreError, Tx};
use std::time::Duration;

/// How exactly it is known, so that not every request writes.
const EXACT_TO: Duration = Duration::from_secs(60);

/// Notes that a key was used, unless that was noted just now. Nobody's call fails because this couldn't be written.
pub(crate) async fn note(store: &Store, snapshot: &Snapshot, identity: &Identity, service: &str, now: Timestamp) {
    let Some(id) = &identity.access_key_id else { return };
    let key = Key::<AccessKey>::of_id(id);
    let due = |used: &LastUsed| used.at.is_none_or(|at| now.since(at) >= EXACT_TO);
    if !snapshot.get(&key).is_ok_and(|found| found.is_some_and(|found| due(&found.observed))) {
        return;
    }
    let used = LastUsed { at: Some(now), region: identity.region.to_string(), service: service.to_owned() };
    let noted = store.transact(|tx| write(tx, &key, identity, &used)).await;
    if let Err(error) = noted {
        tracing::warn!(%error, "when a key was last used can't be written");
    }
}

fn write(tx: &mut Tx, key: &Key<AccessKey>, identity: &Identity, used: &LastUsed) -> Result<(), StoreError> {
    if tx.exists(key)? {
        tx.put_observed(key, used)?;
    }
    let Principal::AssumedRole { role, .. } = &identity.principal else { return Ok(()) };
    let role = Key::<Role>::named(&identity.account, base_name(role));
    if tx.exists(&role)? {
        tx.put_observed(&role, used)?;
    }
    Ok(())
}

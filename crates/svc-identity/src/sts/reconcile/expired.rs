//! Forgets credentials that have been of no use for a while.

use async_trait::async_trait;
use model::{
    Key, Timestamp,
    iam::{AccessKey, AccessKeySpec},
};
use spine::{
    Read, Scope,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::time::Duration;
use wire::Fault;

/// How long temporary credentials are known after they have expired: whoever still uses them is told so, and not that they are unknown.
const REMEMBERED: Duration = Duration::from_secs(24 * 3600);
/// How often it is looked whether any have to go. Keys are made and used all the time, so that watching them would cost more.
const INTERVAL: Duration = Duration::from_secs(3600);

/// Deletes temporary credentials a day after they have expired.
pub struct Expired;

/// When the credentials may be forgotten; never, if they are lasting ones.
fn forgotten_at(key: &AccessKeySpec) -> Option<Timestamp> {
    key.session.as_ref().map(|session| session.expires_at + REMEMBERED)
}

#[async_trait]
impl Reconciler for Expired {
    fn name(&self) -> &'static str {
        "sts/expired"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let now = cx.env.now();
        let keys = cx.store.snapshot().specs::<AccessKey>(Scope::All)?;
        let gone = keys.into_iter().filter(|(_, key)| forgotten_at(key).is_some_and(|at| at <= now));
        let gone: Vec<Key<AccessKey>> = gone.map(|(key, _)| key).collect();
        // What credentials are good for is never changed, so that what was seen of them still holds.
        for batch in gone.chunks(500) {
            cx.store.transact::<_, Fault>(|tx| batch.iter().try_for_each(|key| Ok(tx.delete(key)?))).await?;
        }
        Ok(Wake::At(now + INTERVAL))
    }
}

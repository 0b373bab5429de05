//! Takes pushed keys away when their minute is over.

use super::instance_of;
use async_trait::async_trait;
use model::{
    Record, Timestamp,
    ec2::{PushedKey, SerialConsoleKey},
};
use spine::{
    Read, Scope, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};

/// Deletes keys that have expired, and those of instances that are gone.
pub struct PushedKeys;

#[async_trait]
impl Reconciler for PushedKeys {
    fn name(&self) -> &'static str {
        "ec2/pushed-keys"
    }

    fn watches(&self) -> &'static [&'static str] {
        const KINDS: &[&str] = &[PushedKey::KIND, SerialConsoleKey::KIND];
        KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let logins = sweep::<PushedKey>(cx, |pushed| pushed.expires_at).await?;
        Ok(logins.min(sweep::<SerialConsoleKey>(cx, |pushed| pushed.expires_at).await?))
    }
}

/// Deletes keys of one kind; the moment at which the next one expires.
async fn sweep<R: Record>(cx: &ReconcileCx, expires_at: fn(&R::Spec) -> Timestamp) -> anyhow::Result<Wake> {
    let (snapshot, now) = (cx.store.snapshot(), cx.env.now());
    let mut wake = Wake::Idle;
    for (key, pushed) in snapshot.specs::<R>(Scope::All)? {
        if expires_at(&pushed) > now && snapshot.exists(&instance_of(&key))? {
            wake = wake.min(Wake::At(expires_at(&pushed)));
        } else {
            cx.store.transact::<_, StoreError>(|tx| tx.delete(&key)).await?;
        }
    }
    Ok(wake)
}

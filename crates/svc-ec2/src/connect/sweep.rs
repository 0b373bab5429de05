//! Takes pushed keys away when their minute is over.

use super::instance_of;
use async_trait::async_trait;
use model::{Record, ec2::PushedKey};
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
        const KINDS: &[&str] = &[PushedKey::KIND];
        KINDS
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let (snapshot, now) = (cx.store.snapshot(), cx.env.now());
        let mut wake = Wake::Idle;
        for (key, pushed) in snapshot.specs::<PushedKey>(Scope::All)? {
            if pushed.expires_at > now && snapshot.exists(&instance_of(&key))? {
                wake = wake.min(Wake::At(pushed.expires_at));
            } else {
                cx.store.transact::<_, StoreError>(|tx| tx.delete(&key)).await?;
            }
        }
        Ok(wake)
    }
}

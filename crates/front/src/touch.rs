//! The first time that an account is seen in a region: each service lays down there what AWS has in every region.

use crate::{Cx, Service};
use model::{AccountId, Key, Region, touch::Touched};
use spine::{Read, Store};
use std::{
    collections::HashSet,
    sync::{Mutex, PoisonError},
};
use wire::Fault;

/// The accounts and regions that are known to have been seen, so that the store isn't asked for each request.
#[derive(Default)]
pub(crate) struct Seen(Mutex<HashSet<(AccountId, Region)>>);

impl Seen {
    /// Runs the services' hooks where they have not run yet. The store has the last word.
    pub(crate) async fn touch(&self, store: &Store, services: &[Service], cx: &Cx) -> Result<(), Fault> {
        let place = (cx.account.clone(), cx.region.clone());
        if self.lock().contains(&place) {
            return Ok(());
        }
        store.transact(|tx| lay_down(tx, services, cx)).await?;
        self.lock().insert(place);
        Ok(())
    }

    /// Forgets everything; the store is about to be emptied, or has been.
    pub(crate) fn forget(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<(AccountId, Region)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn lay_down(tx: &mut spine::Tx, services: &[Service], cx: &Cx) -> Result<(), Fault> {
    for service in services {
        let Some(hook) = service.first_touch else { continue };
        let key = Key::<Touched>::new(&cx.account, &cx.region, service.api.id);
        if !tx.exists(&key)? {
            hook(cx, tx)?;
            tx.create(&key, &model::touch::TouchedSpec { at: cx.now })?;
        }
    }
    Ok(())
}

//! Credentials of execution roles.
//!
//! The environments of a function share the session that was begun last, as long as it is young: an environment that starts needs no commit for
//! it, and none of them outlives it.

use super::Pool;
use crate::lambda::errors;
use agent_proto::function::Credentials;
use front::{ServicePrincipal, assume_for_service};
use logic::workload_credentials::LIFE;
use model::{
    Key, Timestamp,
    iam::AccessKey,
    lambda::{Function, SERVICE_PRINCIPAL},
};
use spine::Read;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use wire::Fault;

/// For how long environments that start are given the same credentials.
const SHARED_FOR: Duration = Duration::from_secs(2 * 3600);

type Slot = Arc<tokio::sync::Mutex<Option<Issued>>>;

/// The sessions that were begun last, by function and role.
#[derive(Default)]
pub struct Cache(Mutex<HashMap<(Key<Function>, String), Slot>>);

struct Issued {
    at: Timestamp,
    credentials: Credentials,
}

impl Cache {
    fn slot(&self, function: &Key<Function>, role: &str) -> Slot {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        slots.entry((function.clone(), role.to_owned())).or_default().clone()
    }

    /// Forgets the sessions that are too old to be given to anybody.
    pub fn forget(&self, now: Timestamp) {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let young =
            |slot: &Slot| slot.try_lock().map_or(true, |issued| issued.as_ref().is_some_and(|it| now < it.at + SHARED_FOR));
        slots.retain(|_, slot| young(slot));
    }
}

impl Pool {
    /// Credentials for an environment that starts now.
    ///
    /// # Errors
    /// `AccessDeniedException` if the role doesn't let Lambda assume it.
    pub(super) async fn credentials(&self, function: &Key<Function>, role: &str) -> Result<Credentials, Fault> {
        let slot = self.credentials.slot(function, role);
        let mut slot = slot.lock().await;
        let now = self.env.now();
        if let Some(issued) = slot.as_ref().filter(|issued| now < issued.at + SHARED_FOR)
            && self.store.snapshot().exists(&Key::<AccessKey>::of_id(&issued.credentials.access_key_id))?
        {
            return Ok(issued.credentials.clone());
        }
        let credentials = self.begin_session(function, role).await?;
        *slot = Some(Issued { at: now, credentials: credentials.clone() });
        Ok(credentials)
    }

    /// The session's name is the function's.
    async fn begin_session(&self, function: &Key<Function>, role: &str) -> Result<Credentials, Fault> {
        let arn = function.arn();
        let service = ServicePrincipal { name: SERVICE_PRINCIPAL, account: &function.account, source: &arn };
        let issued = self.store.transact(|tx| assume_for_service(tx, &self.env, service, role, &function.id, LIFE)).await?;
        let issued = issued.map_err(|_| errors::role_denied())?;
        Ok(Credentials { access_key_id: issued.access_key_id, secret_access_key: issued.secret_access_key, token: issued.token })
    }
}

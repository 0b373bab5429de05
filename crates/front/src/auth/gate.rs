//! What every decision of the front shares.

use super::{authenticate::Identity, authority::Authority, context::Circumstances, facts::FactsOf, policies::Compiled};
use model::Timestamp;
use spine::Snapshot;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use wire::Fault;

/// The compiled policies, and how each service finds what it knows of a resource.
#[derive(Default)]
pub(crate) struct Gate {
    pub(crate) compiled: Compiled,
    /// By what stands before the colon in the service's actions.
    pub(crate) facts: BTreeMap<&'static str, FactsOf>,
    /// The services whose resources' policies hold the account's root too.
    pub(crate) binds_root: BTreeSet<&'static str>,
}

impl Gate {
    /// What whoever was recognised may do.
    pub(crate) fn authority(
        self: &Arc<Self>,
        snapshot: &Snapshot,
        identity: &Identity,
        circumstances: Circumstances,
        now: Timestamp,
    ) -> Result<Authority, Fault> {
        match (&identity.access_key_id, &identity.key) {
            (Some(id), Some(key)) => Authority::of_key(self, snapshot, (id, key.clone()), circumstances, now),
            _ => Authority::of_keyless(self, snapshot, (&identity.account, &identity.principal), circumstances, now),
        }
    }
}

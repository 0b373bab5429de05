//! What a record is: three sections with one writer each, under a typed key.

use crate::{AccountId, Region};
use serde::{Serialize, de::DeserializeOwned};
use std::{fmt, marker::PhantomData};

/// One of a record's three sections, as the store keeps it.
pub trait Section: Serialize + DeserializeOwned + Clone + fmt::Debug + Send + Sync + 'static {}
impl<T: Serialize + DeserializeOwned + Clone + fmt::Debug + Send + Sync + 'static> Section for T {}

/// A kind of record. The state that the API shows is a pure function of its three sections, and no section has two writers:
///
/// * `Spec` is written by API handlers (and, for records that a reconciler creates, once by that reconciler),
/// * `Plan` by the one reconciler that the record's module names,
/// * `Observed` by the agent or the data plane.
///
/// The type that implements this is a name without values, such as `enum Task {}`.
pub trait Record: 'static {
    /// The kind's name in the store, `service/kind`; never changed once released.
    const KIND: &'static str;
    /// What was asked for.
    type Spec: Section;
    /// What was decided; absent until the reconciler's first decision.
    type Plan: Section + Default;
    /// What is so; absent until the first report.
    type Observed: Section + Default;
}

/// Where a record stands: its kind, account, region, and an id that is unique among those.
///
/// Ids order as their text does, and listing by a prefix of the id is cheap: give children an id of the form `parent/child`.
pub struct Key<R> {
    /// The account that owns the record.
    pub account: AccountId,
    /// The region it lives in; `aws-global` for the records of global services.
    pub region: Region,
    /// The rest of the key.
    pub id: String,
    kind: PhantomData<fn() -> R>,
}

impl<R: Record> Key<R> {
    /// A key of kind `R`.
    pub fn new(account: &AccountId, region: &Region, id: impl Into<String>) -> Self {
        Self { account: account.clone(), region: region.clone(), id: id.into(), kind: PhantomData }
    }
}

impl<R> Clone for Key<R> {
    fn clone(&self) -> Self {
        Self { account: self.account.clone(), region: self.region.clone(), id: self.id.clone(), kind: PhantomData }
    }
}
impl<R> PartialEq for Key<R> {
    fn eq(&self, other: &Self) -> bool {
        (&self.account, &self.region, &self.id) == (&other.account, &other.region, &other.id)
    }
}
impl<R> Eq for Key<R> {}
impl<R> PartialOrd for Key<R> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<R> Ord for Key<R> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (&self.account, &self.region, &self.id).cmp(&(&other.account, &other.region, &other.id))
    }
}
impl<R> std::hash::Hash for Key<R> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        (&self.account, &self.region, &self.id).hash(state);
    }
}
impl<R: Record> fmt::Debug for Key<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}/{}/{}", R::KIND, self.account, self.region, self.id)
    }
}

//! A kind of record for tests.
#![allow(dead_code, missing_docs)]

use model::{AccountId, Key, Record, Region};
use serde::{Deserialize, Serialize};

/// A counter: asked for in the spec, decided in the plan, seen in observed.
#[derive(Debug)]
pub enum Counter {}

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Count {
    pub value: u64,
}

pub fn count(value: u64) -> Count {
    Count { value }
}

impl Record for Counter {
    const KIND: &'static str = "test/counter";
    type Spec = Count;
    type Plan = Count;
    type Observed = Count;
}

/// Another kind, whose changes concern nobody who watches counters.
#[derive(Debug)]
pub enum Note {}

impl Record for Note {
    const KIND: &'static str = "test/note";
    type Spec = String;
    type Plan = ();
    type Observed = ();
}

pub fn account() -> AccountId {
    AccountId::parse("000000000000").unwrap()
}

pub fn region() -> Region {
    Region::parse("eu-west-1").unwrap()
}

pub fn key<R: Record>(id: &str) -> Key<R> {
    Key::new(&account(), &region(), id)
}

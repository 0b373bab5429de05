//! How far the cloud's clock is ahead of the system's: kept, so that time never falls back behind what is in the records.

use model::{AccountId, Env, Key, Record, Region};
use serde::{Deserialize, Serialize};
use spine::{Read, Store, StoreError};
use std::time::Duration;

/// The one record of the clock.
enum Clock {}

/// By how much its owner has moved it.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct ClockSpec {
    ahead: Duration,
}

impl Record for Clock {
    const KIND: &'static str = "hillfog/clock";
    type Spec = ClockSpec;
    type Plan = ();
    type Observed = ();
}

fn key() -> Key<Clock> {
    let account = AccountId::parse(AccountId::DEFAULT).expect("twelve digits");
    Key::new(&account, &Region::parse("aws-global").expect("a region's name"), "clock")
}

/// By how much the clock is ahead.
pub fn ahead(store: &Store) -> Result<Duration, StoreError> {
    Ok(store.snapshot().spec(&key())?.map_or(Duration::ZERO, |clock| clock.ahead))
}

/// Moves a fresh clock to where it was.
pub fn restore(store: &Store, env: &Env) -> Result<(), StoreError> {
    env.clock.advance(ahead(store)?);
    Ok(())
}

/// Moves the clock, once that it will be moved is durable.
pub async fn advance(store: &Store, env: &Env, by: Duration) -> Result<(), StoreError> {
    keep(store, ahead(store)?.saturating_add(by)).await?;
    env.clock.advance(by);
    Ok(())
}

/// Writes down by how much the clock is ahead.
pub async fn keep(store: &Store, ahead: Duration) -> Result<(), StoreError> {
    let spec = ClockSpec { ahead };
    store.transact(|tx| if tx.exists(&key())? { tx.put_spec(&key(), &spec) } else { tx.create(&key(), &spec) }).await
}

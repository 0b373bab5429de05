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

/// Moves a fresh clock to where it was.
pub fn restore(store: &Store, env: &Env) -> Result<(), StoreError> {
    if let Some(clock) = store.snapshot().spec(&key())? {
        env.clock.advance(clock.ahead);
    }
    Ok(())
}

/// Moves the clock, once that it will be moved is durable.
pub async fn advance(store: &Store, env: &Env, by: Duration) -> Result<(), StoreError> {
    store
        .transact(|tx| {
            let ahead = tx.spec(&key())?.map_or(Duration::ZERO, |clock| clock.ahead).saturating_add(by);
            match tx.exists(&key())? {
                true => tx.put_spec(&key(), &ClockSpec { ahead }),
                false => tx.create(&key(), &ClockSpec { ahead }),
            }
        })
        .await?;
    env.clock.advance(by);
    Ok(())
}

//! Throttling: a bucket for each route of a stage, filled by the cloud's clock.

use super::{refusal::Refusal, served::Served};
use logic::{http_api::throttle, token_bucket::Bucket};
use model::Timestamp;
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// The most buckets that are kept; a full memory is emptied, and every bucket is full again.
const MOST: usize = 16_384;

/// The buckets, by API, stage and route key.
#[derive(Default)]
pub struct Buckets(Mutex<HashMap<[String; 3], Bucket>>);

impl Buckets {
    /// Lets a request for a route through, or refuses it. A route's own settings go before those of its stage.
    pub fn take(&self, served: &Served, route_key: &str, now: Timestamp) -> Result<(), Refusal> {
        let (own, usual) = (served.stage.route_settings.get(route_key), served.stage.default_settings);
        let rate = own.and_then(|own| own.rate).or(usual.rate);
        let burst = own.and_then(|own| own.burst).or(usual.burst);
        let limit = throttle::limit(rate, burst);
        let key = [served.key.id.clone(), served.name.clone(), route_key.to_owned()];
        let mut buckets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MOST {
            buckets.clear();
        }
        let bucket = buckets.entry(key).or_insert_with(|| Bucket::full(limit, now));
        if bucket.take(limit, now) { Ok(()) } else { Err(Refusal::TooMany) }
    }
}

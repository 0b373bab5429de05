//! The keys of identity providers: asked for when they are first needed, and kept for a while by the cloud's clock.

use crate::{
    fetch::{Fetcher, NotFetched},
    keys::{KeySet, NotVerified},
    token::Token,
};
use model::Timestamp;
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How long keys are believed to be a provider's.
const KEPT: Duration = Duration::from_secs(3600);
/// How old they have to be before a token with an unknown key is a reason to ask again, so that strangers' tokens are none.
const SETTLED: Duration = Duration::from_secs(60);
/// The most providers whose keys are kept.
const MOST: usize = 1024;

/// What identity providers have published.
pub struct Providers {
    fetcher: Fetcher,
    known: Mutex<HashMap<String, Known>>,
}

/// Who says that he has issued a token.
#[derive(Clone, Copy)]
pub struct Issuer<'a> {
    /// As the token has it.
    pub url: &'a str,
    /// Of certificates that his server may be certified by.
    pub thumbprints: &'a [String],
}

/// The keys of a provider.
#[derive(Clone)]
struct Known {
    keys: Arc<KeySet>,
    at: Timestamp,
}

/// What a provider says of itself, as far as it is of interest (OpenID Connect Discovery 1.0, section 3).
#[derive(Deserialize)]
struct Configuration {
    issuer: String,
    jwks_uri: String,
}

/// Why a token isn't believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBelieved {
    /// Its issuer can't be reached.
    #[error("the token's issuer can't be reached")]
    Away,
    /// Its issuer doesn't publish the key.
    #[error("the token's issuer has no such key")]
    NoKey,
    /// It is signed with an algorithm that isn't taken.
    #[error("the token's algorithm is not supported")]
    Algorithm,
    /// The signature is not one of it.
    #[error("the token's signature is invalid")]
    Wrong,
}

impl Providers {
    /// Nothing is known of any. Providers on the loopback interface may be asked without TLS, if `plain_on_loopback`.
    pub fn new(plain_on_loopback: bool) -> Self {
        Self { fetcher: Fetcher::new(plain_on_loopback), known: Mutex::default() }
    }

    /// Whether a key of the token's issuer has signed it. The thumbprints vouch for its server where the host doesn't.
    ///
    /// # Errors
    /// Why it isn't believed.
    pub async fn verify(&self, issuer: Issuer<'_>, token: &Token<'_>, now: Timestamp) -> Result<(), NotBelieved> {
        let known = match self.fresh(issuer.url, now) {
            Some(known) => known,
            None => self.ask(issuer, now).await?,
        };
        match known.keys.verify(token) {
            Err(NotVerified::NoKey) if now.since(known.at) >= SETTLED => {
                self.ask(issuer, now).await?.keys.verify(token).map_err(NotBelieved::from)
            }
            verified => verified.map_err(NotBelieved::from),
        }
    }

    fn fresh(&self, issuer: &str, now: Timestamp) -> Option<Known> {
        self.lock().get(issuer).filter(|known| now.since(known.at) < KEPT).cloned()
    }

    async fn ask(&self, issuer: Issuer<'_>, now: Timestamp) -> Result<Known, NotBelieved> {
        let Issuer { url, thumbprints } = issuer;
        let address = format!("{}/.well-known/openid-configuration", url.trim_end_matches('/'));
        let configuration = self.fetcher.get(&address, thumbprints).await?;
        let configuration: Configuration = serde_json::from_slice(&configuration).map_err(|_| NotBelieved::NoKey)?;
        if configuration.issuer != url {
            return Err(NotBelieved::NoKey);
        }
        let keys = self.fetcher.get(&configuration.jwks_uri, thumbprints).await?;
        let keys = Arc::new(KeySet::parse(&keys).ok_or(NotBelieved::NoKey)?);
        let known = Known { keys, at: now };
        self.keep(url, known.clone());
        Ok(known)
    }

    fn keep(&self, issuer: &str, keys: Known) {
        let mut known = self.lock();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(issuer.to_owned(), keys);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl From<NotFetched> for NotBelieved {
    fn from(why: NotFetched) -> Self {
        match why {
            NotFetched::Away => Self::Away,
            NotFetched::Refused => Self::NoKey,
        }
    }
}

impl From<NotVerified> for NotBelieved {
    fn from(why: NotVerified) -> Self {
        match why {
            NotVerified::Algorithm => Self::Algorithm,
            NotVerified::NoKey => Self::NoKey,
            NotVerified::Wrong => Self::Wrong,
        }
    }
}

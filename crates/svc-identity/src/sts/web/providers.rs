//! The keys of identity providers: asked for when they are first needed, and kept for a while by the cloud's clock.

use super::{
    super::errors,
    fetch::{Fetcher, NotFetched},
    keys::{KeySet, NotVerified},
    token::Token,
};
use front::Answer;
use model::Timestamp;
use serde::Deserialize;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use wire::Fault;

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

impl Providers {
    /// Nothing is known of any. Providers on the loopback interface may be asked without TLS, if `plain_on_loopback`.
    pub fn new(plain_on_loopback: bool) -> Self {
        Self { fetcher: Fetcher::new(plain_on_loopback), known: Mutex::default() }
    }

    /// Refuses a token that no key of its issuer has signed. The thumbprints vouch for its server where the host doesn't.
    pub async fn verify(&self, issuer: Issuer<'_>, token: &Token<'_>, now: Timestamp) -> Answer<()> {
        let known = match self.fresh(issuer.url, now) {
            Some(known) => known,
            None => self.ask(issuer, now).await?,
        };
        match known.keys.verify(token) {
            Err(NotVerified::NoKey) if now.since(known.at) >= SETTLED => {
                self.ask(issuer, now).await?.keys.verify(token).map_err(refusal)
            }
            verified => verified.map_err(refusal),
        }
    }

    fn fresh(&self, issuer: &str, now: Timestamp) -> Option<Known> {
        self.lock().get(issuer).filter(|known| now.since(known.at) < KEPT).cloned()
    }

    async fn ask(&self, issuer: Issuer<'_>, now: Timestamp) -> Answer<Known> {
        let Issuer { url, thumbprints } = issuer;
        let address = format!("{}/.well-known/openid-configuration", url.trim_end_matches('/'));
        let configuration = self.fetcher.get(&address, thumbprints).await.map_err(not_fetched)?;
        let configuration: Configuration = serde_json::from_slice(&configuration).map_err(|_| errors::no_verification_key())?;
        if configuration.issuer != url {
            return Err(errors::no_verification_key());
        }
        let keys = self.fetcher.get(&configuration.jwks_uri, thumbprints).await.map_err(not_fetched)?;
        let keys = Arc::new(KeySet::parse(&keys).ok_or_else(errors::no_verification_key)?);
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

fn not_fetched(why: NotFetched) -> Fault {
    match why {
        NotFetched::Away => errors::provider_away(),
        NotFetched::Refused => errors::no_verification_key(),
    }
}

fn refusal(why: NotVerified) -> Fault {
    match why {
        NotVerified::Algorithm => {
            errors::invalid_token("The token must be signed with RS256, RS384, RS512, ES256, ES384 or ES512.")
        }
        NotVerified::NoKey => errors::no_verification_key(),
        NotVerified::Wrong => errors::invalid_token("The signature of the token is invalid."),
    }
}

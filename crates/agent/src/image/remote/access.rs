//! Proving to a registry who asks: passwords (RFC 7617) and tokens (CNCF distribution, "Token Authentication Specification").

use super::{
    challenge::{Bearer, Challenge, choose},
    endpoint::{Repository, realm},
    exchange::{Answer, Ask, Exchange},
    failure::Failure,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderValue, StatusCode, header::WWW_AUTHENTICATE};
use serde::Deserialize;
use std::sync::{Mutex, PoisonError};
use url::Url;

/// Bytes of a token server's answer.
const TOKEN_BYTES: usize = 256 << 10;

/// What is known of a registry's wishes, and how they are met.
pub struct Access {
    credentials: Option<(String, String)>,
    /// What was accepted last. Layers are fetched at the same time; each may renew it.
    current: Mutex<Option<HeaderValue>>,
}

impl Access {
    /// With a user name and a password, or anonymously.
    pub fn new(credentials: Option<(String, String)>) -> Self {
        Self { credentials, current: Mutex::default() }
    }

    /// Asks, and once more with what the registry wants to see. The answer is one to accept.
    pub async fn ask(&self, exchange: &Exchange, repository: &Repository, mut ask: Ask) -> Result<Answer, Failure> {
        ask.authorization = self.current();
        let registry = ask.url.clone();
        let answer = exchange.ask(ask.clone()).await?;
        // Whoever an answer was redirected to gets no credentials.
        if answer.response.status() != StatusCode::UNAUTHORIZED || answer.ask.url.origin() != registry.origin() {
            return exchange.accepted(answer).await;
        }
        let authorization = self.meet(exchange, repository, &registry, challenge(&answer)).await?;
        self.keep(&authorization);
        ask.authorization = Some(authorization);
        let answer = exchange.ask(ask).await?;
        match answer.response.status() {
            StatusCode::UNAUTHORIZED => Err(denied(challenge(&answer))),
            _ => exchange.accepted(answer).await,
        }
    }

    async fn meet(
        &self,
        exchange: &Exchange,
        repository: &Repository,
        registry: &Url,
        challenge: Option<Challenge>,
    ) -> Result<HeaderValue, Failure> {
        match challenge {
            Some(Challenge::Bearer(bearer)) => {
                let ask = self.token_request(registry, repository, &bearer)?;
                let anonymous = self.credentials.is_none();
                let token = token(exchange, ask).await;
                let token = token.map_err(|why| Failure::Token { anonymous, why: Box::new(why) })?;
                secret(format!("Bearer {token}"))
            }
            Some(Challenge::Basic) => match self.password()? {
                Some(password) => Ok(password),
                None => Err(Failure::Denied("authorization failed: no basic auth credentials".into())),
            },
            None => Err(Failure::Denied("authorization failed: the registry doesn't say what it wants".into())),
        }
    }

    fn token_request(&self, registry: &Url, repository: &Repository, bearer: &Bearer) -> Result<Ask, Failure> {
        let mut url = realm(registry, &bearer.realm)?;
        let scope = bearer.scope.clone().unwrap_or_else(|| repository.scope());
        url.query_pairs_mut()
            .extend_pairs(bearer.service.iter().map(|service| ("service", service)))
            .extend_pairs(scope.split(' ').map(|scope| ("scope", scope)));
        Ok(Ask { authorization: self.password()?, ..Ask::get(url) })
    }

    fn password(&self) -> Result<Option<HeaderValue>, Failure> {
        let basic =
            |(user, password): &(String, String)| secret(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))));
        self.credentials.as_ref().map(basic).transpose()
    }

    fn current(&self) -> Option<HeaderValue> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, authorization: &HeaderValue) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(authorization.clone());
    }
}

async fn token(exchange: &Exchange, ask: Ask) -> Result<String, Failure> {
    #[derive(Deserialize)]
    struct Granted {
        token: Option<String>,
        /// The same under OAuth 2.0's name.
        access_token: Option<String>,
    }
    let answer = exchange.accepted(exchange.ask(ask).await?).await?;
    let body = exchange.small_body(answer, TOKEN_BYTES).await?;
    let unreadable = || Failure::Refused("the token server's answer has no token".into());
    let granted: Granted = serde_json::from_slice(&body).map_err(|_| unreadable())?;
    granted.token.or(granted.access_token).filter(|token| !token.is_empty()).ok_or_else(unreadable)
}

fn challenge(answer: &Answer) -> Option<Challenge> {
    let headers = answer.response.headers().get_all(WWW_AUTHENTICATE);
    choose(headers.iter().filter_map(|header| header.to_str().ok()))
}

fn denied(challenge: Option<Challenge>) -> Failure {
    match challenge {
        Some(Challenge::Bearer(Bearer { error: Some(error), .. })) => {
            let error: String = error.chars().filter(|c| !c.is_control()).take(100).collect();
            Failure::Denied(format!("server message: {error}: authorization failed"))
        }
        _ => Failure::Denied("authorization failed".into()),
    }
}

/// A header that is neither shown nor compressed.
fn secret(text: String) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::try_from(text).map_err(|_| Failure::Refused("the token is no header".into()))?;
    value.set_sensitive(true);
    Ok(value)
}

//! Who is let through to a route: by IAM, by a token, or by asking a function.

use super::{Journey, functions, refusal::Refusal};
use api::apigatewayv2::SERVICE;
use http::request::Parts;
use logic::{
    http_api::{
        authorizer::Verdict,
        event,
        exchange::Caller,
        identity,
        jwt::{self, Refused},
    },
    policy::Context,
};
use model::{
    Timestamp,
    apigatewayv2::{Authorization, AuthorizerKind, AuthorizerSpec, RouteSpec},
};
use oidc::{Issuer, NotBelieved, Token};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// The most verdicts that are kept; a full memory is emptied, and functions are asked again.
const MOST: usize = 16_384;

/// What functions have said, by deployment, authorizer and identity, and until when it counts.
#[derive(Default)]
pub struct Verdicts(Mutex<HashMap<Vec<String>, (Verdict, Timestamp)>>);

impl Journey<'_> {
    /// Lets the request through to a route, or refuses it.
    pub async fn admit(&mut self, head: &Parts, route: &RouteSpec, body: &[u8]) -> Result<(), Refusal> {
        let authorizers = &self.served.deployed().authorizers;
        let named = |id: &String| authorizers.get(id).ok_or(Refusal::Internal);
        self.exchange.caller = match &route.authorization {
            Authorization::None => Caller::Unknown,
            Authorization::Iam => self.by_iam(head, body)?,
            Authorization::Jwt(id) => self.by_token(named(id)?, &route.scopes).await?,
            Authorization::Custom(id) => self.by_function(id, named(id)?).await?,
        };
        Ok(())
    }

    /// Whoever has signed has to be allowed `execute-api:Invoke`.
    fn by_iam(&self, head: &Parts, body: &[u8]) -> Result<Caller, Refusal> {
        let found = self.arrival.identify(&self.gateway.store, (&SERVICE, "execute-api"), head, body);
        let cx = found.ok().flatten().filter(|cx| cx.region == self.served.key.region).ok_or(Refusal::Forbidden)?;
        let resource = functions::request_arn(&self.exchange);
        cx.authorize("execute-api:Invoke", &[resource], &Context::new()).map_err(|_| Refusal::Forbidden)?;
        Ok(Caller::Iam {
            access_key: cx.access_key_id().unwrap_or(cx.account.as_str()).to_owned(),
            account: cx.account.to_string(),
            user_id: cx.principal.id(&cx.account),
            arn: cx.principal.arn(&cx.account).to_string(),
        })
    }

    /// A token has to be its issuer's, and good for the route.
    async fn by_token(&mut self, spec: &AuthorizerSpec, scopes: &[String]) -> Result<Caller, Refusal> {
        let AuthorizerKind::Jwt { issuer, audience } = &spec.kind else { return Err(Refusal::Internal) };
        let Some(sources) = identity::values(&spec.identity_source, &self.exchange) else {
            return Err(Refusal::Unauthorized(Some("Bearer".into())));
        };
        let text = sources.join("");
        let now = self.arrival.env.now();
        let believed = match Token::parse(jwt::token(&text)) {
            // Only RSA is taken here (developer guide, "Control access to HTTP APIs with JWT authorizers").
            Some(token) if token.algorithm.starts_with("RS") && token.key_id.is_some() => {
                let asked = Issuer { url: issuer, thumbprints: &[] };
                self.gateway.tokens.verify(asked, &token, now).await.map_err(told).map(|()| token)
            }
            Some(_) => Err("the token's algorithm or key is not supported"),
            None => Err("invalid number of segments"),
        };
        let token = believed.map_err(|why| self.not_let_through(why, scopes, false))?;
        let demand = jwt::Demand { issuer, audience, scopes };
        match jwt::judge(&token.claims, demand, now) {
            Ok(held) => Ok(Caller::Jwt { claims: jwt::as_texts(&token.claims), scopes: held }),
            Err(why) => Err(self.not_let_through(&why.to_string(), scopes, why == Refused::Scope)),
        }
    }

    /// `WWW-Authenticate` (RFC 6750, section 3).
    fn not_let_through(&mut self, why: &str, scopes: &[String], insufficient: bool) -> Refusal {
        self.outcome.authorizer_error = Some(why.to_owned());
        let error = if insufficient { "insufficient_scope" } else { "invalid_token" };
        let challenge = format!("Bearer scope=\"{}\" error=\"{error}\" error_description=\"{why}\"", scopes.join(" "));
        if insufficient { Refusal::Insufficient(challenge) } else { Refusal::Unauthorized(Some(challenge)) }
    }

    /// A function has to let the request through, now or a while ago.
    async fn by_function(&mut self, id: &str, spec: &AuthorizerSpec) -> Result<Caller, Refusal> {
        let AuthorizerKind::Request { uri, credentials, payload, simple, ttl } = &spec.kind else {
            return Err(Refusal::Internal);
        };
        let identity = identity::values(&spec.identity_source, &self.exchange).ok_or(Refusal::Unauthorized(None))?;
        let route = functions::request_arn(&self.exchange).to_string();
        let now = self.arrival.env.now();
        let key = self.verdict_key(id, &identity);
        let kept = if *ttl > 0 { self.gateway.verdicts.get(&key, now) } else { None };
        let verdict = match kept {
            Some(verdict) => verdict,
            None => {
                let event = event::authorizer(*payload, &self.exchange, &route, &identity);
                let source = functions::execute_api(&self.exchange, &format!("authorizers/{id}"));
                let asked = functions::invoke(self, Some(uri), credentials.as_deref(), source, &event).await;
                let answer = asked.map_err(|failure| self.failed(failure.message))?;
                let verdict = Verdict::read(&answer, *simple).map_err(|why| self.failed(why.to_string()))?;
                if *ttl > 0 {
                    self.gateway.verdicts.keep(key, verdict.clone(), now + Duration::from_secs((*ttl).into()));
                }
                verdict
            }
        };
        if !verdict.allows(&route) {
            return Err(Refusal::Forbidden);
        }
        Ok(Caller::Lambda { principal: verdict.principal, context: verdict.context })
    }

    fn verdict_key(&self, id: &str, identity: &[String]) -> Vec<String> {
        let place = [self.served.key.id.clone(), self.served.stage.deployment.clone().unwrap_or_default(), id.to_owned()];
        place.into_iter().chain(identity.iter().cloned()).collect()
    }

    fn failed(&mut self, why: String) -> Refusal {
        self.outcome.authorizer_error = Some(why);
        Refusal::Internal
    }
}

fn told(why: NotBelieved) -> &'static str {
    match why {
        NotBelieved::Away => "OIDC discovery endpoint communication error",
        NotBelieved::NoKey => "unable to find a matching key",
        NotBelieved::Algorithm => "the token's algorithm or key is not supported",
        NotBelieved::Wrong => "signature is invalid",
    }
}

impl Verdicts {
    fn get(&self, key: &[String], now: Timestamp) -> Option<Verdict> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(key).filter(|(_, until)| now < *until).map(|(verdict, _)| verdict.clone())
    }

    fn keep(&self, key: Vec<String>, verdict: Verdict, until: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() >= MOST {
            kept.clear();
        }
        kept.insert(key, (verdict, until));
    }
}

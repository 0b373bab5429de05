//! Who a registry takes us for: its challenge (RFC 9110, section 11.6.1), and tokens that its token server gives.

use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderValue;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// What we can say to one registry about one repository.
pub struct Credentials {
    login: Option<(String, String)>,
    repository: String,
    header: Mutex<Option<HeaderValue>>,
}

/// How a registry wants to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// With a name and a password.
    Basic,
    /// With a token from a server at this address.
    Bearer(String),
}

impl Credentials {
    /// With or without a login.
    pub fn new(login: Option<(String, String)>, repository: &str) -> Self {
        Self { login, repository: repository.into(), header: Mutex::default() }
    }

    /// The header that worked the last time.
    pub fn header(&self) -> Option<HeaderValue> {
        self.header.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Remembers what to say from now on.
    pub fn set(&self, header: HeaderValue) {
        self.header.lock().unwrap_or_else(PoisonError::into_inner).replace(header);
    }

    /// Name and password as a header, if there are any.
    pub fn basic(&self) -> Option<HeaderValue> {
        let (name, password) = self.login.as_ref()?;
        secret(&format!("Basic {}", STANDARD.encode(format!("{name}:{password}"))))
    }

    /// Reads a challenge; `None` if it is none that can be met.
    pub fn challenge(&self, header: &str) -> Option<Challenge> {
        let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
        match scheme.to_ascii_lowercase().as_str() {
            "basic" => Some(Challenge::Basic),
            "bearer" => self.token_address(&parameters(rest)).map(Challenge::Bearer),
            _ => None,
        }
    }

    fn token_address(&self, parameters: &BTreeMap<String, String>) -> Option<String> {
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let realm = parameters.get("realm")?;
        let scope = format!("repository:{}:pull", self.repository);
        let mut address = format!("{realm}{}scope={}", if realm.contains('?') { '&' } else { '?' }, encoded(&scope));
        if let Some(service) = parameters.get("service") {
            address += &format!("&service={}", encoded(service));
        }
        Some(address)
    }
}

/// A token as a header.
pub fn bearer(token: &str) -> Option<HeaderValue> {
    secret(&format!("Bearer {token}"))
}

fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// `name="value",name=value`; commas may stand in quoted values.
fn parameters(text: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::new();
    let mut rest = text;
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = match after.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').unwrap_or((quoted, "")),
            None => after.split_once(',').unwrap_or((after, "")),
        };
        parameters.insert(name.trim_matches([',', ' ']).to_ascii_lowercase(), value.to_owned());
        rest = after;
    }
    parameters
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_are_read() {
        let credentials = Credentials::new(None, "library/nginx");
        let challenge = |text| credentials.challenge(text);
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a:pull,push""#;
        let address = "https://auth.docker.io/token?scope=repository%3Alibrary%2Fnginx%3Apull&service=registry%2Edocker%2Eio";
        assert_eq!(challenge(hub), Some(Challenge::Bearer(address.into())));
        assert_eq!(challenge("Basic realm=\"x\""), Some(Challenge::Basic));
        assert_eq!(challenge("bearer service=x"), None);
        assert_eq!(challenge("Negotiate"), None);
    }

    #[test]
    fn a_login_becomes_a_header() {
        let credentials = Credentials::new(Some(("a".into(), "b".into())), "x");
        assert_eq!(credentials.basic().unwrap(), "Basic YTpi");
        assert!(credentials.basic().unwrap().is_sensitive());
    }
}

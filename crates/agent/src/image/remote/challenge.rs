//! What a registry asks a client to prove itself with: the `WWW-Authenticate` header (RFC 9110, section 11.6.1). Pure.

use std::collections::BTreeMap;

/// What a registry wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// User name and password (RFC 7617).
    Basic,
    /// A token from somewhere else (CNCF distribution, "Token Authentication Specification").
    Bearer(Bearer),
}

/// Where a token comes from and what it has to be good for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Bearer {
    /// The address that gives tokens.
    pub realm: String,
    /// The registry's name there.
    pub service: Option<String>,
    /// What the token has to be good for, several of them separated by spaces.
    pub scope: Option<String>,
    /// Why a token that was sent isn't good enough (RFC 6750, section 3.1).
    pub error: Option<String>,
}

/// The challenge to answer among those of a response's headers: a token where one is asked for, a password otherwise.
pub fn choose<'a>(headers: impl IntoIterator<Item = &'a str>) -> Option<Challenge> {
    let all: Vec<_> = headers.into_iter().flat_map(|header| Parser { rest: header }.challenges()).collect();
    let bearer = all.iter().find_map(|(scheme, parameters)| bearer(scheme, parameters));
    let basic = || all.iter().any(|(scheme, _)| scheme.eq_ignore_ascii_case("basic")).then_some(Challenge::Basic);
    bearer.map(Challenge::Bearer).or_else(basic)
}

type Parameters = BTreeMap<String, String>;

fn bearer(scheme: &str, parameters: &Parameters) -> Option<Bearer> {
    let get = |name: &str| parameters.get(name).filter(|value| !value.is_empty()).cloned();
    let realm = get("realm").filter(|_| scheme.eq_ignore_ascii_case("bearer"))?;
    Some(Bearer { realm, service: get("service"), scope: get("scope"), error: get("error") })
}

/// Reads one header: schemes and parameters in one list, in which a word that no `=` follows begins the next challenge.
struct Parser<'a> {
    rest: &'a str,
}

impl Parser<'_> {
    /// The challenges up to the first thing that is none.
    fn challenges(mut self) -> Vec<(String, Parameters)> {
        let mut all: Vec<(String, Parameters)> = Vec::new();
        loop {
            self.rest = self.rest.trim_start_matches([' ', '\t', ',']);
            let Some(word) = self.word() else { return all };
            match (self.value(), all.last_mut()) {
                (None, _) => all.push((word, Parameters::new())),
                (Some(value), Some((_, parameters))) => drop(parameters.insert(word.to_ascii_lowercase(), value)),
                (Some(_), None) => return all,
            }
        }
    }

    fn word(&mut self) -> Option<String> {
        let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~/:".contains(c);
        let end = self.rest.find(|c| !token(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        (!word.is_empty()).then(|| word.to_owned())
    }

    /// What follows `=`, quoted or not.
    fn value(&mut self) -> Option<String> {
        let rest = self.rest.trim_start_matches([' ', '\t']).strip_prefix('=')?;
        self.rest = rest.trim_start_matches([' ', '\t']);
        match self.rest.strip_prefix('"') {
            Some(quoted) => Some(self.quoted(quoted)),
            None => Some(self.word().unwrap_or_default()),
        }
    }

    fn quoted(&mut self, text: &str) -> String {
        let mut value = String::new();
        let mut characters = text.chars();
        while let Some(c) = characters.next() {
            match c {
                '"' => break,
                '\\' => value.extend(characters.next()),
                c => value.push(c),
            }
        }
        let left = characters.as_str().len();
        self.rest = &self.rest[self.rest.len() - left..];
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn tokens_are_asked_for_as_docker_hub_does() {
        let header =
            r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/nginx:pull""#;
        let expected = Bearer {
            realm: "https://auth.docker.io/token".into(),
            service: Some("registry.docker.io".into()),
            scope: Some("repository:library/nginx:pull".into()),
            error: None,
        };
        assert_eq!(choose([header]), Some(Challenge::Bearer(expected)));
    }

    #[test]
    fn a_token_is_preferred_wherever_it_stands() {
        let bearer = Challenge::Bearer(Bearer { realm: "https://a/".into(), ..Default::default() });
        for headers in [
            vec![r#"Basic realm="x", Bearer realm="https://a/""#],
            vec![r#"BASIC realm="x""#, "bearer Realm = https://a/"],
            vec![r#"Negotiate, Bearer realm="https://a/", Basic"#],
        ] {
            assert_eq!(choose(headers.iter().copied()), Some(bearer.clone()), "{headers:?}");
        }
        assert_eq!(choose([r#"Basic realm="a, Bearer realm=b""#]), Some(Challenge::Basic));
    }

    #[test]
    fn quotes_may_hold_anything() {
        let Some(Challenge::Bearer(bearer)) = choose([r#"Bearer realm="a\"b,c=d",error="x y""#]) else { panic!() };
        assert_eq!((bearer.realm.as_str(), bearer.error.as_deref()), ("a\"b,c=d", Some("x y")));
    }

    #[test]
    fn what_is_no_challenge_is_none() {
        for header in ["", ",", "=", "Bearer", r#"Bearer realm="""#, "Digest realm=x", "realm=x", "é", r#"Bearer service="x""#] {
            assert_eq!(choose([header]), None, "{header}");
        }
    }

    proptest! {
        #[test]
        fn any_header_is_read_to_an_end(header in ".{0,200}", more in "[ ,=\"\\\\a-z]{0,200}") {
            choose([header.as_str(), more.as_str()]);
        }
    }
}

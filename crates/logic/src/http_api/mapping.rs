//! Parameter mapping: what is changed in a request before an integration sees it, and in the integration's answer (developer guide,
//! "Transform API requests and responses for HTTP APIs").

use super::exchange::{Exchange, joined, of_body};
use http::{HeaderMap, HeaderName, HeaderValue};
use std::collections::BTreeMap;

/// One change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    action: Action,
    place: Place,
    value: Template,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Action {
    Append,
    Overwrite,
    Remove,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Header(HeaderName),
    Query(String),
    Path,
    Status,
}

/// A text with expressions in it: `$request.path`, or `a-${context.stage}-b`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Expression(String),
}

/// Why something is no mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotAMapping {
    /// Its key isn't `<action>:<place>`.
    #[error("Invalid mapping expression specified: {0}")]
    Key(String),
    /// It is of a header that nobody may change.
    #[error("Operations on header {0} are restricted")]
    Reserved(String),
    /// Its value is an expression of something unknown.
    #[error("Invalid mapping expression specified: Validation Result: warnings : [], errors : [Invalid source: {0} specified]")]
    Value(String),
    /// Answers are mapped by their status.
    #[error("Invalid response parameters: the status code {0} is not valid")]
    Status(String),
}

/// What a request's mappings change of it.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Changes {
    /// The new path, if it is another one.
    pub path: Option<String>,
    /// The new query string, if it is another one.
    pub query: Option<String>,
    /// The headers.
    pub headers: HeaderMap,
}

/// Reads a request's mappings.
pub fn of_request(parameters: &BTreeMap<String, String>) -> Result<Vec<Mapping>, NotAMapping> {
    parameters.iter().map(|(key, value)| Mapping::parse(key, value, &["request", "context", "stageVariables"])).collect()
}

/// Reads the mappings of answers, by their status.
pub fn of_answers(parameters: &BTreeMap<String, BTreeMap<String, String>>) -> Result<BTreeMap<u16, Vec<Mapping>>, NotAMapping> {
    let of_status = |(status, mappings): (&String, &BTreeMap<String, String>)| {
        let code = status.parse::<u16>().ok().filter(|code| (200..600).contains(code));
        let code = code.ok_or_else(|| NotAMapping::Status(status.clone()))?;
        let mappings = mappings.iter().map(|(key, value)| Mapping::parse(key, value, &["response", "context", "stageVariables"]));
        Ok((code, mappings.collect::<Result<_, _>>()?))
    };
    parameters.iter().map(of_status).collect()
}

/// What the mappings make of a request.
pub fn map_request(mappings: &[Mapping], exchange: &Exchange, body: &[u8]) -> Changes {
    let mut changes = Changes { headers: exchange.headers.clone(), ..Changes::default() };
    let mut query = super::path::query(&exchange.query);
    let before = query.clone();
    for Mapping { action, place, value } in mappings {
        let value = value.fill(&|expression| exchange.value(expression, body));
        match place {
            Place::Header(name) => change_header(&mut changes.headers, *action, name, value),
            Place::Query(name) => change_query(&mut query, *action, name, value),
            Place::Path => changes.path = value.or(changes.path),
            Place::Status => {}
        }
    }
    if query != before {
        let encoded = |text: &String| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        changes.query = Some(pairs.join("&"));
    }
    changes
}

/// Changes an answer's status and headers by the mappings of its status. `body` is the answer's.
pub fn map_answer(mappings: &[Mapping], exchange: &Exchange, (status, headers): (&mut u16, &mut HeaderMap), body: &[u8]) {
    let came = headers.clone();
    let value = |expression: &str| match expression.split_once('.') {
        Some(("response", rest)) => of_answer(rest, &came, body),
        _ if expression == "response.body" => of_body(body, ""),
        _ => exchange.value(expression, &[]),
    };
    for Mapping { action, place, value: template } in mappings {
        let value = template.fill(&value);
        match place {
            Place::Header(name) => change_header(headers, *action, name, value),
            Place::Status => *status = value.and_then(|value| value.parse().ok()).unwrap_or(*status),
            Place::Query(_) | Place::Path => {}
        }
    }
}

fn of_answer(rest: &str, headers: &HeaderMap, body: &[u8]) -> Option<String> {
    let (kind, name) = rest.split_once('.').unwrap_or((rest, ""));
    match kind {
        "header" => joined(headers, name),
        "body" => of_body(body, name),
        _ => None,
    }
}

fn change_header(headers: &mut HeaderMap, action: Action, name: &HeaderName, value: Option<String>) {
    if action == Action::Remove {
        headers.remove(name);
        return;
    }
    let Some(value) = value.and_then(|value| HeaderValue::try_from(value).ok()) else { return };
    match action {
        Action::Append => drop(headers.append(name, value)),
        _ => drop(headers.insert(name, value)),
    }
}

fn change_query(query: &mut Vec<(String, String)>, action: Action, name: &str, value: Option<String>) {
    if action != Action::Append {
        query.retain(|(key, _)| key != name);
    }
    if let Some(value) = value.filter(|_| action != Action::Remove) {
        query.push((name.to_owned(), value));
    }
}

impl Mapping {
    /// Whether it needs the body of what it is about.
    pub fn reads_body(&self) -> bool {
        let of_body = |part: &Part| matches!(part, Part::Expression(text) if text.split('.').nth(1) == Some("body"));
        self.value.0.iter().any(of_body)
    }

    fn parse(key: &str, value: &str, roots: &[&str]) -> Result<Self, NotAMapping> {
        let bad = || NotAMapping::Key(key.to_owned());
        let (action, place) = key.split_once(':').ok_or_else(bad)?;
        let action = match action {
            "append" => Action::Append,
            "overwrite" => Action::Overwrite,
            "remove" => Action::Remove,
            _ => return Err(bad()),
        };
        let of_answer = roots.contains(&"response");
        let place = match place.split_once('.').unwrap_or((place, "")) {
            ("header", name) => Place::Header(header(name).ok_or_else(bad)??),
            ("querystring", name) if !of_answer && !name.is_empty() => Place::Query(name.to_owned()),
            ("path", "") if !of_answer && action == Action::Overwrite => Place::Path,
            ("statuscode", "") if of_answer && action == Action::Overwrite => Place::Status,
            _ => return Err(bad()),
        };
        Ok(Self { action, place, value: Template::parse(value, roots)? })
    }
}

/// A header that may be changed; none if that is no name.
fn header(name: &str) -> Option<Result<HeaderName, NotAMapping>> {
    let name = HeaderName::try_from(name).ok()?;
    Some(if is_reserved(name.as_str()) { Err(NotAMapping::Reserved(name.to_string())) } else { Ok(name) })
}

/// Headers that can't be mapped (developer guide, *Reserved headers*).
fn is_reserved(name: &str) -> bool {
    const NAMES: [&str; 20] = [
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-location",
        "forwarded",
        "keep-alive",
        "origin",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "trailers",
        "transfer-encoding",
        "upgrade",
        "via",
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-port",
    ];
    let prefixed = ["access-control-", "apigw-", "x-amz-", "x-amzn-"].iter().any(|prefix| name.starts_with(prefix));
    prefixed || NAMES.contains(&name)
}

impl Template {
    /// Reads a text; expressions may begin with one of the roots only.
    pub fn parse(text: &str, roots: &[&str]) -> Result<Self, NotAMapping> {
        let known = |expression: &str| {
            let root = expression.split('.').next().unwrap_or_default();
            let fine = roots.contains(&root) && expression.len() > root.len();
            fine.then(|| Part::Expression(expression.to_owned())).ok_or_else(|| NotAMapping::Value(text.to_owned()))
        };
        if let Some(expression) = text.strip_prefix('$').filter(|rest| !rest.starts_with('{')) {
            return Ok(Self(vec![known(expression)?]));
        }
        let (mut parts, mut rest) = (Vec::new(), text);
        while let Some((before, behind)) = rest.split_once("${") {
            let (expression, after) = behind.split_once('}').ok_or_else(|| NotAMapping::Value(text.to_owned()))?;
            parts.extend([Part::Text(before.to_owned()), known(expression)?]);
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        Ok(Self(parts))
    }

    /// The text with the values of its expressions; nothing if it is an expression of which there is no value.
    pub fn fill(&self, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
        if let [Part::Expression(expression)] = &*self.0 {
            return value(expression);
        }
        let part = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Expression(expression) => value(expression).unwrap_or_default(),
        };
        Some(self.0.iter().map(part).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{super::exchange::tests::exchange, *};

    fn map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn requests_are_changed() {
        let mappings = of_request(&map(&[
            ("append:header.accept", "$request.querystring.x"),
            ("overwrite:header.x-who", "${stageVariables.table}-${context.stage}"),
            ("remove:header.cookie", "''"),
            ("append:header.x-none", "$request.header.none"),
            ("overwrite:querystring.kind", "$request.body.kind"),
            ("remove:querystring.x", "''"),
            ("overwrite:path", "/new/${request.path.id}"),
        ]))
        .unwrap();
        let changes = map_request(&mappings, &exchange(), br#"{"kind": "a&b"}"#);
        assert_eq!(changes.headers.get_all("accept").iter().collect::<Vec<_>>(), ["a", "b", "&"]);
        assert_eq!(changes.headers["x-who"], "pets-prod");
        assert!(!changes.headers.contains_key("cookie") && !changes.headers.contains_key("x-none"));
        assert_eq!(changes.query.as_deref(), Some("kind=a%26b"));
        assert_eq!(changes.path.as_deref(), Some("/new/a b"));
        assert_eq!(map_request(&[], &exchange(), b"").query, None, "what isn't changed stays as it was sent");
    }

    #[test]
    fn answers_are_changed_by_their_status() {
        let of_500 = map(&[("overwrite:statuscode", "403"), ("append:header.x-error", "$response.body.error")]);
        let mappings = of_answers(&[("500".to_owned(), of_500)].into()).unwrap();
        let (mut status, mut headers) = (500, HeaderMap::new());
        map_answer(&mappings[&500], &exchange(), (&mut status, &mut headers), br#"{"error": "no"}"#);
        assert_eq!((status, &headers["x-error"]), (403, &HeaderValue::from_static("no")));
    }

    #[test]
    fn what_is_no_mapping_is_refused() {
        for (key, value) in [
            ("header.a", "b"),
            ("set:header.a", "b"),
            ("append:path", "/"),
            ("overwrite:body", "b"),
            ("overwrite:statuscode", "200"),
            ("append:header.", "b"),
            ("append:header.authorization", "b"),
            ("append:header.x-amz-date", "b"),
            ("append:header.a", "$nonsense.b"),
            ("append:header.a", "$response.header.b"),
            ("append:header.a", "${request.path"),
        ] {
            assert!(of_request(&map(&[(key, value)])).is_err(), "{key} {value}");
        }
        assert!(of_answers(&[("99".to_owned(), map(&[]))].into()).is_err());
    }
}

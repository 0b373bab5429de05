//! A request on its way through an API, and what expressions can say of it: `$request.…`, `$context.…`, `$stageVariables.…` (developer
//! guide, "Transform API requests and responses for HTTP APIs", "Customize HTTP API access logs").

use super::path;
use http::HeaderMap;
use model::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// A request that a route was found for, or is being looked for.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// Whose API it is.
    pub account: String,
    /// Where it is.
    pub region: String,
    /// Its id.
    pub api: String,
    /// The stage's name; empty where none was found.
    pub stage: String,
    /// The host that was asked, without a port.
    pub domain: String,
    /// The id of the request.
    pub id: String,
    /// When it came.
    pub at: Timestamp,
    /// Who is at the other end of the connection.
    pub source_ip: String,
    /// `HTTP/1.1`.
    pub protocol: String,
    /// `GET`.
    pub method: String,
    /// The whole path, the stage included, decoded.
    pub whole_path: String,
    /// The path without the stage, as it was sent.
    pub path: String,
    /// The query string, as it was sent.
    pub query: String,
    /// The headers, those that the gateway adds included.
    pub headers: HeaderMap,
    /// The key of the route; empty where none was found.
    pub route_key: String,
    /// The values of the route's variables.
    pub parameters: BTreeMap<String, String>,
    /// `$stageVariables`.
    pub variables: BTreeMap<String, String>,
    /// Who has sent it, as far as the route's authorization tells.
    pub caller: Caller,
}

/// Who has sent a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Caller {
    /// Nobody was asked.
    #[default]
    Unknown,
    /// Who holds a token.
    Jwt {
        /// What the token says, as texts.
        claims: BTreeMap<String, String>,
        /// Those of the route's scopes that the token has; none where the route asks for none.
        scopes: Option<Vec<String>>,
    },
    /// Whom a function has let through.
    Lambda {
        /// Who that is, by a policy response.
        principal: Option<String>,
        /// What the function says of them.
        context: Map<String, Value>,
    },
    /// A principal of IAM.
    Iam {
        /// The id of the key that has signed.
        access_key: String,
        /// Its account.
        account: String,
        /// The principal's unique id.
        user_id: String,
        /// Its ARN.
        arn: String,
    },
}

impl Exchange {
    /// `12/Mar/2020:19:03:58 +0000`.
    pub fn time(&self) -> String {
        let moment = jiff::Timestamp::from_millisecond(self.at.0).unwrap_or_default();
        moment.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string()
    }

    /// A header's values, joined.
    pub fn header(&self, name: &str) -> Option<String> {
        joined(&self.headers, name)
    }

    /// A name's values in the query string, joined.
    pub fn query_value(&self, name: &str) -> Option<String> {
        let values: Vec<String> =
            path::query(&self.query).into_iter().filter(|(key, _)| key == name).map(|(_, value)| value).collect();
        (!values.is_empty()).then(|| values.join(","))
    }

    /// `$request.…`, `$context.…`, or `$stageVariables.…`, without the dollar; `body` is the request's.
    pub fn value(&self, expression: &str, body: &[u8]) -> Option<String> {
        let (root, rest) = expression.split_once('.')?;
        match root {
            "request" => self.request(rest, body),
            "context" => self.context(rest),
            "stageVariables" => self.variables.get(rest).cloned(),
            _ => None,
        }
    }

    fn request(&self, rest: &str, body: &[u8]) -> Option<String> {
        let (kind, name) = rest.split_once('.').unwrap_or((rest, ""));
        match (kind, name) {
            ("header", name) => self.header(name),
            ("querystring", name) => self.query_value(name),
            ("path", "") => Some(self.path.clone()),
            ("path", name) => self.parameters.get(name).cloned(),
            ("method", "") => Some(self.method.clone()),
            ("body", path) => of_body(body, path),
            _ => None,
        }
    }

    /// `$context.…`, without that, as far as it is known when the request comes.
    pub fn context(&self, name: &str) -> Option<String> {
        let text = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        match name {
            "accountId" => text(&self.account),
            "apiId" => text(&self.api),
            "stage" => text(&self.stage),
            "domainName" => text(&self.domain),
            "domainPrefix" => text(self.domain.split('.').next()?),
            "requestId" | "extendedRequestId" => text(&self.id),
            "requestTime" => Some(self.time()),
            "requestTimeEpoch" => Some(self.at.0.to_string()),
            "httpMethod" => text(&self.method),
            "path" => text(&self.whole_path),
            "protocol" => text(&self.protocol),
            "routeKey" => text(&self.route_key),
            "identity.sourceIp" => text(&self.source_ip),
            "identity.userAgent" => self.header("user-agent"),
            _ => self.of_caller(name),
        }
    }

    fn of_caller(&self, name: &str) -> Option<String> {
        match (&self.caller, name) {
            (Caller::Iam { account, .. }, "identity.accountId") => Some(account.clone()),
            (Caller::Iam { user_id, .. }, "identity.caller" | "identity.user") => Some(user_id.clone()),
            (Caller::Iam { arn, .. }, "identity.userArn") => Some(arn.clone()),
            (Caller::Jwt { claims, .. }, name) => claims.get(name.strip_prefix("authorizer.claims.")?).cloned(),
            (Caller::Lambda { principal, .. }, "authorizer.principalId") => principal.clone(),
            (Caller::Lambda { context, .. }, name) => context.get(name.strip_prefix("authorizer.")?).map(plain),
            _ => None,
        }
    }
}

/// A value as text: texts without quotation marks, everything else as JSON.
pub fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The values of a header, joined with commas.
pub fn joined(headers: &HeaderMap, name: &str) -> Option<String> {
    let values: Vec<_> = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// A body, or what stands in it at a path: `pet.names[0]`. Nothing of more than 100 KB is looked into (developer guide, "Transform API
/// requests and responses for HTTP APIs").
pub fn of_body(body: &[u8], path: &str) -> Option<String> {
    const SEEN: usize = 100 * 1024;
    if path.is_empty() {
        return std::str::from_utf8(body).ok().map(str::to_owned);
    }
    let json: Value = serde_json::from_slice(body.get(..SEEN).unwrap_or(body)).ok()?;
    let found = steps(path).try_fold(&json, |at, step| match at {
        Value::Array(items) => items.get(step.parse::<usize>().ok()?),
        at => at.get(step),
    });
    found.filter(|found| !found.is_null()).map(plain)
}

/// The steps of a path; indices are in brackets, and so may be names, in quotation marks.
fn steps(path: &str) -> impl Iterator<Item = &str> {
    let steps = path.split(['.', '[', ']']).map(|step| step.trim_matches(['\'', '"']));
    steps.filter(|step| !step.is_empty())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use serde_json::json;

    /// A request for `GET /pets/{id}` of the stage `prod`.
    pub fn exchange() -> Exchange {
        Exchange {
            account: "111122223333".into(),
            region: "us-east-1".into(),
            api: "abcdef1234".into(),
            stage: "prod".into(),
            domain: "abcdef1234.execute-api.us-east-1.localhost".into(),
            id: "request-1".into(),
            at: Timestamp(1_583_348_638_390),
            source_ip: "192.0.2.1".into(),
            protocol: "HTTP/1.1".into(),
            method: "GET".into(),
            whole_path: "/prod/pets/a b".into(),
            path: "/pets/a%20b".into(),
            query: "kind=dog&kind=cat&x=%26".into(),
            headers: [("user-agent", "curl/8"), ("accept", "a"), ("accept", "b"), ("cookie", "k=1; l=2"), ("host", "h:1")]
                .map(|(name, value)| (http::HeaderName::from_static(name), http::HeaderValue::from_static(value)))
                .into_iter()
                .collect(),
            route_key: "GET /pets/{id}".into(),
            parameters: [("id".to_owned(), "a b".to_owned())].into(),
            variables: [("table".to_owned(), "pets".to_owned())].into(),
            caller: Caller::Unknown,
        }
    }

    #[test]
    fn expressions_are_answered() {
        let exchange = exchange();
        let body = br#"{"pet": {"names": ["Rex", 7]}, "on": true, "off": null}"#;
        for (expression, expected) in [
            ("request.header.Accept", Some("a,b")),
            ("request.querystring.kind", Some("dog,cat")),
            ("request.querystring.none", None),
            ("request.path", Some("/pets/a%20b")),
            ("request.path.id", Some("a b")),
            ("request.body.pet.names[0]", Some("Rex")),
            ("request.body.pet.names[1]", Some("7")),
            ("request.body.pet['names'][1]", Some("7")),
            ("request.body.on", Some("true")),
            ("request.body.off", None),
            ("stageVariables.table", Some("pets")),
            ("context.stage", Some("prod")),
            ("context.requestTime", Some("04/Mar/2020:19:03:58 +0000")),
            ("context.domainPrefix", Some("abcdef1234")),
            ("context.identity.userAgent", Some("curl/8")),
            ("context.nonsense", None),
            ("nonsense", None),
        ] {
            assert_eq!(exchange.value(expression, body).as_deref(), expected, "{expression}");
        }
        assert_eq!(exchange.value("request.body", b"as it is").as_deref(), Some("as it is"));
    }

    #[test]
    fn who_sends_it_is_told_by_the_authorization() {
        let mut exchange = exchange();
        exchange.caller = Caller::Jwt { claims: [("sub".to_owned(), "anna".to_owned())].into(), scopes: None };
        assert_eq!(exchange.context("authorizer.claims.sub").as_deref(), Some("anna"));
        let context = json!({"level": 3}).as_object().unwrap().clone();
        exchange.caller = Caller::Lambda { principal: Some("me".into()), context };
        assert_eq!(exchange.context("authorizer.level").as_deref(), Some("3"));
        assert_eq!(exchange.context("authorizer.principalId").as_deref(), Some("me"));
    }
}

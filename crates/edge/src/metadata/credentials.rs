//! What is answered to a task. Pure.
//!
//! Statuses, codes and texts are those of the Amazon ECS container agent.

use super::Body;
use agent_proto::edge::{Metadata, RoleCredentials};
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::Full;
use serde::Serialize;
use std::net::IpAddr;

/// Credentials are below it, by their id.
const CREDENTIALS: &str = "/v2/credentials";

/// An answer.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

impl Answer {
    /// As it is sent.
    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Full::new(self.body.into()));
        *response.status_mut() = self.status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        response
    }
}

/// Credentials as the SDKs read them.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Given<'a> {
    role_arn: &'a str,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    expiration: &'a str,
}

/// An error in the agent's form.
#[derive(Serialize)]
struct Refusal {
    code: &'static str,
    message: String,
    #[serde(rename = "HTTPErrorCode")]
    status: u16,
}

/// Answers who asks for a path from an address.
pub(super) fn answer(path: &str, from: IpAddr, metadata: Option<&Metadata>) -> Answer {
    let Some(rest) = path.strip_prefix(CREDENTIALS) else { return no_such_page() };
    match rest.strip_prefix('/') {
        None if !rest.is_empty() => no_such_page(),
        None | Some("") => refusal("NoIdInRequest", "No Credential ID in the request"),
        Some(id) if id.contains('/') => no_such_page(),
        Some(id) => match metadata.and_then(|metadata| metadata.credentials.get(id)).filter(|it| is_theirs(it, from)) {
            Some(credentials) => given(credentials),
            None => refusal("InvalidIdInRequest", "Credentials not found"),
        },
    }
}

/// Whoever has learned of another workload's id is told as little as who made one up.
fn is_theirs(credentials: &RoleCredentials, from: IpAddr) -> bool {
    matches!(from, IpAddr::V4(from) if credentials.sources.contains(&from))
}

fn given(credentials: &RoleCredentials) -> Answer {
    json(
        StatusCode::OK,
        &Given {
            role_arn: &credentials.role_arn,
            access_key_id: &credentials.access_key_id,
            secret_access_key: &credentials.secret_access_key,
            token: &credentials.token,
            expiration: &credentials.expiration,
        },
    )
}

fn refusal(code: &'static str, text: &str) -> Answer {
    let status = StatusCode::BAD_REQUEST;
    json(status, &Refusal { code, message: format!("CredentialsV2Request: {text}"), status: status.as_u16() })
}

fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    match serde_json::to_string(value) {
        Ok(body) => Answer { status, content_type: "application/json", body },
        Err(_) => text(StatusCode::INTERNAL_SERVER_ERROR, "internal server error\n"),
    }
}

fn no_such_page() -> Answer {
    text(StatusCode::NOT_FOUND, "404 page not found\n")
}

fn text(status: StatusCode, text: &str) -> Answer {
    Answer { status, content_type: "text/plain; charset=utf-8", body: text.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn asked(path: &str, from: &str) -> (u16, serde_json::Value) {
        let credentials = RoleCredentials {
            sources: ["10.0.0.7".parse().unwrap()].into(),
            role_arn: "arn:aws:iam::111122223333:role/app".into(),
            access_key_id: "ASIA".into(),
            secret_access_key: "secret".into(),
            token: "token".into(),
            issued: "2026-01-01T00:00:00Z".into(),
            expiration: "2026-01-01T06:00:00Z".into(),
        };
        let metadata = Metadata {
            credentials_at: "169.254.170.2:80".parse().unwrap(),
            api_at: "169.254.170.2:4566".parse().unwrap(),
            credentials: BTreeMap::from([("one".to_owned(), credentials)]),
        };
        let answer = answer(path, from.parse().unwrap(), Some(&metadata));
        (answer.status.as_u16(), serde_json::from_str(&answer.body).unwrap_or_default())
    }

    #[test]
    fn a_workload_gets_its_own_credentials() {
        let (status, body) = asked("/v2/credentials/one", "10.0.0.7");
        assert_eq!(status, 200);
        assert_eq!(
            body,
            serde_json::json!({
                "RoleArn": "arn:aws:iam::111122223333:role/app",
                "AccessKeyId": "ASIA",
                "SecretAccessKey": "secret",
                "Token": "token",
                "Expiration": "2026-01-01T06:00:00Z",
            })
        );
    }

    #[test]
    fn another_gets_what_a_made_up_id_gets() {
        let unknown = serde_json::json!({
            "code": "InvalidIdInRequest", "message": "CredentialsV2Request: Credentials not found", "HTTPErrorCode": 400
        });
        for (path, from) in [
            ("/v2/credentials/one", "10.0.0.8"),
            ("/v2/credentials/one", "::ffff:10.0.0.7"),
            ("/v2/credentials/two", "10.0.0.7"),
            ("/v2/credentials/ONE", "10.0.0.7"),
        ] {
            assert_eq!(asked(path, from), (400, unknown.clone()), "{path} {from}");
        }
    }

    #[test]
    fn a_path_without_an_id_and_other_paths() {
        for path in ["/v2/credentials", "/v2/credentials/"] {
            let (status, body) = asked(path, "10.0.0.7");
            assert_eq!((status, body["code"].as_str()), (400, Some("NoIdInRequest")), "{path}");
        }
        for path in ["/", "/v2/metadata", "/v2/credentialsone", "/v2/credentials/one/two", "/v1/credentials"] {
            assert_eq!(asked(path, "10.0.0.7").0, 404, "{path}");
        }
    }
}

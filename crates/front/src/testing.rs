//! A whole front in the process of a test, on a store that forgets and a clock that stands: bytes in, bytes out.
//!
//! ```ignore
//! let bench = Bench::new(|front| front.service(ecr::service(…)));
//! let reply = bench.json("ecr", "CreateRepository", json!({"repositoryName": "web"})).await;
//! assert_eq!(reply.status, 200);
//! ```

pub mod xml;

use crate::{Config, Front, auth::context::ViaEndpoint, body};
use bytes::Bytes;
use http::{HeaderMap, Request};
use http_body_util::BodyExt;
use model::{
    Env, Timestamp,
    env::{Clock, ManualClock},
};
use serde_json::Value;
use spine::Store;
use std::{net::IpAddr, sync::Arc, time::Duration};
use wire::{
    Time,
    sigv4::{Scope, SigningKey, basic_format},
};

/// When the clock of a new bench stands: 2026-01-01T00:00:00Z.
pub const START: Timestamp = Timestamp(1_767_225_600_000);

/// A front, its store and its clock. Requests are made by the account `111122223333` in `us-east-1` unless it is told otherwise.
#[derive(Clone)]
pub struct Bench {
    /// The front.
    pub front: Arc<Front>,
    /// The store that it works on.
    pub store: Store,
    /// Its clock and its dice.
    pub env: Env,
    clock: Arc<ManualClock>,
    account: String,
    region: String,
    signer: Option<Signer>,
    endpoint: Option<ViaEndpoint>,
}

/// An access key that signs a bench's requests.
#[derive(Clone, Debug)]
pub struct Signer {
    /// Its id.
    pub access_key_id: String,
    /// What signs.
    pub secret_access_key: String,
    /// Of temporary credentials.
    pub token: Option<String>,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON; null if it is none.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The text of the first element of that name in an answer in XML; empty if there is none. Entities stay as they are.
    pub fn element(&self, name: &str) -> String {
        let text = self.text();
        let inner = text.split_once(&format!("<{name}>")).and_then(|(_, rest)| rest.split_once(&format!("</{name}>")));
        inner.map(|(inner, _)| inner.to_owned()).unwrap_or_default()
    }

    /// The code of an error in JSON, without its namespace; empty if there is none.
    pub fn code(&self) -> String {
        let json = self.json();
        let code = json["__type"].as_str().or(json["code"].as_str()).unwrap_or_default();
        code.rsplit('#').next().unwrap_or_default().to_owned()
    }

    /// The message of an error in JSON; empty if there is none.
    pub fn message(&self) -> String {
        let json = self.json();
        json["message"].as_str().or(json["Message"].as_str()).unwrap_or_default().to_owned()
    }
}

impl Bench {
    /// A bench whose front `build` has furnished.
    pub fn new(build: impl FnOnce(Front) -> Front) -> Self {
        Self::on(Store::ephemeral(), |front, _, _| build(front))
    }

    /// A bench on a store; `build` gets what services may need besides.
    pub fn on(store: Store, build: impl FnOnce(Front, &Store, &Env) -> Front) -> Self {
        let (env, clock) = Env::manual(START, 1);
        let config = Config::loopback("localhost:4566");
        let front = build(Front::new(store.clone(), env.clone(), config), &store, &env);
        Self {
            front: Arc::new(front),
            store,
            env,
            clock,
            account: "111122223333".into(),
            region: "us-east-1".into(),
            signer: None,
            endpoint: None,
        }
    }

    /// The same bench, whose requests come by way of a VPC endpoint.
    pub fn by_endpoint(&self, id: &str, source: IpAddr) -> Self {
        Self { endpoint: Some(ViaEndpoint { id: id.into(), source }), ..self.clone() }
    }

    /// The same bench, whose requests are made by the root of another account.
    pub fn account(&self, account: &str) -> Self {
        Self { account: account.into(), signer: None, ..self.clone() }
    }

    /// The same bench, whose requests are really signed, by an issued key.
    pub fn signed_by(&self, signer: Signer) -> Self {
        Self { signer: Some(signer), ..self.clone() }
    }

    /// The same bench, whose requests are made in another region.
    pub fn region(&self, region: &str) -> Self {
        Self { region: region.into(), ..self.clone() }
    }

    /// Moves the clock.
    pub fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Calls an operation of a service that speaks awsJson or rpc-v2-cbor's JSON kin, by the service's id.
    pub async fn json(&self, service: &str, operation: &str, input: Value) -> Reply {
        self.json_with(service, operation, input, &[]).await
    }

    /// As [`Bench::json`], with more headers.
    pub async fn json_with(&self, service: &str, operation: &str, input: Value, headers: &[(&str, &str)]) -> Reply {
        let api = known(service);
        let request = self.post(api).header("content-type", "application/x-amz-json-1.1");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let request = request.header("x-amz-target", format!("{}.{operation}", api.target_prefix));
        self.send(self.sign(api, request.body(Bytes::from(input.to_string())).expect("a request"))).await
    }

    /// Calls an operation of a service that speaks awsQuery or ec2Query.
    pub async fn form(&self, service: &str, operation: &str, parameters: &[(&str, &str)]) -> Reply {
        let api = known(service);
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let mut body = format!("Action={operation}&Version={}", api.api_version);
        for (name, value) in parameters {
            body.push_str(&format!("&{}={}", encode(name), encode(value)));
        }
        let request = self.post(api).header("content-type", "application/x-www-form-urlencoded");
        self.send(self.sign(api, request.body(Bytes::from(body)).expect("a request"))).await
    }

    /// Calls an operation of a service that speaks restJson, by its method and its path with the query; a null input is no body.
    pub async fn rest(&self, service: &str, method: &str, path: &str, input: Value) -> Reply {
        let api = known(service);
        let body = if input.is_null() { Bytes::new() } else { Bytes::from(input.to_string()) };
        let request = self.request(api, method, path).header("content-type", "application/json");
        self.send(self.sign(api, request.body(body).expect("a request"))).await
    }

    /// Sends any request.
    pub async fn send(&self, mut request: Request<Bytes>) -> Reply {
        self.endpoint.clone().map(|endpoint| request.extensions_mut().insert(endpoint));
        let (head, body) = self.front.respond(request.map(body::full)).await.into_parts();
        let body = body.collect().await.expect("the answer's body").to_bytes();
        Reply { status: head.status.as_u16(), headers: head.headers, body }
    }

    fn post(&self, api: &wire::Service) -> http::request::Builder {
        self.request(api, "POST", "/")
    }

    fn request(&self, api: &wire::Service, method: &str, path: &str) -> http::request::Builder {
        let scope = format!("{}/20260101/{}/{}/aws4_request", self.account, self.region, api.signing_name);
        let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
        let request = Request::builder().method(method).uri(path);
        let request = request.header("host", "localhost:4566").header("x-amz-date", "20260101T000000Z");
        request.header("authorization", authorization)
    }
}

impl Bench {
    /// Signs anew what [`Bench::request`] has made, if there is a key to sign with (IAM user guide, "Create a signed AWS API request").
    fn sign(&self, api: &wire::Service, mut request: Request<Bytes>) -> Request<Bytes> {
        let Some(signer) = &self.signer else { return request };
        let date = basic_format(Time(self.env.now().0));
        let scope = format!("{}/{}/{}/aws4_request", &date[..8], self.region, api.signing_name);
        let mut headers = vec![("host", "localhost:4566"), ("x-amz-date", date.as_str())];
        headers.extend(signer.token.as_deref().map(|token| ("x-amz-security-token", token)));
        let names = headers.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(";");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
        let (path, query) = (canonical_path(request.uri().path()), canonical_query(request.uri().query()));
        let canonical = format!("{}\n{path}\n{query}\n{lines}\n{names}\n{}", request.method(), sha256(request.body()));
        let text = format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{}", sha256(canonical.as_bytes()));
        let credential = format!("{}/{scope}", signer.access_key_id);
        let key = SigningKey::derive(&signer.secret_access_key, &Scope::parse(&credential).expect("a scope"));
        let signature = key.sign(text.as_bytes());
        let authorization = format!("AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={signature}");
        for (name, value) in headers.into_iter().chain([("authorization", authorization.as_str())]) {
            request
                .headers_mut()
                .insert(http::HeaderName::from_bytes(name.as_bytes()).expect("a name"), value.parse().expect("a value"));
        }
        request
    }
}

/// Segments are encoded once more than they are on the wire.
fn canonical_path(path: &str) -> String {
    const SEGMENT: &percent_encoding::AsciiSet =
        &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~').remove(b'/');
    percent_encoding::utf8_percent_encode(path, SEGMENT).to_string()
}

/// The parameters in order, encoded as they came.
fn canonical_query(query: Option<&str>) -> String {
    let given = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    let mut pairs: Vec<String> =
        given.map(|pair| if pair.contains('=') { pair.to_owned() } else { format!("{pair}=") }).collect();
    pairs.sort();
    pairs.join("&")
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, bytes))
}

fn known(service: &str) -> &'static wire::Service {
    api::SERVICES.iter().find(|known| known.id == service).unwrap_or_else(|| panic!("there is no service {service}"))
}

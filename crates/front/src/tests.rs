//! The front as a client meets it, with STS's one operation as the service.

mod deliveries;
mod permissions;
mod questions;
mod streaming;

use crate::{
    Access, Config, Entrance, Front, Service, credentials,
    testing::{Bench, START},
};
use api::sts as sdk;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use bytes::Bytes;
use http::Request;
use model::{AccountId, Key, Region, Timestamp, iam::Principal, touch::Touched};
use spine::{Read, Store, StoreError};
use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};
use wire::Fault;

fn sts() -> Service {
    Service::new(&sdk::SERVICE).op::<sdk::GetCallerIdentity>(Access::all(), |cx, _, _| {
        Ok(sdk::GetCallerIdentityResponse { arn: Some(cx.principal.arn(&cx.account).to_string()), ..Default::default() })
    })
}

fn bench() -> Bench {
    Bench::new(|front| front.service(sts()))
}

fn bound_to_the_world() -> Bench {
    Bench::on(Store::ephemeral(), |_, store, env| {
        let config = Config { loopback: false, ..Config::loopback("localhost:4566") };
        Front::new(store.clone(), env.clone(), config).service(sts())
    })
}

async fn issued(bench: &Bench, principal: Principal) -> credentials::Issued {
    let account = AccountId::parse("444455556666").unwrap();
    let issue = |tx: &mut spine::Tx| credentials::issue(tx, &bench.env, &account, principal.clone());
    bench.store.transact::<_, StoreError>(issue).await.unwrap()
}

const BODY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

fn signed(id: &str, secret: &str, at: Timestamp) -> Request<Bytes> {
    signed_for("localhost:4566", id, secret, at)
}

fn signed_for(host: &str, id: &str, secret: &str, at: Timestamp) -> Request<Bytes> {
    let identity = Credentials::new(id, secret, None, None, "test").into();
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(at.0 as u64);
    let params = v4::SigningParams::builder().identity(&identity).region("eu-west-1").name("sts").time(time);
    let params = params.settings(SigningSettings::default()).build().unwrap().into();
    let mut request = Request::post("/")
        .header("host", host)
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Bytes::from(BODY))
        .unwrap();
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let signable =
        SignableRequest::new("POST", format!("http://{host}/"), headers, SignableBody::Bytes(BODY.as_bytes())).unwrap();
    let (instructions, _) = sign(signable, &params).unwrap().into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}

#[tokio::test]
async fn an_issued_key_acts_as_its_principal() {
    for bench in [bench(), bound_to_the_world()] {
        let key = issued(&bench, Principal::Root).await;
        let reply = bench.send(signed(&key.access_key_id, &key.secret_access_key, START)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert!(reply.text().contains("arn:aws:iam::444455556666:root"), "{}", reply.text());
    }
}

#[tokio::test]
async fn a_wrong_secret_or_a_wrong_clock_does_not() {
    let bench = bench();
    let key = issued(&bench, Principal::Root).await;
    let wrong = bench.send(signed(&key.access_key_id, "wrong", START)).await;
    assert!(wrong.status == 403 && wrong.text().contains("<Code>SignatureDoesNotMatch</Code>"), "{}", wrong.text());
    let stale = bench.send(signed(&key.access_key_id, &key.secret_access_key, START - Duration::from_secs(901))).await;
    assert!(
        stale
            .text()
            .contains("Signature expired: 20251231T234459Z is now earlier than 20251231T234500Z (20260101T000000Z - 15 min.)")
    );
    let unknown = bench.send(signed("AKIAAAAAAAAAAAAAAAAA", "x", START)).await;
    assert!(unknown.status == 403 && unknown.text().contains("<Code>InvalidClientTokenId</Code>"), "{}", unknown.text());
}

#[tokio::test]
async fn keys_of_the_tutorials_work_on_a_loopback_address_only() {
    for (id, account) in [("test", "000000000000"), ("123456789012", "123456789012")] {
        let welcome = bench().send(signed(id, "anything", START)).await;
        assert!(welcome.text().contains(&format!("arn:aws:iam::{account}:root")), "{}", welcome.text());
        let refused = bound_to_the_world().send(signed(id, "test", START)).await;
        assert_eq!(refused.status, 403);
        assert!(refused.text().contains("InvalidClientTokenId") && refused.text().contains("hillfog env"), "{}", refused.text());
    }
}

#[tokio::test]
async fn a_workload_is_never_the_owner() {
    let bench = bench();
    let from_workload = |mut request: Request<Bytes>| {
        request.extensions_mut().insert(Entrance::Workloads);
        bench.send(request)
    };
    for id in ["test", "123456789012"] {
        let refused = from_workload(signed(id, "test", START)).await;
        assert!(refused.status == 403 && refused.text().contains("InvalidClientTokenId"), "{}", refused.text());
    }
    let key = issued(&bench, Principal::Root).await;
    assert_eq!(from_workload(signed(&key.access_key_id, &key.secret_access_key, START)).await.status, 200);
    for path in ["status", "reset", "keys"] {
        let owners = Request::post(format!("/_hillfog/{path}")).header("host", "localhost:4566").body(Bytes::new()).unwrap();
        assert_eq!(from_workload(owners).await.status, 403, "{path}");
    }
}

fn web_identity() -> Service {
    sts().op::<sdk::AssumeRoleWithWebIdentity>(Access::anyone(), |cx, _, _| {
        assert_eq!(cx.principal, Principal::Anonymous);
        Ok(sdk::AssumeRoleWithWebIdentityResponse { provider: Some(cx.account.to_string()), ..Default::default() })
    })
}

#[tokio::test]
async fn an_operation_that_needs_no_signature_acts_in_the_account_that_it_names() {
    let bench = Bench::new(|front| front.service(web_identity()));
    let form = |action: &str| {
        let body = format!(
            "Action={action}&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A444455556666%3Arole%2Fdeploy&RoleSessionName=me&WebIdentityToken=a.b.c"
        );
        let request = Request::post("/").header("host", "localhost:4566");
        request.header("content-type", "application/x-www-form-urlencoded; charset=utf-8").body(Bytes::from(body)).unwrap()
    };
    let reply = bench.send(form("AssumeRoleWithWebIdentity")).await;
    assert!(reply.status == 200 && reply.text().contains("<Provider>444455556666</Provider>"), "{}", reply.text());
    let touched = Key::<Touched>::new(&AccountId::parse("444455556666").unwrap(), &Region::parse("us-east-1").unwrap(), "sts");
    assert!(!bench.store.snapshot().exists(&touched).unwrap(), "nobody can have an account laid down");
    for other in ["AssumeRole", "GetCallerIdentity", "GetEverything"] {
        let reply = bench.send(form(other)).await;
        assert!(reply.status == 403 && reply.text().contains("MissingAuthenticationToken"), "{other}: {}", reply.text());
    }
}

#[tokio::test]
async fn unsigned_requests_are_told_so() {
    let request = Request::get(format!("/?{BODY}")).header("host", "localhost:4566").body(Bytes::new()).unwrap();
    let reply = bench().send(request).await;
    assert_eq!(reply.status, 403);
    assert!(reply.text().contains("<Code>MissingAuthenticationToken</Code>"), "{}", reply.text());
}

#[tokio::test]
async fn unknown_services_are_not_implemented() {
    let mut request = signed("test", "test", START);
    let authorization = request.headers()["authorization"].to_str().unwrap().replace("/sts/", "/braket/");
    request.headers_mut().insert("authorization", authorization.parse().unwrap());
    let reply = bench().send(request).await;
    assert_eq!(reply.status, 501);
    assert!(reply.text().contains("braket"), "{}", reply.text());
}

#[tokio::test]
async fn a_panic_is_a_500_and_the_next_request_is_served() {
    let bench = Bench::new(|front| {
        front.service(Service::new(&sdk::SERVICE).op::<sdk::GetCallerIdentity>(Access::all(), |_, _, _| panic!("oops")))
    });
    for _ in 0..2 {
        let reply = bench.form("sts", "GetCallerIdentity", &[]).await;
        assert_eq!(reply.status, 500);
        assert!(reply.text().contains("InternalFailure") && !reply.text().contains("oops"), "{}", reply.text());
    }
}

#[tokio::test]
async fn bodies_beyond_the_limit_are_refused() {
    let bench = Bench::on(Store::ephemeral(), |mut front, _, _| {
        front.body_limit = 100;
        front.service(sts())
    });
    let reply = bench.form("sts", "GetCallerIdentity", &[("x", &"y".repeat(100))]).await;
    assert_eq!(reply.status, 413);
}

#[tokio::test]
async fn the_first_touch_runs_once_for_each_account_and_region() {
    let hook = |cx: &crate::Cx, tx: &mut spine::Tx| {
        assert!(!tx.exists(&Key::<Touched>::new(&cx.account, &cx.region, "trace"))?);
        Ok::<_, Fault>(
            tx.create(&Key::<Touched>::new(&cx.account, &cx.region, "trace"), &model::touch::TouchedSpec { at: cx.now })?,
        )
    };
    let bench = Bench::new(|front| front.service(sts().first_touch(hook)));
    let touched = |bench: &Bench| bench.store.snapshot().specs::<Touched>(spine::Scope::All).unwrap().len();
    for (account, region, records) in [("1", "us-east-1", 2), ("1", "us-east-1", 2), ("1", "eu-west-1", 4), ("2", "us-east-1", 6)]
    {
        let reply = bench.account(&account.repeat(12)).region(region).form("sts", "GetCallerIdentity", &[]).await;
        assert_eq!((reply.status, touched(&bench)), (200, records), "{}", reply.text());
    }
    let region = Region::parse("eu-west-1").unwrap();
    assert!(
        bench.store.snapshot().exists(&Key::<Touched>::new(&AccountId::parse(&"1".repeat(12)).unwrap(), &region, "sts")).unwrap()
    );
}

#[tokio::test]
async fn the_owner_asks_from_this_machine() {
    let ask = |path: &str, headers: &[(&str, &str)]| {
        let mut request = Request::get(format!("/_hillfog/{path}")).header("host", "localhost:4566").body(Bytes::new()).unwrap();
        for (name, value) in headers {
            request.headers_mut().insert(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        request
    };
    let bench = bench();
    assert_eq!(bench.send(ask("health", &[])).await.status, 200);
    assert_eq!(bench.send(ask("nonesuch", &[])).await.status, 404);
    for foreign in [("origin", "https://example.com"), ("host", "evil.example"), ("sec-fetch-site", "cross-site")] {
        assert_eq!(bench.send(ask("reset", &[foreign])).await.status, 403, "{foreign:?}");
    }
    assert_eq!(bound_to_the_world().send(ask("reset", &[])).await.status, 403);
    assert_eq!(bound_to_the_world().send(ask("health", &[])).await.status, 200);
}

#[tokio::test]
async fn connections_are_served_until_told_to_stop() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let bench = bench();
    let key = issued(&bench, Principal::Root).await;
    let front = bench.front.clone();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let server = tokio::spawn(crate::serve(front, listener, Entrance::Address, async { _ = stopped.await }));
    let client = hyper_util::client::legacy::Client::builder(hyper_util::rt::TokioExecutor::new());
    for http2 in [false, true] {
        let client = client.clone().http2_only(http2).build_http();
        // The signature covers the host, which HTTP/2 has in `:authority`.
        let mut request = signed_for(&address.to_string(), &key.access_key_id, &key.secret_access_key, START);
        request.headers_mut().remove("host");
        *request.uri_mut() = format!("http://{address}/").parse().unwrap();
        let reply = client.request(request.map(http_body_util::Full::new)).await.unwrap();
        assert_eq!(reply.status(), 200, "http2: {http2}");
    }
    stop.send(()).unwrap();
    server.await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn gzip_is_undone_and_other_encodings_are_not_known() {
    use std::io::Write;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(BODY.as_bytes()).unwrap();
    let gzip = encoder.finish().unwrap();
    for (encoding, body, status) in [("gzip", gzip.clone(), 200), ("gzip", BODY.into(), 400), ("br", gzip, 415)] {
        let mut request = signed("test", "test", START);
        request.headers_mut().insert("content-encoding", encoding.parse().unwrap());
        *request.body_mut() = body.into();
        let reply = bench().send(request).await;
        assert_eq!(reply.status, status, "{encoding}: {}", reply.text());
    }
}

#[tokio::test]
async fn buckets_in_the_host_are_understood() {
    let mut request = signed("test", "test", START);
    let authorization = request.headers()["authorization"].to_str().unwrap().replace("/sts/", "/s3/");
    request.headers_mut().insert("authorization", authorization.parse().unwrap());
    request.headers_mut().insert("host", "bucket.s3.eu-west-1.localhost:4566".parse().unwrap());
    *request.method_mut() = http::Method::DELETE;
    *request.uri_mut() = "/key?tagging".parse().unwrap();
    let reply = bench().send(request).await;
    assert!(reply.status == 501 && reply.text().contains("DeleteObjectTagging"), "{}", reply.text());
}

/// What the binary would do.
#[derive(Default)]
struct Owner {
    resets: std::sync::atomic::AtomicU32,
    advanced: std::sync::Mutex<Duration>,
}

#[async_trait::async_trait]
impl crate::Admin for Owner {
    async fn reset(&self) -> Result<(), String> {
        self.resets.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok(())
    }
    async fn status(&self) -> serde_json::Value {
        serde_json::json!({"tasks": 2})
    }
    async fn advance(&self, by: Duration) -> Result<(), String> {
        *self.advanced.lock().unwrap() = by;
        Err("the clock is stuck".into())
    }
    async fn issue_key(&self, account: &AccountId) -> Result<credentials::Issued, String> {
        Ok(credentials::Issued { access_key_id: account.to_string(), secret_access_key: "secret".into() })
    }
    async fn schedule(&self, _: crate::admin::PlannedEvent) -> Result<serde_json::Value, String> {
        Err("there are no instances".into())
    }
    async fn observed(&self, principal: &model::Arn, lately: Option<Duration>) -> Result<serde_json::Value, String> {
        Ok(serde_json::json!({"principal": principal.to_string(), "lately": lately.map(|lately| lately.as_secs())}))
    }
}

#[tokio::test]
async fn the_owners_wishes_reach_the_binary() {
    let owner = Arc::new(Owner::default());
    let bench = Bench::new(|front| front.admin(owner.clone()));
    let ask = |method: &str, path: &str, body: &str| {
        let request = Request::builder().method(method).uri(format!("/_hillfog/{path}")).header("host", "127.0.0.1:4566");
        bench.send(request.body(Bytes::from(body.to_owned())).unwrap())
    };
    assert_eq!(ask("GET", "status", "").await.json()["tasks"], 2);
    assert_eq!(ask("POST", "reset", "").await.status, 200);
    assert_eq!(owner.resets.load(std::sync::atomic::Ordering::Relaxed), 1);
    let stuck = ask("POST", "clock", "{\"advance_seconds\": 1.5}").await;
    assert_eq!((stuck.status, stuck.json()["error"].as_str()), (500, Some("the clock is stuck")));
    assert_eq!(*owner.advanced.lock().unwrap(), Duration::from_millis(1500));
    for body in ["", "{}", "{\"advance_seconds\": -1}", "{\"advance_seconds\": 1e300}", "{\"advance_seconds\": \"1\"}"] {
        assert_eq!(ask("POST", "clock", body).await.status, 400, "{body}");
    }
    let key = ask("POST", "keys", "{\"account\": \"123456789012\"}").await.json();
    assert_eq!(key, serde_json::json!({"access_key_id": "123456789012", "secret_access_key": "secret"}));
    assert_eq!(ask("POST", "keys", "{\"account\": \"12\"}").await.status, 400);
    let observed = |query: &'static str| ask("GET", query, "");
    let anna = observed("iam/observed?principal=arn%3Aaws%3Aiam%3A%3A123456789012%3Auser%2Fanna&since_seconds=90").await.json();
    assert_eq!(anna, serde_json::json!({"principal": "arn:aws:iam::123456789012:user/anna", "lately": 90}));
    assert_eq!(observed("iam/observed?principal=arn:aws:iam::123456789012:root").await.json()["lately"], serde_json::Value::Null);
    for query in ["iam/observed", "iam/observed?principal=anna", "iam/observed?principal=arn:aws:iam::1:root&since_seconds=-1"] {
        assert_eq!(observed(query).await.status, 400, "{query}");
    }
    assert_eq!(ask("GET", "reset", "").await.status, 405);
}

#[tokio::test]
async fn a_balancers_host_goes_to_the_edge() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("edge-http.sock");
    let bench = Bench::on(Store::ephemeral(), |_, store, env| {
        let config = Config { edge_socket: Some(socket.clone()), ..Config::loopback("localhost:4566") };
        Front::new(store.clone(), env.clone(), config).service(sts())
    });
    let ask = || {
        let request = Request::get("/page?x=1").header("host", "web-0123456789.us-east-1.elb.localhost:4566");
        bench.send(request.body(Bytes::new()).unwrap())
    };
    let absent = ask().await;
    assert!(absent.status == 503 && absent.text().contains("hillfog status"), "{}", absent.text());

    let listener = tokio::net::UnixListener::bind(&socket).unwrap();
    let edge = tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let echo = hyper::service::service_fn(|request: http::Request<hyper::body::Incoming>| async move {
            let host = request.headers()["host"].to_str().unwrap().to_owned();
            Ok::<_, std::convert::Infallible>(http::Response::new(format!("{host} {}", request.uri())))
        });
        let _ = hyper::server::conn::http1::Builder::new().serve_connection(hyper_util::rt::TokioIo::new(stream), echo).await;
    });
    assert_eq!(ask().await.text(), "web-0123456789.us-east-1.elb.localhost:4566 /page?x=1");
    edge.await.unwrap();
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn hostile_requests_are_refused_and_nothing_worse(
        path in "/[a-zA-Z0-9%._~/-]{0,40}",
        query in "[a-zA-Z0-9%&=+._-]{0,60}",
        authorization in "(AWS4-HMAC-SHA256 Credential=test/20260101/[a-z0-9-]{0,12}/(sts|ecr|s3|ec2|logs|x)/aws4_request, SignedHeaders=host, Signature=00|[ -~]{0,60})",
        target in "([A-Za-z0-9_]{0,30}\\.)?[A-Za-z]{0,20}",
        encoding in "(gzip|aws-chunked|identity|br)?",
        body in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut request = Request::post(format!("{path}?{query}")).header("host", "localhost:4566").header("x-amz-date", "20260101T000000Z");
            request = request.header("authorization", authorization).header("x-amz-target", target).header("content-encoding", encoding);
            let Ok(request) = request.body(Bytes::from(body)) else { return };
            let reply = bench().send(request).await;
            assert!(reply.status >= 400 && reply.status != 500, "{} {}", reply.status, reply.text());
        });
    }
}

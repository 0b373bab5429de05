//! Who may push and pull: at the registry a password is its holder, and his policies decide.

use super::{
    cloud::{ACCOUNT, Cloud, OCI_MANIFEST, digest},
    people::{OTHER, PULL, allow, arn},
};
use bytes::Bytes;
use front::{Call, Recorder, testing::Reply};
use http::Request;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

const PUSH: &[&str] = &[
    "ecr:GetAuthorizationToken",
    "ecr:BatchCheckLayerAvailability",
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
];

const PUSHED: &str = "/v2/web/blobs/uploads/?digest=";

fn refusal(reply: &Reply) -> (u16, Value) {
    (reply.status, reply.json()["errors"][0].clone())
}

fn denied(user: &str, action: &str, why: &str) -> (u16, Value) {
    let message = format!("User: {user} is not authorized to perform: {action} on resource: {} {why}", arn("web"));
    (403, json!({"code": "DENIED", "message": message}))
}

/// A request to the registry with a password that was got before.
async fn at(cloud: &Cloud, host: &str, login: &str, method: &str, path: &str) -> Reply {
    let request = Request::builder().method(method).uri(path).header("host", host).header("authorization", login);
    cloud.bench.send(request.body(Bytes::new()).unwrap()).await
}

#[tokio::test]
async fn who_may_only_pull_pulls() {
    let cloud = Cloud::with("web").await;
    let image = cloud.image("web", "v1", "layer").await;
    let layer = digest(b"layer");
    let anna = cloud.user("anna", PULL).await;
    for path in
        ["/v2/".to_owned(), "/v2/web/manifests/v1".into(), format!("/v2/web/manifests/{image}"), format!("/v2/web/blobs/{layer}")]
    {
        assert_eq!(anna.registry("GET", &path, &[], "").await.status, 200, "{path}");
    }
    let user = format!("arn:aws:iam::{ACCOUNT}:user/anna");
    for (method, path, action) in [
        ("POST", "/v2/web/blobs/uploads/", "ecr:InitiateLayerUpload"),
        ("PUT", "/v2/web/manifests/v2", "ecr:PutImage"),
        ("DELETE", "/v2/web/manifests/v1", "ecr:BatchDeleteImage"),
        ("GET", "/v2/web/tags/list", "ecr:ListImages"),
        ("GET", &format!("/v2/web/referrers/{image}"), "ecr:ListImageReferrers"),
    ] {
        let why = format!("because no identity-based policy allows the {action} action");
        assert_eq!(refusal(&anna.registry(method, path, &[], "").await), denied(&user, action, &why), "{method} {path}");
    }
    assert_eq!(
        refusal(&anna.registry("POST", "/v2/nowhere/blobs/uploads/", &[], "").await).0,
        403,
        "nor is it told what isn't there"
    );
    assert_eq!(anna.registry("HEAD", &format!("/v2/web/blobs/{layer}"), &[], "").await.status, 403);
    assert_eq!(refusal(&anna.registry("GET", "/v2/_catalog", &[], "").await).0, 403);
}

#[tokio::test]
async fn who_may_only_push_pushes() {
    let cloud = Cloud::with("web").await;
    let bert = cloud.user("bert", PUSH).await;
    let image = bert.image("web", "v1", "layer").await;
    assert_eq!(bert.registry("GET", "/v2/web/manifests/v1", &[], "").await.status, 403);
    assert_eq!(bert.registry("GET", &format!("/v2/web/blobs/{}", digest(b"layer")), &[], "").await.status, 403);
    assert_eq!(bert.registry("HEAD", &format!("/v2/web/blobs/{}", digest(b"layer")), &[], "").await.status, 200);
    assert_eq!(cloud.registry("GET", &format!("/v2/web/manifests/{image}"), &[], "").await.status, 200);
}

#[tokio::test]
async fn each_step_of_an_upload_is_decided() {
    let cloud = Cloud::with("web").await;
    let without = |action: &str| PUSH.iter().copied().filter(|it| *it != action).collect::<Vec<_>>();
    let user = |name: &str| format!("arn:aws:iam::{ACCOUNT}:user/{name}");
    let why = |action: &str| format!("because no identity-based policy allows the {action} action");
    let begin = async |by: &Cloud| {
        let begun = by.registry("POST", "/v2/web/blobs/uploads/", &[], "").await;
        assert_eq!(begun.status, 202, "{}", begun.text());
        begun.headers["location"].to_str().unwrap().to_owned()
    };
    let whole = format!("{PUSHED}{}", digest(b"hello"));
    let finish = |location: &str| format!("{location}?digest={}", digest(b"hello"));

    let (name, action) = ("writeless", "ecr:UploadLayerPart");
    let writeless = cloud.user(name, &without(action)).await;
    let location = begin(&writeless).await;
    for (method, path) in [("PATCH", location.clone()), ("PUT", finish(&location)), ("POST", whole.clone())] {
        let reply = writeless.registry(method, &path, &[], "hello").await;
        assert_eq!(refusal(&reply), denied(&user(name), action, &why(action)), "{method} {path}");
    }

    let (name, action) = ("endless", "ecr:CompleteLayerUpload");
    let endless = cloud.user(name, &without(action)).await;
    let location = begin(&endless).await;
    assert_eq!(endless.registry("PATCH", &location, &[], "hello").await.status, 202);
    for (method, path, body) in [("PUT", finish(&location), ""), ("POST", whole.clone(), "hello")] {
        let reply = endless.registry(method, &path, &[], body).await;
        assert_eq!(refusal(&reply), denied(&user(name), action, &why(action)), "{method} {path}");
    }
    assert_eq!(cloud.registry("PUT", &finish(&location), &[], "").await.status, 201, "what was sent is still there");
}

#[tokio::test]
async fn a_password_follows_its_holders_policies_and_key() {
    let cloud = Cloud::with("web").await;
    cloud.image("web", "v1", "layer").await;
    let anna = cloud.user("anna", PULL).await;
    let login = anna.login().await;
    let pull = async || at(&cloud, "localhost:4566", &login, "GET", "/v2/web/manifests/v1").await.status;
    assert_eq!(pull().await, 200);
    cloud.now_may("anna", &allow(&["ecr:PutImage"], "*")).await;
    assert_eq!(pull().await, 403);
    cloud.now_may("anna", &allow(PULL, "*")).await;
    assert_eq!(pull().await, 200);
    cloud.policy("web", json!({"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchGetImage"})).await;
    assert_eq!(pull().await, 403);
    cloud.ok("DeleteRepositoryPolicy", json!({"repositoryName": "web"})).await;
    assert_eq!(pull().await, 200);
    cloud.take_key("anna").await;
    assert_eq!(pull().await, 401);
    assert_eq!(cloud.registry("GET", "/v2/web/manifests/v1", &[], "").await.status, 200, "the root's still holds");
}

#[tokio::test]
async fn another_accounts_registry_is_entered_where_its_repositories_allow() {
    let cloud = Cloud::with("web").await;
    cloud.image("web", "v1", "layer").await;
    let carl = cloud.user_of(OTHER, "carl", &allow(PULL, "*")).await;
    let login = carl.login().await;
    let host = format!("{ACCOUNT}.dkr.ecr.us-east-1.localhost:4566");
    let get = async |path: &str| at(&cloud, &host, &login, "GET", path).await;
    assert_eq!(get("/v2/").await.status, 200, "who is known may knock");
    let user = format!("arn:aws:iam::{OTHER}:user/carl");
    let why = "because no resource-based policy allows the ecr:BatchGetImage action";
    assert_eq!(refusal(&get("/v2/web/manifests/v1").await), denied(&user, "ecr:BatchGetImage", why));
    let principal = json!({"AWS": OTHER});
    cloud
        .policy("web", json!({"Effect": "Allow", "Principal": principal, "Action": ["ecr:BatchGetImage", "ecr:PutImage"]}))
        .await;
    assert_eq!(get("/v2/web/manifests/v1").await.status, 200);
    assert_eq!(get(&format!("/v2/web/blobs/{}", digest(b"layer"))).await.status, 403, "not allowed by the repository");
    let put = at(&cloud, &host, &login, "PUT", "/v2/web/manifests/v2").await;
    assert_eq!(refusal(&put).0, 403, "not allowed by the user's own policy");

    let token = carl.ok("GetAuthorizationToken", json!({"registryIds": [ACCOUNT]})).await["authorizationData"][0].clone();
    assert_eq!(token["proxyEndpoint"], "http://localhost:4566");
    let login = format!("Basic {}", token["authorizationToken"].as_str().unwrap());
    assert_eq!(at(&cloud, "localhost:4566", &login, "GET", "/v2/web/manifests/v1").await.status, 200);
}

#[tokio::test]
async fn the_address_of_a_layer_opens_that_layer_alone() {
    let cloud = Cloud::with("web").await;
    cloud.image("web", "v1", "one").await;
    cloud.image("web", "v2", "two").await;
    let anna = cloud.user("anna", PULL).await;
    let input = json!({"repositoryName": "web", "layerDigest": digest(b"one")});
    let url = anna.ok("GetDownloadUrlForLayer", input).await["downloadUrl"].as_str().unwrap().to_owned();
    let path = url.trim_start_matches("http://localhost:4566").to_owned();
    let get = async |method: &str, path: &str| {
        let request = Request::builder().method(method).uri(path).header("host", "localhost:4566");
        cloud.bench.send(request.body(Bytes::new()).unwrap()).await
    };
    assert_eq!(get("GET", &path).await.body, "one");
    for (method, path) in [
        ("GET", path.replace(&digest(b"one"), &digest(b"two"))),
        ("GET", path.replace(&format!("blobs/{}", digest(b"one")), "manifests/v1")),
        ("POST", path.replace(&digest(b"one"), "uploads/")),
        ("DELETE", path.clone()),
    ] {
        assert_eq!(refusal(&get(method, &path).await).1["code"], "DENIED", "{method} {path}");
    }
}

#[tokio::test]
async fn a_layer_is_mounted_only_from_where_it_may_be_read() {
    let cloud = Cloud::with("web").await;
    cloud.ok("CreateRepository", json!({"repositoryName": "mine"})).await;
    let layer = cloud.blob("web", b"layer").await;
    let mine = allow(&["ecr:*"], &arn("mine"));
    let anna = cloud.user_of(ACCOUNT, "anna", &mine).await;
    let token = json!({"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"});
    let with = |more: &[Value]| {
        let mut policy = mine.clone();
        policy["Statement"].as_array_mut().unwrap().extend(more.iter().cloned());
        policy
    };
    let path = format!("/v2/mine/blobs/uploads/?mount={layer}&from=web");
    cloud.now_may("anna", &with(std::slice::from_ref(&token))).await;
    assert_eq!(anna.registry("POST", &path, &[], "").await.status, 202, "an ordinary upload begins");
    let read = json!({"Effect": "Allow", "Action": "ecr:GetDownloadUrlForLayer", "Resource": arn("web")});
    cloud.now_may("anna", &with(&[token, read])).await;
    assert_eq!(anna.registry("POST", &path, &[], "").await.status, 201);
}

#[tokio::test]
async fn a_manifest_needs_its_own_permission() {
    let cloud = Cloud::with("web").await;
    let manifest = cloud.layers_of("web", "layer").await;
    let actions: Vec<&str> = PUSH.iter().copied().filter(|it| *it != "ecr:PutImage").collect();
    let anna = cloud.user("anna", &actions).await;
    let put = anna.registry("PUT", "/v2/web/manifests/v1", &[("content-type", OCI_MANIFEST)], manifest).await;
    let user = format!("arn:aws:iam::{ACCOUNT}:user/anna");
    let why = "because no identity-based policy allows the ecr:PutImage action";
    assert_eq!(refusal(&put), denied(&user, "ecr:PutImage", why));
}

/// Keeps the calls that it is told of.
#[derive(Default)]
struct Told(Mutex<Vec<Call>>);

impl Recorder for Told {
    fn record(&self, call: Call) {
        self.0.lock().unwrap().push(call);
    }

    fn in_full(&self, _: &'static wire::Service, _: &'static str) -> bool {
        true
    }
}

#[tokio::test]
async fn pushes_and_pulls_are_told_as_operations() {
    let told = Arc::new(Told::default());
    let cloud = Cloud::recorded(told.clone());
    cloud.ok("CreateRepository", json!({"repositoryName": "web"})).await;
    let anna = cloud.user("anna", PUSH).await;
    anna.image("web", "v1", "layer").await;
    assert_eq!(anna.registry("GET", "/v2/web/manifests/v1", &[], "").await.status, 403);
    let mut calls = std::mem::take(&mut *told.0.lock().unwrap());
    calls.retain(|call| !["CreateRepository", "DescribeRegistry", "GetAuthorizationToken"].contains(&call.operation));
    let names: Vec<&str> = calls.iter().map(|call| call.operation).collect();
    assert_eq!(names, ["InitiateLayerUpload", "InitiateLayerUpload", "PutImage", "BatchGetImage"]);
    let used: Vec<&str> = calls[0].checks.iter().filter(|check| check.allowed).map(|check| &*check.action).collect();
    assert_eq!(used, ["ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"]);
    assert!(calls.iter().all(|call| call.principal.arn(&call.account).to_string().ends_with(":user/anna")));
    assert!(calls.iter().all(|call| call.access_key_id.starts_with("AKIA")));
    assert_eq!(calls[2].error, None);
    assert_eq!(calls[3].error.as_ref().map(|(code, _)| &**code), Some("AccessDeniedException"));
    assert_eq!((calls[2].read_only, calls[3].read_only), (false, true));
}

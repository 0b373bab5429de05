//! What is answered to whom, and how far it goes.

use super::*;
use agent_proto::edge::RoleCredentials;
use bytes::Bytes;
use futures::FutureExt;
use http_body_util::BodyExt;
use std::collections::BTreeMap;

const NOW: Timestamp = Timestamp(1_767_225_600_000);

fn service() -> InstanceMetadataService {
    let values = [
        ("meta-data/instance-id", "i-1"),
        ("meta-data/placement/region", "eu-west-1"),
        ("meta-data/public-keys/0/openssh-key", "ssh-ed25519 AAAA mine"),
        ("dynamic/instance-identity/document", "{}"),
    ];
    let key = RoleCredentials {
        sources: Default::default(),
        role_arn: "arn:aws:iam::111122223333:role/app".into(),
        access_key_id: "ASIA".into(),
        secret_access_key: "secret".into(),
        token: "token".into(),
        issued: "2026-01-01T00:00:00Z".into(),
        expiration: "2026-01-01T06:00:00Z".into(),
    };
    let one = InstanceMetadata {
        enabled: true,
        hop_limit: 1,
        values: values.map(|(path, value)| (path.to_owned(), value.to_owned())).into(),
        listings: BTreeMap::from([("meta-data/public-keys".to_owned(), "0=mine".to_owned())]),
        user_data: Some("IyEvYmluL3No".into()),
        role: Some(("app".into(), key)),
        ..InstanceMetadata::default()
    };
    let strict = InstanceMetadata { tokens_required: true, hop_limit: 2, role: None, user_data: None, ..one.clone() };
    let off = InstanceMetadata { enabled: false, ..one.clone() };
    InstanceMetadataService {
        at: "169.254.169.254:80".parse().unwrap(),
        api_at: "169.254.170.2:4566".parse().unwrap(),
        addresses: [([10, 0, 0, 1], "i-1"), ([10, 0, 0, 2], "i-2"), ([10, 0, 0, 3], "i-3")]
            .map(|(address, id)| (address.into(), id.to_owned()))
            .into(),
        instances: [("i-1", one), ("i-2", strict), ("i-3", off)].map(|(id, it)| (id.to_owned(), it)).into(),
    }
}

struct Said {
    status: u16,
    body: String,
    hop_limit: Option<u8>,
}

fn ask(method: &str, path: &str, headers: &[(&str, &str)], from: &str, now: Timestamp) -> Said {
    let (service, sealer) = (service(), Sealer::new(&[7; 32]));
    let context = Context { service: Some(&service), sealer: &sealer, now, nonce: [1; 12] };
    let mut request = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = answer(&request.body(()).unwrap(), from.parse().unwrap(), &context);
    let body: Bytes = answer.response.clone().into_body().collect().now_or_never().unwrap().unwrap().to_bytes();
    Said {
        status: answer.response.status().as_u16(),
        body: String::from_utf8(body.to_vec()).unwrap(),
        hop_limit: answer.hop_limit,
    }
}

fn get(path: &str) -> (u16, String) {
    let said = ask("GET", path, &[], "10.0.0.1", NOW);
    (said.status, said.body)
}

fn token_for(from: &str, seconds: &str) -> Said {
    ask("PUT", "/latest/api/token", &[(TOKEN_LIFE, seconds)], from, NOW)
}

#[test]
fn values_and_folders_are_found_under_every_version() {
    assert_eq!(get("/latest/meta-data/instance-id"), (200, "i-1".into()));
    assert_eq!(get("/2021-07-15/meta-data/instance-id/"), (200, "i-1".into()));
    assert_eq!(get("/latest/"), (200, "dynamic/\nmeta-data/\nuser-data".into()));
    assert_eq!(get("/latest/meta-data"), (200, "iam/\ninstance-id\nplacement/\npublic-keys/".into()));
    assert_eq!(get("/latest/meta-data/public-keys/"), (200, "0=mine".into()));
    assert_eq!(get("/latest/meta-data/public-keys/0/"), (200, "openssh-key".into()));
    assert_eq!(get("/latest/user-data"), (200, "#!/bin/sh".into()));
    assert!(get("/").1.ends_with("\nlatest"));
    for path in ["/latest/meta-data/spot/instance-action", "/2000-01-01/meta-data/", "/latest/meta-data/instance", "/elsewhere"] {
        assert_eq!(get(path).0, 404, "{path}");
    }
}

#[test]
fn credentials_are_those_of_the_role() {
    assert_eq!(get("/latest/meta-data/iam/security-credentials/"), (200, "app".into()));
    let (status, body) = get("/latest/meta-data/iam/security-credentials/app");
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    assert_eq!(
        (status, &body["Code"], &body["Type"], &body["AccessKeyId"]),
        (200, &"Success".into(), &"AWS-HMAC".into(), &"ASIA".into())
    );
    assert_eq!(get("/latest/meta-data/iam/security-credentials/other").0, 404);
}

#[test]
fn a_token_is_its_instances_for_its_time() {
    let token = token_for("10.0.0.2", "60");
    assert_eq!((token.status, token.hop_limit), (200, Some(2)));
    let with = |from: &str, now| ask("GET", "/latest/meta-data/instance-id", &[(TOKEN, &token.body)], from, now).status;
    assert_eq!(with("10.0.0.2", NOW), 200);
    assert_eq!(with("10.0.0.2", NOW + Duration::from_secs(60)), 401, "it has expired");
    assert_eq!(with("10.0.0.1", NOW), 401, "it is another's, though none is required there");
    assert_eq!(ask("GET", "/latest/meta-data/", &[(TOKEN, "made-up")], "10.0.0.1", NOW).status, 401);
}

#[test]
fn version_1_is_refused_where_tokens_are_required() {
    assert_eq!(ask("GET", "/latest/meta-data/", &[], "10.0.0.2", NOW).status, 401);
    assert_eq!(ask("GET", "/latest/meta-data/", &[], "10.0.0.1", NOW).status, 200);
}

#[test]
fn tokens_are_refused_to_proxies_and_for_wrong_times() {
    for seconds in ["0", "21601", "-1", "x", ""] {
        assert_eq!(token_for("10.0.0.1", seconds).status, 400, "{seconds}");
    }
    assert_eq!(ask("PUT", "/latest/api/token", &[], "10.0.0.1", NOW).status, 400);
    let proxied = [(TOKEN_LIFE, "60"), ("X-Forwarded-For", "10.0.0.9")];
    assert_eq!(ask("PUT", "/latest/api/token", &proxied, "10.0.0.1", NOW).status, 403);
}

#[test]
fn who_is_nobody_or_has_it_switched_off_gets_nothing() {
    assert_eq!(ask("GET", "/latest/meta-data/", &[], "10.0.0.9", NOW).status, 404);
    assert_eq!(ask("GET", "/latest/meta-data/", &[], "::ffff:10.0.0.1", NOW).status, 404);
    assert_eq!(ask("GET", "/latest/meta-data/", &[], "10.0.0.3", NOW).status, 403);
    assert_eq!(token_for("10.0.0.3", "60").status, 403);
    assert_eq!(ask("POST", "/latest/meta-data/", &[], "10.0.0.1", NOW).status, 405);
}

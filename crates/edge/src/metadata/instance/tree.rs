//! The tree of an instance's metadata: values, and folders that list what is in them.

use super::{
    Body,
    page::{failed, with_type},
};
use agent_proto::edge::{InstanceMetadata, RoleCredentials};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{Response, StatusCode};
use serde::Serialize;
use std::collections::BTreeSet;

/// The versions of the tree. All of them are the latest here: what was added over the years harms no reader of an older one.
const VERSIONS: [&str; 29] = [
    "1.0",
    "2007-01-19",
    "2007-03-01",
    "2007-08-29",
    "2007-10-10",
    "2007-12-15",
    "2008-02-01",
    "2008-09-01",
    "2009-04-04",
    "2011-01-01",
    "2011-05-01",
    "2012-01-12",
    "2014-02-25",
    "2014-11-05",
    "2015-10-20",
    "2016-04-19",
    "2016-06-30",
    "2016-09-02",
    "2018-03-28",
    "2018-08-17",
    "2018-09-24",
    "2019-10-01",
    "2020-10-27",
    "2021-01-03",
    "2021-03-23",
    "2021-07-15",
    "2022-09-24",
    "2024-04-11",
    "latest",
];

/// Where credentials are, by the role's name.
const CREDENTIALS: &str = "meta-data/iam/security-credentials";

/// Answers a path.
pub(super) fn find(instance: &InstanceMetadata, path: &str) -> Response<Body> {
    let path = path.trim_matches('/');
    if path.is_empty() {
        return with_type("text/plain", VERSIONS.join("\n"));
    }
    let (version, rest) = path.split_once('/').unwrap_or((path, ""));
    if !VERSIONS.contains(&version) {
        return failed(StatusCode::NOT_FOUND);
    }
    let found = match rest {
        "user-data" => user_data(instance),
        _ => below_version(instance, rest).map(|text| with_type("text/plain", text)),
    };
    found.unwrap_or_else(|| failed(StatusCode::NOT_FOUND))
}

fn user_data(instance: &InstanceMetadata) -> Option<Response<Body>> {
    let bytes = STANDARD.decode(instance.user_data.as_ref()?).ok()?;
    Some(with_type("application/octet-stream", bytes))
}

fn below_version(instance: &InstanceMetadata, path: &str) -> Option<String> {
    if let (Some(name), Some(_)) = (path.strip_prefix(CREDENTIALS), &instance.role) {
        return credentials(instance, name.trim_matches('/'));
    }
    let value = instance.values.get(path).or_else(|| instance.listings.get(path));
    value.cloned().or_else(|| listing(instance, path))
}

/// What is in a folder, a line each; folders with a slash at their end.
fn listing(instance: &InstanceMetadata, folder: &str) -> Option<String> {
    let mut names = BTreeSet::new();
    if folder.is_empty() && instance.user_data.is_some() {
        names.insert("user-data".to_owned());
    }
    let credentials = instance.role.as_ref().map(|(role, _)| format!("{CREDENTIALS}/{role}"));
    for path in instance.values.keys().chain(&credentials) {
        let below = if folder.is_empty() { Some(&**path) } else { path.strip_prefix(folder).and_then(|it| it.strip_prefix('/')) };
        let Some(below) = below else { continue };
        names.insert(below.split_once('/').map_or_else(|| below.to_owned(), |(name, _)| format!("{name}/")));
    }
    (!names.is_empty()).then(|| names.into_iter().collect::<Vec<_>>().join("\n"))
}

/// Credentials as the SDKs read them.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Given<'a> {
    code: &'static str,
    last_updated: &'a str,
    r#type: &'static str,
    access_key_id: &'a str,
    secret_access_key: &'a str,
    token: &'a str,
    expiration: &'a str,
}

/// The role's name, or its credentials by that name.
fn credentials(instance: &InstanceMetadata, name: &str) -> Option<String> {
    let (role, key) = instance.role.as_ref()?;
    match name {
        "" => Some(role.clone()),
        name if name == role => serde_json::to_string_pretty(&given(key)).ok(),
        _ => None,
    }
}

fn given(key: &RoleCredentials) -> Given<'_> {
    Given {
        code: "Success",
        last_updated: &key.issued,
        r#type: "AWS-HMAC",
        access_key_id: &key.access_key_id,
        secret_access_key: &key.secret_access_key,
        token: &key.token,
        expiration: &key.expiration,
    }
}

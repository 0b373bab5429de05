//! Lists: repositories, tags, and what refers to an image.

use super::super::{find, manifest::OCI_INDEX};
use super::{
    Answer, Ask,
    errors::{self, Refusal},
    reply,
};
use front::Body;
use http::{Response, StatusCode, header};
use model::ecr::{ImageSpec, Repository};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use spine::{Read, Scope};

/// The longest page, and the length of one where the client says nothing.
const LONGEST_PAGE: usize = 1000;

pub fn catalog(ask: &Ask<'_>) -> Answer {
    let repositories = ask.ecr.store.snapshot().specs::<Repository>(Scope::Region(&ask.account, &ask.region))?;
    let (names, next) = page(ask, repositories.into_iter().map(|(key, _)| key.id).collect())?;
    Ok(linked(reply::json(StatusCode::OK, "application/json", json!({"repositories": names}).to_string()), "/v2/_catalog", next))
}

/// A repository's tags in their order.
pub fn tags(ask: &Ask<'_>, name: &str) -> Answer {
    let repository = ask.repository(name);
    let snapshot = ask.ecr.store.snapshot();
    find::existing(&snapshot, &repository)?;
    let (tags, next) = page(ask, find::tags(&snapshot, &repository)?.into_keys().collect())?;
    let answer = reply::json(StatusCode::OK, "application/json", json!({"name": name, "tags": tags}).to_string());
    Ok(linked(answer, &format!("/v2/{name}/tags/list"), next))
}

/// The manifests whose subject is an image, whether or not that is there (OCI distribution specification, "Listing Referrers").
pub fn referrers(ask: &Ask<'_>, name: &str, digest: &str) -> Answer {
    let repository = ask.repository(name);
    let snapshot = ask.ecr.store.snapshot();
    find::existing(&snapshot, &repository)?;
    let wanted = ask.query.get("artifactType");
    let is_wanted = |image: &ImageSpec| wanted.is_none_or(|wanted| image.artifact_type.as_deref() == Some(wanted));
    let images = find::image_specs(&snapshot, &repository)?;
    let found = images.iter().filter(|(_, image)| image.subject.as_deref() == Some(digest) && is_wanted(image));
    let manifests: Vec<Value> = found.map(|(digest, image)| descriptor(digest, image)).collect();
    let index = json!({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests});
    let response = reply::json(StatusCode::OK, OCI_INDEX, index.to_string());
    Ok(if wanted.is_some() { reply::set(response, reply::FILTERS, "artifactType") } else { response })
}

fn descriptor(digest: &str, image: &ImageSpec) -> Value {
    let mut descriptor = json!({"mediaType": image.media_type, "digest": digest, "size": image.manifest_size});
    if let Some(artifact_type) = &image.artifact_type {
        descriptor["artifactType"] = json!(artifact_type);
    }
    if !image.annotations.is_empty() {
        descriptor["annotations"] = json!(image.annotations);
    }
    descriptor
}

/// The page that `n` and `last` ask for, and the `last` of the next one.
fn page(ask: &Ask<'_>, names: Vec<String>) -> Result<(Vec<String>, Option<String>), Refusal> {
    let count = match ask.query.get("n") {
        Some(text) => text.parse().ok().filter(|count| *count <= LONGEST_PAGE).ok_or_else(errors::invalid_count)?,
        None => LONGEST_PAGE,
    };
    let last = ask.query.get("last");
    let mut rest = names.into_iter().filter(|name| last.is_none_or(|last| &**name > last));
    let shown: Vec<String> = rest.by_ref().take(count).collect();
    let next = shown
        .last()
        .filter(|_| rest.next().is_some())
        .map(|last| format!("n={count}&last={}", utf8_percent_encode(last, NON_ALPHANUMERIC)));
    Ok((shown, next))
}

fn linked(response: Response<Body>, path: &str, next: Option<String>) -> Response<Body> {
    match next {
        Some(next) => reply::set(response, header::LINK, format!("<{path}?{next}>; rel=\"next\"")),
        None => response,
    }
}

//! The addresses of the protocol (OCI distribution specification, "Endpoints").

use logic::image_reference::{is_digest, is_repository};
use percent_encoding::percent_decode_str;
use std::collections::BTreeMap;

/// What a path means.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Route {
    /// `/v2/`: whether the protocol is spoken here.
    Base,
    /// `/v2/_catalog`
    Catalog,
    /// `/v2/<name>/tags/list`
    Tags { name: String },
    /// `/v2/<name>/referrers/<digest>`
    Referrers { name: String, digest: String },
    /// `/v2/<name>/manifests/<tag or digest>`
    Manifest { name: String, reference: String },
    /// `/v2/<name>/blobs/<digest>`
    Blob { name: String, digest: String },
    /// `/v2/<name>/blobs/uploads/`
    Uploads { name: String },
    /// `/v2/<name>/blobs/uploads/<id>`
    Upload { name: String, id: String },
}

impl Route {
    /// What the path means; `None` if nothing. Names and digests are such as may be; tags are not looked at.
    pub fn parse(path: &str) -> Option<Self> {
        let path = percent_decode_str(path).decode_utf8().ok()?;
        let path = path.strip_prefix("/v2")?;
        if matches!(path, "" | "/") {
            return Some(Route::Base);
        }
        if path == "/_catalog" {
            return Some(Route::Catalog);
        }
        let segments: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        let name = |segments: &[&str]| Some(segments.join("/")).filter(|name| is_repository(name));
        let digest = |digest: &str| is_digest(digest).then(|| digest.to_owned());
        match &segments[..] {
            [before @ .., "tags", "list"] => Some(Route::Tags { name: name(before)? }),
            [before @ .., "blobs", "uploads"] | [before @ .., "blobs", "uploads", ""] => {
                Some(Route::Uploads { name: name(before)? })
            }
            [before @ .., "blobs", "uploads", id] => Some(Route::Upload { name: name(before)?, id: upload_id(id)? }),
            [before @ .., "blobs", wanted] => Some(Route::Blob { name: name(before)?, digest: digest(wanted)? }),
            [before @ .., "referrers", wanted] => Some(Route::Referrers { name: name(before)?, digest: digest(wanted)? }),
            [before @ .., "manifests", reference] => {
                Some(Route::Manifest { name: name(before)?, reference: (*reference).to_owned() })
            }
            _ => None,
        }
    }
}

impl Route {
    /// The repository's name, where it is about one.
    pub fn name(&self) -> Option<&str> {
        match self {
            Route::Base | Route::Catalog => None,
            Route::Tags { name }
            | Route::Referrers { name, .. }
            | Route::Manifest { name, .. }
            | Route::Blob { name, .. }
            | Route::Uploads { name }
            | Route::Upload { name, .. } => Some(name),
        }
    }
}

/// Upload ids name files.
fn upload_id(id: &str) -> Option<String> {
    let valid = id.len() == 36 && id.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    valid.then(|| id.to_ascii_lowercase())
}

/// The parameters of an address.
#[derive(Default)]
pub struct Query(BTreeMap<String, String>);

impl Query {
    /// Reads a query string.
    pub fn read(query: &str) -> Self {
        let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        Self(pairs.map(|(name, value)| (decode(name), decode(value))).collect())
    }

    /// The parameter of that name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const ID: &str = "01234567-89ab-cdef-0123-456789abcdef";

    #[test]
    fn every_endpoint_has_its_route() {
        let name = || "team/app".to_owned();
        for (path, route) in [
            ("/v2", Route::Base),
            ("/v2/", Route::Base),
            ("/v2/_catalog", Route::Catalog),
            ("/v2/team/app/tags/list", Route::Tags { name: name() }),
            ("/v2/team/app/manifests/v1", Route::Manifest { name: name(), reference: "v1".into() }),
            ("/v2/team/app/blobs/uploads/", Route::Uploads { name: name() }),
            ("/v2/team/app/blobs/uploads", Route::Uploads { name: name() }),
            (&format!("/v2/team/app/blobs/uploads/{ID}"), Route::Upload { name: name(), id: ID.into() }),
            (&format!("/v2/team/app/blobs/{DIGEST}"), Route::Blob { name: name(), digest: DIGEST.into() }),
            (&format!("/v2/team/app/blobs/{}", DIGEST.replace(':', "%3A")), Route::Blob { name: name(), digest: DIGEST.into() }),
            (&format!("/v2/team/app/referrers/{DIGEST}"), Route::Referrers { name: name(), digest: DIGEST.into() }),
        ] {
            assert_eq!(Route::parse(path), Some(route), "{path}");
        }
    }

    #[test]
    fn repositories_may_be_called_like_endpoints() {
        assert_eq!(
            Route::parse("/v2/blobs/manifests/latest"),
            Some(Route::Manifest { name: "blobs".into(), reference: "latest".into() })
        );
    }

    #[test]
    fn hostile_paths_mean_nothing() {
        for path in [
            "/v2/../etc/manifests/x",
            "/v2/A/manifests/x",
            "/v2//manifests/x",
            "/v2/manifests/x",
            "/v2/a/blobs/sha256:12",
            "/v2/a/blobs/uploads/../../x",
            "/v2/a/blobs/uploads/..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2f..%2fpw",
            "/v2/a/b",
            "/v3/",
            "/v2/%ff/manifests/x",
        ] {
            assert_eq!(Route::parse(path), None, "{path}");
        }
    }
}

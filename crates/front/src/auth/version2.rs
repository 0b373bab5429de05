//! Signature Version 2 of S3, in addresses and forms (Amazon S3 user guide, "Signing and authenticating REST requests (AWS signature
//! version 2)"). boto3 and the first AWS CLI presign by it, unless they are told otherwise, for the regions that have ever known it.
//!
//! In the header `Authorization` it is refused: no client sends it there any more.

use crate::query::text;
use aws_lc_rs::hmac::{self, HMAC_SHA1_FOR_LEGACY_USE_ONLY};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::HeaderMap;
use model::Timestamp;
use std::collections::BTreeMap;
use wire::Fault;

/// The parameters that say what is asked for, and are signed: those of the user guide, and those by which later operations are known. No
/// signer of Version 2 knows the latter; were they not signed, an address for a bucket would be one for them, too.
const SUBRESOURCES: &[&str] = &[
    "accelerate",
    "acl",
    "analytics",
    "attributes",
    "cors",
    "delete",
    "encryption",
    "inventory",
    "legal-hold",
    "lifecycle",
    "location",
    "logging",
    "metrics",
    "notification",
    "object-lock",
    "ownershipControls",
    "partNumber",
    "policy",
    "policyStatus",
    "publicAccessBlock",
    "replication",
    "requestPayment",
    "response-cache-control",
    "response-content-disposition",
    "response-content-encoding",
    "response-content-language",
    "response-content-type",
    "response-expires",
    "restore",
    "retention",
    "select",
    "select-type",
    "storageClass",
    "tagging",
    "torrent",
    "uploadId",
    "uploads",
    "versionId",
    "versioning",
    "versions",
    "website",
];

/// A presigned address.
pub(crate) struct Presigned {
    /// Whose key has signed it.
    pub(crate) access_key: String,
    /// The token of temporary credentials.
    pub(crate) session_token: Option<String>,
    signature: String,
    expires: String,
    query: BTreeMap<String, String>,
}

impl Presigned {
    /// What the query of an address says; none if it isn't such an address. Those of query APIs name an action.
    ///
    /// # Errors
    /// Parts are missing.
    pub(crate) fn read(query: &str) -> Option<Result<Self, Fault>> {
        if !query.contains("AWSAccessKeyId=") {
            return None;
        }
        let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let query: BTreeMap<String, String> = pairs.map(|(name, value)| (text(name), text(value))).collect();
        if query.contains_key("Action") {
            return None;
        }
        let part = |name: &str| query.get(name).cloned();
        let (Some(access_key), Some(signature), Some(expires)) = (part("AWSAccessKeyId"), part("Signature"), part("Expires"))
        else {
            return Some(Err(denied(
                "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
            )));
        };
        Some(Ok(Self { access_key, session_token: part("x-amz-security-token"), signature, expires, query }))
    }

    /// Whether it is still good.
    ///
    /// # Errors
    /// It isn't, or says no time.
    pub(crate) fn check_time(&self, now: Timestamp) -> Result<(), Fault> {
        let unreadable = || denied(format!("Invalid date (should be seconds since epoch): {}", self.expires));
        let until: i64 = self.expires.parse().map_err(|_| unreadable())?;
        if until < now.0 / 1000 { Err(denied("Request has expired")) } else { Ok(()) }
    }

    /// Whether a secret has signed it, for that method and resource: `/bucket/key` as it was sent, its encoding included.
    pub(crate) fn is_signed_by(&self, secret: &str, method: &str, resource: &str, headers: &HeaderMap) -> bool {
        verifies(secret, self.text(method, resource, headers).as_bytes(), &self.signature)
    }

    /// What is signed.
    fn text(&self, method: &str, resource: &str, headers: &HeaderMap) -> String {
        let stated = |name: &str| said(headers, name).or_else(|| self.query.get(name).cloned()).unwrap_or_default();
        let mut text = [method, &stated("content-md5"), &stated("content-type"), &self.expires, ""].join("\n");
        let in_query = self.query.iter().filter(|(name, _)| name.starts_with("x-amz-"));
        let mut amazons: BTreeMap<&str, String> = in_query.map(|(name, value)| (name.as_str(), value.clone())).collect();
        let in_head = headers.keys().map(http::HeaderName::as_str).filter(|name| name.starts_with("x-amz-"));
        amazons.extend(in_head.filter_map(|name| Some((name, said(headers, name)?))));
        for (name, value) in amazons {
            text.extend([name, ":", value.trim(), "\n"]);
        }
        text.push_str(resource);
        let named = self.query.iter().filter(|(name, _)| SUBRESOURCES.contains(&name.as_str()));
        for (index, (name, value)) in named.enumerate() {
            text.push(if index == 0 { '?' } else { '&' });
            text.push_str(name);
            if !value.is_empty() {
                text.extend(["=", value]);
            }
        }
        text
    }
}

/// Whether that is a text's signature, in Base64, by a secret.
pub(crate) fn verifies(secret: &str, text: &[u8], signature: &str) -> bool {
    let key = hmac::Key::new(HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    STANDARD.decode(signature).is_ok_and(|signature| hmac::verify(&key, text, &signature).is_ok())
}

/// All values of a header, joined by commas.
fn said(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(name).iter().map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
    Some(values.collect::<Vec<_>>().join(",")).filter(|_| headers.contains_key(name))
}

fn denied(message: impl Into<String>) -> Fault {
    Fault::client("AccessDenied", message).status(403)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The secret of the examples in the user guide.
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

    fn read(query: &str) -> Presigned {
        Presigned::read(query).unwrap().unwrap()
    }

    #[test]
    fn the_example_of_the_guide_is_signed() {
        let one = read("AWSAccessKeyId=AKIAIOSFODNN7EXAMPLE&Signature=NpgCjnDzrM%2BWFzoENXmpNDUsSn8%3D&Expires=1175139620");
        let text = one.text("GET", "/johnsmith/photos/puppy.jpg", &HeaderMap::new());
        assert_eq!(text, "GET\n\n\n1175139620\n/johnsmith/photos/puppy.jpg");
        assert!(one.is_signed_by(SECRET, "GET", "/johnsmith/photos/puppy.jpg", &HeaderMap::new()));
        for (method, resource) in [("PUT", "/johnsmith/photos/puppy.jpg"), ("GET", "/johnsmith/photos/cat.jpg")] {
            assert!(!one.is_signed_by(SECRET, method, resource, &HeaderMap::new()), "{method} {resource}");
        }
        assert!(!one.is_signed_by("else", "GET", "/johnsmith/photos/puppy.jpg", &HeaderMap::new()));
    }

    #[test]
    fn what_the_query_and_the_head_say_is_signed_by_its_names() {
        let query =
            "response-content-type=text%2Fx&prefix=p&acl&AWSAccessKeyId=a&Signature=s&Expires=9&x-amz-meta-b=2&content-type=t";
        let mut headers = HeaderMap::new();
        headers.append("x-amz-meta-a", " 1".parse().unwrap());
        headers.append("x-amz-meta-a", "one".parse().unwrap());
        let text = read(query).text("PUT", "/b/k", &headers);
        assert_eq!(text, "PUT\n\nt\n9\nx-amz-meta-a:1,one\nx-amz-meta-b:2\n/b/k?acl&response-content-type=text/x");
    }

    #[test]
    fn an_address_is_good_for_no_other_operation() {
        let uris = ::api::s3::SERVICE.operations.iter().filter_map(|operation| operation.uri.split_once('?'));
        let names = uris.map(|(_, query)| query.split_once('=').map_or(query, |(name, _)| name));
        // The two lists of a bucket's objects are one thing to IAM.
        let unsigned: Vec<_> = names.filter(|name| !SUBRESOURCES.contains(name) && *name != "list-type").collect();
        assert!(unsigned.is_empty(), "{unsigned:?}");
    }

    #[test]
    fn it_is_good_until_the_second_that_it_says() {
        let one = read("AWSAccessKeyId=a&Signature=s&Expires=100");
        assert!(one.check_time(Timestamp(100_999)).is_ok());
        assert_eq!(one.check_time(Timestamp(101_000)).unwrap_err().message, "Request has expired");
        assert!(read("AWSAccessKeyId=a&Signature=s&Expires=x").check_time(Timestamp(0)).is_err());
    }

    #[test]
    fn other_addresses_are_none_and_incomplete_ones_are_denied() {
        for other in ["", "X-Amz-Algorithm=AWS4-HMAC-SHA256", "Action=ListQueues&AWSAccessKeyId=a&SignatureVersion=2"] {
            assert!(Presigned::read(other).is_none(), "{other}");
        }
        let fault = Presigned::read("AWSAccessKeyId=a&Expires=1").unwrap().err().unwrap();
        assert_eq!((fault.code.as_ref(), fault.status), ("AccessDenied", 403));
    }
}

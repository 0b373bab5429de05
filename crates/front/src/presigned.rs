//! Addresses that somebody has signed for somebody else: those by Signature Version 2, of S3 alone, and what an address says in its query
//! that a request would say in its head.

use crate::{
    Body, Front,
    api::{Arrived, Target, path, respond},
    auth::{
        authenticate::{Holder, Identity, Unknown, holder_of},
        version2::Presigned,
        wording,
    },
    query::text,
    unsigned,
};
use http::{HeaderMap, HeaderName, HeaderValue, Response, request::Parts};
use model::iam::Principal;
use wire::{Fault, Time};

/// Answers a request to an address that is signed by Version 2.
pub(crate) async fn answer(
    front: &Front,
    head: Parts,
    body: Body,
    address: Result<Presigned, Fault>,
    request_id: &str,
) -> Response<Body> {
    let target = Target::of(front, &::api::s3::SERVICE, &head);
    let arrived = match address {
        Ok(address) => arrive(front, &target, head, body, &address).await,
        Err(fault) => Err(fault),
    };
    respond(front, target, arrived, request_id).await
}

async fn arrive(front: &Front, target: &Target, mut head: Parts, body: Body, address: &Presigned) -> Result<Arrived, Fault> {
    let identity = identify(front, &head, address)?;
    take_headers(&mut head.headers, head.uri.query().unwrap_or_default());
    unsigned::arrive(front, target, (head, body), (identity, &address.access_key), front.body_limit).await
}

/// Who has signed the address. It names no region: that of what it is about counts.
fn identify(front: &Front, head: &Parts, address: &Presigned) -> Result<Identity, Fault> {
    let (snapshot, now, service) = (front.store.snapshot(), front.env.now(), &::api::s3::SERVICE);
    let unknown = |why| wording::unknown(service, why, Time(now.0));
    let token = address.session_token.as_deref();
    let holder = holder_of(&address.access_key, token, &snapshot, front.only_from_here(head), now).map_err(unknown)?;
    address.check_time(now)?;
    let place = unsigned::welcoming(front, Some(service), head);
    let region = place.map_or_else(|| front.config.region.clone(), |(_, (_, region))| region);
    match holder {
        Holder::Tutorial(account) => {
            Ok(Identity { account, principal: Principal::Root, region, access_key_id: None, key: None, signing_key: None })
        }
        Holder::Issued(key) if address.is_signed_by(&key.secret, head.method.as_str(), &path(head), &head.headers) => {
            let (account, principal) = (key.account.clone(), key.principal.clone());
            let access_key_id = Some(address.access_key.clone());
            Ok(Identity { account, principal, region, access_key_id, key: Some(key), signing_key: None })
        }
        Holder::Issued(_) => Err(unknown(Unknown::mismatch())),
    }
}

/// What says how the address is signed, and no header.
const SIGNATURE: &[&str] = &[
    "x-amz-algorithm",
    "x-amz-content-sha256",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

/// Takes the headers that stand in an address's query, where signers put them so that whoever follows it needn't send them: SDKs do so with
/// `x-amz-acl`, `x-amz-meta-…` and their like. Not those of checksums: the signer has not seen the body, and what it says is of none.
pub(crate) fn take_headers(headers: &mut HeaderMap, query: &str) {
    for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
        let name = text(name).to_ascii_lowercase();
        let checksum = name.starts_with("x-amz-checksum-") || name == "x-amz-sdk-checksum-algorithm";
        let amazons = name.starts_with("x-amz-") && !checksum && !SIGNATURE.contains(&name.as_str());
        if !amazons && !["content-type", "content-md5"].contains(&name.as_str()) {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(text(value))) {
            headers.entry(name).or_insert(value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_gives_headers_that_are_not_sent() {
        let query = "x-id=PutObject&X-Amz-Acl=private&x-amz-meta-a=one%20two&x-amz-meta-b=2&X-Amz-Date=1&X-Amz-Signature=s\
                     &x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32&content-type=text%2Fplain&prefix=p";
        let mut headers = HeaderMap::new();
        headers.insert("x-amz-meta-b", HeaderValue::from_static("sent"));
        take_headers(&mut headers, query);
        let mut found: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap())).collect();
        found.sort_unstable();
        let expected =
            [("content-type", "text/plain"), ("x-amz-acl", "private"), ("x-amz-meta-a", "one two"), ("x-amz-meta-b", "sent")];
        assert_eq!(found, expected);
    }
}

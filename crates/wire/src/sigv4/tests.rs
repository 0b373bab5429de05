//! Signed by AWS's own crate, verified by ours.

use super::*;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SignatureLocation, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use http::Request;
use proptest::prelude::*;
use std::time::{Duration, SystemTime};

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: Time = Time(1_700_000_000_000);

struct Case {
    service: &'static str,
    presigned: bool,
    token: Option<&'static str>,
    uri: String,
    body: &'static [u8],
}

impl Default for Case {
    fn default() -> Self {
        Self { service: "ecr", presigned: false, token: None, uri: "http://localhost:4566/".into(), body: b"{}" }
    }
}

fn settings(case: &Case) -> SigningSettings {
    let mut settings = SigningSettings::default();
    if case.service == "s3" {
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    }
    if case.presigned {
        settings.signature_location = SignatureLocation::QueryParams;
        settings.expires_in = Some(Duration::from_secs(600));
    }
    settings
}

fn signed(case: &Case) -> Request<&'static [u8]> {
    let identity = Credentials::new("AKIDEXAMPLE", SECRET, case.token.map(Into::into), None, "test").into();
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(NOW.0 as u64);
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name(case.service)
        .time(time)
        .settings(settings(case));
    let params = params.build().unwrap().into();
    let mut request =
        Request::post(&case.uri).header("host", "localhost:4566").header("x-amz-target", "  A.B   c ").body(case.body).unwrap();
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.to_str().unwrap()));
    let body =
        if case.presigned && case.service == "s3" { SignableBody::UnsignedPayload } else { SignableBody::Bytes(case.body) };
    let signable = SignableRequest::new("POST", case.uri.clone(), headers, body).unwrap();
    let (instructions, _) = sign(signable, &params).unwrap().into_parts();
    instructions.apply_to_request_http1x(&mut request);
    request
}

fn verify(request: &Request<&'static [u8]>, secret: &str, now: Time) -> Result<Claim, Refusal> {
    let head = head(request);
    let claim = Claim::read(head)?.expect("a signature");
    let style = if claim.scope.service == "s3" { Style::S3 } else { Style::Common };
    claim.verify(head, request.body(), secret, style, now, &Keys::default())?;
    Ok(claim)
}

fn head<B>(request: &Request<B>) -> Head<'_> {
    Head {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        headers: request.headers(),
    }
}

fn cases() -> Vec<Case> {
    let paths =
        ["/", "/a%20b/c~d-e_f.g", "/a/./b/../c//d/", "/k%C3%A4se", "/x?b=2&a=1&a=0&empty=&flag", "/y?q=a%20b%2Bc%2F", "/p%2Fq"];
    let mut cases = Vec::new();
    for service in ["ecr", "s3"] {
        for presigned in [false, true] {
            for path in paths {
                let token = presigned.then_some("a/token+with=signs");
                cases.push(Case { service, presigned, token, uri: format!("http://localhost:4566{path}"), ..Case::default() });
            }
        }
    }
    cases
}

#[test]
fn what_the_sdk_signs_is_accepted() {
    for case in cases() {
        let claim =
            verify(&signed(&case), SECRET, NOW).unwrap_or_else(|refusal| panic!("{} {}: {refusal:?}", case.service, case.uri));
        assert_eq!(claim.scope.access_key, "AKIDEXAMPLE");
        assert_eq!(claim.scope.region, "eu-west-1");
        assert_eq!(claim.session_token.as_deref(), case.token);
    }
}

#[test]
fn another_secret_is_a_mismatch() {
    for case in cases() {
        assert!(matches!(verify(&signed(&case), "other", NOW), Err(Refusal::Mismatch { .. })), "{}", case.uri);
    }
}

#[test]
fn a_changed_request_is_a_mismatch() {
    let changed = |change: fn(&mut Request<&'static [u8]>)| {
        let mut request = signed(&Case::default());
        change(&mut request);
        verify(&request, SECRET, NOW)
    };
    assert!(changed(|_| ()).is_ok());
    let changes: [fn(&mut Request<&'static [u8]>); 4] = [
        |request| *request.body_mut() = b"{ }",
        |request| *request.uri_mut() = "/other".parse().unwrap(),
        |request| *request.uri_mut() = "/?a=b".parse().unwrap(),
        |request| _ = request.headers_mut().insert("x-amz-target", "A.C".parse().unwrap()),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert!(matches!(changed(change), Err(Refusal::Mismatch { .. })), "change {number}");
    }
}

#[test]
fn s3_wants_the_stated_hash_to_be_the_bodys() {
    let mut request = signed(&Case { service: "s3", ..Case::default() });
    *request.body_mut() = b"other";
    assert!(matches!(verify(&request, SECRET, NOW), Err(Refusal::PayloadMismatch { .. })));
}

#[test]
fn s3_leaves_no_amz_header_unsigned() {
    let mut request = signed(&Case { service: "s3", ..Case::default() });
    request.headers_mut().insert("x-amz-acl", "public-read".parse().unwrap());
    assert_eq!(verify(&request, SECRET, NOW), Err(Refusal::HeadersNotSigned("x-amz-acl".into())));
}

#[test]
fn clocks_may_differ_by_fifteen_minutes() {
    let request = signed(&Case::default());
    for (offset, accepted) in [(SKEW_MS, true), (-SKEW_MS, true), (SKEW_MS + 1, false), (-SKEW_MS - 1, false)] {
        assert_eq!(verify(&request, SECRET, Time(NOW.0 + offset)).is_ok(), accepted, "{offset}");
    }
}

#[test]
fn presigned_addresses_expire() {
    let request = signed(&Case { presigned: true, ..Case::default() });
    assert!(verify(&request, SECRET, Time(NOW.0 + 600_000)).is_ok());
    assert!(matches!(verify(&request, SECRET, Time(NOW.0 + 600_001)), Err(Refusal::Expired { expires_s: 600, .. })));
    assert!(matches!(verify(&request, SECRET, Time(NOW.0 - SKEW_MS - 1)), Err(Refusal::Skewed { .. })));
}

#[test]
fn the_http_date_stands_in_for_the_amz_date() {
    let request = Request::get("/")
        .header("host", "x")
        .header("date", "Tue, 14 Nov 2023 22:13:20 GMT")
        .header("authorization", "AWS4-HMAC-SHA256 Credential=A/20231114/r/s/aws4_request,SignedHeaders=date;host,Signature=00")
        .body(())
        .unwrap();
    let claim = Claim::read(head(&request)).unwrap().unwrap();
    assert_eq!((claim.at, claim.timestamp.as_str()), (NOW, "20231114T221320Z"));
}

#[test]
fn what_is_missing_is_named() {
    let incomplete = |authorization: &str, date: &str| {
        let request = Request::get("/")
            .header("host", "x")
            .header("authorization", authorization)
            .header("x-amz-date", date)
            .body(())
            .unwrap();
        match Claim::read(head(&request)) {
            Err(Refusal::Incomplete(text)) => text,
            other => panic!("{authorization}: {other:?}"),
        }
    };
    let date = "20231114T221320Z";
    assert!(
        incomplete("AWS4-HMAC-SHA256 Credential=a", date).starts_with("Authorization header requires 'Signature' parameter.")
    );
    assert!(
        incomplete("AWS4-HMAC-SHA256 Credential=a/b,SignedHeaders=host,Signature=0", date).starts_with("Credential must have")
    );
    let credential = "AWS4-HMAC-SHA256 Credential=a/20231114/r/s/aws4_request,Signature=0";
    assert!(incomplete(&format!("{credential},SignedHeaders=date"), date).starts_with("'Host' or ':authority'"));
    assert!(incomplete(&format!("{credential},SignedHeaders=host"), "20231115T221320Z").starts_with("Date in Credential scope"));
    assert!(incomplete(&format!("{credential},SignedHeaders=host"), "20231314T221320Z").starts_with("Date must be"));
}

#[test]
fn other_schemes_are_no_signature_of_ours() {
    let read = |authorization: &str| {
        let request = Request::get("/").header("authorization", authorization).body(()).unwrap();
        Claim::read(head(&request))
    };
    assert_eq!(read("Basic QVdTOng="), Ok(None));
    assert_eq!(read("Bearer x"), Ok(None));
    assert_eq!(read("AWS AKID:signature"), Err(Refusal::UnsupportedAlgorithm("AWS".into())));
    assert!(matches!(read("AWS4-ECDSA-P256-SHA256 Credential=x"), Err(Refusal::UnsupportedAlgorithm(_))));
}

proptest! {
    #[test]
    fn hostile_headers_never_panic(authorization in "(AWS4-HMAC-SHA256 )?[ -~]{0,200}", date in "[ -~]{0,20}", path in "/[a-z%./]{0,20}", query in "[A-Za-z0-9%&=+-]{0,40}") {
        let request = Request::get("/").header("host", "x").header("authorization", authorization).header("x-amz-date", date).body(()).unwrap();
        let head = Head { path: &path, query: &query, ..head(&request) };
        if let Ok(Some(claim)) = Claim::read(head) {
            let _ = claim.verify(head, b"", "secret", Style::Common, claim.at, &Keys::default());
        }
    }

    #[test]
    fn hostile_presigned_addresses_never_panic(credential in "[ -~]{0,60}", date in "\\PC{0,16}", expires in "-?[0-9]{0,20}", signature in "[0-9a-f]{0,70}", rest in "\\PC{0,40}") {
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let query = format!("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={}%2F20231114%2Fr%2Fs3%2Faws4_request&X-Amz-Date={}&X-Amz-Expires={expires}&X-Amz-Signature={signature}&X-Amz-SignedHeaders=host&{}", encode(&credential), encode(&date), encode(&rest));
        let request = Request::get("/").header("host", "x").body(()).unwrap();
        let head = Head { query: &query, ..head(&request) };
        if let Ok(Some(claim)) = Claim::read(head) {
            let _ = claim.verify(head, b"", "secret", Style::S3, claim.at, &Keys::default());
        }
    }
}

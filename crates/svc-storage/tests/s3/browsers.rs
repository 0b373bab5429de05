//! What browsers send: forms and preflights.

use crate::cloud::{Cloud, all, header};
use base64::{Engine, engine::general_purpose::STANDARD};

const CORS: &str = "<CORSConfiguration><CORSRule><AllowedOrigin>https://*.example</AllowedOrigin><AllowedMethod>PUT</AllowedMethod><AllowedMethod>GET</AllowedMethod><AllowedHeader>x-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule></CORSConfiguration>";

#[tokio::test]
async fn preflights_are_answered_by_the_rules() {
    let cloud = Cloud::with("box").await;
    let asked = [
        ("origin", "https://a.example"),
        ("access-control-request-method", "PUT"),
        ("access-control-request-headers", "x-amz-date"),
    ];
    assert_eq!(cloud.anonymous("OPTIONS", "/box/k", &asked, "").await.element("Code"), "AccessForbidden");
    cloud.ok("PUT", "/box?cors", CORS).await;
    let allowed = cloud.anonymous("OPTIONS", "/box/k", &asked, "").await;
    assert_eq!((allowed.status, header(&allowed, "access-control-allow-origin")), (200, "https://a.example".into()));
    assert_eq!(header(&allowed, "access-control-allow-headers"), "x-amz-date");
    assert_eq!(header(&allowed, "access-control-max-age"), "60");
    for (name, value) in
        [("origin", "https://a.other"), ("access-control-request-method", "DELETE"), ("access-control-request-headers", "accept")]
    {
        let mut other = asked.to_vec();
        other.retain(|(known, _)| *known != name);
        other.push((name, value));
        assert_eq!(cloud.anonymous("OPTIONS", "/box/k", &other, "").await.status, 403, "{name}: {value}");
    }
    cloud.ok("PUT", "/box/k", "x").await;
    let got = cloud.send("GET", "/box/k", &[("origin", "https://a.example")], "").await;
    assert_eq!(
        (header(&got, "access-control-allow-origin"), header(&got, "access-control-expose-headers")),
        ("https://a.example".into(), "ETag".into())
    );
    let missing = cloud.send("GET", "/box/none", &[("origin", "https://a.example")], "").await;
    assert_eq!((missing.status, header(&missing, "access-control-allow-origin").as_str()), (404, "https://a.example"));
}

fn form(fields: &[(&str, &str)], file: &str) -> String {
    let field =
        |(name, value): &(&str, &str)| format!("--edge\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
    let fields: String = fields.iter().map(field).collect();
    format!(
        "{fields}--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"cat.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n{file}\r\n--edge--\r\n"
    )
}

#[tokio::test]
async fn a_form_uploads_what_its_policy_allows() {
    let cloud = Cloud::with("box").await;
    let policy = STANDARD.encode(
        r#"{"expiration":"2026-01-02T00:00:00Z","conditions":[{"bucket":"box"},["starts-with","$key","in/"],["starts-with","$Content-Type",""],["starts-with","$tagging",""],["starts-with","$x-amz-object-lock-mode",""],["content-length-range",1,10],{"success_action_status":"201"},{"x-amz-credential":"111122223333/20260101/us-east-1/s3/aws4_request"},{"x-amz-algorithm":"AWS4-HMAC-SHA256"},{"x-amz-date":"20260101T000000Z"}]}"#,
    );
    let fields = [
        ("key", "in/${filename}"),
        ("Content-Type", "image/jpeg"),
        ("success_action_status", "201"),
        ("tagging", "<Tagging><TagSet><Tag><Key>Kind</Key><Value>cat</Value></Tag></TagSet></Tagging>"),
        ("x-amz-credential", "111122223333/20260101/us-east-1/s3/aws4_request"),
        ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
        ("x-amz-date", "20260101T000000Z"),
        ("policy", policy.as_str()),
        ("x-amz-signature", "00"),
    ];
    let kind = [("content-type", "multipart/form-data; boundary=edge")];
    let made = cloud.anonymous("POST", "/box", &kind, form(&fields, "meow")).await;
    assert_eq!((made.status, made.element("Key")), (201, "in/cat.jpg".into()), "{}", made.text());
    let got = cloud.ok("GET", "/box/in/cat.jpg", "").await;
    assert_eq!((got.text(), header(&got, "content-type")), ("meow".into(), "image/jpeg".into()));
    assert_eq!(all(&cloud.ok("GET", "/box/in/cat.jpg?tagging", "").await, "Value"), ["cat"]);
    let large = cloud.anonymous("POST", "/box", &kind, form(&fields, "more than ten")).await;
    assert_eq!(large.element("Code"), "EntityTooLarge");
    let locked = [&fields[..], &[("x-amz-object-lock-mode", "GOVERNANCE")]].concat();
    let locked = cloud.anonymous("POST", "/box", &kind, form(&locked, "meow")).await;
    assert_eq!((locked.status, locked.element("Code")), (501, "NotImplemented".into()), "{}", locked.text());
    let mut elsewhere = fields;
    elsewhere[0].1 = "out/x";
    assert_eq!(cloud.anonymous("POST", "/box", &kind, form(&elsewhere, "meow")).await.element("Code"), "AccessDenied");
    let nobody = [("key", "in/x")];
    assert_eq!(cloud.anonymous("POST", "/box", &kind, form(&nobody, "meow")).await.element("Code"), "AccessDenied");
    let shorter = STANDARD.encode(r#"{"expiration":"2026-01-02T00:00:00Z","conditions":[{"bucket":"box"},{"key":"second"}]}"#);
    let second = [("key", "second"), ("AWSAccessKeyId", "111122223333"), ("policy", &shorter), ("signature", "AA==")];
    assert_eq!(cloud.anonymous("POST", "/box", &kind, form(&second, "by version 2")).await.status, 204);
    assert_eq!(cloud.get("/box/second").await, "by version 2");
    let stranger = [("key", "second"), ("AWSAccessKeyId", "AKIANOBODY"), ("policy", &shorter), ("signature", "AA==")];
    assert_eq!(cloud.anonymous("POST", "/box", &kind, form(&stranger, "x")).await.element("Code"), "InvalidAccessKeyId");
    cloud.ok("DELETE", "/box/second", "").await;
    assert_eq!(cloud.anonymous("POST", "/box", &kind, "garbage").await.element("Code"), "MalformedPOSTRequest");
    assert_eq!(cloud.s3.blobs.count().unwrap(), 0);
}

/// What an address is signed with by Version 2, of a key of the tutorials.
const SECOND: &str = "AWSAccessKeyId=111122223333&Signature=AA%3D%3D&Expires=1767229200";

#[tokio::test]
async fn an_address_by_version_2_is_as_good_as_its_signer_until_it_expires() {
    let cloud = Cloud::with("box").await;
    let put = format!("/box/k?x-amz-meta-a=one&content-type=text%2Fx&{SECOND}");
    assert_eq!(cloud.anonymous("PUT", &put, &[], "hello").await.status, 200);
    let get = format!("/box/k?response-cache-control=none&{SECOND}");
    let got = cloud.anonymous("GET", &get, &[("range", "bytes=1-2")], "").await;
    assert_eq!((got.status, got.text().as_str()), (206, "el"));
    let heads = ["x-amz-meta-a", "content-type", "cache-control"].map(|name| header(&got, name));
    assert_eq!(heads, ["one", "text/x", "none"]);
    let listed = cloud.anonymous("GET", &format!("/box?list-type=2&{SECOND}"), &[], "").await;
    assert_eq!(listed.element("Key"), "k");
    for (spoilt, message) in [
        (SECOND.replace("1767229200", "1767225599"), "Request has expired"),
        (SECOND.replace("1767229200", "soon"), "Invalid date (should be seconds since epoch): soon"),
        (
            SECOND.replace("&Signature=AA%3D%3D", ""),
            "Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters",
        ),
    ] {
        let refused = cloud.anonymous("GET", &format!("/box/k?{spoilt}"), &[], "").await;
        assert_eq!((refused.element("Code"), refused.element("Message")), ("AccessDenied".into(), message.into()));
    }
    let stranger = SECOND.replace("111122223333", "AKIANOBODY");
    assert_eq!(cloud.anonymous("GET", &format!("/box/k?{stranger}"), &[], "").await.element("Code"), "InvalidAccessKeyId");
}

#[tokio::test]
async fn what_a_presigned_address_says_in_its_query_counts_as_a_header() {
    let cloud = Cloud::with("box").await;
    let signed = "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=111122223333%2F20260101%2Fus-east-1%2Fs3%2Faws4_request&X-Amz-Date=20260101T000000Z&X-Amz-Expires=900&X-Amz-SignedHeaders=host&X-Amz-Signature=00";
    let put = format!(
        "/box/k?{signed}&x-amz-meta-a=one&x-amz-storage-class=STANDARD_IA&x-amz-tagging=t%3D1&x-amz-checksum-crc32=AAAAAA%3D%3D&x-amz-sdk-checksum-algorithm=CRC32&x-id=PutObject"
    );
    let made = cloud.anonymous("PUT", &put, &[], "hello").await;
    assert_eq!(made.status, 200, "{}", made.text());
    let head = cloud.send("HEAD", "/box/k", &[], "").await;
    let found = ["x-amz-meta-a", "x-amz-storage-class", "x-amz-tagging-count"].map(|name| header(&head, name));
    assert_eq!(found, ["one", "STANDARD_IA", "1"]);
}

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
    assert_eq!(cloud.anonymous("POST", "/box", &kind, "garbage").await.element("Code"), "MalformedPOSTRequest");
    assert_eq!(cloud.s3.blobs.count().unwrap(), 0);
}

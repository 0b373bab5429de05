//! Who may what: policies, lists, ownership, blocks of public access.

use crate::cloud::Cloud;

fn policy(principal: &str, action: &str, resource: &str) -> String {
    format!(
        r#"{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Principal":{principal},"Action":"{action}","Resource":"arn:aws:s3:::{resource}"}}]}}"#
    )
}

#[tokio::test]
async fn others_get_in_by_policy_only() {
    let cloud = Cloud::with("box").await;
    cloud.ok("PUT", "/box/k", "x").await;
    let other = |path: &'static str| cloud.send_as("444455556666", "GET", path, &[], "");
    assert_eq!(other("/box/k").await.element("Code"), "AccessDenied");
    cloud.ok("PUT", "/box?policy", policy(r#"{"AWS":"444455556666"}"#, "s3:GetObject", "box/*")).await;
    assert_eq!(other("/box/k").await.text(), "x");
    assert_eq!(other("/box?list-type=2").await.status, 403);
    // Who may not list isn't told what there isn't.
    assert_eq!(other("/box/none").await.element("Code"), "AccessDenied");
    cloud.fails("PUT", "/box?policy", policy("\"*\"", "s3:GetObject", "else/*"), "MalformedPolicy").await;
}

#[tokio::test]
async fn everybody_gets_in_where_the_bucket_is_public() {
    let cloud = Cloud::with("box").await;
    cloud.ok("PUT", "/box/k", "x").await;
    assert_eq!(cloud.anonymous("GET", "/box/k", &[], "").await.element("Code"), "AccessDenied");
    let open = policy("\"*\"", "s3:GetObject", "box/*");
    cloud.fails("PUT", "/box?policy", open.clone(), "AccessDenied").await;
    cloud.ok("DELETE", "/box?publicAccessBlock", "").await;
    cloud.ok("PUT", "/box?policy", open).await;
    assert_eq!(cloud.anonymous("GET", "/box/k", &[], "").await.text(), "x");
    assert_eq!(cloud.anonymous("PUT", "/box/k", &[], "y").await.status, 403);
    assert_eq!(cloud.ok("GET", "/box?policyStatus", "").await.element("IsPublic"), "true");
    let block =
        "<PublicAccessBlockConfiguration><RestrictPublicBuckets>true</RestrictPublicBuckets></PublicAccessBlockConfiguration>";
    cloud.ok("PUT", "/box?publicAccessBlock", block).await;
    assert_eq!(cloud.anonymous("GET", "/box/k", &[], "").await.status, 403);
}

#[tokio::test]
async fn a_deny_holds_the_root_too() {
    let cloud = Cloud::with("box").await;
    cloud.ok("PUT", "/box/k", "x").await;
    let deny = policy("\"*\"", "s3:GetObject", "box/*").replace("Allow", "Deny");
    cloud.ok("PUT", "/box?policy", deny).await;
    cloud.fails("GET", "/box/k", "", "AccessDenied").await;
    cloud.ok("DELETE", "/box?policy", "").await;
    cloud.ok("GET", "/box/k", "").await;
}

#[tokio::test]
async fn lists_count_where_ownership_lets_them() {
    let cloud = Cloud::with("box").await;
    cloud.ok("DELETE", "/box?publicAccessBlock", "").await;
    cloud.fails("PUT", "/box?acl", "", "MissingSecurityHeader").await;
    let public = [("x-amz-acl", "public-read")];
    assert_eq!(cloud.send("PUT", "/box?acl", &public, "").await.element("Code"), "AccessControlListNotSupported");
    let writer = "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>";
    cloud.ok("PUT", "/box?ownershipControls", writer).await;
    assert_eq!(cloud.send("PUT", "/box/k", &public, "x").await.status, 200);
    assert_eq!(cloud.anonymous("GET", "/box/k", &[], "").await.text(), "x");
    let acl = cloud.ok("GET", "/box/k?acl", "").await.text();
    assert!(acl.contains("AllUsers") && acl.contains("FULL_CONTROL") && acl.contains("xsi:type=\"Group\""), "{acl}");
    assert_eq!(cloud.send("PUT", "/box/k?acl", &[("x-amz-acl", "private")], "").await.status, 200);
    assert_eq!(cloud.anonymous("GET", "/box/k", &[], "").await.status, 403);
}

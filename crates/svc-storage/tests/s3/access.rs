//! Who may what: policies, lists, ownership, blocks of public access.

use crate::cloud::{Cloud, header};

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
async fn a_policy_that_denies_everything_is_still_the_root_of_the_owners_to_change() {
    let cloud = Cloud::with("box").await;
    let deny = policy("\"*\"", "s3:*", "box").replace("Allow", "Deny");
    cloud.ok("PUT", "/box?policy", deny.clone()).await;
    cloud.fails("GET", "/box?list-type=2", "", "AccessDenied").await;
    cloud.fails("GET", "/box?policyStatus", "", "AccessDenied").await;
    assert_eq!(cloud.ok("GET", "/box?policy", "").await.text(), deny);
    assert_eq!(cloud.send_as(OTHER, "GET", "/box?policy", &[], "").await.status, 403);
    assert_eq!(cloud.send_as(OTHER, "DELETE", "/box?policy", &[], "").await.status, 403);
    cloud.ok("PUT", "/box?policy", deny).await;
    cloud.ok("DELETE", "/box?policy", "").await;
    cloud.ok("GET", "/box?list-type=2", "").await;
}

#[tokio::test]
async fn what_never_leaves_the_machine_is_transport_enough_for_a_policy_that_demands_tls() {
    let cloud = Cloud::with("box").await;
    let condition = r#""Condition":{"Bool":{"aws:SecureTransport":"false"}},"Action""#;
    let deny = policy("\"*\"", "s3:*", "box/*").replace("Allow", "Deny").replace("\"Action\"", condition);
    cloud.ok("PUT", "/box?policy", deny).await;
    cloud.ok("PUT", "/box/k", "x").await;
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

const OTHER: &str = "444455556666";
const WRITERS: &str = "<OwnershipControls><Rule><ObjectOwnership>ObjectWriter</ObjectOwnership></Rule></OwnershipControls>";

/// A bucket with lists, and the canonical id of the other account.
async fn with_lists() -> (Cloud, String) {
    let cloud = Cloud::with("box").await;
    cloud.ok("DELETE", "/box?publicAccessBlock", "").await;
    cloud.ok("PUT", "/box?ownershipControls", WRITERS).await;
    let other = cloud.send_as(OTHER, "GET", "/", &[], "").await.element("ID");
    assert_eq!(other.len(), 64);
    (cloud, other)
}

/// A list of one grant to an account.
fn list(owner: &str, to: &str, permission: &str) -> String {
    let grantee = format!(
        "<Grantee xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"CanonicalUser\"><ID>{to}</ID></Grantee>"
    );
    let grant = format!("<Grant>{grantee}<Permission>{permission}</Permission></Grant>");
    format!(
        "<AccessControlPolicy><Owner><ID>{owner}</ID></Owner><AccessControlList>{grant}</AccessControlList></AccessControlPolicy>"
    )
}

#[tokio::test]
async fn headers_grant_each_permission_by_itself() {
    let (cloud, other) = with_lists().await;
    let id = format!("id=\"{other}\"");
    let list = list(&other, &other, "READ");
    let tried = [("GET", "/box/k", ""), ("GET", "/box/k?acl", ""), ("PUT", "/box/k?acl", list.as_str())];
    for (permission, expected) in [
        ("read", [200, 403, 403]),
        ("read-acp", [403, 200, 403]),
        ("write-acp", [403, 403, 200]),
        ("full-control", [200, 200, 200]),
    ] {
        let header = format!("x-amz-grant-{permission}");
        assert_eq!(cloud.send("PUT", "/box/k", &[(&header, &id)], "x").await.status, 200);
        let mut statuses = Vec::new();
        for (method, path, body) in tried {
            statuses.push(cloud.send_as(OTHER, method, path, &[], body.to_owned()).await.status);
        }
        assert_eq!(statuses, expected, "{permission}");
    }
    let several = format!("{id}, uri=\"http://acs.amazonaws.com/groups/global/AllUsers\"");
    cloud.send("PUT", "/box/k", &[("x-amz-grant-read", &several)], "x").await;
    assert_eq!(cloud.anonymous("GET", "/box/k", &[], "").await.text(), "x");
    assert_eq!(cloud.ok("GET", "/box/k?acl", "").await.text().matches("<Grant>").count(), 3, "the owner and two");
    let both = [("x-amz-grant-read", id.as_str()), ("x-amz-acl", "private")];
    assert_eq!(cloud.send("PUT", "/box/k", &both, "x").await.element("Code"), "InvalidRequest");
    let nobody = [("x-amz-grant-read", "id=\"0000\"")];
    assert_eq!(cloud.send("PUT", "/box/k", &nobody, "x").await.element("Code"), "InvalidArgument");
}

#[tokio::test]
async fn bodies_set_lists_and_take_them_back() {
    let (cloud, other) = with_lists().await;
    cloud.ok("PUT", "/box/k", "x").await;
    let owner = cloud.ok("GET", "/", "").await.element("ID");
    cloud.ok("PUT", "/box/k?acl", list(&owner, &other, "READ")).await;
    assert_eq!(cloud.send_as(OTHER, "GET", "/box/k", &[], "").await.text(), "x");
    cloud.ok("PUT", "/box/k?acl", list(&owner, &owner, "FULL_CONTROL")).await;
    assert_eq!(cloud.send_as(OTHER, "GET", "/box/k", &[], "").await.status, 403);
    cloud.fails("PUT", "/box/k?acl", list(&owner, "0000", "READ"), "InvalidArgument").await;
    cloud.fails("PUT", "/box/k?acl", "<AccessControlPolicy>", "MalformedXML").await;
}

#[tokio::test]
async fn a_buckets_list_lets_others_list_and_write() {
    let (cloud, other) = with_lists().await;
    let id = format!("id={other}");
    assert_eq!(cloud.send_as(OTHER, "PUT", "/box/k", &[], "x").await.status, 403);
    let grants = [("x-amz-grant-write", id.as_str()), ("x-amz-grant-read", id.as_str())];
    assert_eq!(cloud.send("PUT", "/box?acl", &grants, "").await.status, 200);
    assert_eq!(cloud.send_as(OTHER, "PUT", "/box/k", &[], "x").await.status, 200);
    assert_eq!(cloud.send_as(OTHER, "GET", "/box?list-type=2", &[], "").await.element("KeyCount"), "1");
    assert_eq!(cloud.send_as(OTHER, "GET", "/box?acl", &[], "").await.status, 403);
    // Who writes an object owns it here; with the preference for the bucket's owner only where the writer doesn't hand it over.
    let owner = async |key: &str| cloud.ok("GET", &format!("/box/{key}?acl"), "").await.element("ID");
    assert_eq!(owner("k").await, other);
    cloud.ok("PUT", "/box?ownershipControls", WRITERS.replace("ObjectWriter", "BucketOwnerPreferred")).await;
    // To say who may what takes a permission that the list doesn't give.
    let handed = [("x-amz-acl", "bucket-owner-full-control")];
    assert_eq!(cloud.send_as(OTHER, "PUT", "/box/handed", &handed, "x").await.status, 403);
    cloud.ok("PUT", "/box?policy", policy(r#"{"AWS":"444455556666"}"#, "s3:PutObject*", "box/*")).await;
    assert_eq!(cloud.send_as(OTHER, "PUT", "/box/handed", &handed, "x").await.status, 200);
    assert_eq!(owner("handed").await, cloud.ok("GET", "/", "").await.element("ID"));
}

#[tokio::test]
async fn who_confirms_to_be_charged_is_not_where_the_owner_pays() {
    let cloud = Cloud::with("box").await;
    let payer = [("x-amz-request-payer", "requester")];
    let put = cloud.send("PUT", "/box/k", &payer, "x").await;
    assert_eq!((put.status, header(&put, "x-amz-request-charged")), (200, String::new()));
    let pays = "<RequestPaymentConfiguration><Payer>Requester</Payer></RequestPaymentConfiguration>";
    cloud.fails("PUT", "/box?requestPayment", pays, "NotImplemented").await;
}

//! Grants: what they let whom do, and how they end.

use crate::cloud::{ACCOUNT, Cloud, base64};
use serde_json::{Value, json};

fn user(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{name}")
}

fn encrypt(key: &str, context: Value) -> Value {
    json!({"KeyId": key, "Plaintext": base64("x"), "EncryptionContext": context})
}

#[tokio::test]
async fn a_grant_lets_its_grantee_do_its_operations() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    let anna = cloud.user("anna", None).await;
    anna.fails("Encrypt", encrypt(&key, json!({})), "AccessDeniedException").await;
    let input = json!({"KeyId": key, "GranteePrincipal": user("anna"), "Operations": ["Encrypt", "DescribeKey"], "Name": "hers"});
    let grant = cloud.ok("CreateGrant", input.clone()).await;
    anna.ok("Encrypt", encrypt(&key, json!({}))).await;
    anna.ok("DescribeKey", json!({"KeyId": key, "GrantTokens": [grant["GrantToken"]]})).await;
    anna.fails("DescribeKey", json!({"KeyId": key, "GrantTokens": ["junk"]}), "InvalidGrantTokenException").await;
    anna.fails("Decrypt", json!({"KeyId": key, "CiphertextBlob": base64("x")}), "AccessDeniedException").await;
    // The same request finds the same grant, under another token.
    let again = cloud.ok("CreateGrant", input).await;
    assert_eq!(again["GrantId"], grant["GrantId"]);
    assert_ne!(again["GrantToken"], grant["GrantToken"]);
    let listed = cloud.ok("ListGrants", json!({"KeyId": key})).await;
    let shown = &listed["Grants"][0];
    assert_eq!(listed["Grants"].as_array().unwrap().len(), 1);
    assert_eq!(
        (&shown["GranteePrincipal"], &shown["Name"], &shown["KeyId"]),
        (&json!(user("anna")), &json!("hers"), &json!(key))
    );
    assert_eq!(shown["Operations"], json!(["Encrypt", "DescribeKey"]));
    cloud.ok("RevokeGrant", json!({"KeyId": key, "GrantId": grant["GrantId"]})).await;
    anna.fails("Encrypt", encrypt(&key, json!({})), "AccessDeniedException").await;
    cloud.fails("RevokeGrant", json!({"KeyId": key, "GrantId": grant["GrantId"]}), "NotFoundException").await;
}

#[tokio::test]
async fn constraints_hold_for_the_encryption_context_to_the_letter() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    let (subset, equals) = (cloud.user("subset", None).await, cloud.user("equals", None).await);
    let grant = |who: &str, kind: &str| json!({"KeyId": key, "GranteePrincipal": user(who), "Operations": ["Encrypt", "DescribeKey"], "Constraints": {kind: {"Dept": "IT"}}});
    cloud.ok("CreateGrant", grant("subset", "EncryptionContextSubset")).await;
    cloud.ok("CreateGrant", grant("equals", "EncryptionContextEquals")).await;
    for (context, of_subset, of_equals) in [
        (json!({"Dept": "IT"}), true, true),
        (json!({"Dept": "IT", "more": "x"}), true, false),
        (json!({"dept": "IT"}), false, false),
        (json!({}), false, false),
    ] {
        for (who, allowed) in [(&subset, of_subset), (&equals, of_equals)] {
            let reply = who.call("Encrypt", encrypt(&key, context.clone())).await;
            assert_eq!(reply.status == 200, allowed, "{context}: {}", reply.text());
        }
    }
    subset.ok("DescribeKey", json!({"KeyId": key})).await;
}

#[tokio::test]
async fn a_grant_is_retired_by_whom_it_names() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    let (anna, otto, eve) = (cloud.user("anna", None).await, cloud.user("otto", None).await, cloud.user("eve", None).await);
    let input =
        json!({"KeyId": key, "GranteePrincipal": user("anna"), "RetiringPrincipal": user("otto"), "Operations": ["Encrypt"]});
    let grant = cloud.ok("CreateGrant", input.clone()).await;
    let retirable = cloud.ok("ListRetirableGrants", json!({"RetiringPrincipal": user("otto")})).await;
    assert_eq!(retirable["Grants"][0]["GrantId"], grant["GrantId"]);
    let retire = json!({"GrantToken": grant["GrantToken"]});
    for who in [&anna, &eve] {
        who.fails("RetireGrant", retire.clone(), "AccessDeniedException").await;
    }
    otto.fails("RetireGrant", json!({"GrantToken": grant["GrantToken"], "DryRun": true}), "DryRunOperationException").await;
    otto.ok("RetireGrant", retire.clone()).await;
    assert!(cloud.ok("ListGrants", json!({"KeyId": key})).await["Grants"].as_array().unwrap().is_empty());
    // Who was granted to retire may retire this grant, and no other.
    let of = |who: &str| json!({"KeyId": key, "GranteePrincipal": user(who), "Operations": ["Encrypt", "RetireGrant"]});
    let (hers, his) = (cloud.ok("CreateGrant", of("anna")).await, cloud.ok("CreateGrant", of("otto")).await);
    anna.fails("RetireGrant", json!({"KeyId": key, "GrantId": his["GrantId"]}), "AccessDeniedException").await;
    anna.ok("RetireGrant", json!({"KeyId": key, "GrantId": hers["GrantId"]})).await;
    cloud.fails("RetireGrant", json!({"KeyId": key, "GrantId": hers["GrantId"]}), "NotFoundException").await;
    cloud.fails("RetireGrant", json!({}), "ValidationException").await;
}

#[tokio::test]
async fn what_is_granted_on_is_no_more_than_what_was_granted() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    let (anna, otto) = (cloud.user("anna", None).await, cloud.user("otto", None).await);
    let input = json!({"KeyId": key, "GranteePrincipal": user("anna"), "Operations": ["Encrypt", "CreateGrant"]});
    cloud.ok("CreateGrant", input).await;
    let on = |operation: &str| json!({"KeyId": key, "GranteePrincipal": user("otto"), "Operations": [operation]});
    anna.fails("CreateGrant", on("Decrypt"), "AccessDeniedException").await;
    anna.ok("CreateGrant", on("Encrypt")).await;
    otto.ok("Encrypt", encrypt(&key, json!({}))).await;
}

#[tokio::test]
async fn what_cant_be_granted_is_refused() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    let grant = |more: Value| {
        let mut input = json!({"KeyId": key, "GranteePrincipal": user("anna"), "Operations": ["Encrypt"]});
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    for (more, code) in [
        (json!({"Operations": []}), "ValidationException"),
        (json!({"Operations": ["Sign"]}), "ValidationException"),
        (json!({"Operations": ["DeriveSharedSecret"]}), "ValidationException"),
        (json!({"GranteePrincipal": "junk"}), "InvalidArnException"),
        (json!({"RetiringPrincipal": "arn:aws:s3:::bucket"}), "InvalidArnException"),
        (json!({"KeyId": "alias/none"}), "NotFoundException"),
        (json!({"DryRun": true}), "DryRunOperationException"),
    ] {
        cloud.fails("CreateGrant", grant(more), code).await;
    }
    cloud.ok("DisableKey", json!({"KeyId": key})).await;
    cloud.fails("CreateGrant", grant(json!({})), "DisabledException").await;
}

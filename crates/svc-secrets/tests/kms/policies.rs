//! Key policies: who is let in, who isn't, and who would lock himself out.

use crate::cloud::{ACCOUNT, Cloud, OTHER, base64};
use serde_json::{Value, json};

fn policy(statements: &[Value]) -> String {
    json!({"Version": "2012-10-17", "Statement": statements}).to_string()
}

fn allow(principal: &str, action: &str) -> Value {
    json!({"Effect": "Allow", "Principal": {"AWS": principal}, "Action": action, "Resource": "*"})
}

fn user(name: &str) -> String {
    format!("arn:aws:iam::{ACCOUNT}:user/{name}")
}

fn everything() -> Option<Value> {
    Some(json!([{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}]))
}

#[tokio::test]
async fn the_default_policy_lets_identities_policies_decide() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    let shown = cloud.ok("GetKeyPolicy", json!({"KeyId": key})).await;
    assert_eq!(shown["PolicyName"], "default");
    assert!(shown["Policy"].as_str().unwrap().contains("Enable IAM User Permissions"));
    assert_eq!(cloud.ok("ListKeyPolicies", json!({"KeyId": key})).await["PolicyNames"], json!(["default"]));
    let encrypt = json!({"KeyId": key, "Plaintext": base64("x")});
    cloud.user("may", everything()).await.ok("Encrypt", encrypt.clone()).await;
    let words = cloud.user("maynot", None).await.fails("Encrypt", encrypt, "AccessDeniedException").await;
    assert!(words.ends_with("because no identity-based policy allows the kms:Encrypt action"), "{words}");
}

#[tokio::test]
async fn where_the_account_isnt_let_in_identities_policies_dont_count() {
    let cloud = Cloud::new();
    let (anna, otto) = (cloud.user("anna", everything()).await, cloud.user("otto", everything()).await);
    let key = anna.key(json!({"Policy": policy(&[allow(&user("anna"), "kms:*")])})).await;
    let encrypt = json!({"KeyId": key, "Plaintext": base64("x")});
    anna.ok("Encrypt", encrypt.clone()).await;
    let words = otto.fails("Encrypt", encrypt.clone(), "AccessDeniedException").await;
    assert!(words.ends_with("because no resource-based policy allows the kms:Encrypt action"), "{words}");
    // Not even the account's root.
    cloud.fails("Encrypt", encrypt, "AccessDeniedException").await;
    cloud.fails("PutKeyPolicy", json!({"KeyId": key, "Policy": "{}"}), "AccessDeniedException").await;
}

#[tokio::test]
async fn nobody_locks_himself_out_by_accident() {
    let cloud = Cloud::new();
    let lockout = policy(&[allow(&user("nobody"), "kms:*")]);
    cloud.user("nobody", None).await;
    let words = cloud.fails("CreateKey", json!({"Policy": lockout}), "MalformedPolicyDocumentException").await;
    assert_eq!(words, "The new key policy will not allow you to update the key policy in the future.");
    let key = cloud.key(json!({})).await;
    cloud.fails("PutKeyPolicy", json!({"KeyId": key, "Policy": lockout}), "MalformedPolicyDocumentException").await;
    for bad in ["{}", "junk"] {
        cloud.fails("PutKeyPolicy", json!({"KeyId": key, "Policy": bad}), "MalformedPolicyDocumentException").await;
    }
    cloud.fails("PutKeyPolicy", json!({"KeyId": key, "Policy": lockout, "PolicyName": "other"}), "ValidationException").await;
    cloud.ok("PutKeyPolicy", json!({"KeyId": key, "Policy": lockout, "BypassPolicyLockoutSafetyCheck": true})).await;
    cloud.fails("GetKeyPolicy", json!({"KeyId": key}), "AccessDeniedException").await;
}

#[tokio::test]
async fn another_account_needs_both() {
    let cloud = Cloud::new();
    let root = format!("arn:aws:iam::{ACCOUNT}:root");
    let shared = policy(&[allow(&root, "kms:*"), allow(&format!("arn:aws:iam::{OTHER}:root"), "kms:Encrypt")]);
    let key = cloud.key(json!({"Policy": shared})).await;
    let encrypt = json!({"KeyId": key, "Plaintext": base64("x")});
    let other = cloud.account(OTHER);
    other.ok("Encrypt", encrypt.clone()).await;
    other.user("may", everything()).await.ok("Encrypt", encrypt.clone()).await;
    other.user("maynot", None).await.fails("Encrypt", encrypt.clone(), "AccessDeniedException").await;
    other.fails("DescribeKey", json!({"KeyId": key}), "AccessDeniedException").await;
}

#[tokio::test]
async fn conditions_see_the_request_and_the_key() {
    let cloud = Cloud::new();
    let tag = json!([{"TagKey": "team", "TagValue": "blue"}]);
    let key = cloud.key(json!({"Tags": tag})).await;
    let condition = |name: &str, test: Value| {
        let statement = json!([{"Effect": "Allow", "Action": "kms:*", "Resource": "*", "Condition": {"StringEquals": test}}]);
        let (cloud, name) = (cloud.clone(), name.to_owned());
        async move { cloud.user(&name, Some(statement)).await }
    };
    let encrypt = |context: Value| json!({"KeyId": key, "Plaintext": base64("x"), "EncryptionContext": context});
    let by_context = condition("context", json!({"kms:EncryptionContext:dept": "it"})).await;
    by_context.ok("Encrypt", encrypt(json!({"dept": "it"}))).await;
    by_context.fails("Encrypt", encrypt(json!({"dept": "hr"})), "AccessDeniedException").await;
    for (name, test) in [
        ("tag", json!({"aws:ResourceTag/team": "blue"})),
        ("spec", json!({"kms:KeySpec": "SYMMETRIC_DEFAULT", "kms:KeyOrigin": "AWS_KMS"})),
        ("caller", json!({"kms:CallerAccount": ACCOUNT})),
        ("algorithm", json!({"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"})),
    ] {
        condition(name, test).await.ok("Encrypt", encrypt(json!({}))).await;
    }
    condition("via", json!({"kms:ViaService": "ec2.us-east-1.amazonaws.com"}))
        .await
        .fails("Encrypt", encrypt(json!({})), "AccessDeniedException")
        .await;
}

#[tokio::test]
async fn a_key_is_made_with_tags_by_who_may_tag() {
    let cloud = Cloud::new();
    let create = Some(json!([{"Effect": "Allow", "Action": "kms:CreateKey", "Resource": "*"}]));
    let anna = cloud.user("anna", create).await;
    anna.key(json!({})).await;
    let tags = json!([{"TagKey": "team", "TagValue": "blue"}]);
    let words = anna.fails("CreateKey", json!({"Tags": tags}), "AccessDeniedException").await;
    assert!(words.contains("kms:TagResource"), "{words}");
}

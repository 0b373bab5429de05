//! Aliases.

use crate::cloud::{ACCOUNT, Cloud, base64};
use serde_json::json;

#[tokio::test]
async fn an_alias_stands_for_its_key() {
    let cloud = Cloud::new();
    let (one, two) = (cloud.key(json!({})).await, cloud.key(json!({})).await);
    cloud.ok("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": one})).await;
    let exists =
        cloud.fails("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": two}), "AlreadyExistsException").await;
    assert_eq!(exists, format!("An alias with the name arn:aws:kms:us-east-1:{ACCOUNT}:alias/app already exists"));
    let blob = cloud.encrypt("alias/app", "secret").await;
    cloud.ok("UpdateAlias", json!({"AliasName": "alias/app", "TargetKeyId": two})).await;
    for named in ["alias/app".to_owned(), format!("arn:aws:kms:us-east-1:{ACCOUNT}:alias/app")] {
        assert_eq!(cloud.ok("DescribeKey", json!({"KeyId": named})).await["KeyMetadata"]["Arn"], two);
    }
    // What the alias was of before is named by the ciphertext.
    assert_eq!(cloud.ok("Decrypt", json!({"CiphertextBlob": blob})).await["KeyId"], one);
    cloud.fails("Decrypt", json!({"CiphertextBlob": blob, "KeyId": "alias/app"}), "IncorrectKeyException").await;
    let of_two = cloud.ok("ListAliases", json!({"KeyId": two})).await;
    assert_eq!(of_two["Aliases"].as_array().unwrap().len(), 1);
    assert!(cloud.ok("ListAliases", json!({"KeyId": one})).await["Aliases"].as_array().unwrap().is_empty());
    cloud.ok("DeleteAlias", json!({"AliasName": "alias/app"})).await;
    cloud.fails("DeleteAlias", json!({"AliasName": "alias/app"}), "NotFoundException").await;
}

#[tokio::test]
async fn what_cant_be_an_alias_is_refused() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    for (name, code) in [
        ("app", "InvalidAliasNameException"),
        ("alias/", "InvalidAliasNameException"),
        ("alias/a:b", "ValidationException"),
        ("alias/aws/ebs", "NotAuthorizedException"),
    ] {
        cloud.fails("CreateAlias", json!({"AliasName": name, "TargetKeyId": key}), code).await;
    }
    cloud.ok("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": key})).await;
    let signing = cloud.key(json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"})).await;
    cloud.fails("UpdateAlias", json!({"AliasName": "alias/app", "TargetKeyId": signing}), "ValidationException").await;
    for number in 1..50 {
        cloud.ok("CreateAlias", json!({"AliasName": format!("alias/{number}"), "TargetKeyId": key})).await;
    }
    cloud.fails("CreateAlias", json!({"AliasName": "alias/more", "TargetKeyId": key}), "LimitExceededException").await;
}

#[tokio::test]
async fn policies_can_go_by_aliases() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    cloud.ok("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": key})).await;
    let statement = json!([{"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*",
        "Condition": {"StringEquals": {"kms:RequestAlias": "alias/app"}}}]);
    let anna = cloud.user("anna", Some(statement)).await;
    anna.ok("Encrypt", json!({"KeyId": "alias/app", "Plaintext": base64("x")})).await;
    anna.fails("Encrypt", json!({"KeyId": key, "Plaintext": base64("x")}), "AccessDeniedException").await;
    let statement = json!([{"Effect": "Allow", "Action": "kms:Encrypt", "Resource": "*",
        "Condition": {"ForAnyValue:StringEquals": {"kms:ResourceAliases": "alias/app"}}}]);
    let otto = cloud.user("otto", Some(statement)).await;
    otto.ok("Encrypt", json!({"KeyId": key, "Plaintext": base64("x")})).await;
}

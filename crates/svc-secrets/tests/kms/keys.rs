//! Keys: making, showing, listing, tagging, enabling them.

use crate::cloud::{ACCOUNT, Cloud, OTHER};
use serde_json::json;

#[tokio::test]
async fn a_key_is_shown_as_it_was_made() {
    let cloud = Cloud::new();
    let tags = json!([{"TagKey": "team", "TagValue": "blue"}]);
    let made = cloud.ok("CreateKey", json!({"Description": "mine", "Tags": tags})).await;
    let shown = &made["KeyMetadata"];
    let id = shown["KeyId"].as_str().unwrap();
    assert_eq!(shown["Arn"], format!("arn:aws:kms:us-east-1:{ACCOUNT}:key/{id}"));
    for (member, value) in [
        ("AWSAccountId", ACCOUNT),
        ("Description", "mine"),
        ("KeySpec", "SYMMETRIC_DEFAULT"),
        ("CustomerMasterKeySpec", "SYMMETRIC_DEFAULT"),
        ("KeyUsage", "ENCRYPT_DECRYPT"),
        ("KeyState", "Enabled"),
        ("KeyManager", "CUSTOMER"),
        ("Origin", "AWS_KMS"),
    ] {
        assert_eq!(shown[member], value, "{member}");
    }
    assert_eq!(shown["EncryptionAlgorithms"], json!(["SYMMETRIC_DEFAULT"]));
    assert_eq!((&shown["Enabled"], &shown["MultiRegion"]), (&json!(true), &json!(false)));
    assert_eq!(shown["CurrentKeyMaterialId"].as_str().unwrap().len(), 64);
    for named in [id, shown["Arn"].as_str().unwrap()] {
        assert_eq!(cloud.ok("DescribeKey", json!({"KeyId": named})).await["KeyMetadata"], *shown);
    }
    let tags = cloud.ok("ListResourceTags", json!({"KeyId": id})).await;
    assert_eq!(tags, json!({"Tags": [{"TagKey": "team", "TagValue": "blue"}], "Truncated": false}));
}

#[tokio::test]
async fn what_is_no_key_is_not_found_in_kmss_words() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    let id = "1234abcd-12ab-34cd-56ef-1234567890ab";
    for (named, words) in [
        (id.to_owned(), format!("Key 'arn:aws:kms:us-east-1:{ACCOUNT}:key/{id}' does not exist")),
        ("junk".to_owned(), "Invalid keyId 'junk'".to_owned()),
        ("alias/none".to_owned(), format!("Alias arn:aws:kms:us-east-1:{ACCOUNT}:alias/none is not found.")),
        (key.replace("us-east-1", "eu-west-1"), "Invalid arn eu-west-1".to_owned()),
    ] {
        assert_eq!(cloud.fails("DescribeKey", json!({"KeyId": named}), "NotFoundException").await, words);
    }
    let elsewhere = cloud.region("eu-west-1").call("DescribeKey", json!({"KeyId": key})).await;
    assert_eq!(elsewhere.message(), "Invalid arn us-east-1");
    // Another account's root may do nothing with it, as the policy doesn't let it in.
    let denied = cloud.account(OTHER).call("DescribeKey", json!({"KeyId": key})).await;
    assert_eq!(denied.code(), "AccessDeniedException");
}

#[tokio::test]
async fn what_cant_be_had_is_refused_by_name() {
    let cloud = Cloud::new();
    cloud.key(json!({})).await;
    for (input, code) in [
        (json!({"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"}), "UnsupportedOperationException"),
        (json!({"KeySpec": "ML_DSA_44", "KeyUsage": "SIGN_VERIFY"}), "NotImplemented"),
        (json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "KEY_AGREEMENT"}), "NotImplemented"),
        (json!({"MultiRegion": true}), "NotImplemented"),
        (json!({"Origin": "AWS_CLOUDHSM"}), "NotImplemented"),
        (json!({"KeySpec": "RSA_2048"}), "ValidationException"),
        (json!({"KeySpec": "HMAC_256", "KeyUsage": "SIGN_VERIFY"}), "ValidationException"),
        (json!({"KeySpec": "HMAC_256", "CustomerMasterKeySpec": "HMAC_256"}), "ValidationException"),
        (json!({"Tags": [{"TagKey": "a", "TagValue": ""}, {"TagKey": "a", "TagValue": ""}]}), "TagException"),
        (json!({"Tags": [{"TagKey": "aws:a", "TagValue": ""}]}), "TagException"),
    ] {
        cloud.fails("CreateKey", input, code).await;
    }
}

#[tokio::test]
async fn keys_are_listed_a_page_at_a_time() {
    let cloud = Cloud::new();
    for _ in 0..3 {
        cloud.key(json!({})).await;
    }
    cloud.region("eu-west-1").key(json!({})).await;
    let first = cloud.ok("ListKeys", json!({"Limit": 2})).await;
    assert_eq!((first["Keys"].as_array().unwrap().len(), &first["Truncated"]), (2, &json!(true)));
    let last = cloud.ok("ListKeys", json!({"Limit": 2, "Marker": first["NextMarker"]})).await;
    assert_eq!((last["Keys"].as_array().unwrap().len(), &last["Truncated"]), (1, &json!(false)));
    assert!(last["NextMarker"].is_null());
    cloud.fails("ListKeys", json!({"Marker": "?"}), "InvalidMarkerException").await;
}

#[tokio::test]
async fn tags_and_descriptions_are_changed() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    let tag = |name: &str| json!({"TagKey": name, "TagValue": "x"});
    cloud.ok("TagResource", json!({"KeyId": key, "Tags": [tag("a"), tag("b")]})).await;
    cloud.ok("UntagResource", json!({"KeyId": key, "TagKeys": ["a"]})).await;
    assert_eq!(cloud.ok("ListResourceTags", json!({"KeyId": key})).await["Tags"], json!([tag("b")]));
    let many: Vec<_> = (0..50).map(|number| tag(&number.to_string())).collect();
    cloud.fails("TagResource", json!({"KeyId": key, "Tags": many}), "TagException").await;
    cloud.ok("UpdateKeyDescription", json!({"KeyId": key, "Description": "new"})).await;
    assert_eq!(cloud.ok("DescribeKey", json!({"KeyId": key})).await["KeyMetadata"]["Description"], "new");
    cloud.fails("UpdateKeyDescription", json!({"KeyId": "alias/a", "Description": ""}), "NotFoundException").await;
}

#[tokio::test]
async fn the_key_that_aws_manages_is_made_once_and_cant_be_changed() {
    let cloud = Cloud::new();
    let shown = cloud.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"})).await["KeyMetadata"].clone();
    assert_eq!((&shown["KeyManager"], &shown["KeyState"]), (&json!("AWS"), &json!("Enabled")));
    let again = cloud.ok("DescribeKey", json!({"KeyId": "alias/aws/ebs"})).await;
    assert_eq!(again["KeyMetadata"]["KeyId"], shown["KeyId"]);
    let aliases = cloud.ok("ListAliases", json!({})).await;
    assert_eq!(aliases["Aliases"][0]["TargetKeyId"], shown["KeyId"]);
    let key = &shown["Arn"];
    for (operation, input) in [
        ("DisableKey", json!({"KeyId": key})),
        ("ScheduleKeyDeletion", json!({"KeyId": key})),
        ("PutKeyPolicy", json!({"KeyId": key, "Policy": "{}"})),
        ("TagResource", json!({"KeyId": key, "Tags": []})),
        ("Encrypt", json!({"KeyId": key, "Plaintext": "AAAA"})),
    ] {
        cloud.fails(operation, input, "AccessDeniedException").await;
    }
    assert_eq!(cloud.ok("GetKeyRotationStatus", json!({"KeyId": key})).await["KeyRotationEnabled"], true);
    let own = cloud.key(json!({})).await;
    cloud.fails("CreateAlias", json!({"AliasName": "alias/aws/mine", "TargetKeyId": own}), "NotAuthorizedException").await;
}

//! What becomes of keys: disabled, rotated, deleted.

use crate::cloud::{Cloud, DAY, base64, bytes};
use serde_json::json;

#[tokio::test]
async fn a_disabled_key_does_nothing_until_it_is_enabled() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    let blob = cloud.encrypt(&key, "secret").await;
    cloud.ok("DisableKey", json!({"KeyId": key})).await;
    assert_eq!(cloud.state(&key).await, "Disabled");
    for (operation, input) in [
        ("Encrypt", json!({"KeyId": key, "Plaintext": base64("x")})),
        ("Decrypt", json!({"CiphertextBlob": blob})),
        ("GenerateDataKey", json!({"KeyId": key, "KeySpec": "AES_256"})),
        ("ReEncrypt", json!({"CiphertextBlob": blob, "DestinationKeyId": key})),
        ("EnableKeyRotation", json!({"KeyId": key})),
    ] {
        assert_eq!(cloud.fails(operation, input, "DisabledException").await, format!("{key} is disabled."));
    }
    cloud.ok("EnableKey", json!({"KeyId": key})).await;
    cloud.ok("Decrypt", json!({"CiphertextBlob": blob})).await;
}

#[tokio::test]
async fn a_key_is_deleted_when_its_time_has_come() {
    let cloud = Cloud::new();
    let (key, kept) = (cloud.key(json!({})).await, cloud.key(json!({})).await);
    let blob = cloud.encrypt(&key, "secret").await;
    cloud.ok("CreateAlias", json!({"AliasName": "alias/app", "TargetKeyId": key})).await;
    for days in [6, 31] {
        cloud.fails("ScheduleKeyDeletion", json!({"KeyId": key, "PendingWindowInDays": days}), "ValidationException").await;
    }
    let scheduled = cloud.ok("ScheduleKeyDeletion", json!({"KeyId": key, "PendingWindowInDays": 7})).await;
    assert_eq!((&scheduled["KeyState"], &scheduled["KeyId"]), (&json!("PendingDeletion"), &json!(key)));
    for (operation, input) in [
        ("Decrypt", json!({"CiphertextBlob": blob})),
        ("EnableKey", json!({"KeyId": key})),
        ("ScheduleKeyDeletion", json!({"KeyId": key})),
        ("UpdateAlias", json!({"AliasName": "alias/app", "TargetKeyId": key})),
        ("CreateGrant", json!({"KeyId": key, "GranteePrincipal": "arn:aws:iam::111122223333:root", "Operations": ["Decrypt"]})),
    ] {
        assert_eq!(cloud.fails(operation, input, "KMSInvalidStateException").await, format!("{key} is pending deletion."));
    }
    cloud.advance(DAY * 6).await;
    cloud.ok("CancelKeyDeletion", json!({"KeyId": key})).await;
    assert_eq!(cloud.state(&key).await, "Disabled");
    cloud.fails("CancelKeyDeletion", json!({"KeyId": key}), "KMSInvalidStateException").await;
    cloud.ok("EnableKey", json!({"KeyId": key})).await;
    assert_eq!(bytes(&cloud.ok("Decrypt", json!({"CiphertextBlob": blob})).await, "Plaintext"), b"secret");
    cloud.ok("ScheduleKeyDeletion", json!({"KeyId": key, "PendingWindowInDays": 7})).await;
    cloud.advance(DAY * 7).await;
    cloud.fails("DescribeKey", json!({"KeyId": key}), "NotFoundException").await;
    cloud.fails("DescribeKey", json!({"KeyId": "alias/app"}), "NotFoundException").await;
    cloud.fails("Decrypt", json!({"CiphertextBlob": blob}), "AccessDeniedException").await;
    assert_eq!(cloud.state(&kept).await, "Enabled");
}

#[tokio::test]
async fn a_rotated_key_reads_what_it_wrote_before() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    let status = || cloud.ok("GetKeyRotationStatus", json!({"KeyId": key}));
    assert_eq!(status().await["KeyRotationEnabled"], false);
    cloud.ok("EnableKeyRotation", json!({"KeyId": key, "RotationPeriodInDays": 90})).await;
    let shown = status().await;
    assert_eq!((&shown["KeyRotationEnabled"], &shown["RotationPeriodInDays"]), (&json!(true), &json!(90)));
    let first = cloud.encrypt(&key, "first").await;
    cloud.advance(DAY * 89).await;
    let rotations = || cloud.ok("ListKeyRotations", json!({"KeyId": key}));
    assert!(rotations().await["Rotations"].as_array().unwrap().is_empty());
    cloud.advance(DAY).await;
    assert_eq!(rotations().await["Rotations"][0]["RotationType"], "AUTOMATIC");
    cloud.ok("RotateKeyOnDemand", json!({"KeyId": key})).await;
    assert!(status().await["OnDemandRotationStartDate"].is_number());
    cloud.fails("RotateKeyOnDemand", json!({"KeyId": key}), "ConflictException").await;
    cloud.settle().await;
    assert!(status().await["OnDemandRotationStartDate"].is_null());
    let second = cloud.encrypt(&key, "second").await;
    let opened = cloud.ok("Decrypt", json!({"CiphertextBlob": first})).await;
    assert_eq!(bytes(&opened, "Plaintext"), b"first");
    let newer = cloud.ok("Decrypt", json!({"CiphertextBlob": second})).await;
    assert_ne!(newer["KeyMaterialId"], opened["KeyMaterialId"]);
    let all = cloud.ok("ListKeyRotations", json!({"KeyId": key, "IncludeKeyMaterial": "ALL_KEY_MATERIAL"})).await;
    let types: Vec<_> = all["Rotations"].as_array().unwrap().iter().map(|it| it["RotationType"].clone()).collect();
    assert_eq!(json!(types), json!([null, "AUTOMATIC", "ON_DEMAND"]));
    assert_eq!(all["Rotations"][2]["KeyMaterialState"], "CURRENT");
    cloud.ok("DisableKeyRotation", json!({"KeyId": key})).await;
    cloud.advance(DAY * 400).await;
    assert_eq!(rotations().await["Rotations"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn only_symmetric_keys_of_the_clouds_own_material_are_rotated() {
    let cloud = Cloud::new();
    let signing = cloud.key(json!({"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"})).await;
    assert_eq!(cloud.ok("GetKeyRotationStatus", json!({"KeyId": signing})).await["KeyRotationEnabled"], false);
    for operation in ["EnableKeyRotation", "RotateKeyOnDemand", "ListKeyRotations"] {
        cloud.fails(operation, json!({"KeyId": signing}), "UnsupportedOperationException").await;
    }
}

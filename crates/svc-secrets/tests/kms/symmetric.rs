//! Encryption with symmetric keys, data keys, codes.

use crate::cloud::{Cloud, OTHER, base64, bytes};
use serde_json::json;

#[tokio::test]
async fn what_is_encrypted_is_decrypted_without_naming_the_key() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    let context = json!({"Dept": "IT", "Stage": "test"});
    let sealed = cloud.ok("Encrypt", json!({"KeyId": key, "Plaintext": base64("secret"), "EncryptionContext": context})).await;
    assert_eq!((&sealed["KeyId"], &sealed["EncryptionAlgorithm"]), (&json!(key), &json!("SYMMETRIC_DEFAULT")));
    let blob = &sealed["CiphertextBlob"];
    let opened = cloud.ok("Decrypt", json!({"CiphertextBlob": blob, "EncryptionContext": context})).await;
    assert_eq!((&opened["KeyId"], bytes(&opened, "Plaintext")), (&json!(key), b"secret".to_vec()));
    for wrong in [json!({}), json!({"Dept": "IT"}), json!({"dept": "IT", "Stage": "test"})] {
        cloud.fails("Decrypt", json!({"CiphertextBlob": blob, "EncryptionContext": wrong}), "InvalidCiphertextException").await;
    }
}

#[tokio::test]
async fn a_ciphertext_that_was_changed_or_is_anothers_is_refused() {
    let cloud = Cloud::new();
    let (key, other) = (cloud.key(json!({})).await, cloud.key(json!({})).await);
    let blob = cloud.encrypt(&key, "secret").await;
    let mut mangled = bytes(&json!({"it": blob}), "it");
    *mangled.last_mut().unwrap() ^= 1;
    for bad in [base64(&mangled), base64("junk"), base64(&mangled[..20])] {
        cloud.fails("Decrypt", json!({"CiphertextBlob": bad}), "InvalidCiphertextException").await;
    }
    cloud.fails("Decrypt", json!({"CiphertextBlob": blob, "KeyId": other}), "IncorrectKeyException").await;
    cloud.ok("Decrypt", json!({"CiphertextBlob": blob, "KeyId": key})).await;
    cloud.region("eu-west-1").fails("Decrypt", json!({"CiphertextBlob": blob}), "AccessDeniedException").await;
    cloud.account(OTHER).call("ListKeys", json!({})).await;
    cloud.account(OTHER).fails("Decrypt", json!({"CiphertextBlob": blob}), "AccessDeniedException").await;
}

#[tokio::test]
async fn data_keys_come_in_the_clear_and_sealed() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    for (wish, length) in
        [(json!({"KeySpec": "AES_256"}), 32), (json!({"KeySpec": "AES_128"}), 16), (json!({"NumberOfBytes": 64}), 64)]
    {
        let mut input = json!({"KeyId": key});
        input.as_object_mut().unwrap().extend(wish.as_object().unwrap().clone());
        let made = cloud.ok("GenerateDataKey", input.clone()).await;
        let opened = cloud.ok("Decrypt", json!({"CiphertextBlob": made["CiphertextBlob"]})).await;
        assert_eq!(opened["Plaintext"], made["Plaintext"]);
        assert_eq!(bytes(&made, "Plaintext").len(), length);
        let sealed = cloud.ok("GenerateDataKeyWithoutPlaintext", input).await;
        assert!(sealed["Plaintext"].is_null());
        let opened = cloud.ok("Decrypt", json!({"CiphertextBlob": sealed["CiphertextBlob"]})).await;
        assert_eq!(bytes(&opened, "Plaintext").len(), length);
    }
    cloud.fails("GenerateDataKey", json!({"KeyId": key}), "ValidationException").await;
    let both = json!({"KeyId": key, "KeySpec": "AES_256", "NumberOfBytes": 32});
    cloud.fails("GenerateDataKey", both, "ValidationException").await;
    let tried = json!({"KeyId": key, "KeySpec": "AES_256", "DryRun": true});
    cloud.fails("GenerateDataKey", tried, "DryRunOperationException").await;
    let random = cloud.ok("GenerateRandom", json!({"NumberOfBytes": 40})).await;
    assert_eq!(bytes(&random, "Plaintext").len(), 40);
    cloud.fails("GenerateRandom", json!({}), "ValidationException").await;
}

#[tokio::test]
async fn pairs_of_data_keys_have_a_public_half() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    let input = json!({"KeyId": key, "KeyPairSpec": "ECC_NIST_P256", "EncryptionContext": {"a": "b"}});
    let made = cloud.ok("GenerateDataKeyPair", input.clone()).await;
    let open = json!({"CiphertextBlob": made["PrivateKeyCiphertextBlob"], "EncryptionContext": {"a": "b"}});
    assert_eq!(cloud.ok("Decrypt", open).await["Plaintext"], made["PrivateKeyPlaintext"]);
    assert_eq!(bytes(&made, "PublicKey").len(), 91);
    let sealed = cloud.ok("GenerateDataKeyPairWithoutPlaintext", input).await;
    assert!(sealed["PrivateKeyPlaintext"].is_null() && sealed["PrivateKeyCiphertextBlob"].is_string());
    cloud.fails("GenerateDataKeyPair", json!({"KeyId": key, "KeyPairSpec": "SM2"}), "UnsupportedOperationException").await;
}

#[tokio::test]
async fn what_is_encrypted_moves_to_another_key() {
    let cloud = Cloud::new();
    let (from, to) = (cloud.key(json!({})).await, cloud.key(json!({})).await);
    let blob = cloud.encrypt(&from, "secret").await;
    let input = json!({"CiphertextBlob": blob, "DestinationKeyId": to, "DestinationEncryptionContext": {"a": "b"}});
    let moved = cloud.ok("ReEncrypt", input).await;
    assert_eq!((&moved["SourceKeyId"], &moved["KeyId"]), (&json!(from), &json!(to)));
    let opened = cloud.ok("Decrypt", json!({"CiphertextBlob": moved["CiphertextBlob"], "EncryptionContext": {"a": "b"}})).await;
    assert_eq!((&opened["KeyId"], bytes(&opened, "Plaintext")), (&json!(to), b"secret".to_vec()));
    let from = [json!({"Effect": "Allow", "Action": "kms:ReEncryptFrom", "Resource": "*"})];
    let half = cloud.user("half", Some(json!(from))).await;
    let denied = half.fails("ReEncrypt", json!({"CiphertextBlob": blob, "DestinationKeyId": to}), "AccessDeniedException").await;
    assert!(denied.contains("kms:ReEncryptTo"), "{denied}");
}

#[tokio::test]
async fn codes_are_made_and_verified() {
    let cloud = Cloud::new();
    for (spec, algorithm, length) in [
        ("HMAC_224", "HMAC_SHA_224", 28),
        ("HMAC_256", "HMAC_SHA_256", 32),
        ("HMAC_384", "HMAC_SHA_384", 48),
        ("HMAC_512", "HMAC_SHA_512", 64),
    ] {
        let key = cloud.key(json!({"KeySpec": spec, "KeyUsage": "GENERATE_VERIFY_MAC"})).await;
        let input = json!({"KeyId": key, "Message": base64("text"), "MacAlgorithm": algorithm});
        let made = cloud.ok("GenerateMac", input.clone()).await;
        assert_eq!(bytes(&made, "Mac").len(), length);
        let verify =
            |message: &str| json!({"KeyId": key, "Message": base64(message), "MacAlgorithm": algorithm, "Mac": made["Mac"]});
        assert_eq!(cloud.ok("VerifyMac", verify("text")).await["MacValid"], true);
        cloud.fails("VerifyMac", verify("other"), "KMSInvalidMacException").await;
    }
    let key = cloud.key(json!({"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"})).await;
    let wrong = json!({"KeyId": key, "Message": base64("text"), "MacAlgorithm": "HMAC_SHA_512"});
    cloud.fails("GenerateMac", wrong, "InvalidKeyUsageException").await;
    let words = cloud.fails("Encrypt", json!({"KeyId": key, "Plaintext": base64("x")}), "InvalidKeyUsageException").await;
    assert_eq!(words, format!("{key} key usage is GENERATE_VERIFY_MAC which is not valid for Encrypt."));
}

//! Signatures, and encryption with RSA.

use crate::cloud::{Cloud, base64, bytes};
use serde_json::json;

#[tokio::test]
async fn every_kind_of_key_signs_messages_and_digests() {
    let cloud = Cloud::new();
    for (spec, algorithms) in [
        ("RSA_2048", &[("RSASSA_PSS_SHA_256", 32), ("RSASSA_PKCS1_V1_5_SHA_512", 64)][..]),
        ("ECC_NIST_P256", &[("ECDSA_SHA_256", 32)]),
        ("ECC_NIST_P384", &[("ECDSA_SHA_384", 48)]),
        ("ECC_NIST_P521", &[("ECDSA_SHA_512", 64)]),
        ("ECC_SECG_P256K1", &[("ECDSA_SHA_256", 32)]),
        ("ECC_NIST_EDWARDS25519", &[("ED25519_SHA_512", 0)]),
    ] {
        let key = cloud.key(json!({"KeySpec": spec, "KeyUsage": "SIGN_VERIFY"})).await;
        for (algorithm, digest) in algorithms {
            let input = json!({"KeyId": key, "Message": base64("text"), "SigningAlgorithm": algorithm});
            let signature = cloud.ok("Sign", input).await["Signature"].clone();
            let verify = |message: &str| json!({"KeyId": key, "Message": base64(message), "SigningAlgorithm": algorithm, "Signature": signature});
            assert_eq!(cloud.ok("Verify", verify("text")).await["SignatureValid"], true, "{spec} {algorithm}");
            cloud.fails("Verify", verify("other"), "KMSInvalidSignatureException").await;
            let digest = base64(vec![7; *digest]);
            let input = json!({"KeyId": key, "Message": digest, "MessageType": "DIGEST", "SigningAlgorithm": algorithm});
            if *algorithm == "ED25519_SHA_512" {
                continue;
            }
            let signature = cloud.ok("Sign", input.clone()).await["Signature"].clone();
            let mut input = input;
            input["Signature"] = signature;
            cloud.ok("Verify", input).await;
            let short = json!({"KeyId": key, "Message": base64("x"), "MessageType": "DIGEST", "SigningAlgorithm": algorithm});
            cloud.fails("Sign", short, "ValidationException").await;
        }
        let wrong = json!({"KeyId": key, "Message": base64("text"), "SigningAlgorithm": "SM2DSA"});
        let words = cloud.fails("Sign", wrong, "InvalidKeyUsageException").await;
        assert_eq!(words, format!("Algorithm SM2DSA is incompatible with key spec {spec}."));
        let shown = cloud.ok("GetPublicKey", json!({"KeyId": key})).await;
        assert_eq!((&shown["KeySpec"], &shown["KeyUsage"]), (&json!(spec), &json!("SIGN_VERIFY")));
        assert!(bytes(&shown, "PublicKey").len() > 40);
    }
}

#[tokio::test]
async fn rsa_encrypts_what_fits() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"})).await;
    for (algorithm, most) in [("RSAES_OAEP_SHA_1", 214), ("RSAES_OAEP_SHA_256", 190)] {
        let encrypt =
            |length: usize| json!({"KeyId": key, "Plaintext": base64(vec![7; length]), "EncryptionAlgorithm": algorithm});
        let sealed = cloud.ok("Encrypt", encrypt(most)).await;
        let decrypt = json!({"KeyId": key, "CiphertextBlob": sealed["CiphertextBlob"], "EncryptionAlgorithm": algorithm});
        assert_eq!(bytes(&cloud.ok("Decrypt", decrypt).await, "Plaintext"), vec![7; most]);
        cloud.fails("Encrypt", encrypt(most + 1), "ValidationException").await;
        let bad = json!({"KeyId": key, "CiphertextBlob": base64("junk"), "EncryptionAlgorithm": algorithm});
        cloud.fails("Decrypt", bad, "InvalidCiphertextException").await;
    }
    let plain = json!({"KeyId": key, "Plaintext": base64("x")});
    cloud.fails("Encrypt", plain, "InvalidKeyUsageException").await;
    let context = json!({"KeyId": key, "Plaintext": base64("x"), "EncryptionAlgorithm": "RSAES_OAEP_SHA_1", "EncryptionContext": {"a": "b"}});
    cloud.fails("Encrypt", context, "ValidationException").await;
    let symmetric = cloud.key(json!({})).await;
    cloud.fails("GetPublicKey", json!({"KeyId": symmetric}), "UnsupportedOperationException").await;
}

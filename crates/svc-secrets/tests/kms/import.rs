//! Material that somebody brings.

use crate::cloud::{Cloud, DAY, base64, bytes};
use aws_lc_rs::{
    key_wrap::{AES_256, AesKek, KeyWrapPadded},
    rsa::{OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPublicEncryptingKey, PublicEncryptingKey},
};
use serde_json::{Value, json};

const MATERIAL: [u8; 32] = [5; 32];

fn wrap(algorithm: &'static OaepAlgorithm, public: &[u8], material: &[u8]) -> Vec<u8> {
    let key = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(public).unwrap()).unwrap();
    let mut sealed = vec![0; key.ciphertext_size()];
    key.encrypt(algorithm, material, &mut sealed, None).unwrap().to_vec()
}

async fn parameters(cloud: &Cloud, key: &str, algorithm: &str) -> Value {
    let input = json!({"KeyId": key, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_2048"});
    cloud.ok("GetParametersForImport", input).await
}

/// The request that imports the material under those parameters.
fn request(key: &str, parameters: &Value, wrapped: &[u8]) -> Value {
    json!({
        "KeyId": key,
        "ImportToken": parameters["ImportToken"],
        "EncryptedKeyMaterial": base64(wrapped),
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    })
}

#[tokio::test]
async fn a_key_works_once_its_material_is_imported() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({"Origin": "EXTERNAL"})).await;
    assert_eq!(cloud.state(&key).await, "PendingImport");
    let words = cloud.fails("Encrypt", json!({"KeyId": key, "Plaintext": base64("x")}), "KMSInvalidStateException").await;
    assert_eq!(words, format!("{key} is pending import."));
    let asked = parameters(&cloud, &key, "RSAES_OAEP_SHA_256").await;
    let import = |material: &[u8]| request(&key, &asked, &wrap(&OAEP_SHA256_MGF1SHA256, &bytes(&asked, "PublicKey"), material));
    cloud.fails("ImportKeyMaterial", import(&[5; 31]), "IncorrectKeyMaterialException").await;
    cloud.fails("ImportKeyMaterial", request(&key, &asked, b"junk"), "InvalidCiphertextException").await;
    cloud.ok("ImportKeyMaterial", import(&MATERIAL)).await;
    assert_eq!(cloud.state(&key).await, "Enabled");
    let blob = cloud.encrypt(&key, "secret").await;
    cloud.ok("DeleteImportedKeyMaterial", json!({"KeyId": key})).await;
    assert_eq!(cloud.state(&key).await, "PendingImport");
    cloud.fails("Decrypt", json!({"CiphertextBlob": blob}), "KMSInvalidStateException").await;
    cloud.fails("ImportKeyMaterial", import(&[6; 32]), "IncorrectKeyMaterialException").await;
    cloud.ok("ImportKeyMaterial", import(&MATERIAL)).await;
    assert_eq!(bytes(&cloud.ok("Decrypt", json!({"CiphertextBlob": blob})).await, "Plaintext"), b"secret");
    cloud.fails("RotateKeyOnDemand", json!({"KeyId": key}), "UnsupportedOperationException").await;
}

#[tokio::test]
async fn material_and_tokens_expire() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({"Origin": "EXTERNAL"})).await;
    let asked = parameters(&cloud, &key, "RSAES_OAEP_SHA_1").await;
    let mut import = request(&key, &asked, &wrap(&OAEP_SHA1_MGF1SHA1, &bytes(&asked, "PublicKey"), &MATERIAL));
    import["ExpirationModel"] = json!("KEY_MATERIAL_EXPIRES");
    cloud.fails("ImportKeyMaterial", import.clone(), "ValidationException").await;
    let end = cloud.bench.env.now().0 / 1000 + 12 * 3600;
    import["ValidTo"] = json!(end);
    cloud.ok("ImportKeyMaterial", import.clone()).await;
    let shown = cloud.ok("DescribeKey", json!({"KeyId": key})).await["KeyMetadata"].clone();
    assert_eq!(shown["ExpirationModel"], "KEY_MATERIAL_EXPIRES");
    assert_eq!(shown["ValidTo"].as_f64(), Some(end as f64));
    cloud.advance(DAY / 2).await;
    assert_eq!(cloud.state(&key).await, "PendingImport");
    import["ValidTo"] = json!(end + 86_400);
    cloud.ok("ImportKeyMaterial", import.clone()).await;
    assert_eq!(cloud.state(&key).await, "Enabled");
    cloud.bench.advance(DAY / 2);
    import["ValidTo"] = json!(end + 2 * 86_400);
    cloud.fails("ImportKeyMaterial", import.clone(), "ExpiredImportTokenException").await;
    cloud.settle().await;
    cloud.fails("ImportKeyMaterial", import, "InvalidImportTokenException").await;
}

#[tokio::test]
async fn a_private_key_is_wrapped_by_two_keys() {
    let cloud = Cloud::new();
    let symmetric = cloud.key(json!({})).await;
    let made = cloud.ok("GenerateDataKeyPair", json!({"KeyId": symmetric, "KeyPairSpec": "ECC_NIST_P256"})).await;
    let key = cloud.key(json!({"Origin": "EXTERNAL", "KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"})).await;
    let plain = json!({"KeyId": key, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"});
    cloud.fails("GetParametersForImport", plain, "ValidationException").await;
    let asked = parameters(&cloud, &key, "RSA_AES_KEY_WRAP_SHA_256").await;
    let private = bytes(&made, "PrivateKeyPlaintext");
    let mut wrapped = vec![0; private.len() + 16];
    let wrapped = AesKek::new(&AES_256, &[9; 32]).unwrap().wrap_with_padding(&private, &mut wrapped).unwrap().to_vec();
    let both = [wrap(&OAEP_SHA256_MGF1SHA256, &bytes(&asked, "PublicKey"), &[9; 32]), wrapped].concat();
    cloud.ok("ImportKeyMaterial", request(&key, &asked, &both)).await;
    assert_eq!(cloud.ok("GetPublicKey", json!({"KeyId": key})).await["PublicKey"], made["PublicKey"]);
    let sign = json!({"KeyId": key, "Message": base64("text"), "SigningAlgorithm": "ECDSA_SHA_256"});
    cloud.ok("Sign", sign).await;
}

#[tokio::test]
async fn a_key_of_the_clouds_own_takes_no_material() {
    let cloud = Cloud::new();
    let key = cloud.key(json!({})).await;
    let input = json!({"KeyId": key, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"});
    cloud.fails("GetParametersForImport", input, "UnsupportedOperationException").await;
    cloud.fails("DeleteImportedKeyMaterial", json!({"KeyId": key}), "UnsupportedOperationException").await;
    let external = cloud.key(json!({"Origin": "EXTERNAL"})).await;
    for (algorithm, code) in [("RSAES_PKCS1_V1_5", "UnsupportedOperationException"), ("SM2PKE", "UnsupportedOperationException")]
    {
        let input = json!({"KeyId": external, "WrappingAlgorithm": algorithm, "WrappingKeySpec": "RSA_2048"});
        cloud.fails("GetParametersForImport", input, code).await;
    }
    let other = request(&external, &json!({"ImportToken": base64("junk")}), b"junk");
    cloud.fails("ImportKeyMaterial", other, "InvalidImportTokenException").await;
}

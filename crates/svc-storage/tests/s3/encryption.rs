//! Encryption: what stands on the disk, and who can read it.

use crate::cloud::{Cloud, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use front::testing::Reply;
use md5::{Digest, Md5};
use model::{
    AccountId, Timestamp,
    s3::{self, Blob, BlobSpec, Content, Object, Place, VersionSpec},
};
use serde_json::json;
use spine::{Read, Scope};

const SSE: &str = "x-amz-server-side-encryption";
const KMS_KEY: &str = "x-amz-server-side-encryption-aws-kms-key-id";
/// Nothing else looks like it, and it is in no base64.
const PLAIN: &str = "the quick brown fox, in plain sight; ";

/// The headers of a customer's key of 32 equal bytes, of the object or of the one that is copied.
fn customer(byte: u8, prefix: &str) -> Vec<(String, String)> {
    let key = [byte; 32];
    let name = |what: &str| format!("x-amz-{prefix}server-side-encryption-customer-{what}");
    let md5 = STANDARD.encode(Md5::digest(key));
    vec![(name("algorithm"), "AES256".into()), (name("key"), STANDARD.encode(key)), (name("key-MD5"), md5)]
}

fn borrowed(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

async fn with_key(cloud: &Cloud, byte: u8, method: &str, path: &str, body: &str) -> Reply {
    cloud.send(method, path, &borrowed(&customer(byte, "")), body.to_owned()).await
}

/// Everything of the objects that is on the disk or would be: their files and their records.
fn stored(cloud: &Cloud) -> Vec<u8> {
    let mut all = Vec::new();
    for shard in std::fs::read_dir(cloud.folder()).unwrap() {
        for file in std::fs::read_dir(shard.unwrap().path()).unwrap() {
            all.extend(std::fs::read(file.unwrap().path()).unwrap());
        }
    }
    let snapshot = cloud.s3.store.snapshot();
    for (_, blob) in snapshot.specs::<Blob>(Scope::All).unwrap() {
        if let Place::Here(text) = &blob.place {
            all.extend(STANDARD.decode(text).unwrap());
        }
    }
    for (_, object) in snapshot.specs::<Object>(Scope::All).unwrap() {
        all.extend(serde_json::to_vec(&*object).unwrap());
    }
    all
}

fn is_in(text: &[u8], all: &[u8]) -> bool {
    all.windows(text.len()).any(|window| window == text)
}

#[tokio::test]
async fn what_was_put_is_nowhere_in_plain() {
    let cloud = Cloud::with("box").await;
    let large = PLAIN.repeat(8000);
    let put = cloud.ok("PUT", "/box/small", PLAIN).await;
    assert_eq!(header(&put, SSE), "AES256");
    cloud.ok("PUT", "/box/large", large.clone()).await;
    with_key(&cloud, 7, "PUT", "/box/customer", &large).await;
    cloud.send("PUT", "/box/kms", &[(SSE, "aws:kms")], large.clone()).await;
    let upload = cloud.send("POST", "/box/parts?uploads", &[], "").await.element("UploadId");
    cloud.ok("PUT", &format!("/box/parts?partNumber=1&uploadId={upload}"), large.clone()).await;
    let all = stored(&cloud);
    assert!(all.len() > 4 * large.len());
    assert!(!is_in(PLAIN.as_bytes(), &all));
    assert!(!is_in(&[7; 32], &all) && !is_in(STANDARD.encode([7; 32]).as_bytes(), &all), "a customer's key is kept");
    assert_eq!(cloud.get("/box/large").await, large);
    assert_eq!(cloud.get("/box/small").await, PLAIN);
}

#[tokio::test]
async fn a_range_is_read_out_of_its_chunks() {
    let cloud = Cloud::with("box").await;
    let bytes: Vec<u8> = (0..300_000_u32).map(|number| (number * 7 % 251) as u8).collect();
    cloud.ok("PUT", "/box/k", bytes.clone()).await;
    for (first, last) in [(0, 0), (65_535, 65_536), (65_536, 131_071), (1, 299_999), (262_143, 299_999), (299_999, 299_999)] {
        let got = cloud.send("GET", "/box/k", &[("range", &format!("bytes={first}-{last}"))], "").await;
        assert!(got.body == bytes[first..=last], "{first}-{last}");
    }
}

#[tokio::test]
async fn a_key_of_kms_is_used_and_has_to_be_there() {
    let cloud = Cloud::with("box").await;
    let key = cloud.kms("CreateKey", json!({})).await["KeyMetadata"].clone();
    let (id, arn) = (key["KeyId"].as_str().unwrap(), key["Arn"].as_str().unwrap());
    let put = cloud.send("PUT", "/box/k", &[(SSE, "aws:kms"), (KMS_KEY, id)], "hello").await;
    assert_eq!((header(&put, SSE), header(&put, KMS_KEY)), ("aws:kms".into(), arn.into()), "{}", put.text());
    assert_ne!(header(&put, "etag"), "\"5d41402abc4b2a76b9719d911017c592\"", "an ETag that tells the MD5");
    let got = cloud.ok("GET", "/box/k", "").await;
    assert_eq!((got.text(), header(&got, "etag")), ("hello".into(), header(&put, "etag")));
    assert_eq!(header(&got, KMS_KEY), arn);
    let plain = cloud.send("PUT", "/box/copy", &[("x-amz-copy-source", "box/k")], "").await;
    assert!(plain.element("ETag").contains("5d41402abc4b2a76b9719d911017c592"), "{}", plain.text());
    cloud.kms("DisableKey", json!({"KeyId": id})).await;
    let refused = cloud.fails("GET", "/box/k", "", "KMS.DisabledException").await;
    assert_eq!((refused.status, refused.element("Message")), (400, format!("{arn} is disabled.")));
    assert_eq!(cloud.send("HEAD", "/box/k", &[], "").await.status, 200, "what is known without the key");
    assert_eq!(cloud.send("HEAD", "/box/k", &[("x-amz-checksum-mode", "ENABLED")], "").await.status, 400);
    let put = cloud.send("PUT", "/box/other", &[(SSE, "aws:kms"), (KMS_KEY, arn)], "x").await;
    assert_eq!(put.element("Code"), "KMS.DisabledException");
    assert_eq!(cloud.get("/box/copy").await, "hello");
    cloud.kms("EnableKey", json!({"KeyId": id})).await;
    assert_eq!(cloud.get("/box/k").await, "hello");
    cloud.kms("ScheduleKeyDeletion", json!({"KeyId": id})).await;
    cloud.fails("GET", "/box/k", "", "KMS.KMSInvalidStateException").await;
    let missing = "arn:aws:kms:us-east-1:111122223333:key/12345678-1234-1234-1234-123456789012";
    let refused = cloud.send("PUT", "/box/k", &[(SSE, "aws:kms"), (KMS_KEY, missing)], "x").await;
    assert_eq!(refused.element("Code"), "KMS.NotFoundException");
}

#[tokio::test]
async fn the_keys_policy_decides() {
    let cloud = Cloud::with("box").await;
    let key = cloud.kms("CreateKey", json!({})).await["KeyMetadata"].clone();
    let (id, root) = (key["KeyId"].as_str().unwrap(), "arn:aws:iam::111122223333:root");
    let context = json!({"StringEquals": {
        "kms:ViaService": "s3.us-east-1.amazonaws.com",
        "kms:EncryptionContext:aws:s3:arn": "arn:aws:s3:::box/in",
        "kms:EncryptionContext:team": "red",
    }});
    let policy = |second: serde_json::Value| {
        json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": root}, "Action": ["kms:Put*", "kms:Describe*"], "Resource": "*"},
            second,
        ]})
        .to_string()
    };
    let only = policy(json!({"Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:GenerateDataKey", "Resource": "*",
                             "Condition": context}));
    cloud.kms("PutKeyPolicy", json!({"KeyId": id, "Policy": only, "BypassPolicyLockoutSafetyCheck": true})).await;
    let red = STANDARD.encode(r#"{"team":"red"}"#);
    let with = |path: &'static str, context: String| {
        let cloud = &cloud;
        async move {
            let headers = [(SSE, "aws:kms"), (KMS_KEY, id), ("x-amz-server-side-encryption-context", &context)];
            cloud.send("PUT", path, &headers, "x").await
        }
    };
    assert_eq!(with("/box/in", red.clone()).await.status, 200);
    assert_eq!(with("/box/out", red.clone()).await.element("Code"), "AccessDenied");
    assert_eq!(with("/box/in", STANDARD.encode(r#"{"team":"blue"}"#)).await.element("Code"), "AccessDenied");
    assert_eq!(with("/box/in", "{}".into()).await.element("Code"), "InvalidArgument");
    let refused = cloud.fails("GET", "/box/in", "", "AccessDenied").await;
    assert!(refused.element("Message").contains("kms:Decrypt"), "{}", refused.text());
    let upload = cloud.send("POST", "/box/in?uploads", &[(SSE, "aws:kms"), (KMS_KEY, id)], "").await;
    assert_eq!(upload.element("Code"), "AccessDenied");
}

#[tokio::test]
async fn a_bucket_says_what_holds_for_what_says_nothing() {
    let cloud = Cloud::with("box").await;
    let key = cloud.kms("CreateKey", json!({})).await["KeyMetadata"]["Arn"].as_str().unwrap().to_owned();
    cloud.kms("CreateAlias", json!({"AliasName": "alias/box", "TargetKeyId": key})).await;
    let rule = "<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>alias/box</KMSMasterKeyID></ApplyServerSideEncryptionByDefault><BucketKeyEnabled>true</BucketKeyEnabled><BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes></Rule></ServerSideEncryptionConfiguration>";
    cloud.ok("PUT", "/box?encryption", rule).await;
    let read = cloud.ok("GET", "/box?encryption", "").await;
    assert_eq!((read.element("KMSMasterKeyID"), read.element("BucketKeyEnabled")), ("alias/box".into(), "true".into()));
    let put = cloud.ok("PUT", "/box/k", "hello").await;
    assert_eq!((header(&put, SSE), header(&put, KMS_KEY)), ("aws:kms".into(), key));
    assert_eq!(header(&put, "x-amz-server-side-encryption-bucket-key-enabled"), "true");
    assert_eq!(cloud.get("/box/k").await, "hello");
    let own = cloud.send("PUT", "/box/own", &[(SSE, "AES256")], "x").await;
    assert_eq!((own.status, header(&own, SSE)), (200, "AES256".into()));
    // Without a key's name it is the one that AWS manages.
    let managed = cloud.send("PUT", "/box/managed", &[(SSE, "aws:kms")], "x").await;
    let described = cloud.kms("DescribeKey", json!({"KeyId": "alias/aws/s3"})).await;
    assert_eq!(header(&managed, KMS_KEY), described["KeyMetadata"]["Arn"]);
    assert_eq!(described["KeyMetadata"]["KeyManager"], "AWS");
    assert_eq!(with_key(&cloud, 1, "PUT", "/box/c", "x").await.element("Code"), "AccessDenied");
    let named = cloud.send("PUT", "/box/k", &[(SSE, "AES256"), (KMS_KEY, "alias/box")], "x").await;
    assert_eq!(named.element("Code"), "InvalidArgument");
}

#[tokio::test]
async fn only_a_customers_key_opens_what_it_has_sealed() {
    let cloud = Cloud::with("box").await;
    let text = PLAIN.repeat(4000);
    let put = with_key(&cloud, 1, "PUT", "/box/k", &text).await;
    assert_eq!((put.status, header(&put, "x-amz-server-side-encryption-customer-algorithm")), (200, "AES256".into()));
    assert_eq!(header(&put, "x-amz-server-side-encryption-customer-key-md5"), customer(1, "")[2].1);
    assert_eq!(header(&put, SSE), "");
    assert_eq!(with_key(&cloud, 1, "GET", "/box/k", "").await.text(), text);
    assert_eq!(cloud.fails("GET", "/box/k", "", "InvalidRequest").await.status, 400);
    let wrong = with_key(&cloud, 2, "GET", "/box/k", "").await;
    assert_eq!((wrong.status, wrong.element("Code")), (403, "AccessDenied".into()));
    assert_eq!(cloud.send("HEAD", "/box/k", &[], "").await.status, 400);
    assert_eq!(with_key(&cloud, 2, "HEAD", "/box/k", "").await.status, 403);
    assert_eq!(with_key(&cloud, 1, "HEAD", "/box/k", "").await.status, 200);
    let mut both = customer(1, "");
    both.push((SSE.into(), "AES256".into()));
    assert_eq!(cloud.send("PUT", "/box/k", &borrowed(&both), "x").await.element("Code"), "InvalidArgument");
    cloud.ok("PUT", "/box/open", "x").await;
    assert_eq!(with_key(&cloud, 1, "GET", "/box/open", "").await.element("Code"), "InvalidRequest");
    // Copies, from one key to another and out of any.
    let copy = |key: u8, to: Vec<(String, String)>| {
        let mut headers = [customer(key, "copy-source-"), to].concat();
        headers.push(("x-amz-copy-source".into(), "box/k".into()));
        let cloud = &cloud;
        async move { cloud.send("PUT", "/box/copy", &borrowed(&headers), "").await }
    };
    assert_eq!(copy(2, vec![]).await.element("Code"), "AccessDenied");
    assert_eq!(copy(1, customer(3, "")).await.status, 200);
    assert_eq!(with_key(&cloud, 3, "GET", "/box/copy", "").await.text(), text);
    assert_eq!(with_key(&cloud, 1, "GET", "/box/copy", "").await.status, 403);
    let open = copy(1, vec![]).await;
    assert_eq!(open.element("ETag").replace("&quot;", "\""), format!("\"{}\"", hex(&text)), "{}", open.text());
    assert_eq!(cloud.get("/box/copy").await, text);
    assert_eq!(cloud.s3.blobs.count().unwrap(), 1, "copies share the bytes, whoever seals their key");
}

fn hex(text: &str) -> String {
    Md5::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[tokio::test]
async fn all_parts_of_an_upload_have_its_key() {
    let cloud = Cloud::with("box").await;
    let begun = with_key(&cloud, 1, "POST", "/box/k?uploads", "").await;
    let part = format!("/box/k?partNumber=1&uploadId={}", begun.element("UploadId"));
    cloud.fails("PUT", &part, "x", "InvalidRequest").await;
    assert_eq!(with_key(&cloud, 2, "PUT", &part, "x").await.element("Code"), "InvalidRequest");
    let large = PLAIN.repeat(160_000);
    let one = with_key(&cloud, 1, "PUT", &part, &large).await;
    assert_ne!(header(&one, "etag"), format!("\"{}\"", hex(&large)));
    let mut copied = [customer(1, ""), vec![("x-amz-copy-source".into(), "box/source".into())]].concat();
    cloud.ok("PUT", "/box/source", "the end").await;
    copied.push(("x-amz-copy-source-range".into(), "bytes=4-6".into()));
    let two = cloud.send("PUT", &part.replace("partNumber=1", "partNumber=2"), &borrowed(&copied), "").await;
    assert_eq!(two.status, 200, "{}", two.text());
    let listed = format!(
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>{}</ETag></Part><Part><PartNumber>2</PartNumber><ETag>{}</ETag></Part></CompleteMultipartUpload>",
        header(&one, "etag"),
        two.element("ETag")
    );
    cloud.ok("POST", &format!("/box/k?uploadId={}", begun.element("UploadId")), listed).await;
    let got = with_key(&cloud, 1, "GET", "/box/k", "").await;
    assert!(got.text() == format!("{large}end"), "{}", got.body.len());
    let begun = cloud.send("POST", "/box/open?uploads", &[], "").await.element("UploadId");
    let refused = with_key(&cloud, 1, "PUT", &format!("/box/open?partNumber=1&uploadId={begun}"), "x").await;
    assert_eq!(refused.element("Code"), "InvalidRequest");
}

#[tokio::test]
async fn what_stands_in_the_clear_is_read_and_encrypted_by_a_copy() {
    let cloud = Cloud::with("box").await;
    let text = PLAIN.repeat(100);
    let blob = "ab".repeat(16);
    std::fs::create_dir_all(cloud.folder().join("ab")).unwrap();
    std::fs::write(cloud.folder().join("ab").join(&blob), &text).unwrap();
    let content = Content {
        blob: blob.clone(),
        size: text.len() as u64,
        etag: hex(&text),
        checksum: None,
        class: "STANDARD".into(),
        headers: Default::default(),
        seal: None,
    };
    let version = VersionSpec {
        order: 1,
        id: None,
        modified: Timestamp(0),
        owner: AccountId::parse("111122223333").unwrap(),
        content: Some(content),
        tags: Default::default(),
        grants: Vec::new(),
        lock: Default::default(),
    };
    let written = cloud.s3.store.transact(|tx| {
        tx.create(&s3::key::<Blob>(&blob), &BlobSpec { references: 1, place: Place::File })?;
        tx.create(&Object::key("box", "old"), &version)?;
        Ok::<_, spine::StoreError>(())
    });
    written.await.unwrap();
    let got = cloud.ok("GET", "/box/old", "").await;
    assert_eq!((got.text() == text, header(&got, SSE)), (true, String::new()));
    let range = cloud.send("GET", "/box/old", &[("range", "bytes=4-8")], "").await;
    assert_eq!(range.text(), "quick");
    let copied = cloud.send("PUT", "/box/old", &[("x-amz-copy-source", "box/old"), (SSE, "AES256")], "").await;
    assert_eq!((copied.status, header(&copied, SSE)), (200, "AES256".into()), "{}", copied.text());
    assert!(!is_in(PLAIN.as_bytes(), &stored(&cloud)));
    assert_eq!((cloud.get("/box/old").await, cloud.s3.blobs.count().unwrap()), (text, 1));
}

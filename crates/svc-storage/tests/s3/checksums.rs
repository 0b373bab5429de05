//! Checksums: each algorithm, of objects and of uploads in parts.

use crate::cloud::{Cloud, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use front::testing::Reply;

/// Of `hello`, by the names of the algorithms (computed elsewhere).
const HELLO: [(&str, &str); 10] = [
    ("CRC32", "NhCmhg=="),
    ("CRC32C", "mnG7TA=="),
    ("CRC64NVME", "M3eFcAZSQlc="),
    ("SHA1", "qvTGHdzF6KLavt4PO0gs2a6pQ00="),
    ("SHA256", "LPJNul+wow4m6DsqxbninhsWHlwfp0JecwQzYpOLmCQ="),
    ("SHA512", "m3HSJL1i83hdltRq0+o9czGb+8KJDKra4t/3JRlnPKcjI8PZm6XBHXx6zG4UuMXaDEZjR1wuXDre9G9zvN7AQw=="),
    ("MD5", "XUFAKrxLKna5cZ2REBfFkg=="),
    ("XXHASH64", "JseCfYifbaM="),
    ("XXHASH3", "lVXoVVxi3P0="),
    ("XXHASH128", "tenBrQcbPn/Hec+qXlI4GA=="),
];

fn named(algorithm: &str) -> String {
    format!("x-amz-checksum-{}", algorithm.to_ascii_lowercase())
}

#[tokio::test]
async fn each_algorithm_is_held_against_the_bytes_and_given_back() {
    let cloud = Cloud::with("box").await;
    for (algorithm, sum) in HELLO {
        let name = named(algorithm);
        let put = cloud.send("PUT", "/box/k", &[(&name, sum)], "hello").await;
        assert_eq!((put.status, header(&put, &name).as_str()), (200, sum), "{}", put.text());
        let wrong = cloud.send("PUT", "/box/k", &[(&name, sum)], "hellO").await;
        assert_eq!(wrong.element("Code"), "BadDigest", "{algorithm}");
        let got = cloud.send("GET", "/box/k", &[("x-amz-checksum-mode", "ENABLED")], "").await;
        assert_eq!((got.text().as_str(), header(&got, &name).as_str()), ("hello", sum));
        let list = cloud.ok("GET", "/box?list-type=2", "").await;
        assert_eq!((list.element("ChecksumAlgorithm"), list.element("ChecksumType")), (algorithm.into(), "FULL_OBJECT".into()));
        // A copy can have another one, computed from the bytes.
        let copy = [("x-amz-copy-source", "box/k"), ("x-amz-checksum-algorithm", "SHA512")];
        let copied = cloud.send("PUT", "/box-copy/k", &copy, "").await;
        assert_eq!(copied.element("Code"), "NoSuchBucket");
        let copied = cloud.send("PUT", "/box/k", &copy, "").await;
        assert_eq!(copied.element("ChecksumSHA512"), HELLO[5].1, "{}", copied.text());
    }
}

/// The checksum of bytes by an algorithm whose sums are composed.
fn sum(algorithm: &str, bytes: &[u8]) -> Vec<u8> {
    use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest};
    match algorithm {
        "CRC32" => crc32fast::hash(bytes).to_be_bytes().to_vec(),
        "CRC32C" => crc32c::crc32c(bytes).to_be_bytes().to_vec(),
        "SHA1" => digest(&SHA1_FOR_LEGACY_USE_ONLY, bytes).as_ref().to_vec(),
        "SHA256" => digest(&SHA256, bytes).as_ref().to_vec(),
        "SHA512" => digest(&SHA512, bytes).as_ref().to_vec(),
        "MD5" => <md5::Md5 as md5::Digest>::digest(bytes).to_vec(),
        "XXHASH64" => twox_hash::XxHash64::oneshot(0, bytes).to_be_bytes().to_vec(),
        "XXHASH3" => twox_hash::XxHash3_64::oneshot(bytes).to_be_bytes().to_vec(),
        "XXHASH128" => twox_hash::XxHash3_128::oneshot(bytes).to_be_bytes().to_vec(),
        "CRC64NVME" => {
            let mut crc = crc64fast_nvme::Digest::new();
            crc.write(bytes);
            crc.sum64().to_be_bytes().to_vec()
        }
        other => panic!("{other}"),
    }
}

/// Uploads the parts with their sums; what completes them has to state that sum of the whole.
async fn upload(cloud: &Cloud, algorithm: &str, kind: &str, parts: [&[u8]; 2], whole: &str) -> Reply {
    let begun = [("x-amz-checksum-algorithm", algorithm), ("x-amz-checksum-type", kind)];
    let reply = cloud.send("POST", "/box/k?uploads", &begun, "").await;
    assert_eq!(reply.status, 200, "{algorithm} {kind}: {}", reply.text());
    let (id, name) = (reply.element("UploadId"), named(algorithm));
    let mut listed = String::new();
    for (number, bytes) in parts.iter().enumerate() {
        let own = STANDARD.encode(sum(algorithm, bytes));
        let path = format!("/box/k?partNumber={}&uploadId={id}", number + 1);
        let put = cloud.send("PUT", &path, &[(&name, &own)], bytes.to_vec()).await;
        assert_eq!((put.status, header(&put, &name)), (200, own.clone()), "{}", put.text());
        let (etag, element) = (header(&put, "etag"), format!("Checksum{algorithm}"));
        listed += &format!("<Part><PartNumber>{}</PartNumber><ETag>{etag}</ETag><{element}>{own}</{element}></Part>", number + 1);
    }
    let body = format!("<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>");
    let complete = format!("/box/k?uploadId={id}");
    let wrong = STANDARD.encode(sum(algorithm, b"else"));
    let refused = cloud.send("POST", &complete, &[(&name, &wrong)], body.clone()).await;
    assert_eq!(refused.element("Code"), "BadDigest", "{algorithm} {kind}");
    cloud.send("POST", &complete, &[(&name, whole)], body).await
}

const PART: usize = 5 << 20;

#[tokio::test]
async fn the_sum_of_a_composite_is_that_of_the_parts_sums() {
    let cloud = Cloud::with("box").await;
    let first = vec![b'a'; PART];
    for algorithm in ["CRC32", "CRC32C", "SHA1", "SHA256", "SHA512", "MD5", "XXHASH64", "XXHASH3", "XXHASH128"] {
        let sums = [sum(algorithm, &first), sum(algorithm, b"end")].concat();
        let whole = format!("{}-2", STANDARD.encode(sum(algorithm, &sums)));
        let done = upload(&cloud, algorithm, "COMPOSITE", [&first, b"end"], &whole).await;
        let shown = (done.element(&format!("Checksum{algorithm}")), done.element("ChecksumType"));
        assert_eq!(shown, (whole, "COMPOSITE".into()), "{}", done.text());
    }
}

#[tokio::test]
async fn the_sum_of_a_whole_is_that_of_its_bytes() {
    let cloud = Cloud::with("box").await;
    let first = vec![b'a'; PART];
    let bytes = [first.as_slice(), b"end"].concat();
    for algorithm in ["CRC32", "CRC32C", "CRC64NVME"] {
        let whole = STANDARD.encode(sum(algorithm, &bytes));
        let done = upload(&cloud, algorithm, "FULL_OBJECT", [&first, b"end"], &whole).await;
        assert_eq!((done.element(&format!("Checksum{algorithm}")), done.element("ChecksumType")), (whole, "FULL_OBJECT".into()));
    }
    for (algorithm, kind) in [("SHA256", "FULL_OBJECT"), ("XXHASH3", "FULL_OBJECT"), ("CRC64NVME", "COMPOSITE")] {
        let begun = [("x-amz-checksum-algorithm", algorithm), ("x-amz-checksum-type", kind)];
        assert_eq!(cloud.send("POST", "/box/k?uploads", &begun, "").await.element("Code"), "InvalidRequest");
    }
}

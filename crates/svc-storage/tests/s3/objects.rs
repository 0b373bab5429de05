//! Objects: put, got, copied, deleted, under conditions and with checksums.

use crate::cloud::{Cloud, header};

#[tokio::test]
async fn what_was_put_is_got() {
    let cloud = Cloud::with("box").await;
    let headers =
        [("content-type", "text/plain"), ("x-amz-meta-Who", "me"), ("x-amz-tagging", "a=1&b=2"), ("cache-control", "no-cache")];
    let put = cloud.send("PUT", "/box/dir/../a%20b%C3%A9", &headers, "hello").await;
    assert_eq!((put.status, header(&put, "etag").as_str()), (200, "\"5d41402abc4b2a76b9719d911017c592\""));
    assert_eq!(header(&put, "x-amz-checksum-crc64nvme").len(), 12);
    let got = cloud.ok("GET", "/box/dir/../a%20b%C3%A9", "").await;
    assert_eq!((got.text().as_str(), header(&got, "content-type").as_str()), ("hello", "text/plain"));
    assert_eq!((header(&got, "x-amz-meta-who"), header(&got, "x-amz-tagging-count")), ("me".into(), "2".into()));
    assert_eq!((header(&got, "content-length"), header(&got, "cache-control")), ("5".into(), "no-cache".into()));
    let head = cloud.ok("HEAD", "/box/dir/../a%20b%C3%A9", "").await;
    assert_eq!((header(&head, "content-length"), head.body.len()), ("5".into(), 0));
    let missing = cloud.fails("GET", "/box/none", "", "NoSuchKey").await;
    assert_eq!((missing.status, missing.element("Key")), (404, "none".into()));
    assert!(!missing.element("HostId").is_empty() && !missing.element("RequestId").is_empty());
    assert_eq!(cloud.fails("GET", "/other/none", "", "NoSuchBucket").await.element("BucketName"), "other");
    assert_eq!(cloud.send("HEAD", "/box/none", &[], "").await.status, 404);
}

#[tokio::test]
async fn large_and_small_are_the_same() {
    let cloud = Cloud::with("box").await;
    for size in [0, 1, 2048, 2049, 1 << 20, (3 << 20) + 7] {
        let bytes: Vec<u8> = (0..size).map(|number| (number % 251) as u8).collect();
        cloud.ok("PUT", "/box/k", bytes.clone()).await;
        let got = cloud.ok("GET", "/box/k", "").await;
        assert!(got.body == bytes, "{size} bytes");
        if size > 100 {
            let part = cloud.send("GET", "/box/k", &[("range", "bytes=10-99")], "").await;
            assert_eq!((part.status, &part.body[..]), (206, &bytes[10..100]));
            assert_eq!(header(&part, "content-range"), format!("bytes 10-99/{size}"));
        }
    }
    assert_eq!(cloud.s3.blobs.count().unwrap(), 1, "what was put over is gone");
    cloud.ok("DELETE", "/box/k", "").await;
    assert_eq!(cloud.s3.blobs.count().unwrap(), 0);
    let beyond = cloud.send("GET", "/box/none", &[("range", "bytes=0-")], "").await;
    assert_eq!(beyond.status, 404);
    cloud.ok("PUT", "/box/k", "abc").await;
    let beyond = cloud.send("GET", "/box/k", &[("range", "bytes=3-")], "").await;
    assert_eq!((beyond.status, beyond.element("ActualObjectSize")), (416, "3".into()));
}

#[tokio::test]
async fn a_body_that_is_not_what_was_stated_leaves_nothing() {
    let cloud = Cloud::with("box").await;
    let large = "x".repeat(1 << 20);
    for (headers, code) in [
        (vec![("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")], "BadDigest"),
        (vec![("content-md5", "short")], "InvalidDigest"),
        (vec![("x-amz-checksum-crc32", "AAAAAA==")], "BadDigest"),
        (vec![("x-amz-checksum-sha256", "AAAAAA==")], "InvalidRequest"),
        (vec![("x-amz-checksum-crc32", "AAAAAA=="), ("x-amz-checksum-crc32c", "AAAAAA==")], "InvalidRequest"),
        (vec![("x-amz-checksum-xxhash64", "AAAAAAAAAAA=")], "BadDigest"),
        (vec![("x-amz-object-lock-event-hold-duration-days", "3")], "NotImplemented"),
        (
            vec![("x-amz-content-sha256", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")],
            "XAmzContentSHA256Mismatch",
        ),
        (vec![("x-amz-server-side-encryption", "aws:kms:dsse")], "NotImplemented"),
        (vec![("x-amz-acl", "public-read")], "AccessControlListNotSupported"),
        (vec![("x-amz-storage-class", "SNOW")], "InvalidArgument"),
        (vec![("if-match", "\"x\"")], "NoSuchKey"),
    ] {
        let reply = cloud.send("PUT", "/box/k", &headers, large.clone()).await;
        assert_eq!(reply.element("Code"), code, "{headers:?}: {}", reply.text());
    }
    assert_eq!(cloud.send("HEAD", "/box/k", &[], "").await.status, 404);
    // What is being written in that moment goes with its batch.
    let gone = async {
        while cloud.s3.blobs.count().unwrap() > 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(60), gone).await.expect("what was refused is gone");
}

#[tokio::test]
async fn checksums_come_back_when_they_are_asked_for() {
    let cloud = Cloud::with("box").await;
    let chunks = "5\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n";
    let headers = [
        ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER"),
        ("x-amz-decoded-content-length", "5"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
        ("content-encoding", "aws-chunked"),
    ];
    let put = cloud.send("PUT", "/box/k", &headers, chunks).await;
    assert_eq!((put.status, header(&put, "x-amz-checksum-crc32").as_str()), (200, "NhCmhg=="), "{}", put.text());
    let wrong = cloud.send("PUT", "/box/wrong", &headers, chunks.replace("NhCmhg==", "AAAAAA==")).await;
    assert_eq!(wrong.element("Code"), "BadDigest");
    let got = cloud.send("GET", "/box/k", &[("x-amz-checksum-mode", "ENABLED")], "").await;
    assert_eq!((got.text().as_str(), header(&got, "x-amz-checksum-crc32").as_str()), ("hello", "NhCmhg=="));
    assert_eq!((header(&got, "x-amz-checksum-type").as_str(), header(&got, "content-encoding").as_str()), ("FULL_OBJECT", ""));
    assert_eq!(header(&cloud.ok("GET", "/box/k", "").await, "x-amz-checksum-crc32"), "");
    let attributes = [("x-amz-object-attributes", "ETag,Checksum,ObjectSize,StorageClass")];
    let reply = cloud.send("GET", "/box/k?attributes", &attributes, "").await;
    assert_eq!(
        (reply.element("ChecksumCRC32"), reply.element("ObjectSize")),
        ("NhCmhg==".into(), "5".into()),
        "{}",
        reply.text()
    );
}

#[tokio::test]
async fn conditions_hold_or_nothing_happens() {
    let cloud = Cloud::with("box").await;
    cloud.ok("PUT", "/box/k", "one").await;
    let etag = header(&cloud.ok("HEAD", "/box/k", "").await, "etag");
    for (method, headers, status) in [
        ("GET", vec![("if-match", etag.as_str())], 200),
        ("GET", vec![("if-match", "\"other\"")], 412),
        ("GET", vec![("if-none-match", etag.as_str())], 304),
        ("GET", vec![("if-modified-since", "Thu, 01 Jan 2026 00:00:00 GMT")], 304),
        ("GET", vec![("if-unmodified-since", "Wed, 31 Dec 2025 00:00:00 GMT")], 412),
        ("HEAD", vec![("if-none-match", etag.as_str())], 304),
        ("PUT", vec![("if-none-match", "*")], 412),
        ("PUT", vec![("if-match", "\"other\"")], 412),
        ("PUT", vec![("if-match", etag.as_str())], 200),
        ("DELETE", vec![("if-match", "\"gone\"")], 412),
    ] {
        let reply = cloud.send(method, "/box/k", &headers, if method == "PUT" { "two" } else { "" }).await;
        assert_eq!(reply.status, status, "{method} {headers:?}: {}", reply.text());
    }
    assert_eq!(cloud.get("/box/k").await, "two");
    assert_eq!(cloud.send("PUT", "/box/new", &[("if-none-match", "*")], "x").await.status, 200);
}

#[tokio::test]
async fn copies_share_the_bytes() {
    let cloud = Cloud::with("box").await;
    let large = "y".repeat(100_000);
    cloud.send("PUT", "/box/a", &[("x-amz-meta-k", "v"), ("x-amz-tagging", "t=1")], large.clone()).await;
    let copy = cloud.send("PUT", "/box/b%20c", &[("x-amz-copy-source", "box%2Fa")], "").await;
    assert!(copy.status == 200 && copy.text().contains("CopyObjectResult"), "{}", copy.text());
    assert_eq!(cloud.s3.blobs.count().unwrap(), 1);
    cloud.ok("DELETE", "/box/a", "").await;
    let got = cloud.ok("GET", "/box/b%20c", "").await;
    assert_eq!(
        (got.text() == large, header(&got, "x-amz-meta-k"), header(&got, "x-amz-tagging-count")),
        (true, "v".into(), "1".into())
    );
    let same = cloud.send("PUT", "/box/b%20c", &[("x-amz-copy-source", "box/b%20c")], "").await;
    assert_eq!(same.element("Code"), "InvalidRequest");
    let replace = [("x-amz-copy-source", "box/b%20c"), ("x-amz-metadata-directive", "REPLACE"), ("x-amz-meta-n", "w")];
    assert_eq!(cloud.send("PUT", "/box/b%20c", &replace, "").await.status, 200);
    let got = cloud.ok("GET", "/box/b%20c", "").await;
    assert_eq!((header(&got, "x-amz-meta-n"), header(&got, "x-amz-meta-k")), ("w".into(), String::new()));
    cloud.ok("DELETE", "/box/b%20c", "").await;
    assert_eq!(cloud.s3.blobs.count().unwrap(), 0);
    let missing = cloud.send("PUT", "/box/x", &[("x-amz-copy-source", "box/none")], "").await;
    assert_eq!(missing.element("Code"), "NoSuchKey");
    // As in a form, a plus is a space, and one of the key is encoded.
    cloud.ok("PUT", "/box/a%20b%2Bc", "plus").await;
    assert_eq!(cloud.send("PUT", "/box/x", &[("x-amz-copy-source", "box%2Fa+b%2Bc")], "").await.status, 200);
    assert_eq!(cloud.get("/box/x").await, "plus");
}

#[tokio::test]
async fn many_are_deleted_at_once() {
    let cloud = Cloud::with("box").await;
    for key in ["a", "b"] {
        cloud.ok("PUT", &format!("/box/{key}"), "x").await;
    }
    let body = "<Delete><Object><Key>a</Key></Object><Object><Key>b</Key></Object><Object><Key>none</Key></Object></Delete>";
    let reply = cloud.ok("POST", "/box?delete", body).await;
    assert_eq!(reply.text().matches("<Deleted>").count(), 3, "{}", reply.text());
    let wrong = cloud.send("POST", "/box?delete", &[("content-md5", "AAAAAAAAAAAAAAAAAAAAAA==")], body).await;
    assert_eq!(wrong.element("Code"), "BadDigest");
    assert_eq!(cloud.ok("GET", "/box?list-type=2", "").await.element("KeyCount"), "0");
}

#[tokio::test]
async fn tags_come_and_go() {
    let cloud = Cloud::with("box").await;
    cloud.ok("PUT", "/box/k", "x").await;
    let tagging = "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag></TagSet></Tagging>";
    cloud.ok("PUT", "/box/k?tagging", tagging).await;
    assert_eq!(cloud.ok("GET", "/box/k?tagging", "").await.element("Value"), "1");
    cloud.ok("DELETE", "/box/k?tagging", "").await;
    assert!(!cloud.ok("GET", "/box/k?tagging", "").await.text().contains("<Tag>"));
    let twice =
        "<Tagging><TagSet><Tag><Key>a</Key><Value>1</Value></Tag><Tag><Key>a</Key><Value>2</Value></Tag></TagSet></Tagging>";
    cloud.fails("PUT", "/box/k?tagging", twice, "InvalidTag").await;
}

#[tokio::test]
async fn a_start_removes_what_a_crash_has_left() {
    let cloud = Cloud::with("box").await;
    cloud.ok("PUT", "/box/k", "z".repeat(10_000)).await;
    let mut lost = svc_storage::s3::Blobs::open(cloud.folder()).unwrap();
    std::fs::create_dir_all(cloud.folder().join("aa")).unwrap();
    std::fs::write(cloud.folder().join("aa/aa00"), "half a put").unwrap();
    assert_eq!(lost.count().unwrap(), 2);
    assert_eq!(lost.sweep(&cloud.s3.store).unwrap(), 1);
    lost = cloud.s3.blobs.clone();
    assert_eq!((lost.count().unwrap(), cloud.get("/box/k").await.len()), (1, 10_000));
}

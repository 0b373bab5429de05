//! Uploads in parts.

use crate::cloud::{Cloud, all, header};

const MIB: usize = 1 << 20;

async fn begin(cloud: &Cloud, headers: &[(&str, &str)]) -> String {
    let reply = cloud.send("POST", "/box/k?uploads", headers, "").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.element("UploadId")
}

async fn part(cloud: &Cloud, id: &str, number: u32, bytes: Vec<u8>) -> String {
    let reply = cloud.ok("PUT", &format!("/box/k?partNumber={number}&uploadId={id}"), bytes).await;
    header(&reply, "etag")
}

fn listed(parts: &[(u32, &str)]) -> String {
    let part = |(number, etag): &(u32, &str)| format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>");
    format!("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts.iter().map(part).collect::<String>())
}

#[tokio::test]
async fn parts_become_an_object() {
    let cloud = Cloud::with("box").await;
    let id = begin(&cloud, &[("content-type", "text/x"), ("x-amz-meta-a", "b")]).await;
    let two = part(&cloud, &id, 7, b"end".to_vec()).await;
    let one = part(&cloud, &id, 1, vec![b'a'; 5 * MIB]).await;
    let lost = part(&cloud, &id, 9, b"unused, and larger than what stands in records".repeat(100)).await;
    assert_eq!(all(&cloud.ok("GET", &format!("/box/k?uploadId={id}"), "").await, "PartNumber"), ["1", "7", "9"]);
    assert_eq!(cloud.ok("GET", "/box?uploads", "").await.element("UploadId"), id);
    let complete = format!("/box/k?uploadId={id}");
    cloud.fails("POST", &complete, listed(&[(7, &two), (1, &one)]), "InvalidPartOrder").await;
    cloud.fails("POST", &complete, listed(&[(1, &two)]), "InvalidPart").await;
    cloud.fails("POST", &complete, listed(&[(2, &one)]), "InvalidPart").await;
    cloud.fails("POST", &complete, listed(&[(7, &two), (9, &lost)]), "EntityTooSmall").await;
    cloud.fails("POST", &complete, listed(&[]), "MalformedXML").await;
    let done = cloud.ok("POST", &complete, listed(&[(1, &one), (7, &two)])).await;
    assert!(done.element("ETag").contains("-2"), "{}", done.text());
    assert_eq!(done.element("ChecksumType"), "FULL_OBJECT");
    let got = cloud.ok("GET", "/box/k", "").await;
    assert_eq!((got.body.len(), &got.body[5 * MIB..]), (5 * MIB + 3, &b"end"[..]));
    assert_eq!((header(&got, "content-type"), header(&got, "x-amz-meta-a")), ("text/x".into(), "b".into()));
    let across = cloud.send("GET", "/box/k", &[("range", "bytes=5242878-5242881")], "").await;
    assert_eq!(across.text(), "aaen");
    let second = cloud.ok("GET", "/box/k?partNumber=7", "").await;
    assert_eq!((second.status, second.text(), header(&second, "x-amz-mp-parts-count")), (206, "end".into(), "2".into()));
    assert_eq!(cloud.s3.blobs.count().unwrap(), 1, "a small part stands in its record, and the unused one is gone");
    // The whole's checksum is that of the bytes.
    let again = cloud.ok("PUT", "/box/copy", got.body.clone()).await;
    let whole = cloud.send("GET", "/box/k", &[("x-amz-checksum-mode", "ENABLED")], "").await;
    assert_eq!(header(&whole, "x-amz-checksum-crc64nvme"), header(&again, "x-amz-checksum-crc64nvme"));
    cloud.fails("POST", &complete, listed(&[(1, &one)]), "NoSuchUpload").await;
}

#[tokio::test]
async fn an_upload_is_given_up() {
    let cloud = Cloud::with("box").await;
    let id = begin(&cloud, &[]).await;
    part(&cloud, &id, 1, vec![b'a'; 10_000]).await;
    part(&cloud, &id, 1, vec![b'b'; 20_000]).await;
    assert_eq!(cloud.s3.blobs.count().unwrap(), 1, "a part takes the place of one of its number");
    cloud.ok("DELETE", &format!("/box/k?uploadId={id}"), "").await;
    assert_eq!(cloud.s3.blobs.count().unwrap(), 0);
    cloud.fails("DELETE", &format!("/box/k?uploadId={id}"), "", "NoSuchUpload").await;
    cloud.fails("PUT", &format!("/box/k?partNumber=0&uploadId={id}"), "x", "InvalidArgument").await;
    cloud.fails("PUT", &format!("/box/k?partNumber=1&uploadId={id}"), "x", "NoSuchUpload").await;
    begin(&cloud, &[]).await;
    cloud.ok("DELETE", "/box", "").await;
}

#[tokio::test]
async fn parts_are_copied_and_composite_checksums_made() {
    let cloud = Cloud::with("box").await;
    cloud.ok("PUT", "/box/source", "0123456789".repeat(MIB)).await;
    let id = begin(&cloud, &[("x-amz-checksum-algorithm", "SHA256")]).await;
    let copy = |number: u32, range: &'static str| {
        let path = format!("/box/k?partNumber={number}&uploadId={id}");
        let cloud = &cloud;
        async move { cloud.send("PUT", &path, &[("x-amz-copy-source", "/box/source"), ("x-amz-copy-source-range", range)], "").await }
    };
    let one = copy(1, "bytes=0-5242879").await;
    let two = copy(2, "bytes=5-9").await;
    assert_eq!(two.status, 200, "{}", two.text());
    assert_eq!(copy(3, "bytes=99999999-999999999").await.element("Code"), "InvalidArgument");
    let part = |number: u32, reply: &front::testing::Reply| {
        let (etag, sum) = (reply.element("ETag"), reply.element("ChecksumSHA256"));
        format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag><ChecksumSHA256>{sum}</ChecksumSHA256></Part>")
    };
    let body = format!("<CompleteMultipartUpload>{}{}</CompleteMultipartUpload>", part(1, &one), part(2, &two));
    let done = cloud.ok("POST", &format!("/box/k?uploadId={id}"), body).await;
    assert!(done.element("ChecksumSHA256").ends_with("-2") && done.element("ChecksumType") == "COMPOSITE", "{}", done.text());
    let tail = cloud.send("GET", "/box/k", &[("range", "bytes=-5")], "").await;
    assert_eq!(tail.text(), "56789");
}

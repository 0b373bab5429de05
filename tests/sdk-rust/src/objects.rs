//! S3: objects whole, as streams, in parts and in pages, with checksums and conditions.

use crate::cloud::Cloud;
use anyhow::{Context, Result};
use aws_sdk_s3::{
    Client,
    error::ProvideErrorMetadata,
    primitives::ByteStream,
    types::{
        BucketLocationConstraint, ChecksumAlgorithm, ChecksumMode, CompletedMultipartUpload, CompletedPart,
        CreateBucketConfiguration, Delete, ObjectIdentifier,
    },
};
use bytes::Bytes;

const BUCKET: &str = "rust-objects";

/// The least that a part may have which isn't the last.
const PART: usize = 5 << 20;

pub async fn run(cloud: &Cloud) -> Result<()> {
    let s3 = cloud.objects();
    s3.create_bucket().bucket(BUCKET).send().await?;
    elsewhere(&s3).await?;
    whole(&s3).await?;
    conditions(&s3).await?;
    streamed(&s3, cloud).await?;
    parts(&s3).await?;
    pages(&s3).await?;
    what_is_missing(&s3).await?;
    taken_down(&s3).await
}

async fn elsewhere(s3: &Client) -> Result<()> {
    let there = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1).build();
    s3.create_bucket().bucket("rust-far-away").create_bucket_configuration(there).send().await?;
    let told = s3.get_bucket_location().bucket("rust-far-away").send().await?;
    assert_eq!(told.location_constraint(), Some(&BucketLocationConstraint::EuWest1));
    let listed = s3.list_buckets().send().await?;
    assert!(listed.buckets().iter().any(|it| it.name() == Some(BUCKET)), "{listed:?}");
    Ok(())
}

async fn whole(s3: &Client) -> Result<()> {
    let key = "a folder/häuser & gärten";
    let body = ByteStream::from_static(b"hello from rust");
    let put =
        s3.put_object().bucket(BUCKET).key(key).metadata("colour", "red").content_type("text/plain").body(body).send().await?;
    assert!(put.checksum_crc32().is_some(), "the SDK's own checksum comes back: {put:?}");
    let got = s3.get_object().bucket(BUCKET).key(key).range("bytes=6-9").send().await?;
    assert_eq!((got.content_range(), got.e_tag()), (Some("bytes 6-9/15"), put.e_tag()));
    assert_eq!(got.body.collect().await?.into_bytes(), Bytes::from("from"));
    let source = format!("{BUCKET}/a%20folder/h%C3%A4user%20%26%20g%C3%A4rten");
    s3.copy_object().bucket(BUCKET).key("copy").copy_source(source).send().await?;
    let head = s3.head_object().bucket(BUCKET).key("copy").send().await?;
    assert_eq!((head.content_length(), head.content_type()), (Some(15), Some("text/plain")));
    assert_eq!(head.metadata().and_then(|it| it.get("colour")).map(String::as_str), Some("red"));
    Ok(())
}

async fn conditions(s3: &Client) -> Result<()> {
    let again = s3.put_object().bucket(BUCKET).key("copy").if_none_match("*").body(ByteStream::from_static(b"x")).send().await;
    let error = again.expect_err("there is one already");
    assert_eq!(error.raw_response().map(|it| it.status().as_u16()), Some(412));
    assert_eq!(error.code(), Some("PreconditionFailed"));
    let head = s3.head_object().bucket(BUCKET).key("copy").send().await?;
    let same = s3.get_object().bucket(BUCKET).key("copy").if_none_match(head.e_tag().context("an entity tag")?).send().await;
    assert_eq!(same.expect_err("nothing new").raw_response().map(|it| it.status().as_u16()), Some(304));
    Ok(())
}

/// A file goes as a stream with its checksum behind it, and comes back piece by piece.
async fn streamed(s3: &Client, cloud: &Cloud) -> Result<()> {
    let file = cloud.zip()?;
    let body = ByteStream::from_path(&file).await?;
    let put = s3.put_object().bucket(BUCKET).key("file").checksum_algorithm(ChecksumAlgorithm::Sha256).body(body).send().await?;
    let mut got = s3.get_object().bucket(BUCKET).key("file").checksum_mode(ChecksumMode::Enabled).send().await?;
    assert_eq!((got.checksum_sha256().is_some(), got.checksum_sha256()), (true, put.checksum_sha256()));
    let (mut seen, mut pieces) = (Vec::new(), 0);
    while let Some(piece) = got.body.try_next().await? {
        seen.extend_from_slice(&piece);
        pieces += 1;
    }
    assert!(pieces > 1 && seen == std::fs::read(&file)?, "{} bytes in {pieces} pieces", seen.len());
    let wrong = s3.put_object().bucket(BUCKET).key("wrong").checksum_sha256("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=");
    let error = wrong.body(ByteStream::from_static(b"x")).send().await.expect_err("another sum");
    assert_eq!(error.code(), Some("BadDigest"));
    Ok(())
}

async fn parts(s3: &Client) -> Result<()> {
    let upload =
        s3.create_multipart_upload().bucket(BUCKET).key("parts").checksum_algorithm(ChecksumAlgorithm::Crc32C).send().await?;
    let id = upload.upload_id().context("an upload")?;
    let mut done = CompletedMultipartUpload::builder();
    for (number, size) in [(1, PART), (2, 1000)] {
        let part = s3.upload_part().bucket(BUCKET).key("parts").upload_id(id).part_number(number);
        let body = ByteStream::from(vec![b'0' + number as u8; size]);
        let part = part.checksum_algorithm(ChecksumAlgorithm::Crc32C).body(body).send().await?;
        let part = CompletedPart::builder()
            .part_number(number)
            .set_e_tag(part.e_tag().map(str::to_owned))
            .set_checksum_crc32_c(part.checksum_crc32_c().map(str::to_owned));
        done = done.parts(part.build());
    }
    let listed = s3.list_parts().bucket(BUCKET).key("parts").upload_id(id).send().await?;
    assert_eq!(listed.parts().iter().map(|it| it.size()).collect::<Vec<_>>(), [Some(PART as i64), Some(1000)]);
    let whole =
        s3.complete_multipart_upload().bucket(BUCKET).key("parts").upload_id(id).multipart_upload(done.build()).send().await?;
    assert!(whole.e_tag().is_some_and(|tag| tag.trim_matches('"').ends_with("-2")), "{whole:?}");
    let second = s3.get_object().bucket(BUCKET).key("parts").part_number(2).send().await?;
    assert_eq!((second.parts_count(), second.body.collect().await?.into_bytes()), (Some(2), vec![b'2'; 1000].into()));
    let gone = s3.abort_multipart_upload().bucket(BUCKET).key("parts").upload_id(id).send().await;
    let error = gone.expect_err("it is complete").into_service_error();
    assert!(error.is_no_such_upload(), "{error:?}");
    Ok(())
}

async fn pages(s3: &Client) -> Result<()> {
    let mut pages = s3.list_objects_v2().bucket(BUCKET).into_paginator().page_size(2).send();
    let (mut keys, mut count) = (Vec::new(), 0);
    while let Some(page) = pages.next().await {
        keys.extend(page?.contents().iter().filter_map(|it| it.key().map(str::to_owned)));
        count += 1;
    }
    assert_eq!((count, keys), (2, ["a folder/häuser & gärten", "copy", "file", "parts"].map(str::to_owned).to_vec()));
    let folders = s3.list_objects_v2().bucket(BUCKET).delimiter("/").send().await?;
    assert_eq!(folders.common_prefixes().iter().map(|it| it.prefix()).collect::<Vec<_>>(), [Some("a folder/")]);
    Ok(())
}

async fn what_is_missing(s3: &Client) -> Result<()> {
    let error = s3.get_object().bucket(BUCKET).key("none").send().await.expect_err("no such key").into_service_error();
    assert!(error.is_no_such_key(), "{error:?}");
    let error = s3.head_object().bucket(BUCKET).key("none").send().await.expect_err("no such key").into_service_error();
    assert!(error.is_not_found(), "{error:?}");
    let error = s3.list_objects_v2().bucket("no-such-bucket").send().await.expect_err("no such bucket").into_service_error();
    assert!(error.is_no_such_bucket(), "{error:?}");
    Ok(())
}

async fn taken_down(s3: &Client) -> Result<()> {
    let error = s3.delete_bucket().bucket(BUCKET).send().await.expect_err("it isn't empty");
    assert_eq!(error.code(), Some("BucketNotEmpty"));
    let listed = s3.list_objects_v2().bucket(BUCKET).send().await?;
    let named = listed.contents().iter().filter_map(|it| it.key()).map(|key| ObjectIdentifier::builder().key(key).build());
    let all = Delete::builder().set_objects(Some(named.collect::<Result<_, _>>()?)).build()?;
    let deleted = s3.delete_objects().bucket(BUCKET).delete(all).send().await?;
    assert_eq!((deleted.deleted().len(), deleted.errors().len()), (4, 0));
    s3.delete_bucket().bucket(BUCKET).send().await?;
    Ok(())
}

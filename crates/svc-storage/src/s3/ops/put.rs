//! `PutObject`.

use crate::s3::{
    Storage,
    blobs::ContentKey,
    checksum::Algorithm,
    digest,
    draft::wishes,
    encryption, errors, find, names,
    notify::{self, About, Actor, Happened},
    receive::{self, Received, Stated},
    rules::condition,
    versions::{self, Place},
};
use api::s3 as sdk;
use front::{Answer, Cx, Incoming, Streamed};
use model::s3::{BucketSpec, Content, Object, VersionSpec};
use spine::{Read, Tx};
use std::sync::Arc;

/// Puts an object.
pub async fn put(
    cx: Cx,
    s3: Arc<Storage>,
    input: sdk::PutObjectRequest,
    body: Incoming,
) -> Answer<Streamed<sdk::PutObjectOutput>> {
    names::key(&input.key)?;
    if input.write_offset_bytes.is_some() {
        return Err(errors::not_built("appending to objects"));
    }
    let snapshot = s3.store.snapshot();
    let bucket = find::bucket(&cx, &snapshot, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let wishes = wishes!(input);
    let draft = wishes.draft(&cx, &snapshot, (&input.bucket, &bucket), &input.key)?;
    let conditions = Writes { matches: input.if_match.clone(), none_matches: input.if_none_match.clone() };
    conditions.check(&snapshot, &input.bucket, &input.key)?;
    let method = encryption::wanted!(input).choose(&cx, &snapshot, &bucket, (&input.bucket, &input.key))?;
    let stated = Stated {
        checksums: digest::given!(input),
        md5: input.content_md5.clone(),
        algorithm: input.checksum_algorithm.map(|it| it.as_str()),
        default: Some(Algorithm::Crc64Nvme),
    };
    let (class, headers) = (wishes.class(), wishes.headers.clone());
    let secret = ContentKey::new(&cx.env);
    let Received { written, checksum } = receive::body(&cx, &s3, body, stated, Some(&secret)).await?;
    let (size, etag) = (written.size, method.etag(&cx.env, &written.md5));
    let content = Content { blob: written.id.clone(), size, etag, checksum, class, headers, seal: None };
    let customer = method.customer().cloned();
    let (name, key, expected) = (input.bucket, input.key, input.expected_bucket_owner);
    let made = s3.commit(vec![written], move |tx, written, gone| {
        let bucket = find::bucket(&cx, tx, &name, expected.as_ref())?;
        conditions.check(tx, &name, &key)?;
        written.iter().try_for_each(|blob| receive::record(tx, blob))?;
        let content = Content { seal: Some(method.seal(&cx, tx, &secret)?), ..content.clone() };
        let place = Place { name: &name, bucket: &bucket, key: &key };
        create(tx, &cx, place, VersionSpec { content: Some(content), ..draft.clone() }, PUT, gone)
    });
    let (made, bucket) = made.await?;
    let mut output = sdk::PutObjectOutput {
        e_tag: made.content.as_ref().map(|content| format!("\"{}\"", content.etag)),
        version_id: shown_id(&bucket, &made),
        ..Default::default()
    };
    encryption::show!(output, made.content.as_ref().and_then(|content| content.seal.as_ref()));
    encryption::show_customer!(output, &customer);
    let checksum = made.content.as_ref().and_then(|content| content.checksum.as_ref());
    digest::show!(output, checksum);
    output.checksum_type = digest::kind(checksum);
    Ok(output.into())
}

/// The event of an upload, and what EventBridge says for it.
pub const PUT: (&str, &str) = ("ObjectCreated:Put", "PutObject");

/// Makes the draft the current version and tells of it; with the bucket as it was.
pub fn create(
    tx: &mut Tx,
    cx: &Cx,
    place: Place<'_>,
    draft: VersionSpec,
    (event, reason): (&'static str, &'static str),
    gone: &mut Vec<String>,
) -> Answer<(VersionSpec, BucketSpec)> {
    let made = versions::put(tx, place, VersionSpec { modified: cx.now, ..draft }, &cx.env, gone)?;
    let happened =
        Happened { event, detail_type: "Object Created", key: place.key, version: &made, about: About::Reason(reason) };
    notify::tell(tx, (place.name, place.bucket), happened, &Actor::of(cx), &cx.env)?;
    Ok((made, place.bucket.clone()))
}

/// The version's id as answers show it: not in a bucket that never kept versions.
pub fn shown_id(bucket: &BucketSpec, version: &VersionSpec) -> Option<String> {
    bucket.versioning.map(|_| version.id().to_owned())
}

/// The conditions of a request that writes.
#[derive(Clone, Default)]
pub struct Writes {
    /// `If-Match`.
    pub matches: Option<String>,
    /// `If-None-Match`.
    pub none_matches: Option<String>,
}

impl Writes {
    /// Holds them against what the key shows.
    ///
    /// # Errors
    /// `PreconditionFailed`; `NoSuchKey` where nothing can match; `501` of an ETag in `If-None-Match`, as S3 has it.
    pub fn check(&self, read: &impl Read, bucket: &str, key: &str) -> Answer<()> {
        if self.matches.is_none() && self.none_matches.is_none() {
            return Ok(());
        }
        let current = read.spec(&Object::key(bucket, key))?;
        let content = current.as_ref().and_then(|current| current.content.as_ref());
        if self.none_matches.as_deref().is_some_and(|text| text.trim() != "*") {
            return Err(errors::not_built("If-None-Match with anything but * on writes"));
        }
        if self.none_matches.is_some() && content.is_some() {
            return Err(errors::precondition("If-None-Match"));
        }
        match (&self.matches, content) {
            (Some(_), None) => Err(errors::no_key(key)),
            (Some(list), Some(content)) if !condition::names(list, &content.etag) => Err(errors::precondition("If-Match")),
            _ => Ok(()),
        }
    }
}

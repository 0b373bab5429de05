//! `CopyObject`: by reference, so that it takes no longer for a large object than for a small one.

use crate::s3::{
    Storage, blobs, digest,
    draft::{Wishes, tag_keys, wishes},
    encryption, errors, find, names,
    ops::{copied, get, put, restore},
    receive,
    rules::condition::{self, Conditions, Outcome},
    versions::Place,
};
use api::s3 as sdk;
use front::{Answer, Cx};
use logic::policy::Context;
use model::s3::{BucketSpec, Content, VersionSpec};
use spine::Read;
use std::{collections::BTreeMap, sync::Arc};
use wire::{Time, protocol::uri};

/// The most that one request copies: 5 GiB.
const LARGEST: u64 = receive::LARGEST;

/// What is copied.
#[derive(Clone, Debug)]
pub struct From {
    /// The bucket.
    pub bucket: String,
    /// The key.
    pub key: String,
    /// The version, if one is named.
    pub version: Option<String>,
}

impl From {
    /// Reads `x-amz-copy-source`.
    ///
    /// # Errors
    /// `InvalidArgument`.
    pub fn parse(text: &str) -> Answer<Self> {
        let wrong = || {
            errors::invalid_argument(
                "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
                "x-amz-copy-source",
                text,
            )
        };
        if text.starts_with("arn:") {
            return Err(errors::not_built("copies from access points"));
        }
        let (path, query) = text.split_once('?').unwrap_or((text, ""));
        // As in a form, a plus is a space: Terraform writes it so.
        let path = uri::decode(&path.replace('+', " ")).ok_or_else(wrong)?;
        let (bucket, key) = path
            .trim_start_matches('/')
            .split_once('/')
            .filter(|(bucket, key)| !bucket.is_empty() && !key.is_empty())
            .ok_or_else(wrong)?;
        let version = query.split('&').find_map(|pair| pair.strip_prefix("versionId=")).map(str::to_owned);
        Ok(Self { bucket: bucket.into(), key: key.into(), version })
    }

    /// The version, if the caller may read it and it is as the request expects.
    ///
    /// # Errors
    /// `AccessDenied`, `NoSuchKey`, `InvalidObjectState`, `PreconditionFailed`.
    pub fn open(
        &self,
        cx: &Cx,
        read: &impl Read,
        owner: Option<&String>,
        conditions: &Conditions<'_>,
    ) -> Answer<(Arc<VersionSpec>, Content, Arc<BucketSpec>)> {
        let action = if self.version.is_some() { "s3:GetObjectVersion" } else { "s3:GetObject" };
        cx.authorize(action, &[find::object_arn(&self.bucket, &self.key)], &Context::new())?;
        let bucket = find::anywhere(read, &self.bucket, owner)?;
        let version = get::existing(cx, read, &self.bucket, &self.key, self.version.as_deref())?;
        let content = get::content(&bucket, &version, &self.key, self.version.is_some())?;
        let state = restore::state(cx, read, (&self.bucket, &self.key), (&version, &content))?;
        if !state.is_readable() {
            let message = "Operation is not valid for the source object's storage class";
            return Err(errors::invalid_state(message, &content));
        }
        match condition::check(conditions, &content.etag, version.modified) {
            Outcome::Hold => Ok((version, content, bucket)),
            Outcome::NotModified => Err(errors::precondition("x-amz-copy-source-If-None-Match")),
            Outcome::Fails(_) => Err(errors::precondition("x-amz-copy-source-If-Match")),
        }
    }
}

/// The conditions on what is copied.
macro_rules! source_conditions {
    ($input:expr) => {
        Conditions {
            matches: $input.copy_source_if_match.as_deref(),
            none_matches: $input.copy_source_if_none_match.as_deref(),
            modified_since: $input.copy_source_if_modified_since.map(|time| model::Timestamp(time.0)),
            unmodified_since: $input.copy_source_if_unmodified_since.map(|time| model::Timestamp(time.0)),
        }
    };
}
pub(super) use source_conditions;

/// Copies an object.
pub async fn object(cx: Cx, s3: Arc<Storage>, input: sdk::CopyObjectRequest) -> Answer<sdk::CopyObjectOutput> {
    names::key(&input.key)?;
    if input.annotation_directive.is_some() {
        return Err(errors::not_built("annotations"));
    }
    let from = From::parse(&input.copy_source)?;
    let snapshot = s3.store.snapshot();
    let bucket = find::bucket(&cx, &snapshot, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let conditions: Conditions<'_> = source_conditions!(input);
    let (source, content, source_bucket) = from.open(&cx, &snapshot, input.expected_source_bucket_owner.as_ref(), &conditions)?;
    let wishes = wishes!(input);
    check(&from, &content, &wishes, &input)?;
    let wishes = inheriting(wishes, &content, &input);
    let mut draft = wishes.draft(&cx, &snapshot, (&input.bucket, &bucket), &input.key)?;
    if !replaces_tags(&input) {
        draft.tags = tags_of(&cx, &source, &from, &input)?;
    }
    let key = encryption::open(&cx, &snapshot, &content, encryption::source_key!(input))?;
    let method = encryption::wanted!(input).choose(&cx, &snapshot, &bucket, (&input.bucket, &input.key))?;
    let algorithm = input.checksum_algorithm.map(|it| digest::algorithm(it.as_str())).transpose()?;
    let copied = copied::copy(&cx, (&s3, &snapshot), &content, key, &method, algorithm).await?;
    let content = Content {
        blob: copied.blob,
        etag: copied.etag,
        checksum: copied.checksum,
        class: wishes.class(),
        headers: wishes.headers.clone(),
        ..content
    };
    let customer = method.customer().cloned();
    let writes = put::Writes { matches: input.if_match.clone(), none_matches: input.if_none_match.clone() };
    let (name, key, expected) = (input.bucket, input.key, input.expected_bucket_owner);
    let done = s3.commit(copied.written.into_iter().collect(), move |tx, written, gone| {
        let bucket = find::bucket(&cx, tx, &name, expected.as_ref())?;
        writes.check(tx, &name, &key)?;
        match written {
            [] => blobs::retain(tx, &content.blob)?.ok_or_else(|| errors::no_key(&from.key))?,
            written => written.iter().try_for_each(|blob| receive::record(tx, blob))?,
        }
        let content = Content { seal: Some(method.seal(&cx, tx, &copied.key)?), ..content.clone() };
        let place = Place { name: &name, bucket: &bucket, key: &key };
        let draft = VersionSpec { content: Some(content), ..draft.clone() };
        put::create(tx, &cx, place, draft, ("ObjectCreated:Copy", "CopyObject"), gone)
    });
    let (made, bucket) = done.await?;
    let mut output = answer(&made);
    output.copy_source_version_id = put::shown_id(&source_bucket, &source);
    output.version_id = put::shown_id(&bucket, &made);
    encryption::show_customer!(output, &customer);
    Ok(output)
}

/// Refuses what is too large, and a copy of an object onto itself that would change nothing.
fn check(from: &From, content: &Content, wishes: &Wishes<'_>, input: &sdk::CopyObjectRequest) -> Answer<()> {
    if content.size > LARGEST {
        return Err(errors::invalid_request(
            "The specified copy source is larger than the maximum allowable size for a copy source: 5368709120",
        ));
    }
    let onto_itself = (&from.bucket, &from.key) == (&input.bucket, &input.key) && from.version.is_none();
    if onto_itself && !replaces_metadata(input) && !changes(wishes, input) {
        return Err(errors::invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without changing the object's metadata, storage class, website redirect location or encryption attributes.",
        ));
    }
    Ok(())
}

/// With the source's headers, unless the request brings its own. Where a website redirects to is never the source's affair.
fn inheriting<'a>(mut wishes: Wishes<'a>, content: &Content, input: &sdk::CopyObjectRequest) -> Wishes<'a> {
    const REDIRECT: &str = "x-amz-website-redirect-location";
    if !replaces_metadata(input) {
        let redirect = wishes.headers.remove_entry(REDIRECT);
        wishes.headers = content.headers.clone();
        wishes.headers.remove(REDIRECT);
        wishes.headers.extend(redirect);
    }
    if !replaces_tags(input) {
        wishes.tags = None;
    }
    wishes
}

fn replaces_metadata(input: &sdk::CopyObjectRequest) -> bool {
    input.metadata_directive == Some(sdk::MetadataDirective::Replace)
}

fn replaces_tags(input: &sdk::CopyObjectRequest) -> bool {
    input.tagging_directive == Some(sdk::TaggingDirective::Replace)
}

/// The source's tags, if the caller may read them there and write them here.
fn tags_of(cx: &Cx, source: &VersionSpec, from: &From, input: &sdk::CopyObjectRequest) -> Answer<BTreeMap<String, String>> {
    if !source.tags.is_empty() {
        cx.authorize("s3:GetObjectTagging", &[find::object_arn(&from.bucket, &from.key)], &Context::new())?;
        let keys = tag_keys(&source.tags);
        cx.authorize("s3:PutObjectTagging", &[find::object_arn(&input.bucket, &input.key)], &keys)?;
    }
    Ok(source.tags.clone())
}

fn changes(wishes: &Wishes<'_>, input: &sdk::CopyObjectRequest) -> bool {
    wishes.class.is_some()
        || encryption::wanted!(input).is_some()
        || input.website_redirect_location.is_some()
        || input.checksum_algorithm.is_some()
}

/// What a copy has come to.
fn answer(made: &VersionSpec) -> sdk::CopyObjectOutput {
    let content = made.content.as_ref();
    let mut result = sdk::CopyObjectResult {
        e_tag: content.map(|content| format!("\"{}\"", content.etag)),
        last_modified: Some(Time(made.modified.0)),
        ..Default::default()
    };
    let checksum = content.and_then(|content| content.checksum.as_ref());
    digest::show!(result, checksum);
    result.checksum_type = digest::kind(checksum);
    let mut output = sdk::CopyObjectOutput { copy_object_result: Some(result), ..Default::default() };
    encryption::show!(output, content.and_then(|content| content.seal.as_ref()));
    output
}

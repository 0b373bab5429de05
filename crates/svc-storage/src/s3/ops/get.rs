//! `GetObject`, `HeadObject` and `GetObjectAttributes`.

use crate::s3::{
    Storage,
    blobs::Source,
    digest, encryption, errors, find,
    ops::{put::shown_id, restore},
    rules::{
        archive::State,
        condition::{self, Conditions, Outcome},
        range::{self, Wanted},
    },
};
use api::s3 as sdk;
use front::{Answer, Cx, Incoming, Streamed, body};
use logic::policy::Context;
use model::{
    Timestamp,
    s3::{self as records, Blob, BucketSpec, Content, Piece, Place, VersionSpec},
};
use spine::{Read, Snapshot};
use std::{ops::Range, sync::Arc};
use wire::{Fault, Time, Value};

/// What is asked for of an object, in two operations alike.
struct Asked<'a> {
    bucket: &'a str,
    key: &'a str,
    version: Option<&'a str>,
    owner: Option<&'a String>,
    conditions: Conditions<'a>,
    range: Option<&'a str>,
    part: Option<i32>,
    checksum: bool,
}

/// What is answered, in two operations alike.
struct Shown {
    bucket: Arc<BucketSpec>,
    version: Arc<VersionSpec>,
    content: Content,
    range: Range<u64>,
    partial: bool,
    parts: Option<i32>,
    checksum: bool,
    unchanged: bool,
    state: State,
}

/// The question in an input.
macro_rules! asked {
    ($input:expr) => {{
        Asked {
            bucket: &$input.bucket,
            key: &$input.key,
            version: $input.version_id.as_deref(),
            owner: $input.expected_bucket_owner.as_ref(),
            conditions: Conditions {
                matches: $input.if_match.as_deref(),
                none_matches: $input.if_none_match.as_deref(),
                modified_since: $input.if_modified_since.map(|time| Timestamp(time.0)),
                unmodified_since: $input.if_unmodified_since.map(|time| Timestamp(time.0)),
            },
            range: $input.range.as_deref(),
            part: $input.part_number,
            checksum: $input.checksum_mode.is_some(),
        }
    }};
}

/// The answer as an output, with the headers that the request wants in the place of the object's.
macro_rules! output {
    ($shown:expr, $input:expr, $kind:ident) => {{
        let (shown, input) = (&$shown, &$input);
        let (version, content) = (&*shown.version, &shown.content);
        let header = |name: &str| content.headers.get(name).cloned();
        let metadata = content.headers.iter().filter_map(|(name, value)| Some((name.strip_prefix("x-amz-meta-")?, value)));
        let mut output = sdk::$kind {
            accept_ranges: Some("bytes".into()),
            last_modified: Some(Time(version.modified.0)),
            content_length: i64::try_from(shown.range.end - shown.range.start).ok(),
            e_tag: Some(format!("\"{}\"", content.etag)),
            version_id: shown_id(&shown.bucket, version),
            cache_control: input.response_cache_control.clone().or_else(|| header("cache-control")),
            content_disposition: input.response_content_disposition.clone().or_else(|| header("content-disposition")),
            content_encoding: input.response_content_encoding.clone().or_else(|| header("content-encoding")),
            content_language: input.response_content_language.clone().or_else(|| header("content-language")),
            content_type: input.response_content_type.clone().or_else(|| header("content-type")).or_else(binary),
            expires: header("expires"),
            website_redirect_location: header("x-amz-website-redirect-location"),
            metadata: Some(metadata.map(|(name, value)| (name.to_owned(), value.clone())).collect()),
            storage_class: sdk::StorageClass::parse(&content.class).filter(|class| *class != sdk::StorageClass::Standard),
            parts_count: shown.parts,
            restore: shown.state.header(),
            tag_count: i32::try_from(version.tags.len()).ok().filter(|count| *count > 0),
            object_lock_legal_hold_status: version.lock.legal_hold.then_some(sdk::ObjectLockLegalHoldStatus::On),
            object_lock_mode: version.lock.retention.map(|it| match it.compliance {
                true => sdk::ObjectLockMode::Compliance,
                false => sdk::ObjectLockMode::Governance,
            }),
            object_lock_retain_until_date: version.lock.retention.map(|it| Time(it.until.0)),
            content_range: shown
                .partial
                .then(|| format!("bytes {}-{}/{}", shown.range.start, shown.range.end.saturating_sub(1), content.size)),
            ..Default::default()
        };
        encryption::show!(output, content.seal.as_ref());
        encryption::show_customer!(output, encryption::own_key!(input).key()?);
        let checksum = content.checksum.as_ref().filter(|_| shown.checksum && !shown.partial);
        digest::show!(output, checksum);
        output.checksum_type = digest::kind(checksum);
        output
    }};
}

fn binary() -> Option<String> {
    Some("binary/octet-stream".into())
}

/// Gets an object, or a range of it.
pub async fn get(cx: Cx, s3: Arc<Storage>, input: sdk::GetObjectRequest, _: Incoming) -> Answer<Streamed<sdk::GetObjectOutput>> {
    let snapshot = s3.store.snapshot();
    let shown = show(&cx, &snapshot, asked!(input))?;
    if !shown.state.is_readable() {
        return Err(errors::invalid_state("The operation is not valid for the object's storage class", &shown.content));
    }
    let key = encryption::open(&cx, &snapshot, &shown.content, encryption::own_key!(input))?;
    let mut output = output!(shown, input, GetObjectOutput);
    if shown.unchanged {
        output.content_length = None;
        return Ok(expires(Streamed::from(output).status(304), input.response_expires));
    }
    let source = Source::new(&s3.blobs, &snapshot, &shown.content.blob, shown.range.clone(), key.as_ref())?;
    let answer = Streamed::from(output).body(body::streaming(source.stream()));
    Ok(expires(if shown.partial { answer.status(206) } else { answer }, input.response_expires))
}

/// What there is to know of an object besides its bytes.
pub async fn head(
    cx: Cx,
    s3: Arc<Storage>,
    input: sdk::HeadObjectRequest,
    _: Incoming,
) -> Answer<Streamed<sdk::HeadObjectOutput>> {
    let snapshot = s3.store.snapshot();
    let shown = show(&cx, &snapshot, asked!(input))?;
    encryption::open_checksum(&cx, &snapshot, &shown.content, encryption::own_key!(input), shown.checksum)?;
    let mut output = output!(shown, input, HeadObjectOutput);
    if shown.unchanged {
        output.content_length = None;
        return Ok(expires(Streamed::from(output).status(304), input.response_expires));
    }
    let answer = Streamed::from(output).body(body::empty());
    Ok(expires(if shown.partial { answer.status(206) } else { answer }, input.response_expires))
}

fn expires<T>(answer: Streamed<T>, wanted: Option<Time>) -> Streamed<T> {
    let moment = wanted.and_then(|time| jiff::Timestamp::from_millisecond(time.0).ok());
    match moment {
        Some(moment) => answer.header("expires", &moment.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()),
        None => answer,
    }
}

fn show(cx: &Cx, read: &Snapshot, asked: Asked<'_>) -> Answer<Shown> {
    let bucket = find::bucket(cx, read, asked.bucket, asked.owner)?;
    let version = existing(cx, read, asked.bucket, asked.key, asked.version)?;
    let content = content(&bucket, &version, asked.key, asked.version.is_some())?;
    let unchanged = match condition::check(&asked.conditions, &content.etag, version.modified) {
        Outcome::Hold => false,
        Outcome::NotModified => true,
        Outcome::Fails(condition) => return Err(errors::precondition(condition)),
    };
    let (range, partial, parts) = match asked.part {
        Some(number) => part(read, &content, number)?,
        None => match range::wanted(asked.range, content.size) {
            Wanted::Whole => (0..content.size, false, None),
            Wanted::Part(range) => (range, true, None),
            Wanted::Beyond => return Err(no_range(asked.range.unwrap_or_default(), content.size)),
        },
    };
    if asked.part.is_some() && asked.range.is_some() {
        return Err(errors::invalid_request("Cannot specify both Range header and partNumber query parameter"));
    }
    let state = restore::state(cx, read, (asked.bucket, asked.key), (&version, &content))?;
    Ok(Shown { bucket, version, content, range, partial, parts, checksum: asked.checksum, unchanged, state })
}

fn no_range(asked: &str, size: u64) -> Fault {
    let fault = Fault::client("InvalidRange", "The requested range is not satisfiable").status(416);
    fault.with("RangeRequested", Value::Str(asked.into())).with("ActualObjectSize", Value::Str(size.to_string()))
}

/// The version that is meant. Who may not list the bucket isn't told that there is none.
///
/// # Errors
/// `NoSuchKey`, `NoSuchVersion`, `AccessDenied`.
pub fn existing(cx: &Cx, read: &impl Read, bucket: &str, key: &str, id: Option<&str>) -> Answer<Arc<VersionSpec>> {
    Ok(existing_at(cx, read, bucket, key, id)?.0)
}

/// As [`existing`], with whether it is the current one.
///
/// # Errors
/// As [`existing`].
pub fn existing_at(cx: &Cx, read: &impl Read, bucket: &str, key: &str, id: Option<&str>) -> Answer<find::Found> {
    if let Some(found) = find::version(read, bucket, key, id)? {
        return Ok(found);
    }
    cx.authorize("s3:ListBucket", &[find::bucket_arn(bucket)], &Context::new())?;
    Err(errors::no_key(key))
}

/// What a version has, unless it is a delete marker.
///
/// # Errors
/// `NoSuchKey` of a current delete marker, `MethodNotAllowed` of one that is named.
pub fn content(bucket: &BucketSpec, version: &VersionSpec, key: &str, named: bool) -> Answer<Content> {
    version.content.clone().ok_or_else(|| {
        let fault = if named { errors::method_not_allowed() } else { errors::no_key(key) };
        let fault = fault.with("x-amz-delete-marker", Value::Str("true".into()));
        match shown_id(bucket, version) {
            Some(id) => fault.with("x-amz-version-id", Value::Str(id)),
            None => fault,
        }
    })
}

/// The range of a part of an object that was uploaded in parts; of any other, the first is all of it.
fn part(read: &Snapshot, content: &Content, number: i32) -> Answer<(Range<u64>, bool, Option<i32>)> {
    let Some(pieces) = pieces(read, content)? else {
        return if number == 1 { Ok((0..content.size, true, None)) } else { Err(no_part()) };
    };
    let mut start = 0;
    for piece in &pieces {
        if i32::try_from(piece.2) == Ok(number) {
            return Ok((start..start + piece.1, true, i32::try_from(pieces.len()).ok()));
        }
        start += piece.1;
    }
    Err(no_part())
}

fn no_part() -> Fault {
    Fault::client("InvalidPartNumber", "The requested partnumber is not satisfiable").status(416)
}

fn pieces(read: &impl Read, content: &Content) -> Answer<Option<Vec<Piece>>> {
    let blob = read.spec(&records::key::<Blob>(&content.blob))?;
    Ok(blob.and_then(|blob| match &blob.place {
        Place::Parts(pieces) => Some(pieces.clone()),
        _ => None,
    }))
}

/// What was asked for of an object's attributes.
pub async fn attributes(
    cx: Cx,
    s3: Arc<Storage>,
    input: sdk::GetObjectAttributesRequest,
    _: Incoming,
) -> Answer<Streamed<sdk::GetObjectAttributesOutput>> {
    let snapshot = s3.store.snapshot();
    let bucket = find::bucket(&cx, &snapshot, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let version = existing(&cx, &snapshot, &input.bucket, &input.key, input.version_id.as_deref())?;
    let content = content(&bucket, &version, &input.key, input.version_id.is_some())?;
    let wants = |what| input.object_attributes.contains(&what);
    let sums_wanted = wants(sdk::ObjectAttributes::Checksum);
    encryption::open_checksum(&cx, &snapshot, &content, encryption::own_key!(input), sums_wanted)?;
    let mut sums = sdk::Checksum::default();
    digest::show!(sums, content.checksum.as_ref());
    sums.checksum_type = digest::kind(content.checksum.as_ref());
    let pieces = if wants(sdk::ObjectAttributes::ObjectParts) { pieces(&snapshot, &content)? } else { None };
    let output = sdk::GetObjectAttributesOutput {
        last_modified: Some(Time(version.modified.0)),
        version_id: shown_id(&bucket, &version),
        e_tag: wants(sdk::ObjectAttributes::ETag).then(|| content.etag.clone()),
        checksum: (sums_wanted && content.checksum.is_some()).then_some(sums),
        object_parts: pieces.map(|pieces| parts(&input, &content, &pieces)),
        storage_class: wants(sdk::ObjectAttributes::StorageClass).then(|| sdk::StorageClass::parse(&content.class)).flatten(),
        object_size: wants(sdk::ObjectAttributes::ObjectSize).then(|| i64::try_from(content.size).unwrap_or(i64::MAX)),
        ..Default::default()
    };
    Ok(output.into())
}

fn parts(input: &sdk::GetObjectAttributesRequest, content: &Content, pieces: &[Piece]) -> sdk::GetObjectAttributesParts {
    let most = input.max_parts.unwrap_or(1000).clamp(0, 1000);
    let after = input.part_number_marker.unwrap_or_default();
    let behind = |piece: &&Piece| i32::try_from(piece.2).is_ok_and(|number| number > after);
    let shown: Vec<&Piece> = pieces.iter().filter(behind).take(usize::try_from(most).unwrap_or_default()).collect();
    let last = shown.last().and_then(|piece| i32::try_from(piece.2).ok());
    let more = pieces.last().map(|piece| piece.2) != shown.last().map(|piece| piece.2);
    // S3 lists the parts only of what has checksums of its parts.
    let with_sums = content.checksum.as_ref().filter(|_| pieces.iter().all(|piece| !piece.3.is_empty()));
    let listed = with_sums.map(|sum| {
        let part = |piece: &&Piece| {
            let own = records::Checksum { value: piece.3.clone(), ..sum.clone() };
            let mut part = sdk::ObjectPart {
                part_number: i32::try_from(piece.2).ok(),
                size: i64::try_from(piece.1).ok(),
                ..Default::default()
            };
            digest::show!(part, Some(&own));
            part
        };
        shown.iter().map(part).collect()
    });
    sdk::GetObjectAttributesParts {
        total_parts_count: i32::try_from(pieces.len()).ok(),
        part_number_marker: Some(after),
        next_part_number_marker: last,
        max_parts: Some(most),
        is_truncated: Some(more),
        parts: listed,
    }
}

//! Lists: of objects, of their versions, of uploads.

use crate::s3::{
    acl, errors, find,
    ops::{multipart, restore},
    rules::listing::{Asked, Pages, Step},
};
use api::s3 as sdk;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use front::{Answer, Cx};
use model::{
    AccountId, Key, Region,
    s3::{self as records, Object, Upload, UploadSpec, Version, VersionSpec},
};
use spine::{Read, Scope, Tx};
use std::sync::Arc;
use wire::{Time, protocol::uri};

/// The most entries of a page.
const MOST: i32 = 1000;
/// How many records are read at a time.
const BATCH: usize = 1000;

/// A page of what was walked.
struct Page<T> {
    found: Vec<T>,
    common: Vec<String>,
    truncated: bool,
    /// The key or common prefix that was shown last.
    last: Option<String>,
}

fn most(asked: Option<i32>) -> Answer<i32> {
    match asked {
        Some(most) if most < 0 => Err(errors::invalid_argument(
            "Argument maxKeys must be an integer between 0 and 2147483647",
            "max-keys",
            most.to_string(),
        )),
        most => Ok(most.unwrap_or(MOST).min(MOST)),
    }
}

/// Walks over the current versions of the bucket's keys; `each` says what is shown of one, and how many it counts for.
fn walk<T>(
    read: &impl Read,
    bucket: &str,
    asked: Asked,
    mut each: impl FnMut(&str, &Arc<VersionSpec>, &mut Pages, &mut Vec<T>) -> Answer<Walked>,
) -> Answer<Page<T>> {
    let (account, region) = (records::account(), Region::global());
    let (prefix, beginning) = (format!("{bucket}/"), asked.begin());
    let within = asked.prefix.clone();
    let mut page = Page { found: Vec::new(), common: Vec::new(), truncated: false, last: None };
    if asked.most == 0 {
        return Ok(page);
    }
    let mut pages = Pages::new(asked);
    let mut after = format!("{prefix}{beginning}");
    // What begins at the prefix may have a key that is the prefix.
    let mut ahead = match beginning == within && !within.is_empty() {
        true => read.spec(&Object::key(bucket, &within))?.map(|spec| (Object::key(bucket, &within), spec)).into_iter().collect(),
        false => Vec::new(),
    };
    loop {
        let batch = read.specs::<Object>(Scope::After(&account, &region, &after, BATCH))?;
        let whole = batch.len() < BATCH;
        after = batch.last().map(|(key, _)| key.id.clone()).unwrap_or_default();
        let mut leap: Option<String> = None;
        for (at, spec) in ahead.drain(..).chain(batch) {
            let Some(key) = at.id.strip_prefix(&prefix).filter(|key| key.starts_with(&within)) else { return Ok(page) };
            if leap.as_deref().is_some_and(|leap| key <= leap) {
                continue;
            }
            match each(key, &spec, &mut pages, &mut page.found)? {
                Walked::On => {}
                Walked::Shown => page.last = Some(key.to_owned()),
                Walked::Common(common, behind) => {
                    page.last = Some(common.clone());
                    page.common.push(common);
                    leap = Some(behind);
                }
                Walked::Full => {
                    page.truncated = true;
                    return Ok(page);
                }
            }
        }
        if whole {
            return Ok(page);
        }
        if let Some(leap) = leap.map(|leap| format!("{prefix}{leap}")).filter(|leap| *leap > after) {
            after = leap;
        }
    }
}

/// What a walk does with a key.
enum Walked {
    On,
    Shown,
    Common(String, String),
    Full,
}

fn objects(read: &impl Read, bucket: &str, asked: Asked) -> Answer<Page<(String, Arc<VersionSpec>)>> {
    walk(read, bucket, asked, |key, spec, pages, found| {
        if spec.content.is_none() {
            return Ok(Walked::On);
        }
        Ok(match pages.step(key) {
            Step::Skip => Walked::On,
            Step::Full => Walked::Full,
            Step::Leap(common, behind) => Walked::Common(common, behind),
            Step::Show => {
                found.push((key.to_owned(), spec.clone()));
                Walked::Shown
            }
        })
    })
}

/// A text as the request wants it: keys may hold what XML can't.
fn encoded(encoding: Option<sdk::EncodingType>) -> impl Fn(&str) -> String {
    move |text| match encoding {
        Some(_) => uri::encode(text).replace("%2F", "/"),
        None => text.to_owned(),
    }
}

fn prefixes(common: &[String], encode: &impl Fn(&str) -> String) -> Option<Vec<sdk::CommonPrefix>> {
    Some(common.iter().map(|prefix| sdk::CommonPrefix { prefix: Some(encode(prefix)) }).collect())
}

fn object(key: &str, spec: &VersionSpec, owner: Option<&AccountId>, encode: &impl Fn(&str) -> String) -> sdk::Object {
    let content = spec.content.as_ref();
    let checksum = content.and_then(|content| content.checksum.as_ref());
    sdk::Object {
        key: Some(encode(key)),
        last_modified: Some(Time(spec.modified.0)),
        e_tag: content.map(|content| format!("\"{}\"", content.etag)),
        checksum_algorithm: checksum.and_then(|sum| sdk::ChecksumAlgorithm::parse(&sum.algorithm)).map(|it| vec![it]),
        checksum_type: crate::s3::digest::kind(checksum),
        size: content.and_then(|content| i64::try_from(content.size).ok()),
        storage_class: content.and_then(|content| sdk::ObjectStorageClass::parse(&content.class)),
        owner: owner.map(acl::owner),
        restore_status: None,
    }
}

/// Whether a list says what was restored of what is archived.
type Optional = Option<Vec<sdk::OptionalObjectAttributes>>;

/// The copy of what is archived, if the request wants to know.
fn restored(cx: &Cx, at: (&str, &str), spec: &VersionSpec, wanted: &Optional) -> Answer<Option<sdk::RestoreStatus>> {
    let wants = wanted.iter().flatten().any(|it| *it == sdk::OptionalObjectAttributes::RestoreStatus);
    match &spec.content {
        Some(content) if wants => Ok(restore::state(cx, cx.snapshot(), at, (spec, content))?.status()),
        _ => Ok(None),
    }
}

/// `ListObjects`.
pub fn first(cx: &Cx, tx: &mut Tx, input: &sdk::ListObjectsRequest) -> Answer<sdk::ListObjectsOutput> {
    find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let most = most(input.max_keys)?;
    let asked = Asked {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        most: usize::try_from(most).unwrap_or_default(),
        after: input.marker.clone().unwrap_or_default(),
    };
    let page = objects(cx.snapshot(), &input.bucket, asked)?;
    let encode = encoded(input.encoding_type);
    let next = page.last.as_deref().filter(|_| page.truncated && input.delimiter.is_some());
    let shown = |(key, spec): &(String, Arc<VersionSpec>)| {
        let restore_status = restored(cx, (&input.bucket, key), spec, &input.optional_object_attributes)?;
        Ok(sdk::Object { restore_status, ..object(key, spec, Some(&spec.owner), &encode) })
    };
    Ok(sdk::ListObjectsOutput {
        is_truncated: Some(page.truncated),
        marker: Some(encode(input.marker.as_deref().unwrap_or_default())),
        next_marker: next.map(&encode),
        contents: Some(page.found.iter().map(shown).collect::<Answer<_>>()?),
        name: Some(input.bucket.clone()),
        prefix: Some(encode(input.prefix.as_deref().unwrap_or_default())),
        delimiter: input.delimiter.as_deref().map(&encode),
        max_keys: Some(most),
        common_prefixes: prefixes(&page.common, &encode),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

/// `ListObjectsV2`.
pub fn second(cx: &Cx, tx: &mut Tx, input: &sdk::ListObjectsV2Request) -> Answer<sdk::ListObjectsV2Output> {
    find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let most = most(input.max_keys)?;
    let wrong = || errors::invalid_argument("The continuation token provided is incorrect", "continuation-token", "");
    let continued = input.continuation_token.as_deref().map(|token| {
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
        String::from_utf8(bytes).map_err(|_| wrong())
    });
    let continued = continued.transpose()?;
    let asked = Asked {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        most: usize::try_from(most).unwrap_or_default(),
        after: continued.or_else(|| input.start_after.clone()).unwrap_or_default(),
    };
    let page = objects(cx.snapshot(), &input.bucket, asked)?;
    let encode = encoded(input.encoding_type);
    let owner = |spec: &VersionSpec| input.fetch_owner.unwrap_or_default().then(|| spec.owner.clone());
    let shown = |(key, spec): &(String, Arc<VersionSpec>)| {
        let restore_status = restored(cx, (&input.bucket, key), spec, &input.optional_object_attributes)?;
        Ok(sdk::Object { restore_status, ..object(key, spec, owner(spec).as_ref(), &encode) })
    };
    Ok(sdk::ListObjectsV2Output {
        is_truncated: Some(page.truncated),
        contents: Some(page.found.iter().map(shown).collect::<Answer<_>>()?),
        name: Some(input.bucket.clone()),
        prefix: Some(encode(input.prefix.as_deref().unwrap_or_default())),
        delimiter: input.delimiter.as_deref().map(&encode),
        max_keys: Some(most),
        common_prefixes: prefixes(&page.common, &encode),
        encoding_type: input.encoding_type,
        key_count: i32::try_from(page.found.len() + page.common.len()).ok(),
        continuation_token: input.continuation_token.clone(),
        next_continuation_token: page.last.filter(|_| page.truncated).map(|last| URL_SAFE_NO_PAD.encode(last)),
        start_after: input.start_after.as_deref().map(&encode),
        request_charged: None,
    })
}

/// A version with its key, and whether it is the current one.
type Listed = (String, Arc<VersionSpec>, bool);

/// `ListObjectVersions`.
pub fn versions(cx: &Cx, tx: &mut Tx, input: &sdk::ListObjectVersionsRequest) -> Answer<sdk::ListObjectVersionsOutput> {
    find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let most = most(input.max_keys)?;
    let (key_marker, id_marker) = (input.key_marker.clone().unwrap_or_default(), input.version_id_marker.clone());
    if id_marker.is_some() && key_marker.is_empty() {
        return Err(errors::invalid_argument(
            "A version-id marker cannot be specified without a key marker.",
            "version-id-marker",
            "",
        ));
    }
    let asked = Asked {
        prefix: input.prefix.clone().unwrap_or_default(),
        delimiter: input.delimiter.clone(),
        most: usize::try_from(most).unwrap_or_default(),
        after: key_marker.clone(),
    };
    let page = versions_behind(cx.snapshot(), &input.bucket, asked, id_marker.as_deref())?;
    let encode = encoded(input.encoding_type);
    let next = last_of(&page).filter(|_| page.truncated);
    let shown = |listed: &Listed| {
        let restore_status = restored(cx, (&input.bucket, &listed.0), &listed.1, &input.optional_object_attributes)?;
        Ok(sdk::ObjectVersion { restore_status, ..version(listed, &encode) })
    };
    let (with_content, markers): (Vec<_>, Vec<_>) = page.found.iter().partition(|(_, spec, _)| spec.content.is_some());
    Ok(sdk::ListObjectVersionsOutput {
        is_truncated: Some(page.truncated),
        key_marker: Some(encode(&key_marker)),
        version_id_marker: Some(id_marker.unwrap_or_default()),
        next_key_marker: next.as_ref().map(|(key, _)| encode(key)),
        next_version_id_marker: next.and_then(|(_, id)| id),
        versions: Some(with_content.into_iter().map(shown).collect::<Answer<_>>()?),
        delete_markers: Some(markers.into_iter().map(|it| marker(it, &encode)).collect()),
        name: Some(input.bucket.clone()),
        prefix: Some(encode(input.prefix.as_deref().unwrap_or_default())),
        delimiter: input.delimiter.as_deref().map(&encode),
        max_keys: Some(most),
        common_prefixes: prefixes(&page.common, &encode),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

/// A page of versions: those of the key before that are older than the one that was shown last, then those of the keys behind it.
fn versions_behind(read: &impl Read, bucket: &str, mut asked: Asked, shown_last: Option<&str>) -> Answer<Page<Listed>> {
    let mut found = Vec::new();
    if let Some(id) = shown_last.filter(|_| asked.most > 0) {
        let mut older = all_of(read, bucket, &asked.after)?.into_iter().skip_while(|(_, spec, _)| spec.id() != id).skip(1);
        found.extend(older.by_ref().take(asked.most));
        asked.most -= found.len();
        if asked.most == 0 {
            let truncated = older.next().is_some() || is_anything(read, bucket, asked)?;
            return Ok(Page { found, truncated, common: Vec::new(), last: None });
        }
    }
    let mut page = versions_of_keys(read, bucket, asked)?;
    found.append(&mut page.found);
    Ok(Page { found, ..page })
}

/// Whether there is anything behind a full page.
fn is_anything(read: &impl Read, bucket: &str, asked: Asked) -> Answer<bool> {
    let page = versions_of_keys(read, bucket, Asked { most: 1, ..asked })?;
    Ok(!page.found.is_empty() || !page.common.is_empty())
}

fn versions_of_keys(read: &impl Read, bucket: &str, asked: Asked) -> Answer<Page<Listed>> {
    walk(read, bucket, asked, |key, _, pages, found: &mut Vec<Listed>| {
        Ok(match pages.step(key) {
            Step::Skip => Walked::On,
            Step::Full => Walked::Full,
            Step::Leap(common, behind) => Walked::Common(common, behind),
            Step::Show => {
                for (count, version) in all_of(read, bucket, key)?.into_iter().enumerate() {
                    if count > 0 && !pages.more() {
                        return Ok(Walked::Full);
                    }
                    found.push(version);
                }
                Walked::Shown
            }
        })
    })
}

/// What a page ends with: a version, or a common prefix.
fn last_of(page: &Page<Listed>) -> Option<(String, Option<String>)> {
    match (page.common.last(), page.found.last()) {
        (Some(common), Some((key, ..))) if common > key => Some((common.clone(), None)),
        (_, Some((key, spec, _))) => Some((key.clone(), Some(spec.id().to_owned()))),
        (Some(common), None) => Some((common.clone(), None)),
        (None, None) => None,
    }
}

/// All versions of a key, the newest first.
fn all_of(read: &impl Read, bucket: &str, key: &str) -> Answer<Vec<Listed>> {
    let current = read.spec(&Object::key(bucket, key))?;
    let earlier = read.specs::<Version>(Scope::Prefix(&records::account(), &Region::global(), &Version::prefix(bucket, key)))?;
    let current = current.into_iter().map(|spec| (key.to_owned(), spec, true));
    Ok(current.chain(earlier.into_iter().map(|(_, spec)| (key.to_owned(), spec, false))).collect())
}

fn version((key, spec, latest): &Listed, encode: &impl Fn(&str) -> String) -> sdk::ObjectVersion {
    let content = spec.content.as_ref();
    let checksum = content.and_then(|content| content.checksum.as_ref());
    sdk::ObjectVersion {
        e_tag: content.map(|content| format!("\"{}\"", content.etag)),
        checksum_algorithm: checksum.and_then(|sum| sdk::ChecksumAlgorithm::parse(&sum.algorithm)).map(|it| vec![it]),
        checksum_type: crate::s3::digest::kind(checksum),
        size: content.and_then(|content| i64::try_from(content.size).ok()),
        storage_class: content.and_then(|content| sdk::ObjectVersionStorageClass::parse(&content.class)),
        key: Some(encode(key)),
        version_id: Some(spec.id().to_owned()),
        is_latest: Some(*latest),
        last_modified: Some(Time(spec.modified.0)),
        owner: Some(acl::owner(&spec.owner)),
        restore_status: None,
    }
}

fn marker((key, spec, latest): &Listed, encode: &impl Fn(&str) -> String) -> sdk::DeleteMarkerEntry {
    sdk::DeleteMarkerEntry {
        owner: Some(acl::owner(&spec.owner)),
        key: Some(encode(key)),
        version_id: Some(spec.id().to_owned()),
        is_latest: Some(*latest),
        last_modified: Some(Time(spec.modified.0)),
    }
}

/// `ListMultipartUploads`.
pub fn uploads(cx: &Cx, tx: &mut Tx, input: &sdk::ListMultipartUploadsRequest) -> Answer<sdk::ListMultipartUploadsOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let most = most(input.max_uploads)?;
    let (prefix, marker) = (input.prefix.clone().unwrap_or_default(), input.key_marker.clone().unwrap_or_default());
    let asked = Asked {
        prefix: prefix.clone(),
        delimiter: input.delimiter.clone(),
        most: usize::try_from(most).unwrap_or_default(),
        after: if input.upload_id_marker.is_some() { String::new() } else { marker.clone() },
    };
    let mut pages = Pages::new(asked);
    let (mut found, mut common, mut truncated) = (Vec::new(), Vec::new(), false);
    let all = tx.specs::<Upload>(Scope::Prefix(&records::account(), &Region::global(), &format!("{}/{prefix}", input.bucket)))?;
    for (key, id, spec) in all.iter().filter_map(|(at, spec)| parsed(&input.bucket, at, spec)) {
        let behind = match &input.upload_id_marker {
            Some(marked) => (key, id) > (marker.as_str(), marked.as_str()),
            None => marker.is_empty() || key > marker.as_str(),
        };
        if !behind
            || (!marker.is_empty() && marker.ends_with(input.delimiter.as_deref().unwrap_or("\0")) && key.starts_with(&marker))
        {
            continue;
        }
        match pages.step(key) {
            Step::Skip => {}
            Step::Full => {
                truncated = true;
                break;
            }
            Step::Leap(prefix, _) => common.push(prefix),
            Step::Show => found.push((key.to_owned(), id.to_owned(), spec.clone())),
        }
    }
    let encode = encoded(input.encoding_type);
    let last = found.last().filter(|_| truncated);
    Ok(sdk::ListMultipartUploadsOutput {
        bucket: Some(input.bucket.clone()),
        key_marker: Some(encode(&marker)),
        upload_id_marker: Some(input.upload_id_marker.clone().unwrap_or_default()),
        next_key_marker: last.map(|(key, ..)| encode(key)),
        prefix: Some(encode(&prefix)),
        delimiter: input.delimiter.as_deref().map(&encode),
        next_upload_id_marker: last.map(|(_, id, _)| id.clone()),
        max_uploads: Some(most),
        is_truncated: Some(truncated),
        uploads: Some(found.iter().map(|(key, id, spec)| upload(key, id, spec, &bucket.owner, &encode)).collect()),
        common_prefixes: prefixes(&common, &encode),
        encoding_type: input.encoding_type,
        request_charged: None,
    })
}

/// An upload's key, id and spec.
fn parsed<'a>(bucket: &str, at: &'a Key<Upload>, spec: &'a Arc<UploadSpec>) -> Option<(&'a str, &'a str, &'a Arc<UploadSpec>)> {
    let (key, id) = at.id.strip_prefix(bucket)?.strip_prefix('/')?.rsplit_once('\0')?;
    Some((key, id, spec))
}

fn upload(key: &str, id: &str, spec: &UploadSpec, owner: &AccountId, encode: &impl Fn(&str) -> String) -> sdk::MultipartUpload {
    sdk::MultipartUpload {
        upload_id: Some(id.to_owned()),
        key: Some(encode(key)),
        initiated: Some(Time(spec.initiated.0)),
        storage_class: spec.draft.content.as_ref().and_then(|content| sdk::StorageClass::parse(&content.class)),
        owner: Some(acl::owner(owner)),
        initiator: Some(multipart::initiator(spec)),
        checksum_algorithm: spec.algorithm.as_deref().and_then(sdk::ChecksumAlgorithm::parse),
        checksum_type: spec.algorithm.as_ref().map(|_| match spec.composite {
            true => sdk::ChecksumType::Composite,
            false => sdk::ChecksumType::FullObject,
        }),
        version_id: None,
    }
}

/// Whether anything is in a bucket: an object, or an upload under way.
pub fn is_empty(read: &impl Read, bucket: &str) -> Answer<bool> {
    let (account, region, prefix) = (records::account(), Region::global(), format!("{bucket}/"));
    let first = read.specs::<Object>(Scope::After(&account, &region, &prefix, 1))?;
    Ok(!first.iter().any(|(key, _)| key.id.starts_with(&prefix)))
}

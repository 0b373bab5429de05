//! Multipart uploads: begun, filled with parts in any order, and completed or given up.

use crate::s3::{
    Storage,
    blobs::{self, ContentKey, Source, Writer},
    checksum::{self, Algorithm},
    digest,
    draft::wishes,
    encryption, errors, find, names,
    ops::{
        copy::{From, source_conditions},
        put,
    },
    receive::{self, Received, Stated},
    rules::{
        condition::Conditions,
        range::{self, Wanted},
    },
    versions::Place,
};
use api::s3 as sdk;
use aws_lc_rs::digest as hash;
use base64::{Engine, engine::general_purpose::STANDARD};
use front::{Answer, Cx, Incoming, Streamed};
use md5::{Digest, Md5};
use model::{
    Key, Region,
    s3::{
        self as records, Blob, BlobSpec, Checksum, Content, Part, PartSpec, Piece, Place as At, Upload, UploadSpec, VersionSpec,
    },
};
use spine::{Read, Scope, Tx};
use std::{collections::BTreeMap, sync::Arc};
use wire::{Fault, Time, Value};

/// The least that a part has which isn't the last: 5 MiB.
const LEAST_PART: u64 = 5 << 20;
/// Parts have numbers up to this.
const MOST_PARTS: i32 = 10_000;

/// Begins an upload.
pub fn begin(cx: &Cx, tx: &mut Tx, input: &sdk::CreateMultipartUploadRequest) -> Answer<sdk::CreateMultipartUploadOutput> {
    names::key(&input.key)?;
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let wishes = wishes!(*input);
    let mut draft = wishes.draft(cx, tx, (&input.bucket, &bucket), &input.key)?;
    let algorithm = input.checksum_algorithm.map(|it| digest::algorithm(it.as_str())).transpose()?;
    let composite = composite(algorithm, input.checksum_type)?;
    let method = encryption::wanted!(*input).choose(cx, tx, &bucket, (&input.bucket, &input.key))?;
    let seal = method.seal(cx, tx, &ContentKey::new(&cx.env))?;
    draft.content = Some(Content {
        blob: String::new(),
        size: 0,
        etag: String::new(),
        checksum: None,
        class: wishes.class(),
        headers: wishes.headers.clone(),
        seal: Some(seal.clone()),
    });
    let id = format!("{:013x}{}", cx.now.0, cx.env.hex(51));
    let algorithm = algorithm.map(|it| it.name().to_owned());
    let initiator = cx.principal.arn(&cx.account).to_string();
    let spec = UploadSpec { initiated: cx.now, initiator, draft, algorithm: algorithm.clone(), composite };
    tx.create(&Upload::key(&input.bucket, &input.key, &id), &spec)?;
    let mut output = sdk::CreateMultipartUploadOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        upload_id: Some(id),
        checksum_algorithm: input.checksum_algorithm,
        checksum_type: algorithm.map(|_| kind(composite)),
        ..Default::default()
    };
    encryption::show!(output, Some(&seal));
    encryption::show_customer!(output, method.customer());
    Ok(output)
}

fn kind(composite: bool) -> sdk::ChecksumType {
    if composite { sdk::ChecksumType::Composite } else { sdk::ChecksumType::FullObject }
}

/// Whether the checksum of the whole is one of the parts' checksums: the default, but for CRC64NVME.
fn composite(algorithm: Option<Algorithm>, wanted: Option<sdk::ChecksumType>) -> Answer<bool> {
    let Some(algorithm) = algorithm else {
        return match wanted {
            None => Ok(false),
            Some(_) => Err(errors::invalid_request(
                "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.",
            )),
        };
    };
    let refused = |kind: &str| {
        let message = format!(
            "The {kind} checksum type cannot be used with the {} checksum algorithm.",
            algorithm.name().to_ascii_lowercase()
        );
        Err(errors::invalid_request(message))
    };
    match wanted {
        Some(sdk::ChecksumType::Composite) if !algorithm.composes() => refused("COMPOSITE"),
        Some(sdk::ChecksumType::FullObject) if !algorithm.is_linear() => refused("FULL_OBJECT"),
        Some(wanted) => Ok(wanted == sdk::ChecksumType::Composite),
        None => Ok(algorithm.composes()),
    }
}

fn upload(read: &impl Read, bucket: &str, key: &str, id: &str) -> Answer<Arc<UploadSpec>> {
    read.spec(&Upload::key(bucket, key, id))?.ok_or_else(|| errors::no_upload(id))
}

fn number(number: i32) -> Answer<u32> {
    let wrong = || {
        errors::invalid_argument(
            "Part number must be an integer between 1 and 10000, inclusive",
            "partNumber",
            number.to_string(),
        )
    };
    u32::try_from(number).ok().filter(|_| (1..=MOST_PARTS).contains(&number)).ok_or_else(wrong)
}

/// Uploads a part.
pub async fn part(
    cx: Cx,
    s3: Arc<Storage>,
    input: sdk::UploadPartRequest,
    body: Incoming,
) -> Answer<Streamed<sdk::UploadPartOutput>> {
    let number = number(input.part_number)?;
    let snapshot = s3.store.snapshot();
    find::bucket(&cx, &snapshot, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let upload = upload(&snapshot, &input.bucket, &input.key, &input.upload_id)?;
    let key = encryption::open_upload(&cx, &snapshot, draft(&upload)?, encryption::own_key!(input))?;
    let stated = Stated {
        checksums: digest::given!(input),
        md5: input.content_md5.clone(),
        algorithm: input.checksum_algorithm.map(|it| it.as_str()),
        default: Some(upload.algorithm.as_deref().and_then(Algorithm::of).unwrap_or(Algorithm::Crc64Nvme)),
    };
    let received = receive::body(&cx, &s3, body, stated, key.as_ref()).await?;
    let opaque = encryption::is_opaque(draft(&upload)?.seal.as_ref());
    let place = (input.bucket, input.key, input.upload_id);
    let part = keep(&cx, &s3, place, number, opaque, received).await?;
    let mut output = sdk::UploadPartOutput { e_tag: Some(format!("\"{}\"", part.etag)), ..Default::default() };
    encryption::show!(output, draft(&upload)?.seal.as_ref());
    encryption::show_customer!(output, encryption::own_key!(input).key()?);
    digest::show!(output, part.checksum.as_ref());
    Ok(output.into())
}

/// What an upload is to become, but for its bytes.
fn draft(upload: &UploadSpec) -> Answer<&Content> {
    upload.draft.content.as_ref().ok_or_else(|| Fault::internal("an upload without a draft"))
}

/// Makes a part of what has come; it takes the place of one of the same number.
async fn keep(
    cx: &Cx,
    s3: &Arc<Storage>,
    (bucket, key, id): (String, String, String),
    number: u32,
    opaque: bool,
    Received { written, checksum }: Received,
) -> Answer<PartSpec> {
    let (size, blob) = (written.size, written.id.clone());
    let etag = encryption::etag(opaque, &cx.env, &written.md5);
    let spec = PartSpec { blob, size, etag, checksum, modified: cx.now };
    let made = spec.clone();
    s3.commit(vec![written], move |tx, written, gone| {
        let found = upload(tx, &bucket, &key, &id)?;
        if let (Some(wanted), Some(sum)) = (&found.algorithm, &spec.checksum)
            && *wanted != sum.algorithm
        {
            let message = format!(
                "Checksum Type mismatch occurred, expected checksum Type: {}, actual checksum Type: {}",
                wanted.to_lowercase(),
                sum.algorithm.to_lowercase()
            );
            return Err(errors::invalid_request(message));
        }
        let at = Part::key(&id, number);
        if let Some(before) = tx.spec(&at)? {
            blobs::release(tx, &before.blob, gone)?;
        }
        written.iter().try_for_each(|blob| receive::record(tx, blob))?;
        Ok(tx.set_spec(&at, &spec)?)
    })
    .await?;
    Ok(made)
}

/// Makes a part of an object that is there.
pub async fn part_copy(cx: Cx, s3: Arc<Storage>, input: sdk::UploadPartCopyRequest) -> Answer<sdk::UploadPartCopyOutput> {
    let number = number(input.part_number)?;
    let from = From::parse(&input.copy_source)?;
    let snapshot = s3.store.snapshot();
    find::bucket(&cx, &snapshot, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let upload = upload(&snapshot, &input.bucket, &input.key, &input.upload_id)?;
    let conditions: Conditions<'_> = source_conditions!(input);
    let (version, content, bucket) = from.open(&cx, &snapshot, input.expected_source_bucket_owner.as_ref(), &conditions)?;
    let range = match (range::wanted(input.copy_source_range.as_deref(), content.size), &input.copy_source_range) {
        (Wanted::Whole, None) => 0..content.size,
        (Wanted::Part(range), _) => range,
        (_, given) => {
            let given = given.clone().unwrap_or_default();
            return Err(errors::invalid_argument(
                "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the zero-based offsets of the first and last bytes to copy",
                "x-amz-copy-source-range",
                given,
            ));
        }
    };
    if range.end - range.start > receive::LARGEST {
        return Err(errors::too_large(range.end - range.start, receive::LARGEST));
    }
    let algorithm = upload.algorithm.as_deref().and_then(Algorithm::of).unwrap_or(Algorithm::Crc64Nvme);
    let from_key = encryption::open(&cx, &snapshot, &content, encryption::source_key!(input))?;
    let key = encryption::open_upload(&cx, &snapshot, draft(&upload)?, encryption::own_key!(input))?;
    let mut source = Source::new(&s3.blobs, &snapshot, &content.blob, range, from_key.as_ref())?;
    let mut writer = Writer::new(&s3.blobs, &cx.env, Some(algorithm), key.as_ref());
    while let Some(piece) = source.next().await.map_err(errors::disk)? {
        writer.write(&piece).await.map_err(errors::disk)?;
    }
    let written = writer.finish().await.map_err(errors::disk)?;
    let checksum = written.checksum.as_deref().map(|bytes| checksum::full(algorithm, bytes));
    let received = Received { written, checksum };
    let opaque = encryption::is_opaque(draft(&upload)?.seal.as_ref());
    let place = (input.bucket, input.key, input.upload_id);
    let part = keep(&cx, &s3, place, number, opaque, received).await?;
    let mut result = sdk::CopyPartResult {
        e_tag: Some(format!("\"{}\"", part.etag)),
        last_modified: Some(Time(part.modified.0)),
        ..Default::default()
    };
    digest::show!(result, part.checksum.as_ref());
    let mut output = sdk::UploadPartCopyOutput {
        copy_part_result: Some(result),
        copy_source_version_id: put::shown_id(&bucket, &version),
        ..Default::default()
    };
    encryption::show!(output, draft(&upload)?.seal.as_ref());
    encryption::show_customer!(output, encryption::own_key!(input).key()?);
    Ok(output)
}

/// The parts that are there, by number.
fn parts(read: &impl Read, id: &str) -> Answer<BTreeMap<u32, Arc<PartSpec>>> {
    let found = read.specs::<Part>(Scope::Prefix(&records::account(), &Region::global(), &format!("{id}/")))?;
    let number = |key: &Key<Part>| key.id.rsplit('/').next().and_then(|text| text.parse().ok());
    Ok(found.into_iter().filter_map(|(key, spec)| Some((number(&key)?, spec))).collect())
}

/// Makes an object of the parts.
pub async fn complete(
    cx: Cx,
    s3: Arc<Storage>,
    input: sdk::CompleteMultipartUploadRequest,
) -> Answer<sdk::CompleteMultipartUploadOutput> {
    let location =
        format!("http://{}/{}/{}", cx.endpoint, input.bucket, wire::protocol::uri::encode(&input.key).replace("%2F", "/"));
    let writes = put::Writes { matches: input.if_match.clone(), none_matches: input.if_none_match.clone() };
    let (name, key) = (input.bucket.clone(), input.key.clone());
    let done = s3.commit(Vec::new(), move |tx, _, gone| {
        let bucket = find::bucket(&cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
        let found = upload(tx, &input.bucket, &input.key, &input.upload_id)?;
        encryption::open_completion(&cx, tx, draft(&found)?, encryption::own_key!(input))?;
        let chosen = chosen(tx, &input, &found)?;
        writes.check(tx, &input.bucket, &input.key)?;
        let content = join(tx, &cx, &found, &chosen, &input)?;
        end(tx, (&input.bucket, &input.key, &input.upload_id), Some(&chosen), gone)?;
        let draft = VersionSpec { content: Some(content), ..found.draft.clone() };
        let place = Place { name: &input.bucket, bucket: &bucket, key: &input.key };
        let event = ("ObjectCreated:CompleteMultipartUpload", "CompleteMultipartUpload");
        put::create(tx, &cx, place, draft, event, gone)
    });
    let (made, bucket) = done.await?;
    let content = made.content.as_ref();
    let mut output = sdk::CompleteMultipartUploadOutput {
        location: Some(location),
        bucket: Some(name),
        key: Some(key),
        e_tag: content.map(|content| format!("\"{}\"", content.etag)),
        version_id: put::shown_id(&bucket, &made),
        ..Default::default()
    };
    encryption::show!(output, content.and_then(|content| content.seal.as_ref()));
    let checksum = content.and_then(|content| content.checksum.as_ref());
    digest::show!(output, checksum);
    output.checksum_type = digest::kind(checksum);
    Ok(output)
}

type Chosen = Vec<(u32, Arc<PartSpec>)>;

/// The parts that the request names, which have to be there as it says, in order, and large enough.
fn chosen(tx: &Tx, input: &sdk::CompleteMultipartUploadRequest, upload: &UploadSpec) -> Answer<Chosen> {
    let named = input.multipart_upload.as_ref().and_then(|it| it.parts.as_ref()).filter(|parts| !parts.is_empty());
    let named = named.ok_or_else(errors::malformed_xml)?;
    let there = parts(tx, &input.upload_id)?;
    let mut chosen: Chosen = Vec::with_capacity(named.len());
    for one in named {
        let number = number(one.part_number.unwrap_or_default())?;
        if chosen.last().is_some_and(|(last, _)| *last >= number) {
            let message =
                "The list of parts was not in ascending order. The parts list must be specified in order by part number.";
            return Err(Fault::client("InvalidPartOrder", message).with("UploadId", Value::Str(input.upload_id.clone())));
        }
        let part = there.get(&number).filter(|part| one.e_tag.as_deref().is_some_and(|etag| etag.trim_matches('"') == part.etag));
        let part = part.ok_or_else(|| invalid_part(&input.upload_id, number))?;
        for (algorithm, value) in digest::given!(one) {
            if part.checksum.as_ref().is_some_and(|sum| sum.algorithm == algorithm && sum.value != value) {
                return Err(invalid_part(&input.upload_id, number));
            }
        }
        if upload.composite && upload.algorithm.is_some() && digest::given!(one).is_empty() {
            let sum = upload.algorithm.as_deref().unwrap_or_default().to_ascii_lowercase();
            return Err(errors::invalid_request(format!(
                "The upload was created using a {sum} checksum. The complete request must include the checksum for each part. It was missing for part {number} in the request."
            )));
        }
        chosen.push((number, part.clone()));
    }
    let small = chosen.iter().rev().skip(1).find(|(_, part)| part.size < LEAST_PART);
    if let Some((number, part)) = small {
        let fault = Fault::client("EntityTooSmall", "Your proposed upload is smaller than the minimum allowed size");
        let fault = fault
            .with("ProposedSize", Value::Str(part.size.to_string()))
            .with("MinSizeAllowed", Value::Str(LEAST_PART.to_string()));
        return Err(fault.with("PartNumber", Value::Str(number.to_string())).with("ETag", Value::Str(part.etag.clone())));
    }
    Ok(chosen)
}

fn invalid_part(upload: &str, number: u32) -> Fault {
    let message = "One or more of the specified parts could not be found.  The part may not have been uploaded, or the specified entity tag may not match the part's entity tag.";
    Fault::client("InvalidPart", message)
        .with("UploadId", Value::Str(upload.into()))
        .with("PartNumber", Value::Str(number.to_string()))
}

/// The content that the parts are together: a blob that refers to theirs.
fn join(
    tx: &mut Tx,
    cx: &Cx,
    upload: &UploadSpec,
    chosen: &Chosen,
    input: &sdk::CompleteMultipartUploadRequest,
) -> Answer<Content> {
    let size: u64 = chosen.iter().map(|(_, part)| part.size).sum();
    if input.mpu_object_size.is_some_and(|stated| u64::try_from(stated) != Ok(size)) {
        return Err(errors::invalid_request(format!(
            "The provided 'x-amz-mp-object-size' header value {} does not match what was computed: {size}",
            input.mpu_object_size.unwrap_or_default()
        )));
    }
    let checksum = whole_checksum(upload, chosen)?;
    if let Some((algorithm, value)) = digest::one(digest::given!(input))?
        && checksum.as_ref().is_some_and(|sum| sum.algorithm == algorithm.name() && sum.value != value)
    {
        return Err(errors::bad_digest(algorithm.name()));
    }
    let algorithm = upload.algorithm.as_deref();
    let piece = |(number, part): &(u32, Arc<PartSpec>)| {
        let sum = part.checksum.as_ref().filter(|sum| Some(sum.algorithm.as_str()) == algorithm);
        Piece(part.blob.clone(), part.size, *number, sum.map(|sum| sum.value.clone()).unwrap_or_default())
    };
    let blob = cx.env.hex(32);
    let place = At::Parts(chosen.iter().map(piece).collect());
    tx.create(&records::key::<Blob>(&blob), &BlobSpec { references: 1, place })?;
    let draft = upload.draft.content.as_ref();
    Ok(Content {
        blob,
        size,
        etag: etag(chosen),
        checksum,
        class: draft.map(|draft| draft.class.clone()).unwrap_or_default(),
        headers: draft.map(|draft| draft.headers.clone()).unwrap_or_default(),
        seal: draft.and_then(|draft| draft.seal.clone()),
    })
}

/// The MD5 of the parts' MD5s, and how many there are.
fn etag(chosen: &Chosen) -> String {
    let mut md5 = Md5::new();
    for (_, part) in chosen {
        md5.update(hex::decode(&part.etag).unwrap_or_default());
    }
    format!("{}-{}", hex::encode(md5.finalize()), chosen.len())
}

fn whole_checksum(upload: &UploadSpec, chosen: &Chosen) -> Answer<Option<Checksum>> {
    let algorithm = upload.algorithm.as_deref().and_then(Algorithm::of).unwrap_or(Algorithm::Crc64Nvme);
    let sums = chosen.iter().map(|(_, part)| {
        let sum = part.checksum.as_ref().filter(|sum| sum.algorithm == algorithm.name())?;
        Some((STANDARD.decode(&sum.value).ok()?, part.size))
    });
    // Parts that came with another checksum than the default have none of the whole.
    let Some(sums) = sums.collect::<Option<Vec<_>>>() else { return Ok(None) };
    if upload.composite {
        let sums: Vec<Vec<u8>> = sums.into_iter().map(|(sum, _)| sum).collect();
        return Ok(Some(checksum::composite(algorithm, &sums)));
    }
    Ok(checksum::joined(algorithm, &sums))
}

/// Ends an upload: what isn't a part of the object goes.
pub fn end(tx: &mut Tx, (bucket, key, id): (&str, &str, &str), kept: Option<&Chosen>, gone: &mut Vec<String>) -> Answer<()> {
    tx.delete(&Upload::key(bucket, key, id))?;
    for (number, part) in parts(tx, id)? {
        tx.delete(&Part::key(id, number))?;
        if !kept.is_some_and(|kept| kept.iter().any(|(chosen, _)| *chosen == number)) {
            blobs::release(tx, &part.blob, gone)?;
        }
    }
    Ok(())
}

/// Gives an upload up.
pub async fn abort(cx: Cx, s3: Arc<Storage>, input: sdk::AbortMultipartUploadRequest) -> Answer<sdk::AbortMultipartUploadOutput> {
    s3.commit(Vec::new(), move |tx, _, gone| {
        find::bucket(&cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
        let found = upload(tx, &input.bucket, &input.key, &input.upload_id)?;
        let other = |time: Time| time.0.div_euclid(1000) != found.initiated.0.div_euclid(1000);
        if input.if_match_initiated_time.is_some_and(other) {
            return Err(errors::precondition("x-amz-if-match-initiated-time"));
        }
        end(tx, (&input.bucket, &input.key, &input.upload_id), None, gone)
    })
    .await?;
    Ok(sdk::AbortMultipartUploadOutput::default())
}

/// Lists the parts of an upload.
pub fn list_parts(cx: &Cx, tx: &mut Tx, input: &sdk::ListPartsRequest) -> Answer<sdk::ListPartsOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let found = upload(tx, &input.bucket, &input.key, &input.upload_id)?;
    let most = input.max_parts.unwrap_or(1000).clamp(0, 1000);
    let after = u32::try_from(input.part_number_marker.unwrap_or_default()).unwrap_or_default();
    let all: Vec<_> = parts(tx, &input.upload_id)?.into_iter().filter(|(number, _)| *number > after).collect();
    let shown = &all[..all.len().min(usize::try_from(most).unwrap_or_default())];
    let part = |(number, part): &(u32, Arc<PartSpec>)| {
        let mut shown = sdk::Part {
            part_number: i32::try_from(*number).ok(),
            last_modified: Some(Time(part.modified.0)),
            e_tag: Some(format!("\"{}\"", part.etag)),
            size: i64::try_from(part.size).ok(),
            ..Default::default()
        };
        digest::show!(shown, part.checksum.as_ref().filter(|sum| found.algorithm.as_ref() == Some(&sum.algorithm)));
        shown
    };
    let last = shown.last().and_then(|(number, _)| i32::try_from(*number).ok());
    let owner = crate::s3::acl::owner(&bucket.owner);
    Ok(sdk::ListPartsOutput {
        bucket: Some(input.bucket.clone()),
        key: Some(input.key.clone()),
        upload_id: Some(input.upload_id.clone()),
        part_number_marker: Some(input.part_number_marker.unwrap_or_default()),
        next_part_number_marker: Some(last.unwrap_or_default()),
        max_parts: Some(most),
        is_truncated: Some(shown.len() < all.len()),
        parts: Some(shown.iter().map(part).collect()),
        initiator: Some(initiator(&found)),
        owner: Some(owner),
        storage_class: found.draft.content.as_ref().and_then(|content| sdk::StorageClass::parse(&content.class)),
        checksum_algorithm: found.algorithm.as_deref().and_then(sdk::ChecksumAlgorithm::parse),
        checksum_type: found.algorithm.as_ref().map(|_| kind(found.composite)),
        ..Default::default()
    })
}

/// Who has begun an upload, as answers show it.
pub fn initiator(upload: &UploadSpec) -> sdk::Initiator {
    let id = hex::encode(hash::digest(&hash::SHA256, upload.initiator.as_bytes()));
    let shown = if upload.initiator.ends_with(":root") { id } else { upload.initiator.clone() };
    sdk::Initiator { id: Some(shown), display_name: None }
}

//! Layers: whether they are there, and their uploading in parts.

use super::{
    super::{
        Ecr, errors, find, layers,
        token::{Opens, Pass},
    },
    registry,
};
use api::ecr as sdk;
use front::{Answer, Cx};
use futures::stream;
use logic::image_reference::is_digest;
use model::{Key, ecr::Upload};
use spine::{Read, Tx};
use std::{convert::Infallible, sync::Arc, time::Duration};

/// How large clients are told to make the parts of a layer.
const PART_SIZE: i64 = 10 << 20;
/// How small a part may be that is not the last (Amazon ECR API reference, `LayerPartTooSmallException`).
const SMALLEST_PART: u64 = 5 << 20;
/// For how long a download address is good (Amazon ECR API reference, `GetDownloadUrlForLayer`).
const DOWNLOAD_VALID: Duration = Duration::from_secs(3600);

pub fn check(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::BatchCheckLayerAvailabilityRequest,
) -> Answer<sdk::BatchCheckLayerAvailabilityResponse> {
    let (repository, _) = find::repository(cx, tx, &input.registry_id, &input.repository_name)?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for digest in &input.layer_digests {
        if !is_digest(digest) {
            failures.push(sdk::LayerFailure {
                layer_digest: Some(digest.clone()),
                failure_code: Some(sdk::LayerFailureCode::InvalidLayerDigest),
                failure_reason: Some(
                    "Invalid request parameters: layer digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'".into(),
                ),
            });
            continue;
        }
        let layer = tx.spec(&repository.layer(digest))?;
        let availability = if layer.is_some() { sdk::LayerAvailability::Available } else { sdk::LayerAvailability::Unavailable };
        found.push(sdk::Layer {
            layer_digest: Some(digest.clone()),
            layer_availability: Some(availability),
            layer_size: layer.and_then(|layer| i64::try_from(layer.size).ok()),
            media_type: None,
        });
    }
    Ok(sdk::BatchCheckLayerAvailabilityResponse { layers: Some(found), failures: Some(failures) })
}

pub fn initiate(cx: &Cx, tx: &mut Tx, input: &sdk::InitiateLayerUploadRequest) -> Answer<sdk::InitiateLayerUploadResponse> {
    let (repository, _) = find::repository(cx, tx, &input.registry_id, &input.repository_name)?;
    let id = cx.env.uuid();
    layers::begin(tx, &repository, &id, cx.now)?;
    Ok(sdk::InitiateLayerUploadResponse { upload_id: Some(id), part_size: Some(PART_SIZE) })
}

pub async fn upload_part(cx: Cx, ecr: Arc<Ecr>, input: sdk::UploadLayerPartRequest) -> Answer<sdk::UploadLayerPartResponse> {
    let upload = upload(&cx, &ecr, &input.registry_id, &input.repository_name, &input.upload_id)?;
    let length = input.layer_part_blob.len() as i64;
    let stated = input.part_last_byte.checked_sub(input.part_first_byte).and_then(|length| length.checked_add(1));
    if stated != Some(length) || length == 0 {
        return Err(errors::invalid(
            "Invalid parameter: 'layerPartBlob' does not have the length that 'partFirstByte' and 'partLastByte' say",
        ));
    }
    let staged = ecr.blobs.upload(&input.upload_id)?;
    let received = staged.received().await?;
    if u64::try_from(input.part_first_byte) != Ok(received) {
        return Err(errors::layer_part(&upload, received));
    }
    let received = staged.append(stream::iter([Ok::<_, Infallible>(input.layer_part_blob)])).await?;
    ecr.store.transact(|tx| remember_part(tx, &upload, length as u64)).await?;
    Ok(sdk::UploadLayerPartResponse {
        registry_id: Some(upload.account.to_string()),
        repository_name: Some(input.repository_name),
        upload_id: Some(input.upload_id),
        last_byte_received: Some(i64::try_from(received).unwrap_or(i64::MAX) - 1),
    })
}

/// A part that turns out not to be the last has to be large enough.
fn remember_part(tx: &mut Tx, upload: &Key<Upload>, length: u64) -> Answer<()> {
    layers::under_way(tx, upload)?;
    Ok(tx.update_spec(upload, |spec| {
        spec.short_part = spec.short_part.or(spec.last_part.filter(|last| *last < SMALLEST_PART));
        spec.last_part = Some(length);
    })?)
}

pub async fn complete(cx: Cx, ecr: Arc<Ecr>, input: sdk::CompleteLayerUploadRequest) -> Answer<sdk::CompleteLayerUploadResponse> {
    let upload = upload(&cx, &ecr, &input.registry_id, &input.repository_name, &input.upload_id)?;
    let digest = input.layer_digests.iter().find(|digest| is_digest(digest));
    let digest = digest.ok_or_else(|| {
        errors::invalid("Invalid parameter at 'layerDigests' failed to satisfy constraint: 'a sha256 digest is required'")
    })?;
    let snapshot = ecr.store.snapshot();
    if snapshot.exists(&upload.repository().layer(digest))? {
        return Err(errors::layer_exists(&upload.repository(), digest));
    }
    if let Some(short) = snapshot.spec(&upload)?.and_then(|spec| spec.short_part) {
        return Err(errors::part_too_small(short, SMALLEST_PART));
    }
    let staged = ecr.blobs.upload(&input.upload_id)?;
    if staged.received().await? == 0 {
        return Err(errors::empty_upload(&upload));
    }
    layers::finish(&ecr, &upload, staged, digest).await?;
    Ok(sdk::CompleteLayerUploadResponse {
        registry_id: Some(upload.account.to_string()),
        repository_name: Some(input.repository_name),
        upload_id: Some(input.upload_id),
        layer_digest: Some(digest.clone()),
    })
}

fn upload(cx: &Cx, ecr: &Ecr, registry_id: &Option<String>, name: &str, id: &str) -> Answer<Key<Upload>> {
    let snapshot = ecr.store.snapshot();
    let (repository, _) = find::repository(cx, &snapshot, registry_id, name)?;
    let upload = repository.upload(id);
    layers::under_way(&snapshot, &upload)?;
    Ok(upload)
}

/// The address is one of the registry's own, with a password in it that opens nothing but the layer.
pub fn download_url(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::GetDownloadUrlForLayerRequest,
) -> Answer<sdk::GetDownloadUrlForLayerResponse> {
    let (repository, _) = find::repository(cx, tx, &input.registry_id, &input.repository_name)?;
    let digest = &input.layer_digest;
    if !tx.exists(&repository.layer(digest))? {
        return Err(errors::no_layer(&repository, digest));
    }
    let opens = Opens::Blob { repository: repository.id.clone(), digest: digest.clone() };
    let (registry, region) = (repository.account.clone(), repository.region.clone());
    let password = Pass { registry, region, expires_at: cx.now + DOWNLOAD_VALID, opens }.seal(&registry::secret(cx, tx)?);
    let url = format!("http://{}/v2/{}/blobs/{digest}?password={password}", cx.endpoint, repository.id);
    Ok(sdk::GetDownloadUrlForLayerResponse { download_url: Some(url), layer_digest: Some(digest.clone()) })
}

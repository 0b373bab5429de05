//! Images: by digest, by tag, and in lists.

use super::super::{
    Ecr, errors, find,
    images::{self, Failure, Push},
    page::{self, Asked, page},
    views,
};
use api::ecr as sdk;
use front::{Answer, Cx};
use logic::image_reference::is_digest;
use model::{
    Key,
    ecr::{ImageSpec, Repository, blob_namespace},
};
use spine::{Read, Tx};
use std::sync::Arc;

/// How many referrers a page has where the caller doesn't say (Amazon ECR API reference, `ListImageReferrers`).
const MOST_REFERRERS: i32 = 50;

pub async fn put(cx: Cx, ecr: Arc<Ecr>, input: sdk::PutImageRequest) -> Answer<sdk::PutImageResponse> {
    let (repository, _) = find::repository(&cx, &ecr.store.snapshot(), &input.registry_id, &input.repository_name)?;
    let tag = input.image_tag.as_deref();
    let stated = input.image_manifest_media_type.as_deref();
    let push = Push::read(&repository, input.image_manifest.clone().into(), stated, tag, cx.now)?;
    if let Some(stated) = input.image_digest.as_ref().filter(|stated| **stated != push.digest) {
        return Err(errors::digest_differs(stated, &push.digest));
    }
    if !push.commit(&ecr).await? {
        return Err(errors::image_exists(&repository, &push.digest, tag));
    }
    let image = views::image(&repository.image(&push.digest), &push.manifest.media_type, tag, input.image_manifest);
    Ok(sdk::PutImageResponse { image: Some(image) })
}

pub async fn batch_get(cx: Cx, ecr: Arc<Ecr>, input: sdk::BatchGetImageRequest) -> Answer<sdk::BatchGetImageResponse> {
    let snapshot = ecr.store.snapshot();
    let (repository, _) = find::repository(&cx, &snapshot, &input.registry_id, &input.repository_name)?;
    let (mut found, mut failures) = (Vec::new(), Vec::new());
    for id in input.image_ids {
        let (digest, tag) = (id.image_digest.as_deref(), id.image_tag.as_deref());
        match images::resolve(&snapshot, &repository, digest, tag)? {
            Ok(digest) => match get(&ecr, &snapshot, &repository, &digest, tag, input.accepted_media_types.as_deref()).await? {
                Ok(image) => found.push(image),
                Err(reason) => failures.push(failed(id, reason)),
            },
            Err(reason) => failures.push(failed(id, reason)),
        }
    }
    for image in found.iter().filter_map(|image| image.image_id.as_ref()?.image_digest.as_deref()) {
        images::pulled(&ecr, &repository, image, cx.now).await?;
    }
    Ok(sdk::BatchGetImageResponse { images: Some(found), failures: Some(failures) })
}

async fn get(
    ecr: &Ecr,
    read: &impl Read,
    repository: &Key<Repository>,
    digest: &str,
    tag: Option<&str>,
    accepted: Option<&[String]>,
) -> Answer<Result<sdk::Image, Failure>> {
    let key = repository.image(digest);
    let spec = read.spec(&key)?.ok_or_else(|| errors::no_image(repository, Some(digest), tag))?;
    if accepted.is_some_and(|accepted| !accepted.contains(&spec.media_type)) {
        let reason = format!("Requested image has the media type {}, which is not accepted", spec.media_type);
        return Ok(Err(Failure { code: sdk::ImageFailureCode::ImageNotFound, reason }));
    }
    let bytes = ecr.blobs.read_all(&blob_namespace(&key.account, &key.region), digest).await?;
    let manifest = String::from_utf8_lossy(&bytes).into_owned();
    Ok(Ok(views::image(&key, &spec.media_type, tag, manifest)))
}

/// A tag takes only itself away, unless it is the image's last; a digest takes the image away.
pub fn batch_delete(cx: &Cx, tx: &mut Tx, input: &sdk::BatchDeleteImageRequest) -> Answer<sdk::BatchDeleteImageResponse> {
    let (repository, _) = find::repository(cx, tx, &input.registry_id, &input.repository_name)?;
    let (mut removed, mut failures) = (Vec::new(), Vec::new());
    for id in &input.image_ids {
        let (digest, tag) = (id.image_digest.as_deref(), id.image_tag.as_deref());
        let outcome = match (images::resolve(tx, &repository, digest, tag)?, tag) {
            (Ok(digest), Some(tag)) => images::untag(tx, &repository, &digest, tag)?,
            (Ok(digest), None) => images::delete(tx, &repository, &digest)?,
            (Err(failure), _) => Err(failure),
        };
        match outcome {
            Ok(gone) => removed.extend(gone.into_iter().map(|(digest, tag)| views::image_id(&digest, tag.as_deref()))),
            Err(failure) => failures.push(failed(id.clone(), failure)),
        }
    }
    Ok(sdk::BatchDeleteImageResponse { image_ids: Some(removed), failures: Some(failures) })
}

pub fn describe(cx: &Cx, tx: &mut Tx, input: &sdk::DescribeImagesRequest) -> Answer<sdk::DescribeImagesResponse> {
    let (repository, _) = find::repository(cx, tx, &input.registry_id, &input.repository_name)?;
    let asked = Asked { token: input.next_token.as_deref(), max: input.max_results };
    page::refuse_both(asked, input.image_ids.is_some(), "imageIds")?;
    let mut found = find::images(tx, &repository)?;
    if let Some(ids) = &input.image_ids {
        let wanted = ids.iter().map(|id| existing(tx, &repository, id)).collect::<Answer<Vec<_>>>()?;
        found.retain(|image| wanted.contains(&image.digest));
    }
    let filter = input.filter.as_ref();
    found.retain(|image| {
        has_status(!image.tags.is_empty(), filter.and_then(|filter| filter.tag_status))
            && is_active(filter.and_then(|filter| filter.image_status))
    });
    let (shown, next_token) = match input.image_ids {
        Some(_) => (found, None),
        None => page(found, asked, |image| image.digest.clone())?,
    };
    let details = shown.into_iter().map(|image| views::image_detail(&repository, image)).collect();
    Ok(sdk::DescribeImagesResponse { image_details: Some(details), next_token })
}

pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListImagesRequest) -> Answer<sdk::ListImagesResponse> {
    let (repository, _) = find::repository(cx, tx, &input.registry_id, &input.repository_name)?;
    let filter = input.filter.as_ref();
    let mut ids = Vec::new();
    for image in find::images(tx, &repository)? {
        match &image.tags[..] {
            [] => ids.push((image.digest, None)),
            tags => ids.extend(tags.iter().map(|tag| (image.digest.clone(), Some(tag.clone())))),
        }
    }
    ids.retain(|(_, tag)| {
        has_status(tag.is_some(), filter.and_then(|filter| filter.tag_status))
            && is_active(filter.and_then(|filter| filter.image_status))
    });
    let asked = Asked { token: input.next_token.as_deref(), max: input.max_results };
    let (shown, next_token) = page(ids, asked, |(digest, tag)| format!("{digest} {}", tag.as_deref().unwrap_or_default()))?;
    let image_ids = shown.iter().map(|(digest, tag)| views::image_id(digest, tag.as_deref())).collect();
    Ok(sdk::ListImagesResponse { image_ids: Some(image_ids), next_token })
}

/// What refers to an image, whether or not that is there.
pub fn list_referrers(cx: &Cx, tx: &mut Tx, input: &sdk::ListImageReferrersRequest) -> Answer<sdk::ListImageReferrersResponse> {
    let (repository, _) = find::repository(cx, tx, &input.registry_id, &input.repository_name)?;
    let subject = &input.subject_id.image_digest;
    if !is_digest(subject) {
        return Err(errors::invalid(format!(
            "Invalid parameter at 'subjectId' failed to satisfy constraint: '{subject}' is not a digest"
        )));
    }
    let filter = input.filter.clone().unwrap_or_default();
    let types = filter.artifact_types.unwrap_or_default();
    let has_type = |image: &ImageSpec| types.is_empty() || image.artifact_type.as_ref().is_some_and(|one| types.contains(one));
    // Nothing is archived: everything is active.
    let active =
        matches!(filter.artifact_status, None | Some(sdk::ArtifactStatusFilter::Active | sdk::ArtifactStatusFilter::Any));
    let mut found: Vec<_> = find::image_specs(tx, &repository)?.into_iter().collect();
    found.retain(|(_, image)| active && image.subject.as_ref() == Some(subject) && has_type(image));
    let asked = Asked { token: input.next_token.as_deref(), max: input.max_results.or(Some(MOST_REFERRERS)) };
    let (shown, next_token) = page(found, asked, |(digest, _)| digest.clone())?;
    let referrers = shown.iter().map(|(digest, image)| views::referrer(digest, image)).collect();
    Ok(sdk::ListImageReferrersResponse { referrers: Some(referrers), next_token })
}

fn existing(read: &impl Read, repository: &Key<Repository>, id: &sdk::ImageIdentifier) -> Answer<String> {
    let (digest, tag) = (id.image_digest.as_deref(), id.image_tag.as_deref());
    images::resolve(read, repository, digest, tag)?.map_err(|failure| match failure.code {
        sdk::ImageFailureCode::ImageNotFound | sdk::ImageFailureCode::ImageTagDoesNotMatchDigest => {
            errors::no_image(repository, digest, tag)
        }
        _ => errors::invalid(failure.reason),
    })
}

fn has_status(tagged: bool, wanted: Option<sdk::TagStatus>) -> bool {
    match wanted {
        Some(sdk::TagStatus::Tagged) => tagged,
        Some(sdk::TagStatus::Untagged) => !tagged,
        Some(sdk::TagStatus::Any) | None => true,
    }
}

/// Nothing is archived: every image is active.
fn is_active(wanted: Option<sdk::ImageStatusFilter>) -> bool {
    matches!(wanted, None | Some(sdk::ImageStatusFilter::Active | sdk::ImageStatusFilter::Any))
}

fn failed(id: sdk::ImageIdentifier, failure: Failure) -> sdk::ImageFailure {
    sdk::ImageFailure { image_id: Some(id), failure_code: Some(failure.code), failure_reason: Some(failure.reason) }
}

//! What the API shows of the records.

use super::{find::Found, mutability};
use api::ecr as sdk;
use front::Cx;
use logic::image_reference::ecr_host;
use model::{
    AccountId, Key, Timestamp,
    ecr::{Image, ImageSpec, Repository, RepositorySpec},
};
use wire::Time;

/// A moment, as the API has it.
pub fn time(at: Timestamp) -> Time {
    Time(at.0)
}

/// `host:port` of an account's registry, as the client reaches it. At the cloud's own address that is every registry's: the password
/// says which is meant.
pub fn address(cx: &Cx, registry: &AccountId) -> String {
    match (ecr_host(&cx.endpoint), cx.endpoint.split_once('.')) {
        (Some(_), Some((_, rest))) => format!("{registry}.{rest}"),
        _ => cx.endpoint.clone(),
    }
}

/// A repository, with the address that its images are pushed to.
pub fn repository(cx: &Cx, key: &Key<Repository>, spec: &RepositorySpec) -> sdk::Repository {
    sdk::Repository {
        repository_arn: Some(key.arn().to_string()),
        registry_id: Some(key.account.to_string()),
        repository_name: Some(key.id.clone()),
        repository_uri: Some(format!("{}/{}", address(cx, &key.account), key.id)),
        created_at: Some(time(spec.created_at)),
        image_tag_mutability: Some(mutability::setting(&spec.mutability)),
        image_tag_mutability_exclusion_filters: mutability::filters(&spec.mutability),
        image_scanning_configuration: Some(sdk::ImageScanningConfiguration { scan_on_push: Some(false) }),
        encryption_configuration: Some(sdk::EncryptionConfiguration {
            encryption_type: sdk::EncryptionType::Aes256,
            kms_key: None,
        }),
    }
}

/// An image in `DescribeImages`.
pub fn image_detail(repository: &Key<Repository>, found: Found) -> sdk::ImageDetail {
    let spec = &found.row.spec;
    sdk::ImageDetail {
        registry_id: Some(repository.account.to_string()),
        repository_name: Some(repository.id.clone()),
        image_digest: Some(found.digest),
        image_tags: (!found.tags.is_empty()).then_some(found.tags),
        image_size_in_bytes: i64::try_from(spec.size).ok(),
        image_pushed_at: Some(time(spec.pushed_at)),
        image_manifest_media_type: Some(spec.media_type.clone()),
        artifact_media_type: spec.artifact_type.clone(),
        last_recorded_pull_time: found.row.observed.pulled_at.map(time),
        subject_manifest_digest: spec.subject.clone(),
        image_status: Some(sdk::ImageStatus::Active),
        ..Default::default()
    }
}

/// An image with its manifest.
pub fn image(key: &Key<Image>, media_type: &str, tag: Option<&str>, manifest: String) -> sdk::Image {
    sdk::Image {
        registry_id: Some(key.account.to_string()),
        repository_name: Some(key.repository().id),
        image_id: Some(image_id(key.own_id(), tag)),
        image_manifest: Some(manifest),
        image_manifest_media_type: Some(media_type.to_owned()),
    }
}

/// A name of an image.
pub fn image_id(digest: &str, tag: Option<&str>) -> sdk::ImageIdentifier {
    sdk::ImageIdentifier { image_digest: Some(digest.to_owned()), image_tag: tag.map(str::to_owned) }
}

/// An image in `ListImageReferrers`.
pub fn referrer(digest: &str, image: &ImageSpec) -> sdk::ImageReferrer {
    sdk::ImageReferrer {
        digest: digest.to_owned(),
        media_type: image.media_type.clone(),
        artifact_type: image.artifact_type.clone(),
        size: i64::try_from(image.manifest_size).unwrap_or(i64::MAX),
        annotations: (!image.annotations.is_empty()).then(|| image.annotations.clone()),
        artifact_status: Some(sdk::ArtifactStatus::Active),
    }
}

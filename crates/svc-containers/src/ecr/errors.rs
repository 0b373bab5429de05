//! Everything that ECR refuses, in its words (Amazon ECR API reference, "Common Errors" and the errors of each action).

use super::blobs::BlobError;
use model::{
    Key,
    ecr::{Repository, Upload},
};
use wire::{Fault, Value};

/// The most tags that a resource may have.
pub const MOST_TAGS: usize = 50;

pub fn invalid(text: impl Into<String>) -> Fault {
    Fault::client("InvalidParameterException", text)
}

/// A parameter that would have no effect.
pub fn not_built(parameter: &str) -> Fault {
    Fault::not_implemented(format_args!("The parameter {parameter} of ECR"))
}

pub fn no_repository(key: &Key<Repository>) -> Fault {
    let text = format!("The repository with name '{}' does not exist in the registry with id '{}'", key.id, key.account);
    Fault::client("RepositoryNotFoundException", text)
}

pub fn repository_exists(key: &Key<Repository>) -> Fault {
    let text = format!("The repository with name '{}' already exists in the registry with id '{}'", key.id, key.account);
    Fault::client("RepositoryAlreadyExistsException", text)
}

pub fn repository_not_empty(key: &Key<Repository>) -> Fault {
    let (name, account) = (&key.id, &key.account);
    let text = format!(
        "The repository with name '{name}' in registry with id '{account}' cannot be deleted because it still contains images"
    );
    Fault::client("RepositoryNotEmptyException", text)
}

fn bad_policy(constraint: &str) -> Fault {
    invalid(format!("Invalid parameter at 'PolicyText' failed to satisfy constraint: '{constraint}'"))
}

/// A document that can't be a repository's policy.
pub fn invalid_policy() -> Fault {
    bad_policy("Invalid repository policy provided")
}

/// A policy under which its writer could set no other.
pub fn lockout() -> Fault {
    bad_policy("The policy would prevent you from setting another policy in the future; use 'force' to set it nevertheless")
}

pub fn no_policy(key: &Key<Repository>) -> Fault {
    let text = format!(
        "Repository policy does not exist for the repository with name '{}' in the registry with id '{}'",
        key.id, key.account
    );
    Fault::client("RepositoryPolicyNotFoundException", text)
}

pub fn no_image(key: &Key<Repository>, digest: Option<&str>, tag: Option<&str>) -> Fault {
    let shown = |part: Option<&str>| part.unwrap_or("null").to_owned();
    let text = format!(
        "The image with imageId {{imageDigest:'{}', imageTag:'{}'}} does not exist within the repository with name '{}' in the registry with id '{}'",
        shown(digest),
        shown(tag),
        key.id,
        key.account
    );
    Fault::client("ImageNotFoundException", text)
}

pub fn image_exists(key: &Key<Repository>, digest: &str, tag: Option<&str>) -> Fault {
    let text = format!(
        "Image with digest '{digest}' and tag '{}' already exists in the repository with name '{}' in registry with id '{}'",
        tag.unwrap_or("null"),
        key.id,
        key.account
    );
    Fault::client("ImageAlreadyExistsException", text)
}

pub fn tag_exists(key: &Key<Repository>, tag: &str) -> Fault {
    let text = format!(
        "The image tag '{tag}' already exists in the '{}' repository and cannot be overwritten because the tag is immutable.",
        key.id
    );
    Fault::client("ImageTagAlreadyExistsException", text)
}

pub fn digest_differs(stated: &str, found: &str) -> Fault {
    let text =
        format!("The image digest '{stated}' does not match the digest '{found}' that was calculated for the image manifest");
    Fault::client("ImageDigestDoesNotMatchException", text)
}

pub fn layers_missing(key: &Key<Repository>, digests: &[&str]) -> Fault {
    Fault::client("LayersNotFoundException", missing("Layers", key, digests))
}

pub fn images_missing(key: &Key<Repository>, digests: &[&str]) -> Fault {
    Fault::client("ReferencedImagesNotFoundException", missing("Images", key, digests))
}

fn missing(what: &str, key: &Key<Repository>, digests: &[&str]) -> String {
    format!(
        "{what} with digests '[{}]' required for pushing image into repository with name '{}' in the registry with id '{}' do not exist",
        digests.join(", "),
        key.id,
        key.account
    )
}

pub fn no_layer(key: &Key<Repository>, digest: &str) -> Fault {
    let text = format!(
        "The layer with digest '{digest}' does not exist in the repository with name '{}' in the registry with id '{}'",
        key.id, key.account
    );
    Fault::client("LayersNotFoundException", text)
}

pub fn layer_exists(key: &Key<Repository>, digest: &str) -> Fault {
    let text = format!(
        "The layer with digest '{digest}' already exists in the repository with name '{}' in registry with id '{}'",
        key.id, key.account
    );
    Fault::client("LayerAlreadyExistsException", text)
}

pub fn no_upload(key: &Key<Upload>) -> Fault {
    let text = format!(
        "Upload with id '{}' could not be found in the repository with name '{}' in registry with id '{}'",
        key.own_id(),
        key.repository().id,
        key.account
    );
    Fault::client("UploadNotFoundException", text)
}

/// A part that doesn't begin where the last one ended.
pub fn layer_part(key: &Key<Upload>, received: u64) -> Fault {
    let last = i64::try_from(received).unwrap_or(i64::MAX) - 1;
    Fault::client("InvalidLayerPartException", format!("Layer part upload must continue after the last byte received, {last}"))
        .with("registryId", Value::Str(key.account.to_string()))
        .with("repositoryName", Value::Str(key.repository().id))
        .with("uploadId", Value::Str(key.own_id().to_owned()))
        .with("lastValidByteReceived", Value::Int(last))
}

pub fn part_too_small(found: u64, least: u64) -> Fault {
    let text = format!("Layer parts must be at least {least} bytes in size; a part before the last one has {found} bytes");
    Fault::client("LayerPartTooSmallException", text)
}

pub fn empty_upload(key: &Key<Upload>) -> Fault {
    Fault::client("EmptyUploadException", format!("The upload with id '{}' contains no layer parts", key.own_id()))
}

pub fn invalid_layer(stated: &str) -> Fault {
    Fault::client("InvalidLayerException", format!("The layer digest '{stated}' does not match the digest of the uploaded layer"))
}

pub fn too_many_tags() -> Fault {
    Fault::client("TooManyTagsException", format!("A resource can have at most {MOST_TAGS} tags"))
}

pub fn invalid_tag(text: impl Into<String>) -> Fault {
    Fault::client("InvalidTagParameterException", text)
}

impl From<BlobError> for Fault {
    fn from(error: BlobError) -> Fault {
        let text = error.to_string();
        match error {
            BlobError::Busy => Fault::client("InvalidParameterException", text),
            BlobError::DiskFull => Fault { message: text, ..Fault::internal("the disk is full") }.status(507),
            BlobError::Broken(_) => Fault::client("InvalidParameterException", text),
            BlobError::Missing(_) | BlobError::Io(_) => Fault::internal(text),
        }
    }
}

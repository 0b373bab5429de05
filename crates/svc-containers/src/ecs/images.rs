//! Where the image of a container comes from: the cloud's own registry, as its records say, or some other.

use agent_proto::workload::ImageSource;
use logic::image_reference::{OwnImage, Version, own_registry};
use model::{
    AccountId, Key, Region,
    ecr::{Repository, blob_namespace},
};
use spine::{Read, StoreError};

/// The source of an image that a task of the account in the region names; `endpoint` is the cloud's own `host:port`. Images of other
/// accounts are for those alone whose execution role has been found to be allowed to pull them (`by_role`).
pub fn source(
    read: &impl Read,
    reference: &str,
    endpoint: &str,
    (account, region): (&AccountId, &Region),
    by_role: bool,
) -> Result<ImageSource, StoreError> {
    match own_registry(reference, endpoint, account, region) {
        Some(own) if by_role || own.account == *account => own_image(read, reference, &own),
        Some(_) => Ok(unresolved(reference, "pull access denied, repository does not exist or may require authorization")),
        None => Ok(ImageSource::Remote { credentials: None }),
    }
}

fn own_image(read: &impl Read, reference: &str, own: &OwnImage) -> Result<ImageSource, StoreError> {
    let repository = Key::<Repository>::new(&own.account, &own.region, own.repository.clone());
    if !read.exists(&repository)? {
        let reason = format!(
            "name unknown: The repository with name '{}' does not exist in the registry with id '{}'",
            own.repository, own.account
        );
        return Ok(unresolved(reference, &reason));
    }
    let digest = match &own.version {
        Version::Digest(digest) => Some(digest.clone()),
        Version::Tag(tag) => read.spec(&repository.tag(tag))?.map(|tag| tag.digest.clone()),
    };
    let there = digest.as_ref().map(|digest| read.exists(&repository.image(digest))).transpose()?.unwrap_or(false);
    match digest.filter(|_| there) {
        Some(digest) => Ok(ImageSource::Registry { namespace: blob_namespace(&own.account, &own.region), digest }),
        None => Ok(unresolved(reference, "not found")),
    }
}

fn unresolved(reference: &str, why: &str) -> ImageSource {
    let reason = format!(
        "CannotPullContainerError: pull image manifest has been retried 1 time(s): failed to resolve ref {reference}: {why}"
    );
    ImageSource::Unresolved { reason }
}

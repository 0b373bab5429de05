//! From the names in a request to records.

use super::errors;
use front::{Answer, Cx};
use model::{
    AccountId, Arn, Key,
    ecr::{Image, ImageSpec, ImageTag, Repository, RepositorySpec},
};
use spine::{Read, Row, Scope};
use std::{collections::BTreeMap, sync::Arc};
use wire::Fault;

/// The repository that a request names, which has to exist.
pub fn repository(
    cx: &Cx,
    read: &impl Read,
    registry_id: &Option<String>,
    name: &str,
) -> Answer<(Key<Repository>, Arc<RepositorySpec>)> {
    let key = key(cx, registry_id, name)?;
    let spec = existing(read, &key)?;
    Ok((key, spec))
}

/// The repository that a request names, whether or not it exists. It may be in any account's registry: the policies decide.
pub fn key(cx: &Cx, registry_id: &Option<String>, name: &str) -> Result<Key<Repository>, Fault> {
    Ok(Key::new(&registry(cx, registry_id)?, &cx.region, name))
}

/// The account of the registry that a request names, else the caller's own.
pub fn registry(cx: &Cx, registry_id: &Option<String>) -> Result<AccountId, Fault> {
    let malformed = |_| {
        errors::invalid(
            "Invalid parameter at 'registryId' failed to satisfy constraint: 'Member must satisfy regular expression pattern: [0-9]{12}'",
        )
    };
    registry_id.as_ref().map_or_else(|| Ok(cx.account.clone()), |id| AccountId::parse(id).map_err(malformed))
}

/// The repository of a key.
pub fn existing(read: &impl Read, key: &Key<Repository>) -> Answer<Arc<RepositorySpec>> {
    read.spec(key)?.ok_or_else(|| errors::no_repository(key))
}

/// The repository that an ARN names, which has to exist.
pub fn by_arn(cx: &Cx, read: &impl Read, arn: &str) -> Answer<(Key<Repository>, Arc<RepositorySpec>)> {
    let key = key_of_arn(cx, arn)?;
    let spec = existing(read, &key)?;
    Ok((key, spec))
}

/// The repository that an ARN names. The ARN has to be the one that the repository is known by, so that no policy is evaded by another
/// way of writing it.
pub fn key_of_arn(cx: &Cx, arn: &str) -> Result<Key<Repository>, Fault> {
    let parsed = arn.parse::<Arn>().ok();
    let named = parsed.as_ref().and_then(|arn| Some((arn, arn.resource_id("ecr", "repository")?)));
    let key = named.and_then(|(arn, name)| key(cx, &Some(arn.account.clone()), name).ok());
    key.filter(|key| Some(key.arn()) == parsed).ok_or_else(|| {
        errors::invalid(format!(
            "Invalid parameter at 'resourceArn' failed to satisfy constraint: '{arn}' is not the ARN of a repository"
        ))
    })
}

/// An image with its tags, ordered.
pub struct Found {
    /// The image's digest.
    pub digest: String,
    /// Its record.
    pub row: Row<Image>,
    /// Its tags.
    pub tags: Vec<String>,
}

/// The images of a repository, ordered by digest.
pub fn images(read: &impl Read, repository: &Key<Repository>) -> Answer<Vec<Found>> {
    let mut tags = tags_by_digest(read, repository)?;
    let rows = read.list::<Image>(Scope::Prefix(&repository.account, &repository.region, &repository.children()))?;
    let found = rows.into_iter().map(|(key, row)| {
        let digest = key.own_id().to_owned();
        let tags = tags.remove(&digest).unwrap_or_default();
        Found { digest, row, tags }
    });
    Ok(found.collect())
}

/// The specs of a repository's images by digest. A transaction that reads only these isn't overtaken by pulls.
pub fn image_specs(read: &impl Read, repository: &Key<Repository>) -> Answer<BTreeMap<String, Arc<ImageSpec>>> {
    let specs = read.specs::<Image>(Scope::Prefix(&repository.account, &repository.region, &repository.children()))?;
    Ok(specs.into_iter().map(|(key, spec)| (key.own_id().to_owned(), spec)).collect())
}

/// The tags of a repository with their digests, ordered.
pub fn tags(read: &impl Read, repository: &Key<Repository>) -> Answer<BTreeMap<String, String>> {
    let specs = read.specs::<ImageTag>(Scope::Prefix(&repository.account, &repository.region, &repository.tags()))?;
    Ok(specs.into_iter().map(|(key, spec)| (key.own_id().to_owned(), spec.digest.clone())).collect())
}

/// The tags of each image of a repository, ordered.
pub fn tags_by_digest(read: &impl Read, repository: &Key<Repository>) -> Answer<BTreeMap<String, Vec<String>>> {
    let mut by_digest = BTreeMap::<String, Vec<String>>::new();
    for (tag, digest) in tags(read, repository)? {
        by_digest.entry(digest).or_default().push(tag);
    }
    Ok(by_digest)
}

/// The digest that a tag stands for now.
pub fn tagged(read: &impl Read, repository: &Key<Repository>, tag: &str) -> Answer<Option<String>> {
    Ok(read.spec(&repository.tag(tag))?.map(|spec| spec.digest.clone()))
}

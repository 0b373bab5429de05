//! From the names in a request to records.

use super::errors;
use front::{Answer, Cx};
use model::{
    Arn, Key,
    ecr::{Image, ImageSpec, ImageTag, Repository, RepositorySpec},
};
use spine::{Read, Row, Scope};
use std::{collections::BTreeMap, sync::Arc};
use wire::Fault;

/// The repository that a request names, which has to exist. Only the registry of the caller's own account can be named.
pub fn repository(
    cx: &Cx,
    read: &impl Read,
    registry_id: &Option<String>,
    name: &str,
) -> Answer<(Key<Repository>, Arc<RepositorySpec>)> {
    own_registry(cx, registry_id)?;
    let key = Key::new(&cx.account, &cx.region, name);
    let spec = existing(read, &key)?;
    Ok((key, spec))
}

/// Refuses a registry that isn't the caller's.
pub fn own_registry(cx: &Cx, registry_id: &Option<String>) -> Result<(), Fault> {
    match registry_id {
        Some(id) if id != cx.account.as_str() => Err(errors::foreign_registry(&cx.principal.arn(&cx.account).to_string(), id)),
        _ => Ok(()),
    }
}

/// The repository of a key.
pub fn existing(read: &impl Read, key: &Key<Repository>) -> Answer<Arc<RepositorySpec>> {
    read.spec(key)?.ok_or_else(|| errors::no_repository(key))
}

/// The repository that an ARN names.
pub fn by_arn(cx: &Cx, read: &impl Read, arn: &str) -> Answer<(Key<Repository>, Arc<RepositorySpec>)> {
    let malformed = || {
        errors::invalid(format!(
            "Invalid parameter at 'resourceArn' failed to satisfy constraint: '{arn}' is not the ARN of a repository"
        ))
    };
    let parsed: Arn = arn.parse().map_err(|_| malformed())?;
    let name = parsed.resource_id("ecr", "repository").ok_or_else(malformed)?;
    if parsed.region != cx.region.as_str() {
        return Err(malformed());
    }
    repository(cx, read, &Some(parsed.account.clone()), name)
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

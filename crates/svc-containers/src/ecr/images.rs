//! What pushing and deleting does to a repository's images, in whichever protocol it is asked.

use super::{Ecr, blobs::digest_of, errors, find, manifest::Manifest, mutability};
use api::ecr::ImageFailureCode;
use bytes::Bytes;
use front::Answer;
use model::{
    Key, Timestamp,
    ecr::{ImageObserved, ImageSpec, ImageTagSpec, Repository, blob_namespace},
};
use spine::{Read, Tx};
use std::time::Duration;

/// How exact the time of the last pull is (Amazon ECR API reference, `lastRecordedPullTime`).
const PULL_TIMES: Duration = Duration::from_secs(24 * 3600);

/// A manifest on its way into a repository.
pub struct Push<'a> {
    /// The repository.
    pub repository: &'a Key<Repository>,
    /// The manifest as it came.
    pub bytes: Bytes,
    /// What it says.
    pub manifest: Manifest,
    /// Its digest.
    pub digest: String,
    /// The tag that it is to have.
    pub tag: Option<&'a str>,
    /// When it came.
    pub now: Timestamp,
}

impl<'a> Push<'a> {
    /// Reads a manifest that is to be pushed. `stated` is the media type that came with it.
    pub fn read(
        repository: &'a Key<Repository>,
        bytes: Bytes,
        stated: Option<&str>,
        tag: Option<&'a str>,
        now: Timestamp,
    ) -> Answer<Self> {
        let manifest = Manifest::read(&bytes, stated).map_err(|error| errors::invalid(error.to_string()))?;
        if let Some(tag) = tag.filter(|tag| !logic::image_reference::is_tag(tag)) {
            return Err(errors::invalid(format!(
                "Invalid parameter at 'imageTag' failed to satisfy constraint: '{tag}' is not a valid tag"
            )));
        }
        let digest = digest_of(&bytes);
        Ok(Self { repository, bytes, manifest, digest, tag, now })
    }

    /// Keeps the manifest and then the records. Whether anything has changed: pushing the same again doesn't.
    pub async fn commit(&self, ecr: &Ecr) -> Answer<bool> {
        self.check(&ecr.store.snapshot())?;
        let _kept = ecr.blobs.keep().await;
        let namespace = blob_namespace(&self.repository.account, &self.repository.region);
        ecr.blobs.put(&namespace, &self.digest, self.bytes.clone()).await?;
        ecr.store.transact(|tx| self.record(tx)).await
    }

    /// Whether it may be pushed.
    fn check(&self, read: &impl Read) -> Answer<()> {
        let repository = find::existing(read, self.repository)?;
        let missing = absent(&self.manifest.layers, |digest| Ok(read.exists(&self.repository.layer(digest))?))?;
        if !missing.is_empty() {
            return Err(errors::layers_missing(self.repository, &missing));
        }
        let missing = absent(&self.manifest.manifests, |digest| Ok(read.exists(&self.repository.image(digest))?))?;
        if !missing.is_empty() {
            return Err(errors::images_missing(self.repository, &missing));
        }
        let Some(tag) = self.tag else { return Ok(()) };
        let moves = find::tagged(read, self.repository, tag)?.is_some_and(|digest| digest != self.digest);
        if moves && !mutability::movable(&repository.mutability, tag) {
            return Err(errors::tag_exists(self.repository, tag));
        }
        Ok(())
    }

    fn record(&self, tx: &mut Tx) -> Answer<bool> {
        self.check(tx)?;
        let key = self.repository.image(&self.digest);
        let new = !tx.exists(&key)?;
        if new {
            let size = self.size(tx)?;
            tx.create(&key, &self.spec(size))?;
        }
        let Some(tag) = self.tag else { return Ok(new) };
        let tag_key = self.repository.tag(tag);
        let spec = ImageTagSpec { digest: self.digest.clone() };
        match tx.spec(&tag_key)? {
            Some(old) if old.digest == self.digest => Ok(new),
            Some(_) => tx.put_spec(&tag_key, &spec).map(|()| true).map_err(Into::into),
            None => tx.create(&tag_key, &spec).map(|()| true).map_err(Into::into),
        }
    }

    /// An index is as large as the largest of its images.
    fn size(&self, read: &impl Read) -> Answer<u64> {
        let mut size = self.manifest.size;
        for digest in &self.manifest.manifests {
            size = size.max(read.spec(&self.repository.image(digest))?.map_or(0, |image| image.size));
        }
        Ok(size)
    }

    fn spec(&self, size: u64) -> ImageSpec {
        let manifest = self.manifest.clone();
        ImageSpec {
            pushed_at: self.now,
            media_type: manifest.media_type,
            artifact_type: manifest.artifact_type,
            manifest_size: self.bytes.len() as u64,
            size,
            layers: manifest.layers,
            manifests: manifest.manifests,
            subject: manifest.subject,
            annotations: manifest.annotations,
        }
    }
}

fn absent(digests: &[String], there: impl Fn(&str) -> Answer<bool>) -> Answer<Vec<&str>> {
    let mut missing = Vec::new();
    for digest in digests {
        if !there(digest)? {
            missing.push(&**digest);
        }
    }
    Ok(missing)
}

/// Why one image of several was passed over.
pub struct Failure {
    /// Its kind.
    pub code: ImageFailureCode,
    /// For people.
    pub reason: String,
}

/// What was removed: digests, with the tags that went.
pub type Removed = Vec<(String, Option<String>)>;

fn failure<T>(code: ImageFailureCode, reason: impl Into<String>) -> Result<T, Failure> {
    Err(Failure { code, reason: reason.into() })
}

/// The digest of the image that a digest, a tag, or both name.
pub fn resolve(
    read: &impl Read,
    repository: &Key<Repository>,
    digest: Option<&str>,
    tag: Option<&str>,
) -> Answer<Result<String, Failure>> {
    use ImageFailureCode::{ImageNotFound, ImageTagDoesNotMatchDigest, InvalidImageDigest, MissingDigestAndTag};
    let not_found = || failure(ImageNotFound, "Requested image not found");
    if digest.is_some_and(|digest| !logic::image_reference::is_digest(digest)) {
        return Ok(failure(
            InvalidImageDigest,
            "Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'",
        ));
    }
    let tagged = match tag {
        Some(tag) => find::tagged(read, repository, tag)?,
        None => None,
    };
    Ok(match (digest, tag, tagged) {
        (None, None, _) => failure(MissingDigestAndTag, "Invalid request parameters: both tag and digest cannot be null"),
        (None, Some(_), Some(tagged)) => Ok(tagged),
        (Some(digest), Some(_), Some(tagged)) if tagged != digest => {
            failure(ImageTagDoesNotMatchDigest, "Provided image tag does not match provided image digest")
        }
        (_, Some(_), None) => not_found(),
        (Some(digest), _, _) if read.exists(&repository.image(digest))? => Ok(digest.to_owned()),
        (Some(_), _, _) => not_found(),
    })
}

/// Takes a tag away, and the image too if that was its last one.
pub fn untag(tx: &mut Tx, repository: &Key<Repository>, digest: &str, tag: &str) -> Answer<Result<Removed, Failure>> {
    let tags = find::tags_by_digest(tx, repository)?.remove(digest).unwrap_or_default();
    if tags.len() > 1 {
        tx.delete(&repository.tag(tag))?;
        return Ok(Ok(vec![(digest.to_owned(), Some(tag.to_owned()))]));
    }
    delete(tx, repository, digest)
}

/// Deletes an image with all its tags, unless an index names it.
pub fn delete(tx: &mut Tx, repository: &Key<Repository>, digest: &str) -> Answer<Result<Removed, Failure>> {
    let images = find::image_specs(tx, repository)?;
    let naming = images.iter().filter(|(_, image)| image.manifests.iter().any(|child| child == digest));
    let naming: Vec<&str> = naming.map(|(digest, _)| &**digest).collect();
    if !naming.is_empty() {
        let reason = format!("Requested image referenced by manifest list: [{}]", naming.join(", "));
        return Ok(failure(ImageFailureCode::ImageReferencedByManifestList, reason));
    }
    let tags = find::tags_by_digest(tx, repository)?.remove(digest).unwrap_or_default();
    for tag in &tags {
        tx.delete(&repository.tag(tag))?;
    }
    tx.delete(&repository.image(digest))?;
    let removed = |tag| (digest.to_owned(), tag);
    Ok(Ok(if tags.is_empty() { vec![removed(None)] } else { tags.into_iter().map(|tag| removed(Some(tag))).collect() }))
}

/// Remembers that an image was pulled, unless that was remembered not long ago.
pub async fn pulled(ecr: &Ecr, repository: &Key<Repository>, digest: &str, now: Timestamp) -> Answer<()> {
    let key = repository.image(digest);
    let recent = |image: spine::Row<model::ecr::Image>| image.observed.pulled_at.is_some_and(|at| now.since(at) < PULL_TIMES);
    if ecr.store.snapshot().get(&key)?.is_none_or(recent) {
        return Ok(());
    }
    ecr.store
        .transact(|tx| {
            if tx.exists(&key)? {
                tx.put_observed(&key, &ImageObserved { pulled_at: Some(now) })?;
            }
            Ok(())
        })
        .await
}

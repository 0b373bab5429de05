//! Manifests, by tag and by digest.

use super::super::{
    find,
    images::{self, Push},
    manifest::LARGEST,
};
use super::{
    Answer, Ask,
    errors::{self, Refusal},
    reply,
};
use front::{Body, body};
use http::{Method, StatusCode, header};
use logic::image_reference::is_digest;
use model::{
    Key,
    ecr::{Repository, blob_namespace},
};
use spine::Read;

/// A manifest as it was pushed; its media type is what it was pushed as, whatever the client would accept.
pub async fn get(ask: &Ask<'_>, name: &str, reference: &str) -> Answer {
    let repository = ask.repository(name);
    let snapshot = ask.ecr.store.snapshot();
    let digest = named(&snapshot, &repository, reference)?;
    let spec = snapshot.spec(&repository.image(&digest))?.ok_or_else(|| errors::no_manifest(reference))?;
    let bytes = ask.ecr.blobs.read_all(&blob_namespace(&ask.account, &ask.region), &digest).await?;
    if ask.method == Method::GET {
        images::pulled(ask.ecr, &repository, &digest, ask.now).await?;
    }
    Ok(reply::set(reply::json(StatusCode::OK, &spec.media_type, bytes), reply::CONTENT_DIGEST, digest))
}

pub async fn put(ask: &Ask<'_>, name: &str, reference: &str, content: Body) -> Answer {
    let repository = ask.repository(name);
    find::existing(&ask.ecr.store.snapshot(), &repository)?;
    let bytes = body::read(content, LARGEST).await.map_err(|error| match error {
        body::ReadError::TooLarge(limit) => errors::too_large(limit),
        other => errors::broken(&other.to_string()),
    })?;
    let by_digest = reference.contains(':');
    let tag = (!by_digest).then_some(reference);
    let push = Push::read(&repository, bytes, ask.header(header::CONTENT_TYPE), tag, ask.now)?;
    if by_digest && reference != push.digest {
        return Err(errors::digest_invalid("provided digest did not match uploaded content"));
    }
    push.commit(ask.ecr).await?;
    let response =
        reply::set(reply::empty(StatusCode::CREATED), header::LOCATION, format!("/v2/{name}/manifests/{}", push.digest));
    let response = reply::set(response, reply::CONTENT_DIGEST, &push.digest);
    Ok(match &push.manifest.subject {
        Some(subject) => reply::set(response, reply::SUBJECT, subject),
        None => response,
    })
}

/// A tag takes only itself away; a digest takes the image away with all its tags.
pub async fn delete(ask: &Ask<'_>, name: &str, reference: &str) -> Answer {
    let repository = ask.repository(name);
    let deletion = |tx: &mut spine::Tx| -> Result<(), Refusal> {
        let digest = named(tx, &repository, reference)?;
        if is_digest(reference) {
            images::delete(tx, &repository, &digest)?.map_err(|failure| errors::manifest_in_use(&failure.reason))?;
        } else {
            tx.delete(&repository.tag(reference))?;
        }
        Ok(())
    };
    ask.ecr.store.transact(deletion).await?;
    Ok(reply::empty(StatusCode::ACCEPTED))
}

/// The digest of the image that a tag or a digest names.
fn named(read: &impl Read, repository: &Key<Repository>, reference: &str) -> Result<String, Refusal> {
    find::existing(read, repository)?;
    if is_digest(reference) {
        let there = read.exists(&repository.image(reference))?;
        return there.then(|| reference.to_owned()).ok_or_else(|| errors::no_manifest(reference));
    }
    find::tagged(read, repository, reference)?.ok_or_else(|| errors::no_manifest(reference))
}

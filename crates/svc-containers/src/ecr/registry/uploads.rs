//! Uploads: at once, in one stream, or in chunks that go on where the last one ended, even after a restart.

use super::super::layers;
use super::{
    Answer, Ask,
    errors::{self, Refusal},
    permission::{COMPLETE_LAYER, READ_LAYER, WRITE_LAYER},
    reply,
};
use front::{Body, body};
use futures::{Stream, stream};
use http::{Response, StatusCode, header};
use http_body::Body as _;
use logic::image_reference::{is_digest, is_repository};
use model::{Key, ecr::Upload};

/// Begins an upload; or finishes it at once, by the body with its digest, or by a layer that another repository has which the caller
/// may read.
pub async fn begin(ask: &Ask<'_>, name: &str, content: Body) -> Answer {
    let repository = ask.repository(name);
    if let (Some(digest), Some(from)) = (ask.query.get("mount"), ask.query.get("from"))
        && is_digest(digest)
        && is_repository(from)
        && ask.may(&[READ_LAYER], from).is_ok()
        && layers::mount(ask.ecr, &repository, &ask.repository(from), digest).await?
    {
        return Ok(created(name, digest));
    }
    if ask.query.get("digest").is_some() {
        ask.may(&[WRITE_LAYER, COMPLETE_LAYER], name)?;
    }
    let id = ask.fresh_id.clone();
    ask.ecr.store.transact(|tx| layers::begin(tx, &repository, &id, ask.now)).await?;
    match ask.query.get("digest") {
        Some(_) => complete(ask, name, &id, content).await,
        None => Ok(progress(StatusCode::ACCEPTED, name, &id, 0)),
    }
}

/// How much has come.
pub async fn status(ask: &Ask<'_>, name: &str, id: &str) -> Answer {
    under_way(ask, name, id)?;
    let received = ask.ecr.blobs.upload(id)?.received().await?;
    Ok(progress(StatusCode::NO_CONTENT, name, id, received))
}

/// Takes a chunk.
pub async fn append(ask: &Ask<'_>, name: &str, id: &str, content: Body) -> Answer {
    under_way(ask, name, id)?;
    let staged = ask.ecr.blobs.upload(id)?;
    in_order(ask, staged.received().await?)?;
    let received = staged.append(pieces(content)).await?;
    Ok(progress(StatusCode::ACCEPTED, name, id, received))
}

/// Takes the last chunk, which may be empty, and makes a blob of it all.
pub async fn finish(ask: &Ask<'_>, name: &str, id: &str, content: Body) -> Answer {
    if !content.is_end_stream() {
        ask.may(&[WRITE_LAYER], name)?;
    }
    complete(ask, name, id, content).await
}

async fn complete(ask: &Ask<'_>, name: &str, id: &str, content: Body) -> Answer {
    let upload = under_way(ask, name, id)?;
    let digest = ask.query.get("digest").filter(|digest| is_digest(digest));
    let digest =
        digest.ok_or_else(|| errors::digest_invalid("the parameter `digest` is missing, or is no sha256 or sha512 digest"))?;
    let staged = ask.ecr.blobs.upload(id)?;
    in_order(ask, staged.received().await?)?;
    staged.append(pieces(content)).await?;
    layers::finish(ask.ecr, &upload, staged, digest).await?;
    Ok(created(name, digest))
}

/// Gives the upload up.
pub async fn cancel(ask: &Ask<'_>, name: &str, id: &str) -> Answer {
    let upload = under_way(ask, name, id)?;
    let staged = ask.ecr.blobs.upload(id)?;
    ask.ecr.store.transact(|tx| tx.delete(&upload).map_err(Refusal::from)).await?;
    staged.discard().await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

fn under_way(ask: &Ask<'_>, name: &str, id: &str) -> Result<Key<Upload>, Refusal> {
    let upload = ask.repository(name).upload(id);
    layers::under_way(&ask.ecr.store.snapshot(), &upload)?;
    Ok(upload)
}

/// A chunk that says where it begins has to begin where the last one ended (`Content-Range: <first>-<last>`).
fn in_order(ask: &Ask<'_>, received: u64) -> Result<(), Refusal> {
    let Some(range) = ask.header(header::CONTENT_RANGE) else { return Ok(()) };
    let range = range.trim_start_matches("bytes").trim_start_matches([' ', '=']);
    let first = range.split('-').next().and_then(|first| first.parse::<u64>().ok());
    if first == Some(received) { Ok(()) } else { Err(errors::out_of_order(received)) }
}

/// A body as it comes from the client.
fn pieces(content: Body) -> impl Stream<Item = Result<bytes::Bytes, body::ReadError>> {
    stream::try_unfold(content, |mut content| async move { Ok(body::next(&mut content).await?.map(|piece| (piece, content))) })
}

fn progress(status: StatusCode, name: &str, id: &str, received: u64) -> Response<Body> {
    let response = reply::set(reply::empty(status), header::LOCATION, format!("/v2/{name}/blobs/uploads/{id}"));
    let response = reply::set(response, header::RANGE, reply::upload_range(received));
    reply::set(response, reply::UPLOAD_ID, id)
}

fn created(name: &str, digest: &str) -> Response<Body> {
    let response = reply::set(reply::empty(StatusCode::CREATED), header::LOCATION, format!("/v2/{name}/blobs/{digest}"));
    reply::set(response, reply::CONTENT_DIGEST, digest)
}

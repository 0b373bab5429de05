//! Requests whose host is a load balancer's name go on to the edge, which listens at a socket in the runtime folder.

use crate::{Body, admin, body};
use http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use std::path::Path;
use tokio::net::UnixStream;

/// Hands the request to the edge and its answer back; bytes flow freely once both have agreed to switch protocols.
pub(crate) async fn forward(socket: Option<&Path>, request: Request<Body>) -> Response<Body> {
    let Some(socket) = socket else { return unavailable("load balancers don't run in this cloud") };
    match attempt(socket, request).await {
        Ok(response) => response,
        Err(error) => {
            tracing::warn!(%error, "the edge did not answer");
            unavailable("the load balancer's process does not answer; see `hillfog status`")
        }
    }
}

async fn attempt(socket: &Path, mut request: Request<Body>) -> Result<Response<Body>, body::BodyError> {
    let stream = UnixStream::connect(socket).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection.with_upgrades());
    let client = request.headers().contains_key(header::UPGRADE).then(|| hyper::upgrade::on(&mut request));
    let mut response = sender.send_request(into_http1(request)?).await?;
    if response.status() == StatusCode::SWITCHING_PROTOCOLS
        && let Some(client) = client
    {
        tokio::spawn(splice(client, hyper::upgrade::on(&mut response)));
    }
    Ok(response.map(|body| body.map_err(Into::into).boxed_unsync()))
}

/// What came over HTTP/2 has its host in the address; HTTP/1.1 wants it in a header.
fn into_http1(mut request: Request<Body>) -> Result<Request<Body>, body::BodyError> {
    if let Some(authority) = request.uri().authority().cloned() {
        request.headers_mut().entry(header::HOST).or_insert(authority.as_str().try_into()?);
    }
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str()).parse()?;
    *request.uri_mut() = path;
    *request.version_mut() = http::Version::HTTP_11;
    Ok(request)
}

async fn splice(client: hyper::upgrade::OnUpgrade, edge: hyper::upgrade::OnUpgrade) {
    if let (Ok(client), Ok(edge)) = tokio::join!(client, edge) {
        // Either side may end the tunnel in whatever way it likes.
        let _ = tokio::io::copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(edge)).await;
    }
}

fn unavailable(message: &str) -> Response<Body> {
    admin::error(StatusCode::SERVICE_UNAVAILABLE, message)
}

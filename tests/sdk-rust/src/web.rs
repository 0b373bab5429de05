//! Requests without the SDK, as a browser or `curl` makes them: to presigned addresses, and to HTTP APIs.

use crate::cloud::Cloud;
use anyhow::{Context, Result};
use bytes::Bytes;
use http::{Request, Response, header::HOST};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// Sends a request to the cloud. The host in its address needn't be known to this machine's resolver.
pub async fn send(cloud: &Cloud, request: Request<Bytes>) -> Result<Response<Bytes>> {
    let address = cloud.endpoint.strip_prefix("http://").context("an endpoint without TLS")?;
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let (head, body) = sender.send_request(prepared(request)?).await?.into_parts();
    Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
}

/// With the host in a header and the path alone in the first line, as HTTP/1.1 wants it.
fn prepared(request: Request<Bytes>) -> Result<Request<Full<Bytes>>> {
    let (mut head, body) = request.into_parts();
    let host = head.uri.authority().context("a host")?.as_str().parse()?;
    head.headers.insert(HOST, host);
    head.uri = head.uri.path_and_query().context("a path")?.as_str().parse()?;
    Ok(Request::from_parts(head, Full::new(body)))
}

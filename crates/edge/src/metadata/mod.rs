//! What workloads ask for at their link-local address: the credentials of their roles, by the container credential protocol
//! (Amazon ECS Developer Guide, "Amazon ECS task IAM role").
//!
//! Everything that is given is in the table, so that workloads get their credentials while the server is away. Whether they are
//! renewed is the server's concern.

mod answer;

use crate::{doors::accept, shared::Shared, timer::EnvTimer};
use answer::Answer;
use bytes::Bytes;
use http::{HeaderValue, Request, Response, header};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{convert::Infallible, net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Connections at the same time in one VPC. More wait.
const MOST: usize = 512;
/// A connection on which no request comes for so long is closed.
const PATIENCE: Duration = Duration::from_secs(30);
/// Gives credentials until `closed` says so.
pub(crate) async fn serve(shared: Arc<Shared>, vpc: Arc<str>, listener: TcpListener, closed: watch::Receiver<()>) {
    accept::bounded(&shared, listener, MOST, closed, |stream, from| converse(shared.clone(), vpc.clone(), stream, from)).await;
}

async fn converse(shared: Arc<Shared>, vpc: Arc<str>, stream: TcpStream, from: IpAddr) {
    let timer = EnvTimer(shared.env.clone());
    let service = service_fn(move |request: Request<Incoming>| {
        let answer = answer::answer(request.uri().path(), from, shared.routes().metadata.get(&*vpc).map(|it| &**it));
        async move { Ok::<_, Infallible>(response(answer)) }
    });
    let served = http1::Builder::new().timer(timer).header_read_timeout(PATIENCE).serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "the connection broke off");
    }
}

fn response(answer: Answer) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(answer.body.into()));
    *response.status_mut() = answer.status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    response
}

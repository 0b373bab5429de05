//! What workloads ask for at their link-local addresses: tasks the credentials of their roles, by the container credential protocol
//! (Amazon ECS Developer Guide, "Amazon ECS task IAM role"), and instances their metadata.
//!
//! Everything that is given is in the table, so that workloads get their credentials while the server is away. Whether they are
//! renewed is the server's concern.

mod credentials;
mod instance;

use crate::{doors::accept, shared::Shared, timer::EnvTimer};
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use std::{
    convert::Infallible,
    net::IpAddr,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Connections at the same time in one VPC. More wait.
const MOST: usize = 512;
/// A connection on which no request comes for so long is closed.
const PATIENCE: Duration = Duration::from_secs(30);
/// How far packets go where nothing else is said.
const USUAL_HOPS: u8 = 64;

/// What answers carry.
type Body = Full<Bytes>;

/// Gives tasks their credentials until `closed` says so.
pub(crate) async fn serve_tasks(shared: Arc<Shared>, vpc: Arc<str>, listener: TcpListener, closed: watch::Receiver<()>) {
    accept::bounded(&shared, listener, MOST, closed, |stream, from| {
        let (routes, vpc) = (shared.clone(), vpc.clone());
        converse(&shared, stream, move |request| {
            let routes = routes.routes();
            credentials::answer(request.uri().path(), from, routes.metadata.get(&*vpc).map(|it| &**it)).into_response()
        })
    })
    .await;
}

/// Gives instances their metadata until `closed` says so.
pub(crate) async fn serve_instances(shared: Arc<Shared>, vpc: Arc<str>, listener: TcpListener, closed: watch::Receiver<()>) {
    accept::bounded(&shared, listener, MOST, closed, |stream, from| {
        let socket = stream.as_fd().try_clone_to_owned().ok();
        let (asked, vpc) = (shared.clone(), vpc.clone());
        converse(&shared, stream, move |request| told(&asked, &vpc, from, socket.as_ref(), request))
    })
    .await;
}

/// The answer to an instance. A token goes no further than the instance's hop limit says: not into a container that it routes for, if
/// that is 1.
fn told(shared: &Shared, vpc: &str, from: IpAddr, socket: Option<&OwnedFd>, request: &Request<Incoming>) -> Response<Body> {
    let routes = shared.routes();
    let service = routes.instances.get(vpc).map(|it| &**it);
    let answer = instance::answer(request, from, &instance::Context::of(shared, service));
    if let Some(socket) = socket {
        limit_hops(socket, answer.hop_limit.unwrap_or(USUAL_HOPS));
    }
    answer.response
}

fn limit_hops(socket: &OwnedFd, hops: u8) {
    let hops = i32::from(hops);
    if let Err(error) = nix::sys::socket::setsockopt(socket, nix::sys::socket::sockopt::Ipv4Ttl, &hops) {
        tracing::warn!(%error, socket = socket.as_raw_fd(), "a metadata answer's hop limit can't be set");
    }
}

fn converse(
    shared: &Arc<Shared>,
    stream: TcpStream,
    answer: impl Fn(&Request<Incoming>) -> Response<Body> + Send + 'static,
) -> impl Future<Output = ()> + Send + 'static {
    let timer = EnvTimer(shared.env.clone());
    async move {
        let service = service_fn(move |request: Request<Incoming>| {
            let answer = answer(&request);
            async move { Ok::<_, Infallible>(answer) }
        });
        let mut server = http1::Builder::new();
        server.timer(timer).header_read_timeout(PATIENCE);
        if let Err(error) = server.serve_connection(TokioIo::new(stream), service).await {
            tracing::debug!(%error, "the connection broke off");
        }
    }
}

//! Connections: HTTP/1.1 and HTTP/2 without TLS, at an address or at a socket file.

use crate::{Entrance, Front, Peer, auth::context::ViaEndpoint};
use http_body_util::BodyExt;
use hyper::service::service_fn;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
};
use logic::arrival::{Arrival, PREFIX};
use std::{convert::Infallible, future::Future, io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite},
    net::{TcpListener, TcpStream, UnixListener, UnixStream},
    sync::Semaphore,
};

/// The most connections at a time; more wait to be accepted.
const MOST_CONNECTIONS: usize = 4096;
/// How long a client may take to send the head of a request.
const HEAD_PATIENCE: Duration = Duration::from_secs(30);
/// How long requests under way may take once the server is told to stop.
const FAREWELL: Duration = Duration::from_secs(10);
/// How long to wait when the system has no file descriptor left for a connection.
const BREATH: Duration = Duration::from_millis(50);

/// Something that takes connections.
pub trait Listen: Send + Sync {
    /// A connection.
    type Stream: AsyncRead + AsyncWrite + Send + Unpin + 'static;
    /// The next connection, and who has opened it, where that is known.
    fn next(&self) -> impl Future<Output = io::Result<(Self::Stream, Option<Peer>)>> + Send;
}

impl Listen for TcpListener {
    type Stream = TcpStream;
    async fn next(&self) -> io::Result<(TcpStream, Option<Peer>)> {
        let (stream, peer) = self.accept().await?;
        // Answers are small; waiting for more to send would only delay them.
        let _ = stream.set_nodelay(true);
        Ok((stream, Some(Peer(peer.ip()))))
    }
}

impl Listen for UnixListener {
    type Stream = UnixStream;
    async fn next(&self) -> io::Result<(UnixStream, Option<Peer>)> {
        Ok((self.accept().await?.0, None))
    }
}

/// Serves connections until `stop` ends, then lets the requests under way finish. (These times are the network's, not the cloud's.)
/// What comes by this listener counts as having come in by `entrance`.
pub async fn serve(front: Arc<Front>, listener: impl Listen, entrance: Entrance, stop: impl Future<Output = ()>) {
    let places = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    let graceful = GracefulShutdown::new();
    let builder = builder();
    tokio::pin!(stop);
    loop {
        let accepted = async {
            let place = places.clone().acquire_owned().await;
            (listener.next().await, place)
        };
        let (accepted, place) = tokio::select! {
            accepted = accepted => accepted,
            () = &mut stop => break,
        };
        let Some((stream, peer)) = admit(accepted).await else { continue };
        let (front, builder, watcher) = (front.clone(), builder.clone(), graceful.watcher());
        tokio::spawn(async move {
            if let Some((stream, endpoint)) = arrive(stream, entrance).await {
                let service = service_fn(move |mut request: http::Request<hyper::body::Incoming>| {
                    let (front, extensions) = (front.clone(), request.extensions_mut());
                    extensions.insert(entrance);
                    peer.map(|peer| extensions.insert(peer));
                    endpoint.clone().map(|endpoint| extensions.insert(endpoint));
                    let request = request.map(|body| body.map_err(Into::into).boxed_unsync());
                    async move { Ok::<_, Infallible>(front.respond(request).await) }
                });
                let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
                // A client that goes away in the middle of something is nobody's error.
                let _ = watcher.watch(connection).await;
            }
            drop(place);
        });
    }
    drop(listener);
    if tokio::time::timeout(FAREWELL, graceful.shutdown()).await.is_err() {
        tracing::warn!("some requests were still under way when the server stopped");
    }
}

/// A connection of which is known how it came. The edge says it of those that it passes on, before their own bytes; one of which it doesn't is dropped.
async fn arrive<T: AsyncRead + Unpin>(mut stream: T, entrance: Entrance) -> Option<(T, Option<ViaEndpoint>)> {
    if entrance == Entrance::Address {
        return Some((stream, None));
    }
    let header = async {
        let mut prefix = [0; PREFIX];
        stream.read_exact(&mut prefix).await.ok()?;
        let mut rest = vec![0; Arrival::rest(&prefix)?];
        stream.read_exact(&mut rest).await.ok()?;
        Arrival::read(&rest)
    };
    let arrival = tokio::time::timeout(HEAD_PATIENCE, header).await.ok()??;
    let endpoint = arrival.endpoint.map(|id| ViaEndpoint { id, source: arrival.source });
    Some((stream, endpoint))
}

fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_PATIENCE).max_headers(128);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(HEAD_PATIENCE)
        .max_concurrent_streams(256)
        .max_header_list_size(64 * 1024);
    builder
}

async fn admit<T>(accepted: io::Result<T>) -> Option<T> {
    match accepted {
        Ok(accepted) => Some(accepted),
        Err(error) => {
            tracing::warn!(%error, "a connection could not be accepted");
            tokio::time::sleep(BREATH).await;
            None
        }
    }
}

//! A client's connection: TLS or not, HTTP/1.1 or HTTP/2, until it ends, is silent for too long, or its door is closed.

use super::courtesy::{Courteous, Noted, Tally};
use crate::{
    proxy::{self, Client},
    quiet::Watched,
    timer::EnvTimer,
};
use hyper::{
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{convert::Infallible, future::Future, io, pin::Pin, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    pin,
    sync::watch,
};
use tokio_rustls::{LazyConfigAcceptor, TlsStream, rustls::server::Acceptor};

/// What a request's head may take before hyper refuses to read on. Requests over the load balancer's own limits are below it, so
/// that they get the load balancer's own answer.
const HEAD: usize = 128 * 1024;

/// The first byte of every TLS connection: a handshake record.
const HANDSHAKE: u8 = 0x16;

/// Serves a connection that may speak TLS, if a listener behind its door does.
pub(super) async fn tcp(client: Client, stream: TcpStream, closed: watch::Receiver<()>) {
    let _connection = client.shared.connection();
    if !client.shared.routes().has_tls(&client.door) {
        return plain(client, stream, closed).await;
    }
    let limit = client.shared.routes().idle_timeout(&client.door);
    let first = tokio::select! {
        first = first_byte(&stream) => first,
        () = client.shared.env.sleep(limit) => return,
    };
    match first {
        Ok(HANDSHAKE) => secure(client, stream, closed).await,
        Ok(_) => plain(client, stream, closed).await,
        Err(_) => {}
    }
}

async fn first_byte(stream: &TcpStream) -> io::Result<u8> {
    let mut first = [0];
    match stream.peek(&mut first).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(first[0]),
    }
}

async fn secure(mut client: Client, stream: TcpStream, closed: watch::Receiver<()>) {
    let limit = client.shared.routes().idle_timeout(&client.door);
    let stream = tokio::select! {
        shaken = handshake(&client, stream) => shaken,
        () = client.shared.env.sleep(limit) => return,
    };
    let Ok(stream) = stream.inspect_err(|error| tracing::debug!(%error, "TLS handshake failed")) else { return };
    client.secure = true;
    match stream.get_ref().1.alpn_protocol() {
        Some(b"h2") => two(client, stream, closed).await,
        _ => one(client, stream, closed).await,
    }
}

/// The listener, and so the certificate, is chosen by the name that the client asks for.
async fn handshake(client: &Client, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
    let start = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let hello = start.client_hello();
    let name = hello.server_name().unwrap_or_default();
    let config = client.shared.routes().tls(&client.door, name).ok_or(io::ErrorKind::NotFound)?;
    start.into_stream(config).await.map(TlsStream::Server)
}

/// Serves a connection without TLS.
pub(super) async fn plain(
    client: Client,
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    closed: watch::Receiver<()>,
) {
    one(client, stream, closed).await;
}

async fn one(client: Client, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, closed: watch::Receiver<()>) {
    let (client, tally) = (Arc::new(client), Tally::default());
    let io = TokioIo::new(Courteous::new(Watched::new(stream, client.activity.clone()), tally.clone()));
    let serving = client.clone();
    let service = service_fn(move |request| {
        let (answer, tally) = (proxy::serve(serving.clone(), request), tally.clone());
        async move {
            let answer = answer.await?;
            tally.note();
            Ok::<_, Infallible>(answer.map(|body| Noted { body, tally }))
        }
    });
    let mut builder = http1::Builder::new();
    // Not `pipeline_flush`: with it hyper's buffer has no limit, and a slow client would fill the memory.
    builder.max_header_size(HEAD).max_buf_size(HEAD + 64 * 1024);
    builder.timer(EnvTimer(client.shared.env.clone())).header_read_timeout(client.shared.routes().idle_timeout(&client.door));
    let connection = builder.serve_connection(io, service).with_upgrades();
    drive(client, connection, |connection| connection.graceful_shutdown(), closed).await;
}

async fn two(client: Client, stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static, closed: watch::Receiver<()>) {
    let client = Arc::new(client);
    let io = TokioIo::new(Watched::new(stream, client.activity.clone()));
    let serving = client.clone();
    let service = service_fn(move |request| proxy::serve(serving.clone(), request));
    let mut builder = http2::Builder::new(TokioExecutor::new());
    // 128 streams: "Application Load Balancers", *HTTP/2 support*.
    builder.timer(EnvTimer(client.shared.env.clone())).max_header_list_size(HEAD as u32).max_concurrent_streams(128);
    let connection = builder.serve_connection(io, service);
    drive(client, connection, |connection| connection.graceful_shutdown(), closed).await;
}

/// Runs a connection to its end.
async fn drive<C: Future<Output = Result<(), hyper::Error>>>(
    client: Arc<Client>,
    connection: C,
    finish: impl Fn(Pin<&mut C>),
    mut closed: watch::Receiver<()>,
) {
    pin!(connection);
    let limit = client.shared.routes().idle_timeout(&client.door);
    let silence = client.activity.unexcused_silence(limit);
    pin!(silence);
    let mut finishing = false;
    loop {
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended {
                    tracing::debug!(%error, client = %client.address, "the connection broke off");
                }
                return;
            }
            _ = closed.changed(), if !finishing => {
                finishing = true;
                finish(connection.as_mut());
            }
            () = silence.as_mut() => return,
        }
    }
}

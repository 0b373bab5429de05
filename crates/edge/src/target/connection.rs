//! A connection to a target, HTTP/1.1 or HTTP/2.

use crate::quiet::Activity;
use bytes::Bytes;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo};
use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite};

/// The most that a target's response head may take; more is answered with 502.
const RESPONSE_HEAD: usize = 32 * 1024;

/// A client's request body on its way to a target.
pub(crate) struct RequestBody {
    inner: Incoming,
    activity: Arc<Activity>,
    finished: Arc<AtomicBool>,
}

impl RequestBody {
    /// Each piece is a sign of life; `finished` is set when all of it has come from the client.
    pub(crate) fn new(inner: Incoming, activity: Arc<Activity>, finished: Arc<AtomicBool>) -> Self {
        finished.store(inner.is_end_stream(), Relaxed);
        Self { inner, activity, finished }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        self.activity.touch();
        if frame.is_none() || self.inner.is_end_stream() {
            self.finished.store(true, Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

/// What sends requests over a connection. Its other half runs as a task, which ends with the connection.
pub(crate) enum Sender {
    One(http1::SendRequest<RequestBody>),
    Two(http2::SendRequest<RequestBody>),
}

impl Sender {
    /// Starts HTTP on a stream.
    pub(crate) async fn start(
        stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
        http2: bool,
    ) -> Result<Self, hyper::Error> {
        let io = TokioIo::new(stream);
        if http2 {
            let (sender, connection) =
                http2::Builder::new(TokioExecutor::new()).max_header_list_size(RESPONSE_HEAD as u32).handshake(io).await?;
            tokio::spawn(connection);
            return Ok(Self::Two(sender));
        }
        let (sender, connection) = http1::Builder::new().max_header_size(RESPONSE_HEAD).handshake(io).await?;
        tokio::spawn(connection.with_upgrades());
        Ok(Self::One(sender))
    }

    /// Sends a request. The error gives it back if nothing of it was sent.
    pub(crate) async fn send(
        &mut self,
        request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, TrySendError<Request<RequestBody>>> {
        match self {
            Self::One(sender) => sender.try_send_request(request).await,
            Self::Two(sender) => sender.try_send_request(request).await,
        }
    }

    /// It can take a request now.
    pub(crate) fn is_ready(&self) -> bool {
        match self {
            Self::One(sender) => sender.is_ready(),
            Self::Two(sender) => sender.is_ready(),
        }
    }

    /// Waits until it can take a request; false if it never will.
    pub(crate) async fn ready(&mut self) -> bool {
        match self {
            Self::One(sender) => sender.ready().await.is_ok(),
            Self::Two(sender) => sender.ready().await.is_ok(),
        }
    }

    /// Another sender over the same connection, where the protocol carries several requests at once.
    pub(crate) fn share(&self) -> Option<Self> {
        match self {
            Self::One(_) => None,
            Self::Two(sender) => Some(Self::Two(sender.clone())),
        }
    }
}

//! The bodies of answers.

use crate::{
    shared::Shared,
    target::{InFlight, Live, Sender},
};
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::body::Incoming;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

/// What can go wrong while an answer is passed on.
type Error = hyper::Error;
/// An answer's body.
pub(crate) type Body = UnsyncBoxBody<Bytes, Error>;

/// A text that is there already.
pub(super) fn text(text: String) -> Body {
    Full::new(Bytes::from(text)).map_err(|never| match never {}).boxed_unsync()
}

/// A target's answer on its way to the client. The client's pace is the target's: nothing is read ahead.
struct Relayed {
    inner: Incoming,
    rest: Option<Rest>,
}

/// What is done once the answer has ended. If it doesn't end well, the connection is closed by being dropped.
pub(super) struct Rest {
    pub(super) shared: Arc<Shared>,
    pub(super) live: Arc<Live>,
    pub(super) sender: Sender,
    /// The request counts as under way until now.
    pub(super) in_flight: InFlight,
}

/// A target's answer as it goes to the client.
pub(super) fn relayed(inner: Incoming, rest: Rest) -> Body {
    let mut relayed = Relayed { inner, rest: Some(rest) };
    if relayed.inner.is_end_stream() {
        relayed.end();
    }
    relayed.boxed_unsync()
}

impl Relayed {
    fn end(&mut self) {
        if let Some(Rest { shared, live, sender, in_flight }) = self.rest.take() {
            drop(in_flight);
            give_back(shared, live, sender);
        }
    }
}

/// Puts a connection back into its pool as soon as it can take another request. HTTP/2 connections are there already.
fn give_back(shared: Arc<Shared>, live: Arc<Live>, mut sender: Sender) {
    match sender {
        Sender::Two(_) => {}
        _ if sender.is_ready() => live.pool.put(sender, shared.env.now()),
        _ => {
            tokio::spawn(async move {
                if sender.ready().await {
                    live.pool.put(sender, shared.env.now());
                }
            });
        }
    }
}

impl HttpBody for Relayed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(cx));
        match &frame {
            Some(Err(_)) => self.rest = None,
            None => self.end(),
            Some(Ok(_)) if self.inner.is_end_stream() => self.end(),
            Some(Ok(_)) => {}
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

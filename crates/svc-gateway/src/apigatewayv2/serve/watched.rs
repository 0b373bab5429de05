//! A body whose length is told when its last byte has gone, or when nobody wants any more of it.

use bytes::Bytes;
use front::{Body, body::BodyError};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt;
use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

/// Tells how many bytes have gone.
type End = Box<dyn FnOnce(u64) + Send>;

/// A body that is watched.
pub struct Watched {
    body: Body,
    length: u64,
    end: Option<End>,
}

impl Watched {
    /// Watches a body.
    pub fn new(body: Body, end: impl FnOnce(u64) + Send + 'static) -> Self {
        Self { body, length: 0, end: Some(Box::new(end)) }
    }

    /// As any body.
    pub fn boxed(self) -> Body {
        BodyExt::boxed_unsync(self)
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            self.length += frame.data_ref().map_or(0, |data| data.len() as u64);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            end(self.length);
        }
    }
}

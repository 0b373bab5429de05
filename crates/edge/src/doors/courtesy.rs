//! The load balancer's own page in the place of hyper's automatic answers.
//!
//! When a request's head can't be read hyper answers by itself, without a body, and no service is asked. Whoever gets such an
//! answer shall see who it is from. It is told from a target's answer by this: nothing of the service's is on its way when it
//! is written (a [`Tally`] says so), and it is a whole message of hyper's own form.

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::{
    io::{self, IoSlice},
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Whether something that a service said may not be written yet. One connection's task alone reads and writes it.
#[derive(Clone, Default)]
pub(super) struct Tally(Arc<AtomicBool>);

impl Tally {
    /// The service has answered, or a piece of its answer was taken.
    pub(super) fn note(&self) {
        self.0.store(true, Relaxed);
    }

    /// Everything was written.
    fn clear(&self) {
        self.0.store(false, Relaxed);
    }

    fn is_clear(&self) -> bool {
        !self.0.load(Relaxed)
    }
}

/// A body whose pieces are noted.
pub(super) struct Noted<B> {
    pub(super) body: B,
    pub(super) tally: Tally,
}

impl<B: Body<Data = Bytes> + Unpin> Body for Noted<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.tally.note();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// A connection on which automatic answers are replaced.
pub(super) struct Courteous<S> {
    stream: S,
    tally: Tally,
    /// What goes out in the place of an automatic answer, and how long that was.
    instead: Option<(Bytes, usize)>,
}

impl<S: AsyncWrite + Unpin> Courteous<S> {
    pub(super) fn new(stream: S, tally: Tally) -> Self {
        Self { stream, tally, instead: None }
    }

    /// Writes bytes, or the page in their place.
    fn poll_one(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.instead.is_none() && self.tally.is_clear() {
            self.instead = replacement(bytes).map(|page| (page.into(), bytes.len()));
        }
        let Some((page, length)) = &mut self.instead else { return Pin::new(&mut self.stream).poll_write(cx, bytes) };
        while !page.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, page))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            *page = page.split_off(written);
        }
        let length = *length;
        self.instead = None;
        Poll::Ready(Ok(length))
    }
}

/// The page for an automatic answer of hyper's: its status line, its fields (among them an empty length), no body. The real
/// service answers 400 where hyper says 431.
fn replacement(bytes: &[u8]) -> Option<String> {
    let head = std::str::from_utf8(bytes).ok()?.strip_prefix("HTTP/1.1 ")?.strip_suffix("\r\n\r\n")?;
    let mut lines = head.split("\r\n");
    let title = match lines.next()?.split(' ').next()? {
        "400" | "431" => "400 Bad Request",
        "414" => "414 Request-URI Too Large",
        _ => return None,
    };
    let fields: Vec<&str> = lines.collect();
    if !fields.contains(&"content-length: 0") {
        return None;
    }
    let date = fields.iter().find(|field| field.starts_with("date: ")).map(|date| format!("{date}\r\n")).unwrap_or_default();
    let page = crate::proxy::page_text(title);
    let length = page.len();
    Some(format!(
        "HTTP/1.1 {title}\r\nserver: awselb/2.0\r\n{date}content-type: text/html\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{page}"
    ))
}

impl<S: AsyncRead + Unpin> AsyncRead for Courteous<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Courteous<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_one(cx, bytes)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[IoSlice<'_>]) -> Poll<io::Result<usize>> {
        match bytes {
            [one] => self.poll_one(cx, one),
            _ => Pin::new(&mut self.stream).poll_write_vectored(cx, bytes),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.tally.clear();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_automatic_answers_are_replaced() {
        let page =
            replacement(b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\ndate: now\r\n\r\n").unwrap();
        assert!(page.starts_with("HTTP/1.1 400 Bad Request\r\nserver: awselb/2.0\r\ndate: now\r\n"), "{page}");
        for other in [
            "HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "\r\n\r\n",
            "",
        ] {
            assert_eq!(replacement(other.as_bytes()), None);
        }
    }
}

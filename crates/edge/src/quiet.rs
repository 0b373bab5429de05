//! When something last happened, so that what has been silent for too long can be ended.

use model::{Env, Timestamp};
use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU32, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Of a connection or an exchange: the moment of its last sign of life.
pub(crate) struct Activity {
    env: Env,
    last: AtomicI64,
    /// Exchanges that have a time limit of their own just now.
    excused: AtomicU32,
}

impl Activity {
    pub(crate) fn new(env: Env) -> Arc<Self> {
        let last = AtomicI64::new(env.now().0);
        Arc::new(Self { env, last, excused: AtomicU32::new(0) })
    }

    /// Something happened.
    pub(crate) fn touch(&self) {
        self.last.store(self.env.now().0, Relaxed);
    }

    /// Ends when nothing has happened for so long.
    pub(crate) async fn silence(&self, limit: Duration) {
        loop {
            let end = Timestamp(self.last.load(Relaxed)) + limit;
            if self.env.now() >= end {
                return;
            }
            self.env.clock.sleep_until(end).await;
        }
    }

    /// Ends when nothing has happened for so long, and nobody is excused.
    pub(crate) async fn unexcused_silence(&self, limit: Duration) {
        loop {
            self.silence(limit).await;
            if self.excused.load(Relaxed) == 0 {
                return;
            }
            self.env.sleep(Duration::from_secs(1)).await;
        }
    }

    /// As long as the guard lives, silence is not held against the connection.
    pub(crate) fn excuse(self: &Arc<Self>) -> Excuse {
        self.excused.fetch_add(1, Relaxed);
        Excuse(self.clone())
    }
}

/// See [`Activity::excuse`].
pub(crate) struct Excuse(Arc<Activity>);

impl Drop for Excuse {
    fn drop(&mut self) {
        self.0.touch();
        self.0.excused.fetch_sub(1, Relaxed);
    }
}

/// A stream whose reads and writes are signs of life.
pub(crate) struct Watched<S> {
    stream: S,
    activity: Arc<Activity>,
}

impl<S> Watched<S> {
    pub(crate) fn new(stream: S, activity: Arc<Activity>) -> Self {
        Self { stream, activity }
    }

    fn note<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if matches!(polled, Poll::Ready(Ok(_))) {
            self.activity.touch();
        }
        polled
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.note(polled)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.note(polled)
    }

    fn poll_write_vectored(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[io::IoSlice<'_>]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(cx, bytes);
        self.note(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

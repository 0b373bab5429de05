//! The body of a manifest or blob as a stream that takes itself up again where it broke off.
//!
//! It is bounded in length and in silence. Its digest is the image store's to verify.

use super::{
    Remote,
    endpoint::shown,
    exchange::{Answer, Ask},
    failure::{Failure, interrupted, timed_out},
    patience::{Attempts, GivenUp, within},
};
use crate::image::{BlobKind, BlobStream, limits::refusal};
use bytes::{Buf, Bytes};
use futures::{StreamExt, stream};
use http::{StatusCode, header::CONTENT_RANGE};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use std::{io, sync::Arc};

/// A body on its way.
pub struct Download {
    remote: Arc<Remote>,
    /// What was asked at first, before any redirect: where one led may not be there any more.
    ask: Ask,
    body: Incoming,
    /// Bytes that have been passed on.
    offset: u64,
    /// Bytes of the present body that have been passed on already.
    skip: u64,
    most: u64,
    failed: u32,
}

impl Download {
    /// Asks for it, again and again if need be.
    pub async fn open(remote: Arc<Remote>, ask: Ask, most: u64) -> Result<Self, GivenUp> {
        let mut attempts = Attempts::new(&remote.exchange.env, &remote.exchange.patience, 0);
        let answer = loop {
            match remote.ask(ask.clone()).await {
                Ok(answer) => break answer,
                Err(failure) => attempts.failed(failure).await?,
            }
        };
        let failed = attempts.made();
        Ok(Self { body: answer.response.into_body(), offset: 0, skip: 0, most, failed, remote, ask })
    }

    /// The bytes as they come.
    pub fn stream(self, kind: BlobKind) -> BlobStream {
        let parts = stream::try_unfold(self, move |mut download| async move {
            match download.next().await {
                Ok(part) => Ok(part.map(|part| (part, download))),
                Err(Stopped::TooLong) => Err(refusal(format!("it has more than {} bytes", download.most))),
                Err(Stopped::GivenUp(why)) => Err(io::Error::other(download.remote.explain(kind, why).to_string())),
            }
        });
        parts.boxed()
    }

    async fn next(&mut self) -> Result<Option<Bytes>, Stopped> {
        loop {
            match self.frame().await {
                Ok(None) => return Ok(None),
                Ok(Some(bytes)) if bytes.is_empty() => {}
                Ok(Some(bytes)) => return self.count(bytes).map(Some),
                Err(failure) => self.resume(failure).await.map_err(Stopped::GivenUp)?,
            }
        }
    }

    /// The next bytes that weren't passed on before; may be none.
    async fn frame(&mut self) -> Result<Option<Bytes>, Failure> {
        let exchange = &self.remote.exchange;
        let broken = |why| Failure::Broken { method: self.ask.method.clone(), url: shown(&self.ask.url), why };
        let frame = match within(&exchange.env, exchange.patience.silence, self.body.frame()).await {
            None => return Err(broken(timed_out(&self.ask.url))),
            Some(None) if self.skip > 0 => return Err(broken("unexpected EOF".into())),
            Some(None) => return Ok(None),
            Some(Some(Err(error))) => return Err(broken(interrupted(&error))),
            Some(Some(Ok(frame))) => frame,
        };
        let mut bytes = frame.into_data().unwrap_or_default();
        let known = self.skip.min(bytes.len() as u64);
        bytes.advance(known as usize);
        self.skip -= known;
        Ok(Some(bytes))
    }

    fn count(&mut self, bytes: Bytes) -> Result<Bytes, Stopped> {
        self.offset += bytes.len() as u64;
        if self.offset > self.most { Err(Stopped::TooLong) } else { Ok(bytes) }
    }

    /// Asks for the rest.
    async fn resume(&mut self, failure: Failure) -> Result<(), GivenUp> {
        let remote = self.remote.clone();
        let mut attempts = Attempts::new(&remote.exchange.env, &remote.exchange.patience, self.failed);
        attempts.failed(failure).await?;
        loop {
            let rest = remote.ask(Ask { from: self.offset, ..self.ask.clone() }).await;
            match rest.and_then(|answer| self.take_up(answer)) {
                Ok(()) => break,
                Err(failure) => attempts.failed(failure).await?,
            }
        }
        self.failed = attempts.made();
        Ok(())
    }

    /// A server may answer with the rest, or with the whole once more (RFC 9110, section 14.2).
    fn take_up(&mut self, answer: Answer) -> Result<(), Failure> {
        let partial = answer.response.status() == StatusCode::PARTIAL_CONTENT;
        let range = answer.response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
        let fits = range.is_some_and(|range| range.starts_with(&format!("bytes {}-", self.offset)));
        if partial && !fits {
            let url = shown(&self.ask.url);
            return Err(Failure::Refused(format!("{url} answers with another range than it was asked for")));
        }
        self.skip = if partial { 0 } else { self.offset };
        self.body = answer.response.into_body();
        Ok(())
    }
}

/// Why no more comes.
enum Stopped {
    GivenUp(GivenUp),
    TooLong,
}

//! Reading a range of a blob as it is asked for: a batch at a time, out of as many files as it takes.

use super::{Blobs, Lease};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures::{Stream, stream};
use model::s3::{self, Blob, Place};
use spine::Read;
use std::{collections::VecDeque, fs::File, io, ops::Range, os::unix::fs::FileExt, sync::Arc};
use tokio::task::spawn_blocking;
use wire::Fault;

/// How much is read at a time.
const BATCH: u64 = 512 << 10;

/// What is to be read of a blob. Its files stay for as long as this lives.
#[derive(Debug)]
pub struct Source {
    lease: Lease,
    spans: VecDeque<Span>,
    open: Option<(String, Arc<File>)>,
}

/// Bytes in one place.
#[derive(Debug)]
enum Span {
    Here(Bytes),
    File(String, Range<u64>),
}

impl Source {
    /// The bytes of the range, which the blob has.
    ///
    /// # Errors
    /// If a blob isn't there that is referred to.
    pub fn new(blobs: &Arc<Blobs>, read: &impl Read, blob: &str, range: Range<u64>) -> Result<Self, Fault> {
        let mut spans = VecDeque::new();
        collect(read, blob, range, &mut spans)?;
        let ids = spans.iter().filter_map(|span| match span {
            Span::File(id, _) => Some(id.clone()),
            Span::Here(_) => None,
        });
        Ok(Self { lease: Lease::new(blobs, ids.collect()), spans, open: None })
    }

    /// The bytes, piece by piece.
    pub fn stream(self) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
        stream::try_unfold(self, |mut source| async move { Ok(source.next().await?.map(|piece| (piece, source))) })
    }

    /// The next bytes; none behind the last.
    ///
    /// # Errors
    /// What a disk can do.
    pub async fn next(&mut self) -> io::Result<Option<Bytes>> {
        loop {
            match self.spans.pop_front() {
                None => return Ok(None),
                Some(Span::Here(bytes)) if bytes.is_empty() => {}
                Some(Span::Here(bytes)) => return Ok(Some(bytes)),
                Some(Span::File(_, range)) if range.is_empty() => {}
                Some(Span::File(id, range)) => {
                    let end = range.end.min(range.start + BATCH);
                    let file = self.file(&id).await?;
                    self.spans.push_front(Span::File(id, end..range.end));
                    return spawn_blocking(move || read(&file, range.start..end)).await.map_err(io::Error::other)?.map(Some);
                }
            }
        }
    }

    async fn file(&mut self, id: &str) -> io::Result<Arc<File>> {
        if let Some((open, file)) = &self.open
            && open == id
        {
            return Ok(file.clone());
        }
        let path = self.lease.blobs.path(id);
        let file = Arc::new(spawn_blocking(move || File::open(path)).await.map_err(io::Error::other)??);
        self.open = Some((id.to_owned(), file.clone()));
        Ok(file)
    }
}

fn read(file: &File, range: Range<u64>) -> io::Result<Bytes> {
    let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap_or_default()];
    file.read_exact_at(&mut bytes, range.start)?;
    Ok(bytes.into())
}

fn collect(store: &impl Read, id: &str, range: Range<u64>, spans: &mut VecDeque<Span>) -> Result<(), Fault> {
    let blob = store.spec(&s3::key::<Blob>(id))?;
    let blob = blob.ok_or_else(|| Fault::internal(format_args!("the blob {id} isn't there")))?;
    match &blob.place {
        Place::File => spans.push_back(Span::File(id.to_owned(), range)),
        Place::Here(text) => {
            let bytes = STANDARD.decode(text).map_err(|error| Fault::internal(format_args!("the blob {id}: {error}")))?;
            let bound = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            spans.push_back(Span::Here(Bytes::copy_from_slice(&bytes[bound(range.start)..bound(range.end)])));
        }
        Place::Parts(pieces) => {
            let mut start = 0;
            for piece in pieces {
                let end = start + piece.1;
                let (from, to) = (range.start.max(start), range.end.min(end));
                if from < to {
                    collect(store, &piece.0, from - start..to - start, spans)?;
                }
                start = end;
            }
        }
    }
    Ok(())
}

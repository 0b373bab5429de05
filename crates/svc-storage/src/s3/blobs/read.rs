//! Reading a range of a blob as it is asked for, out of as many files as it takes: while a batch is sent, the next is read and decrypted.

use super::{
    Blobs, Lease,
    cipher::{CHUNK, Cipher, ContentKey, STORED},
    lane::Lane,
};
use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use futures::{Stream, stream};
use model::s3::{self, Blob, Place};
use rustix::{buffer::spare_capacity, io::pread};
use spine::Read;
use std::{collections::VecDeque, fs::File, io, mem, ops::Range, sync::Arc};
use wire::Fault;

/// How much is read at a time: whole chunks.
const BATCH: u64 = 8 * CHUNK as u64;

/// What is to be read of a blob. Its files stay for as long as this lives.
pub struct Source {
    ready: VecDeque<Bytes>,
    reader: Lane<Reader>,
}

/// Where the bytes are, and those that were read and not fetched yet.
struct Reader {
    lease: Lease,
    spans: VecDeque<Span>,
    open: Option<(String, File)>,
    pieces: VecDeque<Bytes>,
}

/// Bytes in one place.
enum Span {
    Here(Bytes),
    File(Part),
}

/// A range of a file's bytes.
struct Part {
    id: String,
    range: Range<u64>,
    cipher: Option<Cipher>,
}

impl Source {
    /// The bytes of the range, which the blob has, of a content with that key.
    ///
    /// # Errors
    /// If a blob isn't there that is referred to.
    pub fn new(
        blobs: &Arc<Blobs>,
        read: &impl Read,
        blob: &str,
        range: Range<u64>,
        key: Option<&ContentKey>,
    ) -> Result<Self, Fault> {
        let mut spans = VecDeque::new();
        collect(read, blob, range, key, &mut spans)?;
        let ids = spans.iter().filter_map(|span| match span {
            Span::File(part) => Some(part.id.clone()),
            Span::Here(_) => None,
        });
        let lease = Lease::new(blobs, ids.collect());
        Ok(Self { ready: VecDeque::new(), reader: Lane::Idle(Reader { lease, spans, open: None, pieces: VecDeque::new() }) })
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
        while self.ready.is_empty() {
            let mut reader = self.reader.idle().await?;
            self.ready = mem::take(&mut reader.pieces);
            while let Some(Span::Here(bytes)) = reader.spans.pop_front_if(|span| matches!(span, Span::Here(_))) {
                self.ready.push_back(bytes);
            }
            let ended = reader.spans.is_empty();
            self.reader = Lane::Idle(reader);
            if !ended {
                self.reader.run(Reader::read).await?;
            } else if self.ready.is_empty() {
                return Ok(None);
            }
        }
        Ok(self.ready.pop_front())
    }
}

impl Reader {
    /// Reads the next batch.
    fn read(&mut self) -> io::Result<()> {
        let Some(span) = self.spans.pop_front() else { return Ok(()) };
        let part = match span {
            Span::Here(bytes) => {
                self.pieces.push_back(bytes);
                return Ok(());
            }
            Span::File(part) => part,
        };
        let (start, end) = (part.range.start, part.range.end.min((part.range.start / BATCH + 1) * BATCH));
        let file = self.file(&part.id)?;
        let pieces = match &part.cipher {
            Some(cipher) => decrypted(file, cipher, start..end)?,
            None => vec![plain(file, start..end)?],
        };
        self.pieces.extend(pieces);
        if end < part.range.end {
            self.spans.push_front(Span::File(Part { range: end..part.range.end, ..part }));
        }
        Ok(())
    }

    fn file(&mut self, id: &str) -> io::Result<&File> {
        let found = match self.open.take() {
            Some(open) if open.0 == id => open,
            _ => (id.to_owned(), File::open(self.lease.blobs.path(id))?),
        };
        Ok(&self.open.insert(found).1)
    }
}

fn plain(file: &File, range: Range<u64>) -> io::Result<Bytes> {
    let wanted = usize::try_from(range.end - range.start).map_err(io::Error::other)?;
    let bytes = read(file, range.start, wanted)?;
    if bytes.len() < wanted { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(bytes.into()) }
}

/// The bytes of a range, of which whole chunks are read.
fn decrypted(file: &File, cipher: &Cipher, range: Range<u64>) -> io::Result<Vec<Bytes>> {
    let chunk = CHUNK as u64;
    let numbers = range.start / chunk..range.end.div_ceil(chunk);
    let most = usize::try_from(numbers.end - numbers.start).map_err(io::Error::other)? * STORED;
    let mut bytes = read(file, numbers.start * STORED as u64, most)?;
    let (mut at, mut pieces) = (0, Vec::new());
    for number in numbers {
        let stored = bytes.len().min(at + STORED);
        let length = cipher.open(number, &mut bytes[at..stored])? as u64;
        let first = number * chunk;
        let (from, to) = (range.start.max(first) - first, range.end.min(first + chunk) - first);
        if length < to {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        pieces.push(at + from as usize..at + to as usize);
        at = stored;
    }
    let bytes = Bytes::from(bytes);
    Ok(pieces.into_iter().map(|piece| bytes.slice(piece)).collect())
}

/// So many bytes from there, or fewer at the end of the file.
fn read(file: &File, start: u64, most: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(most);
    while bytes.len() < most {
        let at = start + bytes.len() as u64;
        match pread(file, spare_capacity(&mut bytes), at) {
            Ok(0) => break,
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(bytes)
}

fn collect(
    store: &impl Read,
    id: &str,
    range: Range<u64>,
    key: Option<&ContentKey>,
    spans: &mut VecDeque<Span>,
) -> Result<(), Fault> {
    let blob = store.spec(&s3::key::<Blob>(id))?;
    let blob = blob.ok_or_else(|| Fault::internal(format_args!("the blob {id} isn't there")))?;
    match &blob.place {
        Place::File if range.is_empty() => {}
        Place::File => {
            spans.push_back(Span::File(Part { id: id.to_owned(), range, cipher: key.map(|key| key.cipher(id)) }));
        }
        Place::Here(text) => {
            let bytes = here(id, text, key).map_err(|error| Fault::internal(format_args!("the blob {id}: {error}")))?;
            let bound = |at: u64| usize::try_from(at).unwrap_or(usize::MAX).min(bytes.len());
            let (start, end) = (bound(range.start), bound(range.end));
            if start < end {
                spans.push_back(Span::Here(bytes.slice(start..end)));
            }
        }
        Place::Parts(pieces) => {
            let mut start = 0;
            for piece in pieces {
                let end = start + piece.1;
                let (from, to) = (range.start.max(start), range.end.min(end));
                if from < to {
                    collect(store, &piece.0, from - start..to - start, key, spans)?;
                }
                start = end;
            }
        }
    }
    Ok(())
}

/// The bytes that stand in a record, which are one chunk at the most.
fn here(id: &str, text: &str, key: Option<&ContentKey>) -> io::Result<Bytes> {
    let mut bytes = STANDARD.decode(text).map_err(io::Error::other)?;
    if let Some(key) = key.filter(|_| !bytes.is_empty()) {
        let length = key.cipher(id).open(0, &mut bytes)?;
        bytes.truncate(length);
    }
    Ok(bytes.into())
}

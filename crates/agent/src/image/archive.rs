//! Archives of files: packed or not, and a root file system in one file.

use super::{ImageError, ImageLimits, layers::explain, limits::Bounded, unpack::unpack};
use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

/// Unpacks an archive of a root file system into an empty folder, as if it were an image's only layer: names that lead out of the folder are
/// refused, and so is what is larger than a layer may be.
///
/// # Errors
/// As for a layer.
pub fn unpack_file(archive: File, folder: &Path, limits: &ImageLimits) -> Result<(), ImageError> {
    let archive = decompress(BufReader::with_capacity(64 << 10, archive))?;
    unpack(Bounded::new(archive, limits.layer_bytes, "it"), folder, limits).map_err(|error| explain(&error))
}

/// An archive, in one of the three forms that images' layers have. The form is told by its first bytes, not by the media type
/// or a file's name, which some tools get wrong.
pub enum Decompressed<B: BufRead> {
    /// As it is.
    Plain(B),
    /// RFC 1952.
    Gzip(Box<flate2::bufread::MultiGzDecoder<B>>),
    /// RFC 8878.
    Zstd(Box<zstd::Decoder<'static, B>>),
}

/// Looks at the first bytes.
///
/// # Errors
/// If they can't be read.
pub fn decompress<B: BufRead>(mut blob: B) -> io::Result<Decompressed<B>> {
    match blob.fill_buf()? {
        [0x1f, 0x8b, ..] => Ok(Decompressed::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(blob)))),
        [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
            let mut decoder = zstd::Decoder::with_buffer(blob)?;
            // 128 MiB, the most that the format's own command line tool accepts unasked.
            decoder.window_log_max(27)?;
            Ok(Decompressed::Zstd(Box::new(decoder)))
        }
        _ => Ok(Decompressed::Plain(blob)),
    }
}

impl<B: BufRead> Read for Decompressed<B> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(blob) => blob.read(buffer),
            Self::Gzip(decoder) => decoder.read(buffer),
            Self::Zstd(decoder) => decoder.read(buffer),
        }
    }
}

impl<B: BufRead> Decompressed<B> {
    /// The reader below.
    pub fn into_inner(self) -> B {
        match self {
            Self::Plain(blob) => blob,
            Self::Gzip(decoder) => decoder.into_inner(),
            Self::Zstd(decoder) => decoder.finish(),
        }
    }
}

/// Neither refused by us, nor the disk's or the source's failure: the bytes are no archive.
pub fn is_unreadable(error: &io::Error) -> bool {
    let kinds = [io::ErrorKind::UnexpectedEof, io::ErrorKind::InvalidInput, io::ErrorKind::Other];
    error.raw_os_error().is_none() && kinds.contains(&error.kind())
}

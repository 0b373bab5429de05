//! `aws-chunked` bodies: they decode to the same whatever pieces they arrive in, and never to more than was sent.
//!
//! The first byte says how long the pieces are.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::body::{BodyError, ChunkDecoder};

type Decoded = (Vec<u8>, Vec<(String, String)>);

fuzz_target!(|data: &[u8]| {
    let Some((size, body)) = data.split_first() else { return };
    let whole = decode([body].into_iter());
    let pieces = decode(body.chunks(usize::from(*size).max(1)));
    if let Ok((bytes, _)) = &whole {
        assert!(bytes.len() < body.len());
    }
    assert_eq!(whole, pieces);
});

fn decode<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Result<Decoded, BodyError> {
    let (mut decoder, mut bytes) = (ChunkDecoder::new(None), Vec::new());
    for piece in pieces {
        decoder.decode(piece, &mut bytes)?;
    }
    let trailers = decoder.finish(None)?;
    Ok((bytes, trailers))
}

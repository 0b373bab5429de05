//! Bodies that were sent with `Content-Encoding: gzip`.

use super::BodyError;
use flate2::read::MultiGzDecoder;
use std::io::Read;

/// Undoes gzip. However much the body promises to become, no more than `limit` bytes are ever held.
pub fn gunzip(body: &[u8], limit: usize) -> Result<Vec<u8>, BodyError> {
    let mut plain = Vec::new();
    let bounded = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(body).take(bounded).read_to_end(&mut plain).map_err(|_| BodyError::Malformed("not gzip"))?;
    if plain.len() > limit { Err(BodyError::TooLarge { limit }) } else { Ok(plain) }
}

//! A block's content, and what is stored of it.
//!
//! A stored block is a byte that says whether Zstandard made it smaller, and the content. Under a key both are encrypted with
//! AES-256-GCM-SIV (RFC 8452), whose nonce is of the content's own name: equal blocks give equal objects, as storing each once needs,
//! and a nonce that does come twice gives away no more than that.

use crate::{BLOCK, BlockId, DataKey, Error, Result, xts::is_zero};
use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, Nonce, UnboundKey},
    digest, hmac,
};

/// Fast, and near enough to the higher levels on file systems' blocks.
const LEVEL: i32 = 1;
const AS_IT_IS: u8 = 0;
const ZSTD: u8 = 1;

/// How blocks are named and stored: in plain, or under a key.
pub struct Codec(Option<Keys>);

struct Keys {
    naming: hmac::Key,
    sealing: LessSafeKey,
}

impl Codec {
    /// The codec of a key; of none, for what isn't encrypted.
    pub fn new(key: Option<&DataKey>) -> Codec {
        Codec(key.map(|key| {
            let naming = hmac::Key::new(hmac::HMAC_SHA256, key.derive::<32>(&[b"block id"]).as_ref());
            let sealing = UnboundKey::new(&AES_256_GCM_SIV, key.derive::<32>(&[b"block"]).as_ref());
            Keys { naming, sealing: LessSafeKey::new(sealing.expect("the key has the cipher's length")) }
        }))
    }

    /// The name of a whole block's content, `None` for zeros, which aren't stored.
    pub fn id(&self, plain: &[u8]) -> Option<BlockId> {
        (!is_zero(plain)).then(|| self.name(plain))
    }

    fn name(&self, plain: &[u8]) -> BlockId {
        let mut id = [0; 32];
        match &self.0 {
            Some(keys) => id.copy_from_slice(hmac::sign(&keys.naming, plain).as_ref()),
            None => id.copy_from_slice(digest::digest(&digest::SHA256, plain).as_ref()),
        }
        BlockId(id)
    }

    /// What is stored of a block.
    pub fn encode(&self, id: BlockId, plain: &[u8]) -> Result<Vec<u8>> {
        let mut object = Vec::with_capacity(plain.len() / 2);
        object.push(ZSTD);
        object.extend(zstd::bulk::compress(plain, LEVEL)?);
        if object.len() > plain.len() {
            object.clear();
            object.push(AS_IT_IS);
            object.extend(plain);
        }
        if let Some(keys) = &self.0 {
            let sealed = keys.sealing.seal_in_place_append_tag(nonce(id), Aad::from(id.0), &mut object);
            sealed.map_err(|_| Error::Invalid("the block can't be encrypted".into()))?;
        }
        Ok(object)
    }

    /// The block of which `object` was stored, if it is the one of this name.
    pub fn decode(&self, id: BlockId, mut object: Vec<u8>) -> Result<Vec<u8>> {
        let corrupt = |why: &str| Error::Corrupt(format!("block {id}: {why}"));
        if let Some(keys) = &self.0 {
            let opened = keys.sealing.open_in_place(nonce(id), Aad::from(id.0), &mut object);
            let length = opened.map_err(|_| corrupt("it was changed, or encrypted under another key"))?.len();
            object.truncate(length);
        }
        let plain = match object.split_first() {
            Some((&ZSTD, packed)) => zstd::bulk::decompress(packed, BLOCK).map_err(|_| corrupt("it can't be decompressed"))?,
            Some((&AS_IT_IS, _)) => object.split_off(1),
            _ => return Err(corrupt("its form is unknown")),
        };
        if plain.len() != BLOCK || self.name(&plain) != id {
            return Err(corrupt("its content isn't what was stored"));
        }
        Ok(plain)
    }
}

fn nonce(id: BlockId) -> Nonce {
    let mut nonce = [0; 12];
    nonce.copy_from_slice(&id.0[..12]);
    Nonce::assume_unique_for_key(nonce)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(seed: usize) -> Vec<u8> {
        (0..BLOCK).map(|at| ((at * seed) >> 7) as u8).collect()
    }

    #[test]
    fn what_was_stored_is_read_again() {
        for key in [None, Some(DataKey::new([7; 32]))] {
            let codec = Codec::new(key.as_ref());
            let plain = block(12_345);
            let id = codec.id(&plain).unwrap();
            let object = codec.encode(id, &plain).unwrap();
            assert!(object.len() < BLOCK);
            assert_eq!(codec.decode(id, object).unwrap(), plain);
        }
    }

    #[test]
    fn names_are_a_keys_own() {
        let plain = block(3);
        let [none, one, other] =
            [None, Some([1; 32]), Some([2; 32])].map(|bytes| Codec::new(bytes.map(DataKey::new).as_ref()).id(&plain).unwrap());
        assert!(none != one && one != other && none != other);
        assert_eq!(Codec::new(None).id(&vec![0; BLOCK]), None);
    }

    #[test]
    fn a_changed_byte_is_found() {
        for key in [None, Some(DataKey::new([7; 32]))] {
            let codec = Codec::new(key.as_ref());
            let plain = block(999);
            let id = codec.id(&plain).unwrap();
            let object = codec.encode(id, &plain).unwrap();
            for at in (0..object.len()).step_by(object.len() / 50) {
                let mut bad = object.clone();
                bad[at] ^= 1;
                // Zstandard ignores some bits of its header; then the content is still right.
                assert!(codec.decode(id, bad).is_ok_and(|it| it == plain) || codec.decode(id, object[..at].to_vec()).is_err());
            }
            assert!(codec.decode(id, Vec::new()).is_err());
        }
    }

    #[test]
    fn a_bomb_is_refused() {
        let codec = Codec::new(None);
        let plain = block(1);
        let id = codec.id(&plain).unwrap();
        let mut bomb = vec![ZSTD];
        bomb.extend(zstd::bulk::compress(&vec![0; 64 * BLOCK], LEVEL).unwrap());
        assert!(matches!(codec.decode(id, bomb), Err(Error::Corrupt(_))));
    }
}

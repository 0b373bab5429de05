//! A snapshot: which block of a volume has which content.

use crate::{BlockId, Error, Fingerprint, Result, blocks_of, check_size};
use aws_lc_rs::digest::{SHA256, digest};

const MAGIC: &[u8; 8] = b"HFSNAP1\0";
/// Magic, size, whether there is a fingerprint, the fingerprint, the number of entries.
const HEAD: usize = 8 + 8 + 1 + 16 + 4;
const ENTRY: usize = 4 + 32;
const SUM: usize = 32;

/// A snapshot: which block of a volume has which content. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Manifest {
    size: u64,
    key: Option<Fingerprint>,
    blocks: Vec<(u32, BlockId)>,
}

/// A block that differs between two snapshots: its index, its content in the first and in the second. `None` is zeros.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// Which block.
    pub index: u32,
    /// Its content in the first.
    pub first: Option<BlockId>,
    /// Its content in the second.
    pub second: Option<BlockId>,
}

impl Manifest {
    /// A snapshot of a volume of `size` bytes. Blocks that aren't named are zeros; indices ascend.
    pub fn new(size: u64, key: Option<Fingerprint>, blocks: Vec<(u32, BlockId)>) -> Result<Manifest> {
        check_size(size)?;
        let ascending = blocks.windows(2).all(|pair| pair[0].0 < pair[1].0);
        if !ascending || blocks.last().is_some_and(|(index, _)| *index >= blocks_of(size)) {
            return Err(Error::Invalid("a snapshot's blocks are out of order or beyond its end".into()));
        }
        Ok(Manifest { size, key, blocks })
    }

    /// The volume's size in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// Under which key the blocks are encrypted, if they are.
    pub fn key(&self) -> Option<Fingerprint> {
        self.key
    }

    /// The blocks that aren't zeros, in order.
    pub fn blocks(&self) -> &[(u32, BlockId)] {
        &self.blocks
    }

    /// A block's content; `None` is zeros.
    pub fn block(&self, index: u32) -> Option<BlockId> {
        let at = self.blocks.binary_search_by_key(&index, |(index, _)| *index).ok()?;
        Some(self.blocks[at].1)
    }

    /// The blocks in which `second` differs from this, in order.
    pub fn changes<'a>(&'a self, second: &'a Manifest) -> impl Iterator<Item = Change> + 'a {
        let (mut one, mut two) = (self.blocks.iter().peekable(), second.blocks.iter().peekable());
        let merged = std::iter::from_fn(move || {
            let index = [one.peek(), two.peek()].into_iter().flatten().map(|(index, _)| *index).min()?;
            let first = one.next_if(|it| it.0 == index).map(|it| it.1);
            let second = two.next_if(|it| it.0 == index).map(|it| it.1);
            Some(Change { index, first, second })
        });
        merged.filter(|change| change.first != change.second)
    }

    /// What is stored.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(HEAD + self.blocks.len() * ENTRY + SUM);
        bytes.extend(MAGIC);
        bytes.extend(self.size.to_le_bytes());
        bytes.push(u8::from(self.key.is_some()));
        bytes.extend(self.key.map_or([0; 16], |key| key.0));
        bytes.extend((self.blocks.len() as u32).to_le_bytes());
        for (index, id) in &self.blocks {
            bytes.extend(index.to_le_bytes());
            bytes.extend(id.0);
        }
        bytes.extend(digest(&SHA256, &bytes).as_ref());
        bytes
    }

    /// Reads what was stored. Whatever the bytes are, no more memory is taken than they have.
    pub fn decode(bytes: &[u8]) -> Result<Manifest> {
        Self::read(bytes).ok_or_else(|| Error::Corrupt("a snapshot's manifest isn't what was stored".into()))
    }

    fn read(bytes: &[u8]) -> Option<Manifest> {
        let (body, sum) = bytes.split_at_checked(bytes.len().checked_sub(SUM)?)?;
        let (head, entries) = body.split_at_checked(HEAD)?;
        if digest(&SHA256, body).as_ref() != sum || !head.starts_with(MAGIC) {
            return None;
        }
        let size = u64::from_le_bytes(head[8..16].try_into().ok()?);
        let key = (head[16] != 0).then_some(Fingerprint(head[17..33].try_into().ok()?));
        let count = u32::from_le_bytes(head[33..].try_into().ok()?) as usize;
        if entries.len() != count.checked_mul(ENTRY)? {
            return None;
        }
        let entry = |bytes: &[u8]| Some((u32::from_le_bytes(bytes[..4].try_into().ok()?), BlockId(bytes[4..].try_into().ok()?)));
        let blocks = entries.chunks_exact(ENTRY).map(entry).collect::<Option<_>>()?;
        Manifest::new(size, key, blocks).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BLOCK;
    use proptest::prelude::*;

    fn id(byte: u8) -> BlockId {
        BlockId([byte; 32])
    }

    fn any_manifest() -> impl Strategy<Value = Manifest> {
        let blocks = proptest::collection::btree_map(0u32..64, any::<u8>(), 0..20);
        (blocks, any::<bool>()).prop_map(|(blocks, key)| {
            let blocks = blocks.into_iter().map(|(index, byte)| (index, id(byte))).collect();
            Manifest::new(64 * BLOCK as u64, key.then_some(Fingerprint([3; 16])), blocks).unwrap()
        })
    }

    proptest! {
        #[test]
        fn it_is_read_as_it_was_written(manifest in any_manifest()) {
            prop_assert_eq!(Manifest::decode(&manifest.encode()).unwrap(), manifest);
        }

        #[test]
        fn a_changed_or_missing_byte_is_found(manifest in any_manifest(), at in any::<prop::sample::Index>()) {
            let bytes = manifest.encode();
            let at = at.index(bytes.len());
            let mut bad = bytes.clone();
            bad[at] ^= 0x10;
            prop_assert!(Manifest::decode(&bad).is_err());
            prop_assert!(Manifest::decode(&bytes[..at]).is_err());
        }

        #[test]
        fn changes_are_where_blocks_differ(one in any_manifest(), two in any_manifest()) {
            let expected: Vec<u32> = (0..64).filter(|index| one.block(*index) != two.block(*index)).collect();
            let found: Vec<Change> = one.changes(&two).collect();
            prop_assert_eq!(found.iter().map(|it| it.index).collect::<Vec<_>>(), expected);
            prop_assert!(found.iter().all(|it| it.first == one.block(it.index) && it.second == two.block(it.index)));
        }

        #[test]
        fn anything_may_be_read(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(Manifest::decode(&bytes).is_err());
        }
    }

    /// Manifests whose checksum is right and whose content isn't: somebody made them so.
    #[test]
    fn a_hostile_manifest_is_refused() {
        let forge = |size: u64, count: u32, entries: &[(u32, u8)]| {
            let mut bytes = Vec::from(MAGIC);
            bytes.extend(size.to_le_bytes());
            bytes.extend([0; 17]);
            bytes.extend(count.to_le_bytes());
            entries.iter().for_each(|(index, byte)| {
                bytes.extend(index.to_le_bytes());
                bytes.extend([*byte; 32]);
            });
            bytes.extend(digest(&SHA256, &bytes).as_ref());
            bytes
        };
        let two = 2 * BLOCK as u64;
        assert!(Manifest::decode(&forge(two, 2, &[(0, 1), (1, 1)])).is_ok());
        assert!(Manifest::decode(&forge(two, u32::MAX, &[(0, 1)])).is_err(), "more entries than bytes");
        assert!(Manifest::decode(&forge(two, 2, &[(1, 1), (0, 1)])).is_err(), "out of order");
        assert!(Manifest::decode(&forge(two, 2, &[(1, 1), (1, 2)])).is_err(), "a block twice");
        assert!(Manifest::decode(&forge(two, 1, &[(2, 1)])).is_err(), "beyond the end");
        assert!(Manifest::decode(&forge(u64::MAX, 0, &[])).is_err(), "too large");
        assert!(Manifest::decode(&forge(0, 0, &[])).is_err(), "of no size");
        assert!(Manifest::decode(&forge(two + 1, 0, &[])).is_err(), "of half a sector");
    }
}

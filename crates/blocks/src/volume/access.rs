//! Reading and writing a volume.

use super::{Shared, Volume, state};
use crate::{BLOCK, Error, Result};
use std::{ops::Range, sync::atomic::Ordering::SeqCst};

impl Volume {
    /// Reads at a place. Blocks that weren't fetched yet are.
    pub fn read_at(&self, offset: u64, out: &mut [u8]) -> Result<()> {
        let shared = self.shared();
        let mut rest = out;
        for piece in shared.pieces(offset, rest.len())? {
            let (part, more) = rest.split_at_mut(piece.len());
            self.read_piece(&shared, &piece, part)?;
            rest = more;
        }
        Ok(())
    }

    /// Writes at a place. It is on the disk after the next flush, and seen by whoever reads after this returns.
    pub fn write_at(&self, offset: u64, data: &[u8]) -> Result<()> {
        self.outdate_memory()?;
        let shared = self.shared();
        let mut rest = data;
        for piece in shared.pieces(offset, rest.len())? {
            let (part, more) = rest.split_at(piece.len());
            self.write_piece(&shared, &piece, part)?;
            rest = more;
        }
        Ok(())
    }

    /// Makes zeros of a range, and gives its place back to the disk.
    pub fn discard(&self, offset: u64, length: u64) -> Result<()> {
        self.outdate_memory()?;
        let shared = self.shared();
        // Never more than a volume of pieces at a time, whatever is asked.
        let length = usize::try_from(length).map_err(|_| Error::Invalid("too long".into()))?;
        shared.pieces(offset, length)?.try_for_each(|piece| self.discard_piece(&shared, &piece))
    }

    fn read_piece(&self, shared: &Shared, piece: &Piece, out: &mut [u8]) -> Result<()> {
        {
            let _together = self.stripe(piece.index).read().expect(super::WHOLE);
            match shared.kind(piece.index) {
                state::ZERO => {
                    out.fill(0);
                    return Ok(());
                }
                state::LOCAL => return Ok(self.data.read(piece.at(), out)?),
                _ => {}
            }
        }
        let _alone = self.stripe(piece.index).write().expect(super::WHOLE);
        let content = self.content(shared, piece.index)?;
        out.copy_from_slice(&content[piece.within.clone()]);
        if shared.kind(piece.index) == state::REMOTE {
            self.settle_locally(shared, piece.index, &content);
        }
        Ok(())
    }

    /// Keeps a block that was fetched. If there is no place for it, it is fetched again another time.
    fn settle_locally(&self, shared: &Shared, index: u32, content: &[u8]) {
        if self.data.write(start(index), content).is_ok() {
            let dirty = state::is_dirty(shared.state(index));
            self.set(shared, index, state::with_dirty(state::LOCAL, dirty));
        }
    }

    fn write_piece(&self, shared: &Shared, piece: &Piece, data: &[u8]) -> Result<()> {
        if self.data.is_alone_unneeded(piece.at(), data.len()) {
            let _together = self.stripe(piece.index).read().expect(super::WHOLE);
            if shared.state(piece.index) == DONE && shared.frozen.iter().all(|frozen| frozen.is_settled(piece.index)) {
                return Ok(self.data.write(piece.at(), data)?);
            }
        }
        let _alone = self.stripe(piece.index).write().expect(super::WHOLE);
        self.before_change(shared, piece.index)?;
        if shared.kind(piece.index) == state::REMOTE && !piece.is_whole() {
            let mut content = self.fetch(shared, piece.index)?;
            content[piece.within.clone()].copy_from_slice(data);
            self.data.write(start(piece.index), &content)?;
        } else {
            self.data.write(piece.at(), data)?;
        }
        self.set(shared, piece.index, DONE);
        Ok(())
    }

    fn discard_piece(&self, shared: &Shared, piece: &Piece) -> Result<()> {
        let _alone = self.stripe(piece.index).write().expect(super::WHOLE);
        let whole = piece.is_whole() || (piece.within.start == 0 && piece.at() + piece.len() as u64 == shared.size);
        let kind = shared.kind(piece.index);
        if kind == state::ZERO {
            return Ok(());
        }
        self.before_change(shared, piece.index)?;
        if whole {
            self.data.zero(start(piece.index)..start(piece.index) + BLOCK as u64)?;
            self.set(shared, piece.index, state::ZERO | state::DIRTY);
            return Ok(());
        }
        if kind == state::REMOTE {
            self.data.write(start(piece.index), &self.fetch(shared, piece.index)?)?;
        }
        self.data.zero(piece.at()..piece.at() + piece.len() as u64)?;
        self.set(shared, piece.index, DONE);
        Ok(())
    }

    /// Lets the snapshots under way keep a block, before it is changed by who is alone with it.
    fn before_change(&self, shared: &Shared, index: u32) -> Result<()> {
        shared.frozen.iter().try_for_each(|frozen| frozen.before_change(index, || self.content(shared, index)))
    }

    /// A whole block, for who is alone with it or keeps others from changing it.
    pub(super) fn content(&self, shared: &Shared, index: u32) -> Result<Vec<u8>> {
        match shared.kind(index) {
            state::REMOTE => self.fetch(shared, index),
            state::LOCAL => {
                let mut content = vec![0; BLOCK];
                self.data.read(start(index), &mut content)?;
                Ok(content)
            }
            _ => Ok(vec![0; BLOCK]),
        }
    }

    fn fetch(&self, shared: &Shared, index: u32) -> Result<Vec<u8>> {
        let id = shared.source.as_ref().and_then(|source| source.block(index));
        let id = id.ok_or_else(|| Error::Corrupt(format!("block {index} is of a snapshot that has none such")))?;
        self.store.read(self.source_codec.as_ref().unwrap_or(&self.codec), id)
    }

    fn set(&self, shared: &Shared, index: u32, state: u8) {
        if shared.states[index as usize].swap(state, SeqCst) != state {
            self.pending().insert(index, state);
        }
    }
}

/// The state of a block that was written to: to write to it again changes nothing of it.
const DONE: u8 = state::LOCAL | state::DIRTY;

impl Shared {
    pub(super) fn state(&self, index: u32) -> u8 {
        self.states[index as usize].load(SeqCst)
    }

    fn kind(&self, index: u32) -> u8 {
        state::kind(self.state(index))
    }

    /// The blocks' parts that a range consists of.
    fn pieces(&self, offset: u64, length: usize) -> Result<impl Iterator<Item = Piece> + use<>> {
        let end = offset.checked_add(length as u64).filter(|end| *end <= self.size);
        let end = end.ok_or_else(|| Error::Invalid("beyond the volume's end".into()))?;
        let mut at = offset;
        Ok(std::iter::from_fn(move || {
            let index = u32::try_from(at / BLOCK as u64).ok().filter(|_| at < end)?;
            let from = (at - start(index)) as usize;
            let within = from..((end - start(index)) as usize).min(BLOCK);
            at = start(index) + within.end as u64;
            Some(Piece { index, within })
        }))
    }
}

/// A part of one block.
struct Piece {
    index: u32,
    within: Range<usize>,
}

impl Piece {
    /// Where in the volume it begins.
    fn at(&self) -> u64 {
        start(self.index) + self.within.start as u64
    }

    fn len(&self) -> usize {
        self.within.len()
    }

    fn is_whole(&self) -> bool {
        self.within == (0..BLOCK)
    }
}

fn start(index: u32) -> u64 {
    u64::from(index) * BLOCK as u64
}

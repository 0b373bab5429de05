//! What a volume remembers of each of its blocks: one byte.

/// The block is zeros, and the data file has a hole there.
pub const ZERO: u8 = 0;
/// The block is the source snapshot's, and wasn't fetched yet.
pub const REMOTE: u8 = 1;
/// The block stands in the data file.
pub const LOCAL: u8 = 2;
/// The bits of the three above.
const KIND: u8 = 3;
/// The block isn't known to be the base snapshot's.
pub const DIRTY: u8 = 4;

/// Where the block is.
pub fn kind(state: u8) -> u8 {
    state & KIND
}

/// Whether the block has to be looked at for the next snapshot.
pub fn is_dirty(state: u8) -> bool {
    state & DIRTY != 0
}

/// The same, said to be dirty or not.
pub fn with_dirty(state: u8, dirty: bool) -> u8 {
    (state & !DIRTY) | if dirty { DIRTY } else { 0 }
}

/// Whether a byte that was read can be a state.
pub fn is_valid(state: u8) -> bool {
    state & !(KIND | DIRTY) == 0 && kind(state) != KIND
}

//! What the operations do.

pub(super) mod lookup;
pub(super) mod tags;
pub(super) mod trails;

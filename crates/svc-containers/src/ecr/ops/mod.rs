//! The operations, by what they are about.

pub mod images;
pub mod layers;
pub mod policies;
pub mod registry;
pub mod repositories;
pub mod tags;

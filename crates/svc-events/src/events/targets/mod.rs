//! Targets of rules: of which kinds there are, how they are kept, and which of them are refused.

mod check;
mod kind;

pub use check::{check, pass, template};
pub use kind::{Kind, MachineAction, kind};

use api::events::Target;
use wire::{Fault, FromValue, IntoValue, stored};

/// A target as its rule keeps it.
pub fn keep(target: &Target) -> String {
    stored::to_text(&target.clone().into_value())
}

/// The target that a rule keeps.
pub fn read(kept: &str) -> Result<Target, Fault> {
    Target::from_value(stored::from_text(kept)?)
}

//! What schedules call: which targets there are, how they are kept, which of them are refused, and what is asked of them.

mod call;
mod check;
mod input;
mod kind;

pub use call::{Execution, call};
pub use check::check;
pub use kind::{Kind, kind};

use api::scheduler::Target;
use wire::{Fault, FromValue, IntoValue, stored};

/// As whom schedules assume their roles.
pub const SERVICE: &str = "scheduler.amazonaws.com";

/// A target as its schedule keeps it.
pub fn keep(target: &Target) -> String {
    stored::to_text(&target.clone().into_value())
}

/// The target that a schedule keeps.
pub fn read(kept: &str) -> Result<Target, Fault> {
    Target::from_value(stored::from_text(kept)?)
}

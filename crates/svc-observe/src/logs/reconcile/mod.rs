//! What goes on by itself: the pump, and the sweeping up of what has expired or was deleted.

mod pump;
mod retention;

pub use pump::Pump;
pub use retention::Retention;

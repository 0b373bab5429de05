//! What goes on by itself: the pumps, and the sweeping up of what has expired or was deleted.

mod flows;
mod pump;
mod retention;

pub use flows::Flows;
pub use pump::Pump;
pub use retention::Retention;

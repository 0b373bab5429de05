//! Fast restore of snapshots: its states by the time since it was enabled (EBS user guide, "Amazon EBS fast snapshot restore").

use model::{Timestamp, ec2::FastRestore};
use std::time::Duration;

/// How long enabling and disabling take.
const SWITCHING: Duration = Duration::from_secs(10);
/// Optimizing takes 60 minutes for each TiB: so long for each GiB.
const OPTIMIZING_GIB: Duration = Duration::from_millis(60 * 60 * 1000 / 1024);

/// When fast restore enters or entered each of its states; those that it hasn't entered yet are left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FastRestoreTimes {
    /// As the API says it: `enabling`, `optimizing`, `enabled`, `disabling`, `disabled`.
    pub state: &'static str,
    /// It was enabled.
    pub enabling: Option<Timestamp>,
    /// It began to read the snapshot.
    pub optimizing: Option<Timestamp>,
    /// Volumes are fast from then on.
    pub enabled: Option<Timestamp>,
    /// It was disabled.
    pub disabling: Option<Timestamp>,
    /// Nothing of it is left.
    pub disabled: Option<Timestamp>,
}

/// How fast restore of a snapshot of so many GiB stands at a moment.
pub fn fast_restore(it: &FastRestore, size: u32, now: Timestamp) -> FastRestoreTimes {
    let optimizing = it.enabled_at + SWITCHING;
    let enabled = optimizing + OPTIMIZING_GIB * size;
    let disabled = it.disabled_at.map(|at| at + SWITCHING);
    // What it was disabled before, it never entered.
    let entered = |at: Timestamp| (at <= now && it.disabled_at.is_none_or(|end| at <= end)).then_some(at);
    let mut times = FastRestoreTimes {
        state: "enabling",
        enabling: Some(it.enabled_at),
        optimizing: entered(optimizing),
        enabled: entered(enabled),
        disabling: it.disabled_at,
        disabled: disabled.filter(|at| *at <= now),
    };
    times.state = match times {
        FastRestoreTimes { disabled: Some(_), .. } => "disabled",
        FastRestoreTimes { disabling: Some(_), .. } => "disabling",
        FastRestoreTimes { enabled: Some(_), .. } => "enabled",
        FastRestoreTimes { optimizing: Some(_), .. } => "optimizing",
        _ => "enabling",
    };
    times
}

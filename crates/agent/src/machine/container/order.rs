//! What the agent tells the shim of a system container ([`crate::machine::shimmed::control`]).

use super::job::JobDisk;
use serde::{Deserialize, Serialize};

/// An order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The machine's system is asked to shut down, or everything is killed.
    Halt {
        /// Killed.
        force: bool,
    },
    /// Likewise, and then it boots again.
    Reboot {
        /// What is counted then.
        number: u32,
        /// Killed.
        force: bool,
    },
    /// The machine gets a disk.
    Attach(JobDisk),
    /// The machine loses a disk.
    Detach {
        /// [`JobDisk::name`].
        name: String,
        /// Even if it is mounted.
        force: bool,
    },
}

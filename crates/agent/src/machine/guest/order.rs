//! What the agent tells the shim of a guest ([`crate::machine::shimmed::control`]).

use super::job::{JobDisk, JobInterface};
use serde::{Deserialize, Serialize};

/// An order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// The guest's power button is pressed, or the monitor is killed.
    Halt {
        /// Killed.
        force: bool,
    },
    /// Its memory is kept, and the monitor ends.
    Hibernate,
    /// The guest's power button is pressed, and then it begins anew; or it does so at once.
    Reboot {
        /// What is counted then.
        number: u32,
        /// At once.
        force: bool,
    },
    /// It gets a disk, at any port.
    Attach(JobDisk),
    /// It loses a disk.
    Detach {
        /// [`JobDisk::name`].
        name: String,
        /// Without its system's consent.
        force: bool,
    },
    /// A disk has another size.
    Grow {
        /// [`JobDisk::name`].
        name: String,
        /// In bytes.
        size: u64,
    },
    /// These are its interfaces, at any port.
    Network(Vec<JobInterface>),
    /// A picture of its screen is put into its folder.
    Look,
}

/// How far an order has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    /// It is done.
    Done,
    /// It is under way: whoever gives it again learns more.
    Pending,
}

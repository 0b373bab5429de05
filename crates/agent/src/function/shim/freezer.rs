//! Stops everything in an environment between invocations, and lets it go on. What has been frozen takes no processor time.

use crate::cgroup::Cgroups;
use std::{fs, path::PathBuf};

/// The switch of a control group.
pub struct Freezer {
    switch: Option<(PathBuf, &'static str, &'static str)>,
    frozen: bool,
}

impl Freezer {
    /// Finds it: version 2's, which hybrid machines have too, or version 1's.
    pub fn of(cgroups: &Cgroups, group: &str) -> Self {
        let new = cgroups.folder("unified", group).map(|folder| (folder.join("cgroup.freeze"), "1", "0"));
        let old = cgroups.folder("freezer", group).map(|folder| (folder.join("freezer.state"), "FROZEN", "THAWED"));
        Self { switch: [new, old].into_iter().flatten().find(|(path, ..)| path.exists()), frozen: false }
    }

    /// Nothing goes on.
    pub fn freeze(&mut self) {
        if let (Some((path, frozen, _)), false) = (&self.switch, self.frozen) {
            self.frozen = fs::write(path, frozen).is_ok();
        }
    }

    /// Everything goes on.
    pub fn thaw(&mut self) {
        if let (Some((path, _, thawed)), true) = (&self.switch, self.frozen) {
            self.frozen = fs::write(path, thawed).is_err();
        }
    }
}

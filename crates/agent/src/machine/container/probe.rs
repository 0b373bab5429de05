//! What the host lacks for system containers, found by trying.

use super::{
    door::{self, Door},
    ids,
    mounts::Detached,
};
use agent_proto::Missing;
use nix::{
    fcntl::{OFlag, open},
    sys::stat::Mode,
};
use std::{collections::BTreeSet, fs, io, path::Path};

/// Tries what a machine needs and a container doesn't.
pub fn missing(data: &Path) -> Vec<Missing> {
    if !nix::unistd::geteuid().is_root() {
        // Said once, for everything, by those who run containers.
        return Vec::new();
    }
    let folder = data.join("probe-machines");
    let tried = try_all(&folder);
    let _ = door::remove(&folder);
    let _ = fs::remove_dir_all(&folder);
    tried.err().into_iter().collect()
}

fn try_all(folder: &Path) -> Result<(), Missing> {
    let fatal = |what: &str, error: io::Error, remedy: &str| Missing {
        what: format!("{what} ({error})"),
        costs: "system containers can't be run as instances".into(),
        remedy: remedy.into(),
        fatal: false,
    };
    let base = ids::free(&BTreeSet::new(), "probe").ok_or_else(|| fatal("ids", io::Error::other("none"), ""))?;
    let made = fs::create_dir_all(folder).and_then(|()| door::ensure(folder, base)).and_then(|()| Door::open(folder));
    let door = made.map_err(|error| fatal("user namespaces", error, "set the sysctl user.max_user_namespaces above 0"))?;
    let mapped = open(folder, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())
        .map_err(io::Error::from)
        .and_then(|place| Detached::copy_of(&place, Path::new(""), false))
        .and_then(|copy| copy.map_ids(&door.user));
    mapped.map_err(|error| {
        fatal("mounts with mapped ids", error, "use Linux 5.19 or later, and a data folder on ext4, xfs or btrfs")
    })
}

//! A machine's control groups: what bounds it, and what of it is its own.
//!
//! Inside, `/sys/fs/cgroup` is always version 2's, beginning with the machine's own group, in which it may make others. Where the controllers are in
//! version 1, its groups bound nothing, but the machine as a whole is bounded all the same.

use super::shim::CHARACTER;
use crate::{
    cgroup::Cgroups,
    machine::shimmed::bounds::{self, Room},
};
use agent_proto::machine::Hardware;
use nix::sys::stat::{major, minor};
use std::{fs, io, os::unix::fs::chown};

/// Processes and threads for each MiB of memory, within bounds: so many that the kernel's own memory for them is about half of it. EC2 has no such bound,
/// a kernel of its own does.
const PIDS_PER_MIB: u64 = 4;
const PIDS: (u64, u64) = (512, 32_768);

/// What a version 2 group's owner may write: what `/sys/kernel/cgroup/delegate` names.
const DELEGATED: [&str; 4] = ["cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "memory.oom.group"];

/// Makes the groups of a machine whose root is `base` outside. Controllers that this host lacks, `unbounded`, are left out.
pub fn create(cgroups: &Cgroups, group: &str, hardware: &Hardware, unbounded: &[&str], base: u32) -> io::Result<()> {
    let pids = (hardware.memory_mib * PIDS_PER_MIB).clamp(PIDS.0, PIDS.1);
    bounds::create(cgroups, group, hardware, Room { memory_mib: 0, pids }, unbounded)?;
    restrict_devices(cgroups, group)?;
    let Some(unified) = cgroups.folder("unified", group) else { return Ok(()) };
    let files = DELEGATED.iter().map(|name| unified.join(name)).filter(|file| file.exists());
    std::iter::once(unified.clone()).chain(files).try_for_each(|path| chown(path, Some(base), Some(base)))
}

/// A second lock where there is one: what counts is that machines can neither make nor mount device nodes.
fn restrict_devices(cgroups: &Cgroups, group: &str) -> io::Result<()> {
    let Some(folder) = cgroups.folder("devices", group) else { return Ok(()) };
    fs::write(folder.join("devices.deny"), "a")?;
    // Nodes may be made: an overlay's whiteouts are some. Terminals are 5 and 136 to 143.
    let fixed = ["c *:* m", "b *:* m", "c 5:* rwm", "c 136:* rwm"].map(str::to_owned);
    let nodes = CHARACTER.iter().map(|(_, major, minor)| format!("c {major}:{minor} rwm"));
    fixed.into_iter().chain(nodes).try_for_each(|rule| fs::write(folder.join("devices.allow"), rule))
}

/// Lets a machine open a disk, or not any more.
pub fn allow_disk(cgroups: &Cgroups, group: &str, number: libc::dev_t, allow: bool) -> io::Result<()> {
    let Some(folder) = cgroups.folder("devices", group) else { return Ok(()) };
    let file = if allow { "devices.allow" } else { "devices.deny" };
    fs::write(folder.join(file), format!("b {}:{} rw", major(number), minor(number)))
}

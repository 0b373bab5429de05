//! A machine's control groups: what bounds it, and what of it is its own.
//!
//! Inside, `/sys/fs/cgroup` is always version 2's, beginning with the machine's own group, in which it may make others. Where the controllers are in
//! version 1, its groups bound nothing, but the machine as a whole is bounded all the same.

use super::{job::Job, shim::CHARACTER};
use crate::cgroup::Cgroups;
use agent_proto::{machine::Hardware, workload::Limits};
use nix::{
    sys::stat::{major, minor},
    unistd::Pid,
};
use std::{collections::BTreeSet, fs, io, os::unix::fs::chown, path::PathBuf};

/// Processes and threads for each MiB of memory, within bounds: so many that the kernel's own memory for them is about half of it. EC2 has no such bound,
/// a kernel of its own does.
const PIDS_PER_MIB: u64 = 4;
const PIDS: (u64, u64) = (512, 32_768);

/// What a version 2 group's owner may write: what `/sys/kernel/cgroup/delegate` names.
const DELEGATED: [&str; 4] = ["cgroup.procs", "cgroup.threads", "cgroup.subtree_control", "memory.oom.group"];

/// Makes the groups of a machine whose root is `base` outside. Controllers that this host lacks, `unbounded`, are left out.
pub fn create(cgroups: &Cgroups, group: &str, hardware: &Hardware, unbounded: &[&str], base: u32) -> io::Result<()> {
    cgroups.create(group, &limits(hardware, unbounded))?;
    forbid_swap(cgroups, group);
    restrict_devices(cgroups, group)?;
    let Some(unified) = cgroups.folder("unified", group) else { return Ok(()) };
    let files = DELEGATED.iter().map(|name| unified.join(name)).filter(|file| file.exists());
    std::iter::once(unified.clone()).chain(files).try_for_each(|path| chown(path, Some(base), Some(base)))
}

/// What bounds a machine, and what is its own.
const ENTERED: [&str; 6] = ["cpu", "cpuacct", "memory", "devices", "pids", "unified"];

/// Moves a process into the machine's groups. (In version 1 each move may wait for all processors; where nothing is bounded the group of its shim will do.)
pub fn enter(cgroups: &Cgroups, group: &str, pid: Pid) -> io::Result<()> {
    let folders: BTreeSet<PathBuf> = ENTERED.iter().filter_map(|controller| cgroups.folder(controller, group)).collect();
    folders.iter().try_for_each(|folder| fs::write(folder.join("cgroup.procs"), pid.to_string()))
}

/// Changes the bound of processor time; `None`: all of its processors.
pub fn set_cpu(cgroups: &Cgroups, job: &Job, quota: Option<u64>, unbounded: &[&str]) -> io::Result<()> {
    let cpu_quota = cpu(job.vcpus, quota).filter(|_| !unbounded.contains(&"cpu"));
    cgroups.create(&job.cgroup, &Limits { cpu_quota, ..Limits::default() })
}

fn cpu(vcpus: u32, quota: Option<u64>) -> Option<u64> {
    Some(quota.unwrap_or(u64::from(vcpus) * 1024))
}

fn limits(hardware: &Hardware, unbounded: &[&str]) -> Limits {
    let can = |controller: &str| !unbounded.contains(&controller);
    Limits {
        cpu_quota: cpu(hardware.vcpus, hardware.cpu_quota).filter(|_| can("cpu")),
        memory_mib: Some(hardware.memory_mib).filter(|_| can("memory")),
        pids: Some((hardware.memory_mib * PIDS_PER_MIB).clamp(PIDS.0, PIDS.1)).filter(|_| can("pids")),
        ..Limits::default()
    }
}

/// Memory is memory: a machine has no swap that it hasn't made, and it can't make any. Not all kernels can bound it.
fn forbid_swap(cgroups: &Cgroups, group: &str) {
    let Some(folder) = cgroups.folder("memory", group) else { return };
    let _ = fs::write(folder.join("memory.swap.max"), "0");
    if let Ok(most) = fs::read(folder.join("memory.limit_in_bytes")) {
        let _ = fs::write(folder.join("memory.memsw.limit_in_bytes"), most);
    }
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

/// Processor time that the group has used since it was made, in milliseconds.
pub fn cpu_ms(cgroups: &Cgroups, group: &str) -> u64 {
    let read = |controller: &str, file: &str| fs::read_to_string(cgroups.folder(controller, group)?.join(file)).ok();
    if let Some(nanos) = read("cpuacct", "cpuacct.usage").and_then(|text| text.trim().parse::<u64>().ok()) {
        return nanos / 1_000_000;
    }
    let stat = read("cpu", "cpu.stat").unwrap_or_default();
    let micros = stat.lines().find_map(|line| line.strip_prefix("usage_usec "));
    micros.and_then(|micros| micros.trim().parse::<u64>().ok()).unwrap_or(0) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_becomes_bounds() {
        let small = Hardware { vcpus: 2, memory_mib: 512, cpu_quota: None };
        let found = limits(&small, &[]);
        assert_eq!((found.cpu_quota, found.memory_mib, found.pids), (Some(2048), Some(512), Some(2048)));
        let throttled = Hardware { cpu_quota: Some(204), ..small.clone() };
        assert_eq!(limits(&throttled, &[]).cpu_quota, Some(204));
        assert_eq!(limits(&small, &["cpu", "memory", "pids"]), Limits::default());
        assert_eq!(limits(&Hardware { memory_mib: 1 << 20, ..small }, &[]).pids, Some(PIDS.1));
    }
}

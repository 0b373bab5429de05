//! A machine's control groups: what bounds it.

use crate::cgroup::Cgroups;
use agent_proto::{machine::Hardware, workload::Limits};
use nix::unistd::Pid;
use std::{collections::BTreeSet, fs, io, path::PathBuf};

/// What a machine may have beside what its hardware says.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// For what runs it, in MiB.
    pub memory_mib: u64,
    /// Processes and threads.
    pub pids: u64,
}

/// Makes a machine's group. Controllers that this host lacks, `unbounded`, are left out.
pub fn create(cgroups: &Cgroups, group: &str, hardware: &Hardware, room: Room, unbounded: &[&str]) -> io::Result<()> {
    cgroups.create(group, &limits(hardware, room, unbounded))?;
    forbid_swap(cgroups, group);
    Ok(())
}

/// What bounds a machine, and what is its own.
const ENTERED: [&str; 6] = ["cpu", "cpuacct", "memory", "devices", "pids", "unified"];

/// Moves a process into the machine's groups. (In version 1 each move may wait for all processors; where nothing is bounded the group of its shim will do.)
pub fn enter(cgroups: &Cgroups, group: &str, pid: Pid) -> io::Result<()> {
    let folders: BTreeSet<PathBuf> = ENTERED.iter().filter_map(|controller| cgroups.folder(controller, group)).collect();
    folders.iter().try_for_each(|folder| fs::write(folder.join("cgroup.procs"), pid.to_string()))
}

/// Changes the bound of processor time; `None`: all of its processors.
pub fn set_cpu(cgroups: &Cgroups, group: &str, vcpus: u32, quota: Option<u64>, unbounded: &[&str]) -> io::Result<()> {
    let cpu_quota = cpu(vcpus, quota).filter(|_| !unbounded.contains(&"cpu"));
    cgroups.create(group, &Limits { cpu_quota, ..Limits::default() })
}

fn cpu(vcpus: u32, quota: Option<u64>) -> Option<u64> {
    Some(quota.unwrap_or(u64::from(vcpus) * 1024))
}

fn limits(hardware: &Hardware, room: Room, unbounded: &[&str]) -> Limits {
    let can = |controller: &str| !unbounded.contains(&controller);
    Limits {
        cpu_quota: cpu(hardware.vcpus, hardware.cpu_quota).filter(|_| can("cpu")),
        memory_mib: Some(hardware.memory_mib + room.memory_mib).filter(|_| can("memory")),
        pids: Some(room.pids).filter(|_| can("pids")),
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
        let room = Room { memory_mib: 100, pids: 7 };
        let found = limits(&small, room, &[]);
        assert_eq!((found.cpu_quota, found.memory_mib, found.pids), (Some(2048), Some(612), Some(7)));
        let throttled = Hardware { cpu_quota: Some(204), ..small.clone() };
        assert_eq!(limits(&throttled, room, &[]).cpu_quota, Some(204));
        assert_eq!(limits(&small, room, &["cpu", "memory", "pids"]), Limits::default());
    }
}

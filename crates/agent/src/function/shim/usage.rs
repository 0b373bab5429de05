//! How much memory a function has really used.
//!
//! A control group counts the cache of files that were read or written, too, which is memory that nobody misses. What people mean is what
//! their processes had at the most: the sum of these (`VmHWM`, proc(5)), or what the group has now that isn't of files, whichever is more.

use crate::cgroup::Cgroups;
use std::fs;

/// The most, in MiB, and not more than there may be.
pub fn memory_mib(cgroups: &Cgroups, group: &str, keeper: i32, most: u32) -> u32 {
    let processes = cgroups.folder("memory", group).and_then(|folder| fs::read_to_string(folder.join("cgroup.procs")).ok());
    let processes = processes.unwrap_or_default();
    let pids = processes.lines().filter(|pid| pid.parse() != Ok(keeper));
    let peaks: u64 = pids.filter_map(peak_kib).sum();
    let bytes = (peaks << 10).max(not_of_files(cgroups, group));
    (bytes.div_ceil(1 << 20) as u32).clamp(1, most)
}

/// The most that a process had, in KiB.
fn peak_kib(pid: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse().ok()
}

/// In bytes.
fn not_of_files(cgroups: &Cgroups, group: &str) -> u64 {
    let stat = cgroups.folder("memory", group).and_then(|folder| fs::read_to_string(folder.join("memory.stat")).ok());
    let stat = stat.unwrap_or_default();
    let value = |name: &str| stat.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse::<u64>().ok());
    // Version 2's name and version 1's.
    value("anon").or_else(|| value("total_rss")).unwrap_or(0) + value("shmem").or_else(|| value("total_shmem")).unwrap_or(0)
}

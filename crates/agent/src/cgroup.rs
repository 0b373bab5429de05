//! Control groups: bounds on a workload as a whole, and the end of whatever is left of one.
//!
//! A container's own group is made by the runtime library in its shim; this is for the groups above it
//! (`hillfog-<tag>/<workload>`), for the shims' own group, and for cleaning up. Both layouts are served: version 2 alone (most
//! machines), and the hybrid in which each version 1 controller has a hierarchy of its own.

use agent_proto::workload::Limits;
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

/// The machine's hierarchies, by the controllers that they have.
#[derive(Clone, Debug)]
pub struct Cgroups {
    layout: Layout,
}

#[derive(Clone, Debug)]
enum Layout {
    /// One hierarchy with all controllers.
    V2(PathBuf),
    /// Mount points by controller; those without one (`name=systemd`, the empty version 2 one) under their own names.
    V1(BTreeMap<String, PathBuf>),
}

/// The group that machines' groups are in, below the cloud's own.
pub const MACHINES: &str = "machines";

/// Likewise, of virtual machines.
pub const GUESTS: &str = "guests";

/// CPU time is given out in periods of 100 ms, as Docker does.
const PERIOD_MICROS: u64 = 100_000;

/// In version 1, a new group of this controller takes no process before it is given processors; the runtime library does that for
/// its own, and ours do without.
const CPUSET: &str = "cpuset";

impl Cgroups {
    /// Finds out what this machine has.
    pub fn detect() -> io::Result<Self> {
        Ok(Self { layout: parse_mounts(&fs::read_to_string("/proc/self/mounts")?) })
    }

    /// Whether devices can be withheld from a container: only version 1 has a controller that does so without a BPF program.
    pub fn controls_devices(&self) -> bool {
        matches!(&self.layout, Layout::V1(mounts) if mounts.contains_key("devices"))
    }

    /// Whether memory and swap can be bounded together in the groups below one that exists.
    pub fn controls_swap(&self, group: &str) -> bool {
        match &self.layout {
            Layout::V2(root) => root.join(group).join("memory.swap.max").exists(),
            Layout::V1(mounts) => mounts.get("memory").is_some_and(|m| m.join("memory.memsw.limit_in_bytes").exists()),
        }
    }

    /// Of `cpu`, `memory` and `pids`, those that can't be had in `group`, found by making it. In version 2 a controller may be there and
    /// still not be handed down: a container's own root group, for one, has processes in it.
    pub fn missing(&self, group: &str) -> Vec<&'static str> {
        let present: Vec<String> = match &self.layout {
            Layout::V1(mounts) => mounts.keys().cloned().collect(),
            Layout::V2(root) => {
                let made = make_v2(root, Path::new(group));
                let controllers = made.and_then(|()| fs::read_to_string(root.join(group).join("cgroup.controllers")));
                controllers.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
            }
        };
        ["cpu", "memory", "pids"].into_iter().filter(|name| !present.iter().any(|p| p == name)).collect()
    }

    /// Makes a group and sets its bounds. `path` has no slash at its beginning.
    pub fn create(&self, path: &str, limits: &Limits) -> io::Result<()> {
        match &self.layout {
            Layout::V2(root) => {
                make_v2(root, Path::new(path))?;
                apply(&root.join(path), v2_settings(limits))
            }
            Layout::V1(mounts) => {
                for (controller, mount) in mounts.iter().filter(|(controller, _)| *controller != CPUSET) {
                    fs::create_dir_all(mount.join(path))?;
                    apply(&mount.join(path), v1_settings(controller, limits))?;
                }
                Ok(())
            }
        }
    }

    /// Moves a process into a group, which is made if need be, in every hierarchy.
    pub fn enter(&self, path: &str, pid: u32) -> io::Result<()> {
        for root in self.roots_but_cpuset() {
            fs::create_dir_all(root.join(path))?;
            fs::write(root.join(path).join("cgroup.procs"), pid.to_string())?;
        }
        Ok(())
    }

    /// How many processes of a group the kernel has killed for want of memory.
    pub fn oom_kills(&self, path: &str) -> u64 {
        let file = match &self.layout {
            Layout::V2(root) => root.join(path).join("memory.events"),
            Layout::V1(mounts) => match mounts.get("memory") {
                Some(mount) => mount.join(path).join("memory.oom_control"),
                None => return 0,
            },
        };
        let text = fs::read_to_string(file).unwrap_or_default();
        text.lines().find_map(|line| line.strip_prefix("oom_kill ")).and_then(|n| n.trim().parse().ok()).unwrap_or(0)
    }

    /// The processes of a group and of those below it.
    pub fn processes(&self, path: &str) -> Vec<i32> {
        let mut found = Vec::new();
        for root in self.roots() {
            collect(&root.join(path), &mut found);
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// Kills every process of a group and of those below it. They may take a moment to be gone.
    pub fn kill(&self, path: &str) {
        for pid in self.processes(path) {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
        }
    }

    /// Removes a group and those below it, which must be empty. One that isn't there is no error.
    pub fn remove(&self, path: &str) -> io::Result<()> {
        self.roots().into_iter().try_for_each(|root| remove(&root.join(path)))
    }

    /// The names of the groups below one.
    pub fn children(&self, path: &str) -> Vec<String> {
        let folders = self.roots().into_iter().filter_map(|root| fs::read_dir(root.join(path)).ok()).flatten();
        let names = folders.filter_map(|entry| entry.ok().filter(|e| e.file_type().is_ok_and(|t| t.is_dir())));
        let mut names: Vec<_> = names.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// A group's folder in the hierarchy that has a controller; `unified` is version 2's, whatever it controls. `None`: there is none.
    pub fn folder(&self, controller: &str, path: &str) -> Option<PathBuf> {
        match &self.layout {
            // The device controller is a version 1 one; in version 2 programs do its work.
            Layout::V2(root) => (controller != "devices").then(|| root.join(path)),
            Layout::V1(mounts) => mounts.get(controller).map(|mount| mount.join(path)),
        }
    }

    fn roots_but_cpuset(&self) -> Vec<&PathBuf> {
        match &self.layout {
            Layout::V2(root) => vec![root],
            Layout::V1(mounts) => mounts.iter().filter(|(name, _)| *name != CPUSET).map(|(_, root)| root).collect(),
        }
    }

    fn roots(&self) -> Vec<&PathBuf> {
        match &self.layout {
            Layout::V2(root) => vec![root],
            Layout::V1(mounts) => mounts.values().collect(),
        }
    }
}

fn parse_mounts(text: &str) -> Layout {
    let mut hierarchies = BTreeMap::new();
    let mut unified = None;
    for line in text.lines() {
        let mut fields = line.split(' ').skip(1);
        let (Some(point), Some(kind), Some(options)) = (fields.next(), fields.next(), fields.next()) else { continue };
        match kind {
            "cgroup2" => unified = unified.or_else(|| Some(PathBuf::from(point))),
            "cgroup" => hierarchies.extend(controllers(options).map(|name| (name.to_owned(), PathBuf::from(point)))),
            _ => {}
        }
    }
    match unified {
        Some(root) if hierarchies.is_empty() => Layout::V2(root),
        Some(root) => {
            hierarchies.insert("unified".into(), root);
            Layout::V1(hierarchies)
        }
        None if hierarchies.is_empty() => Layout::V2("/sys/fs/cgroup".into()),
        None => Layout::V1(hierarchies),
    }
}

/// What of a version 1 mount's options are controllers.
fn controllers(options: &str) -> impl Iterator<Item = &str> {
    const KNOWN: [&str; 12] = [
        "cpu",
        "cpuacct",
        "cpuset",
        "memory",
        "devices",
        "freezer",
        "blkio",
        "pids",
        "net_cls",
        "net_prio",
        "perf_event",
        "hugetlb",
    ];
    options.split(',').filter(|option| KNOWN.contains(option) || option.starts_with("name="))
}

/// In version 2, a group has only the controllers that its parent hands down.
fn make_v2(root: &Path, path: &Path) -> io::Result<()> {
    let mut group = root.to_owned();
    for part in path {
        for controller in ["cpu", "memory", "pids", "io", "cpuset"] {
            let _ = fs::write(group.join("cgroup.subtree_control"), format!("+{controller}"));
        }
        group.push(part);
        fs::create_dir_all(&group)?;
    }
    Ok(())
}

type Settings = Vec<(&'static str, String)>;

fn v2_settings(limits: &Limits) -> Settings {
    let mut settings = Settings::new();
    let mut set = |file, value: Option<String>| settings.extend(value.map(|value| (file, value)));
    set("cpu.max", limits.cpu_quota.map(|quota| format!("{} {PERIOD_MICROS}", micros(quota))));
    set("cpu.weight", limits.cpu_shares.map(|shares| weight(shares).to_string()));
    set("memory.max", limits.memory_mib.map(bytes));
    set("memory.low", limits.memory_reservation_mib.map(bytes));
    set("pids.max", limits.pids.map(|pids| pids.to_string()));
    settings
}

fn v1_settings(controller: &str, limits: &Limits) -> Settings {
    let mut settings = Settings::new();
    let mut set = |file, value: Option<String>| settings.extend(value.map(|value| (file, value)));
    match controller {
        "cpu" => {
            set("cpu.cfs_quota_us", limits.cpu_quota.map(|quota| micros(quota).to_string()));
            set("cpu.shares", limits.cpu_shares.map(|shares| shares.max(2).to_string()));
        }
        "memory" => {
            set("memory.limit_in_bytes", limits.memory_mib.map(bytes));
            set("memory.soft_limit_in_bytes", limits.memory_reservation_mib.map(bytes));
        }
        "pids" => set("pids.max", limits.pids.map(|pids| pids.to_string())),
        _ => {}
    }
    settings
}

/// Microseconds of a period for a number of 1/1024 vCPU; the kernel takes no less than a millisecond.
pub fn micros(quota: u64) -> u64 {
    (quota.saturating_mul(PERIOD_MICROS) / 1024).max(1000)
}

/// Version 2's weight for version 1's shares, by the formula that the OCI runtimes agree on.
fn weight(shares: u64) -> u64 {
    1 + (shares.clamp(2, 262_144) - 2) * 9999 / 262_142
}

fn bytes(mib: u64) -> String {
    (mib << 20).to_string()
}

fn apply(group: &Path, settings: Settings) -> io::Result<()> {
    for (file, value) in settings {
        let path = group.join(file);
        fs::write(&path, value).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))?;
    }
    Ok(())
}

fn collect(group: &Path, found: &mut Vec<i32>) {
    let text = fs::read_to_string(group.join("cgroup.procs")).unwrap_or_default();
    found.extend(text.lines().filter_map(|line| line.parse::<i32>().ok()));
    for folder in folders(group) {
        collect(&folder, found);
    }
}

fn remove(group: &Path) -> io::Result<()> {
    for folder in folders(group) {
        remove(&folder)?;
    }
    match fs::remove_dir(group) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

fn folders(group: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(group).into_iter().flatten().flatten();
    entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())).map(|entry| entry.path()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_told_from_the_mounts() {
        let v2 = "cgroup2 /sys/fs/cgroup cgroup2 rw,nosuid 0 0\n";
        assert!(matches!(parse_mounts(v2), Layout::V2(root) if root == Path::new("/sys/fs/cgroup")));
        let hybrid = "cgroup /sys/fs/cgroup/cpu,cpuacct cgroup rw,cpu,cpuacct 0 0\n\
                      cgroup /sys/fs/cgroup/systemd cgroup rw,xattr,name=systemd 0 0\n\
                      cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n";
        let Layout::V1(mounts) = parse_mounts(hybrid) else { panic!("hybrid is version 1 with an extra") };
        assert_eq!(mounts.keys().collect::<Vec<_>>(), ["cpu", "cpuacct", "name=systemd", "unified"]);
    }

    #[test]
    fn groups_of_version_2_are_made_from_the_top_with_their_controllers() {
        let root = tempfile::tempdir().unwrap();
        let cgroups = Cgroups { layout: Layout::V2(root.path().into()) };
        cgroups.create("hillfog-x/w", &Limits { memory_mib: Some(1), pids: Some(7), ..Limits::default() }).unwrap();
        let read = |file: &str| fs::read_to_string(root.path().join(file)).unwrap();
        assert_eq!(read("hillfog-x/w/memory.max"), "1048576");
        assert_eq!(read("hillfog-x/w/pids.max"), "7");
        // The last controller that was asked for; an ordinary file keeps no more. A group with processes hands nothing down.
        assert_eq!(
            (read("cgroup.subtree_control"), read("hillfog-x/cgroup.subtree_control")),
            ("+cpuset".into(), "+cpuset".into())
        );
        assert!(!root.path().join("hillfog-x/w/cgroup.subtree_control").exists());
        fs::write(root.path().join("hillfog-x/w/memory.events"), "low 0\noom 1\noom_kill 2\n").unwrap();
        assert_eq!(cgroups.oom_kills("hillfog-x/w"), 2);
    }

    #[test]
    fn bounds_are_said_in_each_versions_own_words() {
        let limits = Limits { cpu_quota: Some(512), cpu_shares: Some(1024), memory_mib: Some(1), ..Limits::default() };
        let expected = [("cpu.max", "50000 100000"), ("cpu.weight", "39"), ("memory.max", "1048576")];
        assert_eq!(v2_settings(&limits), expected.map(|(file, value)| (file, value.to_owned())));
        let expected = [("cpu.cfs_quota_us", "50000"), ("cpu.shares", "1024")];
        assert_eq!(v1_settings("cpu", &limits), expected.map(|(file, value)| (file, value.to_owned())));
        assert_eq!(v1_settings("freezer", &limits), []);
        assert_eq!(micros(1), 1000);
    }
}

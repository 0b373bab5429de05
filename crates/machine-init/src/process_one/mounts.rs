//! The file systems that every machine has, where whoever started it hasn't mounted them yet.

use nix::mount::{MsFlags, mount};
use std::{fs, os::unix::fs::MetadataExt, path::Path};

/// Where, which kind, its options. `/dev` and `/run` have to be there before: device nodes can't be made in a machine, and this program stands in `/run`.
const NEEDED: &[(&str, &str, &str)] = &[
    ("/proc", "proc", ""),
    ("/sys", "sysfs", ""),
    ("/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=0620,gid=5"),
    ("/dev/shm", "tmpfs", "mode=1777"),
];

/// Folders that programs expect in a fresh `/run`.
const FOLDERS: &[&str] = &["/run/lock", "/run/sshd", "/run/user"];

/// Mounts what is missing; what could not be had is told and not fatal, since a machine without `/sys` is still one.
pub fn complete() -> Vec<String> {
    let mut problems: Vec<String> = NEEDED.iter().filter_map(|(path, kind, options)| ensure(path, kind, options).err()).collect();
    for path in FOLDERS {
        problems.extend(fs::create_dir_all(path).err().map(|error| format!("{path}: {error}")));
    }
    problems
}

fn ensure(path: &str, kind: &str, options: &str) -> Result<(), String> {
    let at = Path::new(path);
    fs::create_dir_all(at).map_err(|error| format!("{path}: {error}"))?;
    if is_mount_point(at) {
        return Ok(());
    }
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC;
    mount(Some(kind), at, Some(kind), flags, Some(options)).map_err(|error| format!("{path} can't be mounted: {error}"))
}

/// Whether something else is mounted there than on the folder above.
fn is_mount_point(path: &Path) -> bool {
    let device = |path: &Path| fs::metadata(path).map(|found| found.dev()).ok();
    device(path) != path.parent().and_then(device)
}

//! The container's root file system, as it is before the runtime library enters it: an overlay mount that only the shim sees.

use super::{job::Job, spec, user};
use nix::{
    errno::Errno,
    fcntl::{OFlag, OpenHow, ResolveFlag, openat2},
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, unshare},
    sys::stat::{Mode, mkdirat},
};
use std::{
    fs::{self, File},
    io::{self, Read},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::{Path, PathBuf},
};

const NO_SOURCE: Option<&str> = None;

/// Leaves the host's mount table for one of our own, into which the host's changes still come.
pub fn leave_mount_table() -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    Ok(mount(NO_SOURCE, "/", NO_SOURCE, MsFlags::MS_REC | MsFlags::MS_SLAVE, NO_SOURCE)?)
}

/// Mounts the layers and the writable folder on top; the mount ends with the shim.
pub fn mount_layers(job: &Job) -> io::Result<PathBuf> {
    let root = job.folder.join("rootfs");
    for folder in ["rootfs", "upper", "work", "empty"] {
        fs::create_dir_all(job.folder.join(folder))?;
    }
    // Named by descriptor: the names of a hundred layers would not fit in the page that mount options may take.
    let empty = job.folder.join("empty");
    let layers: Vec<&PathBuf> = if job.layers.is_empty() { vec![&empty] } else { job.layers.iter().rev().collect() };
    let open = |path: &PathBuf| File::open(path).map_err(|error| named(path, error));
    let folders: Vec<File> = layers.into_iter().map(open).collect::<io::Result<_>>()?;
    let (upper, work) = (open(&job.folder.join("upper"))?, open(&job.folder.join("work"))?);
    let name = |file: &File| format!("/proc/self/fd/{}", file.as_raw_fd());
    let lower: Vec<String> = folders.iter().map(name).collect();
    let options = format!("lowerdir={},upperdir={},workdir={}", lower.join(":"), name(&upper), name(&work));
    // Without devices: those in an image must not open the host's.
    mount(Some("overlay"), &root, Some("overlay"), MsFlags::MS_NODEV, Some(options.as_str()))?;
    Ok(root)
}

/// A copy of the mount table holds other workloads' network namespaces alive; they must end when the agent says so.
pub fn release_namespaces() {
    let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    for line in table.lines().rev() {
        let Some((mount, filesystem)) = line.split_once(" - ") else { continue };
        if let (true, Some(point)) = (filesystem.starts_with("nsfs "), mount.split(' ').nth(4)) {
            let _ = umount2(point, MntFlags::MNT_DETACH);
        }
    }
}

/// Who the container runs as, by the image's own files.
pub fn identity(job: &Job, root: &Path) -> io::Result<user::Identity> {
    let folder = File::open(root)?;
    let passwd = read_inside(&folder, "etc/passwd")?;
    let group = read_inside(&folder, "etc/group")?;
    let wanted = job.container.user.as_deref().unwrap_or(&job.image.user);
    user::identify(wanted, &passwd, &group).map_err(io::Error::other)
}

/// Writes the files that the container finds in `/etc`, and makes its working directory as Docker does.
pub fn prepare(job: &Job, root: &Path) -> io::Result<()> {
    let folder = job.folder.join("etc");
    fs::create_dir_all(&folder)?;
    fs::write(folder.join("hosts"), spec::hosts_file(job))?;
    fs::write(folder.join("hostname"), format!("{}\n", job.hostname))?;
    fs::write(folder.join("resolv.conf"), spec::resolver_file(job))?;
    make_inside(&File::open(root)?, Path::new(spec::working_directory(job)))
}

/// Resolves a name as a process inside the container would.
fn inside(root: &impl AsFd, path: &Path, flags: OFlag) -> Result<OwnedFd, Errno> {
    let resolve = ResolveFlag::RESOLVE_IN_ROOT | ResolveFlag::RESOLVE_NO_MAGICLINKS;
    openat2(root, path, OpenHow::new().flags(flags | OFlag::O_CLOEXEC).resolve(resolve))
}

/// A file of at most a megabyte; nothing, if it isn't a regular file.
fn read_inside(root: &File, path: &str) -> io::Result<String> {
    let file = match inside(root, Path::new(path), OFlag::O_RDONLY | OFlag::O_NONBLOCK) {
        Ok(file) => File::from(file),
        Err(_) => return Ok(String::new()),
    };
    let mut bytes = Vec::new();
    if file.metadata()?.is_file() {
        file.take(1 << 20).read_to_end(&mut bytes)?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn make_inside(root: &File, path: &Path) -> io::Result<()> {
    let mut done = PathBuf::from(".");
    for part in path.components().filter(|part| matches!(part, std::path::Component::Normal(_))) {
        let parent = inside(root, &done, OFlag::O_PATH | OFlag::O_DIRECTORY)?;
        done.push(part);
        if matches!(inside(root, &done, OFlag::O_PATH), Err(Errno::ENOENT)) {
            mkdirat(&parent, Path::new(part.as_os_str()), Mode::from_bits_truncate(0o755))?;
        }
    }
    Ok(())
}

fn named(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

//! A machine's `/dev`: a file system in memory that the machine's root owns, with nodes that only we can make.
//!
//! Nothing else that a machine mounts opens devices: its own mounts belong to its user namespace, and those that we make for it say
//! `nodev`, which it can't take back. A disk that is taken from a machine may have been linked, renamed or bound elsewhere; so it is the node
//! itself, held open here, that is taken out of its reach.

use super::{
    super::{
        block,
        job::JobDisk,
        mounts::{Context, Detached, NO_EXEC, NO_SUID},
    },
    inside,
};
use nix::{
    errno::Errno,
    fcntl::{AtFlags, OFlag},
    libc,
    sys::stat::{FchmodatFlags, Mode, SFlag, fchmodat, fstat, makedev, mknodat},
    unistd::{Gid, Uid, UnlinkatFlags, fchownat, symlinkat, unlinkat},
};
use std::{
    collections::BTreeMap,
    io,
    os::fd::{AsRawFd, BorrowedFd, OwnedFd},
    path::{Path, PathBuf},
};

/// Name, major and minor number of what every machine has. Those that this host's kernel doesn't know can't be opened.
pub const CHARACTER: [(&str, u64, u64); 8] = [
    ("null", 1, 3),
    ("zero", 1, 5),
    ("full", 1, 7),
    ("random", 1, 8),
    ("urandom", 1, 9),
    ("tty", 5, 0),
    ("fuse", 10, 229),
    ("net/tun", 10, 200),
];

const LINKS: [(&str, &str); 5] = [
    ("ptmx", "pts/ptmx"),
    ("fd", "/proc/self/fd"),
    ("stdin", "/proc/self/fd/0"),
    ("stdout", "/proc/self/fd/1"),
    ("stderr", "/proc/self/fd/2"),
];

/// The id of Debian's and most others' `disk` and `tty` groups.
const DISK: u32 = 6;
pub const TTY: u32 = 5;

/// `/dev` of a running machine.
pub struct Devices {
    folder: OwnedFd,
    base: u32,
    disks: BTreeMap<String, Node>,
}

/// A disk's node.
struct Node {
    /// Not by its name, which isn't ours.
    fd: OwnedFd,
    device: PathBuf,
    number: libc::dev_t,
    links: Vec<String>,
}

/// Makes the file system, with all but the disks.
pub fn mount(base: u32) -> io::Result<Detached> {
    let context = Context::open(c"tmpfs")?;
    let id = base.to_string();
    for (key, value) in [("mode", "0755"), ("size", "1m"), ("nr_inodes", "4096"), ("uid", &id), ("gid", &id)] {
        context.set(key, value)?;
    }
    let mount = context.mount(NO_SUID | NO_EXEC)?;
    for name in ["net", "pts", "shm", "mqueue", "disk", ".sys"] {
        drop(inside::folder(&mount, name, base, 0o755)?);
    }
    for (name, major, minor) in CHARACTER {
        node(&mount, Path::new(name), SFlag::S_IFCHR, makedev(major, minor), (base, base), 0o666)?;
    }
    for (name, target) in LINKS {
        symlinkat(target, &mount, name)?;
    }
    Ok(mount)
}

/// Makes the machine's terminals; the first, to be its console, is opened.
pub fn mount_terminals(base: u32) -> io::Result<Detached> {
    let context = Context::open(c"devpts")?;
    for (key, value) in [("ptmxmode", "0666".to_owned()), ("mode", "0620".to_owned()), ("gid", (base + TTY).to_string())] {
        context.set(key, &value)?;
    }
    context.mount(NO_SUID | NO_EXEC)
}

impl Devices {
    /// Takes over a `/dev` that was made by [`mount`].
    pub fn new(folder: OwnedFd, base: u32) -> Self {
        Self { folder, base, disks: BTreeMap::new() }
    }

    /// Adds a disk. One that is there is no error.
    pub fn add(&mut self, disk: &JobDisk) -> io::Result<()> {
        if self.disks.contains_key(&disk.name) {
            return Ok(());
        }
        let name = plain(&disk.name)?;
        let number = block::number(&disk.device)?;
        self.clear(&name)?;
        let owner = (self.base, self.base + DISK);
        let fd = node(&self.folder, Path::new(&name), SFlag::S_IFBLK, number, owner, 0o660)?;
        let links = self.link(&name, disk)?;
        self.disks.insert(disk.name.clone(), Node { fd, device: disk.device.clone(), number, links });
        Ok(())
    }

    /// Takes a disk away, under whatever name the machine has its node. One that isn't there is no error.
    pub fn remove(&mut self, name: &str) -> io::Result<()> {
        let Some(node) = self.disks.get(name) else { return Ok(()) };
        let itself = AtFlags::AT_EMPTY_PATH;
        fchownat(&node.fd, "", Some(Uid::from_raw(0)), Some(Gid::from_raw(0)), itself)?;
        let by_descriptor = format!("/proc/self/fd/{}", node.fd.as_raw_fd());
        fchmodat(nix::fcntl::AT_FDCWD, by_descriptor.as_str(), Mode::empty(), FchmodatFlags::FollowSymlink)?;
        for name in node.links.iter().chain(&plain(name)) {
            let _ = self.clear(name);
        }
        self.disks.remove(name);
        Ok(())
    }

    /// The machine's disk with the number.
    pub fn disk(&self, number: libc::dev_t) -> Option<&Path> {
        self.disks.values().find(|node| node.number == number).map(|node| node.device.as_path())
    }

    /// The device behind a disk.
    pub fn device(&self, name: &str) -> Option<&Path> {
        self.disks.get(name).map(|node| node.device.as_path())
    }

    /// The other names that a disk is known by: `xvdf` for `sdf`, the kernel's (which tables of mounts tell, and `xfs_growfs` looks for), and by the volume's id.
    fn link(&self, name: &str, disk: &JobDisk) -> io::Result<Vec<String>> {
        let mut links = Vec::new();
        let kernel = disk.device.file_name().map(|kernel| kernel.to_string_lossy().into_owned());
        for other in alias(name).into_iter().chain(kernel.filter(|kernel| kernel != name)) {
            self.clear(&other)?;
            symlinkat(name, &self.folder, other.as_str())?;
            links.push(other);
        }
        if let Some(volume) = &disk.volume {
            let by_id = format!("disk/by-id/nvme-Amazon_Elastic_Block_Store_{}", volume.replace('-', ""));
            // A convenience: the machine's root may have put something else in the way.
            let made = inside::open(&self.folder, "disk", OFlag::O_PATH | OFlag::O_DIRECTORY)
                .and_then(|folder| inside::folder(&folder, "by-id", self.base, 0o755))
                .and_then(|folder| Ok(symlinkat(format!("../../{name}").as_str(), &folder, &by_id["disk/by-id/".len()..])?));
            links.extend(made.is_ok().then_some(by_id));
        }
        Ok(links)
    }

    fn clear(&self, name: &str) -> io::Result<()> {
        let folder = Path::new(name).parent().filter(|parent| !parent.as_os_str().is_empty());
        let folder = folder.map(|folder| inside::open(&self.folder, &folder.to_string_lossy(), OFlag::O_PATH)).transpose()?;
        let last = Path::new(name).file_name().unwrap_or_default();
        match unlinkat(folder.as_ref().unwrap_or(&self.folder), last, UnlinkatFlags::NoRemoveDir) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(io::Error::other(format!("/dev/{name} is in the way: {}", errno.desc()))),
        }
    }
}

/// The name in `/dev` of a disk: EC2's are `/dev/sd…`, `/dev/xvd…` and the like.
fn plain(name: &str) -> io::Result<String> {
    let plain = name.strip_prefix("/dev/").unwrap_or(name);
    match !plain.is_empty() && plain.len() <= 32 && plain.bytes().all(|byte| byte.is_ascii_alphanumeric()) && !is_taken(plain) {
        true => Ok(plain.to_owned()),
        false => Err(io::Error::other(format!("{name} can't be the name of a disk"))),
    }
}

fn is_taken(name: &str) -> bool {
    CHARACTER.iter().any(|(taken, ..)| *taken == name)
        || LINKS.iter().any(|(taken, _)| *taken == name)
        || ["net", "pts", "shm", "mqueue", "disk", "console", "hugepages", "log"].contains(&name)
}

fn alias(name: &str) -> Option<String> {
    match (name.strip_prefix("sd"), name.strip_prefix("xvd")) {
        (Some(rest), _) => Some(format!("xvd{rest}")),
        (_, Some(rest)) => Some(format!("sd{rest}")),
        _ => None,
    }
}

fn node(
    folder: &impl std::os::fd::AsFd,
    name: &Path,
    kind: SFlag,
    number: libc::dev_t,
    (user, group): (u32, u32),
    mode: u32,
) -> io::Result<OwnedFd> {
    mknodat(folder, name, kind, Mode::empty(), number)?;
    let fd = nix::fcntl::openat(folder, name, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())?;
    // The machine's root may rename what it can't open. It can make no node, so whatever is one of this number is ours.
    let made = fstat(&fd)?;
    if SFlag::from_bits_truncate(made.st_mode) & SFlag::S_IFMT != kind || made.st_rdev != number {
        return Err(io::Error::other(format!("/dev/{} was replaced while it was made", name.display())));
    }
    fchownat(&fd, "", Some(Uid::from_raw(user)), Some(Gid::from_raw(group)), AtFlags::AT_EMPTY_PATH)?;
    // Not cut by the process's own mask.
    let by_descriptor = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let cwd: BorrowedFd = nix::fcntl::AT_FDCWD;
    fchmodat(cwd, by_descriptor.as_str(), Mode::from_bits_truncate(mode), FchmodatFlags::FollowSymlink)?;
    Ok(fd)
}

//! The file systems of a machine as they are before it is entered: made by our own root, in a mount table that is copied for the machine when it
//! gets its user namespace. What was mounted by then keeps its flags (`nodev`, read-only) and its place for good (mount_namespaces(7)).

use super::{
    super::{
        block,
        job::Job,
        mounts::{Context, Detached, NO_DEVICES, NO_SUID, READ_ONLY},
    },
    devices, inside,
};
use machine_init::layout::{self, Start};
use nix::{
    fcntl::{OFlag, open},
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
    sys::stat::{Mode, SFlag, mknodat},
};
use std::{
    fs::{self, File},
    io,
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::{Path, PathBuf},
};

/// The root file system's place.
pub fn root_path(job: &Job) -> PathBuf {
    job.runtime.join("root")
}

/// What of the mounts is needed afterwards.
pub struct Tree {
    /// How the machine is started.
    pub start: Start,
    /// The machine's `/dev`.
    pub devices: OwnedFd,
    /// The other end of its console.
    pub terminal: OwnedFd,
    /// The console itself.
    pub console: OwnedFd,
}

/// Leaves the shim's mount table for a copy that ends with the machine, and mounts everything in it.
pub fn build(job: &Job, user: &File) -> io::Result<Tree> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
    let root = place(&root_path(job))?;
    let disk = job.root()?;
    let volume = block::mount(&disk.device, block::kind(&disk.device)?, user, 0, &[], false)?;
    volume.attach(&root)?;
    if job.host_userland {
        userland(job, &volume, user)?;
    }
    let start = Start::of(&root_path(job));
    run(job, &volume, &start)?;
    let devices = devices::mount(job.base)?;
    devices.attach(&folder(&volume, "dev", job)?)?;
    let (terminal, console) = terminals(&devices, job)?;
    for name in ["proc", "sys"] {
        drop(folder(&volume, name, job)?);
    }
    Ok(Tree { start, devices: devices.as_fd().try_clone_to_owned()?, terminal, console })
}

/// An empty folder in the runtime folder, opened.
fn place(path: &Path) -> io::Result<OwnedFd> {
    fs::create_dir_all(path)?;
    Ok(open(path, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?)
}

fn folder(root: &impl AsFd, name: &str, job: &Job) -> io::Result<OwnedFd> {
    inside::folder(root, name, job.base, 0o755)
}

/// Lays the host's `/usr` below that of the root volume; where the kernel can't, the host's alone is there, to be read only.
fn userland(job: &Job, root: &Detached, user: &File) -> io::Result<()> {
    let target = folder(root, "usr", job)?;
    match overlay(job, root, user, &target) {
        Ok(overlay) => overlay.attach(&target),
        Err(error) => {
            eprintln!("/usr can't be written to: {error}");
            let host = Detached::copy_of(&place(Path::new("/usr"))?, Path::new(""), false)?;
            host.restrict(READ_ONLY | NO_DEVICES)?;
            host.attach(&target)
        }
    }
}

fn overlay(job: &Job, root: &Detached, user: &File, upper: &OwnedFd) -> io::Result<Detached> {
    let lower = Detached::copy_of(&place(Path::new("/usr"))?, Path::new(""), false)?;
    lower.restrict(READ_ONLY | NO_DEVICES)?;
    lower.map_ids(user)?;
    let at = place(&job.runtime.join("usr"))?;
    lower.attach(&at)?;
    let mut work = root.as_fd().try_clone_to_owned()?;
    for part in Path::new(layout::OVERLAY_WORK) {
        work = inside::folder(&work, &part.to_string_lossy(), job.base, 0o700)?;
    }
    let named = |fd: &dyn AsRawFd| format!("/proc/self/fd/{}", fd.as_raw_fd());
    let lower = inside::open(&place(&job.runtime)?, "usr", OFlag::O_PATH)?;
    let context = Context::open(c"overlay")?;
    context.set("lowerdir", &named(&lower))?.set("upperdir", &named(upper))?.set("workdir", &named(&work))?;
    // It goes on to work in the name that it is made in.
    inside::as_root(job.base, || context.mount(NO_DEVICES))
}

/// `/run`, in memory. In a machine without an init of its own our program is in it, read-only, since process 1 is a copy of it for a moment
/// (CVE-2019-5736); its libraries, too, where the machine hasn't the host's.
fn run(job: &Job, root: &Detached, start: &Start) -> io::Result<()> {
    let context = Context::open(c"tmpfs")?;
    let (id, size) = (job.base.to_string(), format!("{}k", job.memory_mib * 1024 / 5));
    context.set("mode", "0755")?.set("size", &size)?.set("uid", &id)?.set("gid", &id)?;
    let run = context.mount(NO_DEVICES | NO_SUID)?;
    run.attach(&folder(root, "run", job)?)?;
    if let Start::Own(_) = start {
        return Ok(());
    }
    let ours = inside::folder(&run, "hillfog", job.base, 0o755)?;
    lay(&ours, "init", &job.runtime.join("program"))?;
    if let Start::Foreign = start { libraries(job, &ours) } else { Ok(()) }
}

fn libraries(job: &Job, ours: &OwnedFd) -> io::Result<()> {
    let folder = inside::folder(ours, "lib", job.base, 0o755)?;
    layout::libraries()?.iter().try_for_each(|library| {
        let name = library.file_name().unwrap_or_default();
        lay(&folder, &name.to_string_lossy(), library)
    })
}

/// Lays a file of the host into a folder of the machine, to be read only.
fn lay(folder: &OwnedFd, name: &str, file: &Path) -> io::Result<()> {
    let file = open(file, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?;
    let file = Detached::copy_of(&file, Path::new(""), false)?;
    file.restrict(READ_ONLY | NO_DEVICES | NO_SUID)?;
    file.attach(&empty(folder, name)?)
}

/// An empty file, as the place of a mount.
fn empty(folder: &impl AsFd, name: &str) -> io::Result<OwnedFd> {
    mknodat(folder, name, SFlag::S_IFREG, Mode::from_bits_truncate(0o644), 0)?;
    inside::open(folder, name, OFlag::O_PATH)
}

/// `/dev/pts`, and the console: the first terminal in it.
fn terminals(devices: &Detached, job: &Job) -> io::Result<(OwnedFd, OwnedFd)> {
    let terminals = devices::mount_terminals(job.base)?;
    let both = OFlag::O_RDWR | OFlag::O_NOCTTY;
    let terminal = inside::open(&terminals, "ptmx", both)?;
    let unlock: libc::c_int = 0;
    // SAFETY: the request reads one number.
    nix::errno::Errno::result(unsafe { libc::ioctl(terminal.as_raw_fd(), libc::TIOCSPTLCK, &raw const unlock) })?;
    let console = inside::open(&terminals, "0", both)?;
    nix::unistd::fchown(&console, Some(job.base.into()), Some((job.base + devices::TTY).into()))?;
    terminals.attach(&inside::open(devices, "pts", OFlag::O_PATH)?)?;
    let node = inside::open(&terminals, "0", OFlag::O_PATH)?;
    Detached::copy_of(&node, Path::new(""), false)?.attach(&empty(devices, "console")?)?;
    Ok((terminal, console))
}

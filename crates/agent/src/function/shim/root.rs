//! An environment's root file system, as process 1 makes it: nothing of it can be written to but `/tmp`.
//!
//! Without an image it is the host's own programs and libraries (`/usr` and what leads there), a few files of `/etc`, and the language's
//! folder at `/var/lang`. All of it is bound read-only, so nothing has to be copied or downloaded.

use super::{storage, users};
use crate::{
    function::job::{Job, Place, Root},
    machine::container::shim::inside,
};
use nix::{
    fcntl::OFlag,
    mount::{MntFlags, MsFlags, mount, umount2},
    unistd::{chdir, pivot_root},
};
use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

const NONE: Option<&str> = None;

/// Where the shim has mounted the usual `/tmp`, below its runtime folder.
pub const STORAGE: &str = "tmp";

/// What of the host a function without an image sees: programs and libraries.
const SYSTEM: [&str; 7] = ["bin", "sbin", "lib", "lib32", "lib64", "libx32", "usr"];
/// Likewise, of `/etc`.
const SETTINGS: [&str; 7] = ["alternatives", "ca-certificates", "ld.so.cache", "mime.types", "pki", "protocols", "ssl"];
/// The devices that there are.
const DEVICES: [&str; 5] = ["null", "zero", "full", "random", "urandom"];
/// Of `/proc`, what says more of the host than it should.
const MASKED: [&str; 6] = ["kcore", "keys", "latency_stats", "sched_debug", "sysrq-trigger", "timer_list"];
/// Folders that a root file system has to have.
const FOLDERS: [&str; 7] = ["dev", "etc", "opt", "proc", "tmp", "var/runtime", "var/task"];

/// Makes the job's root the calling process's root; the host's is out of sight from then on.
pub fn enter(place: &Place, job: &Job) -> io::Result<()> {
    let root = place.runtime.join("root");
    fs::create_dir_all(&root)?;
    match &job.root {
        Root::Host(language) => host(&root, language.as_deref())?,
        Root::Image(layers) => image(&root, layers, &skeleton(place)?)?,
    }
    devices(&root.join("dev"))?;
    processes(&root.join("proc"))?;
    temporary(place, job, &root.join("tmp"))?;
    for (source, target) in [(&job.task, "var/task"), (&job.runtime, "var/runtime")] {
        if let Some(source) = source {
            bind(source, &root.join(target))?;
        }
    }
    stack(&job.layers, &root.join("opt"))?;
    seal(&root)?;
    chdir(&root)?;
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    Ok(chdir("/")?)
}

fn host(root: &Path, language: Option<&Path>) -> io::Result<()> {
    mount(Some("tmpfs"), root, Some("tmpfs"), MsFlags::MS_NOSUID, Some("size=1m,mode=755"))?;
    folders(root)?;
    for name in SYSTEM {
        let (source, target) = (Path::new("/").join(name), root.join(name));
        match fs::symlink_metadata(&source) {
            Ok(found) if found.is_symlink() => symlink(fs::read_link(&source)?, &target)?,
            Ok(found) if found.is_dir() => {
                fs::create_dir(&target)?;
                bind(&source, &target)?;
            }
            _ => {}
        }
    }
    for name in SETTINGS {
        let (source, target) = (Path::new("/etc").join(name), root.join("etc").join(name));
        if let Ok(found) = fs::metadata(&source) {
            if found.is_dir() {
                fs::create_dir(&target)?
            } else {
                fs::write(&target, "")?
            };
            bind(&source, &target)?;
        }
    }
    if let Some(language) = language {
        let target = root.join("var/lang");
        fs::create_dir(&target)?;
        bind(language, &target)?;
    }
    settings(&root.join("etc"), true)
}

/// The layers of an image over what each environment has.
fn image(root: &Path, layers: &[PathBuf], skeleton: &Path) -> io::Result<()> {
    let all: Vec<PathBuf> = std::iter::once(skeleton.to_owned()).chain(layers.iter().cloned()).collect();
    overlay(&all, root)?;
    // A link in an image must not lead to what is the host's.
    let opened = fs::File::open(root)?;
    for name in FOLDERS {
        inside::open(&opened, name, OFlag::O_PATH | OFlag::O_DIRECTORY)?;
    }
    // The image's own are covered, not changed.
    for name in ["etc/hosts", "etc/resolv.conf"] {
        if inside::open(&opened, name, OFlag::O_PATH).is_ok() {
            bind(&skeleton.join(name), &root.join(name))?;
        }
    }
    Ok(())
}

/// What each environment with an image has, whatever that brings.
fn skeleton(place: &Place) -> io::Result<PathBuf> {
    let folder = place.runtime.join("skeleton");
    folders(&folder)?;
    settings(&folder.join("etc"), false)?;
    Ok(folder)
}

fn folders(root: &Path) -> io::Result<()> {
    FOLDERS.iter().try_for_each(|name| fs::create_dir_all(root.join(name)))
}

fn settings(etc: &Path, users: bool) -> io::Result<()> {
    let (uid, gid) = (users::UID, users::GID);
    fs::write(etc.join("hosts"), "127.0.0.1 localhost\n127.0.0.1 sandbox.localdomain sandbox\n")?;
    fs::write(etc.join("resolv.conf"), format!("nameserver {}\noptions timeout:2 attempts:2\n", crate::function::NAME_SERVER))?;
    if users {
        let passwd =
            format!("root:x:0:0:root:/root:/sbin/nologin\nsbx_user1051:x:{uid}:{gid}::/home/sbx_user1051:/sbin/nologin\n");
        fs::write(etc.join("passwd"), passwd)?;
        fs::write(etc.join("group"), format!("root:x:0:\nsbx_user1051:x:{gid}:\n"))?;
        fs::write(etc.join("nsswitch.conf"), "passwd: files\ngroup: files\nhosts: files dns\n")?;
    }
    Ok(())
}

fn devices(dev: &Path) -> io::Result<()> {
    mount(Some("tmpfs"), dev, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NOEXEC, Some("size=64k,mode=755"))?;
    for name in DEVICES {
        let target = dev.join(name);
        fs::write(&target, "")?;
        mount(Some(&Path::new("/dev").join(name)), &target, NONE, MsFlags::MS_BIND, NONE)?;
    }
    for (name, to) in [("fd", "/proc/self/fd"), ("stdin", "fd/0"), ("stdout", "fd/1"), ("stderr", "fd/2")] {
        symlink(to, dev.join(name))?;
    }
    seal(dev)
}

fn processes(proc: &Path) -> io::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), proc, Some("proc"), flags, NONE)?;
    for path in MASKED.map(|name| proc.join(name)).iter().filter(|path| path.exists()) {
        mount(Some("/dev/null"), path, NONE, MsFlags::MS_BIND, NONE)?;
    }
    bind(&proc.join("sys"), &proc.join("sys"))
}

fn temporary(place: &Place, job: &Job, target: &Path) -> io::Result<()> {
    match (&job.storage, &place.storage) {
        (Some(template), _) => storage::mount_copy(template, &place.runtime, target),
        (None, Some(_)) => Ok(mount(Some(&place.runtime.join(STORAGE)), target, NONE, MsFlags::MS_BIND, NONE)?),
        (None, None) => storage::mount_memory(job.environment.storage_mib, target),
    }
}

/// Folders laid over each other, the lowest first.
fn stack(layers: &[PathBuf], target: &Path) -> io::Result<()> {
    match layers {
        [] => Ok(()),
        [one] => bind(one, target),
        all => overlay(all, target),
    }
}

fn overlay(layers: &[PathBuf], target: &Path) -> io::Result<()> {
    use std::os::fd::AsRawFd;
    // Named by descriptor: the names of a hundred layers would not fit in the page that mount options may take.
    let open: Vec<fs::File> = layers.iter().rev().map(fs::File::open).collect::<io::Result<_>>()?;
    let names: Vec<String> = open.iter().map(|file| format!("/proc/self/fd/{}", file.as_raw_fd())).collect();
    let options = format!("lowerdir={}", names.join(":"));
    let flags = MsFlags::MS_NODEV | MsFlags::MS_NOSUID | MsFlags::MS_RDONLY;
    Ok(mount(Some("overlay"), target, Some("overlay"), flags, Some(options.as_str()))?)
}

/// A folder or file of the host, which can only be read.
fn bind(source: &Path, target: &Path) -> io::Result<()> {
    let named = |errno: nix::errno::Errno| io::Error::other(format!("{}: {}", source.display(), errno.desc()));
    mount(Some(source), target, NONE, MsFlags::MS_BIND, NONE).map_err(named)?;
    let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY | MsFlags::MS_NOSUID | MsFlags::MS_NODEV;
    mount(NONE, target, NONE, flags, NONE).map_err(named)
}

/// A mount can't be written to any more; those below it can.
fn seal(mounted: &Path) -> io::Result<()> {
    let flags = MsFlags::MS_BIND | MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY | MsFlags::MS_NOSUID;
    Ok(mount(NONE, mounted, NONE, flags, NONE)?)
}

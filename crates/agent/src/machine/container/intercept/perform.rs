//! What is done for a caller. Each in a process of its own.

use super::super::{
    block,
    mounts::{self, Context, Detached},
};
use super::{
    caller::DiskRequest,
    judge::{Change, Grow, Mount},
};
use crate::process::ProcessId;
use nix::{
    errno::Errno,
    fcntl::{OFlag, open},
    mount::{MntFlags, MsFlags, umount2},
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sched::{CloneFlags, setns, unshare},
    sys::{
        signal::Signal,
        stat::{Mode, major, minor},
        wait::{WaitStatus, waitpid},
    },
    unistd::{ForkResult, fork},
};
use std::{
    fs::{self, File},
    io,
    os::{
        fd::{AsFd, AsRawFd, OwnedFd},
        unix::fs::MetadataExt,
    },
    path::Path,
    time::Duration,
};

/// Mounts a file system.
///
/// A mount that is simply moved into a machine could be given other flags by its root: that devices are to be had after all. One that was copied with
/// the whole table of mounts for another user namespace can't (mount_namespaces(7)), and neither can a copy of it. So it is made in a table of ours,
/// that is copied for the machine's user namespace, and a copy of the copy is what the caller gets.
pub fn mount(plan: &Mount, user: &File, runtime: &Path) -> io::Result<()> {
    let place = runtime.join("incoming");
    fs::create_dir_all(&place)?;
    unshare(CloneFlags::CLONE_NEWNS)?;
    nix::mount::mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
    if block::kind(&plan.device).ok() != Some(plan.kind) {
        // As the kernel says of a device without the file system asked for.
        return Err(Errno::EINVAL.into());
    }
    let options = &plan.options;
    block::mount(&plan.device, plan.kind, user, options.attributes, &options.own, options.read_only)?.attach(&opened(&place)?)?;
    setns(user, CloneFlags::CLONE_NEWUSER)?;
    unshare(CloneFlags::CLONE_NEWNS)?;
    let copy = Detached::copy_of(&opened(&place)?, Path::new(""), false)?;
    setns(&plan.mounts, CloneFlags::CLONE_NEWNS)?;
    copy.attach(&plan.target)
}

/// Changes a mount, and the options of its file system if there are any.
pub fn change(plan: &Change) -> io::Result<()> {
    setns(&plan.mounts, CloneFlags::CLONE_NEWNS)?;
    mounts::change(&plan.target, plan.options.attributes)?;
    match plan.options.own.is_empty() {
        true => Ok(()),
        false => Context::of(&plan.target)?.reconfigure(&plan.options.own),
    }
}

/// Grows a file system, which only the host's root may.
pub fn grow(plan: &Grow) -> io::Result<()> {
    let file = File::open(format!("/proc/self/fd/{}", plan.file.as_raw_fd()))?;
    // SAFETY: the argument is as large as the larger request reads.
    Errno::result(unsafe { libc::ioctl(file.as_raw_fd(), plan.request, plan.argument.as_ptr()) })?;
    Ok(())
}

/// Makes a request about a disk, which only the host's root may.
pub fn disk(asked: &DiskRequest) -> io::Result<()> {
    // SAFETY: the argument is as large as what the requests read.
    Errno::result(unsafe { libc::ioctl(asked.file.as_raw_fd(), asked.request.into(), asked.argument.as_ptr()) })?;
    Ok(())
}

fn opened(path: &Path) -> io::Result<OwnedFd> {
    Ok(open(path, OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())?)
}

/// Takes the mounts of a device out of every mount namespace that these processes are in. Files that are open stay open.
pub fn unmount_everywhere(processes: &[i32], number: libc::dev_t) -> io::Result<()> {
    let mut seen = Vec::new();
    for pid in processes {
        let Ok(namespace) = File::open(format!("/proc/{pid}/ns/mnt")) else { continue };
        let identity = namespace.metadata()?.ino();
        let table = fs::read_to_string(format!("/proc/{pid}/mountinfo")).unwrap_or_default();
        let places = mounted(&table, number);
        if seen.contains(&identity) || places.is_empty() {
            continue;
        }
        seen.push(identity);
        let root = File::open(format!("/proc/{pid}/root"))?;
        aside(|| unmount(&namespace, &root, &places))?;
    }
    Ok(())
}

/// Where a device is mounted, by a table of mounts (proc(5)), the last first.
fn mounted(table: &str, number: libc::dev_t) -> Vec<String> {
    let number = format!("{}:{}", major(number), minor(number));
    let of_device = table.lines().filter(|line| line.split(' ').nth(2) == Some(&number));
    let mut places: Vec<String> = of_device.filter_map(|line| line.split(' ').nth(4)).map(unescaped).collect();
    places.reverse();
    places
}

/// Spaces and the like are `\040` in the table.
fn unescaped(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        let code = after.get(..3).and_then(|digits| u8::from_str_radix(digits, 8).ok());
        plain += before;
        plain.push(code.map_or('\\', char::from));
        rest = if code.is_some() { &after[3..] } else { after };
    }
    plain + rest
}

fn unmount(namespace: &File, root: &File, places: &[String]) -> io::Result<()> {
    setns(namespace, CloneFlags::CLONE_NEWNS)?;
    nix::unistd::fchdir(root)?;
    nix::unistd::chroot(".")?;
    for place in places {
        match umount2(place.as_str(), MntFlags::MNT_DETACH | MntFlags::UMOUNT_NOFOLLOW) {
            Ok(()) | Err(Errno::EINVAL | Errno::ENOENT) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
    Ok(())
}

/// How long somebody else's file systems may hold up the shim.
const PATIENCE: Duration = Duration::from_secs(5);

/// In a process of its own, which may go where it can't come back from.
fn aside(work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    // SAFETY: the process has one thread.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => std::process::exit(work().map_or_else(|error| mounts::errno_of(&error) as i32, |()| 0)),
    };
    if let Some(process) = ProcessId::of(child.as_raw() as u32)?.open() {
        let mut polled = [PollFd::new(process.fd().as_fd(), PollFlags::POLLIN)];
        if poll(&mut polled, PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::MAX))? == 0 {
            process.signal(Signal::SIGKILL)?;
        }
    }
    match waitpid(child, None)? {
        WaitStatus::Exited(_, 0) => Ok(()),
        WaitStatus::Exited(_, errno) => Err(io::Error::from_raw_os_error(errno)),
        _ => Err(io::Error::other("what is mounted in the machine holds up its being unmounted")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_places_of_a_device_are_read_from_the_table() {
        let table = "36 35 7:3 / /data rw - ext4 /dev/loop3 rw\n37 35 7:30 / /x rw - ext4 /dev/loop30 rw\n\
                     38 36 7:3 /a /with\\040space\\134 rw - ext4 /dev/loop3 rw\n";
        let number = nix::sys::stat::makedev(7, 3);
        assert_eq!(mounted(table, number), ["/with space\\", "/data"]);
        assert_eq!(mounted("", number), Vec::<String>::new());
    }
}

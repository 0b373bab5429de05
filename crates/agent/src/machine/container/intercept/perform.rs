//! The mount itself, in a process of its own.

use super::super::{
    block,
    mounts::{self, Detached},
};
use super::judge::Plan;
use nix::{
    errno::Errno,
    fcntl::{OFlag, open},
    mount::{MntFlags, MsFlags, mount, umount2},
    sched::{CloneFlags, setns, unshare},
    sys::{
        stat::{Mode, major, minor},
        wait::waitpid,
    },
    unistd::{ForkResult, Pid, fork},
};
use std::{
    fs::{self, File},
    io,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    path::Path,
};

/// Starts the process; its exit code is 0, or the number of the error.
pub fn begin(plan: &Plan, user: &File, runtime: &Path) -> io::Result<Pid> {
    // SAFETY: the process has one thread.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let code = perform(plan, user, runtime).map_or_else(|error| mounts::errno_of(&error) as i32, |()| 0);
            std::process::exit(code)
        }
    }
}

/// A mount that is simply moved into a machine could be given other flags by its root: that devices are to be had after all. One that was copied with
/// the whole table of mounts for another user namespace can't (mount_namespaces(7)), and neither can a copy of it. So it is made in a table of ours,
/// that is copied for the machine's user namespace, and a copy of the copy is what the caller gets.
fn perform(plan: &Plan, user: &File, runtime: &Path) -> io::Result<()> {
    let place = runtime.join("incoming");
    fs::create_dir_all(&place)?;
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
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

/// In a process of its own, which may go where it can't come back from.
fn aside(work: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
    // SAFETY: the process has one thread.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => match waitpid(child, None)? {
            nix::sys::wait::WaitStatus::Exited(_, 0) => Ok(()),
            nix::sys::wait::WaitStatus::Exited(_, errno) => Err(io::Error::from_raw_os_error(errno)),
            _ => Err(io::Error::other("the process that unmounts was killed")),
        },
        ForkResult::Child => std::process::exit(work().map_or_else(|error| mounts::errno_of(&error) as i32, |()| 0)),
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

//! The steps from a process of root's to a program in somebody's name.

use crate::accounts::{Accounts, User};
use std::{ffi::CString, io, os::fd::RawFd};

/// Where the program is to stand.
pub enum Place {
    /// In the user's home, or at the root where that can't be entered.
    Home,
    /// In a folder that is open.
    Folder(RawFd),
}

/// What a process does before it is the program: a session of its own, the terminal on its standard input if it has one, the groups, the user, the place.
///
/// For [`pre_exec`](std::os::unix::process::CommandExt::pre_exec): all that takes memory or a lock is done here and now.
pub fn to(user: &User, has_terminal: bool, place: Place) -> io::Result<impl FnMut() -> io::Result<()> + Send + Sync + use<>> {
    let groups = Accounts::here().groups_of(user)?;
    let (uid, gid) = (user.uid, user.gid);
    let home = CString::new(user.home.as_str())?;
    Ok(move || {
        // SAFETY: plain system calls on data that was made before the fork.
        unsafe {
            check(libc::setsid())?;
            if has_terminal {
                check(libc::ioctl(libc::STDIN_FILENO, libc::TIOCSCTTY, 0))?;
            }
            if let Place::Folder(folder) = place {
                check(libc::fchdir(folder))?;
            }
            check(libc::setgroups(groups.len(), groups.as_ptr()))?;
            check(libc::setresgid(gid, gid, gid))?;
            check(libc::setresuid(uid, uid, uid))?;
            if matches!(place, Place::Home) && libc::chdir(home.as_ptr()) != 0 {
                check(libc::chdir(c"/".as_ptr()))?;
            }
            libc::umask(0o022);
        }
        Ok(())
    })
}

fn check(result: libc::c_int) -> io::Result<()> {
    match result {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

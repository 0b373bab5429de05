//! Who asks, and for what: read from the caller's memory and from `/proc`, once.

use super::super::shim::filter::{BLOCK_SIZE, FLUSH, GROW_EXT4};
use crate::process::ProcessId;
use nix::errno::Errno;
use std::{
    fs::File,
    io,
    os::{
        fd::{AsRawFd, FromRawFd, OwnedFd},
        unix::fs::{FileExt, OpenOptionsExt},
    },
    path::Path,
};

/// The longest string that mount(2) takes.
const STRING: usize = 4096;
const CAP_SYS_ADMIN: u64 = 1 << 21;

/// A call that waits.
pub struct Call {
    /// The kernel's number for it.
    pub id: u64,
    pid: u32,
    number: libc::c_long,
    arguments: [u64; 6],
}

/// What a call asks for.
pub struct Request {
    /// Who asks.
    pub caller: Caller,
    /// For what.
    pub wish: Wish,
}

/// The arguments of a call.
pub enum Wish {
    /// Of mount(2).
    Mount {
        /// What to mount.
        source: Vec<u8>,
        /// Where.
        target: Vec<u8>,
        /// The kind of file system.
        kind: Vec<u8>,
        /// `MS_…`.
        flags: u64,
        /// Options of the file system.
        data: Vec<u8>,
    },
    /// Of ioctl(2): one about a disk.
    Disk(DiskRequest),
    /// Of ioctl(2): one of those by which file systems grow.
    Grow {
        /// What the descriptor leads to, as a place.
        file: OwnedFd,
        /// The request.
        request: u64,
        /// As much as the larger one reads.
        argument: [u8; 16],
    },
}

/// A request about a disk.
pub struct DiskRequest {
    /// What the caller has opened: the same description of it, since the kernel asks whether the disk is held by it alone.
    pub file: OwnedFd,
    /// The request of ioctl(2).
    pub request: u32,
    /// Its argument, if it has one: a size.
    pub argument: [u8; 4],
}

/// A process, by what can't come to mean another one's.
pub struct Caller {
    /// Its root folder.
    pub root: File,
    /// Its working folder.
    pub folder: File,
    /// Its mount namespace.
    pub mounts: File,
    /// Its user namespace.
    pub user: File,
    /// It has `CAP_SYS_ADMIN` there.
    pub is_admin: bool,
}

/// The next call.
pub fn next(listener: &OwnedFd) -> io::Result<Call> {
    // SAFETY: the record holds nothing but numbers; the kernel wants it to be zero.
    let mut call: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    // SAFETY: the request writes one such record.
    Errno::result(unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut call) })?;
    Ok(Call { id: call.id, pid: call.pid, number: call.data.nr.into(), arguments: call.data.args })
}

impl Call {
    /// Reads what the call is about. The caller still waits when this has succeeded, so all of it is the caller's.
    pub fn read(&self, listener: &OwnedFd) -> Result<Request, Errno> {
        let request = self.collect().map_err(|error| error.raw_os_error().map_or(Errno::EFAULT, Errno::from_raw))?;
        let id = self.id;
        // SAFETY: the request reads one number.
        Errno::result(unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_ID_VALID, &raw const id) })?;
        Ok(request)
    }

    fn collect(&self) -> io::Result<Request> {
        let wish = match (self.number == libc::SYS_ioctl, self.arguments[1] as u32) {
            (true, request @ (BLOCK_SIZE | FLUSH)) => self.of_disk(request)?,
            (true, _) => self.grow()?,
            _ => self.mount()?,
        };
        Ok(Request { caller: self.caller()?, wish })
    }

    fn mount(&self) -> io::Result<Wish> {
        let memory = File::open(self.file("mem"))?;
        let [source, target, kind, flags, data, _] = self.arguments;
        Ok(Wish::Mount {
            source: string(&memory, source)?,
            target: string(&memory, target)?,
            kind: string(&memory, kind)?,
            flags,
            data: string(&memory, data)?,
        })
    }

    fn of_disk(&self, request: u32) -> io::Result<Wish> {
        let [descriptor, _, place, ..] = self.arguments;
        let process = ProcessId::of(self.leader()?).ok().and_then(|id| id.open()).ok_or(Errno::ESRCH)?;
        // SAFETY: the call takes two descriptors and a number, and makes one.
        let fd = unsafe { libc::syscall(libc::SYS_pidfd_getfd, process.fd().as_raw_fd(), descriptor as i32, 0) };
        // SAFETY: the kernel has just made the descriptor for us.
        let file = unsafe { OwnedFd::from_raw_fd(Errno::result(fd)? as i32) };
        let mut argument = [0; 4];
        if request == BLOCK_SIZE {
            File::open(self.file("mem"))?.read_exact_at(&mut argument, place).map_err(|_| Errno::EFAULT)?;
        }
        Ok(Wish::Disk(DiskRequest { file, request, argument }))
    }

    /// The process that the calling thread belongs to.
    fn leader(&self) -> io::Result<u32> {
        let status = std::fs::read_to_string(self.file("status"))?;
        let number = status.lines().find_map(|line| line.strip_prefix("Tgid:")).and_then(|number| number.trim().parse().ok());
        Ok(number.ok_or(Errno::ESRCH)?)
    }

    fn grow(&self) -> io::Result<Wish> {
        let [descriptor, request, place, ..] = self.arguments;
        let path = self.file(&format!("fd/{}", descriptor as u32));
        // As a place: nothing is opened by that, whatever it is.
        let file = File::options().read(true).custom_flags(libc::O_PATH).open(path).map_err(|_| Errno::EBADF)?;
        let mut argument = [0; 16];
        let length = if request as u32 == GROW_EXT4 { 8 } else { 16 };
        File::open(self.file("mem"))?.read_exact_at(&mut argument[..length], place).map_err(|_| Errno::EFAULT)?;
        Ok(Wish::Grow { file: file.into(), request: u64::from(request as u32), argument })
    }

    fn caller(&self) -> io::Result<Caller> {
        let folder = |name: &str| File::options().read(true).custom_flags(libc::O_PATH).open(self.file(name));
        let status = std::fs::read_to_string(self.file("status"))?;
        Ok(Caller {
            root: folder("root")?,
            folder: folder("cwd")?,
            mounts: File::open(self.file("ns/mnt"))?,
            user: File::open(self.file("ns/user"))?,
            is_admin: effective(&status) & CAP_SYS_ADMIN != 0,
        })
    }

    fn file(&self, name: &str) -> std::path::PathBuf {
        Path::new("/proc").join(self.pid.to_string()).join(name)
    }
}

fn effective(status: &str) -> u64 {
    let digits = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    digits.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok()).unwrap_or(0)
}

/// A string of the caller's, without its end; nothing, for the null pointer. It may end at the edge of what can be read.
fn string(memory: &File, at: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut part = [0; 256];
    while at != 0 && bytes.len() < STRING {
        let place = at.checked_add(bytes.len() as u64).ok_or(Errno::EFAULT)?;
        // No further than the page's end: the next one need not be there.
        let most = (STRING - place as usize % STRING).min(part.len());
        let count = memory.read_at(&mut part[..most], place).map_err(|_| Errno::EFAULT)?;
        if count == 0 {
            return Err(Errno::EFAULT.into());
        }
        match part[..count].iter().position(|byte| *byte == 0) {
            Some(end) => {
                bytes.extend_from_slice(&part[..end]);
                return Ok(bytes);
            }
            None => bytes.extend_from_slice(&part[..count]),
        }
    }
    match at {
        0 => Ok(bytes),
        _ => Err(Errno::ENAMETOOLONG.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_are_read_to_their_end_and_no_further() {
        let memory = File::open("/proc/self/mem").unwrap();
        let long = vec![b'x'; 2 * STRING];
        let text = c"/dev/xvdf";
        assert_eq!(string(&memory, text.as_ptr() as u64).unwrap(), b"/dev/xvdf");
        assert_eq!(string(&memory, 0).unwrap(), b"");
        assert_eq!(string(&memory, 8).unwrap_err().raw_os_error(), Some(Errno::EFAULT as i32));
        assert_eq!(string(&memory, long.as_ptr() as u64).unwrap_err().raw_os_error(), Some(Errno::ENAMETOOLONG as i32));
        assert!(string(&memory, u64::MAX).is_err());
    }

    #[test]
    fn capabilities_are_read_from_the_status() {
        assert_eq!(effective("Name:\tx\nCapEff:\t0000000000200000\n"), CAP_SYS_ADMIN);
        assert_eq!(effective("Name:\tCapEff:\n"), 0);
    }
}

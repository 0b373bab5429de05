//! Tap devices: the router's end of what a machine with a kernel of its own is plugged in by. Frames are read and written by whoever opens one.

use netns::Namespace;
use nix::errno::Errno;
use std::{fs::File, io, os::fd::AsRawFd};

// linux/if_tun.h
const SET_INTERFACE: libc::c_ulong = 0x4004_54ca;
const SET_PERSIST: libc::c_ulong = 0x4004_54cb;
/// Whole frames, with no header but that by which checksums and large segments are left to the other side.
const FLAGS: libc::c_short = (libc::IFF_TAP | libc::IFF_NO_PI | libc::IFF_VNET_HDR) as libc::c_short;

/// Opens the tap device of that name, which is made if there is none. Nobody else may have it open.
pub(crate) fn open(namespace: &Namespace, name: &str) -> io::Result<File> {
    namespace.run(|| open_here(name)).map_err(io::Error::other)?
}

/// Makes the tap device of that name, unless there is one; it stays.
pub(crate) fn ensure(namespace: &Namespace, name: &str) -> io::Result<()> {
    namespace
        .run(|| {
            match open_here(name) {
                Ok(file) => set(&file, SET_PERSIST, 1),
                // Somebody has it open.
                Err(error) if error.raw_os_error() == Some(Errno::EBUSY as i32) => Ok(()),
                Err(error) => Err(error),
            }
        })
        .map_err(io::Error::other)?
}

fn open_here(name: &str) -> io::Result<File> {
    let file = File::options().read(true).write(true).open("/dev/net/tun")?;
    // SAFETY: all zeroes are a request.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    let bytes = name.as_bytes();
    if bytes.len() >= request.ifr_name.len() {
        return Err(io::Error::other(format!("{name} is too long for an interface")));
    }
    for (place, byte) in request.ifr_name.iter_mut().zip(bytes) {
        *place = *byte as libc::c_char;
    }
    request.ifr_ifru.ifru_flags = FLAGS;
    // SAFETY: the request is one, and outlives the call.
    Errno::result(unsafe { libc::ioctl(file.as_raw_fd(), SET_INTERFACE, &raw const request) })?;
    Ok(file)
}

fn set(file: &File, request: libc::c_ulong, value: libc::c_int) -> io::Result<()> {
    // SAFETY: the call takes numbers.
    Ok(Errno::result(unsafe { libc::ioctl(file.as_raw_fd(), request, value) }).map(drop)?)
}

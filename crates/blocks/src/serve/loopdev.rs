//! Loop devices (loop(4)).

use nix::{
    errno::Errno,
    sys::stat::{Mode, SFlag, makedev, mknod},
};
use std::{
    fs::{self, File},
    io,
    os::{fd::AsRawFd, unix::fs::OpenOptionsExt},
    path::{Path, PathBuf},
    thread,
    time::Duration,
};

const CONTROL: &str = "/dev/loop-control";
const MAJOR: u32 = 7;
const LOOP_CLR_FD: libc::Ioctl = 0x4c01;
const LOOP_SET_CAPACITY: libc::Ioctl = 0x4c07;
const LOOP_CONFIGURE: libc::Ioctl = 0x4c0a;
const LOOP_CTL_GET_FREE: libc::Ioctl = 0x4c82;
const LO_FLAGS_AUTOCLEAR: u32 = 4;
const LO_FLAGS_DIRECT_IO: u32 = 16;
/// What a device's users see as its sector, as on EC2's instances.
const SECTOR: u32 = 512;
/// Others may take the free device that we were told of; how often we look for another.
const TRIES: usize = 64;
/// What reacts to devices' coming and going has them open for a moment; how often it is looked, 5 ms apart, whether it was such a one.
pub const PATIENT: usize = 400;
/// As often as may be for who has no time to wait.
pub const IMPATIENT: usize = 1;

/// `struct loop_info64` of `<linux/loop.h>`.
#[repr(C)]
struct Info {
    device: u64,
    inode: u64,
    rdevice: u64,
    offset: u64,
    size_limit: u64,
    number: u32,
    encrypt_type: u32,
    encrypt_key_size: u32,
    flags: u32,
    file_name: [u8; 64],
    crypt_name: [u8; 64],
    encrypt_key: [u8; 32],
    init: [u64; 2],
}

/// `struct loop_config` of `<linux/loop.h>`.
#[repr(C)]
struct Config {
    fd: u32,
    block_size: u32,
    info: Info,
    reserved: [u64; 8],
}

/// A loop device that has a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loop {
    /// The device's node.
    pub node: PathBuf,
    pub major: u32,
    pub minor: u32,
}

/// Makes a device of a file. Where `/dev` isn't kept by the kernel its node is made in `spare`.
pub fn attach(file: &File, spare: &Path) -> io::Result<Loop> {
    attach_with(file, spare, 0).map(|(device, _)| device)
}

/// The node of a device of a file, and the device itself: it is freed by the kernel as soon as nobody has it open or mounted any more.
pub fn attach_while_in_use(file: &File, spare: &Path) -> io::Result<(PathBuf, File)> {
    attach_with(file, spare, LO_FLAGS_AUTOCLEAR).map(|(device, open)| (device.node, open))
}

fn attach_with(file: &File, spare: &Path, flags: u32) -> io::Result<(Loop, File)> {
    for _ in 0..TRIES {
        let minor = free()?;
        let device = Loop { node: node(minor, spare)?, major: MAJOR, minor };
        let open = device.open()?;
        match configure(&open, file, flags) {
            Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {}
            done => return done.map(|()| (device, open)),
        }
    }
    Err(Errno::EBUSY.into())
}

/// Frees the devices of a file of this name, which is nobody else's. Those that somebody has open are freed when they are closed.
pub fn release_stale(name: &str, spare: &Path) -> io::Result<()> {
    for entry in fs::read_dir("/sys/block")? {
        let entry = entry?.file_name();
        let Some(minor) = entry.to_str().and_then(|it| it.strip_prefix("loop")).and_then(|it| it.parse().ok()) else { continue };
        if is_of(minor, name) {
            Loop { node: node(minor, spare)?, major: MAJOR, minor }.detach(name, PATIENT)?;
        }
    }
    Ok(())
}

impl Loop {
    fn open(&self) -> io::Result<File> {
        File::options().read(true).write(true).open(&self.node)
    }

    /// Takes a new size over from the file.
    pub fn resize(&self) -> io::Result<()> {
        call(&self.open()?, LOOP_SET_CAPACITY, 0).map(drop)
    }

    /// Frees the device. `false` if somebody has it open, after it was looked `patience` times more: then it
    /// is freed when the last one closes it.
    pub fn detach(&self, name: &str, patience: usize) -> io::Result<bool> {
        match call(&self.open()?, LOOP_CLR_FD, 0) {
            Err(error) if error.raw_os_error() != Some(libc::ENXIO) => return Err(error),
            _ => {}
        }
        for _ in 0..=patience {
            if !is_of(self.minor, name) {
                return Ok(true);
            }
            if self.is_claimed() {
                return Ok(false);
            }
            thread::sleep(Duration::from_millis(5));
        }
        Ok(false)
    }

    /// Whether somebody has it for himself, as a mounted file system does.
    fn is_claimed(&self) -> bool {
        let claimed = File::options().read(true).custom_flags(libc::O_EXCL).open(&self.node);
        claimed.is_err_and(|error| error.raw_os_error() == Some(libc::EBUSY))
    }
}

/// Whether a device has a file of this name.
fn is_of(minor: u32, name: &str) -> bool {
    // "(deleted)" may follow the name.
    let file = fs::read_to_string(format!("/sys/block/loop{minor}/loop/backing_file")).unwrap_or_default();
    file.split_whitespace().next().is_some_and(|path| Path::new(path).file_name().is_some_and(|it| it == name))
}

fn free() -> io::Result<u32> {
    let control = File::options().read(true).write(true).open(CONTROL)?;
    call(&control, LOOP_CTL_GET_FREE, 0).map(|minor| minor as u32)
}

fn node(minor: u32, spare: &Path) -> io::Result<PathBuf> {
    let usual = PathBuf::from(format!("/dev/loop{minor}"));
    if usual.exists() {
        return Ok(usual);
    }
    let own = spare.join(format!("loop{minor}"));
    match mknod(&own, SFlag::S_IFBLK, Mode::S_IRUSR | Mode::S_IWUSR, makedev(MAJOR.into(), minor.into())) {
        Ok(()) | Err(Errno::EEXIST) => Ok(own),
        Err(errno) => Err(errno.into()),
    }
}

fn configure(device: &File, file: &File, flags: u32) -> io::Result<()> {
    // Direct: the host's page cache then has the volume once, not twice.
    match configure_with(device, file, flags | LO_FLAGS_DIRECT_IO) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => configure_with(device, file, flags),
        done => done,
    }
}

fn configure_with(device: &File, file: &File, flags: u32) -> io::Result<()> {
    // SAFETY: zeros are a valid value of these structures of numbers.
    let mut config: Config = unsafe { std::mem::zeroed() };
    config.fd = file.as_raw_fd() as u32;
    config.block_size = SECTOR;
    config.info.flags = flags;
    call(device, LOOP_CONFIGURE, &raw const config as libc::c_ulong).map(drop)
}

fn call(file: &File, request: libc::Ioctl, argument: libc::c_ulong) -> io::Result<i32> {
    // SAFETY: the request takes no argument, or one that the caller has on its stack.
    Ok(Errno::result(unsafe { libc::ioctl(file.as_raw_fd(), request, argument) })?)
}

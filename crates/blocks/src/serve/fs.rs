//! The file system of one file, the volume, that the loop device reads and writes.

use super::throttle::Throttle;
use crate::{Error, SECTOR, Volume};
use fuser::{
    Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo, InitFlags, KernelConfig, LockOwner,
    OpenFlags, ReplyAttr, ReplyData, ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, WriteFlags,
};
use nix::fcntl::FallocateFlags;
use std::{
    cell::RefCell,
    ffi::OsStr,
    io,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

/// The file's number; the folder that it is in is FUSE's root.
const FILE: INodeNo = INodeNo(2);
/// The size may change at any time: the kernel asks for it when it needs it.
const NEVER: Duration = Duration::ZERO;
/// The largest request, in bytes: what the kernel allows by default.
pub const REQUEST: u32 = 1024 * 1024;
/// Requests that the kernel has under way at a time.
const DEPTH: u16 = 64;

/// The file system of one file.
pub struct OneFile {
    pub name: String,
    pub volume: Arc<Volume>,
    pub throttle: Arc<Throttle>,
}

thread_local! {
    /// What a thread reads into: made once.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

impl Filesystem for OneFile {
    fn init(&mut self, _: &Request, config: &mut KernelConfig) -> io::Result<()> {
        // Requests of the loop device go on beside each other. A kernel that can't is slower, and right.
        let _ = config.add_capabilities(InitFlags::FUSE_ASYNC_DIO);
        let _ = config.set_max_write(REQUEST);
        let _ = config.set_max_background(DEPTH);
        Ok(())
    }

    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if parent == INodeNo::ROOT && name == self.name.as_str() {
            reply.entry(&NEVER, &self.attributes(FILE), Generation(0));
        } else {
            reply.error(Errno::ENOENT);
        }
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        reply.attr(&NEVER, &self.attributes(ino));
    }

    fn open(&self, _: &Request, _: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        let flags = FopenFlags::FOPEN_DIRECT_IO | FopenFlags::FOPEN_PARALLEL_DIRECT_WRITES | FopenFlags::FOPEN_NOFLUSH;
        reply.opened(FileHandle(0), flags);
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let length = self.volume.size().saturating_sub(offset).min(size.into()) as usize;
        self.throttle.wait(length);
        BUFFER.with_borrow_mut(|buffer| {
            buffer.resize(length.max(buffer.len()), 0);
            let out = &mut buffer[..length];
            match self.volume.read_at(offset, out) {
                Ok(()) => reply.data(out),
                Err(error) => reply.error(told("read", error)),
            }
        });
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        _: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        self.throttle.wait(data.len());
        match self.volume.write_at(offset, data) {
            Ok(()) => reply.written(data.len() as u32),
            Err(error) => reply.error(told("write", error)),
        }
    }

    fn fsync(&self, _: &Request, _: INodeNo, _: FileHandle, _: bool, reply: ReplyEmpty) {
        match self.volume.flush() {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(told("flush", error)),
        }
    }

    /// The loop device's discards, and its writes of zeros.
    fn fallocate(&self, _: &Request, _: INodeNo, _: FileHandle, offset: u64, length: u64, mode: i32, reply: ReplyEmpty) {
        let zeros = FallocateFlags::FALLOC_FL_PUNCH_HOLE | FallocateFlags::FALLOC_FL_ZERO_RANGE;
        if !FallocateFlags::from_bits_retain(mode).intersects(zeros) {
            return reply.error(Errno::EOPNOTSUPP);
        }
        match self.volume.discard(offset, length) {
            Ok(()) => reply.ok(),
            Err(error) => reply.error(told("discard", error)),
        }
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        // The loop device takes the block's size for what discards should be aligned to.
        let blocks = self.volume.size() / SECTOR as u64;
        reply.statfs(blocks, 0, 0, 1, 0, SECTOR as u32, 255, SECTOR as u32);
    }
}

impl OneFile {
    fn attributes(&self, ino: INodeNo) -> FileAttr {
        let (kind, perm, size) = match ino {
            FILE => (FileType::RegularFile, 0o600, self.volume.size()),
            _ => (FileType::Directory, 0o700, 0),
        };
        FileAttr {
            ino,
            size,
            blocks: size / 512,
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind,
            perm,
            nlink: 1,
            uid: 0,
            gid: 0,
            rdev: 0,
            blksize: SECTOR as u32,
            flags: 0,
        }
    }
}

/// Writes down why, since a device's user only learns a number.
fn told(what: &str, error: Error) -> Errno {
    eprintln!("{what}: {error}");
    Errno::from_i32(error.errno())
}

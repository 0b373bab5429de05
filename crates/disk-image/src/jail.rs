//! A process that reads a qcow2 image and can do nothing else: no files, no network, no other users' processes, bounded memory.
//!
//! The reader is this program once more: it gets the file as its standard input and writes the disk's blocks to its standard output. Before it
//! looks at the first byte it gives up its user, its capabilities and, by seccomp, every system call but those that read its file and write its
//! output. A mistake in the reader so costs an error message.

use crate::{BLOCK, Blocks, Error, qcow2::Qcow2};
use nix::{
    sys::resource::{Resource, setrlimit},
    unistd::{Gid, Uid, geteuid, setgroups, setresgid, setresuid},
};
use seccompiler::{SeccompAction, SeccompFilter};
use std::{
    fs::File,
    io::{self, Read, Write},
    os::fd::{AsFd, FromRawFd, OwnedFd},
    process::{Child, ChildStdout, Command, ExitCode, Stdio},
};

/// Bytes of memory: tables of 32 MiB, some clusters of 2 MiB, the program itself.
const MEMORY: u64 = 1 << 30;
/// `nobody`.
const NOBODY: u32 = 65_534;
/// What stands for the index of a block after the last.
const END: u32 = u32::MAX;
/// Bytes of what the reader may say.
const WORDS: u64 = 1000;

/// The system calls of a process that reads, computes and writes.
const ALLOWED: &[libc::c_long] = &[
    libc::SYS_read,
    libc::SYS_pread64,
    libc::SYS_write,
    libc::SYS_fstat,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_mprotect,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_futex,
    libc::SYS_sigaltstack,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_tgkill,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// The reader's own `main`: its standard input is the image. Call it while the process has one thread.
pub fn main() -> ExitCode {
    let done = lock_in().map_err(Error::from).and_then(|()| serve());
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

/// Gives up everything that isn't needed.
fn lock_in() -> io::Result<()> {
    setrlimit(Resource::RLIMIT_AS, MEMORY, MEMORY)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    setrlimit(Resource::RLIMIT_FSIZE, 0, 0)?;
    if geteuid().is_root() {
        setgroups(&[])?;
        setresgid(Gid::from_raw(NOBODY), Gid::from_raw(NOBODY), Gid::from_raw(NOBODY))?;
        setresuid(Uid::from_raw(NOBODY), Uid::from_raw(NOBODY), Uid::from_raw(NOBODY))?;
    }
    let architecture = std::env::consts::ARCH.try_into().map_err(io::Error::other)?;
    let rules = ALLOWED.iter().map(|call| (*call, Vec::new())).collect();
    let (others, these) = (SeccompAction::Errno(libc::EPERM as u32), SeccompAction::Allow);
    let filter = SeccompFilter::new(rules, others, these, architecture).map_err(io::Error::other)?;
    let program: seccompiler::BpfProgram = filter.try_into().map_err(io::Error::other)?;
    // This also says that no new privileges are ever gained.
    seccompiler::apply_filter(&program).map_err(io::Error::other)
}

fn serve() -> Result<(), Error> {
    // SAFETY: the descriptors are the process's own from its start, and nothing else uses them.
    let (image, mut output) = unsafe { (File::from_raw_fd(0), File::from_raw_fd(1)) };
    let mut disk = Qcow2::open(image)?;
    output.write_all(&disk.bytes().to_le_bytes())?;
    while let Some((index, block)) = disk.next()? {
        output.write_all(&index.to_le_bytes())?;
        output.write_all(&block)?;
    }
    Ok(output.write_all(&END.to_le_bytes())?)
}

/// The blocks of an image that is read by another process.
pub struct Jailed {
    reader: Child,
    output: ChildStdout,
    bytes: u64,
    next: u32,
}

impl Jailed {
    /// Has an image read by `program`, a command that calls [`main`].
    ///
    /// # Errors
    /// If the image is refused, or the program can't be started.
    pub fn open(image: &impl AsFd, mut program: Command) -> Result<Self, Error> {
        let image: OwnedFd = image.as_fd().try_clone_to_owned()?;
        program.env_clear().current_dir("/").stdin(image).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut reader = program.spawn()?;
        let output = reader.stdout.take().ok_or_else(|| io::Error::other("the reader has no output"))?;
        let mut jailed = Self { reader, output, bytes: 0, next: 0 };
        let mut bytes = [0; 8];
        jailed.read(&mut bytes)?;
        jailed.bytes = u64::from_le_bytes(bytes);
        crate::block_count(jailed.bytes)?;
        Ok(jailed)
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<(), Error> {
        self.output.read_exact(buffer).map_err(|_| self.why())
    }

    /// Why the reader has ended, in its own words. They may be the image's: no more of them than a sentence, and nothing that a terminal obeys.
    fn why(&mut self) -> Error {
        let mut words = Vec::new();
        if let Some(errors) = self.reader.stderr.take() {
            let _ = errors.take(WORDS).read_to_end(&mut words);
        }
        let words: String = String::from_utf8_lossy(&words).chars().filter(|c| !c.is_control()).collect();
        if words.is_empty() { Error::refused("the reader of the image died over it") } else { Error::Refused(words) }
    }
}

impl Blocks for Jailed {
    fn bytes(&self) -> u64 {
        self.bytes
    }

    fn next(&mut self) -> Result<Option<(u32, Vec<u8>)>, Error> {
        let mut index = [0; 4];
        self.read(&mut index)?;
        let index = u32::from_le_bytes(index);
        if index == END {
            return Ok(None);
        }
        // It is a stranger's word by now.
        if index < self.next || index >= crate::block_count(self.bytes)? {
            return Err(Error::refused("the reader of the image lost its way"));
        }
        self.next = index + 1;
        let mut block = vec![0; BLOCK];
        self.read(&mut block)?;
        Ok(Some((index, block)))
    }
}

impl Drop for Jailed {
    fn drop(&mut self) {
        let _ = self.reader.kill();
        let _ = self.reader.wait();
    }
}

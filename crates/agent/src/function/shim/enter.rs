//! The last steps of a process before it becomes the runtime or an extension.

use super::users::Users;
use crate::shim::seccomp::Program as Filter;
use nix::{
    fcntl::OFlag,
    sys::{
        resource::{Resource, setrlimit},
        wait::waitpid,
    },
    unistd::{ForkResult, Pid, chdir, dup2_stderr, dup2_stdin, dup2_stdout, execve, fork, pipe2, setsid, write},
};
use std::{
    convert::Infallible,
    ffi::CString,
    fs::File,
    io::{self, Read},
    os::fd::OwnedFd,
};

/// Open files, as in Lambda ("Lambda quotas": file descriptors).
const FILES: u64 = 1024;

/// Starts a process and waits until it executes its program.
pub fn start(command: &Command, output: &OwnedFd, users: &Users, filters: &[Filter]) -> io::Result<i32> {
    let (report, reported) = pipe2(OFlag::O_CLOEXEC)?;
    // SAFETY: process 1 has one thread.
    let child = match unsafe { fork() }? {
        ForkResult::Parent { child } => child,
        ForkResult::Child => {
            let error = steps(command, output, users, filters).err().unwrap_or_else(|| io::Error::other("not executed"));
            let _ = write(&reported, error.to_string().as_bytes());
            std::process::exit(127)
        }
    };
    drop(reported);
    let mut why = String::new();
    File::from(report).read_to_string(&mut why)?;
    if why.is_empty() {
        return Ok(child.as_raw());
    }
    let _ = waitpid(Pid::from_raw(child.as_raw()), None);
    Err(io::Error::other(why))
}

/// What is executed.
pub struct Command {
    /// The program's path.
    pub program: CString,
    /// Its arguments, the name that it is called by first.
    pub words: Vec<CString>,
    /// `NAME=value`.
    pub variables: Vec<CString>,
    /// Where it starts.
    pub folder: String,
}

fn steps(command: &Command, output: &OwnedFd, users: &Users, filters: &[Filter]) -> io::Result<Infallible> {
    setsid()?;
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(output)?;
    dup2_stderr(output)?;
    let _ = std::fs::write("/proc/self/oom_score_adj", "0");
    chdir(command.folder.as_str()).or_else(|_| chdir("/"))?;
    crate::shim::reset_signals();
    crate::shim::close_rest()?;
    setrlimit(Resource::RLIMIT_NOFILE, FILES, FILES)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    users.become_user()?;
    // The host's keys are none of the function's. A kernel without keys has none to lose.
    // SAFETY: the call takes a number and a null pointer.
    unsafe { libc::syscall(libc::SYS_keyctl, libc::KEYCTL_JOIN_SESSION_KEYRING, std::ptr::null::<libc::c_char>()) };
    // Applying a filter takes the way to new privileges, too (`no_new_privs`).
    for filter in filters {
        seccompiler::apply_filter(filter).map_err(io::Error::other)?;
    }
    execve(&command.program, &command.words, &command.variables)
        .map_err(|errno| io::Error::other(format!("fork/exec {}: {}", command.program.to_string_lossy(), said(errno))))
}

/// As the C library says it, in lower case, which is how Lambda says it.
fn said(errno: nix::errno::Errno) -> String {
    errno.desc().to_lowercase()
}

//! The last steps of process 1 before it executes the machine's init: it is root of its user namespace and of nothing else.

use super::{
    super::{
        job::Job,
        mounts::{Context, Detached, NO_DEVICES, NO_EXEC, NO_SUID, READ_ONLY},
    },
    filter, inside, resolver,
    tree::Tree,
    wire::Wire,
};
use caps::{CapSet, Capability};
use machine_init::layout::Start;
use nix::{
    fcntl::OFlag,
    mount::{MntFlags, umount2},
    sched::{CloneFlags, unshare},
    sys::{
        prctl,
        signal::{SigSet, Signal},
    },
    unistd::{chdir, dup2_stderr, dup2_stdin, dup2_stdout, execve, fchdir, pivot_root, sethostname, setsid},
};
use std::{
    convert::Infallible,
    ffi::{CStr, CString},
    fs, io,
    os::fd::OwnedFd,
    path::Path,
};

/// What is said when process 1 executes our own program.
pub const OURS: &str = "ours";
const OWN: &str = "own";

/// What a machine mounts in its own namespaces: the kind, where, and its attributes.
///
/// Of two that show the same, the second is for who takes `/sys` away to put another network namespace's there, as `ip netns exec` does: the kernel gives one
/// only to those who have one in sight that nothing covers (mount_namespaces(7)).
const OWN_MOUNTS: [(&CStr, &str, u64); 6] = [
    (c"proc", "proc", NO_SUID | NO_EXEC | NO_DEVICES),
    (c"sysfs", "sys", NO_SUID | NO_EXEC | NO_DEVICES | READ_ONLY),
    (c"sysfs", "dev/.sys", NO_SUID | NO_EXEC | NO_DEVICES | READ_ONLY),
    (c"cgroup2", "sys/fs/cgroup", NO_SUID | NO_EXEC | NO_DEVICES),
    (c"tmpfs", "dev/shm", NO_SUID | NO_DEVICES),
    (c"mqueue", "dev/mqueue", NO_SUID | NO_EXEC | NO_DEVICES),
];

/// What no user namespace can give, though its root seems to have it: systemd then tries what depends on it, and fails.
const USELESS: [Capability; 3] = [Capability::CAP_SYS_MODULE, Capability::CAP_SYS_RAWIO, Capability::CAP_SYS_TIME];

/// Goes the rest of the way. Comes back only with what went wrong.
pub fn run(job: &Job, wire: &Wire, tree: &Tree) -> io::Error {
    let done: io::Result<Infallible> = steps(job, wire, tree);
    done.err().unwrap_or_else(|| io::Error::other("process 1 can't be executed"))
}

fn steps(job: &Job, wire: &Wire, tree: &Tree) -> io::Result<Infallible> {
    wire.receive()?;
    // Only now: the group that it is in becomes the machine's root of all groups.
    unshare(CloneFlags::CLONE_NEWCGROUP)?;
    sethostname(&job.hostname)?;
    change_root()?;
    resolver::write(job)?;
    let command = tree.start.command().into_iter().map(CString::new).collect::<Result<Vec<_>, _>>()?;
    let program = command.first().ok_or_else(|| io::Error::other("there is no init"))?.clone();
    let environment = environment(job)?;
    take_console(&tree.console)?;
    crate::shim::reset_signals();
    let ours = !matches!(tree.start, Start::Own(_));
    if ours {
        // Our own reads its signals when it has begun: one that comes before must not be lost. (Others would leave them blocked.)
        SigSet::all().thread_block()?;
    }
    crate::shim::close_rest()?;
    for useless in USELESS {
        caps::drop(None, CapSet::Bounding, useless).map_err(io::Error::other)?;
    }
    // The host's keys are none of the machine's. A kernel without keys has none to lose.
    // SAFETY: the call takes a number and a null pointer.
    unsafe { libc::syscall(libc::SYS_keyctl, libc::KEYCTL_JOIN_SESSION_KEYRING, std::ptr::null::<libc::c_char>()) };
    let listener = filter::apply()?;
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    wire.send(if ours { OURS } else { OWN }, &[&listener])?;
    drop(listener);
    // Heard from a shim that lives, after its death would have been noticed.
    wire.receive()?;
    execve(&program, &command, &environment)
        .map_err(|errno| io::Error::other(format!("{} can't be executed: {}", program.to_string_lossy(), errno.desc())))
}

/// What belongs to the machine's own namespaces is mounted; then its root becomes the root, and the host is out of sight.
fn change_root() -> io::Result<()> {
    // What was made before can't be moved from its place: the folder that this process is in. A copy of it can.
    let place = fs::File::open(".")?;
    let copy = Detached::copy_of(&place, Path::new(""), true)?;
    copy.attach(&place)?;
    for (kind, path, attributes) in OWN_MOUNTS {
        place_own(&copy, kind, path, attributes)
            .map_err(|error| io::Error::new(error.kind(), format!("/{path} can't be mounted: {error}")))?;
    }
    fchdir(&copy)?;
    pivot_root(".", ".")?;
    umount2(".", MntFlags::MNT_DETACH)?;
    Ok(chdir("/")?)
}

fn place_own(root: &Detached, kind: &CStr, path: &str, attributes: u64) -> io::Result<()> {
    let context = Context::open(kind)?;
    if kind == c"tmpfs" {
        context.set("mode", "1777")?;
    }
    context.mount(attributes)?.attach(&inside::open(root, path, OFlag::O_PATH | OFlag::O_DIRECTORY)?)
}

/// The console is the standard streams of process 1, which leads a session but has no terminal: that is for who logs in.
fn take_console(console: &OwnedFd) -> io::Result<()> {
    setsid()?;
    dup2_stdin(console)?;
    dup2_stdout(console)?;
    Ok(dup2_stderr(console)?)
}

/// systemd's container interface: `container` says what this is, `container_uuid` becomes the machine's id on its first boot.
fn environment(job: &Job) -> io::Result<Vec<CString>> {
    let variables = [
        "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin".to_owned(),
        "HOME=/".to_owned(),
        "TERM=vt220".to_owned(),
        "container=hillfog".to_owned(),
        format!("container_uuid={}", uuid(&job.machine)),
    ];
    Ok(variables.into_iter().map(CString::new).collect::<Result<_, _>>()?)
}

/// An id that is the same for each boot of a machine, in the form of a UUID.
fn uuid(machine: &str) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, machine.as_bytes());
    let digits = hex::encode(&digest.as_ref()[..16]);
    format!("{}-{}-{}-{}-{}", &digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..])
}

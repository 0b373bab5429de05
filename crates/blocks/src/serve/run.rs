//! The life of a volume's server.

use super::{
    control::Control,
    fs::{OneFile, REQUEST},
    keeper::{Keeper, Orders},
    protocol::{Answer, Attached, Job, line},
    throttle::Throttle,
    uploads::Uploads,
};
use crate::{BlockStore, Error, Result, Volume};
use aws_lc_rs::digest::{SHA256, digest};
use fuser::{Config, Session, SessionACL};
use nix::{
    sys::{
        signal::{SigSet, Signal},
        stat::{Mode, umask},
    },
    unistd::{ForkResult, dup2_stderr, dup2_stdin, dup2_stdout, fork},
};
use rustix::mount::{FsMountFlags, FsOpenFlags, MountAttrFlags, fsconfig_create, fsconfig_set_string, fsmount, fsopen};
use std::{
    fs::{self, File},
    io::{self, Write},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::{ffi::OsStrExt, net::UnixStream},
    },
    path::Path,
    sync::{Arc, Mutex, RwLock, atomic::AtomicBool},
    thread,
};

/// Threads that answer the kernel. A volume's blocks may have to come from elsewhere, and its operations may have to wait.
const THREADS: usize = 4;

/// prctl(2), `<linux/prctl.h>`.
const PR_SET_IO_FLUSHER: libc::c_int = 57;

/// Serves a volume to its end. `ready` is told what is attached, or what went wrong.
pub fn run(job: &Job, mut ready: File) {
    let started = start(job, &ready);
    let (answer, server) = match started {
        Ok((attached, server)) => (Answer::Done(attached), Some(server)),
        Err(error) => (Answer::from(Err(error)), None),
    };
    let _ = writeln!(ready, "{}", line(&answer));
    drop(ready);
    if let Some(server) = server {
        server.serve();
    }
}

struct Server {
    volume: Arc<Volume>,
    control: Arc<Control>,
    session: thread::JoinHandle<io::Result<()>>,
}

impl Server {
    /// Goes on until the kernel has let go of the file.
    fn serve(self) {
        if let Err(error) = self.session.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked"))) {
            eprintln!("the kernel's requests: {error}");
        }
        if let Err(error) = self.volume.end() {
            eprintln!("closing the volume: {error}");
        }
        // Who asked for the end is told of it.
        drop(self.control.answering.write());
    }
}

fn start(job: &Job, ready: &File) -> Result<(Attached, Server)> {
    settle(&job.runtime)?;
    let name = file_name(&job.runtime)?;
    let device = File::options().read(true).write(true).open("/dev/fuse").map_err(|error| named("/dev/fuse", error))?;
    let mount = mount(&device)?;
    // Before there are threads, and before anything is opened that the keeper must not have.
    let (orders, theirs) = UnixStream::pair()?;
    // SAFETY: the process has one thread.
    if let ForkResult::Child = unsafe { fork() }? {
        drop((device, orders));
        // Whoever waits for the server waits for its copies' end, too.
        let _ = nix::unistd::close(ready.as_raw_fd());
        let kept = Keeper { mount, name, spare: job.runtime.clone() }.run(theirs);
        std::process::exit(i32::from(kept.is_err()));
    }
    drop((mount, theirs));
    let store = BlockStore::open(&job.store)?;
    let volume = Arc::new(Volume::open(&job.folder, &store, &job.keys()?)?);
    let throttle = Arc::new(Throttle::new(job.limits));
    let signals = block_signals()?;
    let session = serve_file(device, OneFile { name, volume: volume.clone(), throttle: throttle.clone() })?;
    let orders = Orders::new(orders);
    let (device, major, minor) = orders.attach()?;
    let pid = std::process::id();
    let attached = Attached { device, major, minor, size: volume.size(), pid, start: start_time(pid)? };
    let control = Arc::new(Control {
        uploads: Uploads::start(volume.clone()),
        volume: volume.clone(),
        throttle,
        orders,
        attached: Mutex::new(attached.clone()),
        runtime: job.runtime.clone(),
        stopping: AtomicBool::new(false),
        answering: RwLock::new(()),
    });
    control.clone().start()?;
    stop_by_signal(signals, control.clone());
    Ok((attached, Server { volume, control, session }))
}

/// The name of the file behind a volume's loop device, by which it is known to be that volume's.
pub fn file_name(runtime: &Path) -> io::Result<String> {
    let path = fs::canonicalize(runtime)?;
    Ok(format!("hillfog-{}", hex::encode(&digest(&SHA256, path.as_os_str().as_bytes()).as_ref()[..16])))
}

/// Leaves the starter's terminal and standard streams, and tells the kernel what kind of process this is.
fn settle(runtime: &Path) -> Result<()> {
    umask(Mode::from_bits_truncate(0o077));
    fs::create_dir_all(runtime)?;
    let null = File::options().read(true).write(true).open("/dev/null")?;
    let log = File::options().create(true).append(true).open(runtime.join("log"))?;
    dup2_stdin(&null)?;
    dup2_stdout(&null)?;
    dup2_stderr(&log)?;
    std::env::set_current_dir("/")?;
    // SAFETY: prctl(2) with numbers only. Threads and children have it from this process.
    if unsafe { libc::prctl(PR_SET_IO_FLUSHER, 1, 0, 0, 0) } != 0 {
        eprintln!("PR_SET_IO_FLUSHER: {}", io::Error::last_os_error());
    }
    // What uses a disk shall sooner die than the disk.
    if let Err(error) = fs::write("/proc/self/oom_score_adj", "-900") {
        eprintln!("oom_score_adj: {error}");
    }
    Ok(())
}

/// Makes a file system of a FUSE device, which nobody can reach but by its descriptor (fsopen(2), fsmount(2)).
fn mount(device: &File) -> Result<OwnedFd> {
    let made = || {
        let context = fsopen("fuse", FsOpenFlags::FSOPEN_CLOEXEC)?;
        let set = |key: &str, value: &str| fsconfig_set_string(&context, key, value);
        set("source", "hillfog-volume")?;
        set("fd", &device.as_raw_fd().to_string())?;
        set("rootmode", "40000")?;
        set("user_id", "0")?;
        set("group_id", "0")?;
        set("max_read", &REQUEST.to_string())?;
        fsconfig_create(&context)?;
        let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NOEXEC | MountAttrFlags::MOUNT_ATTR_NODEV;
        fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes)
    };
    made().map_err(|errno: rustix::io::Errno| named("a FUSE file system", errno.into()))
}

fn serve_file(device: File, file: OneFile) -> Result<thread::JoinHandle<io::Result<()>>> {
    let mut config = Config::default();
    config.n_threads = Some(THREADS);
    config.clone_fd = true;
    let session = Session::from_fd(file, device.into(), SessionACL::All, config)?;
    Ok(thread::spawn(move || session.run()))
}

/// Signals are waited for by a thread that does nothing else.
fn block_signals() -> Result<SigSet> {
    let signals = SigSet::from_iter([Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP]);
    signals.thread_block()?;
    Ok(signals)
}

fn stop_by_signal(signals: SigSet, control: Arc<Control>) {
    thread::spawn(move || {
        while signals.wait().is_ok() {
            if let Err(error) = control.stop(false) {
                eprintln!("stopping: {error}");
            }
        }
    });
}

/// When a process was started, in clock ticks since the machine's start: the same number with another time is another process.
pub fn start_time(pid: u32) -> Result<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    // The program's name is in parentheses, and may hold anything.
    let field = stat.rsplit_once(')').and_then(|(_, rest)| rest.split_whitespace().nth(19)?.parse().ok());
    field.ok_or_else(|| Error::Io(io::Error::other("/proc/pid/stat has an unknown form")))
}

fn named(what: &str, error: io::Error) -> Error {
    Error::Io(io::Error::new(error.kind(), format!("{what}: {error}")))
}

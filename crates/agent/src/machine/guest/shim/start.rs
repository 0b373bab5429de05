//! Starts a guest's monitor: what it is given, and what it is not.

use super::{
    super::job::{Build, Job, JobDisk, JobInterface, LOG, NVRAM},
    arguments::{Given, arguments},
    qmp::Qmp,
    sleep,
};
use crate::{
    cgroup::Cgroups,
    machine::shimmed::{block, bounds},
    process::ProcessId,
    shim::{Failure, reset_signals},
};
use netns::Namespace;
use nix::{
    sched::{CloneFlags, unshare},
    unistd::{Gid, Pid, Uid, setgroups, setresgid, setresuid},
};
use std::{
    fs::{self, File},
    io,
    os::{
        fd::{AsRawFd, OwnedFd, RawFd},
        unix::{fs::MetadataExt, net::UnixStream, process::CommandExt},
    },
    path::Path,
    process::{Command, Stdio},
};

/// A monitor that runs, and has let its guest go.
pub struct Started {
    /// The monitor, a child of this process.
    pub pid: Pid,
    /// The same, for those who come later.
    pub process: ProcessId,
    /// The connection to it.
    pub qmp: Qmp,
    /// The guest's serial port.
    pub serial: OwnedFd,
}

/// Starts a guest. One that is to go on with its memory, and can't, boots afresh.
pub fn start(job: &Job, cgroups: &Cgroups) -> Result<Started, Failure> {
    if job.resume {
        match boot(job, cgroups, true) {
            Ok(started) => return Ok(started),
            // Standard error is the shim's log.
            Err(why) => eprintln!("it could not go on with its memory: {why}"),
        }
    }
    sleep::forget(job)?;
    boot(job, cgroups, false)
}

fn boot(job: &Job, cgroups: &Cgroups, resume: bool) -> Result<Started, Failure> {
    let (qmp, its_qmp) = UnixStream::pair()?;
    let (serial, its_serial) = UnixStream::pair()?;
    let disks: Vec<File> = job.disks.iter().map(open_disk).collect::<io::Result<_>>()?;
    let taps: Vec<File> = job.interfaces.iter().map(open_tap).collect::<io::Result<_>>()?;
    let nvram = open_nvram(job)?;
    let given = Given {
        qmp: its_qmp.as_raw_fd(),
        serial: its_serial.as_raw_fd(),
        disks: disks.iter().map(AsRawFd::as_raw_fd).collect(),
        taps: taps.iter().map(AsRawFd::as_raw_fd).collect(),
        nvram: nvram.as_ref().map(AsRawFd::as_raw_fd),
    };
    let mut child = command(job, &given, cgroups, resume)?.spawn()?;
    drop((its_qmp, its_serial));
    let let_go = || {
        let mut qmp = Qmp::open(qmp)?;
        if resume {
            sleep::wake(job, &mut qmp)?;
        }
        qmp.run("cont", serde_json::json!({}))?;
        Ok(qmp)
    };
    let qmp = let_go().map_err(|why: String| {
        let _ = child.kill();
        let _ = child.wait();
        last_words(&job.folder).unwrap_or(why)
    })?;
    Ok(Started { pid: Pid::from_raw(child.id() as i32), process: ProcessId::of(child.id())?, qmp, serial: serial.into() })
}

/// What a monitor has said last.
pub fn last_words(folder: &Path) -> Option<String> {
    let said = fs::read_to_string(folder.join(LOG)).ok()?;
    said.lines().rev().find(|line| !line.trim().is_empty()).map(|line| line.trim().to_owned())
}

fn command(job: &Job, given: &Given, cgroups: &Cgroups, incoming: bool) -> io::Result<Command> {
    let log = File::create(job.folder.join(LOG))?;
    let mut command = Command::new(&job.monitor);
    command.args(arguments(job, given, incoming)).env_clear().current_dir("/");
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
    let fds: Vec<RawFd> =
        [given.qmp, given.serial].into_iter().chain(given.disks.iter().chain(&given.taps).chain(&given.nvram).copied()).collect();
    let (cgroups, group, who) = (cgroups.clone(), job.cgroup.clone(), Who::of(job));
    // SAFETY: this process has one thread, so its copy may do what it likes.
    unsafe {
        command.pre_exec(move || {
            bounds::enter(&cgroups, &group, nix::unistd::getpid())?;
            fds.iter().try_for_each(|fd| inherit(*fd))?;
            who.become_it()
        })
    };
    Ok(command)
}

/// Whom a monitor runs as.
struct Who {
    user: u32,
    /// Of `/dev/kvm`, if that is needed.
    group: Option<Gid>,
}

impl Who {
    fn of(job: &Job) -> Self {
        let kvm = fs::metadata("/dev/kvm").ok().filter(|_| job.build.kvm);
        Self { user: job.user, group: kvm.map(|kvm| Gid::from_raw(kvm.gid())) }
    }

    /// Nobody, nowhere, for ever, and no longer than its parent.
    fn become_it(&self) -> io::Result<()> {
        reset_signals();
        unshare(CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWIPC | CloneFlags::CLONE_NEWUTS)?;
        nix::sys::resource::setrlimit(nix::sys::resource::Resource::RLIMIT_CORE, 0, 0)?;
        setgroups(self.group.as_slice())?;
        let (user, group) = (Uid::from_raw(self.user), Gid::from_raw(self.user));
        setresgid(group, group, group)?;
        setresuid(user, user, user)?;
        nix::sys::prctl::set_no_new_privs()?;
        // Last: a change of user takes it away.
        Ok(nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGKILL)?)
    }
}

fn inherit(fd: RawFd) -> io::Result<()> {
    // SAFETY: the call takes numbers.
    Ok(nix::errno::Errno::result(unsafe { libc::fcntl(fd, libc::F_SETFD, 0) }).map(drop)?)
}

/// Opens the host's device of a disk.
pub fn open_disk(disk: &JobDisk) -> io::Result<File> {
    block::number(&disk.device)?;
    File::options().read(true).write(true).open(&disk.device)
}

/// Opens an interface's tap device, which the network has made.
pub fn open_tap(interface: &JobInterface) -> io::Result<File> {
    let namespace = Namespace::open(&interface.netns).map_err(io::Error::other)?;
    crate::net::tap::open(&namespace, &interface.tap)
}

/// UEFI's variables: those of the machine, or a new machine's.
fn open_nvram(job: &Job) -> io::Result<Option<File>> {
    let Build { firmware: Some(firmware), .. } = &job.build else { return Ok(None) };
    let path = job.folder.join(NVRAM);
    if !path.exists() {
        crate::disk::replace(&path, &fs::read(&firmware.variables)?)?;
    }
    File::options().read(true).write(true).open(path).map(Some)
}

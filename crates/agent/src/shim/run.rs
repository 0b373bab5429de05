//! Starts a container and stays with it to its end.

use super::{
    executor::Confined,
    job::{Exit, Job, OUTPUT, State},
    rootfs, seccomp, spec,
    supervise::{self, Streams},
};
use crate::{
    cgroup::Cgroups,
    output::Writer,
    process::{PidFd, ProcessId},
};
use libcontainer::{
    container::{Container, builder::ContainerBuilder},
    syscall::syscall::SyscallType,
};
use model::{Env, Timestamp};
use nix::{
    fcntl::OFlag,
    mount::{MntFlags, MsFlags, mount, umount2},
    sys::wait::{WaitStatus, waitpid},
    unistd::{ForkResult, Pid, dup2_stdout, fork, pipe2, setgroups, setsid},
};
use std::{
    cell::Cell,
    error::Error,
    fs::{self, File},
    io::{self, Read, Write},
    os::{
        fd::{AsRawFd, OwnedFd},
        unix::process::CommandExt,
    },
    path::Path,
    process::Command,
};

/// Whatever goes wrong before the container runs: its text is told to the agent.
pub type Failure = Box<dyn Error>;

/// The subcommand of the second stage.
pub const DETACHED: &str = "run-detached";
/// The runtime library's name of the container; its state folder holds only one.
pub const NAME: &str = "c";

/// The first stage of a container's shim.
pub fn detach_container(folder: &Path) -> Result<(), Failure> {
    detach(&Job::load(folder)?.runtime, DETACHED, folder)
}

/// Leaves the server's process group and mount table, then becomes the second stage: the subcommand `next`.
pub fn detach(runtime: &Path, next: &str, folder: &Path) -> Result<(), Failure> {
    // SAFETY: the process has one thread.
    if let ForkResult::Parent { .. } = unsafe { fork() }? {
        // The child has standard output, too: the agent reads on until that one closes it.
        return Ok(());
    }
    setsid()?;
    close_rest()?;
    rootfs::leave_mount_table()?;
    Err(Command::new(read_only_self(runtime)?).args(["shim", next]).arg(folder).exec().into())
}

/// Has all descriptors but the standard streams closed at the next execution: whatever somebody has left open on the way here.
pub fn close_rest() -> io::Result<()> {
    // SAFETY: the call takes numbers; nothing is closed yet.
    let done = unsafe { libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, libc::CLOSE_RANGE_CLOEXEC) };
    Ok(nix::errno::Errno::result(done).map(drop)?)
}

/// Our own program by a mount that can't be written to. A container's process is a copy of this one until it becomes the user's
/// program, and may find a way to `/proc/…/exe`: whoever opens that for writing would change the host's file (CVE-2019-5736).
fn read_only_self(runtime: &Path) -> io::Result<std::path::PathBuf> {
    let path = runtime.join("program");
    File::create(&path)?;
    // By name: the link in /proc leads to a mount of the table that was left.
    let program = std::env::current_exe()?;
    let bind = |flags| mount(Some(&program), &path, None::<&str>, MsFlags::MS_BIND | flags, None::<&str>);
    bind(MsFlags::empty())?;
    bind(MsFlags::MS_REMOUNT | MsFlags::MS_RDONLY)?;
    Ok(path)
}

/// The second stage: starts the container, says so, and stays.
pub fn run(folder: &Path) -> Result<(), Failure> {
    let job = Job::load(folder)?;
    // The mount goes on for as long as the process; its place can be removed.
    umount2(&job.runtime.join("program"), MntFlags::MNT_DETACH)?;
    let cgroups = Cgroups::detect()?;
    cgroups.enter(&job.shim_cgroup, std::process::id())?;
    setgroups(&[])?;
    ignore_signals()?;
    let clock = Clock::moved_by(job.clock_offset_ms);
    let started = start(&job, &cgroups, &clock);
    if started.is_err() {
        clean_up(&job, &cgroups);
    }
    let mut running = started?;
    say_ok()?;
    // The kernel shall sooner end what the user runs than what watches it.
    let _ = fs::write("/proc/self/oom_score_adj", "-500");
    let kept = supervise::supervise(&mut running.streams, &running.process, || clock.now());
    let exit = exit(&running, &job, &cgroups, &clock);
    let complete = matches!(kept, Ok(supervise::Kept::All));
    running.state.exit = Some(exit);
    running.state.output_complete = complete;
    running.state.save(&job.folder)?;
    clean_up(&job, &cgroups);
    if !complete {
        running.streams.drain(|| clock.now())?;
        running.state.output_complete = true;
        running.state.save(&job.folder)?;
    }
    Ok(())
}

/// The way of this process into a control group, which a copy of it goes for it: before the kernel moves a process it waits until every processor
/// has let go of what it was about, which takes a third of a machine's start.
pub struct Moving(Pid);

impl Moving {
    /// Begins.
    pub fn begin(cgroups: &Cgroups, group: &str) -> Result<Self, Failure> {
        let own = std::process::id();
        // SAFETY: the process has one thread.
        match unsafe { fork() }? {
            ForkResult::Parent { child } => Ok(Self(child)),
            ForkResult::Child => {
                let entered = cgroups.enter(group, own);
                if let Err(error) = &entered {
                    eprintln!("the control group {group} can't be entered: {error}");
                }
                std::process::exit(entered.is_err().into())
            }
        }
    }

    /// Waits until it is there.
    pub fn end(self) -> Result<(), Failure> {
        match waitpid(self.0, None)? {
            WaitStatus::Exited(_, 0) => Ok(()),
            other => Err(format!("the control group could not be entered: {other:?}").into()),
        }
    }
}

/// The cloud's clock, as far as the shim has heard that it was moved: by its start, unless it is told of more.
pub struct Clock {
    env: Env,
    offset: Cell<i64>,
}

impl Clock {
    /// How many milliseconds lie between the cloud's clock and the system's.
    pub fn offset_of(env: &Env) -> i64 {
        env.now().0 - Env::system().now().0
    }

    /// The system's clock and so many milliseconds.
    pub fn moved_by(offset: i64) -> Self {
        Self { env: Env::system(), offset: Cell::new(offset) }
    }

    /// It has been moved: so many milliseconds lie between it and the system's now.
    pub fn move_to(&self, offset: i64) {
        self.offset.set(offset);
    }

    /// The system's time, which is that of whatever runs here: nobody can move it.
    pub fn of_the_system(&self) -> Timestamp {
        self.env.now()
    }

    /// The cloud's time.
    pub fn now(&self) -> Timestamp {
        Timestamp(self.env.now().0 + self.offset.get())
    }
}

struct Running {
    state: State,
    pid: Pid,
    process: PidFd,
    streams: Streams,
}

fn start(job: &Job, cgroups: &Cgroups, clock: &Clock) -> Result<Running, Failure> {
    let root = rootfs::mount_layers(job)?;
    let facts = host_facts(job, cgroups)?;
    if let Some(name) = spec::unavailable_capability(&job.container, &facts) {
        return Err(format!("this host can't give the capability {name}").into());
    }
    let who = rootfs::identity(job, &root)?;
    if spec::command_line(job).is_empty() {
        return Err("no command specified".into());
    }
    rootfs::prepare(job, &root)?;
    fs::write(job.folder.join("config.json"), spec::runtime_spec(job, &who, &facts).to_string())?;
    let (report, reported) = pipe2(OFlag::O_CLOEXEC)?;
    let confined = Confined { filters: filters(job, &facts)?, init: job.container.init, report: reported.as_raw_fd() };
    let writer = Writer::open(job.folder.join(OUTPUT), job.output_bytes)?;
    let (mut container, streams) = create(job, confined, writer)?;
    rootfs::release_namespaces();
    drop(reported);
    let pid = Pid::from_raw(container.pid().ok_or("the runtime library names no process")?.as_raw());
    let init = ProcessId::of(pid.as_raw() as u32)?;
    let process = init.open().ok_or("process 1 ended before its start")?;
    container.start()?;
    let mut why = String::new();
    File::from(report).read_to_string(&mut why)?;
    if !why.is_empty() {
        waitpid(pid, None)?;
        return Err(why.into());
    }
    let state = State {
        runtime_id: job.runtime_id.clone(),
        shim: ProcessId::of(std::process::id())?,
        init: Some(init),
        started_at: Some(clock.now()),
        exit: None,
        output_complete: false,
    };
    state.save(&job.folder)?;
    Ok(Running { state, pid, process, streams })
}

/// What this host can give.
pub fn host_facts(job: &Job, cgroups: &Cgroups) -> Result<spec::HostFacts, Failure> {
    let own = caps::read(None, caps::CapSet::Permitted)?;
    Ok(spec::HostFacts {
        controls_devices: cgroups.controls_devices(),
        controls_swap: cgroups.controls_swap(workload_group(job)),
        capabilities: own.into_iter().map(|capability| capability.to_string().replace("CAP_", "")).collect(),
    })
}

/// The group above the container's, which the agent has made.
fn workload_group(job: &Job) -> &str {
    job.cgroup.strip_suffix(&format!("/c/{}", job.container.name)).unwrap_or(&job.cgroup)
}

/// What the container may call; nothing is forbidden to a privileged one.
pub fn filters(job: &Job, facts: &spec::HostFacts) -> Result<Vec<seccomp::Program>, Failure> {
    if job.container.privileged {
        return Ok(Vec::new());
    }
    Ok(seccomp::programs(&spec::capabilities(&job.container, facts), std::env::consts::ARCH)?)
}

fn create(job: &Job, confined: Confined, writer: Writer) -> Result<(Container, Streams), Failure> {
    let builder =
        ContainerBuilder::new(NAME.into(), SyscallType::default()).with_root_path(&job.runtime)?.with_executor(confined);
    let (builder, mut streams) = supervise::connect(job, builder, writer)?;
    let container = builder.as_init(&job.folder).with_systemd(false).with_detach(true).build()?;
    streams.started()?;
    Ok((container, streams))
}

/// Standard output is the pipe to the agent until here.
pub fn say_ok() -> io::Result<()> {
    let mut out = io::stdout();
    // An agent that is gone will find the state instead.
    let _ = out.write_all(b"ok\n").and_then(|()| out.flush());
    let null: OwnedFd = File::options().read(true).write(true).open("/dev/null")?.into();
    Ok(dup2_stdout(null)?)
}

fn exit(running: &Running, job: &Job, cgroups: &Cgroups, clock: &Clock) -> Exit {
    let code = match waitpid(running.pid, None) {
        Ok(WaitStatus::Exited(_, code)) => Some(code),
        Ok(WaitStatus::Signaled(_, signal, _)) => Some(128 + signal as i32),
        _ => None,
    };
    let for_memory = code == Some(137) && cgroups.oom_kills(&job.cgroup) > 0;
    let reason = for_memory.then(|| "OutOfMemoryError: Container killed due to memory usage".to_owned());
    Exit { at: clock.now(), code, reason }
}

/// Everything on the host that was made for the container, but its folder.
fn clean_up(job: &Job, cgroups: &Cgroups) {
    remove_group(cgroups, &job.cgroup);
    let _ = crate::disk::remove_all(&job.runtime);
}

/// Kills what is in a control group, and removes it.
pub fn remove_group(cgroups: &Cgroups, group: &str) {
    cgroups.kill(group);
    // The kernel takes a moment to let go of a group whose processes have ended.
    for _ in 0..200 {
        if cgroups.remove(group).is_ok() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// Signals to the server's terminal or service are none to what it started.
pub fn ignore_signals() -> nix::Result<()> {
    use nix::sys::signal::{SigHandler, Signal, signal};
    for ignored in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGTERM, Signal::SIGPIPE] {
        // SAFETY: ignoring runs no code of ours.
        unsafe { signal(ignored, SigHandler::SigIgn) }?;
    }
    Ok(())
}

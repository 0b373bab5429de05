//! Runs a command in a container that runs already (health checks). A process of its own, beside the container's shim.

use super::{
    executor::Confined,
    job::Job,
    run::{Failure, NAME, filters, host_facts},
};
use crate::{cgroup::Cgroups, process::ProcessId};
use libcontainer::{container::builder::ContainerBuilder, syscall::syscall::SyscallType};
use model::Env;
use nix::{
    fcntl::OFlag,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::Signal,
        wait::{WaitStatus, waitpid},
    },
    unistd::{Pid, pipe2},
};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Read},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::Path,
    time::Duration,
};

/// Output that is kept of a command; the rest is thrown away.
const OUTPUT_BYTES: usize = 64 << 10;

/// What is to be run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExecRequest {
    /// The program, found by the container's `PATH`, and its arguments.
    pub command: Vec<String>,
    /// After which it is killed.
    pub timeout_ms: u64,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ExecResult {
    /// The exit code, 128 plus the number of the signal that ended it; `None` if it took too long.
    pub code: Option<i32>,
    /// Standard output and error as they came, at most 64 KiB.
    pub output: String,
}

/// Reads the request, runs it, answers.
pub fn exec(folder: &Path) -> Result<(), Failure> {
    let request: ExecRequest = serde_json::from_reader(io::stdin().lock())?;
    let job = Job::load(folder)?;
    let result = run(&job, &request)?;
    println!("{}", serde_json::to_string(&result)?);
    Ok(())
}

fn run(job: &Job, request: &ExecRequest) -> Result<ExecResult, Failure> {
    let facts = host_facts(job, &Cgroups::detect()?)?;
    let process = job.runtime.join(format!("exec-{}.json", std::process::id()));
    fs::write(&process, process_spec(&job.folder, request)?)?;
    let (output, write) = pipe2(OFlag::O_CLOEXEC)?;
    let null = File::options().read(true).open("/dev/null")?;
    let report = File::options().write(true).open("/dev/null")?;
    let confined = Confined { filters: filters(job, &facts)?, init: false, report: report.as_raw_fd() };
    let built = ContainerBuilder::new(NAME.into(), SyscallType::default())
        .with_root_path(&job.runtime)?
        .with_executor(confined)
        .with_stdin(null)
        .with_stdout(write.try_clone()?)
        .with_stderr(write)
        .as_tenant()
        .with_detach(true)
        .with_process(Some(process.clone()))
        .build();
    fs::remove_file(process)?;
    let pid = Pid::from_raw(built?.as_raw());
    collect(pid, output, Duration::from_millis(request.timeout_ms))
}

/// The container's own process, with another command line.
fn process_spec(folder: &Path, request: &ExecRequest) -> Result<String, Failure> {
    let spec: serde_json::Value = serde_json::from_slice(&fs::read(folder.join("config.json"))?)?;
    let mut process = spec["process"].clone();
    process["args"] = serde_json::json!(request.command);
    process["terminal"] = false.into();
    Ok(process.to_string())
}

/// Reads output until the command ends or its time is up. It is always waited for: a process that nobody has taken leave of would
/// keep the container's process 1 from ending.
fn collect(pid: Pid, output: OwnedFd, timeout: Duration) -> Result<ExecResult, Failure> {
    let process = ProcessId::of(pid.as_raw() as u32)?.open().ok_or("the command can't be watched")?;
    let env = Env::system();
    let deadline = env.now() + timeout;
    let mut output = File::from(output);
    let mut text = Vec::new();
    let mut open = true;
    loop {
        let left = PollTimeout::try_from(deadline.since(env.now())).unwrap_or(PollTimeout::MAX);
        let mut polled = vec![PollFd::new(process.fd().as_fd(), PollFlags::POLLIN)];
        if open {
            polled.push(PollFd::new(output.as_fd(), PollFlags::POLLIN));
        }
        match poll(&mut polled, left) {
            Err(nix::errno::Errno::EINTR) => continue,
            other => other?,
        };
        let ready: Vec<bool> = polled.iter().map(|fd| fd.any().unwrap_or(false)).collect();
        if ready.get(1) == Some(&true) {
            open = read_some(&mut output, &mut text)?;
        } else if ready[0] {
            break;
        } else if env.now() >= deadline {
            process.signal(Signal::SIGKILL)?;
            waitpid(pid, None)?;
            return Ok(ExecResult { code: None, output: String::from_utf8_lossy(&text).into_owned() });
        }
    }
    let code = match waitpid(pid, None)? {
        WaitStatus::Exited(_, code) => Some(code),
        WaitStatus::Signaled(_, signal, _) => Some(128 + signal as i32),
        _ => None,
    };
    Ok(ExecResult { code, output: String::from_utf8_lossy(&text).into_owned() })
}

fn read_some(output: &mut File, text: &mut Vec<u8>) -> io::Result<bool> {
    let mut buffer = [0; 8 << 10];
    let count = output.read(&mut buffer)?;
    let kept = count.min(OUTPUT_BYTES.saturating_sub(text.len()));
    text.extend_from_slice(&buffer[..kept]);
    Ok(count > 0)
}

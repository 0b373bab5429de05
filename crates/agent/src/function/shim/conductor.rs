//! Conducts an environment: its initialization, its invocations one after the other, its end. One thing at a time.

use super::{
    api::Api,
    desk::{Current, Desk, Event, FromFunction, Stage},
    faults::Fault,
    freezer::Freezer,
    keeper::{Keeper, Started, Task},
    logs::{Logs, Pipe},
    orders::Out,
    telemetry::{Source, Telemetry},
    usage,
    words::{Platform, billed},
};
use crate::{
    cgroup::Cgroups,
    function::{
        job::{JOB, Job, Place, load},
        order::Head,
    },
    machine::shimmed::bounds,
    shim::Clock,
};
use agent_proto::{function::Report, machine::Hardware};
use bytes::Bytes;
use nix::sys::signal::Signal;
use serde_json::json;
use std::{
    collections::BTreeMap,
    fs, io,
    rc::Rc,
    time::{Duration, Instant},
};
use tokio::{net::TcpListener, sync::mpsc};

/// How long the first initialization may take (Lambda developer guide, "Understanding the Lambda execution environment lifecycle").
const INIT: Duration = Duration::from_secs(10);
/// How long extensions have at the end: those that are processes of their own, and those that are part of the runtime (likewise).
const FAREWELL: (Duration, Duration) = (Duration::from_secs(2), Duration::from_millis(500));
/// What process 1 and the kernel have of the function's memory beside what was configured, in MiB.
const OVERHEAD_MIB: u64 = 8;
/// Processes and threads (Lambda quotas), and process 1.
const MOST_PROCESSES: u64 = 1024 + 1;
/// Memory that comes with one processor, in MiB (Lambda developer guide, "Configure Lambda function memory").
const MIB_OF_ONE_VCPU: u64 = 1769;

/// What it works with.
pub struct Means {
    /// Where it is.
    pub place: Place,
    /// The host's.
    pub cgroups: Cgroups,
    /// Process 1.
    pub keeper: Keeper,
    /// The cloud's time.
    pub clock: Rc<Clock>,
    /// Where its processes ask.
    pub listener: Rc<TcpListener>,
}

/// An environment.
pub struct Conductor {
    means: Means,
    desk: Desk,
    telemetry: Telemetry,
    freezer: Freezer,
    serving: Option<Serving>,
    running: Option<Running>,
    /// The time of the initialization that no invocation has reported yet.
    init: Option<Duration>,
}

/// What it serves.
struct Serving {
    job: Job,
    logs: Logs,
}

/// Its processes.
struct Running {
    runtime: Option<Started>,
    extensions: BTreeMap<String, Started>,
    pipes: Vec<Rc<Pipe>>,
}

impl Conductor {
    /// An environment that is nobody's yet.
    pub fn new(means: Means, desk: Desk) -> Self {
        let freezer = Freezer::of(&means.cgroups, &means.place.cgroup);
        Self { means, desk, telemetry: Telemetry::default(), freezer, serving: None, running: None, init: None }
    }

    /// Becomes what the job says, and initializes it. What failed may succeed with the first invocation.
    pub async fn begin(&mut self) -> Result<(Duration, Option<Fault>), String> {
        if self.serving.is_some() {
            return Err("it is somebody's environment already".into());
        }
        let serving = self.prepare().map_err(|error| error.to_string())?;
        let api = Rc::new(Api {
            desk: self.desk.clone(),
            telemetry: self.telemetry.clone(),
            environment: serving.job.environment.clone(),
            logs: serving.logs.clone(),
        });
        tokio::task::spawn_local(api.serve(self.means.listener.clone()));
        for notice in &serving.job.notices {
            serving.logs.say(&Platform::Notice(notice.clone()));
        }
        self.serving = Some(serving);
        let (took, fault) = self.initialize("init", INIT).await;
        self.limit_processor().map_err(|error| error.to_string())?;
        match &fault {
            None => self.init = Some(took),
            Some(_) => self.reset("failure").await,
        }
        Ok((took, fault))
    }

    fn prepare(&self) -> io::Result<Serving> {
        let Means { place, cgroups, keeper, clock, .. } = &self.means;
        let job: Job = load(&place.folder, JOB)?.ok_or_else(|| io::Error::other("there is no job in the folder"))?;
        let memory_mib = u64::from(job.environment.memory_mib);
        // As Lambda does: what begins may have a whole processor, however little it has later.
        let hardware = Hardware { vcpus: 1, memory_mib, cpu_quota: Some(share(memory_mib).max(1024)) };
        let room = bounds::Room { memory_mib: OVERHEAD_MIB, pids: MOST_PROCESSES };
        bounds::create(cgroups, &place.cgroup, &hardware, room, &unbounded(place))?;
        keeper.enter()?;
        let log = job.environment.log.clone();
        let logs = Logs::open(job.output.clone(), place.output_bytes, log, clock.clone(), self.telemetry.clone())?;
        Ok(Serving { job, logs })
    }

    /// From now on it has the part of a processor that comes with its memory.
    fn limit_processor(&self) -> io::Result<()> {
        let Means { place, cgroups, .. } = &self.means;
        let Some(Serving { job, .. }) = &self.serving else { return Ok(()) };
        bounds::set_cpu(cgroups, &place.cgroup, 1, Some(share(job.environment.memory_mib.into())), &unbounded(place))
    }

    fn serving(&self) -> Result<&Serving, Fault> {
        self.serving.as_ref().ok_or_else(|| Fault::Internal("it is nobody's environment".into()))
    }

    /// Starts extensions and the runtime, and waits until all are ready.
    async fn initialize(&mut self, phase: &'static str, limit: Duration) -> (Duration, Option<Fault>) {
        let begin = Instant::now();
        let Ok(Serving { job, logs }) = self.serving() else { return (Duration::ZERO, None) };
        let (logs, environment) = (logs.clone(), job.environment.clone());
        let kind = if environment.provisioned { "provisioned-concurrency" } else { "on-demand" };
        logs.say(&Platform::InitStart {
            version: job.version.clone(),
            function: environment.name,
            function_version: environment.version,
            kind,
            phase,
        });
        let fault = match tokio::time::timeout(limit, self.start()).await {
            Err(_) => Some(Fault::TimedOut(limit)),
            Ok(done) => done.err(),
        };
        self.desk.change(|state| state.close());
        self.drain();
        let took = begin.elapsed();
        let failed = fault.as_ref().map(|fault| (fault.status(), fault.kind().to_owned()));
        logs.say(&Platform::InitDone { kind, phase, failed: failed.clone() });
        logs.say(&Platform::InitReport { kind, phase, took, failed });
        (took, fault)
    }

    async fn start(&mut self) -> Result<(), Fault> {
        let logs = self.serving()?.logs.clone();
        let internal = |error: io::Error| Fault::Internal(error.to_string());
        let (runtime_pipe, runtime_output) = logs.pipe(Source::Function).map_err(internal)?;
        let (extension_pipe, extension_output) = logs.pipe(Source::Extension).map_err(internal)?;
        let pipes = vec![runtime_pipe, extension_pipe];
        self.running = Some(Running { runtime: None, extensions: BTreeMap::new(), pipes });
        let names = self.external_extensions();
        self.desk.change(|state| state.expected = names.iter().cloned().collect());
        for name in names {
            let started = self.means.keeper.run(Task::Extension(name.clone()), &extension_output);
            let started = started.map_err(|error| Fault::Told("Extension.LaunchError".into(), launch(&error)))?;
            self.running.as_mut().and_then(|running| running.extensions.insert(name, started));
        }
        self.unless_ended(|state| state.all_registered()).await?;
        let runtime = self.means.keeper.run(Task::Runtime, &runtime_output);
        let runtime = runtime.map_err(|error| Fault::Entrypoint(error.to_string()))?;
        self.running.as_mut().and_then(|running| running.runtime.replace(runtime));
        self.desk.change(|state| state.stage = Some(Stage::Started));
        self.unless_ended(|state| state.all_ready()).await
    }

    /// Files in `/opt/extensions`, seen as process 1 sees them.
    fn external_extensions(&self) -> Vec<String> {
        let folder = self.means.keeper.root().join("opt/extensions");
        let files = fs::read_dir(folder).into_iter().flatten().flatten().filter(|it| it.file_type().is_ok_and(|it| it.is_file()));
        let mut names: Vec<_> = files.filter_map(|it| it.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    /// Waits for something, or for what makes it impossible.
    async fn unless_ended(&self, done: impl Fn(&super::desk::State) -> bool) -> Result<(), Fault> {
        let reached = self.desk.until(|state| match &state.failure {
            Some(fault) => Some(Err(fault.clone())),
            None if state.stopping => Some(Err(Fault::Internal("the environment was stopped".into()))),
            None => done(state).then_some(Ok(())),
        });
        tokio::select! {
            biased;
            reached = reached => reached,
            fault = self.ended() => Err(self.desk.with(|state| state.failure.clone()).unwrap_or(fault)),
        }
    }

    /// Waits until one of the processes has ended.
    async fn ended(&self) -> Fault {
        let Some(running) = &self.running else { return std::future::pending().await };
        let runtime = async {
            match &running.runtime {
                Some(runtime) => runtime.ended().await,
                None => std::future::pending().await,
            }
        };
        let extensions = running.extensions.values().map(|started| {
            Box::pin(async move {
                started.ended().await;
                started
            })
        });
        let extensions: Vec<_> = extensions.collect();
        let extension = async {
            match extensions.is_empty() {
                true => std::future::pending().await,
                false => futures::future::select_all(extensions).await.0,
            }
        };
        let (ended, fault): (Option<&Started>, fn(_) -> Fault) = tokio::select! {
            () = runtime => (running.runtime.as_ref(), Fault::Exit),
            started = extension => (Some(started), Fault::ExtensionCrash),
        };
        match ended.map(|started| self.means.keeper.ending(started)) {
            Some(Ok(ending)) => fault(ending),
            Some(Err(error)) => Fault::Internal(error.to_string()),
            None => Fault::Internal("there is no runtime".into()),
        }
    }

    /// Makes an invocation and says what came of it.
    pub async fn invoke(&mut self, head: Head, payload: Bytes, out: &mut Out) {
        self.thaw();
        self.means.clock.move_to(head.clock_offset_ms);
        let begin = Instant::now();
        let Ok(Serving { job, logs }) = self.serving() else {
            return out.refuse("it is nobody's environment").await;
        };
        let (logs, environment) = (logs.clone(), job.environment.clone());
        let at = self.means.clock.now();
        let (request, limit) = (head.request_id.clone(), environment.timeout);
        logs.take_tail();
        let mut fault = None;
        if self.has_died() {
            self.reset("failure").await;
        }
        if self.running.is_none() {
            // The time of the invocation is all that it has.
            fault = self.initialize("invoke", limit).await.1;
        }
        logs.say(&Platform::Start { request: request.clone(), version: environment.version.clone() });
        if fault.is_none() {
            let left = limit.saturating_sub(begin.elapsed());
            let handed = tokio::time::timeout(left, self.hand(head, payload, left, out)).await;
            fault = match handed {
                Err(_) => Some(Fault::TimedOut(limit)),
                Ok(done) => done.err(),
            };
        }
        let duration = match &fault {
            Some(Fault::TimedOut(limit)) => *limit,
            _ => begin.elapsed(),
        };
        self.drain();
        if let Some(fault) = &fault {
            out.failed(fault, &request).await;
            logs.complain(fault.lines(&request, self.means.clock.now()));
        }
        let report = self.report(duration);
        let failed = fault.as_ref().map(|fault| (fault.status(), fault.kind().to_owned()));
        let answered = out.answered((at, begin));
        logs.say(&Platform::RuntimeDone { request: request.clone(), took: duration, answered, failed: failed.clone() });
        logs.say(&Platform::Report { request, report, memory_mib: environment.memory_mib, failed });
        if let Some(fault) = fault.filter(Fault::is_fatal) {
            self.reset(if matches!(fault, Fault::TimedOut(_)) { "timeout" } else { "failure" }).await;
        }
        out.done(report, &logs.take_tail()).await;
    }

    fn report(&mut self, duration: Duration) -> Report {
        let (place, keeper) = (&self.means.place, self.means.keeper.pid());
        let most = self.serving.as_ref().map_or(1, |serving| serving.job.environment.memory_mib);
        let provisioned = self.serving.as_ref().is_some_and(|serving| serving.job.environment.provisioned);
        let memory_used_mib = usage::memory_mib(&self.means.cgroups, &place.cgroup, keeper, most);
        let init = self.init.take();
        Report { duration, billed: billed(duration, init.filter(|_| !provisioned)), memory_used_mib, init }
    }

    /// Hands an invocation over, passes the answer on, and waits until all are ready for the next one.
    async fn hand(&self, head: Head, payload: Bytes, left: Duration, out: &mut Out) -> Result<(), Fault> {
        let (answers, mut answer) = mpsc::channel(4);
        let deadline = self.means.clock.of_the_system() + left;
        let notice = json!({
            "eventType": "INVOKE", "deadlineMs": deadline.0, "requestId": head.request_id, "invokedFunctionArn": head.invoked_arn,
            "tracing": {"type": "X-Amzn-Trace-Id", "value": head.trace_id},
        });
        self.desk.change(|state| {
            state.current = Some(Current { head, payload, deadline, answers });
            state.tell(Event::Invoke, &notice);
        });
        let mut failed = None;
        loop {
            let said = tokio::select! {
                biased;
                said = answer.recv() => said,
                done = self.unless_ended(|_| false) => return done,
            };
            match said {
                Some(FromFunction::Begins { content_type }) => out.begin(content_type).await,
                Some(FromFunction::Data(data)) => out.data(&data).await,
                Some(FromFunction::Whole { payload, content_type }) => {
                    out.whole(&payload, content_type).await;
                    break;
                }
                Some(FromFunction::Fails(fault)) => {
                    failed = Some(fault);
                    break;
                }
                Some(FromFunction::Ends) | None => break,
            }
        }
        let done = self.unless_ended(|state| state.all_ready()).await;
        match failed {
            Some(fault) => Err(fault),
            None => done,
        }
    }

    /// Takes what is in the pipes.
    fn drain(&self) {
        if let (Some(serving), Some(running)) = (&self.serving, &self.running) {
            running.pipes.iter().for_each(|pipe| serving.logs.drain(pipe));
        }
    }

    /// Whether a process has ended since the last invocation.
    fn has_died(&self) -> bool {
        use futures::FutureExt;
        self.running.is_some() && self.ended().now_or_never().is_some()
    }

    /// Ends all processes. `/tmp` stays as it is; the next invocation initializes anew.
    async fn reset(&mut self, reason: &str) {
        self.say_farewell(reason).await;
        if let Err(error) = self.means.keeper.clear() {
            eprintln!("processes could not be ended: {error}");
        }
        self.drain();
        self.running = None;
        self.telemetry.clear();
        self.desk.change(|state| state.clear());
    }

    /// Tells extensions that it ends, and gives them their time.
    async fn say_farewell(&mut self, reason: &str) {
        let Some(running) = &self.running else { return };
        if !self.desk.with(|state| state.wants_farewell()) {
            return;
        }
        self.telemetry.flush().await;
        let time = if running.extensions.is_empty() { FAREWELL.1 } else { FAREWELL.0 };
        let deadline = (self.means.clock.of_the_system() + time).0;
        let notice = json!({"eventType": "SHUTDOWN", "shutdownReason": reason, "deadlineMs": deadline});
        self.desk.change(|state| state.tell(Event::Shutdown, &notice));
        if let Some(runtime) = &running.runtime {
            let _ = runtime.signal(Signal::SIGTERM);
        }
        let all = running.extensions.values().map(Started::ended);
        let _ = tokio::time::timeout(time, futures::future::join_all(all)).await;
    }

    /// Ends it.
    pub async fn stop(&mut self) {
        self.thaw();
        self.reset("spindown").await;
    }

    /// Nothing in it runs until the next invocation.
    pub fn freeze(&mut self) {
        if self.running.is_some() {
            self.freezer.freeze();
        }
    }

    fn thaw(&mut self) {
        self.freezer.thaw();
    }
}

/// The part of the processors that comes with so much memory, in 1/1024 of one.
fn share(memory_mib: u64) -> u64 {
    (memory_mib * 1024).div_ceil(MIB_OF_ONE_VCPU)
}

fn unbounded(place: &Place) -> Vec<&str> {
    place.unbounded.iter().map(String::as_str).collect()
}

fn launch(error: &io::Error) -> Bytes {
    json!({"errorType": "Extension.LaunchError", "errorMessage": error.to_string()}).to_string().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_come_with_memory() {
        // At 1,769 MB a function has one vCPU (Lambda developer guide, "Configure Lambda function memory").
        assert_eq!([128, 1769, 3538, 10_240].map(share), [75, 1024, 2048, 5928]);
    }
}

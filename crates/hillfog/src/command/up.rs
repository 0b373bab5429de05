//! `hillfog up`: starts the cloud, in the foreground or as a process of its own.

use crate::{
    client::Server,
    cloud::{self, Cloud, FunctionSettings, Settings},
    folders::{DataArg, Folders},
    print,
};
use agent::image::{Layout, layout::SCHEME};
use anyhow::{Context, Result, bail};
use logic::placement::{hosts::Rules, machines::Overcommitment};
use std::{
    fs::File,
    io::{Read, Seek, SeekFrom},
    net::SocketAddr,
    os::unix::process::CommandExt,
    process::{Child, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};
use tokio::signal::unix::{SignalKind, signal};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: DataArg,
    /// Where to listen; on another address than loopback, only issued keys are accepted
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:4566", env = "HILLFOG_LISTEN")]
    listen: SocketAddr,
    /// Where serial consoles of instances are entered by ssh; port 0 is any free one, which `hillfog status` shows
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:0", env = "HILLFOG_SERIAL_CONSOLE")]
    serial_console: SocketAddr,
    #[command(flatten)]
    placement: Placement,
    /// How many environments of functions there may be at a time; more invocations wait, or are throttled at the account's limit
    #[arg(long, value_name = "NUMBER", env = "HILLFOG_FUNCTION_ENVIRONMENTS", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    function_environments: Option<u16>,
    /// An image that runs functions of a runtime, such as java21=REGISTRY/java:21 or ruby3.4=oci:FOLDER; it takes the place of this machine's own interpreter
    #[arg(long = "runtime", value_name = "RUNTIME=IMAGE", env = "HILLFOG_RUNTIMES", value_delimiter = ',', value_parser = runtime)]
    runtimes: Vec<(String, String)>,
    /// Start in the background, and return once the cloud answers
    #[arg(long)]
    detach: bool,
}

/// How machines are placed.
#[derive(clap::Args)]
struct Placement {
    /// How much of the processors is given away to machines, in percent of what there is; burstable types count with their baseline
    #[arg(long, value_name = "PERCENT", default_value_t = Overcommitment::default().cpu, env = "HILLFOG_OVERCOMMIT_CPU", value_parser = percent())]
    overcommit_cpu: u64,
    /// How much of the memory is given away to machines, in percent of what there is
    #[arg(long, value_name = "PERCENT", default_value_t = Overcommitment::default().memory, env = "HILLFOG_OVERCOMMIT_MEMORY", value_parser = percent())]
    overcommit_memory: u64,
    /// Refuse a machine for which there is no host that its placement group demands, as EC2 does, instead of placing it anyway
    #[arg(long, env = "HILLFOG_STRICT_PLACEMENT_GROUPS")]
    strict_placement_groups: bool,
}

fn runtime(text: &str) -> Result<(String, String), String> {
    let named = text.split_once('=').filter(|(name, image)| !name.is_empty() && !image.is_empty());
    let (name, image) = named.ok_or("it has the form RUNTIME=IMAGE")?;
    Ok((name.to_owned(), Layout::of(image).map_or_else(|| Ok(image.to_owned()), found)?))
}

/// A layout's whole reference: the server's working folder is another one.
fn found(layout: Layout) -> Result<String, String> {
    let folder = layout.folder.canonicalize().ok().filter(|folder| folder.join("index.json").is_file());
    let folder = folder.ok_or_else(|| format!("there is no OCI layout in {}", layout.folder.display()))?;
    let tag = layout.tag.map(|tag| format!(":{tag}")).unwrap_or_default();
    Ok(format!("{SCHEME}{}{tag}", folder.display()))
}

fn percent() -> clap::builder::RangedU64ValueParser {
    clap::value_parser!(u64).range(1..=100_000)
}

impl Placement {
    fn rules(&self) -> Rules {
        let over = Overcommitment { cpu: self.overcommit_cpu, memory: self.overcommit_memory };
        Rules { over, strict_groups: self.strict_placement_groups }
    }
}

/// How long the cloud may take until it answers.
const START: Duration = Duration::from_secs(60);

pub fn run(args: Args) -> Result<ExitCode> {
    let folders = Folders::of(&args.data)?;
    if let Some(server) = settled(&folders) {
        if args.detach {
            println!("The cloud runs already, on {}.", server.url());
            return Ok(ExitCode::SUCCESS);
        }
        bail!("A server (process {}) runs on {} already", server.pid, folders.data.display());
    }
    let settings = Settings {
        listen: args.listen,
        serial_console: args.serial_console,
        placement: args.placement.rules(),
        functions: FunctionSettings {
            runtimes: args.runtimes.into_iter().collect(),
            environments: args.function_environments.map(usize::from),
        },
    };
    if args.detach { detached(&folders, &settings) } else { in_foreground(&folders, &settings) }
}

/// The server that runs. One that was killed a moment ago may still take connections: it is waited for until it answers, or is gone.
fn settled(folders: &Folders) -> Option<Server> {
    let deadline = Instant::now() + START;
    while let Some(server) = Server::running(folders) {
        if server.get("/_hillfog/health").is_ok() || Instant::now() > deadline {
            return Some(server);
        }
        while server.is_alive() && !server.listens() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
    None
}

/// Runs the cloud until a signal: `SIGINT` (Ctrl-C) takes everything down, `SIGTERM` ends the server alone and leaves what it runs
/// running, so that another version can take over.
fn in_foreground(folders: &Folders, settings: &Settings) -> Result<ExitCode> {
    cloud::log_to_stderr();
    folders.make_runtime()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(worker_threads()).enable_all().build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let cloud = Cloud::start(folders, settings).await.inspect_err(|_| folders.remove_empty_runtime())?;
        println!("{} {}   (Ctrl-C stops everything)", print::good("The cloud answers on"), cloud.server().url());
        let whole = tokio::select! {
            _ = interrupt.recv() => true,
            _ = terminate.recv() => false,
        };
        cloud.stop().await;
        if whole {
            println!("Stopping what runs…");
            cloud::teardown(folders).await?;
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn worker_threads() -> usize {
    std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8))
}

fn detached(folders: &Folders, settings: &Settings) -> Result<ExitCode> {
    let path = folders.log_file();
    let log =
        File::options().create(true).append(true).open(&path).with_context(|| format!("{} can't be opened", path.display()))?;
    let begin = log.metadata()?.len();
    let mut child = spawn(folders, settings, log)?;
    let deadline = Instant::now() + START;
    loop {
        if let Some(server) = Server::running(folders) {
            println!("{} {}", print::good("The cloud answers on"), server.url());
            return Ok(ExitCode::SUCCESS);
        }
        if let Some(status) = child.try_wait()? {
            bail!("The server ended ({status}):\n{}", tail(&path, begin)?);
        }
        if Instant::now() > deadline {
            bail!("The cloud does not answer after {} s; see {}", START.as_secs(), path.display());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// This program again, in a session of its own, with its words in the log file.
fn spawn(folders: &Folders, settings: &Settings, log: File) -> Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("up").arg("--data").arg(&folders.data).arg("--listen").arg(settings.listen.to_string());
    command.arg("--serial-console").arg(settings.serial_console.to_string());
    let Rules { over, strict_groups } = settings.placement;
    command.arg("--overcommit-cpu").arg(over.cpu.to_string()).arg("--overcommit-memory").arg(over.memory.to_string());
    if let Some(most) = settings.functions.environments {
        command.arg("--function-environments").arg(most.to_string());
    }
    for (runtime, image) in &settings.functions.runtimes {
        command.arg("--runtime").arg(format!("{runtime}={image}"));
    }
    command.args(strict_groups.then_some("--strict-placement-groups"));
    command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).current_dir("/");
    // SAFETY: setsid is async-signal-safe and touches nothing of this process's memory.
    unsafe {
        command.pre_exec(|| nix::unistd::setsid().map(drop).map_err(Into::into));
    }
    command.spawn().context("The server can't be started")
}

/// What was written to the log since a position; its last lines.
fn tail(path: &std::path::Path, begin: u64) -> Result<String> {
    let mut text = String::new();
    let mut log = File::open(path)?;
    log.seek(SeekFrom::Start(begin))?;
    log.read_to_string(&mut text)?;
    let lines: Vec<&str> = text.lines().collect();
    Ok(lines[lines.len().saturating_sub(20)..].join("\n"))
}

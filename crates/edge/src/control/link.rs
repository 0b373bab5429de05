//! The control plane's end: an [`Edge`] that is a process.

use super::{Message, Order, VERSION, log, read, socket, write};
use agent_proto::{
    HostError,
    edge::{Edge, Report, Table},
};
use model::Env;
use std::{ffi::OsString, io, path::PathBuf, process::Stdio, sync::Arc, time::Duration};
use tokio::{
    net::{
        UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    process::{Child, Command},
    sync::watch,
    task::AbortHandle,
};

/// Between two attempts to reach the edge; doubled from the first to the second with each.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_secs(2));
/// A table that was not acknowledged after so long is reported as such. It is still sent when the edge is reached.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long [`Link::shutdown`] waits: longer than the edge waits for requests under way.
const FAREWELL: Duration = Duration::from_secs(8);

/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(20);

/// How the edge is found, or started.
#[derive(Clone, Debug)]
pub struct LinkConfig {
    /// The program that is run as `<exe> edge --runtime … --data …` when no edge answers.
    pub exe: PathBuf,
    /// The folder of its sockets.
    pub runtime: PathBuf,
    /// The cloud's data folder. The edge writes its log to `edge/edge.log` there.
    pub data: PathBuf,
    /// More arguments, such as `--loopback` and a port.
    pub args: Vec<OsString>,
}

/// The process, seen from the control plane. A task holds the connection, starts the process when none answers, and sends the last
/// table again whenever it has been away. As long as nothing is to be served, none is started: a cloud without balancers and names
/// needs no edge, and its first answer shouldn't share the processor with one that starts.
///
/// Dropping a link leaves the edge running; [`Link::shutdown`] ends it.
pub struct Link {
    config: LinkConfig,
    env: Env,
    wanted: watch::Sender<Wanted>,
    acknowledged: watch::Receiver<Acknowledged>,
    report: watch::Receiver<Arc<Report>>,
    task: AbortHandle,
}

/// The table that should be served, by a number that grows. Zero is none: then the edge goes on with what it has.
type Wanted = (u64, Arc<Table>);
/// The number of the latest table that the edge has answered to, and why it didn't take it, if it didn't.
type Acknowledged = (u64, Option<String>);

impl Link {
    /// Finds an edge, or starts one as soon as there is something to serve, in the background. Must be called within a tokio runtime.
    pub fn start(config: LinkConfig, env: Env) -> Self {
        let (wanted, acknowledged, report) = (watch::Sender::default(), watch::Sender::default(), watch::Sender::default());
        let (on_acknowledged, on_report) = (acknowledged.subscribe(), report.subscribe());
        let keeper = Keeper { config: config.clone(), env: env.clone(), wanted: wanted.subscribe(), acknowledged, report };
        let task = tokio::spawn(keeper.keep()).abort_handle();
        Self { config, env, wanted, acknowledged: on_acknowledged, report: on_report, task }
    }

    /// Ends the edge, if there is one, and waits until it is gone. Requests under way are given a few seconds.
    pub async fn shutdown(self) -> Result<(), HostError> {
        self.task.abort();
        shut_down(&self.config, &self.env).await
    }

    /// [`shutdown`](Self::shutdown) for who has no link: ends the edge of this runtime folder, if there is one.
    pub async fn shut_down(config: &LinkConfig, env: &Env) -> Result<(), HostError> {
        shut_down(config, env).await
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[async_trait::async_trait]
impl Edge for Link {
    async fn apply(&self, table: Table) -> Result<(), HostError> {
        let mut number = 0;
        self.wanted.send_modify(|wanted| {
            number = wanted.0 + 1;
            *wanted = (number, Arc::new(table));
        });
        let mut acknowledged = self.acknowledged.clone();
        let answered = tokio::select! {
            answered = acknowledged.wait_for(|acknowledged| acknowledged.0 >= number) => answered.map(|answered| answered.1.clone()),
            () = self.env.sleep(PATIENCE) => return Err(HostError::Unreachable("the edge did not acknowledge its table".into())),
        };
        match answered {
            Ok(None) => Ok(()),
            Ok(Some(reason)) => Err(HostError::Failed(reason)),
            Err(_) => Err(HostError::Unreachable("the link has ended".into())),
        }
    }

    fn report(&self) -> watch::Receiver<Arc<Report>> {
        self.report.clone()
    }
}

/// One that doesn't answer yet is waited for, and so is the end of one that has been told.
async fn shut_down(config: &LinkConfig, env: &Env) -> Result<(), HostError> {
    let gone = async {
        loop {
            tell_to_end(config).await?;
            if !log::is_held(&log_of(config))? {
                return Ok(());
            }
            env.sleep(LOOK).await;
        }
    };
    tokio::select! {
        gone = gone => gone.map_err(|error: io::Error| HostError::Failed(format!("the edge could not be told to end: {error}"))),
        () = env.sleep(FAREWELL) => Err(HostError::Failed("the edge does not end".into())),
    }
}

async fn tell_to_end(config: &LinkConfig) -> io::Result<()> {
    let Ok(mut stream) = UnixStream::connect(socket(&config.runtime)).await else { return Ok(()) };
    write(&mut stream, &Order::ShutDown).await?;
    // Its connections end when it does. What it says until then, and how the connection ends, doesn't matter.
    while let Ok(Some(_)) = read::<Message>(&mut stream).await {}
    Ok(())
}

fn log_of(config: &LinkConfig) -> PathBuf {
    config.data.join("edge/edge.log")
}

/// What the task holds.
struct Keeper {
    config: LinkConfig,
    env: Env,
    wanted: watch::Receiver<Wanted>,
    acknowledged: watch::Sender<Acknowledged>,
    report: watch::Sender<Arc<Report>>,
}

impl Keeper {
    /// For ever: reaches the edge, speaks with it until the connection ends, and again.
    async fn keep(mut self) {
        let mut pause = PAUSES.0;
        loop {
            match UnixStream::connect(socket(&self.config.runtime)).await {
                Ok(stream) => match self.converse(stream).await {
                    Ok(()) => pause = PAUSES.0,
                    Err(error) => tracing::warn!(%error, "the connection to the edge ended"),
                },
                Err(_) if self.nothing_to_serve() => pause = self.rest().await,
                Err(_) => self.start_process(),
            }
            self.env.sleep(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    /// Whether no edge is needed. An empty table counts as served then.
    fn nothing_to_serve(&mut self) -> bool {
        let (number, table) = self.wanted.borrow_and_update().clone();
        let nothing = *table == Table::default();
        if nothing && number > 0 {
            self.acknowledged.send_replace((number, None));
        }
        nothing
    }

    /// Until another table is wanted, or it is time to look whether an edge has been started by someone else meanwhile: then it has
    /// to learn that there is nothing left to serve. Returns the next pause.
    async fn rest(&mut self) -> Duration {
        tokio::select! {
            _ = self.wanted.changed() => {}
            () = self.env.sleep(PAUSES.1) => {}
        }
        PAUSES.0
    }

    async fn converse(&mut self, mut stream: UnixStream) -> io::Result<()> {
        write(&mut stream, &Order::Hello(VERSION)).await?;
        match read(&mut stream).await? {
            Some(Message::Hello(VERSION)) => {}
            Some(Message::Hello(_)) => return self.replace(stream).await,
            _ => return Err(io::Error::other("it does not say hello")),
        }
        let (reading, writing) = stream.into_split();
        let Self { wanted, acknowledged, report, .. } = self;
        tokio::select! {
            ended = listen(reading, acknowledged, report) => ended,
            ended = send_tables(writing, wanted) => ended,
        }
    }

    /// An edge of another version ends; the next attempt starts one of this version.
    async fn replace(&self, mut stream: UnixStream) -> io::Result<()> {
        tracing::info!("replacing an edge of another version");
        write(&mut stream, &Order::ShutDown).await?;
        while let Ok(Some(_)) = read::<serde_json::Value>(&mut stream).await {}
        Ok(())
    }

    /// Does nothing if one has been started already that doesn't answer yet, or no longer.
    fn start_process(&self) {
        match self.spawn() {
            // Nobody waits for it here; tokio reaps it if it ends before us.
            Ok(child) => drop(child),
            Err(error) => tracing::error!(%error, exe = %self.config.exe.display(), "can't start the edge"),
        }
    }

    fn spawn(&self) -> io::Result<Option<Child>> {
        let LinkConfig { exe, runtime, data, args } = &self.config;
        std::fs::create_dir_all(data.join("edge"))?;
        let Some(log) = log::take(&log_of(&self.config))? else { return Ok(None) };
        let mut command = Command::new(exe);
        command.arg("edge").arg("--runtime").arg(runtime).arg("--data").arg(data).args(args);
        command.current_dir("/").stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().map(Some)
    }
}

async fn listen(
    mut stream: OwnedReadHalf,
    acknowledged: &watch::Sender<Acknowledged>,
    report: &watch::Sender<Arc<Report>>,
) -> io::Result<()> {
    loop {
        match read(&mut stream).await? {
            None => return Ok(()),
            Some(Message::Hello(_)) => {}
            Some(Message::Applied(number)) => drop(acknowledged.send_replace((number, None))),
            Some(Message::NotApplied { number, reason }) => drop(acknowledged.send_replace((number, Some(reason)))),
            Some(Message::Report(seen)) => drop(report.send_replace(Arc::new(*seen))),
        }
    }
}

/// Sends the table that is wanted, and each that comes after; those that were passed over in the meantime are not missed.
async fn send_tables(mut stream: OwnedWriteHalf, wanted: &mut watch::Receiver<Wanted>) -> io::Result<()> {
    loop {
        let (number, table) = wanted.borrow_and_update().clone();
        if number > 0 {
            write(&mut stream, &Order::Apply { number, table: Box::new((*table).clone()) }).await?;
        }
        if wanted.changed().await.is_err() {
            return Ok(());
        }
    }
}

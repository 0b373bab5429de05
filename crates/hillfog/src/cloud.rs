//! A cloud on this machine: the parts that are real, put together, started and taken down.

mod admin;
mod clock;
mod images;
mod serial;

use crate::{client::Server, folders::Folders};
use admin::{Kept, Owner};
use agent::{
    LocalHost,
    driver::container::Places,
    function::{self, Functions, runtimes::Interpreters},
    image::{ImageLimits, ImageStore, ObjectBlobs},
    net::{self, NetWorld, functions::FunctionNet},
};
use agent_proto::Capabilities;
use anyhow::{Context, Result};
use blocks::BlockStore;
use cloud::Parts;
use front::{Entrance, Front, Listen, credentials};
use logic::placement::hosts::Rules;
use model::{AccountId, Env, Region, iam::Principal, lambda::CODE_NAMESPACE};
use object_store::local::LocalFileSystem;
use spine::Store;
use std::{collections::BTreeMap, net::SocketAddr, sync::Arc};
use svc_containers::ecr::{Blobs, Ecr};
use svc_ec2::direct::Ebs;
use svc_functions::lambda::CodeStore;
use svc_messaging::sqs::{Queues, mail::MailStore};
use svc_observe::{cloudtrail::TrailStore, logs::store::LogStore};
use tokio::{
    net::{TcpListener, TcpSocket, UnixListener},
    sync::watch,
    task::JoinHandle,
};

/// How much output of one container may wait to be collected, in bytes; a container that writes more waits.
const MOST_OUTPUT: u64 = 64 << 20;

/// How many connections may wait until they are accepted, if the system allows as many.
const MOST_WAITING: u32 = 4096;

/// How a cloud is run.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where requests are answered.
    pub listen: SocketAddr,
    /// Where the serial consoles of instances are entered by SSH.
    pub serial_console: SocketAddr,
    /// How machines are placed.
    pub placement: Rules,
    /// How functions are run.
    pub functions: FunctionSettings,
}

/// How functions are run.
#[derive(Clone, Debug, Default)]
pub struct FunctionSettings {
    /// References of images that run functions, by runtime identifier.
    pub runtimes: function::RuntimeImages,
    /// How many environments there may be at a time; as many as an account may have, if nothing is said.
    pub environments: Option<usize>,
}

/// A cloud that runs in this process.
pub struct Cloud {
    server: Server,
    folders: Folders,
    assembled: cloud::Cloud,
    /// Serving stops when this is dropped.
    stop: watch::Sender<()>,
    serving: Vec<JoinHandle<()>>,
}

impl Cloud {
    /// Starts a cloud, or takes up the one that an earlier server left running.
    pub async fn start(folders: &Folders, settings: &Settings) -> Result<Self> {
        let Settings { listen, serial_console: serial, placement, ref functions } = *settings;
        let store = Store::open(&folders.data)?;
        // A server that was killed has left it. Whoever reads it while this one begins to listen would take it for this one's.
        let _ = std::fs::remove_file(folders.server_file());
        let listener = listen_at(listen).with_context(|| {
            format!("{listen} can't be listened at. If something else does, choose another address with --listen")
        })?;
        let listen = listener.local_addr()?;
        let env = Env::system();
        clock::restore(&store, &env)?;
        if !listen.ip().is_loopback() {
            issue_root_key(folders, &store, &env).await?;
        }
        let (assembled, owner) = assemble(folders, &store, &env, (listen, placement), functions).await?;
        owner.watch(&assembled.runner);
        owner.serve_consoles(serial).await?;
        let (stop, stopped) = watch::channel(());
        let serving = vec![
            serve(&assembled.front, listener, Entrance::Address, stopped.clone()),
            serve(&assembled.front, workloads_listener(folders)?, Entrance::Workloads, stopped),
        ];
        let server = Server { pid: std::process::id().try_into()?, listen, version: env!("CARGO_PKG_VERSION").into() };
        std::fs::write(folders.server_file(), serde_json::to_vec(&server)?)?;
        owner.say_what_is_missing();
        Ok(Self { server, folders: folders.clone(), assembled, stop, serving })
    }

    /// What the running server says of itself.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// Ends the server: the calls under way are finished; what runs on the host goes on.
    pub async fn stop(self) {
        drop(self.stop);
        for serving in self.serving {
            let _ = serving.await;
        }
        self.assembled.runner.shutdown().await;
        let _ = std::fs::remove_file(self.folders.server_file());
        let _ = std::fs::remove_file(self.folders.workloads_socket());
    }
}

/// A listener at which a crowd may wait that comes at once. With the usual 128 the kernel would begin to send cookies, and reset some.
fn listen_at(address: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As with any listener: a port whose last connections are being forgotten is free.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(MOST_WAITING)
}

fn serve(
    front: &Arc<Front>,
    listener: impl Listen + 'static,
    entrance: Entrance,
    mut stopped: watch::Receiver<()>,
) -> JoinHandle<()> {
    let front = front.clone();
    tokio::spawn(async move {
        // Nothing is ever sent: the other end goes away.
        front::serve(front, listener, entrance, async { drop(stopped.changed().await) }).await;
    })
}

/// The socket to which the edge passes what workloads send. Nobody but the edge, which runs as the server does, may connect.
fn workloads_listener(folders: &Folders) -> Result<UnixListener> {
    use std::os::unix::fs::PermissionsExt;
    let path = folders.workloads_socket();
    // A server that was killed has left it; that no other one runs the store's lock has made sure of.
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path).with_context(|| format!("{} can't be listened at", path.display()))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// The real host, the real edge, and everything else a cloud is made of.
async fn assemble(
    folders: &Folders,
    store: &Store,
    env: &Env,
    (listen, placement): (SocketAddr, Rules),
    settings: &FunctionSettings,
) -> Result<(cloud::Cloud, Arc<Owner>)> {
    let ecr = Arc::new(Ecr { store: store.clone(), blobs: Blobs::open(&blobs(folders))? });
    let code = Arc::new(CodeStore::open(&code_store(folders))?);
    let objects = svc_storage::s3::Blobs::open(&folders.data.join("objects"))?;
    let ebs = Arc::new(Ebs { store: store.clone(), blocks: BlockStore::open(&block_store(folders))? });
    let (host, functions) = local_host(folders, env, settings).await?;
    let edge = Arc::new(edge::Link::start(edge_config(folders)?, env.clone()));
    let events = Arc::new(LogStore::new(&folders.data.join("logs")));
    let trail = Arc::new(TrailStore::new(&folders.data.join("trail")));
    let messages = Arc::new(MailStore::new(&folders.data.join("messages")));
    let config = front::Config {
        loopback: listen.ip().is_loopback(),
        endpoint: listen.to_string(),
        region: Region::parse("us-east-1")?,
        edge_socket: Some(folders.runtime.join("edge-http.sock")),
    };
    let kept = Kept { store: store.clone(), events: events.clone(), trail: trail.clone() };
    let owner =
        Arc::new(Owner::new(folders.clone(), kept, env.clone(), (host.clone(), functions.clone(), placement), edge.clone()));
    let images = Arc::new(images::Maker::new(folders.data.join("work"), block_store(folders)));
    let parts = Parts {
        store: store.clone(),
        env: env.clone(),
        host,
        functions: Arc::new(function::Host(functions)),
        edge,
        ecr,
        objects,
        code,
        images,
        ebs,
        events,
        trail,
        queues: Queues::new(store.clone(), env.clone(), messages),
        placement,
        front: config,
    };
    Ok((cloud::Cloud::assemble(parts, Some(owner.clone())), owner))
}

fn blobs(folders: &Folders) -> std::path::PathBuf {
    folders.data.join("blobs")
}

/// The zips of functions, by their digests.
fn code_store(folders: &Folders) -> std::path::PathBuf {
    blobs(folders).join(CODE_NAMESPACE).join("sha256")
}

/// The blocks of snapshots.
fn block_store(folders: &Folders) -> std::path::PathBuf {
    folders.data.join("block-store")
}

/// What a host is made of.
fn host_parts(folders: &Folders, env: &Env) -> Result<(agent::Config, Arc<ObjectBlobs>, NetWorld)> {
    let settings =
        net::Settings { runtime: folders.runtime.clone(), tag: folders.tag.clone(), domain: Some("ec2.internal".into()) };
    let config = agent::Config {
        data_dir: folders.data.clone(),
        runtime_dir: folders.runtime.clone(),
        tag: folders.tag.clone(),
        env: env.clone(),
        exe: std::env::current_exe()?,
        block_store: block_store(folders),
        limits: ImageLimits::default(),
        output_bytes: MOST_OUTPUT,
    };
    let folder = blobs(folders);
    std::fs::create_dir_all(&folder)?;
    let source = Arc::new(ObjectBlobs(Arc::new(LocalFileSystem::new_with_prefix(folder)?)));
    Ok((config, source, NetWorld::new(settings).map_err(anyhow::Error::msg)?))
}

/// The host that this machine is, with everything on it that an earlier server has left running.
async fn local_host(folders: &Folders, env: &Env, settings: &FunctionSettings) -> Result<(Arc<LocalHost>, Arc<Functions>)> {
    let (config, blobs, network) = host_parts(folders, env)?;
    let functions =
        Functions::new(function_parts(folders, &config, blobs.clone(), settings)?).await.map_err(anyhow::Error::msg)?;
    let host = LocalHost::new(config, blobs, Arc::new(network)).await?;
    host.run_functions(functions.clone());
    Ok((host, functions))
}

/// What runs functions.
fn function_parts(
    folders: &Folders,
    host: &agent::Config,
    blobs: Arc<ObjectBlobs>,
    functions: &FunctionSettings,
) -> Result<function::Config> {
    let settings = net::Settings { runtime: folders.runtime.clone(), tag: folders.tag.clone(), domain: None };
    Ok(function::Config {
        places: Places {
            data: folders.data.clone(),
            runtime: folders.runtime.clone(),
            tag: folders.tag.clone(),
            program: host.exe.clone(),
        },
        env: host.env.clone(),
        net: FunctionNet::new(&settings).map_err(anyhow::Error::msg)?,
        blobs,
        images: Arc::new(ImageStore::open(&folders.data.join("functions/images"), host.limits.clone())?),
        runtime_images: functions.runtimes.clone(),
        most_environments: functions.environments,
        api: Some(folders.workloads_socket()),
        output_bytes: MOST_OUTPUT,
    })
}

fn edge_config(folders: &Folders) -> Result<edge::LinkConfig> {
    Ok(edge::LinkConfig {
        exe: std::env::current_exe()?,
        runtime: folders.runtime.clone(),
        data: folders.data.clone(),
        args: Vec::new(),
    })
}

/// Where others than this machine can reach the cloud the tutorials' keys are refused, so its owner needs one.
async fn issue_root_key(folders: &Folders, store: &Store, env: &Env) -> Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let path = folders.credentials_file();
    if path.exists() {
        return Ok(());
    }
    let account = AccountId::parse(AccountId::DEFAULT)?;
    let key = store.transact(|tx| credentials::issue(tx, env, &account, Principal::Root)).await?;
    let text = serde_json::json!({ "access_key_id": key.access_key_id, "secret_access_key": key.secret_access_key });
    let mut file = std::fs::OpenOptions::new().create_new(true).write(true).mode(0o600).open(&path)?;
    file.write_all(text.to_string().as_bytes())?;
    file.sync_all()?;
    Ok(())
}

/// Ends everything that a server has left running on this machine, and removes every trace but the data.
pub async fn teardown(folders: &Folders) -> Result<()> {
    if !folders.runtime.exists() {
        return Ok(());
    }
    let env = Env::system();
    edge::Link::shut_down(&edge_config(folders)?, &env).await?;
    local_host(folders, &env, &FunctionSettings::default()).await?.0.teardown().await?;
    folders.remove_runtime()
}

/// Deletes a cloud's data. The cloud must be down.
pub fn wipe(folders: &Folders) -> Result<()> {
    // Opened first, so that a server that runs after all keeps its data.
    drop(Store::open(&folders.data)?);
    empty_folder(&folders.data)
}

/// Deletes what is in a folder, and leaves the folder.
fn empty_folder(folder: &std::path::Path) -> Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let removed =
            if entry.file_type()?.is_dir() { std::fs::remove_dir_all(entry.path()) } else { std::fs::remove_file(entry.path()) };
        removed.with_context(|| format!("{} can't be deleted", entry.path().display()))?;
    }
    Ok(())
}

/// What this host can do, found without starting a cloud or touching one that runs.
pub fn capabilities(folders: &Folders) -> Result<Capabilities> {
    let (config, blobs, network) = host_parts(folders, &Env::system())?;
    Ok(LocalHost::probe(config, blobs, &network)?)
}

/// What runs functions here, by runtime identifier, for people: what this host has by itself, without runtime images.
pub fn runtimes() -> BTreeMap<String, String> {
    Interpreters::find().overview()
}

/// The server's log goes to standard error; `HILLFOG_LOG` chooses what is in it.
pub fn log_to_stderr() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("HILLFOG_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
}

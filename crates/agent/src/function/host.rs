//! A host's environments, as the pools of the control plane drive them.

use super::{
    client::{Begins, Client},
    code::CodeStore,
    job::{JOB, Job, Program, Root, load, save},
    output::Outputs,
    runtimes::{Chosen, Interpreters, Language},
    slots::{Slot, Slots, USUAL_STORAGE, write_if_other},
};
use crate::{
    driver::container::Places,
    image::{BlobSource, Digest, ImageConfig, ImageStore, Layout, Pulled, Registries, remote::Patience},
    net::functions::FunctionNet,
    shim::Clock,
};
use agent_proto::{
    function::{Code, Environment, Found, FunctionError, FunctionFault, FunctionHost, Invocation, Invoked},
    workload::{LogChunk, LogPosition},
};
use model::Env;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};
use tokio::sync::mpsc;

const PYTHON: &str = include_str!("bootstrap/bootstrap.py");
const NODE: &str = include_str!("bootstrap/bootstrap.mjs");
/// How long a shim may take for what it does by itself, beside what its function takes.
const PATIENCE: Duration = Duration::from_secs(30);
/// References of images that run functions, by runtime identifier: of a registry that asks for no password, or of an OCI layout
/// ([`Layout`]). They have `/var/runtime/bootstrap`, as AWS's own base images do.
pub type RuntimeImages = BTreeMap<String, String>;

/// What a host of functions is made of.
pub struct Config {
    /// Where it is.
    pub places: Places,
    /// Time and chance.
    pub env: Env,
    /// The network of environments.
    pub net: FunctionNet,
    /// Where code and images come from.
    pub blobs: Arc<dyn BlobSource>,
    /// The images of this host.
    pub images: Arc<ImageStore>,
    /// Runtime images by runtime identifier; these come before the host's own interpreters.
    pub runtime_images: RuntimeImages,
    /// How many environments there may be, if the owner has said so.
    pub most_environments: Option<usize>,
    /// The server's socket for workloads.
    pub api: Option<PathBuf>,
    /// How much output of an environment may wait to be collected, in bytes.
    pub output_bytes: u64,
}

/// The functions of this host.
pub struct Functions {
    slots: Arc<Slots>,
    env: Env,
    code: CodeStore,
    blobs: Arc<dyn BlobSource>,
    images: Arc<ImageStore>,
    runtime_images: RuntimeImages,
    most_environments: Option<usize>,
    registries: Registries,
    /// Runtime images that were pulled, by reference.
    pulled: tokio::sync::Mutex<BTreeMap<String, Pulled>>,
    outputs: Outputs,
    bootstraps: PathBuf,
    interpreters: OnceLock<Interpreters>,
    live: Mutex<BTreeMap<String, Arc<Live>>>,
    found: Mutex<Vec<Found>>,
    ends: mpsc::UnboundedSender<String>,
    ended: Mutex<Option<mpsc::UnboundedReceiver<String>>>,
}

/// An environment that is somebody's.
struct Live {
    slot: Slot,
    job: Job,
    /// The connection to its shim, while no invocation has it.
    client: tokio::sync::Mutex<Option<Client>>,
}

impl Functions {
    /// The functions of this host, those among them that an earlier server has started.
    pub async fn new(config: Config) -> Result<Arc<Self>, String> {
        let data = config.places.data.clone();
        let bootstraps = data.join("functions/runtime");
        fs::create_dir_all(&bootstraps).map_err(text)?;
        for (language, content) in [(Language::Python, PYTHON), (Language::Node, NODE)] {
            write_if_other(&bootstraps.join(language.bootstrap()), content).map_err(text)?;
        }
        let (ends, ended) = mpsc::unbounded_channel();
        let slots = Slots::new(config.places, config.env.clone(), config.net, config.api, config.output_bytes).map_err(text)?;
        let functions = Arc::new(Self {
            slots: Arc::new(slots),
            registries: Registries::new(config.env.clone(), config.images.limits().clone(), Patience::default()),
            pulled: tokio::sync::Mutex::default(),
            code: CodeStore::open(data.join("functions/code"), config.blobs.clone(), config.env.clone()).map_err(text)?,
            env: config.env,
            blobs: config.blobs,
            images: config.images,
            runtime_images: config.runtime_images,
            most_environments: config.most_environments,
            outputs: Outputs::below(&data),
            bootstraps,
            interpreters: OnceLock::new(),
            live: Mutex::default(),
            found: Mutex::default(),
            ends,
            ended: Mutex::new(Some(ended)),
        });
        functions.clone().recover().await;
        Ok(functions)
    }

    /// Looks for interpreters and makes environments in advance, which takes a while.
    pub async fn warm_up(self: &Arc<Self>) {
        let functions = self.clone();
        let _ = tokio::task::spawn_blocking(move || functions.interpreters().overview()).await;
        self.slots.fill().await;
    }

    /// Takes over what an earlier server has left, and removes what has ended or is nobody's.
    async fn recover(self: Arc<Self>) {
        for (place, slot) in self.slots.found() {
            let job = load::<Job>(&place.folder, JOB).ok().flatten();
            let (Some(slot), Some(job)) = (slot.clone(), job) else {
                match &slot {
                    Some(slot) => self.slots.remove(slot).await,
                    None => self.slots.clear(&place).await,
                }
                continue;
            };
            let busy = match Client::connect(&slot.socket()).await {
                Ok(mut client) => client.is_busy().await,
                Err(error) => Err(error),
            };
            let Ok(busy) = busy else {
                self.slots.remove(&slot).await;
                continue;
            };
            let (environment, started) = (job.environment.clone(), job.started);
            self.found().push(Found { environment, started, busy });
            self.keep(slot, job, None);
        }
    }

    fn keep(self: &Arc<Self>, slot: Slot, job: Job, client: Option<Client>) {
        let (id, shim) = (job.environment.id.clone(), slot.shim.clone());
        self.live().insert(id.clone(), Arc::new(Live { slot, job, client: tokio::sync::Mutex::new(client) }));
        let functions = Arc::downgrade(self);
        tokio::spawn(async move {
            if let Some(process) = shim.open() {
                let _ = process.ended().await;
            }
            let Some(functions) = functions.upgrade() else { return };
            let lost = functions.live().remove(&id);
            if let Some(lost) = lost {
                tracing::warn!(environment = id, "the process that keeps an environment has ended");
                functions.slots.remove(&lost.slot).await;
                let _ = functions.ends.send(id);
            }
        });
    }

    /// What runs functions here, by runtime identifier, for people. It takes a while when it is asked for the first time.
    pub fn runtimes(&self) -> BTreeMap<String, String> {
        let mut all = self.interpreters().overview();
        all.extend(self.runtime_images.iter().map(|(name, image)| (name.clone(), format!("the image {image}"))));
        all
    }

    fn interpreters(&self) -> &Interpreters {
        self.interpreters.get_or_init(|| Interpreters::find().prepared(&self.bootstraps))
    }

    /// What an environment runs in.
    async fn chosen(&self, environment: &Environment) -> Result<Chosen, FunctionFault> {
        let failed = FunctionFault::Failed;
        match (&environment.code, &environment.runtime) {
            (Code::Image { namespace, digest, .. }, _) => {
                let digest: Digest = digest.parse().map_err(|_| failed(format!("{digest} is no digest")))?;
                let pulled =
                    self.images.pull(&*self.blobs, namespace, &digest).await.map_err(|error| failed(error.to_string()))?;
                let chosen = of_image(&environment.code, &pulled.config, self.images.layer_paths(&pulled));
                Ok(Chosen { image: Some(pulled.digest), ..chosen })
            }
            (Code::Zip(_), Some(runtime)) => match self.runtime_images.get(runtime) {
                Some(reference) => {
                    let pulled = self.runtime_image(reference).await.map_err(failed)?;
                    Ok(of_runtime_image(runtime, reference, &pulled, self.images.layer_paths(&pulled)))
                }
                None => self.interpreters().choose(runtime).map_err(failed),
            },
            (Code::Zip(_), None) => Err(failed("a function whose code is a zip needs a runtime".into())),
        }
    }

    /// A runtime image, which is pulled once.
    async fn runtime_image(&self, reference: &str) -> Result<Pulled, String> {
        let mut all = self.pulled.lock().await;
        if let Some(pulled) = all.get(reference) {
            return Ok(pulled.clone());
        }
        let pulled = match Layout::of(reference) {
            Some(layout) => layout.pull(&self.images).await,
            None => self.registries.pull(&self.images, reference, None).await,
        };
        let pulled = pulled.map_err(|error| format!("the runtime image {reference} can't be had: {error}"))?;
        all.insert(reference.to_owned(), pulled.clone());
        Ok(pulled)
    }

    async fn job(&self, environment: Environment) -> Result<Job, FunctionFault> {
        let chosen = self.chosen(&environment).await?;
        let task = match &environment.code {
            Code::Zip(zip) => Some(self.code.unpacked(zip).await.map_err(FunctionFault::Failed)?),
            Code::Image { .. } => None,
        };
        let mut layers = Vec::new();
        for layer in &environment.layers {
            layers.push(self.code.unpacked(layer).await.map_err(FunctionFault::Failed)?);
        }
        let storage = match environment.storage_mib {
            USUAL_STORAGE => None,
            other => self.slots.template(other).await.map_err(FunctionFault::Failed)?,
        };
        // On the host's own interpreters; images have theirs.
        let ours = matches!(chosen.root, Root::Host(_)) && matches!(chosen.program, Program::Command { .. });
        Ok(Job {
            started: self.env.now(),
            output: self.outputs.of(&environment.id),
            root: chosen.root,
            image: chosen.image,
            task,
            layers,
            runtime: ours.then(|| self.bootstraps.clone()),
            storage,
            program: chosen.program,
            notices: chosen.notice.into_iter().collect(),
            version: chosen.version,
            environment,
        })
    }

    async fn begin(self: &Arc<Self>, slot: &Slot, job: &Job) -> Result<(Client, Duration, Option<FunctionError>), FunctionFault> {
        let failed = |error: io::Error| FunctionFault::Failed(format!("the environment could not be started: {error}"));
        fs::create_dir_all(&job.output).map_err(failed)?;
        save(&slot.place.folder, JOB, job).map_err(failed)?;
        let mut client = Client::connect(&slot.socket()).await.map_err(failed)?;
        let begun = tokio::select! {
            begun = client.begin() => begun.map_err(failed)?,
            () = self.env.sleep(PATIENCE) => Err("it took too long".to_owned()),
        };
        let (took, fault) = begun.map_err(FunctionFault::Failed)?;
        Ok((client, took, fault))
    }

    fn environment(&self, id: &str) -> Result<Arc<Live>, FunctionFault> {
        self.live().get(id).cloned().ok_or_else(|| FunctionFault::Gone(id.to_owned()))
    }

    /// What an environment has written; `None`, if nothing is known of it.
    pub fn read_log(&self, environment: &str, from: LogPosition) -> io::Result<Option<LogChunk>> {
        self.outputs.read(environment, from, self.live().contains_key(environment))
    }

    /// Whether an environment has written anything that is still here.
    pub fn has_log(&self, environment: &str) -> bool {
        self.outputs.of(environment).is_dir()
    }

    /// Deletes what of it is safe elsewhere.
    pub fn release_log(&self, environment: &str, to: LogPosition) -> io::Result<()> {
        self.outputs.release(environment, to)
    }

    /// Ends all environments and removes every trace outside the data folder.
    pub async fn teardown(&self) -> Result<(), String> {
        let live: Vec<Arc<Live>> = std::mem::take(&mut *self.live()).into_values().collect();
        futures::future::join_all(live.iter().map(|it| self.slots.remove(&it.slot))).await;
        self.slots.teardown().await
    }

    /// Removes code and images that nobody uses.
    async fn collect(&self) {
        let used = |live: &Arc<Live>| live.job.task.iter().chain(&live.job.layers).cloned().collect::<Vec<_>>();
        let in_use: BTreeSet<PathBuf> = self.live().values().flat_map(used).collect();
        let configured: Vec<Digest> = self.pulled.lock().await.values().map(|image| image.digest.clone()).collect();
        let images = self.live().values().filter_map(|live| live.job.image.clone()).chain(configured).collect();
        let collected = [self.code.collect(&in_use), self.images.gc(&images).await];
        for error in collected.into_iter().filter_map(Result::err) {
            tracing::warn!(%error, "code that nobody uses could not be removed");
        }
    }

    fn live(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Live>>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn found(&self) -> MutexGuard<'_, Vec<Found>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// [`Functions`], as the control plane has it.
pub struct Host(pub Arc<Functions>);

#[async_trait::async_trait]
impl FunctionHost for Host {
    fn refuses(&self, runtime: Option<&str>) -> Option<String> {
        // Whoever asks is about to have a function. A cloud without any has no environments in advance.
        let functions = self.0.clone();
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { functions.warm_up().await });
        }
        let runtime = runtime.filter(|runtime| !self.0.runtime_images.contains_key(*runtime))?;
        self.0.interpreters().choose(runtime).err()
    }

    fn room_mib(&self) -> u64 {
        let text = fs::read_to_string("/proc/meminfo").unwrap_or_default();
        let kib = text.lines().find_map(|line| line.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
        kib.unwrap_or(0) >> 10
    }

    fn most_environments(&self) -> Option<usize> {
        self.0.most_environments
    }

    async fn start(&self, environment: Environment) -> Result<Duration, FunctionFault> {
        let functions = &self.0;
        let (job, slot) = tokio::join!(functions.job(environment), functions.slots.take());
        let (job, slot) = match (job, slot) {
            (Ok(job), Ok(slot)) => (job, slot),
            (Err(fault), slot) => {
                if let Ok(slot) = slot {
                    functions.slots.remove(&slot).await;
                }
                return Err(fault);
            }
            (Ok(_), Err(error)) => return Err(FunctionFault::NoRoom(error)),
        };
        let begun = functions.begin(&slot, &job).await;
        let slots = functions.slots.clone();
        tokio::spawn(async move { slots.fill().await });
        match begun {
            Ok((_, _, Some(fault))) if job.environment.provisioned => {
                functions.slots.remove(&slot).await;
                Err(FunctionFault::Function(fault))
            }
            Ok((client, took, _)) => {
                functions.keep(slot, job, Some(client));
                Ok(took)
            }
            Err(fault) => {
                functions.slots.remove(&slot).await;
                Err(fault)
            }
        }
    }

    async fn invoke(&self, environment: &str, invocation: Invocation) -> Result<Invoked, FunctionFault> {
        let live = self.0.environment(environment)?;
        let client = match live.client.lock().await.take() {
            Some(client) => client,
            None => Client::connect(&live.slot.socket()).await.map_err(|_| FunctionFault::Gone(environment.to_owned()))?,
        };
        // In a task of its own: an invocation that is dropped goes on, and its connection is for the next one.
        let offset = Clock::offset_of(&self.0.env);
        let invoked = tokio::spawn(async move {
            let Begins { invoked, after } = client.invoke(invocation, offset).await?;
            let back = async move {
                if let Ok(client) = after.await {
                    live.client.lock().await.replace(client);
                }
            };
            match invoked.report {
                // It is back already.
                Some(_) => back.await,
                None => drop(tokio::spawn(back)),
            }
            Ok::<_, io::Error>(invoked)
        });
        match invoked.await {
            Ok(Ok(invoked)) => Ok(invoked),
            Ok(Err(error)) => Err(FunctionFault::Failed(format!("the environment was lost: {error}"))),
            Err(error) => Err(FunctionFault::Failed(error.to_string())),
        }
    }

    async fn stop(&self, environment: &str) -> Result<(), FunctionFault> {
        let stopped = self.0.live().remove(environment);
        if let Some(stopped) = stopped {
            self.0.slots.remove(&stopped.slot).await;
            self.0.collect().await;
        }
        Ok(())
    }

    async fn found(&self) -> Vec<Found> {
        std::mem::take(&mut *self.0.found())
    }

    fn ended(&self) -> Option<mpsc::UnboundedReceiver<String>> {
        self.0.ended.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn forget(&self, environment: &str) {
        if let Err(error) = self.0.outputs.forget(environment) {
            tracing::warn!(environment, %error, "output could not be removed");
        }
    }

    fn runtimes(&self) -> BTreeMap<String, String> {
        self.0.runtimes()
    }
}

/// A function that is an image: it brings what asks for invocations.
fn of_image(code: &Code, config: &ImageConfig, layers: Vec<PathBuf>) -> Chosen {
    let (entry_point, command, folder) = match code {
        Code::Image { entry_point, command, working_directory, .. } => {
            (entry_point.clone(), command.clone(), working_directory.clone())
        }
        Code::Zip(_) => (None, None, None),
    };
    let entry_point = entry_point.unwrap_or_else(|| config.entry_point.clone());
    let command = command.unwrap_or_else(|| config.command.clone());
    let folder = folder.unwrap_or_else(|| config.working_directory.clone());
    let folder = if folder.is_empty() { "/".to_owned() } else { folder };
    let words = entry_point.into_iter().chain(command).collect();
    let program = Program::Command { words, variables: config.environment.clone(), folder, wrapped: false };
    Chosen { root: Root::Image(layers), image: None, program, notice: None, version: "container image".into() }
}

fn of_runtime_image(runtime: &str, reference: &str, image: &Pulled, layers: Vec<PathBuf>) -> Chosen {
    let program = Program::Command {
        words: vec!["/var/runtime/bootstrap".into()],
        variables: image.config.environment.clone(),
        folder: "/var/task".into(),
        wrapped: true,
    };
    Chosen {
        root: Root::Image(layers),
        image: Some(image.digest.clone()),
        program,
        notice: None,
        version: format!("{runtime} by {reference}"),
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

//! Environments that are nobody's yet: some are made in advance, so that who needs one waits neither for namespaces nor for links.

use super::{
    client::Client,
    job::{PLACE, Place, SHIM, SOCKET, load, save},
    shim::make_template,
};
use crate::{
    cgroup::Cgroups,
    disk::{private_folder, remove_all},
    driver::container::Places,
    net::functions::FunctionNet,
    process::ProcessId,
    shim::{Clock, Launcher},
};
use model::Env;
use std::{
    collections::{BTreeSet, VecDeque},
    fs, io,
    path::{Path, PathBuf},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

/// The size of `/tmp` that most functions have (Lambda's default), in MiB.
pub const USUAL_STORAGE: u32 = 512;
/// How many are kept in advance.
const SPARE: usize = 3;
/// The first number that a function's processes have as their user: above those of distributions, below those of machines.
const FIRST_USER: u32 = 0x6f00_0000;
/// How many environments there may be at once: the addresses of their links, and their users.
const MOST: u32 = 1 << 14;
/// Between two looks at something that can't be waited for.
const LOOK: Duration = Duration::from_millis(2);
const LOOKS: u32 = 5000;

/// An environment's place, and the shim that keeps it.
#[derive(Clone, Debug)]
pub struct Slot {
    /// Which of the numbers it has.
    pub number: u32,
    /// Where it is.
    pub place: Place,
    /// Its shim.
    pub shim: ProcessId,
}

impl Slot {
    /// Where its shim takes orders.
    pub fn socket(&self) -> PathBuf {
        self.place.runtime.join(SOCKET)
    }
}

/// Makes slots, and removes them.
pub struct Slots {
    places: Places,
    env: Env,
    cgroups: Cgroups,
    unbounded: Vec<String>,
    launcher: Launcher,
    net: FunctionNet,
    api: Option<PathBuf>,
    output_bytes: u64,
    numbers: Mutex<BTreeSet<u32>>,
    spare: Mutex<VecDeque<Slot>>,
    /// One at a time makes spare ones.
    filling: AtomicBool,
    templates: tokio::sync::Mutex<()>,
    ended: AtomicBool,
}

impl Slots {
    /// Below these places.
    pub fn new(places: Places, env: Env, net: FunctionNet, api: Option<PathBuf>, output_bytes: u64) -> io::Result<Self> {
        private_folder(&places.data.join("functions/slots"))?;
        private_folder(&places.runtime.join("functions"))?;
        let cgroups = Cgroups::detect()?;
        let unbounded = cgroups.missing(&format!("hillfog-{}", places.tag)).into_iter().map(str::to_owned).collect();
        let launcher = Launcher { program: places.program.clone(), env: env.clone() };
        Ok(Self {
            places,
            env,
            cgroups,
            unbounded,
            launcher,
            net,
            api,
            output_bytes,
            numbers: Mutex::default(),
            spare: Mutex::default(),
            filling: AtomicBool::new(false),
            templates: tokio::sync::Mutex::default(),
            ended: AtomicBool::new(false),
        })
    }

    /// One that is nobody's: one of those that were made in advance, or a new one.
    pub async fn take(&self) -> Result<Slot, String> {
        loop {
            let spare = self.spare().pop_front();
            match spare {
                Some(slot) if slot.shim.is_alive() => return Ok(slot),
                Some(slot) => self.remove(&slot).await,
                None => return self.make().await,
            }
        }
    }

    /// Makes as many in advance as there should be, unless somebody is about that.
    pub async fn fill(&self) {
        if self.filling.swap(true, Ordering::SeqCst) {
            return;
        }
        while !self.ended.load(Ordering::SeqCst) && self.spare().len() < SPARE {
            match self.make().await {
                Ok(slot) => self.spare().push_back(slot),
                Err(error) => {
                    tracing::warn!(error, "an environment could not be made in advance");
                    break;
                }
            }
        }
        self.filling.store(false, Ordering::SeqCst);
    }

    async fn make(&self) -> Result<Slot, String> {
        let number = self.number().ok_or("there are too many environments")?;
        match self.make_numbered(number).await {
            Ok(slot) => Ok(slot),
            Err(error) => {
                self.numbers().remove(&number);
                Err(error)
            }
        }
    }

    async fn make_numbered(&self, number: u32) -> Result<Slot, String> {
        let storage = self.template(USUAL_STORAGE).await?;
        let place = self.place(number, storage);
        private_folder(&place.folder).map_err(text)?;
        private_folder(&place.runtime).map_err(text)?;
        save(&place.folder, PLACE, &place).map_err(text)?;
        if let Err(error) = self.launcher.launch("function", &place.folder).await {
            self.clear(&place).await;
            return Err(error);
        }
        let shim: Option<ProcessId> = load(&place.folder, SHIM).map_err(text)?;
        let slot = Slot { number, place, shim: shim.ok_or("the shim has left no word")? };
        if let Err(error) = self.net.join(number, slot.shim.pid).await {
            self.remove(&slot).await;
            return Err(error);
        }
        Ok(slot)
    }

    fn place(&self, number: u32, storage: Option<PathBuf>) -> Place {
        // Never the same again: what is left of an earlier one is not taken for this one's.
        let name = format!("{number}-{}", self.env.hex(8));
        let group = format!("hillfog-{}", self.places.tag);
        Place {
            folder: self.places.data.join("functions/slots").join(&name),
            runtime: self.places.runtime.join("functions").join(&name),
            user: FIRST_USER + number,
            cgroup: format!("{group}/functions/{name}"),
            shim_cgroup: format!("{group}/shims"),
            unbounded: self.unbounded.clone(),
            clock_offset_ms: Clock::offset_of(&self.env),
            output_bytes: self.output_bytes,
            api: self.api.clone(),
            storage,
        }
    }

    /// An empty file system of a size, which is made if there is none; none, if this host can't make any.
    pub async fn template(&self, mib: u32) -> Result<Option<PathBuf>, String> {
        let _one = self.templates.lock().await;
        let path = self.places.data.join(format!("functions/storage-{mib}"));
        if path.exists() {
            return Ok(Some(path));
        }
        let made = path.clone();
        let made = tokio::task::spawn_blocking(move || make_template(&made, mib)).await.map_err(text)?.map_err(text)?;
        Ok(made.then_some(path))
    }

    /// The slots that have a folder: those of an earlier server, at this one's beginning.
    pub fn found(&self) -> Vec<(Place, Option<Slot>)> {
        let entries = fs::read_dir(self.places.data.join("functions/slots")).into_iter().flatten().flatten();
        let places =
            entries.map(|entry| load::<Place>(&entry.path(), PLACE).ok().flatten().unwrap_or_else(|| self.lost(entry.path())));
        places
            .map(|place| {
                let number = place.user.wrapping_sub(FIRST_USER);
                let shim = load::<ProcessId>(&place.folder, SHIM).ok().flatten().filter(ProcessId::is_alive);
                let slot = shim.map(|shim| Slot { number, place: place.clone(), shim });
                if slot.is_some() {
                    self.numbers().insert(number);
                }
                (place, slot)
            })
            .collect()
    }

    /// A folder in which nothing can be read any more.
    fn lost(&self, folder: PathBuf) -> Place {
        let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let group = format!("hillfog-{}", self.places.tag);
        Place {
            runtime: self.places.runtime.join("functions").join(&name),
            cgroup: format!("{group}/functions/{name}"),
            ..Place { folder, ..self.place(MOST, None) }
        }
    }

    /// Ends a shim, gently if it listens, and removes every trace.
    pub async fn remove(&self, slot: &Slot) {
        if let Ok(client) = Client::connect(&slot.socket()).await {
            tokio::select! {
                _ = client.stop() => {}
                () = self.env.sleep(Duration::from_secs(5)) => {}
            }
        }
        self.clear(&slot.place).await;
        self.numbers().remove(&slot.number);
    }

    /// Removes what is left of a slot, by force.
    pub async fn clear(&self, place: &Place) {
        match load::<ProcessId>(&place.folder, SHIM).ok().flatten() {
            Some(shim) => {
                if let Some(process) = shim.open() {
                    let _ = process.kill().await;
                }
            }
            None => self.launcher.end_shims(&place.folder).await,
        }
        for _ in 0..LOOKS {
            self.cgroups.kill(&place.cgroup);
            if self.cgroups.remove(&place.cgroup).is_ok() {
                break;
            }
            self.env.sleep(LOOK).await;
        }
        for folder in [&place.runtime, &place.folder] {
            if let Err(error) = remove_all(folder) {
                tracing::warn!(folder = %folder.display(), %error, "an environment's folder could not be removed");
            }
        }
    }

    /// Removes all spare ones, the network and the groups. Nothing is made after it.
    pub async fn teardown(&self) -> Result<(), String> {
        self.ended.store(true, Ordering::SeqCst);
        while self.filling.load(Ordering::SeqCst) {
            self.env.sleep(LOOK).await;
        }
        let spare: Vec<Slot> = self.spare().drain(..).collect();
        futures::future::join_all(spare.iter().map(|slot| self.remove(slot))).await;
        for (place, _) in self.found() {
            self.clear(&place).await;
        }
        self.net.teardown().await?;
        let _ = remove_all(&self.places.runtime.join("functions"));
        self.cgroups.remove(&format!("hillfog-{}/functions", self.places.tag)).map_err(text)
    }

    fn number(&self) -> Option<u32> {
        let mut numbers = self.numbers();
        let free = (1..MOST).find(|number| !numbers.contains(number))?;
        numbers.insert(free);
        Some(free)
    }

    fn numbers(&self) -> MutexGuard<'_, BTreeSet<u32>> {
        self.numbers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn spare(&self) -> MutexGuard<'_, VecDeque<Slot>> {
        self.spare.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A file that can be compared with what is wanted of it.
pub(super) fn write_if_other(path: &Path, content: &str) -> io::Result<()> {
    match fs::read_to_string(path) {
        Ok(present) if present == content => Ok(()),
        _ => {
            crate::disk::replace(path, content.as_bytes())?;
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path, fs::Permissions::from_mode(0o644))
        }
    }
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

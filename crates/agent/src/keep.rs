//! Where the agent keeps how far its workloads and machines have come, so that it can go on after its own end.
//!
//! Not fit for what a client was told: that is in the control plane's store. A file that a crash of the machine has torn is taken for none, and
//! what it was about, whose processes have ended in the same crash, for gone.

use agent_proto::{machine::Machine, workload::Workload};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// What a host is to have, and can tell from others.
pub trait Spec: Clone + Serialize + DeserializeOwned {
    /// How far it can come.
    type Progress: Clone + Serialize + DeserializeOwned;

    /// What it is called: a name that is fit for a file.
    fn id(&self) -> &str;
}

impl Spec for Workload {
    type Progress = logic::workload::Progress;

    fn id(&self) -> &str {
        &self.id
    }
}

impl Spec for Machine {
    type Progress = logic::machine::Progress;

    fn id(&self) -> &str {
        &self.id
    }
}

/// Keeps things in a folder, or in memory that a fake host's servers share.
#[derive(Clone)]
pub enum Keeper<T: Spec> {
    /// A file for each.
    Folder(PathBuf),
    /// For tests and sims.
    Memory(Memory<T>),
}

/// What is kept in memory, by id.
pub type Memory<T> = Arc<Mutex<BTreeMap<String, Kept<T>>>>;

/// A thing and how far it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Kept<T: Spec> {
    /// As it was desired.
    pub spec: T,
    /// How far it has come.
    pub progress: T::Progress,
}

impl<T: Spec> Keeper<T> {
    /// Everything that is kept, by id.
    pub fn all(&self) -> BTreeMap<String, Kept<T>> {
        match self {
            Self::Memory(kept) => kept.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            Self::Folder(folder) => {
                let files = fs::read_dir(folder).into_iter().flatten().flatten();
                let read = files.filter_map(|entry| serde_json::from_slice::<Kept<T>>(&fs::read(entry.path()).ok()?).ok());
                read.map(|kept| (kept.spec.id().to_owned(), kept)).collect()
            }
        }
    }

    /// Keeps one.
    pub fn keep(&self, spec: &T, progress: &T::Progress) {
        let kept = Kept { spec: spec.clone(), progress: progress.clone() };
        let result = match self {
            Self::Memory(all) => {
                all.lock().unwrap_or_else(PoisonError::into_inner).insert(spec.id().to_owned(), kept);
                Ok(())
            }
            Self::Folder(folder) => write(folder, &kept),
        };
        if let Err(error) = result {
            tracing::warn!(id = spec.id(), %error, "its state can't be kept");
        }
    }

    /// Forgets one.
    pub fn forget(&self, id: &str) {
        match self {
            Self::Memory(all) => drop(all.lock().unwrap_or_else(PoisonError::into_inner).remove(id)),
            Self::Folder(folder) => {
                let _ = fs::remove_file(folder.join(file_name(id)));
            }
        }
    }
}

impl<T: Spec> Default for Keeper<T> {
    /// An empty memory.
    fn default() -> Self {
        Self::Memory(Arc::default())
    }
}

fn write<T: Spec>(folder: &Path, kept: &Kept<T>) -> io::Result<()> {
    crate::disk::private_folder(folder)?;
    let text = serde_json::to_vec(kept).map_err(io::Error::other)?;
    crate::disk::replace(&folder.join(file_name(kept.spec.id())), &text)
}

fn file_name(id: &str) -> String {
    format!("{id}.json")
}

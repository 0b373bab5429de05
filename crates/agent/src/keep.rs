//! Where the agent keeps how far its workloads have come, so that it can go on after its own end.
//!
//! Not fit for what a client was told: that is in the control plane's store. A file that a crash of the machine has torn is taken for none, and
//! the workload, whose processes have ended in the same crash, for gone.

use agent_proto::workload::Workload;
use logic::workload::Progress;
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

/// Keeps workloads in a folder, or in memory that a fake machine's servers share.
#[derive(Clone)]
pub enum Keeper {
    /// A file for each workload.
    Folder(PathBuf),
    /// For tests and sims.
    Memory(Arc<Mutex<BTreeMap<String, Kept>>>),
}

/// A workload and how far it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// As it was desired.
    pub spec: Workload,
    /// How far it has come.
    pub progress: Progress,
}

impl Keeper {
    /// Everything that is kept, by workload id.
    pub fn all(&self) -> BTreeMap<String, Kept> {
        match self {
            Self::Memory(kept) => kept.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            Self::Folder(folder) => {
                let files = fs::read_dir(folder).into_iter().flatten().flatten();
                let read = files.filter_map(|entry| serde_json::from_slice::<Kept>(&fs::read(entry.path()).ok()?).ok());
                read.map(|kept| (kept.spec.id.clone(), kept)).collect()
            }
        }
    }

    /// Keeps a workload.
    pub fn keep(&self, spec: &Workload, progress: &Progress) {
        let kept = Kept { spec: spec.clone(), progress: progress.clone() };
        let result = match self {
            Self::Memory(all) => {
                all.lock().unwrap_or_else(PoisonError::into_inner).insert(spec.id.clone(), kept);
                Ok(())
            }
            Self::Folder(folder) => write(folder, &kept),
        };
        if let Err(error) = result {
            tracing::warn!(workload = spec.id, %error, "its state can't be kept");
        }
    }

    /// Forgets a workload.
    pub fn forget(&self, id: &str) {
        match self {
            Self::Memory(all) => drop(all.lock().unwrap_or_else(PoisonError::into_inner).remove(id)),
            Self::Folder(folder) => {
                let _ = fs::remove_file(folder.join(file_name(id)));
            }
        }
    }
}

fn write(folder: &Path, kept: &Kept) -> io::Result<()> {
    crate::disk::private_folder(folder)?;
    let text = serde_json::to_vec(kept).map_err(io::Error::other)?;
    crate::disk::replace(&folder.join(file_name(&kept.spec.id)), &text)
}

fn file_name(id: &str) -> String {
    format!("{id}.json")
}

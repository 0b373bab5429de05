//! The code of functions and the files of layers, unpacked once by content, for as long as they are used and some time after.
//!
//! What is unpacked isn't waited for until it is on the disk: that would take longer than the rest of a start. So it is good only until this
//! machine is booted again. Only then can a folder that has its name lack what was in it, and all of them are unpacked anew.

use crate::{
    disk::{private_folder, remove_all, replace},
    image::{BlobKind, BlobSource, Digest},
};
use agent_proto::function::Zip;
use futures::StreamExt;
use model::{Env, Timestamp};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    io::{self, Seek, Write},
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::UNIX_EPOCH,
};

/// Where the control plane keeps them among the blobs (`model::lambda`).
const NAMESPACE: &str = "lambda/code";
/// What Linux calls a boot: another one has another (proc(5), `/proc/sys/kernel/random/boot_id`).
const BOOT: &str = "/proc/sys/kernel/random/boot_id";
/// How many that nobody uses are kept: a function that isn't called for a while should start fast again.
const KEPT: usize = 64;

/// Unpacked zips, a folder each.
pub struct CodeStore {
    folder: PathBuf,
    blobs: Arc<dyn BlobSource>,
    env: Env,
    /// One at a time unpacks the same.
    locks: Mutex<BTreeMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

impl CodeStore {
    /// Takes a folder, makes it if need be.
    pub fn open(folder: PathBuf, blobs: Arc<dyn BlobSource>, env: Env) -> io::Result<Self> {
        keep_of_boot(&folder, &fs::read_to_string(BOOT)?)?;
        Ok(Self { folder, blobs, env, locks: Mutex::default() })
    }

    /// The folder of a zip's files.
    pub async fn unpacked(&self, zip: &Zip) -> Result<PathBuf, String> {
        let path = self.folder.join(&zip.sha256);
        let lock = self.locks().entry(zip.sha256.clone()).or_default().clone();
        let _one = lock.lock().await;
        if path.is_dir() {
            // Its time says when it was used last.
            let now = UNIX_EPOCH + self.env.now().since(Timestamp(0));
            let _ = File::open(&path).and_then(|folder| folder.set_modified(now));
            return Ok(path);
        }
        let digest: Digest = format!("sha256:{}", zip.sha256).parse().map_err(|_| "the code has no digest".to_owned())?;
        let file = self.fetch(&digest).await?;
        let new = self.folder.join(format!("{}.new", zip.sha256));
        let done = path.clone();
        let unpack = move || -> Result<(), String> {
            remove_all(&new).map_err(text)?;
            fs::create_dir(&new).map_err(text)?;
            function_code::unpack(file, &new, function_code::LARGEST_UNZIPPED).map_err(text)?;
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).map_err(text)?;
            fs::rename(&new, &done).map_err(text)
        };
        tokio::task::spawn_blocking(unpack).await.map_err(text)??;
        Ok(path)
    }

    /// Its bytes, verified, in a file without a name.
    async fn fetch(&self, digest: &Digest) -> Result<File, String> {
        let mut blob = self.blobs.open(NAMESPACE, BlobKind::Content, digest).await.map_err(text)?;
        let mut file = tempfile::tempfile_in(&self.folder).map_err(text)?;
        let mut hasher = digest.hasher();
        while let Some(part) = blob.next().await {
            let part = part.map_err(text)?;
            hasher.update(&part);
            file.write_all(&part).map_err(text)?;
        }
        if hasher.finish() != *digest {
            return Err(format!("the code is not what its digest {digest} says"));
        }
        file.rewind().map_err(text)?;
        Ok(file)
    }

    /// Removes those that nobody has used for the longest time.
    pub fn collect(&self, in_use: &BTreeSet<PathBuf>) -> io::Result<()> {
        let mut idle = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let entry = entry?;
            if !in_use.contains(&entry.path()) {
                idle.push((entry.metadata()?.modified()?, entry.path()));
            }
        }
        idle.sort();
        let excess = idle.len().saturating_sub(KEPT);
        idle.iter().take(excess).try_for_each(|(_, path)| remove(path))
    }

    fn locks(&self) -> MutexGuard<'_, BTreeMap<String, Arc<tokio::sync::Mutex<()>>>> {
        self.locks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Empties a folder that is of another boot. Which one it is of is said beside it, once it is empty.
fn keep_of_boot(folder: &Path, boot: &str) -> io::Result<()> {
    let said = folder.with_extension("boot");
    if !fs::read_to_string(&said).is_ok_and(|said| said == boot) {
        remove_all(folder)?;
        private_folder(folder)?;
        replace(&said, boot.as_bytes())?;
    }
    private_folder(folder)
}

fn remove(path: &Path) -> io::Result<()> {
    // Out of sight first: who looks for it finds all of it or nothing.
    let gone = path.with_extension("gone");
    fs::rename(path, &gone)?;
    remove_all(&gone)
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_boot_has_unpacked_is_not_trusted() {
        let data = tempfile::tempdir().unwrap();
        let folder = data.path().join("code");
        let left = |boot: &str| {
            keep_of_boot(&folder, boot).unwrap();
            fs::read_dir(&folder).unwrap().count()
        };
        assert_eq!(left("one"), 0);
        fs::create_dir(folder.join("unpacked")).unwrap();
        assert_eq!(left("one"), 1, "a server that is killed loses nothing");
        assert_eq!(left("two"), 0);
        fs::create_dir(folder.join("unpacked")).unwrap();
        fs::remove_file(folder.with_extension("boot")).unwrap();
        assert_eq!(left("two"), 0, "who doesn't know doesn't trust");
    }
}

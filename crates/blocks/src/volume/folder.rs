//! A volume's folder: made, opened, removed.

use super::{
    data::Data,
    frozen::{self, Frozen},
    journal::{Head, Journal, sync_folder},
    remove_folder, state,
};
use crate::{
    BLOCK, BlockStore, DataKey, Error, Fingerprint, Manifest, Result, blocks_of, check_size, store::check_name, xts::Xts,
};
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, Write},
    path::Path,
};
use zeroize::Zeroizing;

/// A volume that shall be.
pub struct Create<'a> {
    /// Its name, unlike that of every other volume and snapshot of the store.
    pub id: &'a str,
    /// Its size in bytes, no less than its source's.
    pub size: u64,
    /// The key that it is encrypted under, if it is.
    pub key: Option<&'a DataKey>,
    /// The snapshot that it starts as.
    pub source: Option<Source<'a>>,
}

/// The snapshot that a volume starts as.
pub struct Source<'a> {
    /// Its name.
    pub snapshot: &'a str,
    /// The key that it is encrypted under, if it is: the volume's own, or another.
    pub key: Option<&'a DataKey>,
}

/// The keys that opening a volume takes.
#[derive(Clone, Debug, Default)]
pub struct Keys {
    /// The volume's, if it is encrypted.
    pub own: Option<DataKey>,
    /// Its source's, if that is encrypted under another.
    pub source: Option<DataKey>,
}

/// What never changes.
#[derive(Serialize, Deserialize)]
pub struct Meta {
    pub id: String,
    pub key: Option<Fingerprint>,
    pub source: Option<SourceMeta>,
}

#[derive(Serialize, Deserialize)]
pub struct SourceMeta {
    pub key: Option<Fingerprint>,
}

/// A volume that was opened and put in order.
pub struct Opened {
    pub lock: Flock<File>,
    pub meta: Meta,
    pub journal: Journal,
    pub frozen: Vec<Frozen>,
    pub local: Option<Zeroizing<[u8; 64]>>,
}

/// The file of what never changes.
const META: &str = "meta.json";

/// How a volume was left.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    Closed,
    /// The process was killed: what it wrote is there, flushed or not.
    Killed,
    /// The machine stopped: what wasn't flushed is there, or not.
    Stopped,
}

pub fn create(folder: &Path, create: &Create<'_>, store: &BlockStore) -> Result<()> {
    check_name(create.id)?;
    check_size(create.size)?;
    if !folder.join(META).exists() {
        // One that was never finished.
        remove_folder(folder)?;
    }
    fs::create_dir_all(folder.parent().unwrap_or(folder))?;
    fs::create_dir(folder)?;
    let made = fill(folder, create, store);
    if made.is_err() {
        remove_folder(folder)?;
        store.release_all(create.id)?;
    }
    made
}

fn fill(folder: &Path, create: &Create<'_>, store: &BlockStore) -> Result<()> {
    let key = create.key.map(DataKey::fingerprint);
    let source = create.source.as_ref().map(|source| hold(create, source, store)).transpose()?;
    // Under another key the source's blocks are none of ours: a snapshot stores them anew.
    let foreign = source.as_ref().is_some_and(|it| it.key() != key);
    let mut states = vec![state::ZERO; blocks_of(create.size) as usize];
    for (index, _) in source.iter().flat_map(Manifest::blocks) {
        states[*index as usize] = state::with_dirty(state::REMOTE, foreign);
    }
    let name = create.source.as_ref().map(|source| source.snapshot.to_owned());
    let base = name.clone().filter(|_| !foreign);
    let meta = Meta { id: create.id.to_owned(), key, source: source.map(|it| SourceMeta { key: it.key() }) };
    Data::open(&folder.join("data"), None)?.reserve(blocks_of(create.size))?;
    Journal::create(&folder.join("map"), Head { size: create.size, source: name, base, frozen: Vec::new() }, states)?;
    // The last: a folder without it is no volume.
    write_durably(&folder.join(META), &serde_json::to_vec(&meta).map_err(io::Error::from)?)?;
    Ok(sync_folder(folder)?)
}

fn hold(create: &Create<'_>, source: &Source<'_>, store: &BlockStore) -> Result<Manifest> {
    store.hold(create.id, source.snapshot)?;
    let manifest = store.manifest(source.snapshot)?;
    Fingerprint::check(source.snapshot, manifest.key(), source.key)?;
    match manifest.size() <= create.size {
        true => Ok(manifest),
        false => Err(Error::Invalid(format!("{} has {} bytes: more than the volume", source.snapshot, manifest.size()))),
    }
}

pub fn delete(folder: &Path, store: &BlockStore) -> Result<()> {
    let meta = match read_meta(folder) {
        // It was never finished, or its removal wasn't.
        Err(Error::NotFound(_)) => return remove_folder(folder),
        meta => meta?,
    };
    let _lock = lock(folder)?;
    for name in Journal::read(&folder.join("map")).map(|(head, _)| head.frozen).unwrap_or_default() {
        store.release_all(&name)?;
    }
    store.release_all(&meta.id)?;
    remove_folder(folder)
}

pub fn open(folder: &Path, store: &BlockStore, keys: &Keys) -> Result<Opened> {
    let meta = read_meta(folder)?;
    Fingerprint::check(&meta.id, meta.key, keys.own.as_ref())?;
    if let Some(source) = meta.source.as_ref().filter(|source| source.key != meta.key) {
        Fingerprint::check("the volume's source", source.key, keys.source.as_ref())?;
    }
    let lock = lock(folder)?;
    let mut journal = Journal::open(&folder.join("map"))?;
    let before = (journal.head.clone(), journal.states.clone());
    let local = keys.own.as_ref().map(|key| key.derive(&[b"volume", meta.id.as_bytes()]));
    let left = left(folder)?;
    if left != Left::Closed {
        put_in_order(folder, &mut journal.states)?;
    }
    let frozen = resume(folder, store, &mut journal.head, left, &local)?;
    let is_whole = journal.states.iter().all(|state| state::kind(*state) != state::REMOTE);
    let released = journal.head.source.take_if(|_| is_whole);
    if (&journal.head, &journal.states) != (&before.0, &before.1) {
        journal.rewrite()?;
    }
    if let Some(source) = released {
        store.release(&meta.id, &source)?;
    }
    write_durably(&folder.join("open"), boot()?.as_bytes())?;
    sync_folder(&folder.join("open"))?;
    Ok(Opened { lock, meta, journal, frozen, local })
}

/// Says that whoever opens the volume next has nothing to put in order.
pub fn mark_closed(folder: &Path) -> Result<()> {
    let mark = folder.join("open");
    fs::remove_file(&mark)?;
    Ok(sync_folder(&mark)?)
}

/// After a crash: nobody knows which local blocks were written to, and those that aren't local may have data of lost writes.
fn put_in_order(folder: &Path, states: &mut [u8]) -> Result<()> {
    for state in states.iter_mut().filter(|state| state::kind(**state) == state::LOCAL) {
        *state |= state::DIRTY;
    }
    let data = Data::open(&folder.join("data"), None)?;
    data.reserve(states.len() as u32)?;
    let mut from = 0;
    while let Some(found) = data.next_data(from)? {
        for index in found.start / BLOCK as u64..found.end.div_ceil(BLOCK as u64) {
            let start = index * BLOCK as u64;
            if states.get(index as usize).is_some_and(|state| state::kind(*state) != state::LOCAL) {
                data.zero(start..start + BLOCK as u64)?;
            }
        }
        from = found.end;
    }
    Ok(data.sync()?)
}

/// Finds the snapshots that were under way. Those that can't be gone on with, and those that are complete, are let go.
fn resume(
    folder: &Path,
    store: &BlockStore,
    head: &mut Head,
    left: Left,
    local: &Option<Zeroizing<[u8; 64]>>,
) -> Result<Vec<Frozen>> {
    let mut frozen = Vec::new();
    for name in std::mem::take(&mut head.frozen) {
        let place = frozen::folder(folder, &name);
        let load = |base: &str| store.manifest(base);
        let cipher = local.clone().map(Xts::new);
        let found = match left {
            Left::Stopped => None,
            _ if store.has_manifest(&name)? => None,
            _ => Frozen::resume(place, &name, frozen.len() as u64 + 1, cipher, load),
        };
        match found {
            Some(found) => {
                frozen.push(found);
                head.frozen.push(name);
            }
            None => store.release_all(&name)?,
        }
    }
    remove_strangers(&folder.join("frozen"), &head.frozen.iter().map(String::as_str).collect())?;
    Ok(frozen)
}

fn remove_strangers(folder: &Path, known: &BTreeSet<&str>) -> Result<()> {
    let entries = match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        if !entry.file_name().to_str().is_some_and(|name| known.contains(name)) {
            remove_folder(&entry.path())?;
        }
    }
    Ok(())
}

fn left(folder: &Path) -> Result<Left> {
    match fs::read_to_string(folder.join("open")) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Left::Closed),
        Err(error) => Err(error.into()),
        Ok(mark) if mark == boot()? => Ok(Left::Killed),
        Ok(_) => Ok(Left::Stopped),
    }
}

/// Which start of the machine this is.
fn boot() -> io::Result<String> {
    fs::read_to_string("/proc/sys/kernel/random/boot_id")
}

fn lock(folder: &Path) -> Result<Flock<File>> {
    let file = File::options().create(true).append(true).open(folder.join("lock"))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock)
        .map_err(|_| Error::Busy(format!("{}: somebody else has the volume open", folder.display())))
}

fn read_meta(folder: &Path) -> Result<Meta> {
    let path = folder.join(META);
    let bytes = fs::read(&path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Error::NotFound(folder.display().to_string()),
        _ => error.into(),
    })?;
    serde_json::from_slice(&bytes).map_err(|error| Error::Corrupt(format!("{}: {error}", path.display())))
}

fn write_durably(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

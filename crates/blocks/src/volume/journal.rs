//! A volume's map on the disk: what is true of the volume, as of the last flush.
//!
//! The file is a sequence of frames, each with its length and checksum. The first is an image of all that is known; those after it say
//! what has changed, or are a new image. A frame that is torn or garbled was never acknowledged: it ends the file. When the frames after
//! the image have become many, the file is replaced by a new one.

use super::state;
use crate::{Error, Result, blocks_of, check_size};
use serde::{Deserialize, Serialize};
use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// What is known of a volume as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its size in bytes.
    pub size: u64,
    /// The snapshot whose blocks the remote ones are.
    pub source: Option<String>,
    /// The snapshot of which the clean blocks are known to be.
    pub base: Option<String>,
    /// The snapshots that are under way, in the order of their beginning.
    pub frozen: Vec<String>,
}

/// The map on the disk, and what it says.
pub struct Journal {
    path: PathBuf,
    file: File,
    /// How long the file is, and how long it was with its image alone.
    length: u64,
    image: u64,
    /// The last frame isn't whole, as on a full disk.
    torn: bool,
    /// What is known of the volume as a whole.
    pub head: Head,
    /// The state of each block.
    pub states: Vec<u8>,
}

const IMAGE: u8 = 1;
const CHANGES: u8 = 2;
/// Length and checksum.
const FRAME: usize = 8;
/// Below this the file isn't worth replacing.
const SMALL: u64 = 256 * 1024;

impl Journal {
    /// Writes a new map, in the place of one that may be there.
    pub fn create(path: &Path, head: Head, states: Vec<u8>) -> Result<Journal> {
        let (file, length) = replace(path, &head, &states)?;
        Ok(Journal { path: path.to_owned(), file, length, image: length, torn: false, head, states })
    }

    /// Reads what is there, and leaves it alone.
    pub fn read(path: &Path) -> Result<(Head, Vec<u8>)> {
        let journal = Journal::open(path)?;
        Ok((journal.head, journal.states))
    }

    /// Opens a map to go on with it.
    pub fn open(path: &Path) -> Result<Journal> {
        let bytes = fs::read(path)?;
        let mut frames = frames(&bytes).peekable();
        let first = frames.peek().copied().and_then(read_image);
        let (mut head, mut states) = first.ok_or_else(|| Error::Corrupt(format!("{}: no volume's map", path.display())))?;
        let (mut length, mut image) = (0, 0);
        for frame in frames {
            length += (FRAME + frame.len()) as u64;
            match frame.first() {
                Some(&IMAGE) => {
                    (head, states) = read_image(frame).ok_or_else(|| garbled(path))?;
                    image = (FRAME + frame.len()) as u64;
                }
                _ => read_changes(frame, &mut states).ok_or_else(|| garbled(path))?,
            }
        }
        let file = File::options().append(true).open(path)?;
        // A torn end is cut off before something follows it.
        Ok(Journal { path: path.to_owned(), file, length, image, torn: length < bytes.len() as u64, head, states })
    }

    /// Writes changes of blocks' states down. They are on the disk when this returns.
    pub fn change<'a>(&mut self, changes: impl IntoIterator<Item = (&'a u32, &'a u8)>) -> Result<()> {
        let mut payload = vec![CHANGES];
        for (index, state) in changes {
            payload.extend(index.to_le_bytes());
            payload.push(*state);
            self.states[*index as usize] = *state;
        }
        self.append(&payload)
    }

    /// Writes everything down anew, after `head` or `states` were changed at large.
    pub fn rewrite(&mut self) -> Result<()> {
        self.append(&image(&self.head, &self.states)?)
    }

    fn append(&mut self, payload: &[u8]) -> Result<()> {
        if self.length > SMALL.max(4 * self.image) {
            (self.file, self.length) = replace(&self.path, &self.head, &self.states)?;
            self.image = self.length;
            self.torn = false;
            return Ok(());
        }
        let mut frame = frame(payload);
        if self.torn {
            // What follows half a frame isn't read, and what that one said is still to be said.
            self.file.set_len(self.length)?;
            frame = self::frame(&image(&self.head, &self.states)?);
        }
        self.torn = true;
        self.file.write_all(&frame)?;
        self.file.sync_data()?;
        self.torn = false;
        self.length += frame.len() as u64;
        Ok(())
    }
}

/// Puts a map with nothing but an image in the place of what is there, and opens it to be appended to.
fn replace(path: &Path, head: &Head, states: &[u8]) -> Result<(File, u64)> {
    let image = frame(&image(head, states)?);
    let beside = path.with_extension("new");
    let mut file = File::create(&beside)?;
    file.write_all(&image)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_folder(path)?;
    Ok((File::options().append(true).open(path)?, image.len() as u64))
}

/// Waits until a file's name is on the disk.
pub fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

fn frame(payload: &[u8]) -> Vec<u8> {
    let mut frame = Vec::with_capacity(FRAME + payload.len());
    frame.extend((payload.len() as u32).to_le_bytes());
    frame.extend(crc32fast::hash(payload).to_le_bytes());
    frame.extend(payload);
    frame
}

/// The payloads of the frames up to the end or to the first that is torn.
fn frames(mut bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (head, rest) = bytes.split_at_checked(FRAME)?;
        let length = u32::from_le_bytes(head[..4].try_into().ok()?);
        let sum = u32::from_le_bytes(head[4..].try_into().ok()?);
        let (payload, rest) = rest.split_at_checked(length as usize)?;
        bytes = rest;
        (length > 0 && crc32fast::hash(payload) == sum).then_some(payload)
    })
}

fn image(head: &Head, states: &[u8]) -> Result<Vec<u8>> {
    let head = serde_json::to_vec(head).map_err(io::Error::from)?;
    let mut payload = vec![IMAGE];
    payload.extend((head.len() as u32).to_le_bytes());
    payload.extend(head);
    payload.extend(zstd::bulk::compress(states, 1)?);
    Ok(payload)
}

fn read_image(payload: &[u8]) -> Option<(Head, Vec<u8>)> {
    let (length, rest) = payload.strip_prefix(&[IMAGE])?.split_at_checked(4)?;
    let (head, states) = rest.split_at_checked(u32::from_le_bytes(length.try_into().ok()?) as usize)?;
    let head: Head = serde_json::from_slice(head).ok()?;
    let count = blocks_of(check_size(head.size).ok()?) as usize;
    let states = zstd::bulk::decompress(states, count).ok()?;
    (states.len() == count && states.iter().all(|state| state::is_valid(*state))).then_some((head, states))
}

fn read_changes(payload: &[u8], states: &mut [u8]) -> Option<()> {
    let changes = payload.strip_prefix(&[CHANGES])?.chunks(5);
    for change in changes {
        let (index, state) = (u32::from_le_bytes(change.get(..4)?.try_into().ok()?), *change.get(4)?);
        *states.get_mut(index as usize)? = Some(state).filter(|state| state::is_valid(*state))?;
    }
    Some(())
}

fn garbled(path: &Path) -> Error {
    Error::Corrupt(format!("{}: its checksums are right and what it says can't be", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::BLOCK;
    use std::collections::BTreeMap;

    fn head(blocks: usize) -> Head {
        Head { size: (blocks * BLOCK) as u64, source: Some("snap-1".into()), base: None, frozen: vec!["snap-2".into()] }
    }

    #[test]
    fn what_is_torn_was_never_there() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map");
        let mut journal = Journal::create(&path, head(8), vec![state::ZERO; 8]).unwrap();
        journal.change(&BTreeMap::from([(1, state::LOCAL | state::DIRTY), (2, state::REMOTE)])).unwrap();
        let before = fs::read(&path).unwrap();
        let first = Journal::read(&path).unwrap();
        journal.change(&BTreeMap::from([(1, state::ZERO), (7, state::LOCAL)])).unwrap();
        let after = fs::read(&path).unwrap();
        assert_eq!(Journal::read(&path).unwrap(), (journal.head.clone(), journal.states.clone()));
        for length in before.len()..after.len() {
            fs::write(&path, &after[..length]).unwrap();
            assert_eq!(Journal::read(&path).unwrap(), first);
        }
        for at in before.len()..after.len() {
            let mut bad = after.clone();
            bad[at] ^= 4;
            fs::write(&path, &bad).unwrap();
            assert_eq!(Journal::read(&path).unwrap(), first);
        }
    }

    #[test]
    fn what_could_not_be_said_is_said_with_the_next() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map");
        let mut journal = Journal::create(&path, head(8), vec![state::ZERO; 8]).unwrap();
        // A file that can only be read: nothing is written to it.
        let writable = std::mem::replace(&mut journal.file, File::open(&path).unwrap());
        journal.head.base = Some("snap-9".into());
        journal.rewrite().unwrap_err();
        journal.file = writable;
        journal.file.write_all(b"half a frame").unwrap();
        journal.change(&BTreeMap::from([(3, state::LOCAL)])).unwrap();
        let (head, states) = Journal::read(&path).unwrap();
        assert_eq!((head.base.as_deref(), states[3]), (Some("snap-9"), state::LOCAL));
        journal.change(&BTreeMap::from([(4, state::LOCAL)])).unwrap();
        assert_eq!(Journal::read(&path).unwrap(), (journal.head.clone(), journal.states.clone()));
    }

    #[test]
    fn it_stays_small() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map");
        let mut journal = Journal::create(&path, head(10_000), vec![state::ZERO; 10_000]).unwrap();
        for round in 0..100 {
            let state = if round % 2 == 0 { state::LOCAL } else { state::ZERO };
            journal.change(&(0..10_000).map(|index| (index, state)).collect::<BTreeMap<_, _>>()).unwrap();
            assert!(fs::metadata(&path).unwrap().len() <= SMALL + 60_000);
        }
        journal.head.size += BLOCK as u64;
        journal.states.push(state::LOCAL);
        journal.rewrite().unwrap();
        assert_eq!(Journal::read(&path).unwrap(), (journal.head.clone(), journal.states.clone()));
    }

    #[test]
    fn without_an_image_there_is_no_volume() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("map");
        for bytes in [&b""[..], &[0; 100], &frame(&[CHANGES, 0, 0, 0, 0, 0])] {
            fs::write(&path, bytes).unwrap();
            assert!(matches!(Journal::read(&path), Err(Error::Corrupt(_))));
        }
    }
}

//! The one way through a zip.

use crate::{
    Contents, Refused,
    path::{LONGEST_TARGET, components, leads_within},
};
use std::{
    collections::HashMap,
    fmt::Display,
    io::{self, Read, Seek},
};
use zip::{ZipArchive, read::ZipFile};

/// Where a walk brings what it finds. Paths have at least one component and lead down; what is above an entry has come before.
pub(crate) trait Destination {
    /// A folder that wasn't there.
    fn folder(&mut self, path: &str) -> io::Result<()>;
    /// A file with its permission bits, if the zip says any.
    fn file(&mut self, path: &str, mode: Option<u32>) -> io::Result<impl io::Write>;
    /// A link to somewhere within.
    fn link(&mut self, path: &str, target: &str) -> io::Result<()>;
}

/// Where nothing is kept.
pub(crate) struct Nowhere;

impl Destination for Nowhere {
    fn folder(&mut self, _: &str) -> io::Result<()> {
        Ok(())
    }
    fn file(&mut self, _: &str, _: Option<u32>) -> io::Result<impl io::Write> {
        Ok(io::sink())
    }
    fn link(&mut self, _: &str, _: &str) -> io::Result<()> {
        Ok(())
    }
}

/// Brings all that is in a zip to a destination, whose files have `most` bytes at most.
pub(crate) fn walk(zip: impl Read + Seek, most: u64, to: &mut impl Destination) -> Result<Contents, Refused> {
    let mut archive = ZipArchive::new(zip).map_err(unreadable)?;
    if archive.has_duplicate_names() {
        return Err(unreadable("two of its entries have the same name"));
    }
    let mut walk = Walk { to, kinds: HashMap::new(), most, unzipped: 0 };
    for index in 0..archive.len() {
        walk.entry(archive.by_index(index).map_err(unreadable)?)?;
    }
    Ok(Contents { entries: archive.len(), unzipped: walk.unzipped })
}

fn unreadable(why: impl Display) -> Refused {
    Refused::Unreadable(why.to_string())
}

/// What stands at a path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Folder,
    Other,
}

struct Walk<'a, D> {
    to: &'a mut D,
    kinds: HashMap<String, Kind>,
    most: u64,
    unzipped: u64,
}

impl<D: Destination> Walk<'_, D> {
    fn entry<R: Read>(&mut self, entry: ZipFile<'_, R>) -> Result<(), Refused> {
        let name = name(&entry)?;
        let parts = components(&name).ok_or_else(|| unreadable(format_args!("the name {name:?} leads elsewhere")))?;
        let mode = entry.unix_mode();
        match mode.map_or(0, |mode| mode & TYPE) {
            _ if entry.is_dir() => self.folders(&parts),
            FOLDER => self.folders(&parts),
            LINK => self.link(&parts, entry),
            0 | FILE => self.file(&parts, mode, entry),
            _ => Err(unreadable(format_args!("{name:?} is neither a file nor a folder"))),
        }
    }

    /// Sees to it that all of the path are folders.
    fn folders(&mut self, parts: &[&str]) -> Result<(), Refused> {
        for depth in 1..=parts.len() {
            let path = parts[..depth].join("/");
            match self.kinds.get(&path) {
                Some(Kind::Folder) => {}
                Some(Kind::Other) => return Err(unreadable(format_args!("{path:?} is a folder and something else"))),
                None => {
                    self.to.folder(&path).map_err(Refused::Io)?;
                    self.kinds.insert(path, Kind::Folder);
                }
            }
        }
        Ok(())
    }

    /// The path of what is no folder, below folders.
    fn place(&mut self, parts: &[&str]) -> Result<String, Refused> {
        let Some((_, above)) = parts.split_last() else { return Err(unreadable("an entry has no name")) };
        self.folders(above)?;
        let path = parts.join("/");
        match self.kinds.insert(path.clone(), Kind::Other) {
            None => Ok(path),
            Some(_) => Err(unreadable(format_args!("{path:?} is there twice"))),
        }
    }

    fn link<R: Read>(&mut self, parts: &[&str], entry: ZipFile<'_, R>) -> Result<(), Refused> {
        let mut target = String::new();
        entry.take(LONGEST_TARGET + 1).read_to_string(&mut target).map_err(unreadable)?;
        let path = self.place(parts)?;
        if target.len() as u64 > LONGEST_TARGET || !leads_within(&target, parts.len()) {
            return Err(unreadable(format_args!("the link {path:?} leads elsewhere")));
        }
        self.to.link(&path, &target).map_err(Refused::Io)
    }

    fn file<R: Read>(&mut self, parts: &[&str], mode: Option<u32>, entry: ZipFile<'_, R>) -> Result<(), Refused> {
        let path = self.place(parts)?;
        let mut file = self.to.file(&path, mode).map_err(Refused::Io)?;
        let room = self.most - self.unzipped;
        // One byte more tells a file that ends here from one that goes on.
        let copied = copy(&mut entry.take(room.saturating_add(1)), &mut file)?;
        if copied > room {
            return Err(Refused::TooLarge(self.most));
        }
        self.unzipped += copied;
        Ok(())
    }
}

/// As [`io::copy`], telling whose fault it was.
fn copy(from: &mut impl Read, to: &mut impl io::Write) -> Result<u64, Refused> {
    let (mut piece, mut copied) = (vec![0; 64 << 10], 0);
    loop {
        let read = from.read(&mut piece).map_err(unreadable)?;
        if read == 0 {
            return Ok(copied);
        }
        to.write_all(&piece[..read]).map_err(Refused::Io)?;
        copied += read as u64;
    }
}

/// Many tools write UTF-8 without saying so.
fn name<R: Read>(entry: &ZipFile<'_, R>) -> Result<String, Refused> {
    match std::str::from_utf8(entry.name_raw()) {
        Ok(name) => Ok(name.to_owned()),
        Err(_) => Ok(entry.name().map_err(unreadable)?.into_owned()),
    }
}

/// The part of a mode that says what a file is, and what it says (inode(7)).
const TYPE: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const FILE: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

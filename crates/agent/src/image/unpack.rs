//! What the entries of a layer's tar archive become on disk, in the form that an overlay mount understands.
//!
//! OCI image specification, "Image Layer Filesystem Changeset"; kernel documentation, "Overlay Filesystem", section "whiteouts and
//! opaque directories". Where a file may be put is [`super::place`]'s business.

use super::{
    ImageLimits,
    limits::refusal,
    place::{Node, Owner, Root},
};
use std::{
    cell::Cell,
    ffi::OsStr,
    io::{self, Read},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    rc::Rc,
};
use tar::{Archive, Entry, EntryType};

/// Bytes that the long names and extended headers of one entry may take; they are held in memory.
const HEADER_BYTES: u64 = 4 << 20;
const WHITEOUT: &[u8] = b".wh.";
const OPAQUE: &[u8] = b".wh..wh..opq";
const RESERVED: &[u8] = b".wh..wh.";

/// Unpacks an archive into an empty folder and writes it through to the disk.
///
/// # Errors
/// [`io::ErrorKind::InvalidData`] with a reason is the refusal of hostile or malformed content; others are the disk's.
pub fn unpack(archive: impl Read, folder: &Path, limits: &ImageLimits) -> io::Result<()> {
    let budget = Rc::new(Cell::new(u64::MAX));
    let mut archive = Archive::new(Headers { inner: archive, budget: budget.clone() });
    let mut root = Root::open(folder)?;
    let mut folders = Vec::new();
    let mut entries = archive.entries()?;
    for count in 0.. {
        // The archive reads headers here, contents below.
        budget.set(HEADER_BYTES);
        let Some(entry) = entries.next() else { break };
        budget.set(u64::MAX);
        if count >= limits.layer_entries {
            return Err(refusal(format!("it has more than {} entries", limits.layer_entries)));
        }
        place(&mut root, &mut entry?, &mut folders)?;
    }
    // Putting something into a folder changes its time, and a folder may be one that its own mode forbids to write.
    for (path, owner) in folders.into_iter().rev() {
        root.own(&path, owner, false)?;
    }
    Ok(nix::unistd::syncfs(root.folder())?)
}

fn place<R: Read>(root: &mut Root, entry: &mut Entry<'_, R>, folders: &mut Vec<(PathBuf, Owner)>) -> io::Result<()> {
    let path = entry.path()?.into_owned();
    if let Some(name) = path.file_name().map(OsStr::as_bytes).filter(|name| name.starts_with(WHITEOUT)) {
        return whiteout(root, &path, name);
    }
    let owner = owner(entry)?;
    match entry.header().entry_type() {
        EntryType::Directory => {
            root.directory(&path)?;
            attributes(root, entry, &path)?;
            folders.push((path, owner));
            return Ok(());
        }
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => {
            let mut file = root.file(&path)?;
            copy(entry, &mut file)?;
        }
        EntryType::Symlink => {
            root.symlink(&path, &target(entry, &path)?)?;
            return root.own(&path, owner, true);
        }
        // It is the file that it is linked to, which has its own owner and attributes.
        EntryType::Link => return root.hard_link(&path, &target(entry, &path)?),
        EntryType::Char => root.node(&path, device(entry, Node::Character)?)?,
        EntryType::Block => root.node(&path, device(entry, Node::Block)?)?,
        EntryType::Fifo => root.node(&path, Node::Fifo)?,
        EntryType::XGlobalHeader => return Ok(()),
        other => return Err(refusal(format!("{} is of the unknown type {:?}", path.display(), other.as_byte() as char))),
    }
    // A change of owner takes capabilities and set-id bits away: attributes come after it, as does the mode in `own`.
    root.own(&path, owner, false)?;
    attributes(root, entry, &path)
}

/// A name that begins with `.wh.` takes away what lower layers have under it.
fn whiteout(root: &mut Root, path: &Path, name: &[u8]) -> io::Result<()> {
    let parent = path.parent().unwrap_or(Path::new(""));
    if name == OPAQUE {
        return root.directory(parent).and_then(|()| root.attribute(parent, OsStr::new("trusted.overlay.opaque"), b"y"));
    }
    if name.starts_with(RESERVED) {
        return Ok(());
    }
    let hidden = OsStr::from_bytes(&name[WHITEOUT.len()..]);
    if hidden.is_empty() || hidden == "." || hidden == ".." {
        return Err(refusal(format!("{} takes away nothing that has a name", path.display())));
    }
    root.node(&parent.join(hidden), Node::Character(0, 0))
}

/// Copies a file's contents; runs of zeros as long as a buffer become holes.
fn copy<R: Read>(entry: &mut Entry<'_, R>, file: &mut std::fs::File) -> io::Result<()> {
    use std::io::{Seek, SeekFrom, Write};
    let mut buffer = vec![0; 128 << 10];
    let mut length = 0;
    loop {
        let count = match entry.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        length += count as u64;
        if count >= 64 << 10 && buffer[..count].iter().all(|byte| *byte == 0) {
            file.seek(SeekFrom::Current(count as i64))?;
        } else {
            file.write_all(&buffer[..count])?;
        }
    }
    file.set_len(length)
}

fn owner<R: Read>(entry: &Entry<'_, R>) -> io::Result<Owner> {
    let header = entry.header();
    let id = |id: u64| u32::try_from(id).map_err(|_| refusal(format!("an owner {id}")));
    Ok(Owner {
        uid: id(header.uid()?)?,
        gid: id(header.gid()?)?,
        mode: header.mode()? & 0o7777,
        mtime: header.mtime().ok().and_then(|time| i64::try_from(time).ok()).unwrap_or(0),
    })
}

fn target<R: Read>(entry: &Entry<'_, R>, path: &Path) -> io::Result<PathBuf> {
    let target = entry.link_name()?.map(|target| target.into_owned());
    target.filter(|t| !t.as_os_str().is_empty()).ok_or_else(|| refusal(format!("{} is a link to nothing", path.display())))
}

fn device<R: Read>(entry: &Entry<'_, R>, node: fn(u32, u32) -> Node) -> io::Result<Node> {
    let number = |part: Option<u32>| part.ok_or_else(|| refusal("a device without a number"));
    let header = entry.header();
    Ok(node(number(header.device_major()?)?, number(header.device_minor()?)?))
}

/// Sets the extended attributes that an image may have. `trusted.` ones steer the overlay mount itself and are not the image's.
fn attributes<R: Read>(root: &mut Root, entry: &mut Entry<'_, R>, path: &Path) -> io::Result<()> {
    let Some(extensions) = entry.pax_extensions()? else { return Ok(()) };
    for extension in extensions {
        let extension = extension?;
        let Some(name) = extension.key_bytes().strip_prefix(b"SCHILY.xattr.") else { continue };
        if name == b"security.capability" || name.starts_with(b"user.") {
            root.attribute(path, OsStr::from_bytes(name), extension.value_bytes())?;
        }
    }
    Ok(())
}

/// Bounds what is read while the archive looks for its next entry.
struct Headers<R> {
    inner: R,
    budget: Rc<Cell<u64>>,
}

impl<R: Read> Read for Headers<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let left = self.budget.get().checked_sub(count as u64).ok_or_else(|| refusal("an entry's header is too long"))?;
        self.budget.set(left);
        Ok(count)
    }
}

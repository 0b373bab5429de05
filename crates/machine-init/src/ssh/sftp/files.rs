//! The file system behind the protocol: what each question does.

use super::{attributes::Attributes, listing::Names};
use crate::accounts::Accounts;
use nix::{
    fcntl::{AT_FDCWD, RenameFlags, renameat2},
    sys::{
        stat::{UtimensatFlags, futimens, utimensat},
        time::TimeSpec,
    },
};
use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions, Permissions, ReadDir},
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, FileExt, OpenOptionsExt, PermissionsExt, chown, fchown, symlink},
    },
    path::{Path, PathBuf},
};

/// What a client may hold open at once.
pub const HANDLES: usize = 512;

/// Names in one answer.
const ENTRIES: usize = 100;

/// Bytes in one answer.
const DATA: u32 = (256 << 10) - 1024;

/// Flags of an open (section 6.3 of the draft).
mod flag {
    pub const READ: u32 = 1;
    pub const WRITE: u32 = 2;
    pub const APPEND: u32 = 4;
    pub const CREATE: u32 = 8;
    pub const TRUNCATE: u32 = 16;
    pub const EXCLUSIVE: u32 = 32;
}

/// Why something isn't done (section 7).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// `SSH_FX_…`.
    pub code: u32,
    /// For people.
    pub words: String,
}

impl Refusal {
    /// A question that isn't known.
    pub fn unsupported() -> Self {
        Refusal { code: 8, words: "Operation unsupported".into() }
    }

    fn end() -> Self {
        Refusal { code: 1, words: "End of file".into() }
    }

    fn no_handle() -> Self {
        Refusal { code: 4, words: "There is no such handle".into() }
    }
}

impl From<io::Error> for Refusal {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Refusal { code: 2, words: "No such file".into() },
            io::ErrorKind::PermissionDenied => Refusal { code: 3, words: "Permission denied".into() },
            _ => Refusal { code: 4, words: error.to_string() },
        }
    }
}

type Done<T = ()> = Result<T, Refusal>;

/// A file's name, its line in a listing, and what there is to say of it.
pub struct Entry {
    /// Without its folder.
    pub name: Vec<u8>,
    /// As `ls -l` writes it.
    pub line: Vec<u8>,
    /// The rest.
    pub attributes: Attributes,
}

enum Open {
    File { file: File, append: bool },
    Folder { path: PathBuf, special: Vec<&'static str>, rest: ReadDir },
}

/// What is open.
pub struct Files {
    accounts: Accounts,
    names: Option<Names>,
    open: BTreeMap<u32, Open>,
    next: u32,
}

impl Files {
    /// Nothing is open yet.
    pub fn new(accounts: Accounts) -> Self {
        Files { accounts, names: None, open: BTreeMap::new(), next: 0 }
    }

    fn keep(&mut self, open: Open) -> Done<String> {
        if self.open.len() >= HANDLES {
            return Err(Refusal { code: 4, words: "Too many files are open".into() });
        }
        let handle = self.next;
        self.next = self.next.wrapping_add(1);
        self.open.insert(handle, open);
        Ok(handle.to_string())
    }

    fn file(&self, handle: &[u8]) -> Done<(&File, bool)> {
        match self.open.get(&number(handle)?) {
            Some(Open::File { file, append }) => Ok((file, *append)),
            _ => Err(Refusal::no_handle()),
        }
    }

    /// Opens a file.
    pub fn open(&mut self, path: &Path, flags: u32, wish: &Attributes) -> Done<String> {
        let has = |flag: u32| flags & flag != 0;
        let mut options = OpenOptions::new();
        let write = has(flag::WRITE) || has(flag::APPEND);
        options.read(has(flag::READ) || !write).write(has(flag::WRITE)).append(has(flag::APPEND));
        if write {
            options.create(has(flag::CREATE)).create_new(has(flag::CREATE) && has(flag::EXCLUSIVE));
            options.truncate(has(flag::TRUNCATE) && !has(flag::APPEND));
        }
        let file = options.mode(wish.mode.unwrap_or(0o666) & 0o777).open(path)?;
        if has(flag::TRUNCATE) && has(flag::APPEND) {
            file.set_len(0)?;
        }
        self.keep(Open::File { file, append: has(flag::APPEND) })
    }

    /// Lets go of a file or folder.
    pub fn close(&mut self, handle: &[u8]) -> Done {
        self.open.remove(&number(handle)?).map(drop).ok_or_else(Refusal::no_handle)
    }

    /// Reads from a place.
    pub fn read(&self, handle: &[u8], at: u64, length: u32) -> Done<Vec<u8>> {
        let (file, _) = self.file(handle)?;
        let mut data = vec![0; length.min(DATA) as usize];
        let count = file.read_at(&mut data, at)?;
        data.truncate(count);
        if count == 0 && length > 0 { Err(Refusal::end()) } else { Ok(data) }
    }

    /// Writes at a place, or at the end of a file that is open for that.
    pub fn write(&self, handle: &[u8], at: u64, data: &[u8]) -> Done {
        let (mut file, append) = self.file(handle)?;
        match append {
            true => io::Write::write_all(&mut file, data)?,
            false => file.write_all_at(data, at)?,
        }
        Ok(())
    }

    /// What a path leads to.
    pub fn stat(&self, path: &Path) -> Done<Attributes> {
        Ok(Attributes::of(&path.metadata()?))
    }

    /// The same of a link itself.
    pub fn lstat(&self, path: &Path) -> Done<Attributes> {
        Ok(Attributes::of(&path.symlink_metadata()?))
    }

    /// The same of an open file.
    pub fn fstat(&self, handle: &[u8]) -> Done<Attributes> {
        Ok(Attributes::of(&self.file(handle)?.0.metadata()?))
    }

    /// Changes what is said.
    pub fn set(&self, path: &Path, wish: &Attributes) -> Done {
        if let Some(size) = wish.size {
            OpenOptions::new().write(true).open(path)?.set_len(size)?;
        }
        if let Some(mode) = wish.mode {
            fs::set_permissions(path, Permissions::from_mode(mode & 0o7777))?;
        }
        if let Some((access, change)) = wish.times {
            utimensat(AT_FDCWD, path, &time(access), &time(change), UtimensatFlags::FollowSymlink).map_err(io::Error::from)?;
        }
        if let Some((user, group)) = wish.owner {
            chown(path, Some(user), Some(group))?;
        }
        Ok(())
    }

    /// The same for an open file.
    pub fn fset(&self, handle: &[u8], wish: &Attributes) -> Done {
        let (file, _) = self.file(handle)?;
        if let Some(size) = wish.size {
            file.set_len(size)?;
        }
        if let Some(mode) = wish.mode {
            file.set_permissions(Permissions::from_mode(mode & 0o7777))?;
        }
        if let Some((access, change)) = wish.times {
            futimens(file, &time(access), &time(change)).map_err(io::Error::from)?;
        }
        if let Some((user, group)) = wish.owner {
            fchown(file, Some(user), Some(group))?;
        }
        Ok(())
    }

    /// Opens a folder to be listed.
    pub fn open_folder(&mut self, path: &Path) -> Done<String> {
        let rest = fs::read_dir(path)?;
        self.keep(Open::Folder { path: path.to_owned(), special: vec!["..", "."], rest })
    }

    /// The next names; refused with the end when there are none.
    pub fn read_folder(&mut self, handle: &[u8]) -> Done<Vec<Entry>> {
        let names = self.names.get_or_insert_with(|| Names::of(&self.accounts));
        let Some(Open::Folder { path, special, rest }) = self.open.get_mut(&number(handle)?) else {
            return Err(Refusal::no_handle());
        };
        let mut entries = Vec::new();
        while entries.len() < ENTRIES {
            let name = match special.pop() {
                Some(name) => name.into(),
                None => match rest.next() {
                    None => break,
                    Some(entry) => entry?.file_name(),
                },
            };
            // One that is gone by now is no entry any more.
            let Ok(found) = path.join(&name).symlink_metadata() else { continue };
            let line = names.line(name.as_bytes(), &found);
            entries.push(Entry { name: name.as_bytes().to_vec(), line, attributes: Attributes::of(&found) });
        }
        if entries.is_empty() { Err(Refusal::end()) } else { Ok(entries) }
    }

    /// Removes a file.
    pub fn remove(&self, path: &Path) -> Done {
        Ok(fs::remove_file(path)?)
    }

    /// Makes a folder.
    pub fn make_folder(&self, path: &Path, wish: &Attributes) -> Done {
        Ok(DirBuilder::new().mode(wish.mode.unwrap_or(0o777) & 0o777).create(path)?)
    }

    /// Removes an empty folder.
    pub fn remove_folder(&self, path: &Path) -> Done {
        Ok(fs::remove_dir(path)?)
    }

    /// The absolute path without links. The last part need not be there.
    pub fn real_path(&self, path: &Path) -> Done<Vec<u8>> {
        let real = match (path.canonicalize(), path.parent(), path.file_name()) {
            (Err(error), Some(parent), Some(name)) if error.kind() == io::ErrorKind::NotFound => {
                let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
                parent.canonicalize()?.join(name)
            }
            (found, ..) => found?,
        };
        Ok(real.as_os_str().as_bytes().to_vec())
    }

    /// Gives a file another name, over another file only if that is asked for.
    pub fn rename(&self, from: &Path, to: &Path, replace: bool) -> Done {
        let flags = if replace { RenameFlags::empty() } else { RenameFlags::RENAME_NOREPLACE };
        Ok(renameat2(AT_FDCWD, from, AT_FDCWD, to, flags).map_err(io::Error::from)?)
    }

    /// Where a link leads.
    pub fn read_link(&self, path: &Path) -> Done<Vec<u8>> {
        Ok(fs::read_link(path)?.as_os_str().as_bytes().to_vec())
    }

    /// Makes a link.
    pub fn link(&self, target: &Path, path: &Path) -> Done {
        Ok(symlink(target, path)?)
    }

    /// Gives a file a second name.
    pub fn hard_link(&self, from: &Path, to: &Path) -> Done {
        Ok(fs::hard_link(from, to)?)
    }

    /// Has a file written to its disk.
    pub fn sync(&self, handle: &[u8]) -> Done {
        Ok(self.file(handle)?.0.sync_all()?)
    }
}

fn number(handle: &[u8]) -> Done<u32> {
    std::str::from_utf8(handle).ok().and_then(|text| text.parse().ok()).ok_or_else(Refusal::no_handle)
}

fn time(seconds: u32) -> TimeSpec {
    TimeSpec::new(seconds.into(), 0)
}

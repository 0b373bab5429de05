//! The machine's users and groups: `/etc/passwd`, `/etc/group` and `/etc/shadow`, read and edited as text.
//!
//! Neither the C library's look-ups nor the image's own tools are used: both may be missing, or of another C library.

mod files;

pub use files::{Group, User, groups, users};

use std::{
    fs, io,
    os::unix::fs::{OpenOptionsExt, chown},
    path::{Path, PathBuf},
};

/// The accounts of a root file system.
pub struct Accounts {
    root: PathBuf,
}

/// What a new account is to be like, beside its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewUser {
    /// What it is for.
    pub comment: String,
    /// Its shell; the best there is if it isn't said.
    pub shell: Option<String>,
    /// Its home; `/home/<name>` if it isn't said.
    pub home: Option<String>,
    /// Its number; the first free one from 1000 if it isn't said.
    pub uid: Option<u32>,
    /// Groups that it is in beside its own. Those that don't exist are made.
    pub groups: Vec<String>,
}

impl Accounts {
    /// Those of the machine that this process is in.
    pub fn here() -> Self {
        Self::of(Path::new("/"))
    }

    /// Those of the file system below `root`.
    pub fn of(root: &Path) -> Self {
        Accounts { root: root.to_owned() }
    }

    /// The account of a name.
    pub fn user(&self, name: &str) -> io::Result<Option<User>> {
        Ok(files::users(&self.read("passwd")?).find(|user| user.name == name))
    }

    /// All accounts.
    pub fn users(&self) -> io::Result<Vec<User>> {
        Ok(files::users(&self.read("passwd")?).collect())
    }

    /// All groups.
    pub fn groups(&self) -> io::Result<Vec<Group>> {
        Ok(files::groups(&self.read("group")?).collect())
    }

    /// The group of a name.
    pub fn group(&self, name: &str) -> io::Result<Option<Group>> {
        Ok(files::groups(&self.read("group")?).find(|group| group.name == name))
    }

    /// The numbers of all groups that a user is in, its own first.
    pub fn groups_of(&self, user: &User) -> io::Result<Vec<u32>> {
        let text = self.read("group")?;
        let others = files::groups(&text).filter(|group| group.gid != user.gid && group.members.contains(&user.name));
        Ok(std::iter::once(user.gid).chain(others.map(|group| group.gid)).collect())
    }

    /// Makes an account that can't be entered by a password, with a home made of `/etc/skel`. One that exists already is only put into the groups.
    pub fn add(&self, name: &str, new: &NewUser) -> io::Result<User> {
        if !files::is_name(name) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{name:?} is no name for a user")));
        }
        let user = match self.user(name)? {
            Some(user) => user,
            None => self.make(name, new)?,
        };
        for group in &new.groups {
            self.edit("group", 0o644, |text| files::with_member(text, group, name))?;
        }
        Ok(user)
    }

    fn make(&self, name: &str, new: &NewUser) -> io::Result<User> {
        let passwd = self.read("passwd")?;
        let number = new.uid.unwrap_or_else(|| files::free_number(&passwd));
        let group = self.read("group")?;
        // A group of the user's own, with its number where that is free, as `useradd` does it.
        let taken = files::groups(&group).any(|it| it.gid == number);
        let gid = if taken { files::free_number(&group) } else { number };
        let home = new.home.clone().unwrap_or_else(|| format!("/home/{name}"));
        let shell = new.shell.clone().unwrap_or_else(|| self.best_shell());
        let user = User { name: name.into(), uid: number, gid, comment: new.comment.clone(), home, shell };
        self.edit("group", 0o644, |text| files::with_group(text, &Group { name: name.into(), gid, members: Vec::new() }))?;
        self.edit("passwd", 0o644, |text| files::with_user(text, &user))?;
        self.edit("shadow", 0o640, |text| files::with_locked_password(text, name))?;
        self.make_home(&user)?;
        Ok(user)
    }

    fn best_shell(&self) -> String {
        let found = ["/bin/bash", "/bin/ash"].into_iter().find(|shell| self.inside(shell).symlink_metadata().is_ok());
        found.unwrap_or("/bin/sh").to_owned()
    }

    fn make_home(&self, user: &User) -> io::Result<()> {
        let home = self.inside(&user.home);
        if home.symlink_metadata().is_ok() {
            return Ok(());
        }
        fs::create_dir_all(&home)?;
        fs::set_permissions(&home, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        for entry in fs::read_dir(self.inside("/etc/skel")).into_iter().flatten() {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                fs::copy(entry.path(), home.join(entry.file_name()))?;
                chown(home.join(entry.file_name()), Some(user.uid), Some(user.gid))?;
            }
        }
        chown(&home, Some(user.uid), Some(user.gid))
    }

    fn inside(&self, path: &str) -> PathBuf {
        self.root.join(path.trim_start_matches('/'))
    }

    fn read(&self, file: &str) -> io::Result<String> {
        match fs::read(self.inside("/etc").join(file)) {
            Ok(bytes) => Ok(String::from_utf8_lossy(&bytes).into_owned()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            Err(error) => Err(error),
        }
    }

    /// Replaces a file by what `change` makes of it, in one step.
    fn edit(&self, file: &str, mode: u32, change: impl FnOnce(&str) -> String) -> io::Result<()> {
        let old = self.read(file)?;
        let new = change(&old);
        if new == old {
            return Ok(());
        }
        let path = self.inside("/etc").join(file);
        let beside = path.with_extension("hillfog");
        let _ = fs::remove_file(&beside);
        let mut options = fs::OpenOptions::new();
        io::Write::write_all(&mut options.write(true).create_new(true).mode(mode).open(&beside)?, new.as_bytes())?;
        if let Ok(was) = fs::metadata(&path) {
            chown(&beside, Some(std::os::unix::fs::MetadataExt::uid(&was)), Some(std::os::unix::fs::MetadataExt::gid(&was)))?;
            fs::set_permissions(&beside, was.permissions())?;
        }
        fs::rename(beside, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_is_made_once() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir_all(root.path().join("etc/skel")).unwrap();
        fs::write(root.path().join("etc/skel/.profile"), "# hello\n").unwrap();
        fs::write(root.path().join("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n").unwrap();
        fs::write(root.path().join("etc/group"), "root:x:0:\nadm:x:4:\n").unwrap();
        let accounts = Accounts::of(root.path());
        let new = NewUser {
            groups: vec!["adm".into(), "wheel".into()],
            uid: Some(nix::unistd::getuid().as_raw()),
            ..Default::default()
        };
        if new.uid != Some(0) {
            return; // only root may give files away
        }
        let new = NewUser { uid: None, ..new };
        let user = accounts.add("ada", &new).unwrap();
        assert_eq!((user.uid, user.gid, user.home.as_str(), user.shell.as_str()), (1000, 1000, "/home/ada", "/bin/sh"));
        assert_eq!(accounts.add("ada", &new).unwrap(), user);
        assert_eq!(accounts.groups_of(&user).unwrap(), [1000, 4, 1001]);
        assert!(root.path().join("home/ada/.profile").exists());
        let shadow = fs::read_to_string(root.path().join("etc/shadow")).unwrap();
        assert_eq!(shadow.matches("ada:!:").count(), 1);
        assert!(accounts.add("a:b", &new).is_err());
    }
}

//! The line of a file in a listing, as `ls -l` writes it: clients print it as it comes.

use crate::accounts::Accounts;
use jiff::Timestamp;
use std::{collections::BTreeMap, fs::Metadata, os::unix::fs::MetadataExt};

/// Names of users and groups, read once.
pub struct Names {
    users: BTreeMap<u32, String>,
    groups: BTreeMap<u32, String>,
}

impl Names {
    /// The machine's.
    pub fn of(accounts: &Accounts) -> Self {
        let users = accounts.users().unwrap_or_default().into_iter().map(|user| (user.uid, user.name)).collect();
        let groups = accounts.groups().unwrap_or_default().into_iter().map(|group| (group.gid, group.name)).collect();
        Names { users, groups }
    }

    /// One line.
    pub fn line(&self, name: &[u8], found: &Metadata) -> Vec<u8> {
        let of = |names: &BTreeMap<u32, String>, number: u32| names.get(&number).cloned().unwrap_or_else(|| number.to_string());
        let (user, group) = (of(&self.users, found.uid()), of(&self.groups, found.gid()));
        let when = Timestamp::from_second(found.mtime()).unwrap_or_default().strftime("%b %e %Y %H:%M").to_string();
        let (mode, links, size) = (letters(found.mode()), found.nlink(), found.len());
        let mut line = format!("{mode} {links:>4} {user:<8} {group:<8} {size:>8} {when} ").into_bytes();
        line.extend_from_slice(name);
        line
    }
}

fn letters(mode: u32) -> String {
    let kind = match mode & libc::S_IFMT {
        libc::S_IFDIR => 'd',
        libc::S_IFLNK => 'l',
        libc::S_IFCHR => 'c',
        libc::S_IFBLK => 'b',
        libc::S_IFIFO => 'p',
        libc::S_IFSOCK => 's',
        _ => '-',
    };
    let bit = |bit: u32, letter: char| if mode & bit != 0 { letter } else { '-' };
    let last = |special: u32, execute: u32, letter: char| match (mode & special != 0, mode & execute != 0) {
        (true, true) => letter,
        (true, false) => letter.to_ascii_uppercase(),
        (false, true) => 'x',
        (false, false) => '-',
    };
    [
        kind,
        bit(0o400, 'r'),
        bit(0o200, 'w'),
        last(0o4000, 0o100, 's'),
        bit(0o040, 'r'),
        bit(0o020, 'w'),
        last(0o2000, 0o010, 's'),
        bit(0o004, 'r'),
        bit(0o002, 'w'),
        last(0o1000, 0o001, 't'),
    ]
    .iter()
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_read_as_everywhere() {
        assert_eq!(letters(0o100_644), "-rw-r--r--");
        assert_eq!(letters(0o041_777), "drwxrwxrwt");
        assert_eq!(letters(0o104_755), "-rwsr-xr-x");
        assert_eq!(letters(0o102_644), "-rw-r-Sr--");
    }
}

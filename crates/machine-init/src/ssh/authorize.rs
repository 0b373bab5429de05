//! Whether a key lets somebody in as a user: by the user's own list, or because EC2 Instance Connect has pushed it a moment ago.

use super::keys::{self, Grant};
use crate::{
    accounts::{Accounts, User},
    boot::imds::Imds,
};
use russh::keys::PublicKey;
use std::{
    fs::OpenOptions,
    io::{self, Read},
    net::IpAddr,
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::Path,
};

/// The longest list that is read.
const LONGEST: u64 = 1 << 20;

/// The user and what the key allows; `None` for one who is to stay outside. Waits for files and the metadata service, so it has no place in an event loop.
pub fn authorize(name: &str, key: &PublicKey, peer: IpAddr) -> Option<(User, Grant)> {
    let user = Accounts::here().user(name).ok()??;
    let own = own_keys(&user).ok().and_then(|text| keys::find(&text, key, peer));
    let grant = own.or_else(|| keys::find(&pushed_keys(name).ok()??, key, peer))?;
    Some((user, grant))
}

/// The user's list. Nobody else may have been able to write it (`StrictModes` of `sshd_config(5)`).
fn own_keys(user: &User) -> io::Result<String> {
    let home = Path::new(&user.home);
    let folder = home.join(".ssh");
    for path in [home, &folder] {
        is_safe(&path.metadata()?, user)?;
    }
    // A pipe in its place must not be waited for.
    let file = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(folder.join("authorized_keys"))?;
    let found = file.metadata()?;
    is_safe(&found, user)?;
    if !found.is_file() {
        return Err(io::Error::other("authorized_keys is no file"));
    }
    let mut bytes = Vec::new();
    file.take(LONGEST).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn is_safe(found: &std::fs::Metadata, user: &User) -> io::Result<()> {
    let owned = found.uid() == 0 || found.uid() == user.uid;
    match owned && found.mode() & 0o022 == 0 {
        true => Ok(()),
        false => Err(io::Error::other("others could have written the list of keys")),
    }
}

/// Keys that were pushed for the user and are still good: lines of keys, between a head of comments and a signature, which are no keys.
fn pushed_keys(name: &str) -> io::Result<Option<String>> {
    if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)) {
        return Ok(None);
    }
    Imds::connect()?.text(&format!("meta-data/managed-ssh-keys/active-keys/{name}/"))
}

//! What is taken from the host's `/etc`: programs of its `/usr` would miss it. No secrets, no settings of the host's own services.

use super::{Error, tree::Tree};
use std::{
    ffi::OsStr,
    fs,
    os::unix::{ffi::OsStrExt, fs::PermissionsExt},
    path::Path,
};

/// Files and folders of `/etc`, with all that is in them.
const TAKEN: &[&str] = &[
    // the loader's view of /usr/lib
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    // /usr/bin is full of links into it
    "alternatives",
    // certificates, and what says which of them count
    "ssl/certs",
    "ssl/openssl.cnf",
    "ssl/cert.pem",
    "ca-certificates.conf",
    "ca-certificates",
    "pki/tls",
    "pki/ca-trust",
    "crypto-policies",
    // names of services, types, terminals
    "services",
    "protocols",
    "rpc",
    "ethertypes",
    "mime.types",
    "magic",
    "terminfo",
    "gai.conf",
    "host.conf",
    "iproute2",
    // what sudo and su ask
    "pam.d",
    "pam.conf",
    "authselect",
    "security",
    "login.defs",
    // programs that stop without their settings
    "perl",
    "python3",
    "vim",
    "inputrc",
    "bash_completion.d",
    "mke2fs.conf",
    "xattr.conf",
    "locale.alias",
    "debian_version",
    "redhat-release",
];

/// Names of `/etc` that begin so, too.
const TAKEN_BY_PREFIX: &[&str] = &["python3.", "java-"];

/// A larger file is none of a kind that is needed.
const LARGEST: u64 = 4 << 20;

/// Manual pages are linked from `/etc/alternatives` by the hundred, and that is all they are there for.
const PASSED_OVER: &[&str] = &["/man/man", "/man1/", "/man8/"];

/// Copies it from the host whose root is at `host`.
pub fn copy(tree: &Tree, host: &Path) -> Result<(), Error> {
    let etc = host.join("etc");
    let mut names: Vec<String> = TAKEN.iter().map(|name| (*name).to_owned()).collect();
    for entry in fs::read_dir(&etc).map_err(Error::at(&etc))? {
        let name = entry.map_err(Error::at(&etc))?.file_name().to_string_lossy().into_owned();
        if TAKEN_BY_PREFIX.iter().any(|prefix| name.starts_with(prefix)) {
            names.push(name);
        }
    }
    names.sort();
    names.iter().try_for_each(|name| copy_entry(tree, &etc, name))
}

fn copy_entry(tree: &Tree, etc: &Path, name: &str) -> Result<(), Error> {
    let from = etc.join(name);
    let to = format!("etc/{name}");
    let Ok(found) = from.symlink_metadata() else { return Ok(()) };
    if found.is_symlink() {
        return copy_link(tree, &from, &to);
    }
    if found.is_dir() {
        tree.folder(&to, 0o755)?;
        return children(&from)?.iter().try_for_each(|child| copy_entry(tree, etc, &format!("{name}/{child}")));
    }
    // What only root may read on the host is no business of a machine's.
    let mode = found.permissions().mode();
    if !found.is_file() || found.len() > LARGEST || mode & 0o004 == 0 {
        return Ok(());
    }
    tree.file(&to, mode & 0o755, fs::read(&from).map_err(Error::at(&from))?)
}

fn copy_link(tree: &Tree, from: &Path, to: &str) -> Result<(), Error> {
    let target = fs::read_link(from).map_err(Error::at(from))?;
    match target.to_str().is_some_and(|target| PASSED_OVER.iter().any(|part| target.contains(part))) {
        true => Ok(()),
        false => tree.link(to, target),
    }
}

/// Names in a folder, sorted: the order in which files are made is the order in which the file system holds them. One that isn't UTF-8 is left out.
fn children(folder: &Path) -> Result<Vec<String>, Error> {
    let entries = fs::read_dir(folder).map_err(Error::at(folder))?;
    let names = entries.map(|entry| Ok(entry.map_err(Error::at(folder))?.file_name()));
    let mut names: Vec<String> = names.collect::<Result<Vec<_>, _>>()?.iter().filter_map(|name| plain(name)).collect();
    names.sort();
    Ok(names)
}

fn plain(name: &OsStr) -> Option<String> {
    std::str::from_utf8(name.as_bytes()).ok().map(str::to_owned)
}

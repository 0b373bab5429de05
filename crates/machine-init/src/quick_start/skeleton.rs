//! What the root volume of a quick start holds.

use super::{Error, accounts, host, texts, tree::Tree};
use crate::layout;
use nix::unistd::geteuid;
use std::{fs, path::Path};

/// Folders of root's, and their modes.
const FOLDERS: &[(&str, u32)] = &[
    ("boot", 0o755),
    ("dev", 0o755),
    ("etc", 0o755),
    ("home", 0o755),
    ("media", 0o755),
    ("mnt", 0o755),
    ("opt", 0o755),
    ("proc", 0o555),
    ("root", 0o700),
    ("run", 0o755),
    ("srv", 0o755),
    ("sys", 0o555),
    ("tmp", 0o1777),
    ("usr", 0o755),
    ("usr/local/bin", 0o755),
    ("usr/local/sbin", 0o755),
    ("var/cache", 0o755),
    ("var/lib", 0o755),
    ("var/log", 0o755),
    ("var/mail", 0o755),
    ("var/opt", 0o755),
    ("var/spool", 0o755),
    ("var/tmp", 0o1777),
    ("etc/profile.d", 0o755),
    ("etc/ssh", 0o755),
    (".hillfog", 0o700),
    (layout::OVERLAY_WORK, 0o700),
];

/// Files of root's.
const FILES: &[(&str, u32, &str)] = &[
    (layout::QUICK_START, 0o644, "The host's /usr is laid over this volume's, which holds what was changed.\n"),
    ("etc/bash.bashrc", 0o644, texts::BASHRC),
    ("etc/environment", 0o644, ""),
    ("etc/fstab", 0o644, texts::FSTAB),
    ("etc/hosts", 0o644, texts::HOSTS),
    ("etc/issue", 0o644, "Hillfog quick start \\n \\l\n\n"),
    ("etc/machine-id", 0o444, ""),
    ("etc/motd", 0o644, texts::MOTD),
    ("etc/nsswitch.conf", 0o644, texts::NSSWITCH),
    ("etc/resolv.conf", 0o644, ""),
    ("etc/shells", 0o644, "/bin/sh\n/bin/bash\n"),
    ("etc/timezone", 0o644, "Etc/UTC\n"),
    ("var/log/lastlog", 0o644, ""),
];

/// Links that each file system of this kind has.
const LINKS: &[(&str, &str)] = &[
    ("etc/bashrc", "bash.bashrc"),
    ("etc/localtime", "/usr/share/zoneinfo/Etc/UTC"),
    ("etc/mtab", "../proc/self/mounts"),
    ("var/lock", "/run/lock"),
    ("var/run", "/run"),
];

/// Links into `/usr` where the host has them.
const MERGED: &[&str] = &["bin", "sbin", "lib", "lib64", "lib32", "libx32"];

/// Makes the folder `folder`, which must not exist, into the root of a machine whose `/usr` will be that of the host whose root is `host`. Needs root.
pub fn write_skeleton(folder: &Path, host: &Path) -> Result<(), Error> {
    if !geteuid().is_root() {
        return Err(Error::NotRoot);
    }
    let merged = merged(host)?;
    let tree = Tree::new(folder)?;
    for (path, mode) in FOLDERS {
        tree.folder(path, *mode)?;
    }
    host::copy(&tree, host)?;
    for (path, mode, text) in FILES {
        tree.file(path, *mode, text)?;
    }
    tree.file("etc/profile", 0o644, texts::profile())?;
    tree.file("etc/os-release", 0o644, texts::os_release(&read(host, "etc/os-release")))?;
    LINKS.iter().try_for_each(|(path, target)| tree.link(path, target))?;
    merged.iter().try_for_each(|(name, target)| tree.link(name, target))?;
    write_people(&tree, host)?;
    tree.folder("etc/sudoers.d", 0o750)?;
    tree.file("etc/sudoers", 0o440, texts::sudoers())?;
    tree.seal().map(drop)
}

fn write_people(tree: &Tree, host: &Path) -> Result<(), Error> {
    let files = accounts::files(&read(host, "etc/passwd"), &read(host, "etc/group"));
    tree.file("etc/passwd", 0o644, files.passwd)?;
    tree.file("etc/group", 0o644, files.group)?;
    tree.file("etc/shadow", 0o600, files.shadow)?;
    tree.folder("home/ec2-user", 0o700)?;
    for (name, text) in [(".bash_profile", texts::BASH_PROFILE), (".bashrc", texts::USER_BASHRC)] {
        for home in ["etc/skel", "root", "home/ec2-user"] {
            tree.file(&format!("{home}/{name}"), 0o644, text)?;
        }
        tree.settle(&format!("home/ec2-user/{name}"), 0o644, accounts::NUMBER, accounts::NUMBER)?;
    }
    tree.settle("home/ec2-user", 0o700, accounts::NUMBER, accounts::NUMBER)
}

/// The host's links into `/usr`; an error if it keeps programs somewhere else.
fn merged(host: &Path) -> Result<Vec<(&'static str, std::path::PathBuf)>, Error> {
    let mut links = Vec::new();
    for name in MERGED {
        let path = host.join(name);
        let Ok(found) = path.symlink_metadata() else { continue };
        let target = fs::read_link(&path).ok().filter(|target| found.is_symlink() && leads_to_usr(target));
        links.push((*name, target.ok_or(Error::NotMerged(path))?));
    }
    match links.iter().any(|(name, _)| *name == "bin") && host.join("usr/bin/sh").exists() {
        true => Ok(links),
        false => Err(Error::NotMerged(host.join("bin"))),
    }
}

fn leads_to_usr(target: &Path) -> bool {
    target.strip_prefix("/").unwrap_or(target).starts_with("usr")
}

fn read(host: &Path, path: &str) -> String {
    fs::read(host.join(path)).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    #[test]
    fn a_host_without_merged_usr_is_refused() {
        let host = tempfile::tempdir().unwrap();
        fs::create_dir_all(host.path().join("usr/bin")).unwrap();
        fs::write(host.path().join("usr/bin/sh"), "").unwrap();
        assert!(matches!(merged(host.path()), Err(Error::NotMerged(_))));
        fs::create_dir(host.path().join("bin")).unwrap();
        assert!(matches!(merged(host.path()), Err(Error::NotMerged(_))));
        fs::remove_dir(host.path().join("bin")).unwrap();
        symlink("usr/bin", host.path().join("bin")).unwrap();
        assert_eq!(merged(host.path()).unwrap(), [("bin", "usr/bin".into())]);
    }

    #[test]
    fn the_skeleton_is_whole_and_holds_no_secret() {
        if !geteuid().is_root() {
            return eprintln!("SKIPPED: only root can make a skeleton");
        }
        let host = tempfile::tempdir().unwrap();
        let at = |path: &str| host.path().join(path);
        for folder in ["usr/bin", "etc/alternatives", "etc/ssl/certs", "etc/ssl/private", "etc/pam.d"] {
            fs::create_dir_all(at(folder)).unwrap();
        }
        for (path, text) in
            [("usr/bin/sh", ""), ("usr/bin/sudo", ""), ("etc/ssl/private/key.pem", "secret"), ("etc/pam.d/sudo", "x")]
        {
            fs::write(at(path), text).unwrap();
        }
        fs::write(at("etc/pam.d/hidden"), "secret").unwrap();
        fs::set_permissions(at("etc/pam.d/hidden"), std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
        symlink("usr/bin", at("bin")).unwrap();
        symlink("/usr/bin/vim.tiny", at("etc/alternatives/vi")).unwrap();
        symlink("/usr/share/man/man1/vim.1.gz", at("etc/alternatives/vi.1.gz")).unwrap();
        let work = tempfile::tempdir().unwrap();
        let root = work.path().join("root");
        write_skeleton(&root, host.path()).unwrap();
        assert_eq!(layout::Start::of(&root), layout::Start::QuickStart);
        assert_eq!(fs::read_link(root.join("etc/alternatives/vi")).unwrap(), Path::new("/usr/bin/vim.tiny"));
        assert!(root.join("etc/alternatives/vi.1.gz").symlink_metadata().is_err());
        assert!(!root.join("etc/ssl/private").exists() && !root.join("etc/pam.d/hidden").exists());
        let home = fs::metadata(root.join("home/ec2-user")).unwrap();
        assert_eq!((home.uid(), home.mode() & 0o7777), (1000, 0o700));
        assert_eq!(fs::metadata(root.join("etc/sudoers")).unwrap().mode() & 0o7777, 0o440);
        assert!(write_skeleton(&root, host.path()).is_err(), "it is there already");
    }
}

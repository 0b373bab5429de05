//! An environment's `/tmp`: a file system of its own, of the size that it was asked for, in a sparse file that has no name any more. So what
//! is written there takes memory only as cache, which the kernel takes back, and a function that fills it fills nothing else. The loop
//! device and the file end with the mount.

use nix::{
    errno::Errno,
    mount::{MsFlags, mount},
    unistd::{Whence, lseek64},
};
use std::{
    fs::{self, File, Permissions},
    io,
    os::unix::fs::{FileExt, PermissionsExt},
    path::Path,
    process::{Command, Stdio},
};

/// Makes an empty file system that environments begin with copies of. `false`: the host has no program that makes any.
pub fn make_template(path: &Path, mib: u32) -> io::Result<bool> {
    let new = path.with_extension("new");
    File::create(&new)?.set_len(u64::from(mib) << 20)?;
    // No journal: nobody sees it after a crash. Tables are written when they are used, so that the copy is small.
    let options =
        "-q -F -t ext4 -m 0 -O ^has_journal,^resize_inode,sparse_super2 -E lazy_itable_init=1,num_backup_sb=0,nodiscard";
    let path_variable = std::env::var("PATH").unwrap_or_default() + ":/usr/local/sbin:/usr/sbin:/sbin";
    let mut command = Command::new("mke2fs");
    command.args(options.split(' ')).arg(&new).env("PATH", path_variable).stdin(Stdio::null()).stdout(Stdio::null());
    match command.output() {
        Ok(output) if output.status.success() => fs::rename(&new, path).map(|()| true),
        Ok(output) => Err(io::Error::other(String::from_utf8_lossy(&output.stderr).trim().to_owned())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => fs::remove_file(&new).map(|()| false),
        Err(error) => Err(error),
    }
}

/// Mounts a copy of a template, which is made in `folder` and has no name from then on.
pub fn mount_copy(template: &Path, folder: &Path, target: &Path) -> io::Result<()> {
    fs::create_dir_all(target)?;
    let path = folder.join("storage");
    let file = File::options().read(true).write(true).create_new(true).open(&path)?;
    fs::remove_file(&path)?;
    copy(&File::open(template)?, &file)?;
    let (node, device) = blocks::attach_while_in_use(&file, folder)?;
    mount(Some(&node), target, Some("ext4"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOATIME, Some("discard"))?;
    drop(device);
    fs::remove_dir(target.join("lost+found")).or_else(absent)?;
    fs::set_permissions(target, Permissions::from_mode(0o1777))
}

/// Memory in its place, where the host can't make file systems.
pub fn mount_memory(mib: u32, target: &Path) -> io::Result<()> {
    fs::create_dir_all(target)?;
    let options = format!("size={mib}m,mode=1777");
    Ok(mount(Some("tmpfs"), target, Some("tmpfs"), MsFlags::MS_NOSUID | MsFlags::MS_NODEV, Some(options.as_str()))?)
}

fn absent(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// Copies what of a sparse file is there.
fn copy(from: &File, to: &File) -> io::Result<()> {
    let length = from.metadata()?.len();
    to.set_len(length)?;
    let mut at = 0;
    loop {
        let begin = match lseek64(from, at, Whence::SeekData) {
            Err(Errno::ENXIO) => return Ok(()),
            begin => begin?,
        };
        let end = lseek64(from, begin, Whence::SeekHole)?;
        let mut part = vec![0; (end - begin) as usize];
        from.read_exact_at(&mut part, begin as u64)?;
        to.write_all_at(&part, begin as u64)?;
        at = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_a_sparse_file_is_sparse_and_the_same() {
        use std::os::unix::fs::MetadataExt;
        let folder = tempfile::tempdir().unwrap();
        let open = |name: &str| File::options().read(true).write(true).create(true).truncate(true).open(folder.path().join(name));
        let (from, to) = (open("from").unwrap(), open("to").unwrap());
        from.set_len(64 << 20).unwrap();
        from.write_all_at(b"begin", 0).unwrap();
        from.write_all_at(b"middle", 32 << 20).unwrap();
        copy(&from, &to).unwrap();
        let mut word = [0; 6];
        to.read_exact_at(&mut word, 32 << 20).unwrap();
        assert_eq!(&word, b"middle");
        assert_eq!(to.metadata().unwrap().len(), 64 << 20);
        assert!(to.metadata().unwrap().blocks() * 512 < 1 << 20);
    }
}

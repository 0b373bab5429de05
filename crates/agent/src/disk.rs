//! Small files that are either there whole or not at all.

use std::{
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// Writes a file by way of a temporary one beside it: a reader sees the old content or the new, also after a crash.
pub fn write_whole(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = temporary(path);
    let mut file = File::create(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    fs::rename(&temporary, path)?;
    match path.parent() {
        Some(folder) => File::open(folder)?.sync_all(),
        None => Ok(()),
    }
}

/// Like [`write_whole`], but a crash of the machine, not of the program, may lose it or leave it empty. For what such a crash makes
/// meaningless anyway.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let temporary = temporary(path);
    fs::write(&temporary, content)?;
    fs::rename(&temporary, path)
}

fn temporary(path: &Path) -> PathBuf {
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    temporary.into()
}

/// Makes a folder that only its owner can enter: definitions hold secrets.
pub fn private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

/// Removes a file or folder with all that is in it. One that isn't there is no error.
pub fn remove_all(path: &Path) -> io::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => fs::remove_file(path),
        other => other,
    }
}

//! Where a cloud keeps its things: its data folder, and a runtime folder that is made from it.

use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// The option that names the data folder; every command has it.
#[derive(clap::Args, Clone)]
pub struct DataArg {
    /// The cloud's data folder [default: $XDG_DATA_HOME/hillfog, else ~/.local/share/hillfog]
    #[arg(long, value_name = "FOLDER", env = "HILLFOG_DATA", global = true)]
    pub data: Option<PathBuf>,
}

/// A cloud's folders.
#[derive(Clone, Debug)]
pub struct Folders {
    /// What outlives a restart of the machine.
    pub data: PathBuf,
    /// What doesn't: sockets, process ids, namespaces.
    pub runtime: PathBuf,
    /// Eight hex digits that tell this cloud's things on the host from another's.
    pub tag: String,
}

impl Folders {
    /// The folders that the option, the environment or the default name; the data folder is made.
    pub fn of(arg: &DataArg) -> Result<Self> {
        let data = arg.data.clone().map_or_else(default_data, Ok)?;
        std::fs::create_dir_all(&data).with_context(|| format!("The data folder {} can't be made", data.display()))?;
        let data = data.canonicalize().with_context(|| format!("The data folder {} can't be opened", data.display()))?;
        let tag = tag_of(&data);
        Ok(Self { runtime: Path::new("/run/hillfog").join(&tag), data, tag })
    }

    /// Makes the runtime folder, which only its owner may look into.
    pub fn make_runtime(&self) -> Result<()> {
        use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
        let mut builder = std::fs::DirBuilder::new();
        let made = builder.recursive(true).mode(0o700).create(&self.runtime);
        made.with_context(|| {
            format!("The runtime folder {} can't be made; Hillfog has to be run as root", self.runtime.display())
        })?;
        // The data folder holds keys and the file systems of containers.
        std::fs::set_permissions(&self.data, std::fs::Permissions::from_mode(0o700))?;
        Ok(())
    }

    /// Removes the runtime folder, which has to hold nothing but plain files by now.
    pub fn remove_runtime(&self) -> Result<()> {
        match std::fs::remove_dir_all(&self.runtime) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("{} can't be removed", self.runtime.display()))
            }
            _ => {
                // The folder of all clouds goes with the last one.
                let _ = self.runtime.parent().map(std::fs::remove_dir);
                Ok(())
            }
        }
    }

    /// Removes the runtime folder if nothing is in it: a start that failed leaves none, one beside a running server leaves it alone.
    pub fn remove_empty_runtime(&self) {
        if std::fs::remove_dir(&self.runtime).is_ok() {
            let _ = self.runtime.parent().map(std::fs::remove_dir);
        }
    }

    /// What the running server says of itself.
    pub fn server_file(&self) -> PathBuf {
        self.runtime.join("server.json")
    }

    /// Where the server takes what workloads send to the cloud's API.
    pub fn workloads_socket(&self) -> PathBuf {
        self.runtime.join(edge::SERVER_SOCKET)
    }

    /// The server's log, where it runs detached.
    pub fn log_file(&self) -> PathBuf {
        self.data.join("server.log")
    }

    /// The key by which people know the server of the serial consoles.
    pub fn console_key_file(&self) -> PathBuf {
        self.data.join("serial-console-host-key")
    }

    /// The key of the default account's root, where one was issued at the start.
    pub fn credentials_file(&self) -> PathBuf {
        self.data.join("root-credentials.json")
    }
}

fn default_data() -> Result<PathBuf> {
    let from = |variable: &str| std::env::var_os(variable).filter(|value| !value.is_empty()).map(PathBuf::from);
    let base = from("XDG_DATA_HOME").or_else(|| Some(from("HOME")?.join(".local/share")));
    Ok(base.context("Neither XDG_DATA_HOME nor HOME is set; name a data folder with --data")?.join("hillfog"))
}

fn tag_of(data: &Path) -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, data.as_os_str().as_encoded_bytes());
    hex::encode(&digest.as_ref()[..4])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clouds_runtime_folder_follows_from_its_data_folder() {
        let folder = tempfile::tempdir().unwrap();
        let of = |path: PathBuf| Folders::of(&DataArg { data: Some(path) }).unwrap();
        let one = of(folder.path().join("one"));
        assert_eq!(one.tag, of(folder.path().join("two/../one")).tag);
        assert_ne!(one.tag, of(folder.path().join("two")).tag);
        assert_eq!(one.runtime, Path::new("/run/hillfog").join(&one.tag));
    }
}

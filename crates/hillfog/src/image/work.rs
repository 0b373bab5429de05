//! A folder for what is needed meanwhile.

use anyhow::{Context, Result};
use model::Env;
use std::{
    fs::{self, DirBuilder},
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// A folder that only its owner can enter, and that is removed when this is dropped.
pub struct Work(PathBuf);

impl Work {
    /// Makes it in `TMPDIR`, else in `/var/tmp`: a file system may be too large for a folder in memory.
    pub fn new(env: &Env) -> Result<Self> {
        let parent = std::env::var_os("TMPDIR").filter(|name| !name.is_empty()).map_or_else(|| "/var/tmp".into(), PathBuf::from);
        let path = parent.join(format!("hillfog-image-{}", env.hex(12)));
        let made = DirBuilder::new().mode(0o700).create(&path);
        made.with_context(|| format!("The folder {} can't be made; name another place with TMPDIR", path.display()))?;
        Ok(Self(path))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// A new folder in it, for a root file system.
    pub fn root(&self) -> Result<PathBuf> {
        let root = self.0.join("root");
        DirBuilder::new().mode(0o755).create(&root)?;
        Ok(root)
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

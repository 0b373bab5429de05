//! What the edge keeps on disk: its table, and the key of its cookies. Both are secrets (the table holds private keys).

use agent_proto::edge::Table;
use model::Env;
use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

/// The folder.
pub(crate) struct Keep(PathBuf);

impl Keep {
    /// Makes the folder if it is missing.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        Ok(Self(folder.to_owned()))
    }

    /// Keeps a table. When this returns it has replaced the one before, even if the power fails.
    pub(crate) fn store(&self, table: &Table) -> io::Result<()> {
        self.replace("table.json", &serde_json::to_vec(table)?)
    }

    /// The table that was kept last; none if there never was one.
    pub(crate) fn table(&self) -> io::Result<Option<Table>> {
        let Some(bytes) = self.read("table.json")? else { return Ok(None) };
        Ok(Some(serde_json::from_slice(&bytes)?))
    }

    /// The key, made when it is first asked for. One that is damaged is made anew: clients lose their stickiness, nothing else.
    pub(crate) fn cookie_key(&self, env: &Env) -> io::Result<[u8; 32]> {
        if let Some(key) = self.read("cookie.key")?.and_then(|bytes| bytes.try_into().ok()) {
            return Ok(key);
        }
        let key: [u8; 32] = env.bytes();
        self.replace("cookie.key", &key)?;
        Ok(key)
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.0.join(name)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            read => read.map(Some),
        }
    }

    fn replace(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let new = self.0.join(format!("{name}.new"));
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, self.0.join(name))?;
        File::open(&self.0)?.sync_all()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn what_is_kept_can_be_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let (env, _) = Env::manual(Timestamp(0), 1);
        let keep = Keep::open(&folder.path().join("edge")).unwrap();
        assert!(keep.table().unwrap().is_none());
        let mut table = Table::default();
        table.zones.insert("vpc-1".into(), Default::default());
        keep.store(&table).unwrap();
        assert_eq!(keep.table().unwrap(), Some(table));
        let key = keep.cookie_key(&env).unwrap();
        assert_eq!(keep.cookie_key(&env).unwrap(), key);
        let mode = fs::metadata(folder.path().join("edge/table.json")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_half_written_table_is_not_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let keep = Keep::open(folder.path()).unwrap();
        keep.store(&Table::default()).unwrap();
        fs::write(folder.path().join("table.json.new"), b"{\"balan").unwrap();
        assert_eq!(keep.table().unwrap(), Some(Table::default()));
        fs::write(folder.path().join("table.json"), b"{\"balan").unwrap();
        assert!(keep.table().is_err());
    }
}

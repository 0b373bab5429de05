//! The database behind the embedded engine: SQLite with a write-ahead log that is flushed to the disk before a commit
//! returns.
//!
//! It is read once, at the start. What a crash tears off the log's end, SQLite drops by the log's checksums; a row that
//! has changed by itself is found by its own.

use super::{Bytes, Entry, Revision, View, lock::FolderLock};
use crate::{
    StoreError,
    crash::{Points, point},
};
use rusqlite::{Connection, ErrorCode, params};
use std::{
    collections::BTreeMap,
    fs::{self, DirBuilder, File, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// The database's file in the data folder.
const FILE: &str = "store.db";

/// The format of the tables. A change of it comes with the code that reads the one before.
const FORMAT: i64 = 1;

/// `HFOG`: says that a SQLite file is ours.
const APPLICATION_ID: i64 = 0x4846_4f47;

const SCHEMA: &str = "
    CREATE TABLE record (
        key BLOB PRIMARY KEY NOT NULL, value BLOB NOT NULL,
        created INTEGER NOT NULL, modified INTEGER NOT NULL, crc INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE head (one INTEGER PRIMARY KEY CHECK (one = 1), revision INTEGER NOT NULL, records INTEGER NOT NULL) STRICT;
    INSERT INTO head VALUES (1, 0, 0);
    CREATE VIEW readable AS
        SELECT CAST(key AS TEXT) AS key, CAST(value AS TEXT) AS value, created, modified FROM record ORDER BY record.key;
";

const UPSERT: &str = "INSERT INTO record (key, value, created, modified, crc) VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (key) DO UPDATE SET value = ?2, created = ?3, modified = ?4, crc = ?5";

/// An open database, and the lock on its folder.
pub(super) struct Disk {
    connection: Connection,
    folder: PathBuf,
    points: Points,
    // Dropped last: the folder is free when the database is closed.
    _lock: FolderLock,
}

impl Disk {
    /// Opens the database of the folder, or makes a new one.
    pub(super) fn open(folder: &Path, points: Points) -> Result<Self, StoreError> {
        let failed = |error: io::Error| StoreError::Io { path: folder.into(), detail: error.to_string().into() };
        DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
        let lock = FolderLock::take(folder)?;
        let file = folder.join(FILE);
        if !file.try_exists().map_err(failed)? {
            refuse_orphaned_log(&file)?;
            create(folder, &file)?;
        }
        let connection = connect(&file).map_err(|error| explain(folder, &error))?;
        let disk = Self { connection, folder: folder.into(), points, _lock: lock };
        disk.check()?;
        Ok(disk)
    }

    /// Reads everything.
    pub(super) fn load(&self) -> Result<View, StoreError> {
        let mut view = View::default();
        let (revision, records) = self.head()?;
        self.each_row(|row| {
            view.insert(row.key.clone(), Arc::new(row.entry()));
            Ok(())
        })?;
        if view.len() as u64 != records {
            return Err(self.corrupt(format!("{} of {records} records are there", view.len())));
        }
        view.set_revision(revision);
        Ok(view)
    }

    /// The last commit that is durable.
    pub(super) fn revision(&self) -> Result<Revision, StoreError> {
        Ok(self.head()?.0)
    }

    /// Makes the changes, which lead to the view, durable: all or none of them.
    pub(super) fn write(&mut self, view: &View, changes: &BTreeMap<Bytes, Option<Arc<Entry>>>) -> Result<(), StoreError> {
        let outcome = self.write_in_transaction(view, changes);
        if outcome.is_err() && !self.connection.is_autocommit() {
            // An error of the rollback shows in the next use of the connection.
            let _ = self.connection.execute_batch("ROLLBACK");
        }
        outcome
    }

    fn write_in_transaction(&self, view: &View, changes: &BTreeMap<Bytes, Option<Arc<Entry>>>) -> Result<(), StoreError> {
        self.run("BEGIN IMMEDIATE", params![])?;
        for (i, (key, entry)) in changes.iter().enumerate() {
            if i == changes.len() / 2 {
                self.points.pass(point::HALF_WRITTEN)?;
            }
            self.write_entry(key, entry.as_deref())?;
        }
        self.run("UPDATE head SET revision = ?1, records = ?2", params![view.revision().0 as i64, view.len() as i64])?;
        self.points.pass(point::WRITTEN)?;
        self.run("COMMIT", params![])
    }

    fn write_entry(&self, key: &Bytes, entry: Option<&Entry>) -> Result<(), StoreError> {
        let Some(entry) = entry else { return self.run("DELETE FROM record WHERE key = ?1", params![&**key]) };
        let (created, modified) = (entry.created.0 as i64, entry.modified.0 as i64);
        let crc = checksum(key, &entry.bytes, created, modified);
        self.run(UPSERT, params![&**key, &*entry.bytes, created, modified, crc])
    }

    fn run(&self, sql: &str, params: &[&dyn rusqlite::ToSql]) -> Result<(), StoreError> {
        let outcome = self.connection.prepare_cached(sql).and_then(|mut statement| statement.execute(params));
        outcome.map(drop).map_err(|error| self.explain(&error))
    }

    fn head(&self) -> Result<(Revision, u64), StoreError> {
        let read = |row: &rusqlite::Row<'_>| Ok((Revision(row.get::<_, i64>(0)? as u64), row.get::<_, i64>(1)? as u64));
        let head = self.connection.query_one("SELECT revision, records FROM head", [], read);
        head.map_err(|error| self.explain(&error))
    }

    fn each_row(&self, mut visit: impl FnMut(StoredRow) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let explain = |error: rusqlite::Error| self.explain(&error);
        let sql = "SELECT key, value, created, modified, crc FROM record";
        let mut statement = self.connection.prepare(sql).map_err(explain)?;
        let mut rows = statement.query([]).map_err(explain)?;
        while let Some(row) = rows.next().map_err(explain)? {
            let row = StoredRow::read(row).map_err(explain)?;
            if !row.intact() {
                return Err(self.corrupt(format!("the checksum of `{}` is wrong", String::from_utf8_lossy(&row.key))));
            }
            visit(row)?;
        }
        Ok(())
    }

    fn check(&self) -> Result<(), StoreError> {
        let pragma = |name: &str| self.connection.query_one(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
        let id = pragma("application_id").map_err(|error| self.explain(&error))?;
        if id != APPLICATION_ID {
            return Err(self.corrupt("it was not made by Hillfog"));
        }
        let found = pragma("user_version").map_err(|error| self.explain(&error))?;
        if found != FORMAT {
            return Err(StoreError::Format { path: self.folder.join(FILE), found, supported: FORMAT });
        }
        let check = self.connection.query_one("PRAGMA quick_check(1)", [], |row| row.get::<_, String>(0));
        match check.map_err(|error| self.explain(&error))?.as_str() {
            "ok" => Ok(()),
            damage => Err(self.corrupt(damage)),
        }
    }

    fn corrupt(&self, detail: impl AsRef<str>) -> StoreError {
        StoreError::Corrupt { path: self.folder.join(FILE), detail: detail.as_ref().into() }
    }

    fn explain(&self, error: &rusqlite::Error) -> StoreError {
        explain(&self.folder, error)
    }
}

struct StoredRow {
    key: Bytes,
    value: Bytes,
    created: i64,
    modified: i64,
    crc: i64,
}

impl StoredRow {
    fn read(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        let bytes = |column| Ok::<Bytes, rusqlite::Error>(row.get_ref(column)?.as_blob()?.into());
        Ok(Self { key: bytes(0)?, value: bytes(1)?, created: row.get(2)?, modified: row.get(3)?, crc: row.get(4)? })
    }

    fn intact(&self) -> bool {
        checksum(&self.key, &self.value, self.created, self.modified) == self.crc
    }

    fn entry(self) -> Entry {
        Entry::new(Revision(self.created as u64), Revision(self.modified as u64), self.value)
    }
}

fn checksum(key: &[u8], value: &[u8], created: i64, modified: i64) -> i64 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(&(key.len() as u64).to_le_bytes());
    for part in [key, &created.to_le_bytes(), &modified.to_le_bytes(), value] {
        crc.update(part);
    }
    crc.finalize().into()
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    // People may look into the file with other programs; a commit waits for a short while if such a one is in its way.
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;")?;
    Ok(connection)
}

/// Makes an empty database that is there as a whole or not at all.
fn create(folder: &Path, file: &Path) -> Result<(), StoreError> {
    let unfinished = folder.join(format!("{FILE}.new"));
    let failed = |error: io::Error| io_error(folder, &error);
    if unfinished.try_exists().map_err(failed)? {
        fs::remove_file(&unfinished).map_err(failed)?;
    }
    // The records hold secrets; SQLite gives its log the mode that the database has.
    let open = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unfinished);
    let handle = open.map_err(failed)?;
    write_schema(&unfinished).map_err(|error| explain(folder, &error))?;
    handle.sync_all().map_err(failed)?;
    fs::rename(&unfinished, file).map_err(failed)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}

fn write_schema(file: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(file)?;
    connection.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;")?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    connection.pragma_update(None, "user_version", FORMAT)?;
    connection.execute_batch(&format!("BEGIN; {SCHEMA} COMMIT;"))?;
    connection.close().map_err(|(_, error)| error)
}

/// A log without its database holds commits that a new database would take for its own.
fn refuse_orphaned_log(file: &Path) -> Result<(), StoreError> {
    let log = file.with_file_name(format!("{FILE}-wal"));
    match log.try_exists() {
        Ok(false) => Ok(()),
        Ok(true) => {
            let detail = format!("{FILE} is missing, and its log {FILE}-wal is there").into();
            Err(StoreError::Corrupt { path: file.into(), detail })
        }
        Err(error) => Err(io_error(&log, &error)),
    }
}

fn io_error(path: &Path, error: &io::Error) -> StoreError {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::DiskFull { path: path.into() },
        _ => StoreError::Io { path: path.into(), detail: error.to_string().into() },
    }
}

fn explain(folder: &Path, error: &rusqlite::Error) -> StoreError {
    let path = folder.join(FILE);
    let detail = error.to_string().into();
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::DiskFull { path: folder.into() },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => StoreError::Corrupt { path, detail },
        Some(_) => StoreError::Io { path, detail },
        // The file could be read, and its tables are not what they should be.
        None => StoreError::Corrupt { path, detail },
    }
}

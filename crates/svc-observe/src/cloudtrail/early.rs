//! Calls that are noted before the database is open: a file to which each is appended in one write.
//!
//! Opening the database takes its time, and a cloud's first answers are not to wait for it. So they are noted here, a line each, and the
//! database takes them over when it is opened.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

/// The file; it is made at the first line.
pub(super) struct Early {
    path: PathBuf,
    file: Option<File>,
    bytes: u64,
}

impl Early {
    /// A file in a folder, neither of which need exist.
    pub(super) fn new(folder: &Path) -> Self {
        Self { path: folder.join("early.jsonl"), file: None, bytes: 0 }
    }

    /// Appends a line, and says how long the file has become. The kernel has the line when this returns.
    pub(super) fn append(&mut self, line: &[u8]) -> io::Result<u64> {
        let path = &self.path;
        let file = match &mut self.file {
            Some(file) => file,
            none => {
                path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
                let file = OpenOptions::new().create(true).append(true).open(path)?;
                self.bytes = file.metadata()?.len();
                none.insert(file)
            }
        };
        // The break before it parts the line from one that a dying server may have left unfinished.
        let framed = [b"\n", line, b"\n"].concat();
        file.write_all(&framed)?;
        self.bytes += framed.len() as u64;
        Ok(self.bytes)
    }

    /// The lines that are there. One that was never finished is among them, so that not all need make sense.
    pub(super) fn lines(&self) -> io::Result<Vec<Vec<u8>>> {
        let bytes = match std::fs::read(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            read => read?,
        };
        Ok(bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(<[u8]>::to_vec).collect())
    }

    /// Deletes the file.
    pub(super) fn clear(&mut self) -> io::Result<()> {
        self.file = None;
        match std::fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_outlive_whoever_wrote_them_finished_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let mut early = Early::new(&folder.path().join("new"));
        assert!(early.lines().unwrap().is_empty());
        early.append(b"one").unwrap();
        early.file.as_mut().unwrap().write_all(b"\nhal").unwrap();
        let mut next = Early::new(&folder.path().join("new"));
        assert!(next.append(b"two").unwrap() > 10);
        assert_eq!(next.lines().unwrap(), [b"one".to_vec(), b"hal".to_vec(), b"two".to_vec()]);
        next.clear().unwrap();
        next.clear().unwrap();
        assert!(next.lines().unwrap().is_empty());
    }
}

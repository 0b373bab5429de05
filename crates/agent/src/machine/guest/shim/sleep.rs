//! Hibernation: a guest's memory is written to a file of its own, and read again by the next boot.
//!
//! The file counts from when it has its final name; it is gone before the guest goes on, so that no memory is ever used twice.

use super::{
    super::job::{ASLEEP, Asleep, Job, MEMORY},
    qmp::{Event, Qmp},
};
use crate::disk::remove_all;
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    io,
    os::{fd::AsFd, unix::fs::OpenOptionsExt},
    path::PathBuf,
};

/// By what name QEMU is given the file.
const NAME: &str = "memory";

/// A guest that is falling asleep.
pub struct Sleep {
    file: File,
}

/// How the writing, or the reading, of a memory went.
#[derive(Clone, Debug, PartialEq)]
pub enum Moved {
    /// All of it is there.
    Whole,
    /// It isn't.
    Failed,
}

/// What an event says of it, if anything.
pub fn moved(event: &Event) -> Option<Moved> {
    match (&*event.name, event.data["status"].as_str()) {
        ("MIGRATION", Some("completed")) => Some(Moved::Whole),
        ("MIGRATION", Some("failed")) => Some(Moved::Failed),
        _ => None,
    }
}

impl Sleep {
    /// The guest stands still, and its memory is being written. On an error it goes on.
    pub fn begin(job: &Job, qmp: &mut Qmp) -> Result<Self, String> {
        let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(unfinished(job));
        let file = file.map_err(|error| format!("the memory can't be kept: {error}"))?;
        qmp.run("stop", json!({}))?;
        let begun = announce(qmp)
            .and_then(|()| qmp.run("migrate-set-parameters", json!({"max-bandwidth": i64::MAX})))
            .and_then(|_| qmp.give("getfd", json!({"fdname": NAME}), file.as_fd()))
            .and_then(|_| qmp.run("migrate", json!({"uri": format!("fd:{NAME}")})));
        match begun {
            Ok(_) => Ok(Self { file }),
            Err(why) => Err(give_up(job, qmp, &why)),
        }
    }

    /// The memory is written: it is put where the next boot finds it.
    pub fn keep(self, job: &Job) -> io::Result<()> {
        self.file.sync_all()?;
        Asleep::of(job).save(&job.folder)?;
        fs::rename(unfinished(job), job.folder.join(MEMORY))?;
        File::open(&job.folder)?.sync_all()
    }
}

/// The memory couldn't be kept, and why; the guest goes on.
pub fn give_up(job: &Job, qmp: &mut Qmp, why: &str) -> String {
    let _ = remove_all(&unfinished(job));
    match qmp.run("cont", json!({})) {
        Ok(_) => format!("the memory can't be kept: {why}"),
        Err(worse) => format!("the memory can't be kept: {why}; and the machine stands still: {worse}"),
    }
}

/// Why QEMU could not write.
pub fn reason(qmp: &mut Qmp) -> String {
    let said = qmp.run("query-migrate", json!({})).unwrap_or(Value::Null);
    said["error-desc"].as_str().unwrap_or("it could not be written, as where a disk is full").to_owned()
}

/// Reads the memory into a guest that has been made to wait for it, and forgets it.
pub fn wake(job: &Job, qmp: &mut Qmp) -> Result<(), String> {
    let file = File::open(job.folder.join(MEMORY)).map_err(|error| error.to_string())?;
    announce(qmp)?;
    qmp.give("getfd", json!({"fdname": NAME}), file.as_fd())?;
    qmp.run("migrate-incoming", json!({"uri": format!("fd:{NAME}")}))?;
    match qmp.wait_for(moved)? {
        Moved::Whole => forget(job).map_err(|error| error.to_string()),
        Moved::Failed => Err(reason(qmp)),
    }
}

/// Removes a memory: on the disk before this returns.
pub fn forget(job: &Job) -> io::Result<()> {
    for path in [job.folder.join(MEMORY), job.folder.join(ASLEEP), unfinished(job)] {
        remove_all(&path)?;
    }
    File::open(&job.folder)?.sync_all()
}

/// Has QEMU tell how far it is.
fn announce(qmp: &mut Qmp) -> Result<(), String> {
    let events = json!([{"capability": "events", "state": true}]);
    qmp.run("migrate-set-capabilities", json!({"capabilities": events})).map(drop)
}

fn unfinished(job: &Job) -> PathBuf {
    job.folder.join(format!("{MEMORY}.new"))
}

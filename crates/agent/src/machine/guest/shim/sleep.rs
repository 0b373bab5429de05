//! Hibernation: a guest's memory is kept with its root volume, and read again by the next boot.
//!
//! QEMU writes it to a connection with the volume's server, which seals it with the volume's key. It counts from when that says so; it is gone before the guest
//! goes on, so that no memory is ever used twice.

use super::{
    super::job::{ASLEEP, Asleep, Job},
    qmp::{Event, Qmp},
};
use crate::disk::remove_all;
use blocks::{Handover, MemoryPlace};
use serde_json::{Value, json};
use std::{fs::File, io, os::fd::AsFd};

/// By what name QEMU is given the connection.
const NAME: &str = "memory";

/// A guest that is falling asleep.
pub struct Sleep {
    handover: Handover,
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
        let place = place(job).ok_or("the memory can't be kept: its root disk has no place for it")?;
        let handover = place.keep(job.build.memory_mib << 20).map_err(|error| format!("the memory can't be kept: {error}"))?;
        let begun = qmp
            .run("stop", json!({}))
            .and_then(|_| announce(qmp))
            .and_then(|()| qmp.run("migrate-set-parameters", json!({"max-bandwidth": i64::MAX})))
            .and_then(|_| qmp.give("getfd", json!({"fdname": NAME}), handover.stream().as_fd()))
            .and_then(|_| qmp.run("migrate", json!({"uri": format!("fd:{NAME}")})));
        match begun {
            Ok(_) => Ok(Self { handover }),
            Err(why) => {
                // The connection has to end before anything can be forgotten.
                drop(handover);
                let _ = qmp.run("closefd", json!({"fdname": NAME}));
                Err(give_up(job, qmp, &why))
            }
        }
    }

    /// The memory is written: from now on it counts, for the same guest.
    pub fn keep(self, job: &Job) -> Result<(), String> {
        self.handover.seal().map_err(|error| error.to_string())?;
        Asleep::of(job).save(&job.folder).map_err(|error| error.to_string())
    }
}

/// The memory couldn't be kept, and why; the guest goes on.
pub fn give_up(job: &Job, qmp: &mut Qmp, why: &str) -> String {
    // What is left of it is outdated by the guest's first write, at the latest.
    let _ = forget(job);
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
    let place = place(job).ok_or("its root disk keeps no memory")?;
    let stream = place.recall().map_err(|error| error.to_string())?;
    announce(qmp)?;
    qmp.give("getfd", json!({"fdname": NAME}), stream.as_fd())?;
    // The monitor's is the only one: what it doesn't read, nobody waits for.
    drop(stream);
    qmp.run("migrate-incoming", json!({"uri": format!("fd:{NAME}")}))?;
    match qmp.wait_for(moved)? {
        Moved::Whole => forget(job),
        Moved::Failed => Err(reason(qmp)),
    }
}

/// Removes a memory: on the disk before this returns.
pub fn forget(job: &Job) -> Result<(), String> {
    place(job).map_or(Ok(()), |place| place.forget()).map_err(|error| error.to_string())?;
    forget_note(job).map_err(|error| error.to_string())
}

fn forget_note(job: &Job) -> io::Result<()> {
    remove_all(&job.folder.join(ASLEEP))?;
    File::open(&job.folder)?.sync_all()
}

fn place(job: &Job) -> Option<MemoryPlace> {
    job.memory.as_deref().map(MemoryPlace::at)
}

/// Has QEMU tell how far it is.
fn announce(qmp: &mut Qmp) -> Result<(), String> {
    let events = json!([{"capability": "events", "state": true}]);
    qmp.run("migrate-set-capabilities", json!({"capabilities": events})).map(drop)
}

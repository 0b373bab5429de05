//! What is plugged into a running guest, and taken out of it: disks and interfaces at its ports.
//!
//! A guest's system has to let go of what is taken out. Until it has, the port is taken. A disk that is taken by force has nothing behind it any more from that
//! moment: its system gets errors.

use super::{
    super::{
        job::{Job, JobDisk, JobInterface},
        ports,
    },
    qmp::Qmp,
    start::{open_disk, open_tap},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, os::fd::AsFd};

/// The ports of a guest that are about to become free.
#[derive(Default)]
pub struct Leaving {
    ports: BTreeSet<u32>,
}

impl Leaving {
    fn free(&self, job: &Job) -> Result<u32, String> {
        let taken = job.ports().chain(self.ports.iter().copied());
        ports::free(taken).ok_or_else(|| format!("a virtual machine has at most {} disks and interfaces", ports::COUNT))
    }

    /// Plugs a disk in.
    pub fn attach(&self, job: &mut Job, qmp: &mut Qmp, mut disk: JobDisk) -> Result<(), String> {
        disk.port = self.free(job)?;
        let port = disk.port;
        let file = open_disk(&disk).map_err(|error| error.to_string())?;
        qmp.give("add-fd", json!({"fdset-id": port}), file.as_fd())?;
        let plugged = plug_disk(qmp, &disk);
        match plugged {
            Ok(()) => job.disks.push(disk),
            Err(_) => drop(remove_disk(qmp, port)),
        }
        plugged
    }

    /// Begins to take a disk out.
    pub fn detach(&mut self, job: &mut Job, qmp: &mut Qmp, disk: &JobDisk, force: bool) -> Result<(), String> {
        let asked = ask_to_leave(qmp, disk.port);
        if force {
            cut_off(qmp, disk.port)?;
            job.disks.retain(|other| other.name != disk.name);
            self.ports.insert(disk.port);
            return Ok(());
        }
        asked
    }

    /// Plugs in what is new, and takes out what is gone.
    pub fn set_interfaces(&mut self, job: &mut Job, qmp: &mut Qmp, wanted: Vec<JobInterface>) -> Result<(), String> {
        let same =
            |one: &JobInterface, other: &JobInterface| (&one.id, &one.mac, &one.tap) == (&other.id, &other.mac, &other.tap);
        let gone: Vec<_> = job.interfaces.iter().filter(|has| !wanted.iter().any(|it| same(has, it))).cloned().collect();
        for interface in gone {
            // Its tap goes at once; the system finds a link that is down until it lets go of the device.
            let _ = ask_to_leave(qmp, interface.port);
            qmp.run("netdev_del", json!({"id": format!("net{}", interface.port)}))?;
            job.interfaces.retain(|other| other.id != interface.id);
            self.ports.insert(interface.port);
        }
        for mut interface in wanted.into_iter().filter(|it| !job.interfaces.iter().any(|has| same(has, it))).collect::<Vec<_>>() {
            interface.port = self.free(job)?;
            plug_interface(qmp, &interface)?;
            job.interfaces.push(interface);
        }
        Ok(())
    }

    /// The guest's system has let go of a device. Whether it was a disk of the job's, which is taken out of it.
    pub fn let_go(&mut self, job: &mut Job, qmp: &mut Qmp, device: &str) -> bool {
        let Some(port) = device.strip_prefix("device").and_then(|port| port.parse().ok()) else { return false };
        self.ports.remove(&port);
        // What isn't there can't be removed: then it was an interface, or a disk that was cut off before.
        let _ = remove_disk(qmp, port);
        let before = job.disks.len();
        job.disks.retain(|disk| disk.port != port);
        before != job.disks.len()
    }
}

fn plug_disk(qmp: &mut Qmp, disk: &JobDisk) -> Result<(), String> {
    let port = disk.port;
    let (file, node) = (format!("file{port}"), format!("disk{port}"));
    let name = format!("/dev/fdset/{port}");
    let below = json!({"driver": "host_device", "node-name": file, "filename": name, "locking": "off", "discard": "unmap"});
    qmp.run("blockdev-add", below)?;
    qmp.run("blockdev-add", json!({"driver": "raw", "node-name": node, "file": file, "discard": "unmap"}))?;
    let device = json!({
        "driver": "virtio-blk-pci", "id": format!("device{port}"),
        "bus": ports::BUS, "addr": format!("{:#x}", ports::slot(port)), "disable-legacy": "on",
        "drive": node, "serial": disk.serial, "werror": "report", "rerror": "report",
    });
    qmp.run("device_add", device).map(drop)
}

fn plug_interface(qmp: &mut Qmp, interface: &JobInterface) -> Result<(), String> {
    let port = interface.port;
    let (name, tap) = (format!("net{port}"), open_tap(interface).map_err(|error| error.to_string())?);
    qmp.give("getfd", json!({"fdname": name}), tap.as_fd())?;
    qmp.run("netdev_add", json!({"type": "tap", "id": name, "fd": name}))?;
    let device = json!({
        "driver": "virtio-net-pci", "id": format!("device{port}"),
        "bus": ports::BUS, "addr": format!("{:#x}", ports::slot(port)), "disable-legacy": "on",
        "netdev": name, "mac": interface.mac, "romfile": "",
    });
    qmp.run("device_add", device).map(drop)
}

/// One that was asked already is still about it, or has just done it: QEMU says that either is an error.
fn ask_to_leave(qmp: &mut Qmp, port: u32) -> Result<(), String> {
    match qmp.run("device_del", json!({"id": format!("device{port}")})) {
        Err(why) if !["in the process of unplug", "not found"].iter().any(|known| why.contains(known)) => Err(why),
        _ => Ok(()),
    }
}

/// Puts something that only fails in the place of a disk's device, and closes that.
fn cut_off(qmp: &mut Qmp, port: u32) -> Result<(), String> {
    let (nothing, failing) = (format!("nothing{port}"), format!("failing{port}"));
    let fails = |what: &str| json!({"event": "none", "iotype": what, "errno": libc::EIO});
    qmp.run("blockdev-add", json!({"driver": "null-co", "node-name": nothing, "size": 0, "read-zeroes": true}))?;
    let errors: Vec<Value> = ["read", "write", "write-zeroes", "discard", "flush"].map(fails).into();
    qmp.run("blockdev-add", json!({"driver": "blkdebug", "node-name": failing, "image": nothing, "inject-error": errors}))?;
    let other = json!({"driver": "raw", "node-name": format!("disk{port}"), "file": failing});
    qmp.run("blockdev-reopen", json!({"options": [other]}))?;
    qmp.run("blockdev-del", json!({"node-name": format!("file{port}")}))?;
    qmp.run("remove-fd", json!({"fdset-id": port})).map(drop)
}

/// Closes what is behind a disk that the guest doesn't have any more.
fn remove_disk(qmp: &mut Qmp, port: u32) -> Result<(), String> {
    for node in ["disk", "file", "failing", "nothing"] {
        let _ = qmp.run("blockdev-del", json!({"node-name": format!("{node}{port}")}));
    }
    qmp.run("remove-fd", json!({"fdset-id": port})).map(drop)
}

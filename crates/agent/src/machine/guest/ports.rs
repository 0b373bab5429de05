//! Where in a guest what is plugged in: each disk and each interface has a slot of its own, its port, on one PCI bus, so that each can come and
//! go. Pure.

use super::job::{Asleep, Job};

/// How many there are. (An instance of EC2 has 28 attachments at most, on Nitro, for both together.)
pub const COUNT: u32 = 26;

/// The bus, by QEMU's name.
pub const BUS: &str = "slots";

/// The slot of a port. (The first is the bus's own controller's.)
pub const fn slot(port: u32) -> u32 {
    port + 1
}

/// One that isn't taken.
pub fn free(taken: impl Iterator<Item = u32>) -> Option<u32> {
    let taken: Vec<u32> = taken.collect();
    (0..COUNT).find(|port| !taken.contains(port))
}

/// Gives each disk and each interface a port: the root is first.
pub fn assign(job: &mut Job) -> Result<(), String> {
    job.disks.sort_by_key(|disk| !disk.root);
    let (mut disks, mut interfaces) = (job.disks.iter_mut(), job.interfaces.iter_mut());
    let first = disks.next().map(|disk| &mut disk.port);
    let rest = interfaces.by_ref().map(|it| &mut it.port).chain(disks.map(|disk| &mut disk.port));
    let mut count = 0;
    for port in first.into_iter().chain(rest) {
        (*port, count) = (count, count + 1);
    }
    if count > COUNT { Err(format!("a virtual machine has at most {COUNT} disks and interfaces")) } else { Ok(()) }
}

/// Gives each disk and each interface the port that it had when the guest fell asleep. Whether it is the same guest: all of it is as it was.
pub fn remember(job: &mut Job, asleep: &Asleep) -> bool {
    for disk in &mut job.disks {
        disk.port = asleep.disks.iter().find(|was| was.name == disk.name).map_or(COUNT, |was| was.port);
    }
    for interface in &mut job.interfaces {
        interface.port = asleep.interfaces.iter().find(|was| was.id == interface.id).map_or(COUNT, |was| was.port);
    }
    // A volume may be another device of the host's meanwhile.
    let disks = |disks: &[super::job::JobDisk]| {
        let mut all: Vec<_> = disks.iter().map(|disk| (disk.port, disk.name.clone(), disk.serial.clone(), disk.root)).collect();
        all.sort();
        all
    };
    let interfaces = |all: &[super::job::JobInterface]| {
        let mut all: Vec<_> = all.iter().map(|it| (it.port, it.id.clone(), it.mac.clone())).collect();
        all.sort();
        all
    };
    job.build == asleep.build
        && disks(&job.disks) == disks(&asleep.disks)
        && interfaces(&job.interfaces) == interfaces(&asleep.interfaces)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::guest::job::{Build, JobDisk, JobInterface};

    fn job(disks: &[&str]) -> Job {
        let disk = |name: &&str| JobDisk {
            name: (*name).into(),
            device: "/dev/loop1".into(),
            serial: "vol1".into(),
            root: *name == "/dev/xvda",
            port: 0,
        };
        let interface = JobInterface { id: "eni-1".into(), mac: "02:00".into(), netns: "/n".into(), tap: "h1".into(), port: 0 };
        Job {
            machine: "i-1".into(),
            boot: 1,
            reboots: 0,
            folder: "/f".into(),
            runtime: "/r".into(),
            user: 1,
            monitor: "/m".into(),
            build: Build { kvm: false, vcpus: 1, memory_mib: 64, firmware: None },
            resume: false,
            memory: None,
            disks: disks.iter().map(disk).collect(),
            interfaces: vec![interface],
            cgroup: String::new(),
            shim_cgroup: String::new(),
            clock_offset_ms: 0,
        }
    }

    #[test]
    fn the_root_is_first_and_nothing_meets() {
        let mut one = job(&["/dev/sdf", "/dev/xvda"]);
        assign(&mut one).unwrap();
        assert_eq!((&*one.disks[0].name, one.disks[0].port), ("/dev/xvda", 0));
        let mut ports: Vec<u32> = one.ports().collect();
        ports.sort_unstable();
        assert_eq!((ports, free(one.ports())), (vec![0, 1, 2], Some(3)));
        let names: Vec<String> = (0..COUNT).map(|n| format!("/dev/{n}")).collect();
        assert!(assign(&mut job(&names.iter().map(|name| &**name).collect::<Vec<_>>())).is_err());
    }

    #[test]
    fn who_wakes_is_who_fell_asleep() {
        let mut slept = job(&["/dev/xvda", "/dev/sdf"]);
        assign(&mut slept).unwrap();
        let asleep = Asleep::of(&slept);
        let mut same = job(&["/dev/sdf", "/dev/xvda"]);
        same.disks[0].device = "/dev/loop7".into();
        assert!(remember(&mut same, &asleep));
        assert!(same.disks.iter().all(|disk| asleep.disks.iter().any(|was| (&was.name, was.port) == (&disk.name, disk.port))));
        assert!(!remember(&mut job(&["/dev/xvda"]), &asleep), "a disk is gone");
        let mut larger = job(&["/dev/sdf", "/dev/xvda"]);
        larger.build.memory_mib = 128;
        assert!(!remember(&mut larger, &asleep), "it has other memory");
    }
}

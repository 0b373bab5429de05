//! Machines and volumes as the control plane desires them.
#![allow(dead_code, missing_docs)]

use agent_proto::{
    machine::{Backing, Disk, Hardware, Interface, Kind, Machine, Power},
    volume::{IoLimits, Volume},
};
use std::collections::BTreeMap;

/// One with the root volume `vol-root` and the interface `eni-0`.
pub fn machine(id: &str) -> Machine {
    Machine {
        id: id.into(),
        power: Power::On { boot: 1 },
        reboots: 0,
        kind: Kind::SystemContainer { host_userland: true },
        hardware: Hardware { vcpus: 1, memory_mib: 512, cpu_quota: None },
        hostname: "ip-10-0-0-10".into(),
        vpc: "vpc-1".into(),
        interfaces: vec![Interface { device: 0, interface: "eni-0".into() }],
        disks: vec![disk("/dev/xvda", "vol-root")],
        forced_out: Default::default(),
    }
}

/// `/dev/xvda` is the root.
pub fn disk(device: &str, volume: &str) -> Disk {
    Disk { device: device.into(), backing: Backing::Volume(volume.into()), root: device == "/dev/xvda" }
}

/// An empty one of 1 GiB.
pub fn volume(id: &str) -> Volume {
    let limits = IoLimits { iops: Some(3000), throughput_mib: Some(125) };
    Volume { id: id.into(), size_gib: 1, source: None, key: None, limits, snapshots: BTreeMap::new() }
}

//! Tables of single decisions, and whole lives of random machines on a host of random luck.

mod lives;
mod tables;

use super::*;
use agent_proto::{
    machine::*,
    network,
    volume::{VolumeState, VolumeStatus},
};

fn disk(device: &str, volume: &str) -> Disk {
    Disk { device: device.into(), backing: Backing::Volume(volume.into()), root: device == "/dev/xvda" }
}

fn interface(id: &str) -> network::Interface {
    let json = serde_json::json!({
        "id": id, "subnet": "subnet-1", "address": "10.0.0.9", "public_address": null, "mac": "02:00:0a:00:00:09", "groups": [],
        "attachment": {"machine": "i-1"},
    });
    serde_json::from_value(json).unwrap()
}

/// A machine with a root disk, an interface, and all that it needs ready.
fn wish() -> Wish {
    let machine = Machine {
        id: "i-1".into(),
        power: Power::On { boot: 1 },
        reboots: 0,
        kind: Kind::SystemContainer { host_userland: true },
        hardware: Hardware { vcpus: 1, memory_mib: 512, cpu_quota: None },
        hostname: "ip-10-0-0-9".into(),
        vpc: "vpc-1".into(),
        interfaces: vec![Interface { device: 0, interface: "eni-0".into() }],
        disks: vec![disk("/dev/xvda", "vol-root")],
        forced_out: Default::default(),
    };
    let mut wish = Wish { machine, vanish: false, interfaces: BTreeMap::new(), volumes: BTreeMap::new() };
    for id in ["eni-0", "eni-1"] {
        wish.interfaces.insert(id.into(), interface(id));
    }
    for id in ["vol-root", "vol-data"] {
        wish.volumes.insert(id.into(), VolumeStatus { state: VolumeState::Ready, size_gib: 1, ..VolumeStatus::default() });
    }
    wish
}

fn running(boot: u32, reboots: u32, since: i64) -> Option<Seen> {
    Some(Seen { boot, reboots, life: Life::Running { since: Timestamp(since) } })
}

fn ended(boot: u32, cause: OffCause, at: i64) -> Option<Seen> {
    Some(Seen { boot, reboots: 0, life: Life::Ended { at: Timestamp(at), cause } })
}

/// What a step gains when all goes well.
fn gain(step: &Step, wish: &Wish, now: Timestamp) -> Gain {
    match step {
        Step::Open(disk) => Gain::Device(format!("/dev/fake{}", disk.device).into(), 1 << 30),
        Step::Start { boot, .. } => Gain::Seen(running(*boot, wish.machine.reboots, now.0)),
        Step::Survey => Gain::Pulse { reachable: true, cpu_ms: 7 },
        _ => Gain::Nothing,
    }
}

//! Machines and volumes of a host that exists in memory, on a clock that is moved: what the control plane wishes, what it sees, and what is left
//! when the agent or the power goes at any moment.

mod support;

use agent::{FakeHost, machine::fake::FakeBehaviour};
use agent_proto::{Desired, Host, Observed, machine::*, network, volume::*};
use model::{
    Env, Timestamp,
    env::{Clock, ManualClock},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use support::machine::{disk, machine, volume};

/// A host, what is wished of it, and its clock.
struct Lab {
    host: FakeHost,
    clock: Arc<ManualClock>,
    desired: Desired,
}

impl Lab {
    async fn new() -> Self {
        let (env, clock) = Env::manual(Timestamp(1_000_000), 1);
        Self { host: FakeHost::new(env).await.unwrap(), clock, desired: Desired::default() }
    }

    /// One with a machine that runs, with a root volume.
    async fn running() -> Self {
        let mut lab = Self::new().await;
        lab.desire_machine();
        lab.apply().await;
        lab.settle().await;
        assert!(matches!(lab.status().state, MachineState::Running { .. }), "{:?}", lab.status());
        lab
    }

    fn desire_machine(&mut self) {
        self.desired = Desired {
            machines: vec![machine("i-1")],
            volumes: vec![volume("vol-root"), volume("vol-data")],
            networks: vec![vpc()],
            ..Desired::default()
        };
    }

    fn machine(&mut self) -> &mut Machine {
        &mut self.desired.machines[0]
    }

    fn volume(&mut self, id: &str) -> &mut Volume {
        self.desired.volumes.iter_mut().find(|volume| volume.id == id).unwrap()
    }

    async fn apply(&self) {
        self.host.apply(self.desired.clone()).await.unwrap();
    }

    /// Lets everything be done that can be done without time.
    async fn settle(&self) {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    }

    async fn pass(&self, seconds: u64) {
        for _ in 0..seconds {
            self.clock.advance(Duration::from_secs(1));
            self.settle().await;
        }
    }

    async fn restart(self) -> Self {
        let host = self.host.restart().await.unwrap();
        Self { host, ..self }
    }

    fn observed(&self) -> Arc<Observed> {
        self.host.observed().borrow().clone()
    }

    fn status(&self) -> MachineStatus {
        self.observed().machines["i-1"].clone()
    }

    fn off(&self) -> OffCause {
        match self.status().state {
            MachineState::Off { cause, .. } => cause,
            other => panic!("it is {other:?}"),
        }
    }

    fn boots(&self) -> Vec<u32> {
        self.host.machines.machine("i-1").map(|machine| machine.boots).unwrap_or_default()
    }
}

fn vpc() -> network::Vpc {
    let interface = |id: &str, last: u8| {
        serde_json::json!({
            "id": id, "subnet": "subnet-1", "address": format!("10.0.0.{last}"), "public_address": null,
            "mac": format!("02:00:0a:00:00:{last:02x}"), "groups": [], "attachment": {"machine": "i-1"},
        })
    };
    let interfaces = serde_json::json!([interface("eni-0", 10), interface("eni-1", 11)]);
    let json = serde_json::json!({
        "id": "vpc-1", "cidr": {"address": "10.0.0.0", "prefix": 16}, "subnets": [], "interfaces": interfaces, "instances": [], "groups": [],
    });
    serde_json::from_value(json).unwrap()
}

#[tokio::test]
async fn a_machine_boots_stops_starts_and_vanishes() {
    let mut lab = Lab::running().await;
    let status = lab.status();
    assert!(status.reachable && status.boot == 1);
    assert_eq!(status.disks.iter().collect::<Vec<_>>(), ["/dev/xvda"]);
    assert_eq!(lab.host.network.plugged("i-1"), ["eni-0"]);
    assert_eq!(lab.observed().volumes["vol-root"].used_by.iter().collect::<Vec<_>>(), ["i-1"]);
    assert!(lab.observed().volumes["vol-data"].used_by.is_empty());

    lab.machine().power = Power::Off { boot: 1, how: Halt::Ask };
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.off(), OffCause::Told);
    assert!(lab.host.volumes.open().is_empty() && lab.observed().volumes["vol-root"].used_by.is_empty());
    assert!(lab.host.network.plugged("i-1").is_empty());

    lab.machine().power = Power::On { boot: 2 };
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.boots(), [1, 2]);
    assert_eq!(lab.host.console("i-1").await.unwrap(), b"boot 1\nboot 2\n");

    lab.desired.machines.clear();
    lab.apply().await;
    lab.settle().await;
    assert!(lab.observed().machines.is_empty() && lab.host.volumes.open().is_empty());
    assert!(lab.host.machines.machine("i-1").is_none() && lab.host.console("i-1").await.is_err());
    assert_eq!(lab.host.volumes.all(), ["vol-data", "vol-root"], "volumes stay, desired by themselves");
}

#[tokio::test]
async fn a_stubborn_machine_is_forced_after_two_minutes() {
    let mut lab = Lab::running().await;
    lab.host.machines.behave("i-1", FakeBehaviour { stubborn: true, ..FakeBehaviour::default() });
    lab.machine().power = Power::Off { boot: 1, how: Halt::Ask };
    lab.apply().await;
    lab.settle().await;
    lab.pass(119).await;
    assert_eq!(lab.status().state, MachineState::Stopping);
    lab.pass(1).await;
    assert_eq!(lab.off(), OffCause::Told);
}

#[tokio::test]
async fn one_that_ends_by_itself_stays_off_until_a_higher_boot() {
    let mut lab = Lab::running().await;
    lab.host.machines.shut_down("i-1");
    lab.settle().await;
    assert_eq!(lab.off(), OffCause::Itself);
    lab.machine().power = Power::On { boot: 2 };
    lab.apply().await;
    lab.settle().await;
    lab.host.machines.die("i-1", "the monitor was killed");
    lab.settle().await;
    assert_eq!(lab.off(), OffCause::Died("the monitor was killed".into()));
    assert_eq!(lab.boots(), [1, 2]);
    assert!(lab.host.volumes.open().is_empty());
}

#[tokio::test]
async fn what_cannot_be_started_says_why_and_holds_nothing() {
    let mut lab = Lab::new().await;
    lab.desire_machine();
    let broken = FakeBehaviour { start_error: Some("no init".into()), ..FakeBehaviour::default() };
    lab.host.machines.behave("i-1", broken);
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.off(), OffCause::NotStarted("no init".into()));
    assert!(lab.host.volumes.open().is_empty() && lab.host.network.plugged("i-1").is_empty());

    lab.host.machines.behave("i-1", FakeBehaviour::default());
    lab.host.volumes.fail("vol-root", Some("no space"));
    lab.machine().power = Power::On { boot: 2 };
    lab.apply().await;
    lab.settle().await;
    lab.pass(5).await;
    assert_eq!(lab.status().state, MachineState::Stopping, "it can't be closed either");
    lab.host.volumes.fail("vol-root", None);
    lab.pass(5).await;
    assert_eq!(lab.off(), OffCause::NotStarted("no space".into()));
    assert_eq!(lab.boots(), [] as [u32; 0]);
    lab.machine().power = Power::On { boot: 3 };
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.boots(), [3]);
}

#[tokio::test]
async fn hibernation_keeps_its_memory_for_the_next_boot() {
    let mut lab = Lab::running().await;
    lab.machine().power = Power::Off { boot: 1, how: Halt::Hibernate };
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.off(), OffCause::Hibernated);
    let mut lab = lab.restart().await;
    lab.machine().power = Power::On { boot: 2 };
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.host.machines.machine("i-1").unwrap().resumed, [2]);
}

#[tokio::test]
async fn reboots_are_counted_once() {
    let mut lab = Lab::running().await;
    lab.machine().reboots = 1;
    lab.apply().await;
    lab.settle().await;
    assert_eq!((lab.status().reboots, lab.boots()), (1, vec![1]));
    let mut lab = lab.restart().await;
    lab.apply().await;
    lab.settle().await;
    lab.host.machines.behave("i-1", FakeBehaviour { stubborn: true, ..FakeBehaviour::default() });
    lab.machine().reboots = 2;
    lab.apply().await;
    lab.settle().await;
    lab.pass(239).await;
    assert_eq!(lab.status().reboots, 1);
    lab.pass(1).await;
    assert_eq!(lab.status().reboots, 2);
    assert_eq!(lab.host.console("i-1").await.unwrap(), b"boot 1\nreboot 1\nreboot 2\n");
}

#[tokio::test]
async fn disks_and_interfaces_come_and_go_while_it_runs() {
    let mut lab = Lab::running().await;
    lab.machine().disks.push(disk("/dev/sdf", "vol-data"));
    lab.machine().interfaces.push(Interface { device: 1, interface: "eni-1".into() });
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.host.machines.machine("i-1").unwrap().disks.len(), 2);
    assert_eq!(lab.host.network.plugged("i-1"), ["eni-0", "eni-1"]);
    assert_eq!((lab.status().disks.len(), lab.status().interfaces.len()), (2, 2));

    lab.volume("vol-data").size_gib = 3;
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.host.machines.machine("i-1").unwrap().disks["/dev/sdf"].size, 3 << 30);

    let busy = ["/dev/sdf".to_owned()].into();
    lab.host.machines.behave("i-1", FakeBehaviour { busy, ..FakeBehaviour::default() });
    lab.machine().disks.pop();
    lab.machine().interfaces.pop();
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.status().disk_faults["/dev/sdf"], "/dev/sdf is in use");
    assert_eq!(lab.host.network.plugged("i-1"), ["eni-0"]);
    lab.machine().forced_out.insert("/dev/sdf".into());
    lab.apply().await;
    lab.pass(5).await;
    assert_eq!(lab.status().disks.len(), 1);
    assert_eq!(lab.host.volumes.open(), ["vol-root"]);
}

#[tokio::test]
async fn an_instance_store_is_there_for_a_boot() {
    let mut lab = Lab::new().await;
    lab.desire_machine();
    let store = Disk { device: "/dev/sdb".into(), backing: Backing::InstanceStore(2), root: false };
    lab.machine().disks.push(store);
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.host.volumes.open(), ["i-1_sdb", "vol-root"]);
    let mut lab = lab.restart().await;
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.host.volumes.open(), ["i-1_sdb", "vol-root"], "it goes on with the machine");
    lab.machine().power = Power::Off { boot: 1, how: Halt::Force };
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.host.volumes.all(), ["vol-data", "vol-root"]);
}

#[tokio::test]
async fn a_volume_is_deleted_when_no_machine_has_it() {
    let mut lab = Lab::running().await;
    lab.desired.volumes.clear();
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.host.volumes.all(), ["vol-root"], "the machine has it");
    lab.machine().power = Power::Off { boot: 1, how: Halt::Force };
    lab.apply().await;
    lab.settle().await;
    assert!(lab.host.volumes.all().is_empty() && lab.observed().volumes.is_empty());
}

#[tokio::test]
async fn two_machines_share_a_volume() {
    let mut lab = Lab::running().await;
    let mut second = machine("i-2");
    second.interfaces.clear();
    second.disks = vec![disk("/dev/xvda", "vol-other"), disk("/dev/sdf", "vol-data")];
    lab.desired.volumes.push(volume("vol-other"));
    lab.machine().disks.push(disk("/dev/sdf", "vol-data"));
    lab.desired.machines.push(second);
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.observed().volumes["vol-data"].used_by.len(), 2);
    lab.machine().disks.pop();
    lab.apply().await;
    lab.settle().await;
    assert!(lab.host.volumes.volume("vol-data").unwrap().open, "the other has it");
    lab.desired.machines.pop();
    lab.apply().await;
    lab.settle().await;
    assert!(!lab.host.volumes.volume("vol-data").unwrap().open);
}

#[tokio::test]
async fn snapshots_go_on_after_a_restart_and_are_forgotten_when_noted() {
    let mut lab = Lab::running().await;
    lab.host.volumes.hold_snapshots(true);
    lab.volume("vol-data").snapshots = BTreeMap::from([("snap-1".into(), None)]);
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.observed().volumes["vol-data"].snapshots["snap-1"], SnapshotStatus::Pending(50));
    let mut lab = lab.restart().await;
    lab.apply().await;
    lab.settle().await;
    lab.host.volumes.hold_snapshots(false);
    lab.settle().await;
    let done = &lab.observed().volumes["vol-data"].snapshots["snap-1"];
    assert!(matches!(done, SnapshotStatus::Completed { .. }), "{done:?}");
    lab.volume("vol-data").snapshots.clear();
    lab.apply().await;
    lab.settle().await;
    assert!(lab.observed().volumes["vol-data"].snapshots.is_empty());
    assert!(lab.host.volumes.volume("vol-data").unwrap().snapshots.is_empty());
}

#[tokio::test]
async fn what_fails_about_a_volume_is_said() {
    let mut lab = Lab::new().await;
    lab.desire_machine();
    lab.host.volumes.fail("vol-root", Some("there is no snap-0"));
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.observed().volumes["vol-root"].state, VolumeState::Failed("there is no snap-0".into()));
    assert_eq!(lab.off(), OffCause::NotStarted("vol-root: there is no snap-0".into()));
}

#[tokio::test]
async fn an_agent_that_dies_at_any_moment_of_a_boot_boots_once() {
    for moment in 0..60 {
        let mut lab = Lab::new().await;
        lab.desire_machine();
        lab.machine().disks.push(disk("/dev/sdf", "vol-data"));
        lab.apply().await;
        for _ in 0..moment {
            tokio::task::yield_now().await;
        }
        let mut lab = lab.restart().await;
        lab.settle().await;
        lab.apply().await;
        lab.settle().await;
        assert!(matches!(lab.status().state, MachineState::Running { .. }), "{moment}: {:?}", lab.status());
        assert_eq!(lab.boots(), [1], "{moment}");
        assert_eq!((lab.status().disks.len(), lab.host.volumes.open().len()), (2, 2), "{moment}");

        lab.machine().power = Power::Off { boot: 1, how: Halt::Ask };
        lab.apply().await;
        for _ in 0..moment {
            tokio::task::yield_now().await;
        }
        let lab = lab.restart().await;
        lab.apply().await;
        lab.settle().await;
        assert_eq!(lab.off(), OffCause::Told, "{moment}");
        assert!(lab.host.volumes.open().is_empty(), "{moment}");
    }
}

#[tokio::test]
async fn machines_run_on_without_an_agent_and_are_seen_again() {
    let lab = Lab::running().await;
    let before = lab.status();
    let lab = lab.restart().await;
    assert_eq!(lab.status().state, before.state, "known before anything is desired");
    lab.settle().await;
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.status(), before);
    assert_eq!(lab.observed().volumes["vol-root"].used_by.iter().collect::<Vec<_>>(), ["i-1"]);
}

#[tokio::test]
async fn after_a_loss_of_power_machines_are_off_and_volumes_closed() {
    let mut lab = Lab::running().await;
    lab.host = lab.host.lose_power().await.unwrap();
    lab.apply().await;
    lab.settle().await;
    assert!(matches!(lab.off(), OffCause::Died(_)));
    assert_eq!(lab.host.volumes.all(), ["vol-data", "vol-root"]);
    lab.machine().power = Power::On { boot: 2 };
    lab.apply().await;
    lab.settle().await;
    assert!(matches!(lab.status().state, MachineState::Running { .. }));
}

#[tokio::test]
async fn down_ends_machines_and_closes_volumes() {
    let lab = Lab::running().await;
    lab.host.teardown().await.unwrap();
    assert!(!lab.host.machines.machine("i-1").unwrap().runs() && lab.host.volumes.open().is_empty());
    let lab = lab.restart().await;
    lab.apply().await;
    lab.settle().await;
    assert_eq!(lab.off(), OffCause::Told);
}

#[tokio::test]
async fn reachability_is_looked_at_again_and_again() {
    let lab = Lab::running().await;
    lab.host.network.answers("i-1", false);
    lab.pass(59).await;
    assert!(lab.status().reachable);
    lab.pass(1).await;
    assert!(!lab.status().reachable);
    lab.host.network.answers("i-1", true);
    lab.pass(10).await;
    assert!(lab.status().reachable);
}

//! Single decisions.

use super::*;
use std::time::Duration;

/// A machine, what is wished of it, and the moment it is.
struct Life {
    wish: Wish,
    progress: Progress,
    now: Timestamp,
}

impl Life {
    fn new() -> Self {
        Self { wish: wish(), progress: Progress::default(), now: Timestamp(0) }
    }

    /// One that runs, and was looked at.
    fn running() -> Self {
        let mut life = Self::new();
        life.settle();
        assert_eq!(life.status().state, MachineState::Running { since: life.now });
        life
    }

    fn next(&mut self) -> Vec<Step> {
        self.progress.next(&self.wish, self.now)
    }

    fn well(&mut self, step: Step) {
        let gain = gain(&step, &self.wish, self.now);
        self.progress.done(step, Ok(gain), self.now);
    }

    /// Carries out all that is to be done, well; gives the steps.
    fn settle(&mut self) -> Vec<Step> {
        let mut all = Vec::new();
        loop {
            let steps = self.next();
            if steps.is_empty() {
                return all;
            }
            all.extend(steps.clone());
            steps.into_iter().for_each(|step| self.well(step));
        }
    }

    fn see(&mut self, seen: Option<Seen>) {
        self.progress.see(seen, self.now);
    }

    fn pass(&mut self, seconds: u64) {
        self.now = self.now + Duration::from_secs(seconds);
    }

    fn status(&self) -> MachineStatus {
        self.progress.status()
    }

    fn off(&self) -> OffCause {
        match self.status().state {
            MachineState::Off { cause, .. } => cause,
            other => panic!("it is {other:?}"),
        }
    }
}

fn is_start(step: &Step) -> bool {
    matches!(step, Step::Start { .. })
}

#[test]
fn a_boot_opens_and_plugs_in_before_it_starts() {
    let mut life = Life::new();
    assert_eq!(life.next(), [Step::Open(disk("/dev/xvda", "vol-root")), Step::Prepare]);
    assert_eq!(life.next(), [], "each step is begun once");
    assert_eq!(life.status().state, MachineState::Waiting);
    life.well(Step::Prepare);
    let plug = life.next();
    assert_eq!(plug, [Step::Plug(life.wish.machine.interfaces[0].clone(), interface("eni-0"))]);
    life.well(plug[0].clone());
    assert_eq!(life.next(), [], "the disk isn't open yet");
    life.well(Step::Open(disk("/dev/xvda", "vol-root")));
    assert_eq!(life.next(), [Step::Start { boot: 1, resume: false }]);
    life.well(Step::Start { boot: 1, resume: false });
    assert_eq!(life.next(), [Step::Survey]);
    life.well(Step::Survey);
    let status = life.status();
    assert_eq!(status.disks.iter().collect::<Vec<_>>(), ["/dev/xvda"]);
    assert_eq!(status.interfaces.iter().collect::<Vec<_>>(), ["eni-0"]);
    assert!(status.reachable && status.cpu_ms == 7 && status.boot == 1);
    assert_eq!(life.progress.wake(life.now), Some(life.now + Duration::from_secs(60)));
}

#[test]
fn it_waits_for_volumes_and_interfaces_and_fails_with_a_broken_one() {
    let mut life = Life::new();
    life.wish.volumes.clear();
    life.wish.interfaces.clear();
    life.settle();
    assert_eq!(life.status().state, MachineState::Waiting);
    life.wish = wish();
    assert!(life.settle().iter().any(is_start));

    let mut life = Life::new();
    let failed = VolumeStatus { state: VolumeState::Failed("no snap-1".into()), ..VolumeStatus::default() };
    life.wish.volumes.insert("vol-root".into(), failed);
    life.settle();
    assert_eq!(life.off(), OffCause::NotStarted("vol-root: no snap-1".into()));
    life.wish = wish();
    assert_eq!(life.settle(), [], "the same boot isn't tried twice");
    life.wish.machine.power = Power::On { boot: 2 };
    assert!(life.settle().iter().any(is_start));
}

#[test]
fn what_fails_before_the_start_ends_the_boot_and_closes_what_is_open() {
    for broken in ["open", "prepare", "plug", "start"] {
        let mut life = Life::new();
        let mut steps = Vec::new();
        loop {
            let next = life.next();
            if next.is_empty() {
                break;
            }
            for step in next {
                steps.push(step.clone());
                let fails = match &step {
                    Step::Open(_) => broken == "open",
                    Step::Prepare => broken == "prepare",
                    Step::Plug(..) => broken == "plug",
                    Step::Start { .. } => broken == "start",
                    _ => false,
                };
                match fails {
                    true => life.progress.done(step, Err("no luck".into()), life.now),
                    false => life.well(step),
                }
            }
        }
        assert_eq!(life.off(), OffCause::NotStarted("no luck".into()), "{broken}");
        assert!(steps.contains(&Step::Close("/dev/xvda".into())), "{broken}: {steps:?}");
        assert_eq!(steps.last(), Some(&Step::Release), "{broken}");
    }
}

#[test]
fn a_system_that_takes_no_notice_is_ended_after_two_minutes() {
    let mut life = Life::running();
    life.wish.machine.power = Power::Off { boot: 1, how: Halt::Ask };
    assert_eq!(life.settle(), [Step::Halt(Halt::Ask)]);
    assert_eq!(life.status().state, MachineState::Stopping);
    assert_eq!(life.progress.wake(life.now), Some(life.now + Duration::from_secs(120)));
    life.pass(119);
    assert_eq!(life.settle(), []);
    life.pass(1);
    assert_eq!(life.settle(), [Step::Halt(Halt::Force)]);
    life.see(ended(1, OffCause::Died("killed".into()), 120_000));
    assert_eq!(life.settle(), [Step::Close("/dev/xvda".into()), Step::Release]);
    assert_eq!(life.status().state, MachineState::Off { at: Timestamp(120_000), cause: OffCause::Told });
    life.wish.machine.power = Power::On { boot: 1 };
    assert_eq!(life.settle(), [], "that boot is over");
}

#[test]
fn a_stop_that_is_forced_meanwhile_does_not_wait() {
    let mut life = Life::running();
    life.wish.machine.power = Power::Off { boot: 1, how: Halt::Ask };
    assert_eq!(life.next(), [Step::Halt(Halt::Ask)]);
    life.wish.machine.power = Power::Off { boot: 1, how: Halt::Force };
    life.next();
    life.well(Step::Halt(Halt::Ask));
    life.wish.machine.power = Power::Off { boot: 1, how: Halt::Force };
    assert_eq!(life.settle(), [Step::Halt(Halt::Force)]);
}

#[test]
fn hibernation_is_resumed_and_falls_back_to_a_shutdown() {
    let mut life = Life::running();
    life.wish.machine.power = Power::Off { boot: 1, how: Halt::Hibernate };
    assert_eq!(life.settle(), [Step::Halt(Halt::Hibernate)]);
    life.see(ended(1, OffCause::Hibernated, 5));
    life.settle();
    assert_eq!(life.off(), OffCause::Hibernated);
    life.wish.machine.power = Power::On { boot: 2 };
    assert!(life.settle().contains(&Step::Start { boot: 2, resume: true }));

    life.wish.machine.power = Power::Off { boot: 2, how: Halt::Hibernate };
    assert_eq!(life.next(), [Step::Halt(Halt::Hibernate)]);
    life.progress.done(Step::Halt(Halt::Hibernate), Err("no room".into()), life.now);
    assert_eq!(life.settle(), [Step::Halt(Halt::Ask)]);
    life.see(ended(2, OffCause::Itself, 9));
    life.settle();
    assert_eq!(life.off(), OffCause::Told);
    life.wish.machine.power = Power::On { boot: 3 };
    assert!(life.settle().contains(&Step::Start { boot: 3, resume: false }));
}

#[test]
fn one_that_ends_by_itself_stays_off_until_a_higher_boot() {
    for cause in [OffCause::Itself, OffCause::Died("killed".into())] {
        let mut life = Life::running();
        life.see(ended(1, cause.clone(), 3));
        assert!(!life.settle().iter().any(is_start));
        assert_eq!(life.off(), cause);
        life.wish.machine.power = Power::On { boot: 2 };
        assert!(life.settle().contains(&Step::Start { boot: 2, resume: false }));
        assert_eq!(life.status().boot, 2);
    }
}

#[test]
fn reboots_are_told_once_and_forced_after_four_minutes() {
    let mut life = Life::running();
    life.wish.machine.reboots = 2;
    assert_eq!(life.settle(), [Step::Reboot { number: 2, force: false }]);
    life.pass(60);
    assert_eq!(life.settle(), [Step::Survey]);
    life.pass(180);
    let forced = life.settle();
    assert!(forced.contains(&Step::Reboot { number: 2, force: true }), "{forced:?}");
    assert_eq!(life.status().reboots, 0);
    life.see(running(1, 2, 240_500));
    assert_eq!((life.status().reboots, life.status().state), (2, MachineState::Running { since: Timestamp(240_500) }));
    assert!(!life.status().reachable, "it is looked at anew");
    life.pass(10);
    assert_eq!(life.settle(), [Step::Survey]);
    life.wish.machine.power = Power::On { boot: 2 };
    life.wish.machine.reboots = 3;
    assert_eq!(life.settle(), [Step::Halt(Halt::Ask)], "a new boot is one, too");
    life.see(ended(1, OffCause::Itself, 300_000));
    let steps = life.settle();
    assert!(steps.iter().any(is_start) && !steps.iter().any(|step| matches!(step, Step::Reboot { .. })), "{steps:?}");
    assert_eq!(life.status().reboots, 3);
}

#[test]
fn disks_come_and_go_while_it_runs() {
    let mut life = Life::running();
    let data = disk("/dev/sdf", "vol-data");
    life.wish.machine.disks.push(data.clone());
    assert_eq!(life.settle(), [Step::Open(data.clone()), Step::Attach("/dev/sdf".into())]);
    assert!(life.status().disks.contains("/dev/sdf"));
    life.wish.volumes.get_mut("vol-data").unwrap().size_gib = 2;
    assert_eq!(life.settle(), [Step::Grow("/dev/sdf".into(), 2 << 30)]);

    life.wish.machine.disks.pop();
    assert_eq!(life.next(), [Step::Detach { device: "/dev/sdf".into(), force: false }]);
    life.progress.done(Step::Detach { device: "/dev/sdf".into(), force: false }, Err("in use".into()), life.now);
    assert_eq!(life.settle(), []);
    assert_eq!(life.status().disk_faults["/dev/sdf"], "in use");
    life.wish.machine.forced_out.insert("/dev/sdf".into());
    life.pass(5);
    let detach = Step::Detach { device: "/dev/sdf".into(), force: true };
    assert_eq!(life.settle(), [detach, Step::Close("/dev/sdf".into())]);
    assert!(life.status().disk_faults.is_empty() && life.status().disks.len() == 1);
}

#[test]
fn another_volume_under_the_same_name_comes_after_the_first_is_closed() {
    let mut life = Life::running();
    life.wish.machine.disks.push(disk("/dev/sdf", "vol-data"));
    life.settle();
    life.wish.volumes.insert("vol-other".into(), life.wish.volumes["vol-data"].clone());
    life.wish.machine.disks[1] = disk("/dev/sdf", "vol-other");
    let device = || "/dev/sdf".to_owned();
    let expected = [
        Step::Detach { device: device(), force: false },
        Step::Close(device()),
        Step::Open(disk("/dev/sdf", "vol-other")),
        Step::Attach(device()),
    ];
    assert_eq!(life.settle(), expected);
}

#[test]
fn interfaces_come_go_and_change_while_it_runs() {
    let mut life = Life::running();
    let second = Interface { device: 1, interface: "eni-1".into() };
    life.wish.machine.interfaces.push(second.clone());
    assert_eq!(life.settle(), [Step::Plug(second.clone(), interface("eni-1"))]);
    let changed = network::Interface { groups: vec!["sg-1".into()], ..interface("eni-1") };
    life.wish.interfaces.insert("eni-1".into(), changed.clone());
    assert_eq!(life.settle(), [Step::Plug(second.clone(), changed)]);
    assert!(life.status().interfaces.contains("eni-1"));
    life.wish.machine.interfaces.pop();
    assert_eq!(life.settle(), [Step::Unplug(second)]);
    assert!(!life.status().interfaces.contains("eni-1"));
}

#[test]
fn the_cpu_bound_changes_while_it_runs() {
    let mut life = Life::running();
    life.wish.machine.hardware.cpu_quota = Some(102);
    assert_eq!(life.settle(), [Step::Limit(Some(102))]);
    assert_eq!(life.settle(), []);
}

#[test]
fn one_that_vanishes_ends_at_once_and_leaves_nothing() {
    let mut life = Life::running();
    life.wish.vanish = true;
    assert_eq!(life.settle(), [Step::Halt(Halt::Force)]);
    life.see(ended(1, OffCause::Died("killed".into()), 1));
    assert_eq!(life.settle(), [Step::Close("/dev/xvda".into()), Step::Release, Step::Forget]);
    assert!(life.progress.forgotten);

    let mut life = Life::new();
    life.wish.vanish = true;
    assert_eq!(life.settle(), [Step::Forget], "it never began");
}

#[test]
fn one_that_is_stopped_before_it_was_heard_of_is_off() {
    let mut life = Life::new();
    life.wish.machine.power = Power::Off { boot: 1, how: Halt::Ask };
    assert_eq!(life.settle(), []);
    assert_eq!((life.off(), life.status().boot), (OffCause::Told, 1));
    life.wish.machine.power = Power::Off { boot: 2, how: Halt::Ask };
    life.settle();
    assert_eq!(life.status().boot, 2);
}

#[test]
fn an_agent_that_comes_back_goes_on_where_it_was() {
    let back = |life: &mut Life, seen| {
        let text = serde_json::to_string(&life.progress).unwrap();
        life.progress = serde_json::from_str::<Progress>(&text).unwrap().resume(seen, life.now);
        life.settle()
    };
    // It runs: nothing is started, only the network is brought up to date.
    let mut life = Life::running();
    let steps = back(&mut life, running(1, 0, 0));
    assert_eq!(steps, [Step::Plug(life.wish.machine.interfaces[0].clone(), interface("eni-0")), Step::Survey]);
    // Its start was begun, and came to nothing.
    let mut life = Life::new();
    while !life.next().iter().any(is_start) {
        let under_way = [Step::Prepare, Step::Open(disk("/dev/xvda", "vol-root"))];
        under_way.into_iter().for_each(|step| life.well(step));
        let plug = Step::Plug(life.wish.machine.interfaces[0].clone(), interface("eni-0"));
        if life.next() == [plug.clone()] {
            life.well(plug);
        }
    }
    let mut came_through = Life { wish: life.wish.clone(), progress: life.progress.clone(), now: life.now };
    assert_eq!(back(&mut life, None).iter().filter(|step| is_start(step)).count(), 1);
    // Its start was begun, and came through.
    assert!(!back(&mut came_through, running(1, 0, 4)).iter().any(is_start));
    assert_eq!(came_through.status().disks.len(), 1);
    // It was asked to end, and it isn't known whether it heard.
    let mut life = Life::running();
    life.wish.machine.power = Power::Off { boot: 1, how: Halt::Ask };
    assert_eq!(life.next(), [Step::Halt(Halt::Ask)]);
    assert!(back(&mut life, running(1, 0, 0)).contains(&Step::Halt(Halt::Ask)));
    // The host has lost its power.
    let mut life = Life::running();
    back(&mut life, None);
    assert!(matches!(life.off(), OffCause::Died(_)));
}

#[test]
fn an_instance_store_outlives_a_pause_and_no_stop() {
    let store = Disk { device: "/dev/nvme1n1".into(), backing: Backing::InstanceStore(1), root: false };
    for (power, closed) in [(Power::Pause { boot: 1 }, 1), (Power::Off { boot: 1, how: Halt::Ask }, 2)] {
        let mut life = Life::new();
        life.wish.machine.disks.push(store.clone());
        life.settle();
        life.wish.machine.power = power;
        assert_eq!(life.settle(), [Step::Halt(Halt::Ask)]);
        life.see(ended(1, OffCause::Itself, 9));
        let steps = life.settle();
        assert_eq!(steps.iter().filter(|step| matches!(step, Step::Close(_))).count(), closed, "{steps:?}");
        assert_eq!(life.off(), OffCause::Told);
        life.wish.machine.power = Power::On { boot: 2 };
        life.wish.machine.disks[0] = disk("/dev/xvda", "vol-data");
        let steps = life.settle();
        assert!(steps.contains(&Step::Open(disk("/dev/xvda", "vol-data"))) && steps.iter().any(is_start), "{steps:?}");
        assert_eq!(life.status().disks.len(), 2);
    }
}

#[test]
fn an_instance_store_goes_when_nobody_comes_back_for_it() {
    let store = Disk { device: "/dev/nvme1n1".into(), backing: Backing::InstanceStore(1), root: false };
    let mut life = Life::new();
    life.wish.machine.disks.push(store);
    life.settle();
    life.wish.machine.power = Power::Pause { boot: 1 };
    life.settle();
    life.see(ended(1, OffCause::Itself, 9));
    life.settle();
    life.wish.machine.power = Power::Off { boot: 1, how: Halt::Ask };
    assert_eq!(life.settle(), [Step::Close("/dev/nvme1n1".into())]);
}

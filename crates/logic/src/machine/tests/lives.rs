//! Whole lives: random wishes, a host of random luck, an agent that dies at any moment.

use super::*;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// A host that does what it is told, as far as it has luck.
#[derive(Default)]
struct Host {
    /// The machine that a driver has.
    machine: Option<Seen>,
    /// How often each boot was started.
    starts: BTreeMap<u32, u32>,
    /// The volumes that are open, with what the machine has of them.
    open: BTreeMap<String, bool>,
    now: i64,
}

impl Host {
    fn runs(&self) -> bool {
        matches!(self.machine, Some(Seen { life: Life::Running { .. }, .. }))
    }

    fn end(&mut self, cause: OffCause) {
        let at = Timestamp(self.now);
        if let Some(seen) = self.machine.as_mut().filter(|seen| matches!(seen.life, Life::Running { .. })) {
            seen.life = Life::Ended { at, cause };
            self.open.values_mut().for_each(|held| *held = false);
        }
    }

    /// Carries a step out; what must never be done is an error of the test.
    fn carry_out(&mut self, step: &Step, wish: &Wish, luck: bool) -> Result<Gain, String> {
        if !luck {
            return Err("no luck".into());
        }
        match step {
            Step::Open(disk) => drop(self.open.entry(disk.device.clone()).or_insert(false)),
            Step::Close(device) => {
                assert_ne!(self.open.get(device), Some(&true), "{device} is taken from under a machine");
                self.open.remove(device);
            }
            Step::Attach(device) => *self.open.get_mut(device).expect("open") = self.runs(),
            Step::Detach { device, .. } => drop(self.open.get_mut(device).map(|held| *held = false)),
            Step::Start { boot, .. } => return Ok(Gain::Seen(self.start(*boot, wish.machine.reboots))),
            Step::Halt(Halt::Hibernate) => self.end(OffCause::Hibernated),
            Step::Halt(_) => self.end(OffCause::Itself),
            Step::Reboot { number, .. } => {
                if let Some(seen) = &mut self.machine {
                    seen.reboots = *number;
                }
            }
            Step::Release => {
                assert!(!self.runs(), "what runs is released");
                assert!(self.open.is_empty(), "volumes are lost: {:?}", self.open);
                self.machine = None;
            }
            Step::Forget => assert!(self.machine.is_none() && self.open.is_empty()),
            _ => {}
        }
        Ok(gain(step, wish, Timestamp(self.now)))
    }

    fn start(&mut self, boot: u32, reboots: u32) -> Option<Seen> {
        let already = self.machine.as_ref().is_some_and(|seen| seen.boot == boot);
        if !already {
            *self.starts.entry(boot).or_default() += 1;
            assert!(!self.runs(), "one runs already");
            assert!(self.open.contains_key("/dev/xvda"), "without its root");
            self.machine = running(boot, reboots, self.now);
            self.open.values_mut().for_each(|held| *held = true);
        }
        self.machine.clone()
    }
}

#[derive(Clone, Debug)]
enum Happening {
    Boot,
    Off(Halt),
    Pause,
    Reboot,
    Disk(bool),
    Interface(bool),
    Time(u64),
    /// A step that is under way ends, well or not.
    Ends(usize, bool),
    OwnEnd,
    /// The agent dies; steps that were under way have been carried out or not.
    AgentDies(bool),
    PowerLoss,
    Vanish,
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let one = prop_oneof![
        2 => Just(Happening::Boot),
        2 => prop_oneof![Just(Halt::Ask), Just(Halt::Force), Just(Halt::Hibernate)].prop_map(Happening::Off),
        1 => Just(Happening::Reboot),
        2 => any::<bool>().prop_map(Happening::Disk),
        1 => any::<bool>().prop_map(Happening::Interface),
        2 => (0u64..150).prop_map(Happening::Time),
        20 => (0usize..5, proptest::bool::weighted(0.9)).prop_map(|(which, well)| Happening::Ends(which, well)),
        1 => Just(Happening::Pause),
        1 => Just(Happening::OwnEnd),
        2 => any::<bool>().prop_map(Happening::AgentDies),
        1 => Just(Happening::PowerLoss),
        1 => Just(Happening::Vanish),
    ];
    proptest::collection::vec(one, 0..150)
}

struct Run {
    wish: Wish,
    progress: Progress,
    host: Host,
    under_way: Vec<Step>,
    boots: u32,
}

impl Run {
    fn now(&self) -> Timestamp {
        Timestamp(self.host.now)
    }

    fn happens(&mut self, happening: Happening) {
        let data = disk("/dev/sdf", "vol-data");
        let second = Interface { device: 1, interface: "eni-1".into() };
        match happening {
            Happening::Boot => {
                self.boots += 1;
                self.wish.machine.power = Power::On { boot: self.boots };
            }
            Happening::Off(how) => self.wish.machine.power = Power::Off { boot: self.boots, how },
            Happening::Pause => self.wish.machine.power = Power::Pause { boot: self.boots },
            Happening::Reboot => self.wish.machine.reboots += 1,
            Happening::Disk(wanted) => {
                self.wish.machine.disks.truncate(1);
                self.wish.machine.disks.extend(wanted.then_some(data));
            }
            Happening::Interface(wanted) => {
                self.wish.machine.interfaces.truncate(1);
                self.wish.machine.interfaces.extend(wanted.then_some(second));
            }
            Happening::Time(seconds) => self.host.now += seconds as i64 * 1000,
            Happening::Ends(which, well) if !self.under_way.is_empty() => {
                let step = self.under_way.remove(which % self.under_way.len());
                let result = self.host.carry_out(&step, &self.wish, well);
                self.progress.done(step, result, self.now());
            }
            Happening::Ends(..) => {}
            Happening::OwnEnd => self.host.end(OffCause::Itself),
            Happening::AgentDies(late) => self.agent_dies(late),
            Happening::PowerLoss => {
                self.host.machine = None;
                self.host.open.clear();
                self.agent_dies(false);
            }
            Happening::Vanish => self.wish.vanish = true,
        }
        if self.progress.is_running() {
            self.progress.see(self.host.machine.clone(), self.now());
        }
        self.look();
    }

    fn look(&mut self) {
        let now = self.now();
        let steps = self.progress.next(&self.wish, now);
        self.under_way.extend(steps);
    }

    fn agent_dies(&mut self, carried_out: bool) {
        for step in std::mem::take(&mut self.under_way) {
            let _ = self.host.carry_out(&step, &self.wish, carried_out);
        }
        let kept = serde_json::to_string(&self.progress).unwrap();
        let now = self.now();
        self.progress = serde_json::from_str::<Progress>(&kept).unwrap().resume(self.host.machine.clone(), now);
    }

    /// Everything goes well from now on, and time passes.
    fn calm(&mut self) {
        for _ in 0..200 {
            self.happens(Happening::Time(5));
            for _ in 0..self.under_way.len() {
                self.happens(Happening::Ends(0, true));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    /// No boot is started twice, no disk is taken from under a machine, none is left open, and whatever has happened, in the end it is as wished.
    #[test]
    fn no_order_of_events_starts_a_boot_twice_or_loses_a_volume(happenings in happenings()) {
        let mut run = Run { wish: wish(), progress: Progress::default(), host: Host::default(), under_way: Vec::new(), boots: 1 };
        for happening in happenings {
            run.happens(happening);
            prop_assert!(run.host.starts.values().all(|starts| *starts == 1), "{:?}", run.host.starts);
            let known: BTreeSet<_> = run.progress.disks.keys().collect();
            prop_assert!(run.host.open.keys().all(|device| known.contains(device)), "a volume is lost");
        }
        run.calm();
        let status = run.progress.status();
        match (run.wish.vanish, run.wish.machine.power) {
            (true, _) => prop_assert!(run.progress.forgotten && run.host.open.is_empty() && run.host.machine.is_none()),
            (false, Power::Off { .. } | Power::Pause { .. }) => prop_assert!(matches!(status.state, MachineState::Off { .. }), "{status:?}"),
            (false, Power::On { boot }) => {
                prop_assert_eq!(status.boot, boot);
                let settled = matches!(status.state, MachineState::Running { .. } | MachineState::Off { .. });
                prop_assert!(settled, "{:?}", status);
                prop_assert_eq!(run.host.runs(), matches!(status.state, MachineState::Running { .. }));
                if run.host.runs() {
                    prop_assert_eq!(status.disks.len(), run.wish.machine.disks.len());
                    prop_assert_eq!(status.interfaces.len(), run.wish.machine.interfaces.len());
                    prop_assert_eq!(status.reboots, run.wish.machine.reboots);
                }
            }
        }
        prop_assert!(run.host.runs() || run.host.open.is_empty());
    }
}

//! Lives of instances, step by step.

use super::*;
use agent_proto::machine::{Halt, MachineState, MachineStatus, OffCause, Power};
use model::{
    Timestamp,
    ec2::{
        Boot, Ending, EventKind, InstanceAttributes, InstancePlan, InstanceSpec, InstanceState, Interlude, InterludeWork, Launch,
        MachineKind, MetadataOptions, Placement, PrivateDnsOptions, PurchaseOption, RootReplacementState, ScheduledEvent, Tags,
        Wish,
    },
};
use proptest::prelude::*;
use std::time::Duration;

fn spec() -> InstanceSpec {
    InstanceSpec {
        image: "ami-1".into(),
        boot: Boot {
            machine: MachineKind::SystemContainer,
            architecture: "x86_64".into(),
            boot_mode: None,
            root_device: "/dev/xvda".into(),
            platform_details: "Linux/UNIX".into(),
        },
        instance_type: "t3.micro".into(),
        launch: Launch { reservation: "r-1".into(), index: 0, client_token: None, at: Timestamp(0) },
        key: None,
        user_data: None,
        profile: None,
        placement: Placement { zone: "eu-west-1a".into(), group: None, partition: None, tenancy: "default".into() },
        vpc: "vpc-1".into(),
        subnet: "subnet-1".into(),
        interfaces: Vec::new(),
        public_address: false,
        volumes: Vec::new(),
        instance_store: Vec::new(),
        wish: Wish::Run,
        starts: 1,
        reboots: 0,
        interludes: Vec::new(),
        attributes: InstanceAttributes {
            termination_protection: false,
            stop_protection: false,
            shutdown_terminates: false,
            ebs_optimized: false,
            ena_support: true,
            hibernation: false,
            detailed_monitoring: false,
            unlimited_credits: false,
            cpu_options: None,
            auto_recovery: "default".into(),
        },
        metadata: MetadataOptions { enabled: true, tokens_required: false, hop_limit: 1, tags: false, ipv6: false },
        private_dns: PrivateDnsOptions::default(),
        purchase: PurchaseOption::default(),
        events: Vec::new(),
        tags: Tags::new(),
    }
}

/// An instance, a clock, and what is seen of its machine.
struct Life {
    spec: InstanceSpec,
    plan: InstancePlan,
    machine: MachineStatus,
    now: Timestamp,
}

impl Life {
    fn new() -> Self {
        Self { spec: spec(), plan: InstancePlan::default(), machine: MachineStatus::default(), now: Timestamp(0) }
    }

    fn running() -> Self {
        let mut life = Self::new();
        life.go_on();
        life.machine_is(MachineState::Running { since: Timestamp(0) });
        life
    }

    /// Takes all steps that are due, and gives them.
    fn go_on(&mut self) -> Vec<Step> {
        let mut taken = Vec::new();
        for _ in 0..20 {
            let seen = Seen { machine: (self.plan.boot > 0).then_some(&self.machine), ..Seen::default() };
            let step = next(&self.spec, &self.plan, seen, self.now);
            if matches!(step, Step::Wait(_) | Step::Rest | Step::Forget) {
                return taken;
            }
            self.plan = take(&self.spec, &self.plan, &step, None, self.now);
            taken.push(step);
        }
        panic!("it goes on for ever: {taken:?}");
    }

    fn machine_is(&mut self, state: MachineState) {
        (self.machine.boot, self.machine.state) = (self.plan.boot, state);
        self.go_on();
    }

    fn is_off(&mut self, cause: OffCause) {
        let at = self.now;
        self.machine_is(MachineState::Off { at, cause });
    }

    fn wish(&mut self, wish: fn(Ending) -> Wish, hibernate: bool) {
        self.spec.wish = wish(Ending { at: self.now, hibernate, force: false, reason: shut_down_by_user() });
        self.go_on();
    }

    fn state(&self) -> InstanceState {
        state(&self.spec, &self.plan)
    }

    fn power(&self) -> Option<Power> {
        power(&self.spec, &self.plan)
    }
}

#[test]
fn states_have_their_numbers() {
    let all = [
        (InstanceState::Pending, 0, "pending"),
        (InstanceState::Running, 16, "running"),
        (InstanceState::ShuttingDown, 32, "shutting-down"),
        (InstanceState::Terminated, 48, "terminated"),
        (InstanceState::Stopping, 64, "stopping"),
        (InstanceState::Stopped, 80, "stopped"),
    ];
    for (state, code, name) in all {
        assert_eq!((state_code(state), state_name(state)), (code, name));
    }
}

#[test]
fn a_wish_shows_before_anybody_has_seen_to_it() {
    let mut life = Life::running();
    let ending = Ending { at: Timestamp(1000), hibernate: false, force: false, reason: shut_down_by_user() };
    life.spec.wish = Wish::Stop(ending.clone());
    assert_eq!(life.state(), InstanceState::Stopping);
    assert_eq!(state_reason(&life.spec, &life.plan).unwrap().code, "Client.UserInitiatedShutdown");
    assert_eq!(state_transition(&life.spec, &life.plan), "User initiated (1970-01-01 00:00:01 GMT)");
    life.spec.wish = Wish::Terminate(ending);
    assert_eq!(life.state(), InstanceState::ShuttingDown);
    life.go_on();
    life.is_off(OffCause::Told);
    (life.spec.wish, life.spec.starts) = (Wish::Run, 2);
    assert_eq!(life.state(), InstanceState::Terminated, "what has ended for good stays so");
}

#[test]
fn it_waits_for_its_machine_in_each_direction() {
    let mut life = Life::running();
    life.wish(Wish::Stop, false);
    assert_eq!((life.state(), life.power()), (InstanceState::Stopping, Some(Power::Off { boot: 1, how: Halt::Ask })));
    life.machine_is(MachineState::Stopping);
    assert_eq!(life.state(), InstanceState::Stopping);
    life.is_off(OffCause::Told);
    assert_eq!(life.state(), InstanceState::Stopped);
    (life.spec.wish, life.spec.starts) = (Wish::Run, 2);
    assert_eq!(life.go_on(), [Step::Boot]);
    // What the host says of the boot before is no news of this one.
    assert_eq!((life.state(), life.power()), (InstanceState::Pending, Some(Power::On { boot: 2 })));
    assert_eq!(life.plan.reason, None);
    life.machine_is(MachineState::Running { since: Timestamp(0) });
    assert_eq!(life.state(), InstanceState::Running);
}

#[test]
fn sleep_is_known_by_how_the_machine_went_off() {
    for (cause, sleeps) in [(OffCause::Hibernated, true), (OffCause::Told, false)] {
        let mut life = Life::running();
        life.wish(Wish::Stop, true);
        assert_eq!(life.power(), Some(Power::Off { boot: 1, how: Halt::Hibernate }));
        life.is_off(cause);
        assert_eq!((life.state(), life.plan.hibernated), (InstanceState::Stopped, sleeps));
    }
}

#[test]
fn a_machine_is_booted_again_whose_host_was_gone() {
    let mut life = Life::running();
    life.spec.attributes.auto_recovery = "disabled".into();
    for boot in 2..6 {
        life.is_off(OffCause::Told);
        assert_eq!((life.state(), life.power()), (InstanceState::Running, Some(Power::On { boot })));
        assert_eq!((life.plan.recoveries, life.plan.reachable_since), (0, None), "it is no recovery, and however often");
        life.machine.boot = boot;
        life.machine_is(MachineState::Running { since: Timestamp(0) });
    }
    let mut life = Life::new();
    life.go_on();
    life.is_off(OffCause::Told);
    assert_eq!((life.state(), life.power()), (InstanceState::Pending, Some(Power::On { boot: 2 })));
}

#[test]
fn who_wants_no_recovery_gets_none() {
    let mut life = Life::running();
    life.spec.attributes.auto_recovery = "disabled".into();
    life.is_off(OffCause::Died("killed".into()));
    assert_eq!(life.state(), InstanceState::Stopped);
}

fn event(id: &str, kind: EventKind, at: i64) -> ScheduledEvent {
    let at = Timestamp(at);
    ScheduledEvent { id: id.into(), kind, description: String::new(), not_before: at, not_after: at, deadline: at }
}

#[test]
fn events_are_carried_out_once_and_in_their_order() {
    let mut life = Life::running();
    life.spec.events = vec![event("b", EventKind::InstanceRetirement, 2000), event("a", EventKind::InstanceReboot, 1000)];
    let seen = Seen { machine: Some(&life.machine), ..Seen::default() };
    assert_eq!(next(&life.spec, &life.plan, seen, life.now), Step::Wait(Timestamp(1000)));
    life.now = Timestamp(1000);
    assert_eq!(life.go_on(), [Step::Reboot("a".into())]);
    assert_eq!((life.plan.reboots, life.state()), (1, InstanceState::Running));
    life.now = Timestamp(2000);
    life.go_on();
    assert_eq!(life.plan.reason.as_ref().unwrap().code, "Server.ScheduledStop");
    life.is_off(OffCause::Told);
    assert_eq!(life.state(), InstanceState::Stopped);
    (life.spec.wish, life.spec.starts) = (Wish::Run, 2);
    life.go_on();
    life.machine_is(MachineState::Running { since: life.now });
    assert_eq!(life.state(), InstanceState::Running);
}

#[test]
fn a_start_elsewhere_makes_a_retirement_needless() {
    let mut life = Life::running();
    life.spec.events = vec![event("a", EventKind::InstanceRetirement, 5000)];
    life.wish(Wish::Stop, false);
    life.is_off(OffCause::Told);
    (life.spec.wish, life.spec.starts) = (Wish::Run, 2);
    life.go_on();
    life.machine_is(MachineState::Running { since: life.now });
    life.now = Timestamp(6000);
    assert!(life.go_on().is_empty());
    assert_eq!(life.state(), InstanceState::Running);
}

#[test]
fn what_has_ended_is_forgotten_in_an_hour() {
    let mut life = Life::running();
    life.wish(Wish::Terminate, false);
    life.is_off(OffCause::Told);
    let due = |now| next(&life.spec, &life.plan, Seen::default(), now);
    assert_eq!(due(Timestamp(1)), Step::Wait(Timestamp(3_600_000)));
    assert_eq!(due(Timestamp(3_600_000)), Step::Forget);
}

#[test]
fn seconds_are_paid_and_a_minute_at_least() {
    for (millis, seconds) in [(0, 60), (59_999, 60), (60_000, 60), (60_001, 61), (3_600_000, 3600)] {
        assert_eq!(paid_seconds(Timestamp(0), Timestamp(millis)), seconds);
    }
    assert_eq!(paid_seconds(Timestamp(5), Timestamp(0)), 60);
}

const MINUTE: u64 = 60_000;

fn after(minutes: u64) -> Timestamp {
    Timestamp(0) + Duration::from_millis(minutes * MINUTE)
}

#[test]
fn figures_are_ec2s() {
    for (name, vcpus, credits_per_hour, baseline_percent) in [
        ("t2.micro", 1, 6, 10),
        ("t3.nano", 2, 6, 10),
        ("t3.micro", 2, 12, 20),
        ("t3.2xlarge", 8, 192, 320),
        ("t4g.large", 2, 36, 60),
    ] {
        let credits = credits_of(name, vcpus).unwrap();
        assert_eq!(credits.per_hour, credits_per_hour * MINUTE, "{name}");
        assert_eq!(credits.baseline(), 1024 * baseline_percent / 100, "{name}");
    }
    assert_eq!(credits_of("t2.large", 2).unwrap().at_launch, 60 * MINUTE);
    assert_eq!(credits_of("m5.large", 2), None);
}

#[test]
fn idle_earns_and_busy_spends() {
    let credits = credits_of("t3.micro", 2).unwrap();
    let hour = advance(&first_balance(credits, Timestamp(0)), credits, false, 0, after(60));
    assert_eq!((hour.earned, hour.throttled), (12 * MINUTE, false));
    let spent = advance(&hour, credits, false, 10 * MINUTE, after(65));
    assert_eq!((spent.earned, spent.throttled), (3 * MINUTE, false));
    let empty = advance(&spent, credits, false, 20 * MINUTE, after(70));
    assert_eq!((empty.earned, empty.throttled), (0, true));
    let still = advance(&empty, credits, false, 20 * MINUTE, after(71));
    assert!(still.throttled, "less than a credit");
    assert!(!advance(&empty, credits, false, 20 * MINUTE, after(75)).throttled);
}

#[test]
fn t2_has_credits_at_its_launch_and_loses_all_at_a_stop() {
    let credits = credits_of("t2.micro", 1).unwrap();
    let first = first_balance(credits, Timestamp(0));
    let spent = advance(&first, credits, false, 10 * MINUTE, after(10));
    assert_eq!((spent.launch, spent.earned), (20 * MINUTE, MINUTE));
    assert_eq!(credits.at_boot(Some(&spent), Some(after(10)), after(11)).launch, 30 * MINUTE);
    let t3 = credits_of("t3.micro", 2).unwrap();
    let kept = advance(&first_balance(t3, Timestamp(0)), t3, false, 0, after(60));
    assert_eq!(t3.at_boot(Some(&kept), Some(after(60)), after(61)).earned, kept.earned);
    assert_eq!(t3.at_boot(Some(&kept), Some(after(60)), after(60 + 7 * 24 * 60 + 1)).earned, 0);
}

#[test]
fn unlimited_spends_in_advance_and_pays_what_it_cannot_earn() {
    let credits = credits_of("t3.nano", 2).unwrap();
    let deep = advance(&first_balance(credits, Timestamp(0)), credits, true, 150 * MINUTE, after(60));
    assert_eq!((deep.surplus, deep.charged, deep.throttled), (144 * MINUTE, 0, false));
    let deeper = advance(&deep, credits, true, 166 * MINUTE, after(120));
    assert_eq!((deeper.surplus, deeper.charged), (144 * MINUTE, 10 * MINUTE));
    assert_eq!(advance(&deeper, credits, true, 166 * MINUTE, after(180)).surplus, 138 * MINUTE);
}

proptest! {
    /// Whatever happens, it comes to rest; its boots only rise; and an instance whose end was asked for ends once its machine is off.
    #[test]
    fn every_life_ends(acts in prop::collection::vec(0..9u8, 0..40)) {
        let mut life = Life::new();
        let mut boot = 0;
        for act in acts {
            life.now = life.now + Duration::from_secs(1);
            match act {
                0 => life.machine_is(MachineState::Running { since: Timestamp(0) }),
                1 => life.machine_is(MachineState::Stopping),
                2 => life.is_off(OffCause::Told),
                3 => life.is_off(OffCause::Itself),
                4 => life.is_off(OffCause::Died("it died".into())),
                5 => life.is_off(OffCause::NotStarted("no".into())),
                6 => life.machine.reachable = !life.machine.reachable,
                7 if life.state() == InstanceState::Running => life.wish(Wish::Stop, false),
                8 if life.state() == InstanceState::Stopped => (life.spec.wish, life.spec.starts) = (Wish::Run, life.spec.starts + 1),
                _ => {}
            }
            life.go_on();
            prop_assert!(life.plan.boot >= boot);
            boot = life.plan.boot;
        }
        life.wish(Wish::Terminate, false);
        life.is_off(OffCause::Told);
        prop_assert_eq!(life.state(), InstanceState::Terminated);
    }
}

fn interlude(life: &mut Life, id: &str, work: InterludeWork) {
    life.spec.interludes.push(Interlude { id: id.into(), work });
}

#[test]
fn an_interlude_is_a_reboot_in_steps() {
    let mut life = Life::running();
    interlude(&mut life, "ami-1", InterludeWork::Snapshots);
    assert!(!is_open(&life.spec, &life.plan, "ami-1"));
    assert_eq!(life.go_on(), [Step::Pause("ami-1".into())]);
    assert_eq!((life.state(), life.power()), (InstanceState::Running, Some(Power::Pause { boot: 1 })));
    life.machine_is(MachineState::Stopping);
    assert!(!is_open(&life.spec, &life.plan, "ami-1"), "it isn't down yet");
    life.is_off(OffCause::Told);
    assert!(is_open(&life.spec, &life.plan, "ami-1"));
    assert_eq!((life.state(), life.power()), (InstanceState::Running, Some(Power::Pause { boot: 1 })), "it waits for the work");
    let seen = Seen { machine: Some(&life.machine), interlude_done: true, ..Seen::default() };
    let step = next(&life.spec, &life.plan, seen, life.now);
    assert_eq!(step, Step::Finish("ami-1".into()));
    life.plan = take(&life.spec, &life.plan, &step, None, life.now);
    assert_eq!((life.state(), life.power()), (InstanceState::Running, Some(Power::On { boot: 2 })));
    assert_eq!(life.go_on(), [], "what the machine did on its last boot is past");
    // Another one waits until it is up.
    interlude(&mut life, "ami-2", InterludeWork::Snapshots);
    assert_eq!(life.go_on(), []);
    life.machine_is(MachineState::Running { since: Timestamp(0) });
    assert_eq!(life.power(), Some(Power::Pause { boot: 2 }));
    assert!(is_open(&life.spec, &life.plan, "ami-1") && !is_open(&life.spec, &life.plan, "ami-2"));
}

#[test]
fn a_stop_overtakes_an_interlude() {
    let mut life = Life::running();
    interlude(&mut life, "ami-1", InterludeWork::Snapshots);
    life.go_on();
    life.wish(Wish::Stop, false);
    assert_eq!(life.power(), Some(Power::Off { boot: 1, how: Halt::Ask }));
    assert!(!is_open(&life.spec, &life.plan, "ami-1"));
    life.is_off(OffCause::Told);
    assert_eq!(life.state(), InstanceState::Stopped);
    assert!(is_open(&life.spec, &life.plan, "ami-1"), "it is down");
    (life.spec.wish, life.spec.starts) = (Wish::Run, 2);
    life.go_on();
    life.machine_is(MachineState::Running { since: Timestamp(0) });
    assert_eq!(life.power(), Some(Power::On { boot: 2 }), "once is enough");
}

#[test]
fn a_replacement_ends_with_its_instance_running_or_not_at_all() {
    let mut life = Life::running();
    interlude(&mut life, "replacevol-1", InterludeWork::ReplaceRoot);
    let of = |life: &Life, swapped| {
        let seen =
            Replacing { id: "replacevol-1", instance: Some((&life.spec, &life.plan)), machine: Some(&life.machine), swapped };
        replacement(RootReplacementState::Pending, seen)
    };
    assert_eq!(of(&life, false), RootReplacementState::Pending);
    life.go_on();
    assert_eq!(of(&life, false), RootReplacementState::InProgress);
    life.is_off(OffCause::Told);
    life.plan = take(&life.spec, &life.plan, &Step::Finish("replacevol-1".into()), None, life.now);
    assert_eq!(of(&life, true), RootReplacementState::InProgress);
    assert_eq!(of(&life, false), RootReplacementState::Failed);
    life.machine_is(MachineState::Running { since: Timestamp(0) });
    assert_eq!(of(&life, true), RootReplacementState::Succeeded);
    life.wish(Wish::Stop, false);
    assert_eq!(of(&life, true), RootReplacementState::Failed, "it was not seen to run");
    let gone = Replacing { id: "replacevol-1", instance: None, machine: None, swapped: true };
    assert_eq!(replacement(RootReplacementState::InProgress, gone), RootReplacementState::Failed);
    assert_eq!(replacement(RootReplacementState::Succeeded, gone), RootReplacementState::Succeeded);
}

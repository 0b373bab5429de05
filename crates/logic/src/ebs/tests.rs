//! Tests of the rooms together.

use super::*;
use agent_proto::volume::{VolumeState as HostState, VolumeStatus};
use model::{
    Timestamp,
    ec2::{Detach, FastRestore, InstanceState, Performance, Tiering, VolumeModification, VolumePlan, VolumeSpec},
};
use proptest::prelude::*;
use std::time::Duration;

const NOON: Timestamp = Timestamp(1_700_000_000_000);

fn spec(kind: &str, size: u32) -> VolumeSpec {
    VolumeSpec {
        size,
        performance: Performance { volume_type: kind.into(), iops: Some(3000), throughput: Some(125) },
        zone: "us-east-1a".into(),
        snapshot: None,
        snapshot_encryption: None,
        fast_restored: false,
        encryption: None,
        multi_attach: false,
        created_at: NOON,
        attachments: Vec::new(),
        attachments_made: 0,
        modifications: Vec::new(),
        client_token: None,
        deleted_at: None,
        tags: Default::default(),
    }
}

fn text(refusal: Refusal) -> String {
    match refusal {
        Refusal::Value(text) => format!("value: {text}"),
        Refusal::Combination(text) => format!("combination: {text}"),
    }
}

fn ask(kind: &str, size: u32, iops: Option<u32>, throughput: Option<u32>) -> Result<Performance, String> {
    provision(VolumeKind::of(kind).unwrap(), size, iops, throughput).map_err(text)
}

#[test]
fn each_type_has_its_bounds() {
    for (kind, size, iops, throughput, refusal) in [
        ("gp3", 0, None, None, "value: Volume of 0GiB is too small for volume type gp3; minimum is 1GiB."),
        ("gp2", 16_385, None, None, "value: Volume of 16385GiB is too large for volume type gp2; maximum is 16384GiB."),
        ("st1", 124, None, None, "value: Volume of 124GiB is too small for volume type st1; minimum is 125GiB."),
        ("gp2", 10, Some(100), None, "combination: The parameter iops is not supported for gp2 volumes."),
        ("io1", 10, Some(100), Some(125), "combination: The parameter throughput is not supported for io1 volumes."),
        ("io1", 10, None, None, "combination: The parameter iops must be specified for io1 volumes."),
        ("io1", 10, Some(99), None, "value: Volume iops of 99 is too low; minimum is 100."),
        ("io2", 65_536, Some(256_001), None, "value: Volume iops of 256001 is too high; maximum is 256000."),
        ("io1", 10, Some(501), None, "value: Iops to volume size ratio of 50.100000 is too high; maximum is 50.000000."),
        ("gp3", 6, Some(3001), None, "value: Iops to volume size ratio of 500.166667 is too high; maximum is 500.000000."),
        ("gp3", 6, None, Some(124), "value: Volume throughput of 124 MiBps is too low; minimum is 125 MiBps."),
        ("gp3", 9000, Some(80_000), Some(2001), "value: Volume throughput of 2001 MiBps is too high; maximum is 2000 MiBps."),
        (
            "gp3",
            100,
            None,
            Some(1000),
            "value: Throughput (MiBps) to iops ratio of 0.333333 is too high; maximum is 0.250000 MiBps per iops.",
        ),
    ] {
        assert_eq!(ask(kind, size, iops, throughput).unwrap_err(), refusal);
    }
    assert!(["gp2", "gp3", "standard"].iter().all(|kind| ask(kind, 1, None, None).is_ok()));
    assert_eq!(shown_iops(1000, &ask("gp2", 1000, None, None).unwrap()), Some(3000));
}

proptest! {
    #[test]
    fn what_is_granted_is_within_bounds(
        kind in prop::sample::select(vec!["standard", "io1", "io2", "gp2", "gp3", "st1", "sc1"]),
        size in 0u32..70_000,
        iops in prop::option::of(0u32..300_000),
        throughput in prop::option::of(0u32..3000),
    ) {
        let Ok(given) = ask(kind, size, iops, throughput) else { return Ok(()) };
        let most = if matches!(kind, "io2" | "gp3") { 65_536 } else { 16_384 };
        prop_assert!((1..=most).contains(&size));
        prop_assert!(iops.is_none() || given.iops == iops, "what is asked for is given");
        prop_assert!(throughput.is_none() || given.throughput == throughput);
        if let (Some(throughput), Some(iops)) = (given.throughput, given.iops) {
            prop_assert!(throughput * 4 <= iops);
        }
        let limits = limits(size, &given);
        prop_assert!(limits.iops.is_some_and(|it| it > 0) && limits.throughput_mib.is_some_and(|it| it > 0), "nothing stands still");
        prop_assert!(limits.iops.unwrap() <= 256_000 && limits.throughput_mib.unwrap() <= 4000);
    }

    #[test]
    fn no_more_than_four_modifications_fit_into_a_day(gaps in prop::collection::vec(0u64..20 * 3600, 1..40)) {
        let (mut spec, mut plan, mut now) = (spec("gp3", 100), VolumePlan::default(), NOON);
        let mut begun: Vec<Timestamp> = Vec::new();
        for gap in gaps {
            now = now + Duration::from_secs(gap);
            let may = may_modify(&spec, &plan, now);
            let recent = begun.iter().filter(|at| **at + Duration::from_secs(86_400) > now).count();
            prop_assert_eq!(matches!(may, Err(RateExceeded::TooMany(_))), recent >= 4 && !matches!(may, Err(RateExceeded::Unfinished(_))));
            if may.is_ok() {
                begun.push(now);
                modify(&mut spec, now);
                note_volume(&spec, &mut plan, &ready(&spec), now);
            }
        }
    }

    #[test]
    fn an_attachment_never_comes_back(steps in prop::collection::vec((0u8..6, any::<[bool; 3]>()), 0..30), detach in 0usize..10) {
        let (mut spec, mut plan) = (spec("gp3", 1), VolumePlan::default());
        next_attachment(&mut spec, &plan, ("i-1", "/dev/sdf"), false, NOON);
        let (mut was_attached, mut was_over) = (false, false);
        for (place, (state, [told, has, fault])) in steps.into_iter().enumerate() {
            if place == detach {
                spec.attachments[0].detach = Some(Detach { at: NOON, force: false });
            }
            let state = STATES[usize::from(state)];
            note_attachments(&spec, &mut plan, |_| Holder { state, told, has, fault }, NOON);
            let shown: Vec<_> = attachments(&spec, &plan).collect();
            prop_assert!(!was_over || shown.is_empty());
            was_over |= shown.is_empty();
            was_attached |= shown.iter().any(|(_, state)| *state == AttachmentState::Attached);
            prop_assert!(!was_attached || shown.iter().all(|(_, state)| *state != AttachmentState::Attaching));
        }
    }
}

const STATES: [Option<InstanceState>; 6] = [
    None,
    Some(InstanceState::Pending),
    Some(InstanceState::Running),
    Some(InstanceState::Stopped),
    Some(InstanceState::ShuttingDown),
    Some(InstanceState::Terminated),
];

fn modify(spec: &mut VolumeSpec, at: Timestamp) {
    let modification = VolumeModification {
        number: spec.modifications.len() as u32 + 1,
        at,
        from_size: spec.size,
        from: spec.performance.clone(),
        from_multi_attach: false,
        to_size: spec.size + 1,
        to: spec.performance.clone(),
        to_multi_attach: false,
    };
    spec.size += 1;
    spec.modifications.push(modification);
}

fn ready(spec: &VolumeSpec) -> VolumeStatus {
    let limits = limits(spec.size, &spec.performance);
    VolumeStatus { state: HostState::Ready, size_gib: spec.size, limits, ..VolumeStatus::default() }
}

#[test]
fn a_volume_is_made_used_and_deleted() {
    let (mut spec, mut plan) = (spec("gp3", 10), VolumePlan::default());
    assert_eq!(volume_state(&spec, &plan), VolumeState::Creating);
    note_volume(&spec, &mut plan, &ready(&spec), NOON);
    assert_eq!(volume_state(&spec, &plan), VolumeState::Available);
    next_attachment(&mut spec, &plan, ("i-1", "/dev/sdf"), true, NOON);
    assert_eq!(volume_state(&spec, &plan), VolumeState::InUse);
    let running = |told, has| Holder { state: Some(InstanceState::Running), told, has, fault: false };
    note_attachments(&spec, &mut plan, |_| running(true, false), NOON);
    assert_eq!(attachments(&spec, &plan).next().unwrap().1, AttachmentState::Attaching);
    note_attachments(&spec, &mut plan, |_| running(true, true), NOON);
    assert_eq!(attachments(&spec, &plan).next().unwrap().1, AttachmentState::Attached);
    spec.attachments[0].detach = Some(Detach { at: NOON, force: false });
    note_attachments(&spec, &mut plan, |_| Holder { fault: true, ..running(false, true) }, NOON);
    assert_eq!(attachments(&spec, &plan).next().unwrap().1, AttachmentState::Busy);
    note_attachments(&spec, &mut plan, |_| running(true, false), NOON);
    assert_eq!(attachments(&spec, &plan).next().unwrap().1, AttachmentState::Detaching, "the machine may still be given it");
    note_attachments(&spec, &mut plan, |_| running(false, false), NOON);
    assert_eq!(volume_state(&spec, &plan), VolumeState::Available);
    assert!(!goes_with_instance(&spec, &plan, |_| None), "it was detached before the instance went");
    next_attachment(&mut spec, &plan, ("i-1", "/dev/sdf"), true, NOON);
    assert_eq!((spec.attachments.len(), spec.attachments[0].number), (1, 2));
    note_attachments(&spec, &mut plan, |_| Holder { state: Some(InstanceState::Terminated), ..Holder::default() }, NOON);
    assert!(goes_with_instance(&spec, &plan, |_| Some(InstanceState::Terminated)));
    spec.deleted_at = Some(NOON);
    assert_eq!(volume_state(&spec, &plan), VolumeState::Deleting);
}

#[test]
fn a_modification_is_completed_before_the_next() {
    let (mut spec, mut plan) = (spec("gp3", 10), VolumePlan::default());
    note_volume(&spec, &mut plan, &ready(&spec), NOON);
    let before = ready(&spec);
    modify(&mut spec, NOON);
    note_volume(&spec, &mut plan, &before, NOON);
    let at = |seconds| NOON + Duration::from_secs(seconds);
    let state = |plan: &VolumePlan, seconds| latest_modification(&spec, plan, at(seconds)).unwrap().1;
    assert_eq!(state(&plan, 500).state, ModificationState::Modifying);
    note_volume(&spec, &mut plan, &ready(&spec), at(500));
    assert_eq!((state(&plan, 530).state, state(&plan, 530).percent), (ModificationState::Optimizing, 50));
    assert_eq!(may_modify(&spec, &plan, at(530)), Err(RateExceeded::Unfinished(ModificationState::Optimizing)));
    assert_eq!((state(&plan, 560).state, state(&plan, 560).ended_at), (ModificationState::Completed, Some(at(560))));
    assert_eq!(may_modify(&spec, &plan, at(560)), Ok(()));
}

#[test]
fn a_snapshot_goes_to_the_archive_and_back() {
    let minutes = |count: u64| NOON + Duration::from_secs(60 * count);
    let name = |tiering: &Tiering, at| tier(tiering, at).last.map(|last| last.name);
    let mut tiering = Tiering { archived_at: Some(NOON), ..Tiering::default() };
    assert_eq!(name(&tiering, minutes(3)), Some("archival-in-progress"));
    assert!(!tier(&tiering, minutes(3)).archived && tier(&tiering, minutes(15)).archived);
    tiering.restored_at = Some(minutes(20));
    tiering.restored_days = Some(2);
    assert_eq!(name(&tiering, minutes(30)), Some("temporary-restore-in-progress"));
    assert!(!tier(&tiering, minutes(40)).archived);
    assert!(tier(&tiering, minutes(35 + 2 * 24 * 60)).archived, "the two days are over");
    tiering.restored_days = None;
    assert!(!tier(&tiering, minutes(35 + 2 * 24 * 60)).archived);
    assert_eq!(tier(&Tiering::default(), NOON), TierState::default());
}

#[test]
fn fast_restore_takes_an_hour_for_a_tebibyte() {
    let mut it = FastRestore { zone: "us-east-1a".into(), account: "1".into(), enabled_at: NOON, disabled_at: None };
    let at = |seconds| NOON + Duration::from_secs(seconds);
    let state = |it: &FastRestore, seconds| fast_restore(it, 1024, at(seconds)).state;
    assert_eq!((state(&it, 0), state(&it, 20), state(&it, 3700)), ("enabling", "optimizing", "enabled"));
    it.disabled_at = Some(at(100));
    assert_eq!((state(&it, 105), state(&it, 110)), ("disabling", "disabled"));
    assert_eq!(fast_restore(&it, 1024, at(9999)).enabled, None, "it was disabled before it was ready");
}

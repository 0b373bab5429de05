//! Tables of what comes next for a volume, and random lives.

use super::*;
use agent_proto::volume::DataKey;
use proptest::prelude::*;

fn volume(size_gib: u32, snapshots: &[&str]) -> Volume {
    Volume {
        id: "vol-1".into(),
        size_gib,
        source: None,
        key: None,
        limits: IoLimits { iops: Some(3000), throughput_mib: Some(125) },
        snapshots: snapshots.iter().map(|id| ((*id).to_owned(), None::<DataKey>)).collect(),
    }
}

fn made(size_gib: u32, snapshots: &[&str]) -> Result<Gain, String> {
    Ok(Gain::Made { size_gib, snapshots: snapshots.iter().map(|id| (*id).to_owned()).collect() })
}

const NOW: Timestamp = Timestamp(0);

/// One that is there with its limits.
fn ready(size_gib: u32) -> Progress {
    let mut progress = Progress::default();
    let wish = volume(size_gib, &[]);
    assert_eq!(progress.next(Some(&wish), false, NOW), [Step::Ensure]);
    assert_eq!(progress.next(Some(&wish), false, NOW), [], "each step is begun once");
    progress.done(&Step::Ensure, made(size_gib, &[]), NOW);
    assert_eq!(progress.status(BTreeSet::new()).state, VolumeState::Creating, "without limits yet");
    assert_eq!(progress.next(Some(&wish), false, NOW), [Step::Limit(wish.limits)]);
    progress.done(&Step::Limit(wish.limits), Ok(Gain::Nothing), NOW);
    assert_eq!(progress.next(Some(&wish), false, NOW), []);
    assert_eq!(progress.status(BTreeSet::new()).state, VolumeState::Ready);
    progress
}

#[test]
fn the_moment_of_a_snapshot_comes_before_everything_else() {
    let mut progress = ready(1);
    let wish = volume(2, &["snap-b", "snap-a"]);
    assert_eq!(progress.next(Some(&wish), true, NOW), [Step::Freeze("snap-a".into())]);
    progress.done(&Step::Freeze("snap-a".into()), Ok(Gain::Nothing), NOW);
    let both = [Step::Freeze("snap-b".into()), Step::Store("snap-a".into())];
    assert_eq!(progress.next(Some(&wish), true, NOW), both, "it is stored beside the rest");
    progress.done(&both[0], Ok(Gain::Nothing), NOW);
    assert_eq!(progress.next(Some(&wish), true, NOW), [Step::Grow(2)], "one is stored at a time");
    progress.stored("snap-a", 40);
    assert_eq!(progress.status(BTreeSet::new()).snapshots["snap-a"], SnapshotStatus::Pending(40));
    progress.done(&both[1], Ok(Gain::Stored { stored_bytes: 1, full_bytes: 2 }), NOW);
    let done = SnapshotStatus::Completed { stored_bytes: 1, full_bytes: 2 };
    assert_eq!(progress.status(BTreeSet::new()).snapshots["snap-a"], done);
    assert_eq!(progress.next(Some(&wish), true, NOW), [Step::Store("snap-b".into())]);
    progress.done(&Step::Grow(2), Ok(Gain::Nothing), NOW);
    assert_eq!(progress.next(Some(&volume(2, &["snap-b"])), true, NOW), [Step::ForgetSnapshot("snap-a".into())]);
}

#[test]
fn what_an_earlier_agent_has_frozen_is_stored_or_forgotten() {
    let mut progress = Progress::default();
    let wish = volume(1, &["snap-wanted"]);
    progress.next(Some(&wish), false, NOW);
    progress.done(&Step::Ensure, made(1, &["snap-noted", "snap-wanted"]), NOW);
    let mut steps = Vec::new();
    loop {
        let next = progress.next(Some(&wish), false, NOW);
        if next.is_empty() {
            break;
        }
        next.iter().for_each(|step| progress.done(step, Ok(Gain::Nothing), NOW));
        steps.extend(next);
    }
    assert!(steps.contains(&Step::Freeze("snap-wanted".into())) && steps.contains(&Step::Store("snap-wanted".into())));
    assert!(steps.contains(&Step::ForgetSnapshot("snap-noted".into())), "{steps:?}");
}

#[test]
fn it_is_deleted_when_nobody_has_it_open() {
    let mut progress = ready(1);
    assert_eq!(progress.next(None, true, NOW), []);
    assert_eq!(progress.next(None, false, NOW), [Step::Delete]);
    progress.done(&Step::Delete, Err("busy".into()), NOW);
    assert_eq!(progress.next(None, false, NOW), []);
    let at = progress.wake(NOW).unwrap();
    assert_eq!(progress.next(None, false, at), [Step::Delete]);
    progress.done(&Step::Delete, Ok(Gain::Nothing), at);
    assert!(progress.deleted && progress.next(None, false, at).is_empty());
}

#[test]
fn what_cannot_be_made_says_why_and_can_be_deleted() {
    let mut progress = Progress::default();
    progress.next(Some(&volume(1, &[])), false, NOW);
    progress.done(&Step::Ensure, Err("no such snapshot".into()), NOW);
    assert_eq!(progress.status(BTreeSet::new()).state, VolumeState::Failed("no such snapshot".into()));
    assert_eq!(progress.next(Some(&volume(1, &["snap-1"])), false, NOW), []);
    assert_eq!(progress.next(None, false, NOW), [Step::Delete]);
}

proptest! {
    /// Whatever is wished and however steps end: a snapshot's moment is fixed before it is stored, one is stored at a time, and nothing
    /// is deleted that is in use or being stored.
    #[test]
    fn no_life_loses_anything(events in proptest::collection::vec((0u8..8, any::<bool>(), 0usize..4), 0..80)) {
        let mut progress = Progress::default();
        let mut wish = Some(volume(1, &[]));
        let (mut in_use, mut now, mut under_way) = (false, NOW, Vec::<Step>::new());
        let mut frozen = BTreeSet::new();
        for (event, well, which) in events {
            match event {
                0 => wish = wish.map(|mut volume| { volume.snapshots.insert(format!("snap-{which}"), None); volume }),
                1 => wish = wish.map(|mut volume| { volume.snapshots.remove(&format!("snap-{which}")); volume }),
                2 => wish = wish.map(|mut volume| { volume.size_gib += 1; volume }),
                3 if which == 0 => wish = None,
                4 => in_use = well && wish.is_some(),
                5 => now = now + RETRY,
                _ if under_way.is_empty() => {}
                _ => {
                    let step = under_way.swap_remove(which % under_way.len());
                    if let (Step::Freeze(id), true) = (&step, well) {
                        frozen.insert(id.clone());
                    }
                    let gain = match &step {
                        Step::Ensure => made(1, &[]),
                        Step::Store(_) => Ok(Gain::Stored { stored_bytes: 0, full_bytes: 0 }),
                        _ => Ok(Gain::Nothing),
                    };
                    progress.done(&step, if well { gain } else { Err("no luck".into()) }, now);
                }
            }
            for step in progress.next(wish.as_ref(), in_use, now) {
                match &step {
                    Step::Store(id) => prop_assert!(frozen.contains(id)),
                    Step::Delete => prop_assert!(!in_use && wish.is_none()),
                    _ => {}
                }
                under_way.push(step);
            }
            let stores = under_way.iter().filter(|step| matches!(step, Step::Store(_))).count();
            prop_assert!(stores <= 1 && under_way.len() <= 2);
            prop_assert!(stores == 0 || !under_way.contains(&Step::Delete));
        }
    }
}

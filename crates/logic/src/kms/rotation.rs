//! When a key's material is replaced (KMS developer guide, "Rotate AWS KMS keys").

use super::{State, state};
use model::{
    Timestamp,
    kms::{KmsKeyPlan, KmsKeySpec},
};
use std::time::Duration;

/// A rotation that is to be made now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The moment that it counts from.
    pub at: Timestamp,
    /// It was asked for.
    pub on_demand: bool,
}

const DAY: Duration = Duration::from_secs(86_400);

/// When the key is rotated by itself next; rotations on demand don't put that off.
pub fn next_automatic(spec: &KmsKeySpec, plan: &KmsKeyPlan) -> Option<Timestamp> {
    let rotation = spec.rotation?;
    let last = plan.rotations.iter().rev().find(|rotation| !rotation.on_demand).map(|rotation| rotation.at);
    let from = last.map_or(rotation.since, |last| last.max(rotation.since));
    Some(from + DAY * rotation.period_days)
}

/// The rotation that is to be made now, if there is one; there may be another one after it. A key that can't be used isn't rotated
/// by itself, and is as soon as it can be used again.
pub fn due(spec: &KmsKeySpec, plan: &KmsKeyPlan, now: Timestamp) -> Option<Due> {
    let done = plan.rotations.iter().filter(|rotation| rotation.on_demand).count();
    if let Some(&at) = spec.on_demand.get(done) {
        return Some(Due { at, on_demand: true });
    }
    let enabled = state(spec, now) == State::Enabled;
    let automatic = next_automatic(spec, plan).filter(|at| enabled && *at <= now);
    automatic.map(|_| Due { at: now, on_demand: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kms::{current_material, default_policy};
    use model::{
        AccountId, Region,
        kms::{AutomaticRotation, Deletion, KeyKind, KeyOrigin, KeyUsage, Rotation, Tags},
    };

    const START: Timestamp = Timestamp(1_700_000_000_000);

    fn spec() -> KmsKeySpec {
        let (account, region) = (AccountId::parse("111122223333").unwrap(), Region::parse("us-east-1").unwrap());
        KmsKeySpec {
            created: START,
            description: String::new(),
            usage: KeyUsage::EncryptDecrypt,
            kind: KeyKind::Symmetric,
            origin: KeyOrigin::Kms,
            manager: None,
            policy: default_policy(&account, &region),
            enabled: true,
            deletion: None,
            rotation: Some(AutomaticRotation { since: START, period_days: 90 }),
            on_demand: Vec::new(),
            material: Some("first".into()),
            had_material: None,
            valid_to: None,
            public_key: None,
            tags: Tags::new(),
        }
    }

    fn rotated(at: Timestamp, on_demand: bool) -> Rotation {
        Rotation { at, material: "later".into(), on_demand }
    }

    #[test]
    fn a_key_is_rotated_when_its_period_is_over_and_it_can_be_used() {
        let (mut spec, plan) = (spec(), KmsKeyPlan::default());
        let over = START + DAY * 90;
        assert_eq!(due(&spec, &plan, over - Duration::from_millis(1)), None);
        assert_eq!(due(&spec, &plan, over), Some(Due { at: over, on_demand: false }));
        spec.enabled = false;
        assert_eq!(due(&spec, &plan, over), None);
        spec.enabled = true;
        spec.deletion = Some(Deletion { at: over + DAY, window_days: 7 });
        assert_eq!(due(&spec, &plan, over), None);
    }

    #[test]
    fn a_rotation_on_demand_puts_off_nothing() {
        let mut spec = spec();
        spec.on_demand = vec![START + DAY];
        let plan = KmsKeyPlan::default();
        assert_eq!(due(&spec, &plan, START + DAY), Some(Due { at: START + DAY, on_demand: true }));
        let plan = KmsKeyPlan { rotations: vec![rotated(START + DAY, true)], expired: None };
        assert_eq!(due(&spec, &plan, START + DAY), None);
        assert_eq!(next_automatic(&spec, &plan), Some(START + DAY * 90));
        assert_eq!(current_material(&spec, &plan), Some("later"));
        let plan =
            KmsKeyPlan { rotations: vec![rotated(START + DAY * 95, false), rotated(START + DAY * 99, true)], expired: None };
        assert_eq!(next_automatic(&spec, &plan), Some(START + DAY * (95 + 90)));
    }

    #[test]
    fn states_follow_from_the_record() {
        let mut spec = spec();
        assert_eq!(state(&spec, START), State::Enabled);
        spec.origin = KeyOrigin::External;
        spec.valid_to = Some(START + DAY);
        assert_eq!((state(&spec, START), state(&spec, START + DAY)), (State::Enabled, State::PendingImport));
        spec.material = None;
        spec.enabled = false;
        assert_eq!(state(&spec, START), State::PendingImport);
    }
}

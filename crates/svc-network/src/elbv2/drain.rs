//! Removes deregistered targets once they have drained.
//!
//! A target is removed when its group's deregistration delay has passed; before that, when the edge sends it no new requests and none
//! is under way (user guide, "Deregistration delay"), or when no balancer could send it any.

use super::{
    attributes::{DEREGISTRATION_DELAY, GROUP, number},
    usage::Usage,
};
use async_trait::async_trait;
use model::{
    Key, Record, Timestamp,
    elbv2::{Listener, Rule, Target, TargetGroup, TargetObserved},
};
use spine::{
    Read, Scope, StoreError, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{collections::BTreeMap, time::Duration};

/// For so long at least a target drains, though the edge reports no request under way: a request that was on its way to the target
/// when it was deregistered is in no report yet.
const AT_LEAST: Duration = Duration::from_secs(2);

/// The reconciler that removes drained targets.
pub struct Drain;

#[async_trait]
impl Reconciler for Drain {
    fn name(&self) -> &'static str {
        "elbv2/drain"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Target::KIND, TargetGroup::KIND, Listener::KIND, Rule::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let (drained, wake) = decide(&cx.store.snapshot(), cx.env.now())?;
        for (key, since) in drained {
            cx.store.transact(|tx| remove(tx, &key, since)).await?;
        }
        Ok(wake)
    }
}

/// Removes a target, unless it was registered again meanwhile.
fn remove(tx: &mut Tx, key: &Key<Target>, since: Timestamp) -> Result<(), StoreError> {
    let still = tx.spec(key)?.is_some_and(|spec| spec.deregistered_at == Some(since));
    if still { tx.delete(key) } else { Ok(()) }
}

/// Targets with the moment at which they were deregistered.
type Drained = Vec<(Key<Target>, Timestamp)>;

/// The targets that have drained, and when to look again.
pub fn decide(read: &impl Read, now: Timestamp) -> Result<(Drained, Wake), StoreError> {
    let usage = Usage::everywhere(read)?;
    let groups: BTreeMap<_, _> = read.specs::<TargetGroup>(Scope::All)?.into_iter().collect();
    // A group that is gone, or that no balancer uses, has nothing to wait for.
    let delay = |group: &Key<TargetGroup>| {
        let spec = groups.get(group).filter(|_| usage.is_used(group));
        spec.map_or(0, |spec| number(GROUP, &spec.attributes, DEREGISTRATION_DELAY))
    };
    let (mut drained, mut wake) = (Vec::new(), Wake::Idle);
    for (key, row) in read.list::<Target>(Scope::All)? {
        let Some(since) = row.spec.deregistered_at else { continue };
        let delay = key.parts().map_or(0, |(group, ..)| delay(&group));
        let end = since + lasts(&row.observed, Duration::from_secs(delay.into()));
        if end <= now {
            drained.push((key, since));
        } else {
            wake = wake.min(Wake::At(end));
        }
    }
    Ok((drained, wake))
}

/// How long a target drains, if nothing changes.
fn lasts(observed: &TargetObserved, delay: Duration) -> Duration {
    let idle = observed.drains && observed.in_flight == 0;
    if idle { delay.min(AT_LEAST) } else { delay }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_drains_until_it_is_idle_or_the_delay_has_passed() {
        let seen = |drains, in_flight| TargetObserved { drains, in_flight, ..TargetObserved::default() };
        let delay = Duration::from_secs(300);
        assert_eq!(lasts(&seen(true, 3), delay), delay);
        assert_eq!(lasts(&seen(false, 0), delay), delay);
        assert_eq!(lasts(&seen(true, 0), delay), AT_LEAST);
        assert_eq!(lasts(&seen(true, 0), Duration::ZERO), Duration::ZERO);
    }
}

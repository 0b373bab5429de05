//! Rules with a schedule: an event of their own each time that it is time.

use super::{
    deliver::{self, Accepted},
    event::{Event, Happening},
    load::rule_arn,
};
use async_trait::async_trait;
use logic::schedule::{Schedule, Zone};
use model::{
    Env, Key, Record, Timestamp,
    events::{Rule, RulePlan, RuleSpec},
};
use serde_json::json;
use spine::{
    Read, Scope, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use wire::Fault;

/// Sees to rules with a schedule. It writes their `Plan`.
///
/// What fell due while nobody looked happens once, and late: a backlog isn't worked off.
pub struct ScheduledRules;

#[async_trait]
impl Reconciler for ScheduledRules {
    fn name(&self) -> &'static str {
        "events/scheduled-rules"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Rule::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let now = cx.env.now();
        let mut wake = Wake::Idle;
        for (key, row) in cx.store.snapshot().list::<Rule>(Scope::All)? {
            if !row.spec.enabled || row.spec.schedule.is_none() {
                continue;
            }
            let due = due(&row.spec, &row.plan);
            let decided = row.plan.of == Some(row.spec.since);
            let next = if !decided || due.is_some_and(|at| at <= now) {
                cx.store.transact(|tx| see_to(tx, &cx.env, &key, now)).await.map_err(|fault| anyhow::anyhow!("{fault}"))?
            } else {
                due
            };
            wake = next.map_or(wake, |at| wake.min(Wake::At(at)));
        }
        Ok(wake)
    }
}

/// When it is next time.
fn due(spec: &RuleSpec, plan: &RulePlan) -> Option<Timestamp> {
    if plan.of == Some(spec.since) { plan.next } else { next(spec, spec.since) }
}

/// The first time after a moment. A rate's first time is one period after it was said.
fn next(spec: &RuleSpec, after: Timestamp) -> Option<Timestamp> {
    let schedule = Schedule::of_rule(spec.schedule.as_deref()?).ok()?;
    let start = spec.since + schedule.period().unwrap_or_default();
    schedule.next(after, start, &Zone::UTC)
}

/// The event, if it is time, and the next time.
fn see_to(tx: &mut Tx, env: &Env, key: &Key<Rule>, now: Timestamp) -> Result<Option<Timestamp>, Fault> {
    let Some(row) = tx.get(key)? else { return Ok(None) };
    let mut due = due(&row.spec, &row.plan);
    if let Some(at) = due.filter(|at| *at <= now && row.spec.enabled) {
        let event = scheduled(env, key, at);
        deliver::to_targets(env, tx, key, &row.spec, &Accepted { event: &event, forwarded: false, at: now })?;
        due = next(&row.spec, now);
    }
    tx.put_plan(key, &RulePlan { of: Some(row.spec.since), next: due })?;
    Ok(due)
}

fn scheduled(env: &Env, key: &Key<Rule>, at: Timestamp) -> Event {
    let it = Happening {
        source: "aws.events".into(),
        detail_type: "Scheduled Event".into(),
        resources: vec![rule_arn(key).to_string()],
        detail: json!({}),
    };
    Event::new(env.uuid(), (key.account.as_str(), key.region.as_str()), at, it)
}

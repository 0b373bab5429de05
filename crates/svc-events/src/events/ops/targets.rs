//! Targets of rules.

use super::super::{
    errors::too_many,
    load,
    targets::{self, check},
};
use crate::page::page;
use api::events as sdk;
use front::{Answer, Cx};
use spine::Tx;

/// Of a rule (EventBridge user guide, "Amazon EventBridge quotas").
const MOST_TARGETS: usize = 5;

/// `PutTargets`: new targets, and others for those with the same ids.
pub fn put(cx: &Cx, tx: &mut Tx, input: &sdk::PutTargetsRequest) -> Answer<sdk::PutTargetsResponse> {
    let (key, rule) = load::rule(cx, tx, input.event_bus_name.as_deref(), &input.rule)?;
    let mut kept = rule.targets.clone();
    for target in &input.targets {
        check(cx, tx, &key, target)?;
        kept.insert(target.id.clone(), targets::keep(target));
    }
    if kept.len() > MOST_TARGETS {
        return Err(too_many());
    }
    tx.update_spec(&key, |spec| spec.targets = kept)?;
    Ok(sdk::PutTargetsResponse { failed_entry_count: Some(0), failed_entries: Some(Vec::new()) })
}

/// `RemoveTargets`: of those that there are.
pub fn remove(cx: &Cx, tx: &mut Tx, input: &sdk::RemoveTargetsRequest) -> Answer<sdk::RemoveTargetsResponse> {
    let (key, _) = load::rule(cx, tx, input.event_bus_name.as_deref(), &input.rule)?;
    tx.update_spec(&key, |spec| spec.targets.retain(|id, _| !input.ids.contains(id)))?;
    Ok(sdk::RemoveTargetsResponse { failed_entry_count: Some(0), failed_entries: Some(Vec::new()) })
}

/// `ListTargetsByRule`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListTargetsByRuleRequest) -> Answer<sdk::ListTargetsByRuleResponse> {
    let (_, rule) = load::rule(cx, tx, input.event_bus_name.as_deref(), &input.rule)?;
    let all = rule.targets.values().map(|kept| targets::read(kept)).collect::<Result<Vec<_>, _>>()?;
    let (targets, next_token) = page(all, |target| &target.id, input.next_token.as_deref(), input.limit)?;
    Ok(sdk::ListTargetsByRuleResponse { targets: Some(targets), next_token })
}

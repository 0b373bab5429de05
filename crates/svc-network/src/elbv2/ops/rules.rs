//! Rules of listeners: create, describe, change, reorder, delete.

use super::{limits, listeners::checked_action};
use crate::elbv2::{
    errors::{self, not_permitted, parameter_not_built, priority_in_use, validation},
    load::{self, Named},
    paging::page,
    parse::condition::conditions,
    tags,
    usage::{balancer_of, listener_of},
    views,
};
use api::elbv2::{
    CreateRuleInput, CreateRuleOutput, DeleteRuleInput, DeleteRuleOutput, DescribeRulesInput, DescribeRulesOutput,
    ModifyRuleInput, ModifyRuleOutput, Rule as RuleView, RuleTransform, SetRulePrioritiesInput, SetRulePrioritiesOutput,
};
use front::{Cx, records};
use model::{
    Key,
    elbv2::{Listener, ListenerSpec, LoadBalancer, Rule, RuleSpec},
};
use spine::{Read, Tx};
use std::collections::{BTreeMap, BTreeSet};
use wire::Fault;

/// `CreateRule`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &CreateRuleInput) -> Result<CreateRuleOutput, Fault> {
    refuse_transforms(input.transforms.as_deref())?;
    let (listener, _) = load::listener(cx, tx, &input.listener_arn)?;
    let balancer = balancer_of(&listener).ok_or_else(errors::listener_not_found)?;
    let priority = priority(input.priority)?;
    let conditions = conditions(&input.conditions)?;
    if load::rules_of(tx, &listener)?.iter().any(|(_, rule)| rule.priority == priority) {
        return Err(priority_in_use(priority));
    }
    if load::rules_of_balancer(tx, &balancer)?.len() >= limits::RULES {
        return Err(Fault::client("TooManyRules", "You've reached the limit on the number of rules per load balancer"));
    }
    let action = checked_action(cx, tx, &balancer, &input.actions)?;
    let spec = RuleSpec { priority, conditions, action, tags: tags::new(input.tags.as_deref())? };
    let key = records::key::<Rule>(cx, format!("{}/{}", listener.id, cx.env.hex(16)));
    tx.create(&key, &spec)?;
    Ok(CreateRuleOutput { rules: Some(vec![views::rule(&key, &spec)]) })
}

fn refuse_transforms(transforms: Option<&[RuleTransform]>) -> Result<(), Fault> {
    if transforms.is_some_and(|it| !it.is_empty()) { Err(parameter_not_built("Transforms")) } else { Ok(()) }
}

fn priority(given: i32) -> Result<u32, Fault> {
    let priority = u32::try_from(given).ok().filter(|priority| (1..=50_000).contains(priority));
    priority.ok_or_else(|| validation(format!("Priority '{given}' must be between 1 and 50000")))
}

/// `DescribeRules`: those of a listener in order of priority, the default one last, or those that are named.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeRulesInput) -> Result<DescribeRulesOutput, Fault> {
    let arns = input.rule_arns.as_deref().filter(|arns| !arns.is_empty());
    let found = match (&input.listener_arn, arns) {
        (Some(_), Some(_)) => return Err(validation("Listener ARN and rule ARNs cannot be specified at the same time")),
        (Some(text), None) => of_listener(cx, tx, text)?,
        (None, Some(arns)) => arns.iter().map(|text| named(cx, tx, text)).collect::<Result<_, Fault>>()?,
        (None, None) => return Err(validation("You must specify either listener rule ARNs or a listener ARN")),
    };
    // The order is that of the answer, so a rule's place in it is its key.
    let placed = found.into_iter().enumerate().map(|(place, rule)| (format!("{place:06}"), rule)).collect();
    let (placed, next_marker) = page(placed, |(place, _)| place, input.marker.as_deref(), input.page_size)?;
    Ok(DescribeRulesOutput { rules: Some(placed.into_iter().map(|(_, rule)| rule).collect()), next_marker })
}

fn of_listener(cx: &Cx, tx: &Tx, text: &str) -> Result<Vec<RuleView>, Fault> {
    let (key, listener) = load::listener(cx, tx, text)?;
    let own = load::rules_of(tx, &key)?;
    let own = own.iter().map(|(key, rule)| views::rule(key, rule));
    Ok(own.chain([views::default_rule(&key, &listener)]).collect())
}

fn named(cx: &Cx, tx: &Tx, text: &str) -> Result<RuleView, Fault> {
    Ok(match load::rule(cx, tx, text)? {
        Named::Own(key, rule) => views::rule(&key, &rule),
        Named::Default(key, listener) => views::default_rule(&key, &listener),
    })
}

/// `ModifyRule`. Of a default rule only the action can change.
pub fn modify(cx: &Cx, tx: &mut Tx, input: &ModifyRuleInput) -> Result<ModifyRuleOutput, Fault> {
    refuse_transforms(input.transforms.as_deref())?;
    let given = input.conditions.as_deref().filter(|given| !given.is_empty());
    let actions = input.actions.as_deref().filter(|given| !given.is_empty());
    let view = match load::rule(cx, tx, &input.rule_arn)? {
        Named::Own(key, rule) => {
            let mut rule = RuleSpec::clone(&rule);
            if let Some(given) = given {
                rule.conditions = conditions(given)?;
            }
            if let Some(actions) = actions {
                rule.action = checked_action(cx, tx, &balancer_of_rule(&key)?, actions)?;
            }
            tx.put_spec(&key, &rule)?;
            views::rule(&key, &rule)
        }
        Named::Default(..) if given.is_some() => {
            return Err(not_permitted("The conditions of a default rule cannot be modified"));
        }
        Named::Default(key, listener) => {
            let mut listener = ListenerSpec::clone(&listener);
            if let Some(actions) = actions {
                let balancer = balancer_of(&key).ok_or_else(errors::rule_not_found)?;
                listener.default_action = checked_action(cx, tx, &balancer, actions)?;
            }
            tx.put_spec(&key, &listener)?;
            views::default_rule(&key, &listener)
        }
    };
    Ok(ModifyRuleOutput { rules: Some(vec![view]) })
}

fn balancer_of_rule(rule: &Key<Rule>) -> Result<Key<LoadBalancer>, Fault> {
    listener_of(rule).as_ref().and_then(balancer_of).ok_or_else(errors::rule_not_found)
}

/// `SetRulePriorities`: all at once, so that rules can change places.
pub fn set_priorities(cx: &Cx, tx: &mut Tx, input: &SetRulePrioritiesInput) -> Result<SetRulePrioritiesOutput, Fault> {
    let mut wanted: BTreeMap<Key<Rule>, u32> = BTreeMap::new();
    for pair in &input.rule_priorities {
        let text = pair.rule_arn.as_deref().ok_or_else(|| validation("A rule ARN must be specified"))?;
        let to = priority(pair.priority.ok_or_else(|| validation("A priority must be specified"))?)?;
        match load::rule(cx, tx, text)? {
            Named::Own(key, _) => wanted.insert(key, to),
            Named::Default(..) => return Err(not_permitted("The priority of a default rule cannot be modified")),
        };
    }
    let listeners: BTreeSet<Key<Listener>> = wanted.keys().filter_map(listener_of).collect();
    listeners.iter().try_for_each(|listener| check_unique(tx, listener, &wanted))?;
    let mut views = Vec::new();
    for (key, priority) in wanted {
        tx.update_spec(&key, |rule| rule.priority = priority)?;
        views.extend(tx.spec(&key)?.map(|rule| views::rule(&key, &rule)));
    }
    Ok(SetRulePrioritiesOutput { rules: Some(views) })
}

fn check_unique(tx: &Tx, listener: &Key<Listener>, wanted: &BTreeMap<Key<Rule>, u32>) -> Result<(), Fault> {
    let mut taken = BTreeSet::new();
    for (key, rule) in load::rules_of(tx, listener)? {
        let priority = wanted.get(&key).copied().unwrap_or(rule.priority);
        if !taken.insert(priority) {
            return Err(priority_in_use(priority));
        }
    }
    Ok(())
}

/// `DeleteRule`.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteRuleInput) -> Result<DeleteRuleOutput, Fault> {
    match load::rule(cx, tx, &input.rule_arn)? {
        Named::Own(key, _) => tx.delete(&key)?,
        Named::Default(..) => return Err(not_permitted(format!("Default rule '{}' cannot be deleted", input.rule_arn))),
    }
    Ok(DeleteRuleOutput {})
}

//! Rules.

use super::{
    super::{
        errors::{invalid, invalid_pattern, not_built, too_many},
        load::{self, rule_arn},
        patterns::Patterns,
        targets::pass,
        views,
    },
    tags,
};
use crate::page::page;
use api::events as sdk;
use front::{Answer, Cx};
use logic::schedule::Schedule;
use model::{
    Key,
    events::{DEFAULT_BUS, EventBus, Rule, RuleSpec},
};
use spine::{Read, Scope, Specs, Tx};

/// Of a bus (EventBridge user guide, "Amazon EventBridge quotas").
const MOST_RULES: usize = 300;

/// `PutRule`: a new rule, or what is said of one; what isn't said is gone then, but for its targets and tags.
pub fn put(cx: &Cx, tx: &mut Tx, patterns: &Patterns, input: &sdk::PutRuleRequest) -> Answer<sdk::PutRuleResponse> {
    let bus = load::own_bus(cx, tx, input.event_bus_name.as_deref())?;
    check(&bus, patterns, input)?;
    let key = bus.rule(&input.name);
    if let Some(role) = &input.role_arn {
        pass(cx, tx, &rule_arn(&key), role)?;
    }
    let before = match tx.spec(&key)? {
        Some(before) => RuleSpec::clone(&before),
        None => first(tx, &bus, input)?,
    };
    let enabled = input.state != Some(sdk::RuleState::Disabled);
    let same_times = before.schedule == input.schedule_expression && before.enabled == enabled && before.since.0 != 0;
    let spec = RuleSpec {
        pattern: input.event_pattern.clone(),
        schedule: input.schedule_expression.clone(),
        enabled,
        description: input.description.clone(),
        role: input.role_arn.clone(),
        since: if same_times { before.since } else { cx.now },
        ..before
    };
    tx.set_spec(&key, &spec)?;
    Ok(sdk::PutRuleResponse { rule_arn: Some(rule_arn(&key).to_string()) })
}

fn check(bus: &Key<EventBus>, patterns: &Patterns, input: &sdk::PutRuleRequest) -> Answer<()> {
    if input.state == Some(sdk::RuleState::EnabledWithAllCloudtrailManagementEvents) {
        return Err(not_built("the state ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS"));
    }
    if input.event_pattern.is_none() && input.schedule_expression.is_none() {
        return Err(invalid("Parameter(s) EventPattern or ScheduleExpression must be specified."));
    }
    if let Some(pattern) = &input.event_pattern {
        patterns.read(pattern).map_err(|why| invalid_pattern(&why))?;
    }
    let Some(schedule) = &input.schedule_expression else { return Ok(()) };
    if bus.id != DEFAULT_BUS {
        return Err(invalid("ScheduleExpression is supported only on the default event bus."));
    }
    Schedule::of_rule(schedule).map(drop).map_err(|_| invalid("Parameter ScheduleExpression is not valid."))
}

/// A rule that is new, of which nothing is known but its tags.
fn first(tx: &Tx, bus: &Key<EventBus>, input: &sdk::PutRuleRequest) -> Answer<RuleSpec> {
    if of_bus(tx, bus, "")?.len() >= MOST_RULES {
        return Err(too_many());
    }
    let tags = tags::with(&Default::default(), input.tags.as_deref().unwrap_or_default())?;
    Ok(RuleSpec { tags, ..RuleSpec::default() })
}

/// The rules of a bus whose names begin so, in the order of their names.
fn of_bus(read: &impl Read, bus: &Key<EventBus>, prefix: &str) -> Answer<Specs<Rule>> {
    let mut rules = read.specs::<Rule>(Scope::Prefix(&bus.account, &bus.region, &format!("{}/{prefix}", bus.id)))?;
    rules.retain(|(key, _)| key.names().0 == bus.id);
    Ok(rules)
}

/// `DeleteRule`: nothing happens if there is none.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteRuleRequest) -> Answer<()> {
    let bus = load::own_bus(cx, tx, input.event_bus_name.as_deref())?;
    let key = bus.rule(&input.name);
    match tx.spec(&key)? {
        None => Ok(()),
        Some(rule) if !rule.targets.is_empty() => Err(invalid("Rule can't be deleted since it has targets.")),
        Some(_) => Ok(tx.delete(&key)?),
    }
}

/// `DescribeRule`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &sdk::DescribeRuleRequest) -> Answer<sdk::DescribeRuleResponse> {
    let (key, spec) = load::rule(cx, tx, input.event_bus_name.as_deref(), &input.name)?;
    Ok(views::described_rule(&key, &spec))
}

/// `EnableRule`.
pub fn enable(cx: &Cx, tx: &mut Tx, input: &sdk::EnableRuleRequest) -> Answer<()> {
    switch(cx, tx, input.event_bus_name.as_deref(), &input.name, true)
}

/// `DisableRule`.
pub fn disable(cx: &Cx, tx: &mut Tx, input: &sdk::DisableRuleRequest) -> Answer<()> {
    switch(cx, tx, input.event_bus_name.as_deref(), &input.name, false)
}

fn switch(cx: &Cx, tx: &mut Tx, bus: Option<&str>, name: &str, on: bool) -> Answer<()> {
    let (key, rule) = load::rule(cx, tx, bus, name)?;
    if rule.enabled == on {
        return Ok(());
    }
    tx.update_spec(&key, |spec| {
        spec.enabled = on;
        spec.since = cx.now;
    })?;
    Ok(())
}

/// `ListRules`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListRulesRequest) -> Answer<sdk::ListRulesResponse> {
    let bus = load::own_bus(cx, tx, input.event_bus_name.as_deref())?;
    let rules = of_bus(tx, &bus, input.name_prefix.as_deref().unwrap_or_default())?;
    let (rules, next_token) = page(rules, |(key, _)| &key.id, input.next_token.as_deref(), input.limit)?;
    Ok(sdk::ListRulesResponse { rules: Some(rules.iter().map(|(key, spec)| views::rule(key, spec)).collect()), next_token })
}

/// `ListRuleNamesByTarget`.
pub fn by_target(cx: &Cx, tx: &mut Tx, input: &sdk::ListRuleNamesByTargetRequest) -> Answer<sdk::ListRuleNamesByTargetResponse> {
    let bus = load::own_bus(cx, tx, input.event_bus_name.as_deref())?;
    let mut names = Vec::new();
    for (key, rule) in of_bus(tx, &bus, "")? {
        let targets = rule.targets.values().map(|kept| super::super::targets::read(kept)).collect::<Result<Vec<_>, _>>()?;
        if targets.iter().any(|target| target.arn == input.target_arn) {
            names.push(key.names().1.to_owned());
        }
    }
    let (rule_names, next_token) = page(names, |name| name, input.next_token.as_deref(), input.limit)?;
    Ok(sdk::ListRuleNamesByTargetResponse { rule_names: Some(rule_names), next_token })
}

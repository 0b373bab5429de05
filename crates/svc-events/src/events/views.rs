//! How buses, rules and their tags are shown.

use super::load::{bus_arn, rule_arn};
use api::events as sdk;
use model::{
    Key, Timestamp,
    events::{EventBus, EventBusSpec, Rule, RuleSpec},
};
use std::collections::BTreeMap;
use wire::Time;

pub fn time(at: Timestamp) -> Time {
    Time(at.0)
}

pub fn bus(key: &Key<EventBus>, spec: &EventBusSpec) -> sdk::EventBus {
    sdk::EventBus {
        name: Some(key.id.clone()),
        arn: Some(bus_arn(key).to_string()),
        description: spec.description.clone(),
        policy: spec.policy.clone(),
        creation_time: spec.created.map(time),
        last_modified_time: spec.modified.map(time),
        managed_by: None,
    }
}

pub fn described_bus(key: &Key<EventBus>, spec: &EventBusSpec) -> sdk::DescribeEventBusResponse {
    let shown = bus(key, spec);
    sdk::DescribeEventBusResponse {
        name: shown.name,
        arn: shown.arn,
        description: shown.description,
        policy: shown.policy,
        creation_time: shown.creation_time,
        last_modified_time: shown.last_modified_time,
        ..Default::default()
    }
}

pub fn rule(key: &Key<Rule>, spec: &RuleSpec) -> sdk::Rule {
    let (bus, name) = key.names();
    sdk::Rule {
        name: Some(name.to_owned()),
        arn: Some(rule_arn(key).to_string()),
        event_pattern: spec.pattern.clone(),
        state: Some(state(spec)),
        description: spec.description.clone(),
        schedule_expression: spec.schedule.clone(),
        role_arn: spec.role.clone(),
        managed_by: None,
        event_bus_name: Some(bus.to_owned()),
    }
}

pub fn described_rule(key: &Key<Rule>, spec: &RuleSpec) -> sdk::DescribeRuleResponse {
    let shown = rule(key, spec);
    sdk::DescribeRuleResponse {
        name: shown.name,
        arn: shown.arn,
        event_pattern: shown.event_pattern,
        schedule_expression: shown.schedule_expression,
        state: shown.state,
        description: shown.description,
        role_arn: shown.role_arn,
        managed_by: None,
        event_bus_name: shown.event_bus_name,
        created_by: Some(key.account.to_string()),
    }
}

fn state(spec: &RuleSpec) -> sdk::RuleState {
    if spec.enabled { sdk::RuleState::Enabled } else { sdk::RuleState::Disabled }
}

pub fn tags(tags: &BTreeMap<String, String>) -> Vec<sdk::Tag> {
    tags.iter().map(|(key, value)| sdk::Tag { key: key.clone(), value: value.clone() }).collect()
}

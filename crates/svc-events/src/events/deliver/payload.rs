//! What a target gets: the event, a part of it, a constant, or a template filled in.

use super::super::{event::Event, load::rule_arn, targets};
use api::events as sdk;
use logic::event_input::{Path, Reserved};
use model::{Key, events::Rule};
use serde_json::Value;
use wire::Fault;

/// The text for a target.
pub fn of(target: &sdk::Target, rule: &Key<Rule>, event: &Event) -> Result<String, Fault> {
    if let Some(constant) = &target.input {
        return Ok(constant.clone());
    }
    let document = || serde_json::to_value(event).unwrap_or_default();
    if let Some(path) = target.input_path.as_deref().filter(|path| *path != "$") {
        let found = Path::parse(path).and_then(|path| path.find(&document()));
        return Ok(found.unwrap_or(Value::Null).to_string());
    }
    match &target.input_transformer {
        Some(transformer) => {
            let template = targets::template(&target.id, transformer)?;
            let (rule_arn, rule_name) = (rule_arn(rule).to_string(), rule.names().1);
            Ok(template.render(&document(), Reserved { rule_arn: &rule_arn, rule_name, ingestion_time: event.time() }))
        }
        None => Ok(event.text()),
    }
}

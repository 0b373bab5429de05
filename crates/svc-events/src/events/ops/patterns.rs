//! `TestEventPattern`.

use super::super::{
    errors::{invalid, invalid_pattern},
    patterns::Patterns,
};
use api::events as sdk;
use front::Answer;
use serde_json::Value;

/// What an event has to have to be one.
const REQUIRED: [&str; 6] = ["id", "account", "source", "time", "region", "detail-type"];

/// Whether a pattern matches an event that is given with it.
pub fn test(patterns: &Patterns, input: &sdk::TestEventPatternRequest) -> Answer<sdk::TestEventPatternResponse> {
    let pattern = patterns.read(&input.event_pattern).map_err(|why| invalid_pattern(&why))?;
    let event: Value = serde_json::from_str(&input.event)
        .map_err(|_| invalid("Parameter Event is not valid. Reason: Event is not valid JSON."))?;
    if let Some(missing) = REQUIRED.iter().find(|name| event.get(**name).is_none()) {
        return Err(invalid(format!("Parameter Event is not valid. Reason: {missing} is a required argument.")));
    }
    Ok(sdk::TestEventPatternResponse { result: Some(pattern.matches(&event)) })
}

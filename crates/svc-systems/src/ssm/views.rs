//! From records to what the API shows. Pure.

use super::load::{Loaded, What};
use api::ssm::{Parameter, ParameterHistory, ParameterMetadata, ParameterTier, ParameterType};
use front::Cx;
use logic::parameter::Reference;
use model::ssm::{ParameterKind, ParameterVersionSpec, Tier};
use wire::Time;

/// A version with its value, which is given as it is to be shown.
pub fn parameter(cx: &Cx, loaded: &Loaded, value: String) -> Parameter {
    let common = Parameter {
        name: Some(loaded.name.clone()),
        arn: arn(cx, &loaded.name),
        selector: loaded.selector.as_ref().map(|selector| format!(":{selector}")),
        value: Some(value),
        ..Parameter::default()
    };
    match &loaded.what {
        What::Own(number, spec) => Parameter {
            r#type: Some(kind(spec.kind)),
            version: Some(shown(*number)),
            last_modified_date: Some(Time(spec.at.0)),
            data_type: Some(spec.data_type.clone()),
            ..common
        },
        What::Public(public) => Parameter {
            r#type: Some(ParameterType::String),
            version: Some(1),
            last_modified_date: Some(Time(public.at.0)),
            data_type: Some(public.data_type.to_owned()),
            ..common
        },
    }
}

/// A parameter without its value.
pub fn metadata(cx: &Cx, name: &str, number: u64, spec: &ParameterVersionSpec) -> ParameterMetadata {
    ParameterMetadata {
        name: Some(name.to_owned()),
        arn: arn(cx, name),
        r#type: Some(kind(spec.kind)),
        key_id: spec.key.clone(),
        last_modified_date: Some(Time(spec.at.0)),
        last_modified_user: Some(spec.by.clone()),
        description: spec.description.clone(),
        allowed_pattern: spec.allowed_pattern.clone(),
        version: Some(shown(number)),
        tier: Some(tier(spec.tier)),
        policies: Some(Vec::new()),
        data_type: Some(spec.data_type.clone()),
    }
}

/// A version of a parameter's history, with its labels and its value.
pub fn history(name: &str, number: u64, spec: &ParameterVersionSpec, labels: Vec<String>, value: String) -> ParameterHistory {
    ParameterHistory {
        name: Some(name.to_owned()),
        r#type: Some(kind(spec.kind)),
        key_id: spec.key.clone(),
        last_modified_date: Some(Time(spec.at.0)),
        last_modified_user: Some(spec.by.clone()),
        description: spec.description.clone(),
        value: Some(value),
        allowed_pattern: spec.allowed_pattern.clone(),
        version: Some(shown(number)),
        labels: Some(labels),
        tier: Some(tier(spec.tier)),
        policies: Some(Vec::new()),
        data_type: Some(spec.data_type.clone()),
    }
}

/// A tier, in the API's words.
pub fn tier(tier: Tier) -> ParameterTier {
    match tier {
        Tier::Standard => ParameterTier::Standard,
        Tier::Advanced => ParameterTier::Advanced,
    }
}

/// A type, in the API's words.
pub fn kind(kind: ParameterKind) -> ParameterType {
    match kind {
        ParameterKind::Text => ParameterType::String,
        ParameterKind::List => ParameterType::StringList,
        ParameterKind::Secret => ParameterType::SecureString,
    }
}

/// A version's number.
pub fn shown(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn arn(cx: &Cx, name: &str) -> Option<String> {
    Reference::parse(name, &cx.account, &cx.region).map(|reference| reference.arn.to_string())
}

//! The condition keys that a simulation is given, and those that follow from who is simulated.

use super::{errors, simulation::Who};
use api::iam::{ContextEntry, ContextKeyTypeEnum};
use front::{Answer, Cx};
use logic::policy::Context;
use model::iam::base_name;
use std::net::IpAddr;

/// The keys of the caller, and over them those that were given.
pub fn read(cx: &Cx, who: &Who, entries: &[ContextEntry]) -> Answer<Context> {
    let mut context = of_caller(cx, who);
    for entry in entries {
        add(&mut context, entry)?;
    }
    Ok(context)
}

fn of_caller(cx: &Cx, who: &Who) -> Context {
    let mut context = Context::new();
    for key in ["aws:CurrentTime", "aws:EpochTime"] {
        if let Some(value) = cx.context().single(key) {
            context.set(key, value);
        }
    }
    if who.arn.is_empty() {
        return context;
    }
    context.set("aws:PrincipalArn", who.role.as_ref().unwrap_or(&who.arn)).set("aws:PrincipalAccount", &who.account);
    if who.role.is_some() {
        context.set("aws:PrincipalType", "AssumedRole");
    } else {
        context.set("aws:PrincipalType", "User").set("aws:username", base_name(&who.arn));
    }
    context
}

fn add(context: &mut Context, entry: &ContextEntry) -> Answer<()> {
    let name = entry.context_key_name.as_deref().unwrap_or_default();
    let values = entry.context_key_values.as_deref().unwrap_or_default();
    let kind = entry.context_key_type.unwrap_or(ContextKeyTypeEnum::String);
    if !name.contains(':') {
        return Err(errors::invalid_input(format!("Invalid context key name: {name}")));
    }
    if let Some(bad) = values.iter().find(|value| !fits(kind, value)) {
        return Err(errors::invalid_input(format!("Invalid value for context key {name} of type {}: {bad}", kind.as_str())));
    }
    match (kind.as_str().ends_with("List"), values) {
        (true, values) => context.set_all(name.to_owned(), values),
        (false, [value]) => context.set(name.to_owned(), value),
        (false, _) => return Err(errors::invalid_input(format!("Context key {name} has to have exactly one value."))),
    };
    Ok(())
}

/// Whether a value is of the type.
fn fits(kind: ContextKeyTypeEnum, value: &str) -> bool {
    use ContextKeyTypeEnum as Kind;
    match kind {
        Kind::Numeric | Kind::NumericList => value.parse::<f64>().is_ok_and(f64::is_finite),
        Kind::Boolean | Kind::BooleanList => value.eq_ignore_ascii_case("true") || value.eq_ignore_ascii_case("false"),
        Kind::Ip | Kind::IpList => value.split('/').next().is_some_and(|address| address.parse::<IpAddr>().is_ok()),
        Kind::Date | Kind::DateList => value.starts_with(|c: char| c.is_ascii_digit() || c == '-'),
        Kind::String | Kind::StringList | Kind::Binary | Kind::BinaryList => true,
    }
}

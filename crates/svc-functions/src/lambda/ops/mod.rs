//! The operations, by what they are about, and what several of them do.

pub mod aliases;
pub mod concurrency;
pub mod events;
pub mod functions;
pub mod layers;
pub mod permissions;
pub mod settings;
pub mod tags;
pub mod updates;
pub mod urls;
pub mod versions;

use super::{
    environment, errors,
    find::Found,
    views::{self, Shown},
};
use api::lambda as sdk;
use front::{Answer, Cx};
use model::{
    Key, Timestamp,
    lambda::{Configuration, Function, State, Update, Version},
};
use spine::{Read, Row};

/// A version's configuration as the caller sees it, with that qualifier in its ARN.
fn show(
    cx: &Cx,
    read: &impl Read,
    key: &Key<Version>,
    row: &Row<Version>,
    qualifier: Option<&str>,
) -> Answer<sdk::FunctionConfiguration> {
    let function = key.function();
    let variables = seen(cx, read, &function, &row.spec.release.configuration)?;
    let (spec, plan) = (&row.spec, &row.plan);
    Ok(views::configuration(Shown { function: &function, version: key.version(), qualifier, spec, plan, variables }))
}

fn seen(cx: &Cx, read: &impl Read, function: &Key<Function>, configuration: &Configuration) -> Answer<views::Seen> {
    if configuration.environment.is_none() {
        return Ok(None);
    }
    if !environment::shown_to(cx, read, function, configuration) {
        return Ok(Some(Err(None)));
    }
    Ok(Some(environment::open(read, cx.now, function, configuration)?.map_err(Some)))
}

/// Refuses to change a version that is being made or changed.
fn settled(found: &Found) -> Answer<()> {
    let (spec, plan) = (&found.row.spec, &found.row.plan);
    match (spec.state(plan), spec.update(plan)) {
        (State::Pending, _) => Err(errors::not_active(State::Pending.as_str())),
        (_, Update::InProgress) => Err(errors::updating(&found.key.function().arn())),
        _ => Ok(()),
    }
}

/// Refuses a caller who knows an older state.
fn same_revision(given: Option<&String>, current: &str, operation: &str) -> Answer<()> {
    match given {
        Some(given) if given != current => Err(errors::stale(operation)),
        _ => Ok(()),
    }
}

/// A moment of the model's own kind.
fn time(at: Timestamp) -> wire::Time {
    wire::Time(at.0)
}

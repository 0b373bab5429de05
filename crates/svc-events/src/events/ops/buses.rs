//! Event buses.

use super::{
    super::{
        errors::{bus_exists, invalid, no_bus, not_built, too_many},
        load::{self, bus_key},
        views,
    },
    tags,
};
use crate::page::page;
use api::events as sdk;
use front::{Answer, Cx, records::key};
use model::{
    Key,
    events::{DEFAULT_BUS, EventBus, EventBusSpec, Rule},
};
use spine::{Read, Scope, Tx};
use std::sync::Arc;

/// Of an account in a region (EventBridge user guide, "Amazon EventBridge quotas").
const MOST_BUSES: usize = 100;

/// `CreateEventBus`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateEventBusRequest) -> Answer<sdk::CreateEventBusResponse> {
    refuse(&input.kms_key_identifier, &input.dead_letter_config, &input.log_config)?;
    if input.event_source_name.is_some() {
        return Err(not_built("partner event sources"));
    }
    if input.name.contains('/') {
        return Err(invalid("Event bus name must not contain '/'."));
    }
    let key = key::<EventBus>(cx, &input.name);
    if input.name == DEFAULT_BUS || tx.exists(&key)? {
        return Err(bus_exists(&input.name));
    }
    if tx.specs::<EventBus>(Scope::Region(&cx.account, &cx.region))?.len() >= MOST_BUSES {
        return Err(too_many());
    }
    let spec = EventBusSpec {
        description: input.description.clone(),
        policy: None,
        tags: tags::with(&Default::default(), input.tags.as_deref().unwrap_or_default())?,
        created: Some(cx.now),
        modified: Some(cx.now),
    };
    tx.create(&key, &spec)?;
    let event_bus_arn = Some(load::bus_arn(&key).to_string());
    Ok(sdk::CreateEventBusResponse { event_bus_arn, description: spec.description, ..Default::default() })
}

/// Buses are not encrypted and keep no log yet; what can't be encrypted can't fail for that.
fn refuse(kms_key: &Option<String>, dead_letter: &Option<sdk::DeadLetterConfig>, log: &Option<sdk::LogConfig>) -> Answer<()> {
    let unbuilt = [
        ("KmsKeyIdentifier", kms_key.as_ref().is_some_and(|it| !it.is_empty())),
        ("DeadLetterConfig", dead_letter.as_ref().is_some_and(|it| it.arn.is_some())),
        ("LogConfig", log.as_ref().and_then(|it| it.level).is_some_and(|level| level != sdk::Level::Off)),
    ];
    match unbuilt.iter().find(|(_, given)| *given) {
        Some((name, _)) => Err(not_built(format_args!("the parameter {name} of an event bus"))),
        None => Ok(()),
    }
}

/// `UpdateEventBus`.
pub fn update(cx: &Cx, tx: &mut Tx, input: &sdk::UpdateEventBusRequest) -> Answer<sdk::UpdateEventBusResponse> {
    refuse(&input.kms_key_identifier, &input.dead_letter_config, &input.log_config)?;
    let key = bus_key(cx, input.name.as_deref())?;
    let spec = EventBusSpec { description: input.description.clone(), ..EventBusSpec::clone(&*load::bus(tx, &key)?) };
    write(cx, tx, &key, spec)?;
    Ok(sdk::UpdateEventBusResponse {
        arn: Some(load::bus_arn(&key).to_string()),
        name: Some(key.id.clone()),
        description: input.description.clone(),
        ..Default::default()
    })
}

/// Writes what was changed of a bus; the default one has no record before.
pub fn write(cx: &Cx, tx: &mut Tx, key: &Key<EventBus>, spec: EventBusSpec) -> Answer<()> {
    Ok(tx.set_spec(key, &EventBusSpec { modified: Some(cx.now), ..spec })?)
}

/// `DeleteEventBus`.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteEventBusRequest) -> Answer<()> {
    let key = bus_key(cx, Some(&input.name))?;
    if key.id == DEFAULT_BUS {
        return Err(invalid("Cannot delete event bus default."));
    }
    let rules = tx.specs::<Rule>(Scope::Prefix(&key.account, &key.region, &format!("{}/", key.id)))?;
    if rules.iter().any(|(rule, _)| rule.names().0 == key.id) {
        return Err(invalid(format!("Event bus {} can't be deleted since it has rules.", key.id)));
    }
    if tx.exists(&key)? { Ok(tx.delete(&key)?) } else { Ok(()) }
}

/// `DescribeEventBus`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &sdk::DescribeEventBusRequest) -> Answer<sdk::DescribeEventBusResponse> {
    let key = bus_key(cx, input.name.as_deref())?;
    if key.account != cx.account || key.region != cx.region {
        return Err(no_bus(&key.id));
    }
    Ok(views::described_bus(&key, &*load::bus(tx, &key)?))
}

/// `ListEventBuses`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListEventBusesRequest) -> Answer<sdk::ListEventBusesResponse> {
    let mut buses = tx.specs::<EventBus>(Scope::Region(&cx.account, &cx.region))?;
    if !buses.iter().any(|(key, _)| key.id == DEFAULT_BUS) {
        buses.push((key(cx, DEFAULT_BUS), Arc::default()));
        buses.sort_by(|(one, _), (other, _)| one.cmp(other));
    }
    let prefix = input.name_prefix.as_deref().unwrap_or_default();
    buses.retain(|(key, _)| key.id.starts_with(prefix));
    let (buses, next_token) = page(buses, |(key, _)| &key.id, input.next_token.as_deref(), input.limit)?;
    Ok(sdk::ListEventBusesResponse {
        event_buses: Some(buses.iter().map(|(key, spec)| views::bus(key, spec)).collect()),
        next_token,
    })
}

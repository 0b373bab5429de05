//! Finding buses and rules by what requests call them.

use super::errors::{bad_arn, no_bus, no_rule, not_built};
use front::{Answer, Cx, records::key};
use model::{
    AccountId, Arn, Key, Region,
    events::{DEFAULT_BUS, EventBus, EventBusSpec, Rule, RuleSpec},
};
use spine::Read;
use std::sync::Arc;

/// The key of a bus by its name or its ARN; without either, of the default one. It may be another account's.
pub fn bus_key(cx: &Cx, named: Option<&str>) -> Answer<Key<EventBus>> {
    match named {
        None => Ok(key(cx, DEFAULT_BUS)),
        Some(arn) if arn.starts_with("arn:") => arn.parse().ok().and_then(|arn| bus_of(&arn)).ok_or_else(|| bad_arn(arn)),
        Some(name) => Ok(key(cx, name)),
    }
}

/// The bus that an ARN names.
pub fn bus_of(arn: &Arn) -> Option<Key<EventBus>> {
    let name = arn.resource_id("events", "event-bus")?;
    Some(Key::new(&AccountId::parse(&arn.account).ok()?, &Region::parse(&arn.region).ok()?, name))
}

/// The rule that an ARN names.
pub fn rule_of(arn: &Arn) -> Option<Key<Rule>> {
    let name = arn.resource_id("events", "rule")?;
    let (account, region) = (AccountId::parse(&arn.account).ok()?, Region::parse(&arn.region).ok()?);
    let (bus, name) = name.rsplit_once('/').unwrap_or((DEFAULT_BUS, name));
    Some(Key::<EventBus>::new(&account, &region, bus).rule(name))
}

/// The ARN of a bus.
pub fn bus_arn(key: &Key<EventBus>) -> Arn {
    Arn::new("events", &key.region, &key.account, format!("event-bus/{}", key.id))
}

/// The ARN of a rule, which names its bus unless that is the default one.
pub fn rule_arn(key: &Key<Rule>) -> Arn {
    let (bus, name) = key.names();
    let resource = if bus == DEFAULT_BUS { format!("rule/{name}") } else { format!("rule/{bus}/{name}") };
    Arn::new("events", &key.region, &key.account, resource)
}

/// A bus that is there. The default one always is.
pub fn bus(read: &impl Read, key: &Key<EventBus>) -> Answer<Arc<EventBusSpec>> {
    match read.spec(key)? {
        Some(spec) => Ok(spec),
        None if key.id == DEFAULT_BUS => Ok(Arc::default()),
        None => Err(no_bus(&key.id)),
    }
}

/// The bus of a request about rules, which has to be one of the caller's account.
pub fn own_bus(cx: &Cx, read: &impl Read, named: Option<&str>) -> Answer<Key<EventBus>> {
    let key = bus_key(cx, named)?;
    if key.account != cx.account || key.region != cx.region {
        return Err(not_built("rules on buses of other accounts or regions"));
    }
    bus(read, &key)?;
    Ok(key)
}

/// A rule that is there.
pub fn rule(cx: &Cx, read: &impl Read, bus: Option<&str>, name: &str) -> Answer<(Key<Rule>, Arc<RuleSpec>)> {
    let bus = own_bus(cx, read, bus)?;
    let key = bus.rule(name);
    let spec = read.spec(&key)?.ok_or_else(|| no_rule(name, &bus.id))?;
    Ok((key, spec))
}

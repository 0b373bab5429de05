//! What an event brings about: for each target of each rule that it matches, a delivery.
//!
//! Deliveries are written in the transaction that accepts the event, so that nothing that was acknowledged is lost. The courier makes the
//! calls, tries again, and gives up to the dead letter queue.

mod call;
mod payload;
mod place;

pub use call::FORWARD;
pub use place::Place;

use super::{
    event::Event,
    load::rule_arn,
    patterns::Patterns,
    targets::{self, Kind},
};
use api::events as sdk;
use model::{
    AccountId, Arn, Env, Key, Region, Timestamp,
    delivery::{Caller, DeadLetter, Delivery, DeliverySpec, Retry},
    events::{EventBus, Rule, RuleSpec},
};
use serde_json::Value;
use spine::{Read, Scope, Tx};
use wire::Fault;

/// As whom rules act.
pub const SERVICE: &str = "events.amazonaws.com";

/// An event that was accepted.
pub struct Accepted<'a> {
    /// The event.
    pub event: &'a Event,
    /// Whether another bus has passed it on; then it goes to no bus any more.
    pub forwarded: bool,
    /// When it was accepted.
    pub at: Timestamp,
}

/// Writes the deliveries for all rules of a bus that an event matches.
pub fn to_rules(env: &Env, tx: &mut Tx, patterns: &Patterns, bus: &Key<EventBus>, it: &Accepted<'_>) -> Result<(), Fault> {
    let document = serde_json::to_value(it.event).unwrap_or_default();
    for (key, rule) in tx.specs::<Rule>(Scope::Prefix(&bus.account, &bus.region, &format!("{}/", bus.id)))? {
        let of_this = key.names().0 == bus.id;
        if of_this && rule.enabled && is_matched(&rule, patterns, &document) {
            to_targets(env, tx, &key, &rule, it)?;
        }
    }
    Ok(())
}

/// A pattern that can't be read was never accepted.
fn is_matched(rule: &RuleSpec, patterns: &Patterns, document: &Value) -> bool {
    let pattern = rule.pattern.as_deref().and_then(|text| patterns.read(text).ok());
    pattern.is_some_and(|pattern| pattern.matches(document))
}

/// Writes the deliveries for all targets of a rule.
pub fn to_targets(env: &Env, tx: &mut Tx, key: &Key<Rule>, rule: &RuleSpec, it: &Accepted<'_>) -> Result<(), Fault> {
    for kept in rule.targets.values() {
        let target = targets::read(kept)?;
        let Ok((kind, arn)) = targets::kind(&target.arn) else { continue };
        if it.forwarded && kind == Kind::Bus {
            continue;
        }
        let wanted = Wanted { rule: key, role: rule.role.as_deref(), target: &target, arn: &arn, kind, it };
        wanted.write(env, tx)?;
    }
    Ok(())
}

/// One event for one target.
pub struct Wanted<'a> {
    rule: &'a Key<Rule>,
    /// The rule's.
    role: Option<&'a str>,
    target: &'a sdk::Target,
    arn: &'a Arn,
    kind: Kind,
    it: &'a Accepted<'a>,
}

impl Wanted<'_> {
    fn write(&self, env: &Env, tx: &mut Tx) -> Result<(), Fault> {
        let payload = payload::of(self.target, self.rule, self.it.event)?;
        let Some(place) = Place::of(self) else { return Ok(()) };
        let batch = env.uuid();
        for (number, call) in call::calls(self, tx, &payload)?.into_iter().enumerate() {
            let spec = DeliverySpec {
                call,
                by: self.caller(),
                wanted: self.it.at,
                not_before: self.it.at,
                retry: retry(self.target),
                dead_letter: self.dead_letter(),
            };
            tx.create(&Delivery::key(&place.account, &place.region, format!("{batch}/{}", number + 1)), &spec)?;
        }
        Ok(())
    }

    /// As the target's role, if it has one; otherwise as the service, whom the target's own policy has to let in.
    fn caller(&self) -> Caller {
        let source = rule_arn(self.rule);
        match self.role() {
            Some(role) => {
                let session = if self.kind == Kind::Bus { FORWARD } else { self.rule.names().1 };
                Caller::Role { role: role.to_owned(), session: session.to_owned(), service: SERVICE.to_owned(), source }
            }
            None => Caller::Service { name: SERVICE.to_owned(), source, account: self.rule.account.clone() },
        }
    }

    fn role(&self) -> Option<&str> {
        let of_rule = self.role.filter(|_| self.kind.needs_role());
        self.target.role_arn.as_deref().or(of_rule)
    }

    fn dead_letter(&self) -> Option<DeadLetter> {
        let queue = self.target.dead_letter_config.as_ref()?.arn.as_ref()?.parse().ok()?;
        let rule = rule_arn(self.rule);
        let attributes = [("RULE_ARN", rule.to_string()), ("TARGET_ARN", self.target.arn.clone())];
        Some(DeadLetter {
            queue,
            body: self.it.event.text(),
            attributes: attributes.map(|(name, value)| (name.to_owned(), value)).into(),
            by: Caller::Service { name: SERVICE.to_owned(), source: rule, account: self.rule.account.clone() },
        })
    }
}

fn retry(target: &sdk::Target) -> Retry {
    let given = target.retry_policy.as_ref();
    let read = |said: Option<i32>, usual: u32| said.and_then(|it| u32::try_from(it).ok()).unwrap_or(usual);
    Retry {
        max_age: read(given.and_then(|it| it.maximum_event_age_in_seconds), Retry::DAY.max_age),
        max_retries: read(given.and_then(|it| it.maximum_retry_attempts), Retry::DAY.max_retries),
    }
}

/// Where something of an ARN is.
fn region_of(arn: &Arn) -> Option<Region> {
    Region::parse(&arn.region).ok()
}

fn account_of(arn: &Arn) -> Option<AccountId> {
    AccountId::parse(&arn.account).ok()
}

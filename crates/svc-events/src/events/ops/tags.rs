//! Tags of buses and rules.

use super::{
    super::{
        errors::{bad_arn, invalid, no_rule, too_many},
        load::{self, bus_of, rule_of},
        views,
    },
    buses,
};
use api::events as sdk;
use front::{Answer, Cx};
use model::{
    Arn, Key,
    events::{EventBus, EventBusSpec, Rule},
};
use spine::{Read, Tx};
use std::collections::BTreeMap;

type Tags = BTreeMap<String, String>;

/// Of a bus or a rule.
const MOST: usize = 50;

/// What has tags.
enum Tagged {
    Bus(Key<EventBus>),
    Rule(Key<Rule>),
}

/// `TagResource`.
pub fn add(cx: &Cx, tx: &mut Tx, input: &sdk::TagResourceRequest) -> Answer<sdk::TagResourceResponse> {
    let tagged = tagged(cx, &input.resource_arn)?;
    let tags = with(&tags_of(tx, &tagged)?, &input.tags)?;
    write(cx, tx, &tagged, tags)?;
    Ok(sdk::TagResourceResponse {})
}

/// `UntagResource`.
pub fn remove(cx: &Cx, tx: &mut Tx, input: &sdk::UntagResourceRequest) -> Answer<sdk::UntagResourceResponse> {
    let tagged = tagged(cx, &input.resource_arn)?;
    let mut tags = tags_of(tx, &tagged)?;
    tags.retain(|key, _| !input.tag_keys.contains(key));
    write(cx, tx, &tagged, tags)?;
    Ok(sdk::UntagResourceResponse {})
}

/// `ListTagsForResource`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListTagsForResourceRequest) -> Answer<sdk::ListTagsForResourceResponse> {
    let tags = tags_of(tx, &tagged(cx, &input.resource_arn)?)?;
    Ok(sdk::ListTagsForResourceResponse { tags: Some(views::tags(&tags)) })
}

/// The tags with more of them; AWS's own can't be given.
pub fn with(before: &Tags, new: &[sdk::Tag]) -> Answer<Tags> {
    let mut tags = before.clone();
    for tag in new {
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(invalid("Tag keys can't begin with aws:."));
        }
        tags.insert(tag.key.clone(), tag.value.clone());
    }
    if tags.len() > MOST { Err(too_many()) } else { Ok(tags) }
}

/// What an ARN names, in the caller's account and region.
fn tagged(cx: &Cx, text: &str) -> Answer<Tagged> {
    let arn: Arn = text.parse().map_err(|_| bad_arn(text))?;
    let own = (arn.account.as_str(), arn.region.as_str()) == (cx.account.as_str(), cx.region.as_str());
    let found = bus_of(&arn).map(Tagged::Bus).or_else(|| rule_of(&arn).map(Tagged::Rule));
    found.filter(|_| own).ok_or_else(|| bad_arn(text))
}

fn tags_of(read: &impl Read, tagged: &Tagged) -> Answer<Tags> {
    match tagged {
        Tagged::Bus(key) => Ok(load::bus(read, key)?.tags.clone()),
        Tagged::Rule(key) => {
            let (bus, name) = key.names();
            Ok(read.spec(key)?.ok_or_else(|| no_rule(name, bus))?.tags.clone())
        }
    }
}

fn write(cx: &Cx, tx: &mut Tx, tagged: &Tagged, tags: Tags) -> Answer<()> {
    match tagged {
        Tagged::Bus(key) => {
            let spec = EventBusSpec { tags, ..EventBusSpec::clone(&*load::bus(tx, key)?) };
            buses::write(cx, tx, key, spec)
        }
        Tagged::Rule(key) => Ok(tx.update_spec(key, |spec| spec.tags = tags)?),
    }
}

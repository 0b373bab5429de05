//! What policies call log groups and streams, and what is known of them when it is decided who may do what to them.
//!
//! CloudWatch Logs decides on a group under the ARN that its streams begin with, `log-group:NAME:log-stream:`: `log-group:NAME:*` in a
//! policy covers the group, `log-group:NAME` covers its tags alone (Amazon CloudWatch Logs user guide, "Resources and operations").

use super::{
    ops::{group_name, tagged},
    services,
};
use front::{Cx, Facts, Principal};
use logic::policy::Kind;
use model::{AccountId, Arn, Key, Region, logs::LogGroup};
use spine::{Read, Snapshot};
use wire::Fault;

/// The ARN of a log group, and the one under which its tags are decided on.
pub(super) fn group(cx: &Cx, group: &str) -> Arn {
    cx.arn("logs", format!("log-group:{group}"))
}

/// The ARN of a log stream.
pub(super) fn stream(cx: &Cx, group: &str, stream: &str) -> Arn {
    cx.arn("logs", format!("log-group:{group}:log-stream:{stream}"))
}

/// What decisions about a group are about.
pub(super) fn on_group(cx: &Cx, group: &str) -> Vec<Arn> {
    vec![stream(cx, group, "")]
}

/// What decisions about all groups are about, and about what isn't any group's.
pub(super) fn on_all(cx: &Cx) -> Vec<Arn> {
    on_group(cx, "")
}

/// As [`on_group`], of a group that is named by its name or by an identifier. None where the handler refuses both.
pub(super) fn on_named(cx: &Cx, name: &Option<String>, identifier: &Option<String>) -> Vec<Arn> {
    group_name(cx, name, identifier).map(|group| on_group(cx, &group)).unwrap_or_default()
}

/// As [`stream`], of a group that is named by its name or by an identifier.
pub(super) fn on_stream_of(cx: &Cx, name: &Option<String>, identifier: &Option<String>, of: &str) -> Vec<Arn> {
    group_name(cx, name, identifier).map(|group| vec![stream(cx, &group, of)]).unwrap_or_default()
}

/// What decisions about the tags of what an ARN names are about. None where the handler refuses the ARN.
pub(super) fn on_tagged(cx: &Cx, arn: &str) -> Vec<Arn> {
    tagged(cx, arn).map(|name| vec![group(cx, &name)]).unwrap_or_default()
}

/// The tags of the group that an ARN names, or whose stream it names; for services, what the account's policies say.
pub(super) fn facts(cx: &Cx, snapshot: &Snapshot, arn: &Arn) -> Result<Facts, Fault> {
    let Some(key) = group_key(arn) else { return Ok(Facts::default()) };
    let tags = snapshot.spec(&key)?.map(|group| group.tags.clone()).unwrap_or_default();
    let facts = Facts { tags, ..Facts::default() };
    Ok(match &cx.principal {
        Principal::Service { .. } => {
            facts.with_policy("resource-policies", &services::policy(snapshot, &key.account, &key.region)?, Kind::Resource)
        }
        _ => facts,
    })
}

fn group_key(arn: &Arn) -> Option<Key<LogGroup>> {
    let name = arn.resource.strip_prefix("log-group:")?.split(':').next().filter(|name| !name.is_empty())?;
    let (account, region) = (AccountId::parse(&arn.account).ok()?, Region::parse(&arn.region).ok()?);
    Some(Key::new(&account, &region, name))
}

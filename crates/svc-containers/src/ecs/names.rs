//! How callers name things: short names and ARNs.

use super::errors;
use front::{Answer, Cx};
use model::{
    Arn, Key,
    ecs::{Cluster, ClusterSpec, Revision, Service, Task, TaskDefinitionSpec},
};
use spine::{Read, Scope};
use std::sync::Arc;
use wire::Fault;

/// The cluster that is meant where none is named.
const DEFAULT_CLUSTER: &str = "default";

/// The names of clusters, services and families: up to 255 letters, digits, hyphens and underscores.
pub fn is_name(text: &str) -> bool {
    (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
}

fn invalid_identifier(text: &str) -> Fault {
    errors::invalid(format!("Invalid identifier: {}", text.chars().take(128).collect::<String>()))
}

/// An ARN of this service, if the text is an ARN at all.
fn as_arn(text: &str) -> Result<Option<Arn>, Fault> {
    if !text.starts_with("arn:") {
        return Ok(None);
    }
    let arn: Arn = text.parse().map_err(|_| invalid_identifier(text))?;
    if arn.service == "ecs" { Ok(Some(arn)) } else { Err(invalid_identifier(text)) }
}

/// The cluster's key, whether there is such a cluster or not.
pub fn cluster(cx: &Cx, given: Option<&str>) -> Result<Key<Cluster>, Fault> {
    let text = given.filter(|text| !text.is_empty()).unwrap_or(DEFAULT_CLUSTER);
    match as_arn(text)? {
        Some(arn) => Key::<Cluster>::of_arn(&arn).filter(|key| is_name(&key.id)).ok_or_else(|| invalid_identifier(text)),
        None if is_name(text) => Ok(Key::new(&cx.account, &cx.region, text)),
        None => Err(invalid_identifier(text)),
    }
}

/// A cluster of the caller's that is active.
pub fn active_cluster(cx: &Cx, tx: &impl Read, given: Option<&str>) -> Answer<(Key<Cluster>, Arc<ClusterSpec>)> {
    let key = cluster(cx, given)?;
    let own = (&key.account, &key.region) == (&cx.account, &cx.region);
    let spec = if own { tx.spec(&key)? } else { None };
    let active = spec.filter(|spec| spec.deleted_at.is_none());
    active.map(|spec| (key, spec)).ok_or_else(errors::cluster_not_found)
}

/// The key of a service in a cluster, by name or ARN; in its old form an ARN doesn't name the cluster.
pub fn service(cluster: &Key<Cluster>, text: &str) -> Result<Key<Service>, Fault> {
    let key = |name: &str| Key::new(&cluster.account, &cluster.region, format!("{}/{name}", cluster.id));
    let named = match as_arn(text)? {
        Some(arn) => Key::<Service>::of_arn(&arn).ok_or_else(|| invalid_identifier(text))?,
        None if is_name(text) => key(text),
        None => return Err(invalid_identifier(text)),
    };
    let old_form = !named.id.contains('/');
    let here = (&named.account, &named.region) == (&cluster.account, &cluster.region);
    if old_form {
        Ok(key(&named.id))
    } else if here {
        Ok(named)
    } else {
        Err(errors::service_not_found())
    }
}

/// The key of a task in a cluster, by its 32 digits or its ARN.
pub fn task(cluster: &Key<Cluster>, text: &str) -> Result<Key<Task>, Fault> {
    let short = match as_arn(text)? {
        Some(arn) => {
            let key = Key::<Task>::of_arn(&arn).ok_or_else(|| invalid_identifier(text))?;
            let (place, short) = key.id.rsplit_once('/').unwrap_or((&cluster.id, &key.id));
            let here = place == cluster.id && (&key.account, &key.region) == (&cluster.account, &cluster.region);
            if !here {
                return Err(errors::invalid("The referenced task was not found."));
            }
            short.to_owned()
        }
        None => text.to_owned(),
    };
    if !is_name(&short) {
        return Err(invalid_identifier(text));
    }
    Ok(Key::new(&cluster.account, &cluster.region, format!("{}/{short}", cluster.id)))
}

/// A family, and a number if one is named: `web`, `web:3`, or an ARN.
pub fn revision(cx: &Cx, text: &str) -> Result<(String, Option<u32>), Fault> {
    let rest = match as_arn(text)? {
        Some(arn) if (&*arn.account, &*arn.region) != (cx.account.as_str(), cx.region.as_str()) => {
            return Err(errors::client("TaskDefinition not found."));
        }
        Some(arn) => {
            let rest = arn.resource_id("ecs", "task-definition").map(str::to_owned);
            rest.ok_or_else(|| errors::client("Invalid task definition identifier."))?
        }
        None => text.to_owned(),
    };
    let (family, number) = match rest.split_once(':') {
        Some((family, number)) => (family, Some(number.parse().map_err(|_| bad_revision(number))?)),
        None => (&*rest, None),
    };
    if is_name(family) { Ok((family.into(), number)) } else { Err(errors::client("Invalid task definition identifier.")) }
}

fn bad_revision(number: &str) -> Fault {
    errors::client(format!("Invalid revision number. Number: {}", number.chars().take(32).collect::<String>()))
}

/// The task definition that is named; without a number, the newest active one of the family.
pub fn definition(cx: &Cx, tx: &impl Read, text: &str) -> Answer<Option<Arc<TaskDefinitionSpec>>> {
    let (family, number) = revision(cx, text)?;
    if let Some(number) = number {
        return Ok(tx.spec(&Revision { family, number }.key(&cx.account, &cx.region))?);
    }
    let prefix = format!("{family}/");
    let all = tx.specs::<model::ecs::TaskDefinition>(Scope::Prefix(&cx.account, &cx.region, &prefix))?;
    let newest = all.into_iter().rev().map(|(_, spec)| spec).find(|spec| spec.deregistered_at.is_none());
    Ok(newest)
}

/// The task definition that something is to be made of: there, and active.
pub fn active_definition(cx: &Cx, tx: &impl Read, text: &str) -> Answer<Arc<TaskDefinitionSpec>> {
    let found = definition(cx, tx, text)?.ok_or_else(|| errors::client("TaskDefinition not found."))?;
    if found.deregistered_at.is_some() {
        return Err(errors::client("TaskDefinition is inactive"));
    }
    Ok(found)
}

//! Tags between the API and the records.

use super::errors;
use api::ecs as aws;
use model::ecs::{PropagateTags, Tags};
use wire::Fault;

/// The tags of a request.
pub fn parse(given: &Option<Vec<aws::Tag>>) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    for tag in given.iter().flatten() {
        let key = tag.key.clone().filter(|key| !key.is_empty()).ok_or_else(|| errors::invalid("Tag keys can not be empty."))?;
        let value = tag.value.clone().unwrap_or_default();
        if key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(errors::invalid("Tag keys can have 128 characters at most, tag values 256."));
        }
        if key.to_ascii_lowercase().starts_with("aws:") {
            return Err(errors::invalid("aws: prefixed tag key names are not allowed for external use."));
        }
        if tags.insert(key, value).is_some() {
            return Err(errors::invalid("Duplicate tag keys found."));
        }
    }
    check_count(&tags)?;
    Ok(tags)
}

/// A resource has at most 50.
pub fn check_count(tags: &Tags) -> Result<(), Fault> {
    let own = tags.keys().filter(|key| !key.starts_with("aws:")).count();
    if own > 50 { Err(errors::invalid("A resource can have 50 tags at most.")) } else { Ok(()) }
}

/// The tags of an answer.
pub fn show(tags: &Tags) -> Vec<aws::Tag> {
    tags.iter().map(|(key, value)| aws::Tag { key: Some(key.clone()), value: Some(value.clone()) }).collect()
}

/// Whose tags tasks are to carry, as asked for.
pub fn propagate(given: Option<aws::PropagateTags>) -> Option<PropagateTags> {
    match given? {
        aws::PropagateTags::TaskDefinition => Some(PropagateTags::TaskDefinition),
        aws::PropagateTags::Service => Some(PropagateTags::Service),
        aws::PropagateTags::None => None,
    }
}

/// The tags that ECS itself puts on a task (`enableECSManagedTags`).
pub fn managed(cluster: &str, service: Option<&str>) -> Tags {
    let service = service.map(|name| ("aws:ecs:serviceName".to_owned(), name.to_owned()));
    let cluster = ("aws:ecs:clusterName".to_owned(), cluster.to_owned());
    std::iter::once(cluster).chain(service).collect()
}

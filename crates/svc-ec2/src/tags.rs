//! Tags: those that come with a request, checked, and those that go with an answer.

use super::{
    errors::{invalid_value, missing_parameter},
    resource::Resource,
};
use api::ec2::{Tag, TagSpecification};
use model::ec2::Tags;
use wire::Fault;

/// A resource has at most so many.
const MOST: usize = 50;

/// The tags that a request gives to the one thing that it creates.
pub fn on_create(specifications: Option<&[TagSpecification]>, created: Resource) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    for specification in specifications.unwrap_or_default() {
        let kind = specification.resource_type.ok_or_else(|| missing_parameter("ResourceType"))?;
        if kind.as_str() != created.name {
            let message = format!("'{}' is not a valid taggable resource type for this operation.", kind.as_str());
            return Err(invalid_value(message));
        }
        add(&mut tags, specification.tags.as_deref().unwrap_or_default())?;
    }
    Ok(tags)
}

/// Adds tags, replacing the values of keys that are there; no key twice in one request.
pub fn add(tags: &mut Tags, new: &[Tag]) -> Result<(), Fault> {
    for (place, tag) in new.iter().enumerate() {
        let (key, value) = (checked_key(tag)?, tag.value.as_deref().unwrap_or_default());
        if new[..place].iter().any(|earlier| earlier.key.as_deref() == Some(key)) {
            return Err(invalid_value(format!("Duplicate tag key '{key}' specified.")));
        }
        if value.chars().count() > 256 {
            return Err(invalid_value(format!("Tag value exceeds the maximum length of 256 characters: '{value}'")));
        }
        tags.insert(key.into(), value.into());
    }
    if tags.len() > MOST {
        return Err(Fault::client(
            "TagLimitExceeded",
            format!("The maximum number of tags for a resource ({MOST}) has been reached."),
        ));
    }
    Ok(())
}

fn checked_key(tag: &Tag) -> Result<&str, Fault> {
    let key = tag.key.as_deref().filter(|key| !key.is_empty()).ok_or_else(|| missing_parameter("Key"))?;
    if key.chars().count() > 128 {
        return Err(invalid_value(format!("Tag key exceeds the maximum length of 128 characters: '{key}'")));
    }
    if key.to_ascii_lowercase().starts_with("aws:") {
        return Err(invalid_value("Tag keys starting with 'aws:' are reserved for internal use"));
    }
    Ok(key)
}

/// Takes tags away: those with the key and, where one is given, the value; without any, all but AWS's own.
pub fn remove(tags: &mut Tags, gone: Option<&[Tag]>) {
    match gone.filter(|gone| !gone.is_empty()) {
        None => tags.retain(|key, _| key.starts_with("aws:")),
        Some(gone) => tags.retain(|key, value| !gone.iter().any(|tag| means(tag, key, value))),
    }
}

fn means(tag: &Tag, key: &str, value: &str) -> bool {
    tag.key.as_deref() == Some(key) && tag.value.as_deref().is_none_or(|it| it == value)
}

/// The tags of an answer.
pub fn view(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: Some(key.clone()), value: Some(value.clone()) }).collect()
}

/// The tags of an answer that leaves the member out where there are none.
pub fn view_if_any(tags: &Tags) -> Option<Vec<Tag>> {
    Some(view(tags)).filter(|tags| !tags.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::ec2::ResourceType;

    fn tag(key: &str, value: Option<&str>) -> Tag {
        Tag { key: Some(key.into()), value: value.map(Into::into) }
    }

    fn code(tags: &[Tag]) -> String {
        add(&mut Tags::new(), tags).unwrap_err().code.into_owned()
    }

    #[test]
    fn refuses_what_ec2_refuses() {
        assert_eq!(code(&[tag("aws:x", None)]), "InvalidParameterValue");
        assert_eq!(code(&[tag("a", None), tag("a", Some("b"))]), "InvalidParameterValue");
        assert_eq!(code(&[tag(&"k".repeat(129), None)]), "InvalidParameterValue");
        assert_eq!(code(&[tag("k", Some(&"v".repeat(257)))]), "InvalidParameterValue");
        assert_eq!(code(&[Tag::default()]), "MissingParameter");
        let many: Vec<_> = (0..51).map(|n| tag(&n.to_string(), None)).collect();
        assert_eq!(code(&many), "TagLimitExceeded");
    }

    #[test]
    fn only_the_created_kind_is_tagged() {
        let of = |kind| [TagSpecification { resource_type: Some(kind), tags: Some(vec![tag("a", Some("b"))]) }];
        let tags = on_create(Some(&of(ResourceType::SecurityGroup)), Resource::SECURITY_GROUP).unwrap();
        assert_eq!(tags["a"], "b");
        assert!(on_create(Some(&of(ResourceType::Vpc)), Resource::SECURITY_GROUP).is_err());
    }

    #[test]
    fn tags_go_by_key_or_by_key_and_value_or_all() {
        let tags = Tags::from([("a".into(), "1".into()), ("b".into(), "2".into())]);
        let left = |gone: Option<&[Tag]>| {
            let mut tags = tags.clone();
            remove(&mut tags, gone);
            tags.into_keys().collect::<Vec<_>>()
        };
        assert_eq!(left(Some(&[tag("a", None)])), ["b"]);
        assert_eq!(left(Some(&[tag("a", Some("2"))])), ["a", "b"]);
        assert!(left(None).is_empty());
    }
}

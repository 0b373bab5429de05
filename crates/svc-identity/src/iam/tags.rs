//! Tags. A tag's key keeps the case that it was first written in and is found in any (IAM user guide, "Rules for tagging in IAM and
//! AWS STS").

use super::{
    errors,
    paging::{Asked, Page, page},
};
use api::iam as sdk;
use front::Answer;
use model::iam::Tags;
use std::collections::BTreeSet;

/// How many a resource may have.
pub const MOST: usize = 50;

/// The tags of something new.
pub fn new(given: &Option<Vec<sdk::Tag>>) -> Answer<Tags> {
    merge(&Tags::new(), given.as_deref().unwrap_or_default())
}

/// The tags with more of them, which replace those of the same key.
pub fn merge(tags: &Tags, more: &[sdk::Tag]) -> Answer<Tags> {
    check(more)?;
    let mut merged = tags.clone();
    for tag in more {
        let standing = merged.keys().find(|key| key.eq_ignore_ascii_case(&tag.key)).cloned();
        merged.insert(standing.unwrap_or_else(|| tag.key.clone()), tag.value.clone());
    }
    if merged.len() > MOST {
        return Err(errors::limit("The number of tags has reached the maximum limit."));
    }
    Ok(merged)
}

/// Takes the tags of those keys away; it is no error if there are none.
pub fn remove(tags: &mut Tags, keys: &[String]) {
    tags.retain(|key, _| !keys.iter().any(|gone| gone.eq_ignore_ascii_case(key)));
}

/// As an entity shows them: not at all, if it has none.
pub fn shown(tags: &Tags) -> Option<Vec<sdk::Tag>> {
    (!tags.is_empty()).then(|| list(tags))
}

/// One page of them.
pub fn paged(tags: &Tags, asked: Asked<'_>) -> Answer<Page<sdk::Tag>> {
    page(list(tags), asked, |tag| tag.key.clone())
}

fn list(tags: &Tags) -> Vec<sdk::Tag> {
    tags.iter().map(|(key, value)| sdk::Tag { key: key.clone(), value: value.clone() }).collect()
}

fn check(tags: &[sdk::Tag]) -> Answer<()> {
    let mut seen = BTreeSet::new();
    if tags.iter().any(|tag| !seen.insert(tag.key.to_lowercase())) {
        return Err(errors::invalid_input("Duplicate tag keys found. Please note that Tag keys are case insensitive."));
    }
    if seen.iter().any(|key| key.starts_with("aws:")) {
        return Err(errors::invalid_input("Tag keys that begin with 'aws:' are reserved for AWS use and cannot be added."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tag(key: &str, value: &str) -> sdk::Tag {
        sdk::Tag { key: key.into(), value: value.into() }
    }

    #[test]
    fn a_key_keeps_its_case_and_is_found_in_any() {
        let tags = merge(&Tags::new(), &[tag("Team", "a")]).unwrap();
        let mut tags = merge(&tags, &[tag("TEAM", "b")]).unwrap();
        assert_eq!(tags, Tags::from([("Team".into(), "b".into())]));
        remove(&mut tags, &["team".into()]);
        assert!(tags.is_empty());
    }

    #[test]
    fn what_tags_may_not_be_is_refused() {
        for (bad, code) in [
            (vec![tag("a", "1"), tag("A", "2")], "InvalidInput"),
            (vec![tag("AWS:x", "1")], "InvalidInput"),
            ((0..=MOST).map(|n| tag(&n.to_string(), "")).collect(), "LimitExceeded"),
        ] {
            assert_eq!(merge(&Tags::new(), &bad).unwrap_err().code, code);
        }
    }
}

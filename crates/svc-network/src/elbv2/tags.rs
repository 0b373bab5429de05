//! Tags of load balancers and what belongs to them.

use super::errors::validation;
use api::elbv2::Tag;
use model::elbv2::Tags;
use wire::Fault;

const MOST: usize = 50;

/// Adds tags, replacing the values of keys that are there; no key twice in one request.
pub fn add(tags: &mut Tags, new: &[Tag]) -> Result<(), Fault> {
    for (place, tag) in new.iter().enumerate() {
        if new[..place].iter().any(|earlier| earlier.key == tag.key) {
            let message = format!("A tag key was specified more than once: '{}'", tag.key);
            return Err(Fault::client("DuplicateTagKeys", message));
        }
        if tag.key.to_ascii_lowercase().starts_with("aws:") {
            return Err(validation("Tag keys that start with 'aws:' are reserved for AWS use"));
        }
        tags.insert(tag.key.clone(), tag.value.clone().unwrap_or_default());
    }
    if tags.len() > MOST {
        return Err(Fault::client("TooManyTags", "You've reached the limit on the number of tags for this resource"));
    }
    Ok(())
}

/// The tags of something that is made.
pub fn new(given: Option<&[Tag]>) -> Result<Tags, Fault> {
    let mut tags = Tags::new();
    add(&mut tags, given.unwrap_or_default())?;
    Ok(tags)
}

/// As the API shows them.
pub fn view(tags: &Tags) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag { key: key.clone(), value: Some(value.clone()) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_doubled_reserved_and_too_many_keys() {
        let tag = |key: &str| Tag { key: key.into(), value: None };
        let code = |tags: &[Tag]| new(Some(tags)).unwrap_err().code.into_owned();
        assert_eq!(code(&[tag("a"), tag("a")]), "DuplicateTagKeys");
        assert_eq!(code(&[tag("aws:a")]), "ValidationError");
        assert_eq!(code(&(0..51).map(|n| tag(&n.to_string())).collect::<Vec<_>>()), "TooManyTags");
        assert_eq!(new(Some(&[tag("a")])).unwrap()["a"], "");
    }
}

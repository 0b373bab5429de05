//! The tags of sessions: those that are passed, those that come from the session before, those of the role (IAM user guide, "Pass session
//! tags in AWS STS" and "Chain roles with session tags").

use super::errors;
use api::sts as sdk;
use front::Answer;
use model::iam::Tags;
use std::collections::BTreeSet;

/// What a session that is to be made brings along.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Passed {
    /// The tags of the request.
    pub tags: Tags,
    /// Which of them go on from this session to the next.
    pub transitive: Vec<String>,
    /// Tags of the calling session that go on to this one, and from it to the next.
    pub inherited: Tags,
}

impl Passed {
    /// The tags of a request that may have been made with a session's credentials.
    pub fn new(
        tags: &Option<Vec<sdk::Tag>>,
        transitive: &Option<Vec<String>>,
        caller: Option<&model::iam::Session>,
    ) -> Answer<Self> {
        let tags = tags.iter().flatten().map(|tag| (tag.key.clone(), tag.value.clone()));
        Self::of(tags, transitive.clone().unwrap_or_default(), caller)
    }

    /// The same, of tags wherever they are from.
    pub fn of(
        tags: impl Iterator<Item = (String, String)>,
        transitive: Vec<String>,
        caller: Option<&model::iam::Session>,
    ) -> Answer<Self> {
        let tags = distinct(tags)?;
        let inherited = caller.map(inheritance).unwrap_or_default();
        if !transitive.iter().all(|key| has(&tags, key)) {
            return Err(errors::transitive_tag_missing());
        }
        if tags.keys().any(|key| has(&inherited, key)) {
            return Err(errors::transitive_tag_inherited());
        }
        Ok(Self { tags, transitive, inherited })
    }

    /// Whether the session has tags that the role doesn't give it, so that `sts:TagSession` is needed.
    pub fn any(&self) -> bool {
        !(self.tags.is_empty() && self.inherited.is_empty())
    }

    /// Those of the request, and those that go on to it.
    pub fn all(&self) -> Tags {
        over(&self.inherited, &self.tags)
    }

    /// The tags of the session: over those of the role, in whatever case their keys are.
    pub fn over(&self, role: &Tags) -> Tags {
        over(role, &self.all())
    }

    /// The keys of the tags that go on to the next session.
    pub fn onward(&self) -> Vec<String> {
        let keys: BTreeSet<&String> = self.inherited.keys().chain(&self.transitive).collect();
        keys.into_iter().cloned().collect()
    }
}

fn distinct(tags: impl Iterator<Item = (String, String)>) -> Answer<Tags> {
    let mut found = Tags::new();
    for (key, value) in tags {
        if key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("aws:")) {
            return Err(errors::reserved_tag());
        }
        if has(&found, &key) {
            return Err(errors::duplicate_tags());
        }
        found.insert(key, value);
    }
    Ok(found)
}

fn inheritance(caller: &model::iam::Session) -> Tags {
    let onward = |key: &String| caller.terms.transitive_tags.iter().any(|onward| same(onward, key));
    caller.terms.tags.iter().filter(|(key, _)| onward(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn over(lower: &Tags, upper: &Tags) -> Tags {
    let kept = lower.iter().filter(|(key, _)| !has(upper, key));
    kept.chain(upper).map(|(key, value)| (key.clone(), value.clone())).collect()
}

fn has(tags: &Tags, key: &str) -> bool {
    tags.keys().any(|found| same(found, key))
}

fn same(a: &str, b: &str) -> bool {
    a.to_lowercase() == b.to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::iam::{Session, SessionTerms};

    fn tags(pairs: &[(&str, &str)]) -> Tags {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    fn passed(pairs: &[(&str, &str)], transitive: &[&str], caller: Option<&Session>) -> Answer<Passed> {
        let pairs = pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Passed::of(pairs, transitive.iter().map(|key| (*key).to_owned()).collect(), caller)
    }

    fn caller() -> Session {
        let (tags, transitive_tags) = (tags(&[("Team", "a"), ("Own", "b")]), vec!["team".into()]);
        let terms = SessionTerms { tags, transitive_tags, ..SessionTerms::default() };
        let mut session = Session { terms, ..Session::default() };
        session.terms.tags.insert("Other".into(), "c".into());
        session
    }

    #[test]
    fn the_request_goes_over_the_role_in_any_case() {
        let passed = passed(&[("department", "eng")], &["DEPARTMENT"], None).unwrap();
        assert_eq!(passed.over(&tags(&[("Department", "sales"), ("x", "1")])), tags(&[("department", "eng"), ("x", "1")]));
        assert!(passed.any() && passed.onward() == ["DEPARTMENT"]);
        assert!(!Passed::default().any());
    }

    #[test]
    fn transitive_tags_go_on_and_can_not_be_set_anew() {
        let chained = passed(&[("New", "1")], &[], Some(&caller())).unwrap();
        assert_eq!(chained.inherited, tags(&[("Team", "a")]));
        assert_eq!(chained.over(&tags(&[("team", "role's")])), tags(&[("New", "1"), ("Team", "a")]));
        assert_eq!(chained.onward(), ["Team"]);
        assert_eq!(passed(&[("TEAM", "b")], &[], Some(&caller())).unwrap_err(), errors::transitive_tag_inherited());
        assert!(passed(&[("Own", "z")], &[], Some(&caller())).is_ok());
    }

    #[test]
    fn what_tags_may_not_be_is_refused() {
        assert_eq!(passed(&[("a", "1"), ("A", "2")], &[], None).unwrap_err(), errors::duplicate_tags());
        assert_eq!(passed(&[("AWS:a", "1")], &[], None).unwrap_err(), errors::reserved_tag());
        assert_eq!(passed(&[("a", "1")], &["b"], None).unwrap_err(), errors::transitive_tag_missing());
    }
}

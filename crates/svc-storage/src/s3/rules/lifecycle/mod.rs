//! When the rules of a lifecycle apply (Amazon S3 user guide, "Managing the lifecycle of objects"). Days end at midnight UTC, and
//! S3 looks at its rules once a day.

mod check;

pub use check::check;

use super::archive;
use api::s3 as sdk;
use model::{Timestamp, s3::VersionSpec};

const DAY_MS: i64 = 24 * 3600 * 1000;
/// What is smaller than this doesn't move by default: 128 KiB.
const SMALL: u64 = 128 << 10;

/// The rules of a bucket.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The rules.
    pub rules: Vec<sdk::LifecycleRule>,
    /// What stays where it is for its size, where no filter names one.
    pub minimum: sdk::TransitionDefaultMinimumObjectSize,
}

/// What is to become of the current version of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// It expires: it is deleted, or a delete marker takes its place.
    Expire,
    /// It is a delete marker with nothing before it, and goes.
    RemoveMarker,
    /// Its storage class becomes another.
    Transition(sdk::TransitionStorageClass),
}

/// A key with what rules look at.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The key.
    pub key: &'a str,
    /// The version.
    pub version: &'a VersionSpec,
}

/// The next midnight in UTC.
pub fn next_midnight(now: Timestamp) -> Timestamp {
    Timestamp((now.0.div_euclid(DAY_MS) + 1) * DAY_MS)
}

/// When what began then is so many days old: at the midnight behind it.
pub fn after_days(began: Timestamp, days: i32) -> Timestamp {
    let at = began.0 + i64::from(days) * DAY_MS;
    Timestamp((at + DAY_MS - 1).div_euclid(DAY_MS) * DAY_MS)
}

impl Rules {
    /// What they want of the current version; `alone` says that no version is before it. Deleting stands before moving.
    pub fn current(&self, subject: Subject<'_>, alone: bool, now: Timestamp) -> Option<Due> {
        let applies = || self.rules.iter().filter(|rule| applies(rule, subject));
        if subject.version.content.is_none() {
            let removes = |rule: &sdk::LifecycleRule| {
                let expiration = rule.expiration.as_ref();
                expiration.is_some_and(|it| it.expired_object_delete_marker == Some(true) || passed(it, subject, now))
            };
            return (alone && applies().any(removes)).then_some(Due::RemoveMarker);
        }
        if applies().any(|rule| rule.expiration.as_ref().is_some_and(|it| passed(it, subject, now))) {
            return Some(Due::Expire);
        }
        let due = |it: &&sdk::Transition| {
            let by_days = it.days.is_some_and(|days| after_days(subject.version.modified, days) <= now);
            by_days || it.date.is_some_and(|date| date.0 <= now.0)
        };
        let moves = applies().flat_map(|rule| {
            let due = rule.transitions.iter().flatten().filter(due);
            due.filter_map(|it| it.storage_class).filter(|class| self.moves(rule, *class, subject))
        });
        class_change(moves, subject)
    }

    /// What they want of an earlier version. It was replaced then, and so many newer ones aren't current either.
    pub fn noncurrent(&self, subject: Subject<'_>, replaced: Timestamp, newer: usize, now: Timestamp) -> Option<Due> {
        let applies = || self.rules.iter().filter(|rule| applies(rule, subject));
        let due = |days: Option<i32>, keeps: Option<i32>| {
            let kept = keeps.is_some_and(|keeps| newer < usize::try_from(keeps).unwrap_or_default());
            days.is_some_and(|days| after_days(replaced, days) <= now) && !kept
        };
        let expires = |rule: &sdk::LifecycleRule| {
            let rule = rule.noncurrent_version_expiration.as_ref();
            rule.is_some_and(|it| due(it.noncurrent_days, it.newer_noncurrent_versions))
        };
        if applies().any(expires) {
            return Some(Due::Expire);
        }
        let moves = applies().flat_map(|rule| {
            let all = rule.noncurrent_version_transitions.iter().flatten();
            let due = all.filter(|it| due(it.noncurrent_days, it.newer_noncurrent_versions));
            due.filter_map(|it| it.storage_class).filter(|class| self.moves(rule, *class, subject))
        });
        class_change(moves, subject)
    }

    /// Whether they give up an upload of that key that was begun then.
    pub fn aborts(&self, key: &str, begun: Timestamp, now: Timestamp) -> bool {
        let of = |rule: &&sdk::LifecycleRule| is_enabled(rule) && key.starts_with(&prefix(rule));
        let due = |rule: &sdk::LifecycleRule| {
            let days = rule.abort_incomplete_multipart_upload.as_ref().and_then(|it| it.days_after_initiation);
            days.is_some_and(|days| after_days(begun, days) <= now)
        };
        self.rules.iter().filter(of).any(due)
    }

    /// Whether a rule moves an object of that size. What is small moves where the filter names a size, or where the minimum lets it.
    fn moves(&self, rule: &sdk::LifecycleRule, class: sdk::TransitionStorageClass, subject: Subject<'_>) -> bool {
        let varies = self.minimum == sdk::TransitionDefaultMinimumObjectSize::VariesByStorageClass;
        let is_large = subject.version.content.as_ref().is_some_and(|content| content.size >= SMALL);
        is_large || sizes(rule) != (None, None) || (varies && archive::is_archive(class.as_str()))
    }
}

fn passed(expiration: &sdk::LifecycleExpiration, subject: Subject<'_>, now: Timestamp) -> bool {
    let by_days = expiration.days.is_some_and(|days| after_days(subject.version.modified, days) <= now);
    by_days || expiration.date.is_some_and(|date| date.0 <= now.0)
}

/// The coldest of the classes that are due, unless the version is as cold already.
fn class_change(classes: impl Iterator<Item = sdk::TransitionStorageClass>, subject: Subject<'_>) -> Option<Due> {
    let coldest = classes.max_by_key(|class| coldness(class.as_str()))?;
    let now = subject.version.content.as_ref().map_or("", |content| content.class.as_str());
    (coldness(coldest.as_str()) > coldness(now)).then_some(Due::Transition(coldest))
}

/// The order in which objects can move ("Supported transitions").
fn coldness(class: &str) -> u8 {
    match class {
        "STANDARD_IA" => 1,
        "INTELLIGENT_TIERING" => 2,
        "ONEZONE_IA" => 3,
        "GLACIER_IR" => 4,
        "GLACIER" => 5,
        "DEEP_ARCHIVE" => 6,
        _ => 0,
    }
}

fn is_enabled(rule: &sdk::LifecycleRule) -> bool {
    rule.status == sdk::ExpirationStatus::Enabled
}

fn prefix(rule: &sdk::LifecycleRule) -> String {
    let filter = rule.filter.as_ref();
    let of_filter = filter.and_then(|it| it.prefix.clone().or_else(|| it.and.as_ref()?.prefix.clone()));
    of_filter.or_else(|| rule.prefix.clone()).unwrap_or_default()
}

/// The sizes between which the objects of a rule are: greater than the one, less than the other.
fn sizes(rule: &sdk::LifecycleRule) -> (Option<i64>, Option<i64>) {
    let filter = rule.filter.as_ref();
    let and = filter.and_then(|it| it.and.as_ref());
    let greater = filter.and_then(|it| it.object_size_greater_than).or(and.and_then(|it| it.object_size_greater_than));
    let less = filter.and_then(|it| it.object_size_less_than).or(and.and_then(|it| it.object_size_less_than));
    (greater, less)
}

/// Whether a rule is about a version.
fn applies(rule: &sdk::LifecycleRule, subject: Subject<'_>) -> bool {
    let filter = rule.filter.as_ref();
    let and = filter.and_then(|it| it.and.as_ref());
    let one = filter.and_then(|it| it.tag.as_ref()).into_iter();
    let mut tags = one.chain(and.and_then(|it| it.tags.as_ref()).into_iter().flatten());
    let (greater, less) = sizes(rule);
    let size = subject.version.content.as_ref().map(|content| i64::try_from(content.size).unwrap_or(i64::MAX));
    is_enabled(rule)
        && subject.key.starts_with(&prefix(rule))
        && tags.all(|tag| subject.version.tags.get(&tag.key) == Some(&tag.value))
        && greater.is_none_or(|least| size.is_some_and(|size| size > least))
        && less.is_none_or(|most| size.is_some_and(|size| size < most))
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::{
        AccountId,
        s3::{Content, Lock},
    };

    const DAY: i64 = DAY_MS;

    fn version(at: i64, class: &str) -> VersionSpec {
        let content = Content {
            blob: "b".into(),
            size: SMALL,
            etag: String::new(),
            checksum: None,
            class: class.into(),
            headers: Default::default(),
            seal: None,
        };
        VersionSpec {
            order: 1,
            id: None,
            modified: Timestamp(at),
            owner: AccountId::parse("111122223333").unwrap(),
            content: Some(content),
            tags: Default::default(),
            grants: Vec::new(),
            lock: Lock::default(),
        }
    }

    fn rule() -> sdk::LifecycleRule {
        sdk::LifecycleRule {
            expiration: None,
            id: None,
            prefix: None,
            filter: None,
            status: sdk::ExpirationStatus::Enabled,
            transitions: None,
            noncurrent_version_transitions: None,
            noncurrent_version_expiration: None,
            abort_incomplete_multipart_upload: None,
        }
    }

    fn rules(rules: Vec<sdk::LifecycleRule>) -> Rules {
        Rules { rules, minimum: sdk::TransitionDefaultMinimumObjectSize::AllStorageClasses128K }
    }

    #[test]
    fn days_end_at_midnight() {
        let expiration = sdk::LifecycleExpiration { days: Some(1), ..Default::default() };
        let rules = rules(vec![sdk::LifecycleRule { expiration: Some(expiration), prefix: Some("log/".into()), ..rule() }]);
        let version = version(DAY / 2, "STANDARD");
        let due = |key, now| rules.current(Subject { key, version: &version }, true, Timestamp(now));
        assert_eq!(due("log/a", 2 * DAY - 1), None);
        assert_eq!(due("log/a", 2 * DAY), Some(Due::Expire));
        assert_eq!(due("other", 9 * DAY), None);
        assert_eq!(next_midnight(Timestamp(DAY)), Timestamp(2 * DAY));
    }

    #[test]
    fn classes_only_get_colder() {
        let to = |days, class| sdk::Transition { days: Some(days), date: None, storage_class: Some(class) };
        let transitions = vec![to(1, sdk::TransitionStorageClass::StandardIa), to(3, sdk::TransitionStorageClass::Glacier)];
        let rules = rules(vec![sdk::LifecycleRule { transitions: Some(transitions), ..rule() }]);
        let due = |class, now| rules.current(Subject { key: "a", version: &version(0, class) }, true, Timestamp(now));
        assert_eq!(due("STANDARD", DAY), Some(Due::Transition(sdk::TransitionStorageClass::StandardIa)));
        assert_eq!(due("STANDARD_IA", DAY), None);
        assert_eq!(due("STANDARD_IA", 3 * DAY), Some(Due::Transition(sdk::TransitionStorageClass::Glacier)));
        assert_eq!(due("DEEP_ARCHIVE", 3 * DAY), None);
    }

    #[test]
    fn so_many_newer_versions_are_kept() {
        let expiration = sdk::NoncurrentVersionExpiration { noncurrent_days: Some(1), newer_noncurrent_versions: Some(2) };
        let rules = rules(vec![sdk::LifecycleRule { noncurrent_version_expiration: Some(expiration), ..rule() }]);
        let version = version(0, "STANDARD");
        let due = |newer| rules.noncurrent(Subject { key: "a", version: &version }, Timestamp(0), newer, Timestamp(5 * DAY));
        assert_eq!((due(1), due(2)), (None, Some(Due::Expire)));
    }

    #[test]
    fn what_is_small_stays_unless_a_filter_names_a_size() {
        let small = |class| {
            let mut version = version(0, class);
            version.content.as_mut().unwrap().size = SMALL - 1;
            version
        };
        let to = |class| sdk::Transition { days: Some(1), date: None, storage_class: Some(class) };
        let due = |class, filter: Option<sdk::LifecycleRuleFilter>, minimum| {
            let rule = sdk::LifecycleRule { transitions: Some(vec![to(class)]), filter, ..rule() };
            let rules = Rules { rules: vec![rule], minimum };
            rules.current(Subject { key: "a", version: &small("STANDARD") }, true, Timestamp(DAY)).is_some()
        };
        let (all, varies) = (
            sdk::TransitionDefaultMinimumObjectSize::AllStorageClasses128K,
            sdk::TransitionDefaultMinimumObjectSize::VariesByStorageClass,
        );
        let (glacier, instant) = (sdk::TransitionStorageClass::Glacier, sdk::TransitionStorageClass::GlacierIr);
        assert_eq!((due(glacier, None, all), due(glacier, None, varies), due(instant, None, varies)), (false, true, false));
        let filter = sdk::LifecycleRuleFilter { object_size_greater_than: Some(0), ..Default::default() };
        assert!(due(instant, Some(filter), all));
    }
}

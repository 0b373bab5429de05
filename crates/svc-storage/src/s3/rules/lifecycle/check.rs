//! What the rules of a lifecycle may say (Amazon S3 user guide, "Lifecycle configuration elements", "Transitioning objects").

use crate::s3::errors::{self, invalid_argument, invalid_request, malformed_xml};
use api::s3 as sdk;
use front::Answer;

/// The most rules of a configuration.
const MOST_RULES: usize = 1000;
/// The longest name of a rule.
const LONGEST_ID: usize = 255;
/// The most versions that a rule keeps.
const MOST_VERSIONS: i32 = 100;
/// The largest size that a filter names: that of the largest object.
const LARGEST: i64 = 1_099_511_627_776_000;
/// How many days objects stay in a class before they go to one for infrequent access, and stay there.
const INFREQUENT_DAYS: i32 = 30;
const DAY_MS: i64 = 24 * 3600 * 1000;

/// Holds all rules of a configuration against what rules may be.
///
/// # Errors
/// `InvalidArgument`, `InvalidRequest`, `MalformedXML`.
pub fn check(rules: &[sdk::LifecycleRule]) -> Answer<()> {
    if rules.is_empty() || rules.len() > MOST_RULES {
        return Err(malformed_xml());
    }
    let mut ids: Vec<&str> = rules.iter().filter_map(|rule| rule.id.as_deref()).filter(|id| !id.is_empty()).collect();
    if ids.iter().any(|id| id.len() > LONGEST_ID) {
        return Err(invalid_argument("ID length should not exceed allowed limit of 255", "ID", ""));
    }
    ids.sort_unstable();
    if ids.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(invalid_argument("Rule ID must be unique. Found same ID for more than one rule", "ID", ""));
    }
    rules.iter().try_for_each(rule)
}

fn rule(rule: &sdk::LifecycleRule) -> Answer<()> {
    let (tagged, sized) = scope(rule)?;
    if !acts(rule) {
        return Err(invalid_request("At least one action needs to be specified in a rule"));
    }
    expiration(rule)?;
    transitions(rule)?;
    noncurrent(rule)?;
    if let Some(abort) = &rule.abort_incomplete_multipart_upload {
        positive(abort.days_after_initiation, "DaysAfterInitiation", "AbortIncompleteMultipartUpload")?;
    }
    let marker = rule.expiration.as_ref().is_some_and(|it| it.expired_object_delete_marker.is_some());
    let abort = rule.abort_incomplete_multipart_upload.is_some();
    for (there, action) in [(marker, "ExpiredObjectDeleteMarker"), (abort, "AbortIncompleteMultipartUpload")] {
        for (there, what) in [(there && tagged, "Tags"), (there && sized, "Object Size")] {
            if there {
                return Err(invalid_request(format!("{action} cannot be specified with {what}.")));
            }
        }
    }
    Ok(())
}

fn acts(rule: &sdk::LifecycleRule) -> bool {
    rule.expiration.is_some()
        || rule.transitions.as_ref().is_some_and(|all| !all.is_empty())
        || rule.noncurrent_version_expiration.is_some()
        || rule.noncurrent_version_transitions.as_ref().is_some_and(|all| !all.is_empty())
        || rule.abort_incomplete_multipart_upload.is_some()
}

/// Whether the rule is about tags, and about sizes.
fn scope(rule: &sdk::LifecycleRule) -> Answer<(bool, bool)> {
    let filter = match (&rule.filter, &rule.prefix) {
        (Some(filter), None) => filter,
        (None, Some(_)) => return Ok((false, false)),
        _ => return Err(malformed_xml()),
    };
    let (greater, less) = (filter.object_size_greater_than, filter.object_size_less_than);
    let named = [filter.prefix.is_some(), filter.tag.is_some(), greater.is_some(), less.is_some(), filter.and.is_some()];
    if named.into_iter().filter(|named| *named).count() > 1 {
        return Err(malformed_xml());
    }
    let and = filter.and.as_ref();
    let greater = greater.or(and.and_then(|and| and.object_size_greater_than));
    let less = less.or(and.and_then(|and| and.object_size_less_than));
    sizes(greater, less)?;
    let tags = and.and_then(|and| and.tags.as_deref()).unwrap_or_default();
    let mut keys: Vec<&str> = tags.iter().map(|tag| tag.key.as_str()).collect();
    keys.sort_unstable();
    if keys.windows(2).any(|pair| pair[0] == pair[1]) {
        return Err(invalid_request("Duplicate Tag Keys are not allowed."));
    }
    Ok((filter.tag.is_some() || !tags.is_empty(), greater.is_some() || less.is_some()))
}

fn sizes(greater: Option<i64>, less: Option<i64>) -> Answer<()> {
    if greater.is_some_and(|size| !(0..=LARGEST).contains(&size)) {
        return Err(invalid_request(format!("'ObjectSizeGreaterThan' should be between 0 and {LARGEST}.")));
    }
    if less.is_some_and(|size| !(1..=LARGEST).contains(&size)) {
        return Err(invalid_request(format!("'ObjectSizeLessThan' should be between 1 and {LARGEST}.")));
    }
    match (greater, less) {
        (Some(greater), Some(less)) if less <= greater => {
            Err(invalid_request("'ObjectSizeLessThan' has to be a value greater than 'ObjectSizeGreaterThan'."))
        }
        _ => Ok(()),
    }
}

fn positive(days: Option<i32>, name: &'static str, action: &str) -> Answer<i32> {
    match days {
        None => Err(malformed_xml()),
        Some(days) if days <= 0 => {
            Err(invalid_argument(format!("'{name}' for {action} action must be a positive integer"), name, days.to_string()))
        }
        Some(days) => Ok(days),
    }
}

fn midnight(date: wire::Time) -> Answer<()> {
    match date.0.rem_euclid(DAY_MS) {
        0 => Ok(()),
        _ => Err(invalid_argument("'Date' must be at midnight GMT", "Date", "")),
    }
}

fn expiration(rule: &sdk::LifecycleRule) -> Answer<()> {
    let Some(expiration) = &rule.expiration else { return Ok(()) };
    match (expiration.days, expiration.date, expiration.expired_object_delete_marker) {
        (Some(days), None, None) => positive(Some(days), "Days", "Expiration").map(drop),
        (None, Some(date), None) => midnight(date),
        (None, None, Some(_)) => Ok(()),
        _ => Err(malformed_xml()),
    }
}

/// A transition by days: how many, to which class.
type Move = (i32, sdk::TransitionStorageClass);

fn transitions(rule: &sdk::LifecycleRule) -> Answer<()> {
    let mut moves: Vec<Move> = Vec::new();
    let (mut dated, mut classes) = (false, Vec::new());
    for transition in rule.transitions.iter().flatten() {
        let class = transition.storage_class.ok_or_else(malformed_xml)?;
        match (transition.days, transition.date) {
            (Some(days), None) => {
                at_least(days, class, ("Days", "Transition"))?;
                moves.push((days, class));
            }
            (None, Some(date)) => {
                midnight(date)?;
                dated = true;
            }
            _ => return Err(malformed_xml()),
        }
        classes.push(class);
    }
    differ(&classes, "Transition")?;
    let expiration = rule.expiration.as_ref();
    let by_days = !moves.is_empty() || expiration.is_some_and(|it| it.days.is_some());
    if by_days && (dated || expiration.is_some_and(|it| it.date.is_some())) {
        let message = "Found mixed 'Date' and 'Days' based Expiration and Transition actions in lifecycle rule";
        return Err(invalid_request(format!("{message} for {}", named(rule))));
    }
    follow(rule, &moves, expiration.and_then(|it| it.days), "Days", ("Expiration", "Transition"))
}

fn noncurrent(rule: &sdk::LifecycleRule) -> Answer<()> {
    let mut moves: Vec<Move> = Vec::new();
    for transition in rule.noncurrent_version_transitions.iter().flatten() {
        let class = transition.storage_class.ok_or_else(malformed_xml)?;
        let days = transition.noncurrent_days.ok_or_else(malformed_xml)?;
        at_least(days, class, ("NoncurrentDays", "NoncurrentVersionTransition"))?;
        newer(transition.newer_noncurrent_versions)?;
        moves.push((days, class));
    }
    differ(&moves.iter().map(|(_, class)| *class).collect::<Vec<_>>(), "NoncurrentVersionTransition")?;
    let expiration = rule.noncurrent_version_expiration.as_ref();
    let expires =
        expiration.map(|it| positive(it.noncurrent_days, "NoncurrentDays", "NoncurrentVersionExpiration")).transpose()?;
    newer(expiration.and_then(|it| it.newer_noncurrent_versions))?;
    follow(rule, &moves, expires, "NoncurrentDays", ("NoncurrentVersionExpiration", "NoncurrentVersionTransition"))
}

fn newer(versions: Option<i32>) -> Answer<()> {
    let wrong = |message: String, versions: i32| invalid_argument(message, "NewerNoncurrentVersions", versions.to_string());
    match versions {
        Some(versions) if versions <= 0 => Err(wrong("'NewerNoncurrentVersions' must be a positive integer".into(), versions)),
        Some(versions) if versions > MOST_VERSIONS => {
            Err(wrong(format!("'NewerNoncurrentVersions' must be less than or equal to {MOST_VERSIONS}"), versions))
        }
        _ => Ok(()),
    }
}

fn is_infrequent(class: sdk::TransitionStorageClass) -> bool {
    matches!(class, sdk::TransitionStorageClass::StandardIa | sdk::TransitionStorageClass::OnezoneIa)
}

/// Objects stay for a time before they go to a class for infrequent access.
fn at_least(days: i32, class: sdk::TransitionStorageClass, (name, action): (&'static str, &str)) -> Answer<()> {
    if days < 0 {
        return Err(invalid_argument(format!("'{name}' in {action} action must be nonnegative"), name, days.to_string()));
    }
    if is_infrequent(class) && days < INFREQUENT_DAYS {
        let class = class.as_str();
        let message =
            format!("'{name}' in {action} action must be greater than or equal to {INFREQUENT_DAYS} for storageClass '{class}'");
        return Err(invalid_argument(message, name, days.to_string()));
    }
    Ok(())
}

fn differ(classes: &[sdk::TransitionStorageClass], action: &str) -> Answer<()> {
    let twice = classes.iter().enumerate().any(|(index, class)| classes[..index].contains(class));
    match twice {
        true => Err(invalid_request(format!("'StorageClass' must be different for '{action}' actions in same 'Rule'"))),
        false => Ok(()),
    }
}

/// What a rule is about, as messages say it.
fn named(rule: &sdk::LifecycleRule) -> String {
    let prefix = super::prefix(rule);
    if rule.filter.is_some() { format!("filter '(prefix={prefix})'") } else { format!("prefix '{prefix}'") }
}

/// Objects stay for a time in a class for infrequent access, and expire after they have moved.
fn follow(
    rule: &sdk::LifecycleRule,
    moves: &[Move],
    expires: Option<i32>,
    name: &'static str,
    (expiration, transition): (&str, &str),
) -> Answer<()> {
    for (days, class) in moves.iter().filter(|(_, class)| is_infrequent(*class)) {
        let colder = |(_, other): &&Move| super::coldness(other.as_str()) > super::coldness("ONEZONE_IA");
        if let Some((soon, other)) = moves.iter().filter(colder).find(|(later, _)| *later < days + INFREQUENT_DAYS) {
            let message = format!(
                "'{name}' in the '{transition}' action with StorageClass '{}' for {} must be {INFREQUENT_DAYS} days more than '{name}' in the '{transition}' action with StorageClass '{}'",
                other.as_str(),
                named(rule),
                class.as_str()
            );
            return Err(errors::invalid_argument(message, name, soon.to_string()));
        }
    }
    match expires {
        Some(expires) if moves.iter().any(|(days, _)| *days >= expires) => {
            let message = format!(
                "'{name}' in the {expiration} action for {} must be greater than '{name}' in the {transition} action",
                named(rule)
            );
            Err(errors::invalid_argument(message, name, expires.to_string()))
        }
        _ => Ok(()),
    }
}

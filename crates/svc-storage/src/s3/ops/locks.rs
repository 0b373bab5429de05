//! Object Lock: what keeps versions from being deleted (Amazon S3 user guide, "Locking objects with Object Lock").

use crate::s3::{
    errors, find,
    ops::{configure::change, get},
    settings,
    versions::{self, Place},
};
use api::s3 as sdk;
use front::{Answer, Cx};
use logic::policy::Context;
use model::{
    Timestamp,
    s3::{BucketSpec, Retention, Versioning, setting},
};
use spine::Tx;
use wire::{Fault, Time};

/// The configuration of a bucket.
pub fn configuration(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::GetObjectLockConfigurationRequest,
) -> Answer<sdk::GetObjectLockConfigurationOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    if !bucket.object_lock {
        let message = "Object Lock configuration does not exist for this bucket";
        return Err(errors::unset("ObjectLockConfigurationNotFoundError", message, &input.bucket));
    }
    let bare = sdk::ObjectLockConfiguration { object_lock_enabled: Some(sdk::ObjectLockEnabled::Enabled), rule: None };
    let found = settings::get(&bucket, setting::OBJECT_LOCK)?.unwrap_or(bare);
    Ok(sdk::GetObjectLockConfigurationOutput { object_lock_configuration: Some(found) })
}

/// Sets the configuration of a bucket, which keeps versions.
pub fn configure(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::PutObjectLockConfigurationRequest,
) -> Answer<sdk::PutObjectLockConfigurationOutput> {
    let configuration = input.object_lock_configuration.clone().unwrap_or_default();
    if configuration.object_lock_enabled.is_none() {
        return Err(errors::malformed_xml());
    }
    if let Some(rule) = &configuration.rule {
        let default = rule.default_retention.as_ref().ok_or_else(errors::malformed_xml)?;
        if default.default_event_hold.is_some() {
            return Err(errors::not_built("event holds"));
        }
        let one = default.days.is_some() != default.years.is_some();
        if default.mode.is_none() || !one {
            return Err(errors::malformed_xml());
        }
        if default.days.or(default.years).is_some_and(|length| length <= 0) {
            return Err(errors::invalid_argument("Default retention period must be a positive integer value", "Days", ""));
        }
    }
    change(cx, tx, &input.bucket, &input.expected_bucket_owner, |bucket| {
        if bucket.versioning != Some(Versioning::Enabled) {
            let message = "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration";
            return Err(Fault::client("InvalidBucketState", message).status(409));
        }
        bucket.object_lock = true;
        settings::set(bucket, setting::OBJECT_LOCK, configuration);
        Ok(())
    })?;
    Ok(sdk::PutObjectLockConfigurationOutput::default())
}

fn lockable(bucket: &BucketSpec) -> Answer<()> {
    let missing = || errors::invalid_request("Bucket is missing Object Lock Configuration");
    bucket.object_lock.then_some(()).ok_or_else(missing)
}

fn unlocked() -> Fault {
    let message = "The specified object does not have a ObjectLock configuration";
    Fault::client("NoSuchObjectLockConfiguration", message).status(404)
}

/// The retention of a version.
pub fn retention(cx: &Cx, tx: &mut Tx, input: &sdk::GetObjectRetentionRequest) -> Answer<sdk::GetObjectRetentionOutput> {
    lockable(&*find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?)?;
    let version = get::existing(cx, tx, &input.bucket, &input.key, input.version_id.as_deref())?;
    let retention = version.lock.retention.ok_or_else(unlocked)?;
    let mode =
        if retention.compliance { sdk::ObjectLockRetentionMode::Compliance } else { sdk::ObjectLockRetentionMode::Governance };
    let shown =
        sdk::ObjectLockRetention { mode: Some(mode), retain_until_date: Some(Time(retention.until.0)), ..Default::default() };
    Ok(sdk::GetObjectRetentionOutput { retention: Some(shown) })
}

/// Sets the retention of a version; what is locked for compliance can only be kept longer.
pub fn retain(cx: &Cx, tx: &mut Tx, input: &sdk::PutObjectRetentionRequest) -> Answer<sdk::PutObjectRetentionOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    lockable(&bucket)?;
    let given = input.retention.clone().unwrap_or_default();
    if given.event_hold.is_some() || given.event_hold_duration.is_some() {
        return Err(errors::not_built("event holds"));
    }
    let wished = match (given.mode, given.retain_until_date) {
        (None, None) => None,
        (Some(mode), Some(until)) if until.0 > cx.now.0 => {
            Some(Retention { compliance: mode == sdk::ObjectLockRetentionMode::Compliance, until: Timestamp(until.0) })
        }
        (Some(_), Some(_)) => {
            return Err(errors::invalid_argument("The retain until date must be in the future!", "RetainUntilDate", ""));
        }
        _ => return Err(errors::malformed_xml()),
    };
    let (version, current) = get::existing_at(cx, tx, &input.bucket, &input.key, input.version_id.as_deref())?;
    let bypass = input.bypass_governance_retention == Some(true);
    if bypass {
        cx.authorize("s3:BypassGovernanceRetention", &[find::object_arn(&input.bucket, &input.key)], &Context::new())?;
    }
    if !may_replace(version.lock.retention, wished, cx.now, bypass) {
        let message = "Access Denied because object protected by object lock.";
        return Err(Fault { message: message.into(), ..errors::access_denied() });
    }
    let place = Place { name: &input.bucket, bucket: &bucket, key: &input.key };
    versions::update(tx, place, &version, current, |version| version.lock.retention = wished)?;
    Ok(sdk::PutObjectRetentionOutput::default())
}

/// Whether a retention may take another's place.
fn may_replace(old: Option<Retention>, new: Option<Retention>, now: Timestamp, bypass: bool) -> bool {
    let Some(old) = old.filter(|old| old.until > now) else { return true };
    let longer = new.is_some_and(|new| new.until >= old.until && (new.compliance || !old.compliance));
    longer || (!old.compliance && bypass)
}

/// Whether a version is held.
pub fn held(cx: &Cx, tx: &mut Tx, input: &sdk::GetObjectLegalHoldRequest) -> Answer<sdk::GetObjectLegalHoldOutput> {
    lockable(&*find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?)?;
    let version = get::existing(cx, tx, &input.bucket, &input.key, input.version_id.as_deref())?;
    let status = if version.lock.legal_hold { sdk::ObjectLockLegalHoldStatus::On } else { sdk::ObjectLockLegalHoldStatus::Off };
    Ok(sdk::GetObjectLegalHoldOutput { legal_hold: Some(sdk::ObjectLockLegalHold { status: Some(status) }) })
}

/// Holds a version, or lets it go.
pub fn hold(cx: &Cx, tx: &mut Tx, input: &sdk::PutObjectLegalHoldRequest) -> Answer<sdk::PutObjectLegalHoldOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    lockable(&bucket)?;
    let status = input.legal_hold.as_ref().and_then(|hold| hold.status).ok_or_else(errors::malformed_xml)?;
    let (version, current) = get::existing_at(cx, tx, &input.bucket, &input.key, input.version_id.as_deref())?;
    let place = Place { name: &input.bucket, bucket: &bucket, key: &input.key };
    versions::update(tx, place, &version, current, |version| {
        version.lock.legal_hold = status == sdk::ObjectLockLegalHoldStatus::On
    })?;
    Ok(sdk::PutObjectLegalHoldOutput::default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compliance_only_grows() {
        let at = |compliance, until| Some(Retention { compliance, until: Timestamp(until) });
        let may = |old, new, bypass| may_replace(old, new, Timestamp(10), bypass);
        assert!(may(None, None, false) && may(at(true, 5), None, false));
        assert!(may(at(true, 20), at(true, 30), false));
        assert!(
            !may(at(true, 20), at(true, 15), true) && !may(at(true, 20), at(false, 30), true) && !may(at(true, 20), None, true)
        );
        assert!(may(at(false, 20), at(true, 30), false) && !may(at(false, 20), at(false, 15), false));
        assert!(may(at(false, 20), None, true));
    }
}

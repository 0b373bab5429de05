//! Log groups.

use super::{
    super::{arns, views},
    Answer, Logs, blocking, errors, group, group_key, group_of_identifier, page,
};
use api::logs as sdk;
use front::{Cx, keys::request_tags};
use model::logs::{LogGroup, LogGroupSpec, LogStream, stream_id};
use spine::{Read, Scope, Tx};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// The retention periods that there are, in days (API reference, `PutRetentionPolicy`).
const RETENTIONS: [i32; 22] =
    [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateLogGroupRequest) -> Answer<()> {
    if input.kms_key_id.is_some() {
        return Err(errors::not_built("kmsKeyId"));
    }
    if input.log_group_class.is_some_and(|class| class != sdk::LogGroupClass::Standard) {
        return Err(errors::not_built("logGroupClass other than STANDARD"));
    }
    refuse_tags(cx, &input.log_group_name, input.tags.as_ref())?;
    let key = group_key(cx, &input.log_group_name);
    if tx.exists(&key)? {
        return Err(errors::group_exists());
    }
    let spec = LogGroupSpec {
        uid: cx.env.hex(32),
        created: cx.now,
        retention_days: None,
        deletion_protected: input.deletion_protection_enabled.unwrap_or(false),
        tags: input.tags.clone().unwrap_or_default(),
    };
    Ok(tx.create(&key, &spec)?)
}

/// Who gives a new group tags has to be allowed to tag it, by the newer operation or by the older (API reference, `CreateLogGroup`, `tags`).
fn refuse_tags(cx: &Cx, name: &str, tags: Option<&BTreeMap<String, String>>) -> Answer<()> {
    let Some(tags) = tags.filter(|tags| !tags.is_empty()) else { return Ok(()) };
    let keys = request_tags(tags);
    let newer = cx.authorize("logs:TagResource", &[arns::group(cx, name)], &keys);
    let either = newer.or_else(|_| cx.authorize("logs:TagLogGroup", &arns::on_group(cx, name), &keys));
    either.map_err(|fault| if fault.internal.is_some() { fault } else { errors::not_with_tags(&cx.account) })
}

/// The group and its streams are gone at once; their events are swept up by [`super::super::Retention`].
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteLogGroupRequest) -> Answer<()> {
    let name = &input.log_group_name;
    if group(tx, cx, name)?.deletion_protected {
        return Err(errors::protected());
    }
    tx.delete(&group_key(cx, name))?;
    for (key, _) in tx.specs::<LogStream>(Scope::Prefix(&cx.account, &cx.region, &stream_id(name, "")))? {
        tx.delete(&key)?;
    }
    Ok(())
}

pub async fn describe(cx: Cx, logs: Arc<Logs>, input: sdk::DescribeLogGroupsRequest) -> Answer<sdk::DescribeLogGroupsResponse> {
    if input.log_group_name_prefix.is_some() && input.log_group_name_pattern.is_some() {
        return Err(errors::invalid("LogGroupNamePrefix and LogGroupNamePattern are mutually exclusive parameters."));
    }
    if input.include_linked_accounts == Some(true) || input.account_identifiers.is_some_and(|ids| !ids.is_empty()) {
        return Err(errors::not_built("includeLinkedAccounts"));
    }
    let wanted: Option<BTreeSet<String>> = input
        .log_group_identifiers
        .map(|identifiers| identifiers.iter().map(|identifier| group_of_identifier(&cx, identifier)).collect())
        .transpose()?;
    let pattern = input.log_group_name_pattern.map(|pattern| pattern.to_lowercase());
    let standard = input.log_group_class.is_none_or(|class| class == sdk::LogGroupClass::Standard);
    let selected = |name: &str| {
        standard
            && input.log_group_name_prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix))
            && pattern.as_ref().is_none_or(|pattern| name.to_lowercase().contains(pattern))
            && wanted.as_ref().is_none_or(|wanted| wanted.contains(name))
    };
    let snapshot = logs.store.snapshot();
    let mut groups = snapshot.specs::<LogGroup>(Scope::Region(&cx.account, &cx.region))?;
    groups.retain(|(key, _)| selected(&key.id));
    let limit = input.limit.unwrap_or(50) as usize;
    let (groups, next_token) = page(groups, |(key, _)| &key.id, input.next_token.as_deref(), limit);
    blocking(logs, move |logs| {
        let bytes_of = |name: &str| -> Result<u64, super::LogStoreError> {
            let scope = stream_id(name, "");
            let streams = snapshot.specs::<LogStream>(Scope::Prefix(&cx.account, &cx.region, &scope)).unwrap_or_default();
            streams.iter().map(|(_, stream)| Ok(logs.events.summary(&stream.uid)?.bytes)).sum()
        };
        let views = groups.iter().map(|(key, group)| Ok(views::group(&cx, &key.id, group, bytes_of(&key.id)?)));
        Ok(sdk::DescribeLogGroupsResponse { log_groups: Some(views.collect::<Result<_, _>>()?), next_token })
    })
    .await
}

pub fn put_retention(cx: &Cx, tx: &mut Tx, input: &sdk::PutRetentionPolicyRequest) -> Answer<()> {
    let days = input.retention_in_days;
    if !RETENTIONS.contains(&days) {
        let message = format!(
            "1 validation error detected: Value '{days}' at 'retentionInDays' failed to satisfy constraint: Member must satisfy enum value set: [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]"
        );
        return Err(errors::invalid(message));
    }
    set_retention(cx, tx, &input.log_group_name, u32::try_from(days).ok())
}

pub fn delete_retention(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteRetentionPolicyRequest) -> Answer<()> {
    set_retention(cx, tx, &input.log_group_name, None)
}

fn set_retention(cx: &Cx, tx: &mut Tx, name: &str, days: Option<u32>) -> Answer<()> {
    group(tx, cx, name)?;
    Ok(tx.update_spec(&group_key(cx, name), |group| group.retention_days = days)?)
}

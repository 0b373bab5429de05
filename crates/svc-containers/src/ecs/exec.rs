//! The configuration of a cluster: how `ExecuteCommand` is to go about its sessions.
//!
//! That operation isn't built. What is said about it is checked, kept and shown, because tools say it with each cluster.

use super::errors::{invalid, refuse_unbuilt};
use api::ecs::{ClusterConfiguration, ExecuteCommandConfiguration, ExecuteCommandLogConfiguration, ExecuteCommandLogging};
use model::ecs::{ExecuteCommandLog, ExecuteCommandSettings};
use wire::Fault;

/// What a request says; nothing, where its configuration is empty.
pub fn parse(given: &ClusterConfiguration) -> Result<Option<ExecuteCommandSettings>, Fault> {
    refuse_unbuilt(&[("configuration.managedStorageConfiguration", given.managed_storage_configuration.is_some())])?;
    let Some(given) = &given.execute_command_configuration else { return Ok(None) };
    let logging = given.logging.unwrap_or(ExecuteCommandLogging::Default);
    if logging == ExecuteCommandLogging::Override && given.log_configuration.is_none() {
        return Err(invalid("A logConfiguration must be specified when logging is OVERRIDE."));
    }
    let log = given.log_configuration.as_ref().map(|log| ExecuteCommandLog {
        group: log.cloud_watch_log_group_name.clone(),
        group_encrypted: log.cloud_watch_encryption_enabled.unwrap_or_default(),
        bucket: log.s3_bucket_name.clone(),
        bucket_encrypted: log.s3_encryption_enabled.unwrap_or_default(),
        prefix: log.s3_key_prefix.clone(),
    });
    Ok(Some(ExecuteCommandSettings { kms_key: given.kms_key_id.clone(), logging: logging.as_str().into(), log }))
}

/// It in an answer.
pub fn show(settings: &ExecuteCommandSettings) -> ClusterConfiguration {
    let log = settings.log.as_ref().map(|log| ExecuteCommandLogConfiguration {
        cloud_watch_log_group_name: log.group.clone(),
        cloud_watch_encryption_enabled: Some(log.group_encrypted),
        s3_bucket_name: log.bucket.clone(),
        s3_encryption_enabled: Some(log.bucket_encrypted),
        s3_key_prefix: log.prefix.clone(),
    });
    ClusterConfiguration {
        execute_command_configuration: Some(ExecuteCommandConfiguration {
            kms_key_id: settings.kms_key.clone(),
            logging: ExecuteCommandLogging::parse(&settings.logging),
            log_configuration: log,
        }),
        managed_storage_configuration: None,
    }
}

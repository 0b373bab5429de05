//! The settings of buckets that are read as they were written, and what a bucket says of those that it can't have.

use crate::s3::{errors, find, rules::lifecycle as rules, settings};
use api::s3 as sdk;
use front::{Answer, Cx};
use model::s3::{self as records, Bucket, BucketSpec, Versioning, setting};
use spine::Tx;
use wire::{Fault, IntoValue};

/// Changes a bucket.
pub fn change(
    cx: &Cx,
    tx: &mut Tx,
    name: &str,
    owner: &Option<String>,
    change: impl FnOnce(&mut BucketSpec) -> Answer<()>,
) -> Answer<()> {
    let mut bucket = BucketSpec::clone(&*find::bucket(cx, tx, name, owner.as_ref())?);
    change(&mut bucket)?;
    Ok(tx.put_spec(&records::key::<Bucket>(name), &bucket)?)
}

fn set<T: IntoValue>(cx: &Cx, tx: &mut Tx, name: &str, owner: &Option<String>, setting: &str, value: T) -> Answer<()> {
    change(cx, tx, name, owner, |bucket| {
        settings::set(bucket, setting, value);
        Ok(())
    })
}

fn unset(cx: &Cx, tx: &mut Tx, name: &str, owner: &Option<String>, setting: &str) -> Answer<()> {
    change(cx, tx, name, owner, |bucket| {
        bucket.settings.remove(setting);
        Ok(())
    })
}

/// `PutBucketVersioning`.
pub fn put_versioning(cx: &Cx, tx: &mut Tx, input: &sdk::PutBucketVersioningRequest) -> Answer<()> {
    if input.mfa.is_some() || input.versioning_configuration.mfa_delete == Some(sdk::MFADelete::Enabled) {
        return Err(errors::not_built("MFA delete"));
    }
    let status = input.versioning_configuration.status.ok_or_else(errors::malformed_xml)?;
    change(cx, tx, &input.bucket, &input.expected_bucket_owner, |bucket| {
        if bucket.object_lock && status == sdk::BucketVersioningStatus::Suspended {
            let message = "An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.";
            return Err(Fault::client("InvalidBucketState", message).status(409));
        }
        bucket.versioning = Some(match status {
            sdk::BucketVersioningStatus::Enabled => Versioning::Enabled,
            sdk::BucketVersioningStatus::Suspended => Versioning::Suspended,
        });
        if let Some(disabled) = input.versioning_configuration.mfa_delete {
            settings::set(bucket, setting::MFA_DELETE, disabled);
        }
        Ok(())
    })
}

/// `GetBucketVersioning`.
pub fn versioning(cx: &Cx, tx: &mut Tx, input: &sdk::GetBucketVersioningRequest) -> Answer<sdk::GetBucketVersioningOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let status = bucket.versioning.map(|versioning| match versioning {
        Versioning::Enabled => sdk::BucketVersioningStatus::Enabled,
        Versioning::Suspended => sdk::BucketVersioningStatus::Suspended,
    });
    let said = settings::get::<sdk::MFADelete>(&bucket, setting::MFA_DELETE)?;
    Ok(sdk::GetBucketVersioningOutput { status, mfa_delete: said.map(|_| sdk::MFADeleteStatus::Disabled) })
}

/// `PutBucketCors`.
pub fn put_cors(cx: &Cx, tx: &mut Tx, input: &sdk::PutBucketCorsRequest) -> Answer<()> {
    let rules = &input.cors_configuration.cors_rules;
    if rules.is_empty() || rules.len() > 100 {
        return Err(errors::malformed_xml());
    }
    for rule in rules {
        if let Some(method) =
            rule.allowed_methods.iter().find(|method| !["GET", "PUT", "HEAD", "POST", "DELETE"].contains(&method.as_str()))
        {
            return Err(errors::invalid_request(format!(
                "Found unsupported HTTP method in CORS config. Unsupported method is {method}"
            )));
        }
        if let Some(origin) = rule.allowed_origins.iter().find(|origin| origin.matches('*').count() > 1) {
            return Err(errors::invalid_request(format!("AllowedOrigin \"{origin}\" can not have more than one wildcard.")));
        }
    }
    set(cx, tx, &input.bucket, &input.expected_bucket_owner, setting::CORS, rules.clone())
}

/// `GetBucketCors`.
pub fn cors(cx: &Cx, tx: &mut Tx, input: &sdk::GetBucketCorsRequest) -> Answer<sdk::GetBucketCorsOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let found = settings::get::<Vec<sdk::CORSRule>>(&bucket, setting::CORS)?;
    let missing = || errors::unset("NoSuchCORSConfiguration", "The CORS configuration does not exist", &input.bucket);
    Ok(sdk::GetBucketCorsOutput { cors_rules: Some(found.ok_or_else(missing)?) })
}

/// `DeleteBucketCors`.
pub fn delete_cors(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteBucketCorsRequest) -> Answer<()> {
    unset(cx, tx, &input.bucket, &input.expected_bucket_owner, setting::CORS)
}

/// `PutBucketEncryption`. Whether there is a key of that name is seen when something is put, as at S3.
pub fn put_encryption(cx: &Cx, tx: &mut Tx, input: &sdk::PutBucketEncryptionRequest) -> Answer<()> {
    let rules = &input.server_side_encryption_configuration.rules;
    if rules.len() != 1 {
        return Err(errors::malformed_xml());
    }
    let default = rules[0].apply_server_side_encryption_by_default.as_ref();
    match default.map(|default| default.sse_algorithm) {
        None | Some(sdk::ServerSideEncryption::Aes256 | sdk::ServerSideEncryption::AwsKms) => {}
        Some(other) => return Err(errors::not_built(format_args!("encryption with {}", other.as_str()))),
    }
    let is_kms = default.is_some_and(|default| default.sse_algorithm == sdk::ServerSideEncryption::AwsKms);
    if !is_kms && default.is_some_and(|default| default.kms_master_key_id.is_some()) {
        let message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse";
        return Err(errors::invalid_argument(message, "ApplyServerSideEncryptionByDefault", ""));
    }
    let mut configuration = input.server_side_encryption_configuration.clone();
    for rule in &mut configuration.rules {
        rule.bucket_key_enabled.get_or_insert(false);
    }
    set(cx, tx, &input.bucket, &input.expected_bucket_owner, setting::ENCRYPTION, configuration)
}

/// `GetBucketEncryption`.
pub fn encryption(cx: &Cx, tx: &mut Tx, input: &sdk::GetBucketEncryptionRequest) -> Answer<sdk::GetBucketEncryptionOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let found = settings::get::<sdk::ServerSideEncryptionConfiguration>(&bucket, setting::ENCRYPTION)?;
    let own = || {
        let default =
            sdk::ServerSideEncryptionByDefault { sse_algorithm: sdk::ServerSideEncryption::Aes256, kms_master_key_id: None };
        let rule = sdk::ServerSideEncryptionRule {
            apply_server_side_encryption_by_default: Some(default),
            bucket_key_enabled: Some(false),
            blocked_encryption_types: None,
        };
        sdk::ServerSideEncryptionConfiguration { rules: vec![rule] }
    };
    Ok(sdk::GetBucketEncryptionOutput { server_side_encryption_configuration: Some(found.unwrap_or_else(own)) })
}

/// `DeleteBucketEncryption`.
pub fn delete_encryption(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteBucketEncryptionRequest) -> Answer<()> {
    unset(cx, tx, &input.bucket, &input.expected_bucket_owner, setting::ENCRYPTION)
}

/// `PutBucketLifecycleConfiguration`.
pub fn put_lifecycle(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::PutBucketLifecycleConfigurationRequest,
) -> Answer<sdk::PutBucketLifecycleConfigurationOutput> {
    let configuration = input.lifecycle_configuration.clone().ok_or_else(errors::malformed_xml)?;
    rules::check(&configuration.rules)?;
    // Rules are named; S3 names those that aren't.
    let rules = configuration.rules.into_iter().map(|rule| {
        let id = rule.id.clone().filter(|id| !id.is_empty()).unwrap_or_else(|| cx.env.hex(48));
        sdk::LifecycleRule { id: Some(id), ..rule }
    });
    let rules: Vec<sdk::LifecycleRule> = rules.collect();
    let minimum = input.transition_default_minimum_object_size.unwrap_or(MINIMUM);
    change(cx, tx, &input.bucket, &input.expected_bucket_owner, |bucket| {
        settings::set(bucket, setting::LIFECYCLE, rules);
        settings::set(bucket, setting::LIFECYCLE_MINIMUM, minimum);
        Ok(())
    })?;
    Ok(sdk::PutBucketLifecycleConfigurationOutput { transition_default_minimum_object_size: Some(minimum) })
}

/// What stays where it is for its size, where nothing else is said.
const MINIMUM: sdk::TransitionDefaultMinimumObjectSize = sdk::TransitionDefaultMinimumObjectSize::AllStorageClasses128K;

/// The rules of a bucket, if it has any.
///
/// # Errors
/// A setting that can't be read.
pub fn lifecycle_rules(bucket: &BucketSpec) -> Answer<Option<rules::Rules>> {
    let minimum = settings::get(bucket, setting::LIFECYCLE_MINIMUM)?.unwrap_or(MINIMUM);
    Ok(settings::get(bucket, setting::LIFECYCLE)?.map(|rules| rules::Rules { rules, minimum }))
}

/// `GetBucketLifecycleConfiguration`.
pub fn lifecycle(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::GetBucketLifecycleConfigurationRequest,
) -> Answer<sdk::GetBucketLifecycleConfigurationOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let missing = || errors::unset("NoSuchLifecycleConfiguration", "The lifecycle configuration does not exist", &input.bucket);
    let found = lifecycle_rules(&bucket)?.ok_or_else(missing)?;
    Ok(sdk::GetBucketLifecycleConfigurationOutput {
        rules: Some(found.rules),
        transition_default_minimum_object_size: Some(found.minimum),
    })
}

/// `DeleteBucketLifecycle`.
pub fn delete_lifecycle(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteBucketLifecycleRequest) -> Answer<()> {
    change(cx, tx, &input.bucket, &input.expected_bucket_owner, |bucket| {
        bucket.settings.remove(setting::LIFECYCLE);
        bucket.settings.remove(setting::LIFECYCLE_MINIMUM);
        Ok(())
    })
}

/// `PutBucketOwnershipControls`.
pub fn put_ownership(cx: &Cx, tx: &mut Tx, input: &sdk::PutBucketOwnershipControlsRequest) -> Answer<()> {
    let [rule] = input.ownership_controls.rules.as_slice() else { return Err(errors::malformed_xml()) };
    let ownership = rule.object_ownership;
    change(cx, tx, &input.bucket, &input.expected_bucket_owner, |bucket| {
        if ownership == sdk::ObjectOwnership::BucketOwnerEnforced && !bucket.grants.is_empty() {
            let message = "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting";
            return Err(Fault::client("InvalidBucketAclWithObjectOwnership", message));
        }
        bucket.ownership = ownership.as_str().into();
        bucket.settings.remove(setting::OWNERSHIP);
        Ok(())
    })
}

/// `GetBucketOwnershipControls`.
pub fn ownership(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::GetBucketOwnershipControlsRequest,
) -> Answer<sdk::GetBucketOwnershipControlsOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let known = sdk::ObjectOwnership::parse(&bucket.ownership).filter(|_| !bucket.settings.contains_key(setting::OWNERSHIP));
    let missing =
        || errors::unset("OwnershipControlsNotFoundError", "The bucket ownership controls were not found", &input.bucket);
    let rule = sdk::OwnershipControlsRule { object_ownership: known.ok_or_else(missing)? };
    Ok(sdk::GetBucketOwnershipControlsOutput { ownership_controls: Some(sdk::OwnershipControls { rules: vec![rule] }) })
}

/// `DeleteBucketOwnershipControls`: objects are their writers' then, as they were before there were such controls.
pub fn delete_ownership(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteBucketOwnershipControlsRequest) -> Answer<()> {
    change(cx, tx, &input.bucket, &input.expected_bucket_owner, |bucket| {
        bucket.ownership = sdk::ObjectOwnership::ObjectWriter.as_str().into();
        bucket.settings.insert(setting::OWNERSHIP.into(), "{}".into());
        Ok(())
    })
}

/// `PutPublicAccessBlock`.
pub fn put_block(cx: &Cx, tx: &mut Tx, input: &sdk::PutPublicAccessBlockRequest) -> Answer<()> {
    let given = &input.public_access_block_configuration;
    let whole = sdk::PublicAccessBlockConfiguration {
        block_public_acls: Some(given.block_public_acls.unwrap_or_default()),
        ignore_public_acls: Some(given.ignore_public_acls.unwrap_or_default()),
        block_public_policy: Some(given.block_public_policy.unwrap_or_default()),
        restrict_public_buckets: Some(given.restrict_public_buckets.unwrap_or_default()),
    };
    set(cx, tx, &input.bucket, &input.expected_bucket_owner, setting::PUBLIC_ACCESS_BLOCK, whole)
}

/// `GetPublicAccessBlock`.
pub fn block(cx: &Cx, tx: &mut Tx, input: &sdk::GetPublicAccessBlockRequest) -> Answer<sdk::GetPublicAccessBlockOutput> {
    let bucket = find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    let found = settings::get(&bucket, setting::PUBLIC_ACCESS_BLOCK)?;
    let missing = || {
        let message = "The public access block configuration was not found";
        errors::unset("NoSuchPublicAccessBlockConfiguration", message, &input.bucket)
    };
    Ok(sdk::GetPublicAccessBlockOutput { public_access_block_configuration: Some(found.ok_or_else(missing)?) })
}

/// `DeletePublicAccessBlock`.
pub fn delete_block(cx: &Cx, tx: &mut Tx, input: &sdk::DeletePublicAccessBlockRequest) -> Answer<()> {
    unset(cx, tx, &input.bucket, &input.expected_bucket_owner, setting::PUBLIC_ACCESS_BLOCK)
}

/// `PutBucketRequestPayment`: the owner pays, as nobody pays here. So a request that confirms that it is charged (`x-amz-request-payer`) has
/// nothing to confirm, and isn't, as at S3 with a bucket whose owner pays.
pub fn put_payment(cx: &Cx, tx: &mut Tx, input: &sdk::PutBucketRequestPaymentRequest) -> Answer<()> {
    match input.request_payment_configuration.payer {
        sdk::Payer::BucketOwner => find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref()).map(drop),
        sdk::Payer::Requester => Err(errors::not_built("requests that the requester pays")),
    }
}

/// `GetBucketRequestPayment`.
pub fn payment(cx: &Cx, tx: &mut Tx, input: &sdk::GetBucketRequestPaymentRequest) -> Answer<sdk::GetBucketRequestPaymentOutput> {
    find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    Ok(sdk::GetBucketRequestPaymentOutput { payer: Some(sdk::Payer::BucketOwner) })
}

/// `GetBucketAccelerateConfiguration`: never set.
pub fn accelerate(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::GetBucketAccelerateConfigurationRequest,
) -> Answer<sdk::GetBucketAccelerateConfigurationOutput> {
    find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    Ok(sdk::GetBucketAccelerateConfigurationOutput::default())
}

/// `GetBucketLogging`: never set.
pub fn logging(cx: &Cx, tx: &mut Tx, input: &sdk::GetBucketLoggingRequest) -> Answer<sdk::GetBucketLoggingOutput> {
    find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    Ok(sdk::GetBucketLoggingOutput::default())
}

/// `GetBucketWebsite`: never set.
pub fn website(cx: &Cx, tx: &mut Tx, input: &sdk::GetBucketWebsiteRequest) -> Answer<sdk::GetBucketWebsiteOutput> {
    find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    Err(errors::unset("NoSuchWebsiteConfiguration", "The specified bucket does not have a website configuration", &input.bucket))
}

/// `DeleteBucketWebsite`: there is none to delete.
pub fn delete_website(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteBucketWebsiteRequest) -> Answer<()> {
    find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref()).map(drop)
}

/// `GetBucketReplication`: never set.
pub fn replication(cx: &Cx, tx: &mut Tx, input: &sdk::GetBucketReplicationRequest) -> Answer<sdk::GetBucketReplicationOutput> {
    find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref())?;
    Err(errors::unset("ReplicationConfigurationNotFoundError", "The replication configuration was not found", &input.bucket))
}

/// `DeleteBucketReplication`: there is none to delete.
pub fn delete_replication(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteBucketReplicationRequest) -> Answer<()> {
    find::bucket(cx, tx, &input.bucket, input.expected_bucket_owner.as_ref()).map(drop)
}

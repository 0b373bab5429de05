//! The table: each operation with its IAM action, its resources and its condition keys (Service Authorization Reference, "Actions,
//! resources, and condition keys for Amazon S3").

use super::{
    Storage, draft,
    find::{bucket_arn, object_arn},
    ops::{
        acls, buckets as bucket, configure, copy, delete, get, list, locks, multipart, notifications, policies, put, restore,
        tags,
    },
};
use api::s3 as sdk;
use front::{Access, Cx, Service};
use logic::policy::Context;
use std::sync::Arc;
use wire::Api;

/// Access to the bucket of an input, with an action.
macro_rules! on_bucket {
    ($operation:ident, $action:literal) => {
        Access::<<sdk::$operation as Api>::Input>::on(|_, input| vec![bucket_arn(&input.bucket)]).action($action)
    };
}

/// Access to the object of an input, with an action, and another one where a version is named.
macro_rules! on_object {
    ($operation:ident, $action:literal) => {
        Access::<<sdk::$operation as Api>::Input>::on(|_, input| vec![object_arn(&input.bucket, &input.key)]).action($action)
    };
    ($operation:ident, $action:literal, $versioned:literal) => {
        on_object!($operation, $action)
            .action_if(|input| input.version_id.as_ref().map(|_| $versioned))
            .keys(|_, input| version(&input.version_id))
    };
}

fn version(id: &Option<String>) -> Context {
    let mut keys = Context::new();
    if let Some(id) = id {
        keys.set("s3:VersionId", id);
    }
    keys
}

/// The condition keys of a list.
fn listing(prefix: &Option<String>, delimiter: &Option<String>, most: Option<i32>) -> Context {
    let mut keys = Context::new().with("s3:prefix", prefix.as_deref().unwrap_or_default());
    keys.set("s3:delimiter", delimiter.as_deref().unwrap_or_default());
    if let Some(most) = most {
        keys.set("s3:max-keys", most.to_string());
    }
    keys
}

/// The condition keys of what is written.
macro_rules! writing {
    ($input:expr) => {{
        let mut keys = Context::new();
        let named = [
            ("s3:x-amz-acl", $input.acl.map(|it| it.as_str().to_owned())),
            ("s3:x-amz-storage-class", $input.storage_class.map(|it| it.as_str().to_owned())),
            ("s3:x-amz-server-side-encryption", $input.server_side_encryption.map(|it| it.as_str().to_owned())),
            ("s3:x-amz-server-side-encryption-aws-kms-key-id", $input.ssekms_key_id.clone()),
            ("s3:x-amz-server-side-encryption-customer-algorithm", $input.sse_customer_algorithm.clone()),
            ("s3:x-amz-grant-full-control", $input.grant_full_control.clone()),
            ("s3:x-amz-grant-read", $input.grant_read.clone()),
            ("s3:object-lock-mode", $input.object_lock_mode.map(|it| it.as_str().to_owned())),
            ("s3:object-lock-legal-hold", $input.object_lock_legal_hold_status.map(|it| it.as_str().to_owned())),
        ];
        for (key, value) in named {
            if let Some(value) = value {
                keys.set(key, value);
            }
        }
        let tags = $input.tagging.as_deref().and_then(|text| draft::parse_tagging(text).ok()).unwrap_or_default();
        keys.set_from(&draft::tag_keys(&tags));
        keys
    }};
}

/// The operations on buckets.
pub fn buckets(service: Service, s3: &Arc<Storage>) -> Service {
    service
        .op::<sdk::CreateBucket>(Access::found(bucket::free).keys(creating), bucket::create)
        .op_async::<sdk::DeleteBucket, _, _>(on_bucket!(DeleteBucket, "s3:DeleteBucket"), s3, bucket::delete)
        .op::<sdk::HeadBucket>(on_bucket!(HeadBucket, "s3:ListBucket"), bucket::head)
        .op::<sdk::ListBuckets>(Access::all().action("s3:ListAllMyBuckets"), bucket::list)
        .op::<sdk::GetBucketLocation>(on_bucket!(GetBucketLocation, "s3:GetBucketLocation"), bucket::location)
        .op::<sdk::ListObjects>(
            on_bucket!(ListObjects, "s3:ListBucket")
                .keys(|_, it: &sdk::ListObjectsRequest| listing(&it.prefix, &it.delimiter, it.max_keys)),
            list::first,
        )
        .op::<sdk::ListObjectsV2>(
            on_bucket!(ListObjectsV2, "s3:ListBucket")
                .keys(|_, it: &sdk::ListObjectsV2Request| listing(&it.prefix, &it.delimiter, it.max_keys)),
            list::second,
        )
        .op::<sdk::ListObjectVersions>(
            on_bucket!(ListObjectVersions, "s3:ListBucketVersions")
                .keys(|_, it: &sdk::ListObjectVersionsRequest| listing(&it.prefix, &it.delimiter, it.max_keys)),
            list::versions,
        )
        .op::<sdk::ListMultipartUploads>(on_bucket!(ListMultipartUploads, "s3:ListBucketMultipartUploads"), list::uploads)
        .op::<sdk::GetBucketVersioning>(on_bucket!(GetBucketVersioning, "s3:GetBucketVersioning"), configure::versioning)
        .op::<sdk::PutBucketVersioning>(on_bucket!(PutBucketVersioning, "s3:PutBucketVersioning"), configure::put_versioning)
        .op::<sdk::GetBucketCors>(on_bucket!(GetBucketCors, "s3:GetBucketCORS"), configure::cors)
        .op::<sdk::PutBucketCors>(on_bucket!(PutBucketCors, "s3:PutBucketCORS"), configure::put_cors)
        .op::<sdk::DeleteBucketCors>(on_bucket!(DeleteBucketCors, "s3:PutBucketCORS"), configure::delete_cors)
        .op::<sdk::GetBucketEncryption>(on_bucket!(GetBucketEncryption, "s3:GetEncryptionConfiguration"), configure::encryption)
        .op::<sdk::PutBucketEncryption>(
            on_bucket!(PutBucketEncryption, "s3:PutEncryptionConfiguration"),
            configure::put_encryption,
        )
        .op::<sdk::DeleteBucketEncryption>(
            on_bucket!(DeleteBucketEncryption, "s3:PutEncryptionConfiguration"),
            configure::delete_encryption,
        )
        .op::<sdk::GetBucketLifecycleConfiguration>(
            on_bucket!(GetBucketLifecycleConfiguration, "s3:GetLifecycleConfiguration"),
            configure::lifecycle,
        )
        .op::<sdk::PutBucketLifecycleConfiguration>(
            on_bucket!(PutBucketLifecycleConfiguration, "s3:PutLifecycleConfiguration"),
            configure::put_lifecycle,
        )
        .op::<sdk::DeleteBucketLifecycle>(
            on_bucket!(DeleteBucketLifecycle, "s3:PutLifecycleConfiguration"),
            configure::delete_lifecycle,
        )
        .op::<sdk::GetBucketOwnershipControls>(
            on_bucket!(GetBucketOwnershipControls, "s3:GetBucketOwnershipControls"),
            configure::ownership,
        )
        .op::<sdk::PutBucketOwnershipControls>(
            on_bucket!(PutBucketOwnershipControls, "s3:PutBucketOwnershipControls"),
            configure::put_ownership,
        )
        .op::<sdk::DeleteBucketOwnershipControls>(
            on_bucket!(DeleteBucketOwnershipControls, "s3:PutBucketOwnershipControls"),
            configure::delete_ownership,
        )
        .op::<sdk::GetPublicAccessBlock>(on_bucket!(GetPublicAccessBlock, "s3:GetBucketPublicAccessBlock"), configure::block)
        .op::<sdk::PutPublicAccessBlock>(on_bucket!(PutPublicAccessBlock, "s3:PutBucketPublicAccessBlock"), configure::put_block)
        .op::<sdk::DeletePublicAccessBlock>(
            on_bucket!(DeletePublicAccessBlock, "s3:PutBucketPublicAccessBlock"),
            configure::delete_block,
        )
        .op::<sdk::GetBucketRequestPayment>(on_bucket!(GetBucketRequestPayment, "s3:GetBucketRequestPayment"), configure::payment)
        .op::<sdk::PutBucketRequestPayment>(
            on_bucket!(PutBucketRequestPayment, "s3:PutBucketRequestPayment"),
            configure::put_payment,
        )
        .op::<sdk::GetBucketAccelerateConfiguration>(
            on_bucket!(GetBucketAccelerateConfiguration, "s3:GetAccelerateConfiguration"),
            configure::accelerate,
        )
        .op::<sdk::GetBucketLogging>(on_bucket!(GetBucketLogging, "s3:GetBucketLogging"), configure::logging)
        .op::<sdk::GetBucketWebsite>(on_bucket!(GetBucketWebsite, "s3:GetBucketWebsite"), configure::website)
        .op::<sdk::DeleteBucketWebsite>(on_bucket!(DeleteBucketWebsite, "s3:DeleteBucketWebsite"), configure::delete_website)
        .op::<sdk::GetBucketReplication>(
            on_bucket!(GetBucketReplication, "s3:GetReplicationConfiguration"),
            configure::replication,
        )
        .op::<sdk::DeleteBucketReplication>(
            on_bucket!(DeleteBucketReplication, "s3:PutReplicationConfiguration"),
            configure::delete_replication,
        )
        .op::<sdk::GetBucketPolicy>(on_bucket!(GetBucketPolicy, "s3:GetBucketPolicy"), policies::get)
        .op::<sdk::PutBucketPolicy>(on_bucket!(PutBucketPolicy, "s3:PutBucketPolicy"), policies::put)
        .op::<sdk::DeleteBucketPolicy>(on_bucket!(DeleteBucketPolicy, "s3:DeleteBucketPolicy"), policies::delete)
        .op::<sdk::GetBucketPolicyStatus>(on_bucket!(GetBucketPolicyStatus, "s3:GetBucketPolicyStatus"), policies::status)
        .op::<sdk::GetBucketAcl>(on_bucket!(GetBucketAcl, "s3:GetBucketAcl"), acls::bucket)
        .op::<sdk::PutBucketAcl>(on_bucket!(PutBucketAcl, "s3:PutBucketAcl"), acls::put_bucket)
        .op::<sdk::GetBucketTagging>(on_bucket!(GetBucketTagging, "s3:GetBucketTagging"), tags::bucket)
        .op::<sdk::PutBucketTagging>(on_bucket!(PutBucketTagging, "s3:PutBucketTagging"), tags::put_bucket)
        .op::<sdk::DeleteBucketTagging>(on_bucket!(DeleteBucketTagging, "s3:PutBucketTagging"), tags::delete_bucket)
        .op::<sdk::GetBucketNotificationConfiguration>(
            on_bucket!(GetBucketNotificationConfiguration, "s3:GetBucketNotification"),
            notifications::get,
        )
        .op_async::<sdk::PutBucketNotificationConfiguration, _, _>(
            on_bucket!(PutBucketNotificationConfiguration, "s3:PutBucketNotification"),
            s3,
            notifications::put,
        )
        .op::<sdk::GetObjectLockConfiguration>(
            on_bucket!(GetObjectLockConfiguration, "s3:GetBucketObjectLockConfiguration"),
            locks::configuration,
        )
        .op::<sdk::PutObjectLockConfiguration>(
            on_bucket!(PutObjectLockConfiguration, "s3:PutBucketObjectLockConfiguration"),
            locks::configure,
        )
}

fn creating(_: &Cx, input: &sdk::CreateBucketRequest) -> Context {
    let mut keys = Context::new();
    let constraint = input.create_bucket_configuration.as_ref().and_then(|it| it.location_constraint);
    let named = [
        ("s3:locationconstraint", constraint.map(|it| it.as_str())),
        ("s3:x-amz-acl", input.acl.map(|it| it.as_str())),
        ("s3:x-amz-object-ownership", input.object_ownership.map(|it| it.as_str())),
    ];
    for (key, value) in named {
        if let Some(value) = value {
            keys.set(key, value);
        }
    }
    keys
}

/// The operations on objects.
pub fn objects(service: Service, s3: &Arc<Storage>) -> Service {
    service
        .op_streaming::<sdk::PutObject, _, _>(
            on_object!(PutObject, "s3:PutObject").keys(|_, it: &sdk::PutObjectRequest| writing!(it)),
            s3,
            put::put,
        )
        .op_streaming::<sdk::GetObject, _, _>(on_object!(GetObject, "s3:GetObject", "s3:GetObjectVersion"), s3, get::get)
        .op_streaming::<sdk::HeadObject, _, _>(on_object!(HeadObject, "s3:GetObject", "s3:GetObjectVersion"), s3, get::head)
        .op_streaming::<sdk::GetObjectAttributes, _, _>(
            on_object!(GetObjectAttributes, "s3:GetObject", "s3:GetObjectVersion"),
            s3,
            get::attributes,
        )
        .op_async::<sdk::CopyObject, _, _>(
            on_object!(CopyObject, "s3:PutObject")
                .keys(|_, it: &sdk::CopyObjectRequest| writing!(it).with("s3:x-amz-copy-source", &it.copy_source)),
            s3,
            copy::object,
        )
        .op_with_status::<sdk::RestoreObject>(
            on_object!(RestoreObject, "s3:RestoreObject").keys(|_, it: &sdk::RestoreObjectRequest| version(&it.version_id)),
            restore::restore,
        )
        .op_async::<sdk::DeleteObject, _, _>(
            on_object!(DeleteObject, "s3:DeleteObject", "s3:DeleteObjectVersion"),
            s3,
            delete::object,
        )
        // Each key is asked for by itself.
        .op_async::<sdk::DeleteObjects, _, _>(Access::anyone(), s3, delete::objects)
        .op::<sdk::GetObjectTagging>(
            on_object!(GetObjectTagging, "s3:GetObjectTagging", "s3:GetObjectVersionTagging"),
            tags::object,
        )
        .op::<sdk::PutObjectTagging>(
            on_object!(PutObjectTagging, "s3:PutObjectTagging", "s3:PutObjectVersionTagging")
                .keys(|_, it: &sdk::PutObjectTaggingRequest| tags::keys(&it.tagging)),
            tags::put_object,
        )
        .op::<sdk::DeleteObjectTagging>(
            on_object!(DeleteObjectTagging, "s3:DeleteObjectTagging", "s3:DeleteObjectVersionTagging"),
            tags::delete_object,
        )
        .op::<sdk::GetObjectAcl>(on_object!(GetObjectAcl, "s3:GetObjectAcl", "s3:GetObjectVersionAcl"), acls::object)
        .op::<sdk::PutObjectAcl>(on_object!(PutObjectAcl, "s3:PutObjectAcl", "s3:PutObjectVersionAcl"), acls::put_object)
        .op::<sdk::GetObjectRetention>(on_object!(GetObjectRetention, "s3:GetObjectRetention"), locks::retention)
        .op::<sdk::PutObjectRetention>(on_object!(PutObjectRetention, "s3:PutObjectRetention"), locks::retain)
        .op::<sdk::GetObjectLegalHold>(on_object!(GetObjectLegalHold, "s3:GetObjectLegalHold"), locks::held)
        .op::<sdk::PutObjectLegalHold>(on_object!(PutObjectLegalHold, "s3:PutObjectLegalHold"), locks::hold)
        .op::<sdk::CreateMultipartUpload>(
            on_object!(CreateMultipartUpload, "s3:PutObject").keys(|_, it: &sdk::CreateMultipartUploadRequest| writing!(it)),
            multipart::begin,
        )
        .op_streaming::<sdk::UploadPart, _, _>(on_object!(UploadPart, "s3:PutObject"), s3, multipart::part)
        .op_async::<sdk::UploadPartCopy, _, _>(on_object!(UploadPartCopy, "s3:PutObject"), s3, multipart::part_copy)
        .op_async::<sdk::CompleteMultipartUpload, _, _>(
            on_object!(CompleteMultipartUpload, "s3:PutObject"),
            s3,
            multipart::complete,
        )
        .op_async::<sdk::AbortMultipartUpload, _, _>(
            on_object!(AbortMultipartUpload, "s3:AbortMultipartUpload"),
            s3,
            multipart::abort,
        )
        .op::<sdk::ListParts>(on_object!(ListParts, "s3:ListMultipartUploadParts"), multipart::list_parts)
}

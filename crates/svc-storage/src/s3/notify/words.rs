//! How an event is told: the record of queues and functions (Amazon S3 user guide, "Event message structure"), and the detail of an
//! event on the bus ("EventBridge event message structure").

use super::{About, Actor, Happened, host_id, rfc3339};
use crate::s3::{acl, find};
use model::s3::{BucketSpec, VersionSpec};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// Keys stand in records as they do in forms.
const FORM: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'*').remove(b'/').remove(b' ');

/// What orders the events of one key: longer is later, then the greater in hex.
fn sequencer(version: &VersionSpec) -> String {
    format!("{:016X}", version.order)
}

/// Which structure a record has: what isn't creation, removal or restoration came later.
fn structure(event: &str) -> &'static str {
    let first = ["ObjectCreated:", "ObjectRemoved:", "ObjectRestore:Post", "ObjectRestore:Completed"];
    if first.iter().any(|first| event.starts_with(first)) { "2.1" } else { "2.3" }
}

/// The message of a queue or a function.
pub fn record(name: &str, bucket: &BucketSpec, happened: Happened<'_>, by: &Actor, configuration: Option<&str>) -> Value {
    let version = happened.version;
    let key = utf8_percent_encode(happened.key, FORM).to_string().replace(' ', "+");
    let mut object = json!({ "key": key, "sequencer": sequencer(version) });
    if let (Some(content), false) = (&version.content, happened.event.starts_with("ObjectRemoved")) {
        object["size"] = json!(content.size);
        object["eTag"] = json!(content.etag);
    }
    if let Some(id) = &version.id {
        object["versionId"] = json!(id);
    }
    let mut record = json!({
        "eventVersion": structure(happened.event),
        "eventSource": "aws:s3",
        "awsRegion": bucket.region.as_str(),
        "eventTime": rfc3339(by.at),
        "eventName": happened.event,
        "userIdentity": { "principalId": by.principal },
        "requestParameters": { "sourceIPAddress": by.address.as_ref().unwrap_or(&by.requester) },
        "responseElements": { "x-amz-request-id": by.request, "x-amz-id-2": host_id(&by.request) },
        "s3": {
            "s3SchemaVersion": "1.0",
            "configurationId": configuration.unwrap_or_default(),
            "bucket": {
                "name": name,
                "ownerIdentity": { "principalId": acl::canonical_id(&bucket.owner) },
                "arn": find::bucket_arn(name).to_string(),
            },
            "object": object,
        },
    });
    match happened.about {
        About::Moved(class) => {
            record["lifecycleEventData"] = json!({ "transitionEventData": { "destinationStorageClass": class } });
        }
        About::Restored(class, Some(until)) => {
            let data = json!({ "lifecycleRestorationExpiryTime": rfc3339(until), "lifecycleRestoreStorageClass": class });
            record["glacierEventData"] = json!({ "restoreEventData": data });
        }
        About::Itself | About::Reason(_) | About::Restored(_, None) => {}
    }
    json!({ "Records": [record] })
}

/// The detail of an event on the default bus.
pub fn detail(name: &str, happened: Happened<'_>, by: &Actor) -> Value {
    let version = happened.version;
    let mut object = json!({ "key": happened.key });
    if let Some(content) = &version.content {
        object["etag"] = json!(content.etag);
        if happened.detail_type != "Object Deleted" {
            object["size"] = json!(content.size);
        }
    }
    if let Some(id) = &version.id {
        object["version-id"] = json!(id);
    }
    if matches!(happened.about, About::Reason(_)) {
        object["sequencer"] = json!(sequencer(version));
    }
    let mut detail = json!({
        "version": "0",
        "bucket": { "name": name },
        "object": object,
        "request-id": by.request,
        "requester": by.requester,
    });
    if let Some(address) = &by.address {
        detail["source-ip-address"] = json!(address);
    }
    match happened.about {
        About::Itself => {}
        About::Reason(reason) => detail["reason"] = json!(reason),
        About::Moved(class) => detail["destination-storage-class"] = json!(class),
        About::Restored(class, until) => {
            detail["source-storage-class"] = json!(class);
            if let Some(until) = until {
                detail["restore-expiry-time"] = json!(rfc3339(until));
            }
        }
    }
    if happened.detail_type == "Object Deleted" {
        let marked = happened.event.ends_with(":DeleteMarkerCreated");
        detail["deletion-type"] = json!(if marked { "Delete Marker Created" } else { "Permanently Deleted" });
    }
    detail
}

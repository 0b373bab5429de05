//! S3's errors, in its own words (Amazon S3 API reference, "Error responses").

use std::fmt::Display;
use wire::{Fault, Value};

fn text(value: impl Into<String>) -> Value {
    Value::Str(value.into())
}

pub(super) fn no_bucket(name: &str) -> Fault {
    Fault::client("NoSuchBucket", "The specified bucket does not exist").status(404).with("BucketName", text(name))
}

pub(super) fn no_key(key: &str) -> Fault {
    Fault::client("NoSuchKey", "The specified key does not exist.").status(404).with("Key", text(key))
}

pub(super) fn no_version(key: &str, id: &str) -> Fault {
    let fault = Fault::client("NoSuchVersion", "The specified version does not exist.").status(404);
    fault.with("Key", text(key)).with("VersionId", text(id))
}

pub(super) fn no_upload(id: &str) -> Fault {
    let message =
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.";
    Fault::client("NoSuchUpload", message).status(404).with("UploadId", text(id))
}

pub(super) fn access_denied() -> Fault {
    Fault::client("AccessDenied", "Access Denied").status(403)
}

pub(super) fn invalid_argument(message: impl Into<String>, name: &'static str, value: impl Into<String>) -> Fault {
    Fault::client("InvalidArgument", message).with("ArgumentName", text(name)).with("ArgumentValue", text(value))
}

pub(super) fn invalid_request(message: impl Into<String>) -> Fault {
    Fault::client("InvalidRequest", message)
}

pub(super) fn malformed_xml() -> Fault {
    let message = "The XML you provided was not well-formed or did not validate against our published schema";
    Fault::client("MalformedXML", message)
}

pub(super) fn not_built(what: impl Display) -> Fault {
    Fault::not_implemented(format_args!("S3: {what}"))
}

/// A setting of a bucket that was never set.
pub(super) fn unset(code: &'static str, message: &'static str, bucket: &str) -> Fault {
    Fault::client(code, message).status(404).with("BucketName", text(bucket))
}

pub(super) fn precondition(condition: &'static str) -> Fault {
    let message = "At least one of the pre-conditions you specified did not hold";
    Fault::client("PreconditionFailed", message).status(412).with("Condition", text(condition))
}

/// What can't be done with an object of its class.
pub(super) fn invalid_state(message: &'static str, content: &model::s3::Content) -> Fault {
    Fault::client("InvalidObjectState", message).status(403).with("StorageClass", text(content.class.as_str()))
}

pub(super) fn under_way() -> Fault {
    Fault::client("RestoreAlreadyInProgress", "Object restore is already in progress").status(409)
}

pub(super) fn method_not_allowed() -> Fault {
    Fault::client("MethodNotAllowed", "The specified method is not allowed against this resource.").status(405)
}

pub(super) fn bad_digest(what: &str) -> Fault {
    Fault::client("BadDigest", format!("The {what} you specified did not match the calculated checksum."))
}

pub(super) fn too_large(size: u64, limit: u64) -> Fault {
    let fault = Fault::client("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size");
    fault.with("ProposedSize", text(size.to_string())).with("MaxSizeAllowed", text(limit.to_string()))
}

pub(super) fn no_length() -> Fault {
    Fault::client("MissingContentLength", "You must provide the Content-Length HTTP header.").status(411)
}

pub(super) fn no_acls() -> Fault {
    Fault::client("AccessControlListNotSupported", "The bucket does not allow ACLs")
}

/// What a disk does to a request.
pub(super) fn disk(error: std::io::Error) -> Fault {
    let fault = match error.kind() {
        std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
            Fault::server("ServiceUnavailable", "The disk of the cloud is full.").status(503)
        }
        _ => Fault::server("InternalError", "We encountered an internal error. Please try again."),
    };
    Fault { internal: Some(error.to_string()), ..fault }
}

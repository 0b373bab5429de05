//! The errors of CloudTrail, in its own words.

use super::store::TrailError;
use front::Cx;
use wire::Fault;

pub(super) fn store(error: &TrailError) -> Fault {
    let mut fault = Fault::server("InternalFailure", "The event history can't be read at the moment.");
    fault.internal = Some(error.to_string());
    fault
}

pub(super) fn invalid_attributes(message: &str) -> Fault {
    Fault::client("InvalidLookupAttributesException", message)
}

pub(super) fn invalid_time_range() -> Fault {
    Fault::client("InvalidTimeRangeException", "The start time occurs after the end time.")
}

pub(super) fn invalid_token() -> Fault {
    Fault::client(
        "InvalidNextTokenException",
        "The token is not valid, or was previously used in a request with different parameters.",
    )
}

pub(super) fn invalid_name(message: impl Into<String>) -> Fault {
    Fault::client("InvalidTrailNameException", message)
}

pub(super) fn invalid_arn(message: impl Into<String>) -> Fault {
    Fault::client("CloudTrailARNInvalidException", message)
}

pub(super) fn unknown_trail(cx: &Cx, name: &str) -> Fault {
    Fault::client("TrailNotFoundException", format!("Unknown trail: {name} for the user: {}", cx.account))
}

pub(super) fn no_such_resource(arn: &str) -> Fault {
    Fault::client("ResourceNotFoundException", format!("The specified resource {arn} is not found."))
}

pub(super) fn no_bucket(bucket: &str) -> Fault {
    Fault::client("S3BucketDoesNotExistException", format!("S3 bucket {bucket} does not exist!"))
}

pub(super) fn invalid_bucket(bucket: &str) -> Fault {
    Fault::client("InvalidS3BucketNameException", format!("Bucket name {bucket} is not valid."))
}

pub(super) fn invalid_prefix() -> Fault {
    Fault::client("InvalidS3PrefixException", "The S3 prefix is longer than 200 characters.")
}

pub(super) fn invalid_combination(message: &str) -> Fault {
    Fault::client("InvalidParameterCombinationException", message)
}

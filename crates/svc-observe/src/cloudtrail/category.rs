//! Which calls are management events: the event history shows no others.

/// The operations that each service counts as data events, or doesn't report at all ("Logging data events" of the CloudTrail user guide,
/// and each service's page on its logging).
const DATA: &[(&str, &[&str])] = &[
    ("cloudwatch", &["GetMetricData", "GetMetricStatistics", "GetMetricWidgetImage", "ListMetrics", "PutMetricData"]),
    ("events", &["PutEvents"]),
    ("lambda", &["Invoke", "InvokeAsync", "InvokeWithResponseStream"]),
    (
        "logs",
        &[
            "FilterLogEvents",
            "GetLogEvents",
            "GetLogGroupFields",
            "GetLogRecord",
            "GetQueryResults",
            "PutLogEvents",
            "StartLiveTail",
            "StartQuery",
        ],
    ),
    ("servicediscovery", &["DiscoverInstances", "DiscoverInstancesRevision"]),
    (
        "sqs",
        &[
            "ChangeMessageVisibility",
            "ChangeMessageVisibilityBatch",
            "DeleteMessage",
            "DeleteMessageBatch",
            "ReceiveMessage",
            "SendMessage",
            "SendMessageBatch",
        ],
    ),
];

/// Words of S3's operations on objects, which are data events, unlike those on buckets.
const OBJECT_WORDS: &[&str] = &["Object", "Upload", "ListParts"];

/// Whether an operation of a service, by its id, is a management event.
pub(super) fn is_management(service: &str, operation: &str) -> bool {
    if service == "s3" {
        // The lock and the ownership of objects are settings of the bucket.
        let of_bucket = operation.contains("ObjectLockConfiguration") || operation == "ListMultipartUploads";
        return of_bucket || !OBJECT_WORDS.iter().any(|word| operation.contains(word));
    }
    !DATA.iter().any(|(id, operations)| *id == service && operations.contains(&operation))
}

/// Whether a service is in no region, so that its events are in `us-east-1` (CloudTrail user guide, "About global service events").
pub(super) fn is_global(service: &str) -> bool {
    service == "iam"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_moves_data_is_no_management_event() {
        for (service, operation) in [("logs", "PutLogEvents"), ("s3", "PutObject"), ("lambda", "Invoke"), ("s3", "UploadPart")] {
            assert!(!is_management(service, operation), "{service} {operation}");
        }
        for (service, operation) in
            [("logs", "CreateLogGroup"), ("s3", "CreateBucket"), ("ecr", "UploadLayerPart"), ("s3", "PutObjectLockConfiguration")]
        {
            assert!(is_management(service, operation), "{service} {operation}");
        }
    }
}

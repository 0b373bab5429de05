//! Operations on trails, of which there can be none yet.

use super::cloud::Cloud;
use serde_json::json;

#[tokio::test]
async fn a_trail_needs_a_bucket_and_there_is_none() {
    let cloud = Cloud::new();
    let trail = |name: &str, bucket: &str| json!({"Name": name, "S3BucketName": bucket});
    let message = cloud.fails("CreateTrail", trail("mine", "my-bucket"), "S3BucketDoesNotExistException").await;
    assert_eq!(message, "S3 bucket my-bucket does not exist!");
    cloud.fails("CreateTrail", trail("mine", "My_Bucket"), "InvalidS3BucketNameException").await;
    let mut regional = trail("mine", "my-bucket");
    (regional["IsMultiRegionTrail"], regional["IncludeGlobalServiceEvents"]) = (json!(true), json!(false));
    let message = cloud.fails("CreateTrail", regional, "InvalidParameterCombinationException").await;
    assert_eq!(message, "Multi-Region trail must include global service events.");
    for name in ["ab", "-abc", "abc-", "a b c", &"a".repeat(129)] {
        cloud.fails("CreateTrail", trail(name, "my-bucket"), "InvalidTrailNameException").await;
    }
}

#[tokio::test]
async fn there_are_no_trails() {
    let cloud = Cloud::new();
    assert_eq!(cloud.ok("DescribeTrails", json!({})).await, json!({"trailList": []}));
    assert_eq!(cloud.ok("DescribeTrails", json!({"trailNameList": ["mine"]})).await, json!({"trailList": []}));
    assert_eq!(cloud.ok("ListTrails", json!({})).await, json!({"Trails": []}));
    for operation in ["GetTrail", "GetTrailStatus", "UpdateTrail", "DeleteTrail", "StartLogging", "StopLogging"] {
        let message = cloud.fails(operation, json!({"Name": "mine"}), "TrailNotFoundException").await;
        assert_eq!(message, "Unknown trail: mine for the user: 111122223333");
    }
    for operation in ["GetEventSelectors", "PutEventSelectors"] {
        cloud.fails(operation, json!({"TrailName": "mine"}), "TrailNotFoundException").await;
    }
}

#[tokio::test]
async fn trails_are_called_by_their_arns_as_well() {
    let cloud = Cloud::new();
    let arn = |region: &str, name: &str| format!("arn:aws:cloudtrail:{region}:111122223333:trail/{name}");
    cloud.fails("GetTrail", json!({"Name": arn("us-east-1", "mine")}), "TrailNotFoundException").await;
    cloud.fails("GetTrail", json!({"Name": arn("us-east-1", "-")}), "InvalidTrailNameException").await;
    cloud.fails("GetTrail", json!({"Name": arn("eu-west-1", "mine")}), "CloudTrailARNInvalidException").await;
    cloud.fails("GetTrail", json!({"Name": "arn:aws:s3:::mine"}), "CloudTrailARNInvalidException").await;
    let tags = json!([{"Key": "a", "Value": "b"}]);
    for operation in ["AddTags", "RemoveTags"] {
        let input = json!({"ResourceId": arn("us-east-1", "mine"), "TagsList": tags});
        cloud.fails(operation, input, "ResourceNotFoundException").await;
    }
    let named = |arn: &str| json!({"ResourceIdList": [arn]});
    cloud.fails("ListTags", named(&arn("us-east-1", "mine")), "ResourceNotFoundException").await;
    cloud.fails("ListTags", named("mine"), "CloudTrailARNInvalidException").await;
}

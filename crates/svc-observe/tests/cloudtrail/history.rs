//! LookupEvents: what is found, and how it is written.

use super::cloud::Cloud;
use front::Peer;
use front::testing::START;
use serde_json::{Value, json};
use std::time::Duration;

fn by(key: &str, value: &str) -> Value {
    json!({"LookupAttributes": [{"AttributeKey": key, "AttributeValue": value}]})
}

#[tokio::test]
async fn an_event_is_in_the_record_format() {
    let cloud = Cloud::new();
    cloud.make_group("/app").await;
    let (event, mut record) = cloud.newest("CreateLogGroup").await;
    assert_eq!(record["eventID"], event["EventId"]);
    for id in ["eventID", "requestID"] {
        assert_eq!(record[id].as_str().unwrap().len(), 36);
        record[id] = Value::Null;
    }
    let arn = "arn:aws:logs:us-east-1:111122223333:log-group:/app";
    assert_eq!(
        record,
        json!({
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "Root",
                "principalId": "111122223333",
                "arn": "arn:aws:iam::111122223333:root",
                "accountId": "111122223333",
                "accessKeyId": "111122223333",
            },
            "eventTime": "2026-01-01T00:00:00Z",
            "eventSource": "logs.amazonaws.com",
            "eventName": "CreateLogGroup",
            "awsRegion": "us-east-1",
            "requestParameters": {"logGroupName": "/app"},
            "responseElements": null,
            "requestID": null,
            "eventID": null,
            "readOnly": false,
            "resources": [{"accountId": "111122223333", "type": "AWS::Logs::LogGroup", "ARN": arn}],
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": "111122223333",
            "eventCategory": "Management",
        })
    );
    assert_eq!((&event["Username"], &event["ReadOnly"]), (&json!("root"), &json!("false")));
    assert_eq!(
        event["Resources"],
        json!([
            {"ResourceType": "AWS::Logs::LogGroup", "ResourceName": "/app"},
            {"ResourceType": "AWS::Logs::LogGroup", "ResourceName": arn},
        ])
    );
}

#[tokio::test]
async fn the_sender_of_the_bytes_is_known() {
    let cloud = Cloud::new();
    let authorization = "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/logs/aws4_request, SignedHeaders=host, Signature=00";
    let request = http::Request::post("/")
        .header("host", "localhost:4566")
        .header("x-amz-date", "20260101T000000Z")
        .header("authorization", authorization)
        .header("content-type", "application/x-amz-json-1.1")
        .header("x-amz-target", "Logs_20140328.DescribeLogGroups")
        .header("user-agent", "x".repeat(2000))
        .extension(Peer("127.0.0.1".parse().unwrap()))
        .body("{}".into())
        .unwrap();
    assert_eq!(cloud.bench.send(request).await.status, 200);
    let found = cloud.bench.account("000000000000").json("cloudtrail", "LookupEvents", json!({})).await.json();
    let record: Value = serde_json::from_str(found["Events"][0]["CloudTrailEvent"].as_str().unwrap()).unwrap();
    assert_eq!(record["sourceIPAddress"], "127.0.0.1");
    assert_eq!(record["userAgent"].as_str().unwrap().len(), 1024);
    assert_eq!(record["userIdentity"]["accessKeyId"], "test");
}

#[tokio::test]
async fn the_newest_come_first_a_page_at_a_time() {
    let cloud = Cloud::new();
    for number in 0..7 {
        cloud.make_group(&format!("/{number}")).await;
        // Two at the same moment keep their order.
        cloud.bench.advance(Duration::from_secs(number % 2));
    }
    let mut search = by("EventName", "CreateLogGroup");
    search["MaxResults"] = json!(3);
    let mut groups = Vec::new();
    loop {
        let page = cloud.ok("LookupEvents", search.clone()).await;
        let events = page["Events"].as_array().unwrap();
        groups.extend(events.iter().map(|event| event["Resources"][0]["ResourceName"].as_str().unwrap().to_owned()));
        let Some(token) = page["NextToken"].as_str() else { break };
        search["NextToken"] = json!(token);
    }
    assert_eq!(groups, ["/6", "/5", "/4", "/3", "/2", "/1", "/0"]);
}

#[tokio::test]
async fn each_attribute_finds_what_has_it() {
    let cloud = Cloud::new();
    cloud.make_group("/app").await;
    cloud.make_group("/other").await;
    let (event, _) = cloud.newest("CreateLogGroup").await;
    cloud.bench.json("logs", "DescribeLogGroups", json!({})).await;
    for (key, value, count) in [
        ("EventId", event["EventId"].as_str().unwrap(), 1),
        ("EventName", "CreateLogGroup", 2),
        ("EventName", "createloggroup", 0),
        ("Username", "anna", 0),
        ("ResourceType", "AWS::Logs::LogGroup", 2),
        ("ResourceName", "/app", 1),
        ("EventSource", "logs.amazonaws.com", 3),
        ("ReadOnly", "false", 2),
        ("AccessKeyId", "AKIAIOSFODNN7EXAMPLE", 0),
    ] {
        assert_eq!(cloud.names(by(key, value)).await.len(), count, "{key} {value}");
    }
    // What is looked up is an event itself, and found by the next.
    assert!(cloud.names(by("AccessKeyId", "111122223333")).await.contains(&"LookupEvents".to_owned()));
    assert!(cloud.names(by("ReadOnly", "true")).await.contains(&"DescribeLogGroups".to_owned()));
}

#[tokio::test]
async fn times_bound_a_search_to_the_second() {
    let cloud = Cloud::new();
    for name in ["/0", "/10", "/20"] {
        cloud.make_group(name).await;
        cloud.bench.advance(Duration::from_millis(10_300));
    }
    let start = START.0 / 1000;
    let found = |from: i64, to: i64| {
        let mut search = by("EventName", "CreateLogGroup");
        (search["StartTime"], search["EndTime"]) = (json!(start + from), json!(start + to));
        let cloud = &cloud;
        async move { cloud.names(search).await.len() }
    };
    assert_eq!(found(0, 100).await, 3);
    assert_eq!(found(1, 9).await, 0);
    // At 10.3 seconds, which shows as 10.
    assert_eq!(found(0, 10).await, 2);
    assert_eq!(found(0, 9).await, 1);
    assert_eq!(found(11, 100).await, 1);
}

#[tokio::test]
async fn errors_are_events_and_what_is_not_asked_of_management_is_none() {
    let cloud = Cloud::new();
    cloud.make_group("taken").await;
    let (_, record) = cloud.newest("CreateLogGroup").await;
    assert_eq!(record["errorCode"], "ResourceAlreadyExistsException");
    assert_eq!(record["errorMessage"], "The specified log group already exists");
    cloud.bench.json("logs", "CreateLogGroup", json!({})).await;
    assert_eq!(cloud.newest("CreateLogGroup").await.1["errorCode"], "InvalidParameterException");
    let events = json!({"logGroupName": "g", "logStreamName": "s", "logEvents": [{"timestamp": 1, "message": "m"}]});
    assert_eq!(cloud.bench.json("logs", "PutLogEvents", events).await.status, 200);
    assert!(!cloud.names(json!({})).await.contains(&"PutLogEvents".to_owned()));
}

#[tokio::test]
async fn secrets_are_nowhere() {
    let cloud = Cloud::new();
    cloud.bench.form("iam", "CreateLoginProfile", &[("UserName", "anna"), ("Password", "verysecret")]).await;
    cloud.bench.form("iam", "CreateAccessKey", &[("UserName", "anna")]).await;
    let (_, record) = cloud.newest("CreateLoginProfile").await;
    assert_eq!(record["requestParameters"], json!({"userName": "anna", "password": "HIDDEN_DUE_TO_SECURITY_REASONS"}));
    assert_eq!(record["responseElements"]["loginProfile"]["createDate"], "Jan 1, 2026, 12:00:00 AM");
    let (_, record) = cloud.newest("CreateAccessKey").await;
    let key = &record["responseElements"]["accessKey"];
    assert_eq!(key["secretAccessKey"], "HIDDEN_DUE_TO_SECURITY_REASONS");
    assert_eq!(key["accessKeyId"], "AKIAIOSFODNN7EXAMPLE");
    let everything = cloud.ok("LookupEvents", json!({})).await.to_string();
    assert!(!everything.contains("verysecret"), "{everything}");
}

#[tokio::test]
async fn accounts_and_regions_are_apart_and_global_services_in_virginia() {
    let cloud = Cloud::new();
    let abroad = cloud.bench.region("eu-west-1");
    abroad.json("logs", "CreateLogGroup", json!({"logGroupName": "/abroad"})).await;
    abroad.form("iam", "CreateAccessKey", &[]).await;
    cloud.bench.account("444455556666").json("logs", "CreateLogGroup", json!({"logGroupName": "/theirs"})).await;
    assert_eq!(cloud.names(json!({})).await, ["CreateAccessKey"]);
    assert_eq!(cloud.newest("CreateAccessKey").await.1["awsRegion"], "us-east-1");
    let found = abroad.json("cloudtrail", "LookupEvents", json!({})).await.json();
    assert_eq!(found["Events"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn the_history_is_ninety_days_long() {
    let cloud = Cloud::new();
    cloud.make_group("/old").await;
    cloud.names(json!({})).await;
    cloud.bench.advance(Duration::from_secs(90 * 86_400 - 1));
    cloud.make_group("/new").await;
    assert_eq!(cloud.names(by("EventName", "CreateLogGroup")).await.len(), 2);
    cloud.bench.advance(Duration::from_secs(2));
    assert_eq!(cloud.names(by("EventName", "CreateLogGroup")).await.len(), 1);
    // The first run leaves the start alone.
    cloud.sweep().await;
    cloud.sweep().await;
    assert_eq!(cloud.names(by("EventName", "CreateLogGroup")).await.len(), 1);
    assert_eq!(cloud.used("arn:aws:iam::111122223333:root", START), ["cloudtrail:LookupEvents", "logs:CreateLogGroup"]);
}

#[tokio::test]
async fn what_makes_no_sense_is_refused() {
    let cloud = Cloud::new();
    let name = json!({"AttributeKey": "EventName", "AttributeValue": "x"});
    cloud.fails("LookupEvents", json!({"LookupAttributes": [name, name]}), "InvalidLookupAttributesException").await;
    cloud.fails("LookupEvents", by("ReadOnly", "yes"), "InvalidLookupAttributesException").await;
    cloud.fails("LookupEvents", json!({"StartTime": 2, "EndTime": 1}), "InvalidTimeRangeException").await;
    for token in ["", "x", "ÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄÄ", &"0".repeat(48)] {
        cloud.fails("LookupEvents", json!({"NextToken": token}), "InvalidNextTokenException").await;
    }
    cloud.make_group("/a").await;
    cloud.make_group("/b").await;
    let page = cloud.ok("LookupEvents", json!({"MaxResults": 1})).await;
    let mut other = by("EventName", "CreateLogGroup");
    other["NextToken"] = page["NextToken"].clone();
    cloud.fails("LookupEvents", other, "InvalidNextTokenException").await;
    assert_eq!(cloud.bench.json("cloudtrail", "LookupEvents", json!({"MaxResults": 51})).await.status, 400);
    assert_eq!(cloud.names(json!({"EventCategory": "insight"})).await.len(), 0);
}

//! What functions can be configured to be, and how that changes.

use crate::cloud::{Cloud, FUNCTION, at};
use serde_json::{Value, json};

#[tokio::test]
async fn a_change_is_served_when_it_has_settled() {
    let cloud = Cloud::with_function().await;
    let before = cloud.get("f/configuration").await;
    let changed = cloud.ok("PUT", &at("f/configuration"), json!({"Timeout": 30, "MemorySize": 512})).await;
    assert_eq!((&changed["State"], &changed["LastUpdateStatus"]), (&json!("Active"), &json!("InProgress")));
    assert_ne!(changed["RevisionId"], before["RevisionId"]);
    cloud.fails("PUT", &at("f/configuration"), json!({"Timeout": 31}), "ResourceConflictException").await;
    cloud.settle().await;
    let after = cloud.get("f/configuration").await;
    assert_eq!((&after["Timeout"], &after["MemorySize"], &after["Handler"]), (&json!(30), &json!(512), &json!("app.handler")));
    assert_eq!(after["LastUpdateStatus"], "Successful");
}

#[tokio::test]
async fn a_change_that_cannot_run_leaves_the_last_one_in_service() {
    let cloud = Cloud::with_function().await;
    cloud.configure(json!({"Runtime": "ruby3.4"})).await;
    let shown = cloud.get("f/configuration").await;
    assert_eq!((&shown["State"], &shown["LastUpdateStatus"]), (&json!("Active"), &json!("Failed")));
    assert_eq!(shown["LastUpdateStatusReasonCode"], "InvalidRuntime");
    cloud.configure(json!({"Runtime": "python3.13"})).await;
    assert_eq!(cloud.get("f/configuration").await["LastUpdateStatus"], "Successful");
}

#[tokio::test]
async fn variables_are_kept_encrypted() {
    let cloud = Cloud::with_function().await;
    let variables = json!({"Environment": {"Variables": {"SECRET": "hush-hush"}}});
    let changed = cloud.configure(variables).await;
    assert_eq!(changed["Environment"]["Variables"], json!({"SECRET": "hush-hush"}));
    let key: model::Key<model::lambda::Version> = model::Key::new(
        &model::AccountId::parse("111122223333").unwrap(),
        &model::Region::parse("us-east-1").unwrap(),
        "f:$LATEST",
    );
    let spec = spine::Read::spec(&cloud.bench.store.snapshot(), &key).unwrap().unwrap();
    assert!(!serde_json::to_string(&*spec).unwrap().contains(&hex::encode("hush")));
    assert!(!format!("{spec:?}").contains("hush"));
    cloud.configure(json!({"Timeout": 4})).await;
    assert_eq!(cloud.get("f/configuration").await["Environment"]["Variables"]["SECRET"], "hush-hush");
    cloud.configure(json!({"Environment": {"Variables": {}}})).await;
    assert_eq!(cloud.get("f/configuration").await["Environment"], Value::Null);
}

#[tokio::test]
async fn variables_under_a_key_are_seen_by_who_may_decrypt() {
    let cloud = Cloud::with_function().await;
    let key = cloud.bench.json("kms", "CreateKey", json!({})).await.json();
    let arn = key["KeyMetadata"]["Arn"].as_str().unwrap();
    cloud.configure(json!({"KMSKeyArn": arn, "Environment": {"Variables": {"A1": "b"}}})).await;
    assert_eq!(cloud.get("f/configuration").await["Environment"]["Variables"], json!({"A1": "b"}));
    let lambda = json!({"Effect": "Allow", "Action": "lambda:*", "Resource": "*"});
    let blind = cloud.user("blind", json!([lambda])).await;
    let seen = blind.get("f/configuration").await;
    assert_eq!(seen["Environment"]["Error"]["ErrorCode"], "AccessDeniedException");
    let sees = cloud.user("sees", json!([lambda, {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": arn}])).await;
    assert_eq!(sees.get("f/configuration").await["Environment"]["Variables"], json!({"A1": "b"}));
    cloud.bench.json("kms", "DisableKey", json!({"KeyId": arn})).await;
    let error = &cloud.get("f/configuration").await["Environment"]["Error"];
    assert_eq!(error["ErrorCode"], "DisabledException");
    let wish = json!({"Environment": {"Variables": {"A1": "c"}}});
    cloud.fails("PUT", &at("f/configuration"), wish, "InvalidParameterValueException").await;
}

#[tokio::test]
async fn what_is_not_built_says_so() {
    let cloud = Cloud::new().await;
    for (name, value) in [
        ("VpcConfig", json!({"SubnetIds": ["subnet-1"], "SecurityGroupIds": ["sg-1"]})),
        (
            "FileSystemConfigs",
            json!([{"Arn": "arn:aws:elasticfilesystem:us-east-1:111122223333:access-point/fsap-0123456789abcdef0", "LocalMountPath": "/mnt/x"}]),
        ),
        ("SnapStart", json!({"ApplyOn": "PublishedVersions"})),
        ("CodeSigningConfigArn", json!("arn:aws:lambda:us-east-1:111122223333:code-signing-config:csc-0123456789abcdef0")),
        ("DurableConfig", json!({"ExecutionTimeout": 60})),
    ] {
        let said = cloud.refused(json!({name: value}), "NotImplemented").await;
        assert!(said.contains(name), "{said}");
    }
    cloud
        .create("empty", json!({"VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []}, "SnapStart": {"ApplyOn": "None"}}))
        .await;
}

#[tokio::test]
async fn dead_letters_need_a_role_that_may_send_them() {
    let cloud = Cloud::new().await;
    let queue = json!({"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:us-east-1:111122223333:dead"}});
    let refused = cloud.refused(queue.clone(), "InvalidParameterValueException").await;
    assert_eq!(refused, "The provided execution role does not have permissions to call SendMessage on SQS");
    let document =
        json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": "*"}]});
    let document = document.to_string();
    cloud.iam("PutRolePolicy", &[("RoleName", "runs"), ("PolicyName", "p"), ("PolicyDocument", &document)]).await;
    let made = cloud.create("g", queue.clone()).await;
    assert_eq!(made["DeadLetterConfig"], queue["DeadLetterConfig"]);
}

#[tokio::test]
async fn events_are_treated_as_somebody_said() {
    let cloud = Cloud::with_function().await;
    let path = "/2019-09-25/functions/f/event-invoke-config";
    let none = cloud.fails("GET", path, Value::Null, "ResourceNotFoundException").await;
    assert_eq!(none, format!("The function {FUNCTION}:$LATEST doesn't have an EventInvokeConfig"));
    let empty = cloud.fails("PUT", path, json!({}), "InvalidParameterValueException").await;
    assert_eq!(empty, "You must specify at least one of error handling or destination setting.");
    cloud.ok("PUT", path, json!({"MaximumRetryAttempts": 0})).await;
    let both = cloud.ok("POST", path, json!({"MaximumEventAgeInSeconds": 60})).await;
    assert_eq!((&both["MaximumRetryAttempts"], &both["MaximumEventAgeInSeconds"]), (&json!(0), &json!(60)));
    let itself = json!({"DestinationConfig": {"OnSuccess": {"Destination": FUNCTION}}});
    let itself = cloud.fails("PUT", path, itself, "InvalidParameterValueException").await;
    assert_eq!(itself, "You can't specify the function as a destination for itself.");
    let queue = json!({"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:111122223333:q"}}});
    cloud.fails("PUT", path, queue, "InvalidParameterValueException").await;
    let all = cloud.ok("GET", "/2019-09-25/functions/f/event-invoke-config/list", Value::Null).await;
    assert_eq!(all["FunctionEventInvokeConfigs"].as_array().unwrap().len(), 1);
    cloud.ok("DELETE", path, Value::Null).await;
    cloud.fails("DELETE", path, Value::Null, "ResourceNotFoundException").await;
}

//! Functions as a whole.

use crate::cloud::{Cloud, FUNCTION, ROLE, at, base64, wish, zip};
use serde_json::{Value, json};

#[tokio::test]
async fn a_function_comes_into_service() {
    let cloud = Cloud::new().await;
    let made = cloud.create("f", json!({"Description": "d", "Tags": {"team": "a"}})).await;
    assert_eq!((&made["FunctionArn"], &made["Version"]), (&json!(FUNCTION), &json!("$LATEST")));
    assert_eq!((&made["State"], &made["StateReasonCode"]), (&json!("Pending"), &json!("Creating")));
    assert_eq!((&made["Timeout"], &made["MemorySize"]), (&json!(3), &json!(128)));
    assert_eq!(made["LastModified"], "2026-01-01T00:00:00.000+0000");
    cloud.settle().await;
    let found = cloud.get("f").await;
    let shown = &found["Configuration"];
    assert_eq!((&shown["State"], &shown["LastUpdateStatus"]), (&json!("Active"), &json!("Successful")));
    assert_eq!(
        (&shown["Role"], &shown["Handler"], &shown["Runtime"]),
        (&json!(ROLE), &json!("app.handler"), &json!("python3.12"))
    );
    assert_eq!(found["Tags"], json!({"team": "a"}));
    assert_eq!(found["Code"]["RepositoryType"], "S3");
    assert_eq!(cloud.get("f/configuration").await["RevisionId"], made["RevisionId"]);
    assert_eq!(cloud.get("").await["Functions"][0]["FunctionName"], "f");
}

#[tokio::test]
async fn a_host_may_lack_what_it_takes() {
    let cloud = Cloud::new().await;
    cloud.create("ruby", json!({"Runtime": "ruby3.4"})).await;
    cloud.create("arm", json!({"Architectures": ["arm64"]})).await;
    cloud.settle().await;
    let ruby = cloud.get("ruby/configuration").await;
    assert_eq!((&ruby["State"], &ruby["StateReasonCode"]), (&json!("Failed"), &json!("InvalidRuntime")));
    assert_eq!(ruby["StateReason"], "This host has nothing that runs it.");
    let arm = cloud.get("arm/configuration").await;
    assert_eq!((&arm["State"], &arm["StateReasonCode"]), (&json!("Failed"), &json!("InvalidConfiguration")));
}

#[tokio::test]
async fn functions_are_found_by_many_names() {
    let cloud = Cloud::with_function().await;
    cloud.publish().await;
    for name in ["f", "111122223333:function:f", FUNCTION, "f:1", "f:%24LATEST", "function:f"] {
        cloud.get(&name.replace(':', "%3A")).await;
    }
    assert_eq!(cloud.get("f%3A1").await["Configuration"]["FunctionArn"], format!("{FUNCTION}:1"));
    assert_eq!(cloud.get("f?Qualifier=%24LATEST").await["Configuration"]["FunctionArn"], format!("{FUNCTION}:$LATEST"));
    let missing = cloud.fails("GET", &at("g"), Value::Null, "ResourceNotFoundException").await;
    assert_eq!(missing, "Function not found: arn:aws:lambda:us-east-1:111122223333:function:g");
    let missing = cloud.fails("GET", &at("f?Qualifier=7"), Value::Null, "ResourceNotFoundException").await;
    assert_eq!(missing, format!("Function not found: {FUNCTION}:7"));
    let both = cloud.fails("GET", &at("f%3A1?Qualifier=2"), Value::Null, "InvalidParameterValueException").await;
    assert_eq!(both, "The derived qualifier from the function name does not match the specified qualifier.");
    let far = FUNCTION.replace("us-east-1", "eu-west-1");
    let far = cloud.fails("GET", &at(&far), Value::Null, "ResourceNotFoundException").await;
    assert_eq!(far, "Functions from 'eu-west-1' are not reachable in this region ('us-east-1')");
}

#[tokio::test]
async fn a_name_is_taken_once_and_freed_by_deletion() {
    let cloud = Cloud::with_function().await;
    let taken = cloud.fails("POST", &at(""), wish("f", json!({})), "ResourceConflictException").await;
    assert_eq!(taken, "Function already exist: f");
    cloud.publish().await;
    cloud.ok("POST", &at("f/aliases"), json!({"Name": "live", "FunctionVersion": "1"})).await;
    cloud.ok("POST", "/2021-10-31/functions/f/url", json!({"AuthType": "NONE"})).await;
    assert_eq!(cloud.call("DELETE", &at("f"), Value::Null).await.status, 204);
    cloud.fails("GET", &at("f"), Value::Null, "ResourceNotFoundException").await;
    cloud.fails("DELETE", &at("f"), Value::Null, "ResourceNotFoundException").await;
    cloud.create("f", json!({})).await;
    assert_eq!(cloud.get("f/versions").await["Versions"].as_array().unwrap().len(), 1);
    assert_eq!(cloud.get("f/aliases").await["Aliases"], json!([]));
}

#[tokio::test]
async fn the_role_has_to_be_lambdas() {
    let cloud = Cloud::new().await;
    cloud.role("others", "ec2.amazonaws.com").await;
    for role in ["others", "missing"] {
        let arn = format!("arn:aws:iam::111122223333:role/{role}");
        let refused = cloud.refused(json!({"Role": arn}), "InvalidParameterValueException").await;
        assert_eq!(refused, "The role defined for the function cannot be assumed by Lambda.");
    }
    let foreign = json!({"Role": "arn:aws:iam::999988887777:role/runs"});
    assert_eq!(cloud.refused(foreign, "AccessDeniedException").await, "Cross-account pass role is not allowed.");
}

#[tokio::test]
async fn a_role_is_passed_on_by_who_may() {
    let cloud = Cloud::new().await;
    let statements = json!([{"Effect": "Allow", "Action": "lambda:*", "Resource": "*"}]);
    let user = cloud.user("anna", statements.clone()).await;
    let denied = user.fails("POST", &at(""), wish("g", json!({})), "AccessDeniedException").await;
    assert!(denied.contains("iam:PassRole"), "{denied}");
    let mut statements = statements;
    let condition = json!({"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}});
    let pass = json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE, "Condition": condition});
    statements.as_array_mut().unwrap().push(pass);
    let user = cloud.user("berta", statements).await;
    user.create("g", json!({})).await;
}

#[tokio::test]
async fn tags_come_and_go() {
    let cloud = Cloud::with_function().await;
    let tags = format!("/2017-03-31/tags/{}", FUNCTION.replace(':', "%3A"));
    cloud.ok("POST", &tags, json!({"Tags": {"a": "1", "b": "2"}})).await;
    cloud.ok("DELETE", &format!("{tags}?tagKeys=a"), Value::Null).await;
    assert_eq!(cloud.ok("GET", &tags, Value::Null).await["Tags"], json!({"b": "2"}));
    cloud.fails("POST", &tags, json!({"Tags": {"aws:x": "1"}}), "InvalidParameterValueException").await;
}

#[tokio::test]
async fn lists_have_pages() {
    let cloud = Cloud::new().await;
    for name in ["c", "a", "b"] {
        cloud.create(name, json!({})).await;
    }
    let first = cloud.get("?MaxItems=2").await;
    let names =
        |page: &Value| page["Functions"].as_array().unwrap().iter().map(|it| it["FunctionName"].clone()).collect::<Vec<_>>();
    assert_eq!(names(&first), [json!("a"), json!("b")]);
    let marker = first["NextMarker"].as_str().unwrap();
    let second = cloud.get(&format!("?Marker={marker}")).await;
    assert_eq!((names(&second), &second["NextMarker"]), (vec![json!("c")], &Value::Null));
    let bytes = base64(&zip("x", b"1"));
    cloud.create("d", json!({"Code": {"ZipFile": bytes}, "Publish": true})).await;
    assert_eq!(cloud.get("?FunctionVersion=ALL").await["Functions"].as_array().unwrap().len(), 5);
}

//! URLs and the small settings.

use crate::cloud::{Cloud, FUNCTION, at};
use serde_json::{Value, json};

const URL: &str = "/2021-10-31/functions/f/url";

#[tokio::test]
async fn a_function_has_a_url() {
    let cloud = Cloud::with_function().await;
    cloud.fails("GET", URL, Value::Null, "ResourceNotFoundException").await;
    let made = cloud.ok("POST", URL, json!({"AuthType": "AWS_IAM"})).await;
    let url = made["FunctionUrl"].as_str().unwrap();
    assert!(url.starts_with("http://") && url.ends_with(".lambda-url.us-east-1.localhost:4566/"), "{url}");
    assert_eq!((&made["FunctionArn"], &made["InvokeMode"]), (&json!(FUNCTION), &json!("BUFFERED")));
    let twice = cloud.fails("POST", URL, json!({"AuthType": "NONE"}), "ResourceConflictException").await;
    assert!(twice.ends_with("FunctionUrlConfig exists for this Lambda function"), "{twice}");
    let cors = json!({"AllowOrigins": ["*"], "AllowMethods": ["GET"], "MaxAge": 60});
    cloud.ok("PUT", URL, json!({"Cors": cors, "InvokeMode": "RESPONSE_STREAM"})).await;
    let shown = cloud.ok("GET", URL, Value::Null).await;
    assert_eq!((&shown["Cors"], &shown["AuthType"], &shown["FunctionUrl"]), (&cors, &json!("AWS_IAM"), &made["FunctionUrl"]));
    let odd = json!({"Cors": {"AllowMethods": ["BREW"]}});
    cloud.fails("PUT", URL, odd, "ValidationException").await;
    cloud.ok("DELETE", URL, Value::Null).await;
    cloud.fails("DELETE", URL, Value::Null, "ResourceNotFoundException").await;
}

#[tokio::test]
async fn an_alias_has_a_url_of_its_own() {
    let cloud = Cloud::with_function().await;
    cloud.publish().await;
    let alias = format!("{URL}?Qualifier=live");
    let missing = cloud.fails("POST", &alias, json!({"AuthType": "NONE"}), "ResourceNotFoundException").await;
    assert_eq!(missing, "Function does not exist");
    cloud.ok("POST", &at("f/aliases"), json!({"Name": "live", "FunctionVersion": "1"})).await;
    let made = cloud.ok("POST", &alias, json!({"AuthType": "NONE"})).await;
    assert_eq!(made["FunctionArn"], format!("{FUNCTION}:live"));
    let all = cloud.ok("GET", "/2021-10-31/functions/f/urls", Value::Null).await;
    assert_eq!(all["FunctionUrlConfigs"].as_array().unwrap().len(), 1);
    cloud.ok("DELETE", &at("f/aliases/live"), Value::Null).await;
    cloud.fails("GET", &alias, Value::Null, "ResourceNotFoundException").await;
}

#[tokio::test]
async fn loops_are_stopped_unless_somebody_wants_them() {
    let cloud = Cloud::with_function().await;
    let path = "/2024-08-31/functions/f/recursion-config";
    assert_eq!(cloud.ok("GET", path, Value::Null).await["RecursiveLoop"], "Terminate");
    cloud.ok("PUT", path, json!({"RecursiveLoop": "Allow"})).await;
    assert_eq!(cloud.ok("GET", path, Value::Null).await["RecursiveLoop"], "Allow");
    let runtime = cloud.ok("GET", "/2021-07-20/functions/f/runtime-management-config", Value::Null).await;
    assert_eq!(runtime["UpdateRuntimeOn"], "Auto");
    let signing = cloud.ok("GET", "/2020-06-30/functions/f/code-signing-config", Value::Null).await;
    assert_eq!(signing["FunctionName"], "f");
}

//! Layers.

use crate::cloud::{Cloud, at, base64, zip};
use serde_json::{Value, json};

const LAYERS: &str = "/2018-10-31/layers";

async fn publish(cloud: &Cloud, name: &str, more: Value) -> Value {
    let mut wish = json!({"Content": {"ZipFile": base64(&zip("python/lib.py", name.as_bytes()))}});
    wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    cloud.ok("POST", &format!("{LAYERS}/{name}/versions"), wish).await
}

fn arn(name: &str, version: u32) -> String {
    format!("arn:aws:lambda:us-east-1:111122223333:layer:{name}:{version}")
}

#[tokio::test]
async fn layers_have_versions() {
    let cloud = Cloud::new().await;
    let first = publish(&cloud, "lib", json!({"CompatibleRuntimes": ["python3.12"], "LicenseInfo": "MIT"})).await;
    assert_eq!((&first["LayerVersionArn"], &first["Version"]), (&json!(arn("lib", 1)), &json!(1)));
    publish(&cloud, "lib", json!({"CompatibleArchitectures": ["arm64"]})).await;
    publish(&cloud, "other", json!({})).await;
    let list = |query: &str| {
        let (cloud, path) = (cloud.clone(), format!("{LAYERS}{query}"));
        async move { cloud.ok("GET", &path, Value::Null).await["Layers"].as_array().unwrap().clone() }
    };
    assert_eq!(list("").await.len(), 2);
    let python = list("?CompatibleRuntime=python3.12").await;
    assert_eq!((python.len(), &python[0]["LatestMatchingVersion"]["Version"]), (1, &json!(1)));
    assert_eq!(list("?CompatibleRuntime=ruby3.4").await.len(), 0);
    let versions = cloud.ok("GET", &format!("{LAYERS}/lib/versions"), Value::Null).await;
    assert_eq!((&versions["LayerVersions"][0]["Version"], &versions["LayerVersions"][1]["Version"]), (&json!(2), &json!(1)));
    let by_arn = format!("{LAYERS}?find=LayerVersion&Arn={}", arn("lib", 1).replace(':', "%3A"));
    assert_eq!(cloud.ok("GET", &by_arn, Value::Null).await["LicenseInfo"], "MIT");
    cloud.ok("DELETE", &format!("{LAYERS}/lib/versions/2"), Value::Null).await;
    cloud.fails("GET", &format!("{LAYERS}/lib/versions/2"), Value::Null, "ResourceNotFoundException").await;
    assert_eq!(publish(&cloud, "lib", json!({})).await["Version"], 3);
}

#[tokio::test]
async fn a_function_lies_on_layers_that_stay() {
    let cloud = Cloud::new().await;
    publish(&cloud, "a", json!({})).await;
    publish(&cloud, "a", json!({})).await;
    publish(&cloud, "b", json!({})).await;
    let on = |layers: Value| json!({"Layers": layers});
    let twice = cloud.refused(on(json!([arn("a", 1), arn("a", 2)])), "InvalidParameterValueException").await;
    assert!(twice.starts_with("Two different versions of the same layer"), "{twice}");
    let missing = cloud.refused(on(json!([arn("c", 1)])), "InvalidParameterValueException").await;
    assert_eq!(missing, format!("Layer version {} does not exist.", arn("c", 1)));
    let many: Vec<_> = (1..7).map(|number| arn("a", number)).collect();
    let many = cloud.refused(on(json!(many)), "InvalidParameterValueException").await;
    assert_eq!(many, "Cannot reference more than 5 layers.");
    let made = cloud.create("f", on(json!([arn("b", 1), arn("a", 2)]))).await;
    assert_eq!((&made["Layers"][0]["Arn"], &made["Layers"][1]["Arn"]), (&json!(arn("b", 1)), &json!(arn("a", 2))));
    cloud.settle().await;
    cloud.ok("DELETE", &format!("{LAYERS}/b/versions/1"), Value::Null).await;
    cloud.sweep().await;
    assert_eq!(cloud.files(), 3);
    cloud.configure(json!({"Layers": []})).await;
    assert_eq!(cloud.get("f/configuration").await["Layers"], Value::Null);
    cloud.sweep().await;
    assert_eq!(cloud.files(), 2);
}

#[tokio::test]
async fn a_layer_is_shared_by_its_policy() {
    let cloud = Cloud::new().await;
    publish(&cloud, "lib", json!({})).await;
    let other = cloud.account("444455556666");
    let by_arn = format!("{LAYERS}?find=LayerVersion&Arn={}", arn("lib", 1).replace(':', "%3A"));
    other.fails("GET", &by_arn, Value::Null, "AccessDeniedException").await;
    let policy = format!("{LAYERS}/lib/versions/1/policy");
    let none = cloud.fails("GET", &policy, Value::Null, "ResourceNotFoundException").await;
    assert_eq!(none, "No policy is associated with the given resource.");
    let grant = json!({"StatementId": "s", "Action": "lambda:GetLayerVersion", "Principal": "444455556666"});
    cloud.ok("POST", &policy, grant.clone()).await;
    cloud.fails("POST", &policy, grant, "ResourceConflictException").await;
    other.ok("GET", &by_arn, Value::Null).await;
    cloud.ok("DELETE", &format!("{policy}/s"), Value::Null).await;
    other.fails("GET", &by_arn, Value::Null, "AccessDeniedException").await;
    cloud.call("GET", &at(""), Value::Null).await;
}

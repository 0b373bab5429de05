//! How many invocations at a time, and how much code.

use crate::cloud::{Cloud, at};
use serde_json::{Value, json};

const RESERVED: &str = "/2017-10-31/functions/f/concurrency";

#[tokio::test]
async fn what_is_reserved_leaves_enough_for_all_others() {
    let cloud = Cloud::with_function().await;
    let wish = |number: u32| json!({"ReservedConcurrentExecutions": number});
    let refused = cloud.fails("PUT", RESERVED, wish(901), "InvalidParameterValueException").await;
    assert!(refused.ends_with("below its minimum value of [100]."), "{refused}");
    cloud.ok("PUT", RESERVED, wish(900)).await;
    cloud.create("g", json!({})).await;
    cloud.fails("PUT", "/2017-10-31/functions/g/concurrency", wish(1), "InvalidParameterValueException").await;
    cloud.ok("PUT", RESERVED, wish(0)).await;
    assert_eq!(cloud.get("f").await["Concurrency"]["ReservedConcurrentExecutions"], 0);
    let shown = cloud.ok("GET", "/2019-09-30/functions/f/concurrency", Value::Null).await;
    assert_eq!(shown["ReservedConcurrentExecutions"], 0);
    cloud.ok("DELETE", RESERVED, Value::Null).await;
    assert_eq!(cloud.get("f").await["Concurrency"], Value::Null);
}

#[tokio::test]
async fn the_account_is_told_what_it_uses() {
    let cloud = Cloud::with_function().await;
    cloud.ok("PUT", RESERVED, json!({"ReservedConcurrentExecutions": 10})).await;
    cloud.publish().await;
    let size = cloud.get("f/configuration").await["CodeSize"].as_i64().unwrap();
    let shown = cloud.ok("GET", "/2016-08-19/account-settings", Value::Null).await;
    assert_eq!(shown["AccountUsage"], json!({"FunctionCount": 1, "TotalCodeSize": 2 * size}));
    let limit = &shown["AccountLimit"];
    assert_eq!((&limit["ConcurrentExecutions"], &limit["UnreservedConcurrentExecutions"]), (&json!(1000), &json!(990)));
    assert_eq!((&limit["TotalCodeSize"], &limit["CodeSizeUnzipped"]), (&json!(80_530_636_800_i64), &json!(262_144_000)));
}

#[tokio::test]
async fn versions_and_aliases_are_kept_ready_once() {
    let cloud = Cloud::with_function().await;
    cloud.publish().await;
    cloud.ok("POST", &at("f/aliases"), json!({"Name": "live", "FunctionVersion": "1"})).await;
    let path = |qualifier: &str| format!("/2019-09-30/functions/f/provisioned-concurrency?Qualifier={qualifier}");
    let wish = |number: u32| json!({"ProvisionedConcurrentExecutions": number});
    let none = cloud.fails("GET", &path("1"), Value::Null, "ProvisionedConcurrencyConfigNotFoundException").await;
    assert_eq!(none, "No Provisioned Concurrency Config found for this function");
    cloud.fails("PUT", &path("%24LATEST"), wish(1), "InvalidParameterValueException").await;
    cloud.fails("PUT", &path("9"), wish(1), "ResourceNotFoundException").await;
    let made = cloud.ok("PUT", &path("1"), wish(2)).await;
    assert_eq!((&made["Status"], &made["RequestedProvisionedConcurrentExecutions"]), (&json!("IN_PROGRESS"), &json!(2)));
    cloud.fails("PUT", &path("live"), wish(1), "ResourceConflictException").await;
    let low = cloud.fails("PUT", RESERVED, json!({"ReservedConcurrentExecutions": 1}), "InvalidParameterValueException").await;
    assert_eq!(low, "ReservedConcurrentExecutions 1 should not be lower than function's total provisioned concurrency [2].");
    cloud.ok("PUT", RESERVED, json!({"ReservedConcurrentExecutions": 3})).await;
    cloud.fails("PUT", &path("1"), wish(4), "InvalidParameterValueException").await;
    let all = cloud.ok("GET", "/2019-09-30/functions/f/provisioned-concurrency?List=ALL", Value::Null).await;
    assert_eq!(all["ProvisionedConcurrencyConfigs"].as_array().unwrap().len(), 1);
    cloud.ok("DELETE", &path("1"), Value::Null).await;
    cloud.ok("PUT", &path("live"), wish(1)).await;
}

//! Clusters, their container instance, and tags.

use crate::cloud::{Cloud, strings};
use serde_json::json;

#[tokio::test]
async fn a_cluster_is_made_described_listed_and_deleted() {
    let cloud = Cloud::new().await;
    let input = json!({"clusterName": "c", "tags": [{"key": "team", "value": "a"}], "capacityProviders": ["FARGATE"]});
    let made = cloud.ok("CreateCluster", input.clone()).await;
    assert_eq!(made["cluster"]["clusterArn"], "arn:aws:ecs:us-east-1:111122223333:cluster/c");
    assert_eq!(made["cluster"]["status"], "ACTIVE");
    assert_eq!(cloud.ok("CreateCluster", input).await, made, "making it again changes nothing");
    let listed = cloud.ok("ListClusters", json!({})).await;
    assert_eq!(strings(&listed["clusterArns"]), ["arn:aws:ecs:us-east-1:111122223333:cluster/c"]);
    let described = cloud.ok("DescribeClusters", json!({"clusters": ["c", "d"], "include": ["TAGS", "STATISTICS"]})).await;
    assert_eq!(described["clusters"][0]["tags"][0]["key"], "team");
    assert_eq!(described["clusters"][0]["statistics"].as_array().unwrap().len(), 8);
    assert_eq!(described["failures"][0]["reason"], "MISSING");
    let deleted = cloud.ok("DeleteCluster", json!({"cluster": "c"})).await;
    assert_eq!(deleted["cluster"]["status"], "INACTIVE");
    let again = cloud.fails("DeleteCluster", json!({"cluster": "c"})).await;
    assert_eq!(again, ("ClusterNotFoundException".into(), "Cluster not found.".into()));
    cloud.pass(3601).await;
    let described = cloud.ok("DescribeClusters", json!({"clusters": ["c"]})).await;
    assert_eq!(described["clusters"].as_array().unwrap().len(), 0);
}

#[tokio::test]
async fn what_tools_set_with_each_cluster_is_kept_and_shown() {
    let cloud = Cloud::new().await;
    let insights = |value| json!([{"name": "containerInsights", "value": value}]);
    let sessions =
        |log| json!({"executeCommandConfiguration": {"kmsKeyId": "k", "logging": "OVERRIDE", "logConfiguration": log}});
    let log = json!({"cloudWatchLogGroupName": "g", "cloudWatchEncryptionEnabled": false, "s3EncryptionEnabled": false});
    let made = cloud
        .ok("CreateCluster", json!({"clusterName": "c", "settings": insights("enabled"), "configuration": sessions(log.clone())}))
        .await;
    assert_eq!((&made["cluster"]["settings"], &made["cluster"]["configuration"]), (&insights("enabled"), &sessions(log)));
    let other =
        json!({"cloudWatchEncryptionEnabled": false, "s3BucketName": "b", "s3EncryptionEnabled": true, "s3KeyPrefix": "p"});
    cloud.ok("UpdateCluster", json!({"cluster": "c", "settings": insights("enhanced")})).await;
    cloud.ok("UpdateCluster", json!({"cluster": "c", "configuration": sessions(other.clone())})).await;
    let shown = cloud.ok("DescribeClusters", json!({"clusters": ["c"], "include": ["SETTINGS", "CONFIGURATIONS"]})).await;
    assert_eq!(shown["clusters"][0]["settings"], insights("enhanced"));
    assert_eq!(shown["clusters"][0]["configuration"], sessions(other));
}

#[tokio::test]
async fn a_cluster_is_given_capacity_providers_and_keeps_those_in_use() {
    let cloud = Cloud::furnished().await;
    let put = |providers: &[&str], strategy: &[&str]| {
        let shares: Vec<_> = strategy.iter().map(|name| json!({"capacityProvider": name, "weight": 1, "base": 0})).collect();
        json!({"cluster": "c", "capacityProviders": providers, "defaultCapacityProviderStrategy": shares})
    };
    let made = cloud.ok("PutClusterCapacityProviders", put(&["FARGATE", "FARGATE_SPOT"], &["FARGATE_SPOT"])).await;
    assert_eq!(strings(&made["cluster"]["capacityProviders"]), ["FARGATE", "FARGATE_SPOT"]);
    assert_eq!(made["cluster"]["defaultCapacityProviderStrategy"][0]["capacityProvider"], "FARGATE_SPOT");
    for refused in [put(&["mine"], &[]), put(&["FARGATE"], &["FARGATE_SPOT"])] {
        assert_eq!(cloud.fails("PutClusterCapacityProviders", refused).await.0, "InvalidParameterException");
    }
    let mut service = json!({"cluster": "c", "serviceName": "s", "taskDefinition": "web", "desiredCount": 1});
    service["networkConfiguration"] = cloud.network();
    cloud.ok("CreateService", service).await;
    let in_use = cloud.fails("PutClusterCapacityProviders", put(&["FARGATE"], &["FARGATE"])).await;
    assert_eq!(in_use.0, "ResourceInUseException");
    cloud.ok("PutClusterCapacityProviders", put(&["FARGATE_SPOT"], &[])).await;
    let shown = cloud.ok("DescribeClusters", json!({"clusters": ["c"]})).await;
    assert_eq!(strings(&shown["clusters"][0]["capacityProviders"]), ["FARGATE_SPOT"]);
}

#[tokio::test]
async fn accounts_and_regions_do_not_see_each_other() {
    let cloud = Cloud::furnished().await;
    let (account, region) = (cloud.bench.account("444455556666"), cloud.bench.region("eu-west-1"));
    for (other, code) in [(account, "AccessDeniedException"), (region, "ClusterNotFoundException")] {
        let listed = other.json("ecs", "ListClusters", json!({})).await.json();
        assert_eq!(listed["clusterArns"], json!([]));
        let arn = "arn:aws:ecs:us-east-1:111122223333:cluster/c";
        let reply = other.json("ecs", "ListTasks", json!({"cluster": arn})).await;
        assert_eq!(reply.code(), code);
    }
}

#[tokio::test]
async fn bad_input_is_refused_and_changes_nothing() {
    let cloud = Cloud::furnished().await;
    for (operation, input, code) in [
        ("CreateCluster", json!({"clusterName": "no spaces"}), "InvalidParameterException"),
        ("CreateCluster", json!({"clusterName": 7}), "SerializationException"),
        ("CreateCluster", json!({"capacityProviders": ["mine"]}), "InvalidParameterException"),
        ("CreateCluster", json!({"settings": [{"name": "containerInsights", "value": "on"}]}), "InvalidParameterException"),
        ("CreateCluster", json!({"tags": [{"key": "aws:x"}]}), "InvalidParameterException"),
        ("CreateCluster", json!({"configuration": {"managedStorageConfiguration": {}}}), "NotImplemented"),
        (
            "CreateCluster",
            json!({"configuration": {"executeCommandConfiguration": {"logging": "OVERRIDE"}}}),
            "InvalidParameterException",
        ),
        ("CreateCluster", json!({"serviceConnectDefaults": {"namespace": "n"}}), "NotImplemented"),
        ("UpdateCluster", json!({"cluster": "d"}), "ClusterNotFoundException"),
        ("DeleteCluster", json!({}), "InvalidParameterException"),
        ("DescribeClusters", json!({"clusters": ["arn:aws:s3:::x"]}), "InvalidParameterException"),
        ("ListClusters", json!({"maxResults": 0}), "InvalidParameterException"),
        ("ListClusters", json!({"nextToken": "nonsense"}), "InvalidParameterException"),
        ("ListContainerInstances", json!({"cluster": "d"}), "ClusterNotFoundException"),
        ("DescribeContainerInstances", json!({"cluster": "c", "containerInstances": []}), "InvalidParameterException"),
        ("TagResource", json!({"resourceArn": "x", "tags": []}), "InvalidParameterException"),
        (
            "TagResource",
            json!({"resourceArn": "arn:aws:ecs:us-east-1:111122223333:cluster/d", "tags": [{"key": "a"}]}),
            "ResourceNotFoundException",
        ),
        (
            "ListTagsForResource",
            json!({"resourceArn": "arn:aws:ecs:us-east-1:111122223333:cluster/d"}),
            "InvalidParameterException",
        ),
    ] {
        assert_eq!(cloud.fails(operation, input.clone()).await.0, code, "{operation} {input}");
    }
}

#[tokio::test]
async fn a_cluster_in_use_is_not_deleted() {
    let cloud = Cloud::furnished().await;
    let network = cloud.network();
    let run = json!({"cluster": "c", "taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": network});
    cloud.ok("RunTask", run).await;
    cloud.settle().await;
    assert_eq!(cloud.fails("DeleteCluster", json!({"cluster": "c"})).await.0, "ClusterContainsTasksException");
}

#[tokio::test]
async fn tags_come_and_go() {
    let cloud = Cloud::furnished().await;
    for arn in ["cluster/c", "task-definition/web:1"].map(|it| format!("arn:aws:ecs:us-east-1:111122223333:{it}")) {
        cloud
            .ok("TagResource", json!({"resourceArn": arn, "tags": [{"key": "a", "value": "1"}, {"key": "b", "value": "2"}]}))
            .await;
        cloud.ok("UntagResource", json!({"resourceArn": arn, "tagKeys": ["a"]})).await;
        let tags = cloud.ok("ListTagsForResource", json!({"resourceArn": arn})).await;
        assert_eq!(tags["tags"], json!([{"key": "b", "value": "2"}]));
    }
}

//! Services: made, kept, rolled over, rolled back, deleted.

use crate::cloud::Cloud;
use model::elbv2;
use serde_json::{Value, json};

fn create(cloud: &Cloud, more: Value) -> Value {
    let mut input = json!({"cluster": "c", "serviceName": "web", "taskDefinition": "web", "desiredCount": 2, "launchType": "FARGATE",
        "networkConfiguration": cloud.network()});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    input
}

async fn made(more: Value) -> Cloud {
    let cloud = Cloud::furnished().await;
    cloud.ok("CreateService", create(&cloud, more)).await;
    cloud.settle().await;
    cloud
}

#[tokio::test]
async fn a_service_keeps_its_count() {
    let cloud = made(json!({})).await;
    let service = cloud.service().await;
    assert_eq!(
        (&service["status"], &service["runningCount"], &service["pendingCount"]),
        (&json!("ACTIVE"), &json!(2), &json!(0))
    );
    assert_eq!(service["deployments"][0]["rolloutState"], "COMPLETED");
    assert_eq!(cloud.said().await.last().unwrap(), "(service web) has reached a steady state.");

    cloud.pass(60).await;
    let first = cloud.running().await.remove(0);
    cloud.kill(&first, 137).await;
    let now = cloud.running().await;
    assert!(now.len() == 2 && !now.contains(&first), "the dead task was replaced");
    let task = cloud.task(&now[0]).await;
    assert_eq!(task["group"], "service:web");
    let platforms = [&service["platformVersion"], &service["deployments"][0]["platformVersion"], &task["platformVersion"]];
    assert_eq!(platforms, ["LATEST", "1.4.0", "1.4.0"], "a service says what was asked for, the rest what it stands for");

    cloud.ok("UpdateService", json!({"cluster": "c", "service": "web", "desiredCount": 3})).await;
    cloud.settle().await;
    assert_eq!(cloud.running().await.len(), 3);
    assert_eq!(cloud.service().await["deployments"].as_array().unwrap().len(), 1, "a new count is no new deployment");
}

#[tokio::test]
async fn a_new_definition_rolls_over() {
    let cloud = made(json!({})).await;
    cloud.pass(60).await;
    let old = cloud.running().await;
    cloud.register("web", "docker.io/library/httpd").await;
    let answer = cloud.ok("UpdateService", json!({"cluster": "c", "service": "web", "taskDefinition": "web"})).await;
    let deployments = &answer["service"]["deployments"];
    assert_eq!((&deployments[0]["status"], &deployments[0]["rolloutState"]), (&json!("PRIMARY"), &json!("IN_PROGRESS")));
    assert_eq!((&deployments[1]["status"], &deployments[1]["runningCount"]), (&json!("ACTIVE"), &json!(2)));
    cloud.settle().await;
    assert_eq!(cloud.running().await.len(), 4, "new tasks stand beside old ones until they are trusted");
    cloud.pass(40).await;
    let now = cloud.running().await;
    assert!(now.len() == 2 && now.iter().all(|arn| !old.contains(arn)));
    let service = cloud.service().await;
    assert_eq!(service["deployments"].as_array().unwrap().len(), 1);
    assert_eq!(service["taskDefinition"], "arn:aws:ecs:us-east-1:111122223333:task-definition/web:2");
    let stopped = cloud.task(&old[0]).await;
    assert_eq!(stopped["stopCode"], "ServiceSchedulerInitiated");
    assert!(stopped["stoppedReason"].as_str().unwrap().starts_with("Scaling activity initiated by (deployment ecs-svc/"));
}

#[tokio::test]
async fn forcing_a_deployment_replaces_tasks_of_the_same_definition() {
    let cloud = made(json!({})).await;
    cloud.pass(60).await;
    let old = cloud.running().await;
    cloud.ok("UpdateService", json!({"cluster": "c", "service": "web", "forceNewDeployment": true})).await;
    cloud.settle().await;
    cloud.pass(40).await;
    let now = cloud.running().await;
    assert!(now.len() == 2 && now.iter().all(|arn| !old.contains(arn)));
}

#[tokio::test]
async fn the_circuit_breaker_rolls_back() {
    let breaker = json!({"deploymentConfiguration": {"deploymentCircuitBreaker": {"enable": true, "rollback": true}}});
    let cloud = made(breaker).await;
    cloud.pass(60).await;
    let old = cloud.running().await;
    cloud.register("web", "111122223333.dkr.ecr.us-east-1.amazonaws.com/ghost").await;
    cloud.ok("UpdateService", json!({"cluster": "c", "service": "web", "taskDefinition": "web:2"})).await;
    cloud.settle().await;
    for _ in 0..4 {
        cloud.pass(60).await;
    }
    let mut now = cloud.running().await;
    now.sort();
    let mut old = old;
    old.sort();
    assert_eq!(now, old, "the old tasks serve on");
    let service = cloud.service().await;
    assert_eq!(service["taskDefinition"], "arn:aws:ecs:us-east-1:111122223333:task-definition/web:1");
    let said = cloud.said().await;
    assert!(said.iter().any(|text| text.contains("deployment failed: tasks failed to start.")), "{said:#?}");
    assert!(said.iter().any(|text| text.contains("rolling back to deployment ecs-svc/")), "{said:#?}");
}

#[tokio::test]
async fn a_balanced_service_registers_waits_for_health_and_drains() {
    let cloud = Cloud::furnished().await;
    let group = cloud.target_group("web", true).await;
    let balancers = json!([{"targetGroupArn": group, "containerName": "web", "containerPort": 80}]);
    cloud.ok("CreateService", create(&cloud, json!({"loadBalancers": balancers, "healthCheckGracePeriodSeconds": 30}))).await;
    cloud.settle().await;
    assert_eq!(cloud.targets().len(), 2);
    let service = cloud.service().await;
    assert_eq!((&service["runningCount"], &service["deployments"][0]["rolloutState"]), (&json!(2), &json!("IN_PROGRESS")));
    cloud.set_health(elbv2::Health::Healthy).await;
    assert_eq!(cloud.service().await["deployments"][0]["rolloutState"], "COMPLETED");
    // The scheduler may look between the two registrations, and then says it twice of one each.
    let ending = format!(" targets in (target-group {group})");
    let said = cloud.said().await;
    let counts =
        said.iter().filter_map(|text| text.strip_prefix("(service web) registered ")?.strip_suffix(&ending)?.parse::<u32>().ok());
    assert_eq!(counts.sum::<u32>(), 2);

    cloud.ok("UpdateService", json!({"cluster": "c", "service": "web", "desiredCount": 1})).await;
    cloud.settle().await;
    let workloads = cloud.workloads();
    assert!(workloads.len() == 2 && workloads.iter().all(|workload| workload.run), "no SIGTERM before the target has drained");
    assert_eq!(cloud.targets().iter().filter(|(_, draining)| *draining).count(), 1);
    cloud.finish_draining().await;
    assert_eq!(cloud.workloads().len(), 1);
    assert!(cloud.said().await.contains(&"(service web) has begun draining connections on 1 tasks.".to_string()));
}

#[tokio::test]
async fn an_unhealthy_target_has_its_task_replaced_after_the_grace_period() {
    let cloud = Cloud::furnished().await;
    let group = cloud.target_group("web", true).await;
    let balancers = json!([{"targetGroupArn": group, "containerName": "web", "containerPort": 80}]);
    let more = json!({"loadBalancers": balancers, "healthCheckGracePeriodSeconds": 30, "desiredCount": 1});
    cloud.ok("CreateService", create(&cloud, more)).await;
    cloud.settle().await;
    let first = cloud.running().await.remove(0);
    let unhealthy = elbv2::Health::Unhealthy { reason: "Target.Timeout".into(), description: "Request timed out".into() };
    cloud.set_health(unhealthy).await;
    assert_eq!(cloud.running().await, std::slice::from_ref(&first), "within the grace period nothing happens");
    cloud.pass(31).await;
    let stopped = cloud.task(&first).await;
    assert_eq!(stopped["stoppedReason"], format!("Task failed ELB health checks in (target-group {group})"));
    assert_ne!(cloud.running().await, [first]);
}

#[tokio::test]
async fn a_service_is_deleted_when_it_wants_nothing_or_by_force() {
    let cloud = made(json!({})).await;
    let refused = cloud.fails("DeleteService", json!({"cluster": "c", "service": "web"})).await;
    assert_eq!(refused, ("InvalidParameterException".into(), "The service cannot be stopped while it is scaled above 0.".into()));
    let answer = cloud.ok("DeleteService", json!({"cluster": "c", "service": "web", "force": true})).await;
    assert_eq!(answer["service"]["status"], "DRAINING");
    let draining = cloud.fails("CreateService", create(&cloud, json!({}))).await;
    assert_eq!(draining.1, "Unable to Start a service that is still Draining.");
    let inactive = cloud.fails("UpdateService", json!({"cluster": "c", "service": "web", "desiredCount": 1})).await;
    assert_eq!(inactive, ("ServiceNotActiveException".into(), "Service was not ACTIVE.".into()));
    cloud.settle().await;
    assert_eq!(cloud.service().await["status"], "INACTIVE");
    assert_eq!((cloud.running().await.len(), cloud.interfaces()), (0, 0));
    cloud.bench.advance(std::time::Duration::from_secs(1));
    cloud.ok("CreateService", create(&cloud, json!({"desiredCount": 1}))).await;
    cloud.settle().await;
    assert_eq!(cloud.service().await["runningCount"], 1);
    cloud.ok("DeleteService", json!({"cluster": "c", "service": "web", "force": true})).await;
    cloud.settle().await;
    cloud.pass(3601).await;
    let described = cloud.ok("DescribeServices", json!({"cluster": "c", "services": ["web"]})).await;
    assert_eq!(described["failures"][0]["reason"], "MISSING");
}

#[tokio::test]
async fn capacity_providers_are_shared_out() {
    let cloud = Cloud::new().await;
    cloud.ok("CreateCluster", json!({"clusterName": "c", "capacityProviders": ["FARGATE", "FARGATE_SPOT"]})).await;
    cloud.register("web", "nginx").await;
    let strategy =
        json!([{"capacityProvider": "FARGATE", "base": 1, "weight": 1}, {"capacityProvider": "FARGATE_SPOT", "weight": 3}]);
    let mut input = create(&cloud, json!({"desiredCount": 5, "capacityProviderStrategy": strategy}));
    input.as_object_mut().unwrap().remove("launchType");
    cloud.ok("CreateService", input).await;
    cloud.settle().await;
    let mut spot = 0;
    for arn in cloud.running().await {
        spot += usize::from(cloud.task(&arn).await["capacityProviderName"] == "FARGATE_SPOT");
    }
    assert_eq!(spot, 3);
}

#[tokio::test]
async fn managed_and_propagated_tags_reach_tasks() {
    let cloud =
        made(json!({"enableECSManagedTags": true, "propagateTags": "SERVICE", "tags": [{"key": "a", "value": "b"}]})).await;
    let task = cloud.task(&cloud.running().await[0]).await;
    let tags: Vec<&str> = task["tags"].as_array().unwrap().iter().map(|tag| tag["key"].as_str().unwrap()).collect();
    assert_eq!(tags, ["a", "aws:ecs:clusterName", "aws:ecs:serviceName"]);
}

#[tokio::test]
async fn bad_input_is_refused_and_changes_nothing() {
    let cloud = made(json!({})).await;
    let lonely = cloud.target_group("lonely", false).await;
    let group = cloud.target_group("web", true).await;
    let balancer = |group: &str, container: &str, port: u16| json!({"serviceName": "x", "loadBalancers": [{"targetGroupArn": group, "containerName": container, "containerPort": port}]});
    let invalid = "InvalidParameterException";
    for (more, code, message) in [
        (json!({}), invalid, "Creation of service was not idempotent."),
        (
            json!({"serviceName": "no spaces"}),
            invalid,
            "Service names can have up to 255 letters, numbers, underscores, and hyphens.",
        ),
        (json!({"serviceName": "x", "desiredCount": -1}), invalid, "desiredCount must be between 0 and 5000."),
        (json!({"serviceName": "x", "taskDefinition": "ghost"}), "ClientException", "TaskDefinition not found."),
        (balancer(&group, "ghost", 80), invalid, "The container ghost does not exist in the task definition."),
        (balancer(&group, "web", 81), invalid, "The container web did not have a container port 81 defined."),
        (
            json!({"serviceName": "x", "healthCheckGracePeriodSeconds": 5}),
            invalid,
            "Health check grace period is only valid for services configured to use load balancers",
        ),
        (
            json!({"serviceName": "x", "deploymentConfiguration": {"maximumPercent": 100, "minimumHealthyPercent": 100}}),
            invalid,
            "Both maximumPercent and minimumHealthyPercent cannot be 100 as this will block deployments.",
        ),
        (
            json!({"serviceName": "x", "schedulingStrategy": "DAEMON"}),
            "NotImplemented",
            "The parameter schedulingStrategy (DAEMON) of ecs is not implemented.",
        ),
    ] {
        let input = create(&cloud, more);
        assert_eq!(cloud.fails("CreateService", input.clone()).await, (code.into(), message.into()), "{input}");
    }
    let (_, message) = cloud.fails("CreateService", create(&cloud, balancer(&lonely, "web", 80))).await;
    assert_eq!(message, format!("The target group with targetGroupArn {lonely} does not have an associated load balancer."));
    for (operation, input, code) in [
        ("UpdateService", json!({"cluster": "c", "service": "ghost"}), "ServiceNotFoundException"),
        ("UpdateService", json!({"cluster": "c", "service": "web", "taskDefinition": "ghost"}), "ClientException"),
        ("UpdateService", json!({"cluster": "c", "service": "web", "enableExecuteCommand": true}), "NotImplemented"),
        ("DeleteService", json!({"cluster": "c", "service": "ghost"}), "ServiceNotFoundException"),
        ("DescribeServices", json!({"cluster": "c", "services": []}), invalid),
        ("ListServices", json!({"cluster": "ghost"}), "ClusterNotFoundException"),
    ] {
        assert_eq!(cloud.fails(operation, input.clone()).await.0, code, "{operation} {input}");
    }
}

/// A service of one task of the family `web` on the cluster's container instance, behind a load balancer.
async fn on_instance(mode: &str) -> Cloud {
    let cloud = Cloud::new().await;
    cloud.ok("CreateCluster", json!({"clusterName": "c"})).await;
    let container = json!({"name": "web", "image": "nginx", "memory": 64, "portMappings": [{"containerPort": 80}]});
    cloud.ok("RegisterTaskDefinition", json!({"family": "web", "networkMode": mode, "containerDefinitions": [container]})).await;
    let group = cloud.target_group_of(elbv2::TargetType::Instance, "web", true).await;
    let balancers = json!([{"targetGroupArn": group, "containerName": "web", "containerPort": 80}]);
    let input =
        json!({"cluster": "c", "serviceName": "web", "taskDefinition": "web", "desiredCount": 1, "loadBalancers": balancers});
    cloud.ok("CreateService", input).await;
    cloud.settle().await;
    cloud
}

#[tokio::test]
async fn on_a_container_instance_targets_are_the_instance_and_the_mapped_port() {
    for (mode, port) in [("bridge", 32768), ("host", 80)] {
        let cloud = on_instance(mode).await;
        let task = cloud.task(&cloud.running().await[0]).await;
        assert_eq!(task["containers"][0]["networkBindings"][0]["hostPort"], port, "{mode}");
        assert_eq!((&task["launchType"], &task["attachments"]), (&json!("EC2"), &json!([])));
        let (target, _) = cloud.targets().remove(0);
        let (_, id, target_port) = target.parts().unwrap();
        assert!(id.starts_with("i-") && target_port == port, "{id}:{target_port}");
    }
}

#[tokio::test]
async fn where_the_instance_has_no_room_the_service_says_so_and_goes_on_when_there_is() {
    let cloud = on_instance("host").await;
    cloud.ok("UpdateService", json!({"cluster": "c", "service": "web", "desiredCount": 2})).await;
    cloud.settle().await;
    let said = cloud.said().await;
    let unplaced: Vec<&String> = said.iter().filter(|text| text.contains("was unable to place a task")).collect();
    assert!(unplaced.len() == 1 && unplaced[0].contains("is already using a port required by your task"), "{said:#?}");
    assert_eq!(cloud.running().await.len(), 1);
    cloud.ok("DeleteService", json!({"cluster": "c", "service": "web", "force": true})).await;
    cloud.settle().await;
    cloud.finish_draining().await;
    cloud.ok("DeleteCluster", json!({"cluster": "c"})).await;
    assert_eq!(cloud.interfaces(), 0, "the container instance goes with its cluster");
}

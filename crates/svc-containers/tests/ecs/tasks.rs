//! Tasks from `RunTask` to their end.

use crate::cloud::{Cloud, fargate, place, strings};
use agent_proto::workload::ImageSource;
use model::{
    Key, Timestamp,
    ecr::{ImageSpec, ImageTagSpec, Mutability, Repository, RepositorySpec},
    logs::{LogGroup, LogGroupSpec, LogSource, LogStream},
};
use serde_json::{Value, json};
use spine::{Read, Scope};

async fn run(cloud: &Cloud, more: Value) -> Value {
    let mut input =
        json!({"cluster": "c", "taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": cloud.network()});
    input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    cloud.ok("RunTask", input).await
}

fn arns(answer: &Value) -> Vec<String> {
    answer["tasks"].as_array().unwrap().iter().map(|task| task["taskArn"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_task_lives_from_run_task_to_stop_task() {
    let cloud = Cloud::furnished().await;
    let answer = run(&cloud, json!({"startedBy": "me"})).await;
    assert_eq!((&answer["tasks"][0]["lastStatus"], &answer["failures"]), (&json!("PROVISIONING"), &json!([])));
    let arn = arns(&answer).remove(0);
    cloud.settle().await;
    let task = cloud.task(&arn).await;
    assert_eq!(task["lastStatus"], "RUNNING");
    assert_eq!(task["group"], "family:web");
    assert_eq!(task["containers"][0]["lastStatus"], "RUNNING");
    assert_eq!(task["attachments"][0]["status"], "ATTACHED");
    let address = task["containers"][0]["networkInterfaces"][0]["privateIpv4Address"].as_str().unwrap();
    assert!(address.starts_with("172.31."), "{address}");
    assert_eq!(cloud.interfaces(), 1);

    let stopping = cloud.ok("StopTask", json!({"cluster": "c", "task": arn, "reason": "enough"})).await;
    assert_eq!(stopping["task"]["desiredStatus"], "STOPPED");
    cloud.settle().await;
    let task = cloud.task(&arn).await;
    assert_eq!(
        (&task["lastStatus"], &task["stopCode"], &task["stoppedReason"]),
        (&json!("STOPPED"), &json!("UserInitiated"), &json!("enough"))
    );
    assert_eq!(task["containers"][0]["exitCode"], 143);
    assert_eq!((cloud.interfaces(), cloud.workloads().len()), (0, 0));
    assert_eq!(cloud.running().await.len(), 0);
    let stopped = cloud.ok("ListTasks", json!({"cluster": "c", "desiredStatus": "STOPPED"})).await;
    assert_eq!(strings(&stopped["taskArns"]), std::slice::from_ref(&arn));

    cloud.pass(3601).await;
    let missing = cloud.ok("DescribeTasks", json!({"cluster": "c", "tasks": [arn]})).await;
    assert_eq!(missing["failures"][0]["reason"], "MISSING");
}

#[tokio::test]
async fn a_task_whose_essential_container_ends_stops_with_its_exit_code() {
    let cloud = Cloud::furnished().await;
    let arn = arns(&run(&cloud, json!({})).await).remove(0);
    cloud.settle().await;
    cloud.kill(&arn, 3).await;
    let task = cloud.task(&arn).await;
    assert_eq!(task["lastStatus"], "STOPPED");
    assert_eq!(
        (&task["stopCode"], &task["stoppedReason"]),
        (&json!("EssentialContainerExited"), &json!("Essential container in task exited"))
    );
    assert_eq!(task["containers"][0]["exitCode"], 3);
}

#[tokio::test]
async fn a_missing_image_stops_the_task_with_a_reason() {
    let cloud = Cloud::furnished().await;
    cloud.register("ghost", "111122223333.dkr.ecr.us-east-1.amazonaws.com/ghost:1").await;
    let arn = arns(&run(&cloud, json!({"taskDefinition": "ghost"})).await).remove(0);
    cloud.settle().await;
    let task = cloud.task(&arn).await;
    assert_eq!((&task["lastStatus"], &task["stopCode"]), (&json!("STOPPED"), &json!("TaskFailedToStart")));
    let reason = task["stoppedReason"].as_str().unwrap();
    assert!(reason.starts_with("CannotPullContainerError: ") && reason.contains("'ghost' does not exist"), "{reason}");
    assert_eq!(cloud.interfaces(), 0);
}

#[tokio::test]
async fn an_image_for_another_architecture_stops_the_task_with_a_reason() {
    let cloud = Cloud::furnished().await;
    let mut input = fargate("arm", json!([{"name": "web", "image": "nginx"}]));
    input["runtimePlatform"] = json!({"cpuArchitecture": "ARM64"});
    cloud.ok("RegisterTaskDefinition", input).await;
    let arn = arns(&run(&cloud, json!({"taskDefinition": "arm"})).await).remove(0);
    cloud.settle().await;
    let task = cloud.task(&arn).await;
    assert_eq!((&task["lastStatus"], &task["stopCode"]), (&json!("STOPPED"), &json!("TaskFailedToStart")));
    assert!(task["stoppedReason"].as_str().unwrap().contains("ARM64"));
}

#[tokio::test]
async fn tasks_are_spread_over_subnets() {
    let cloud = Cloud::furnished().await;
    let answer = run(&cloud, json!({"count": 3})).await;
    cloud.settle().await;
    let mut zones = Vec::new();
    for arn in arns(&answer) {
        zones.push(cloud.task(&arn).await["availabilityZone"].clone());
    }
    zones.sort_by_key(Value::to_string);
    assert_eq!(zones, ["us-east-1a", "us-east-1b", "us-east-1c"]);
}

#[tokio::test]
async fn overrides_reach_the_workload() {
    let cloud = Cloud::furnished().await;
    let container = json!({"name": "web", "command": ["echo"], "environment": [{"name": "A", "value": "b"}], "cpu": 7});
    run(&cloud, json!({"overrides": {"containerOverrides": [container], "cpu": "512", "memory": "1024"}})).await;
    cloud.settle().await;
    let workload = cloud.workloads().remove(0);
    assert_eq!((workload.limits.cpu_quota, workload.limits.memory_mib), (Some(512), Some(1024)));
    let container = &workload.containers[0];
    assert_eq!((container.command.as_deref(), container.limits.cpu_shares), (Some(&["echo".to_string()][..]), Some(7)));
    assert_eq!(container.environment["A"], "b");
}

#[tokio::test]
async fn the_same_token_runs_nothing_twice() {
    let cloud = Cloud::furnished().await;
    let first = arns(&run(&cloud, json!({"clientToken": "t", "count": 2})).await);
    let mut again = arns(&run(&cloud, json!({"clientToken": "t", "count": 2})).await);
    again.sort();
    let mut first = first;
    first.sort();
    assert_eq!(first, again);
    let other = json!({"cluster": "c", "taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": cloud.network(),
        "clientToken": "t", "count": 2, "startedBy": "another"});
    assert_eq!(cloud.fails("RunTask", other).await.0, "ConflictException");
}

#[tokio::test]
async fn logs_need_their_group_and_hold_the_workload_until_they_are_read() {
    let cloud = Cloud::furnished().await;
    let options = json!({"awslogs-group": "/app", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "p"});
    let container = json!({"name": "web", "image": "nginx", "logConfiguration": {"logDriver": "awslogs", "options": options}});
    cloud.ok("RegisterTaskDefinition", fargate("logged", json!([container]))).await;
    let failed = arns(&run(&cloud, json!({"taskDefinition": "logged"})).await).remove(0);
    cloud.settle().await;
    let reason = cloud.task(&failed).await["stoppedReason"].as_str().unwrap().to_owned();
    assert!(reason.starts_with("ResourceInitializationError: failed to validate logger args"), "{reason}");
    assert_eq!(cloud.interfaces(), 0);

    let (account, region) = place();
    let group = LogGroupSpec {
        uid: "u".into(),
        created: Timestamp(0),
        retention_days: None,
        deletion_protected: false,
        tags: Default::default(),
    };
    cloud.write(|tx| tx.create(&Key::<LogGroup>::new(&account, &region, "/app"), &group)).await;
    let arn = arns(&run(&cloud, json!({"taskDefinition": "logged"})).await).remove(0);
    let id = model::ecs::short_id(&arn).to_owned();
    cloud.settle().await;
    let stream = Key::<LogStream>::new(&account, &region, format!("/app:p/web/{id}"));
    assert!(cloud.bench.store.snapshot().exists(&stream).unwrap());
    cloud.ok("StopTask", json!({"cluster": "c", "task": arn})).await;
    cloud.settle().await;
    assert_eq!(cloud.workloads().len(), 1, "its output has not been read");
    let (source, _) = cloud.bench.store.snapshot().specs::<LogSource>(Scope::All).unwrap().remove(0);
    cloud.write(|tx| tx.update_plan(&source, |plan| plan.drained = true)).await;
    cloud.settle().await;
    assert_eq!(cloud.workloads().len(), 0);
    assert!(!cloud.bench.store.snapshot().exists(&source).unwrap());
}

#[tokio::test]
async fn a_container_instance_takes_what_it_has_room_for() {
    let cloud = Cloud::furnished().await;
    let container = json!({"name": "web", "image": "nginx", "cpu": 1024, "memory": 128, "portMappings": [{"containerPort": 80, "hostPort": 8080}]});
    cloud.ok("RegisterTaskDefinition", json!({"family": "port", "containerDefinitions": [container]})).await;
    let answer = cloud.ok("RunTask", json!({"cluster": "c", "taskDefinition": "port", "count": 2})).await;
    assert_eq!((arns(&answer).len(), &answer["failures"][0]["reason"]), (1, &json!("RESOURCE:PORTS")));
    let container = json!({"name": "web", "image": "nginx", "cpu": 1024, "memory": 128});
    cloud.ok("RegisterTaskDefinition", json!({"family": "cpu", "containerDefinitions": [container]})).await;
    let answer = cloud.ok("RunTask", json!({"cluster": "c", "taskDefinition": "cpu", "count": 2})).await;
    assert_eq!((arns(&answer).len(), &answer["failures"][0]["reason"]), (1, &json!("RESOURCE:CPU")));
    cloud.settle().await;
    let listed = strings(&cloud.ok("ListContainerInstances", json!({"cluster": "c"})).await["containerInstanceArns"]);
    let described = cloud.ok("DescribeContainerInstances", json!({"cluster": "c", "containerInstances": listed})).await;
    let instance = &described["containerInstances"][0];
    assert_eq!((&instance["runningTasksCount"], &instance["remainingResources"][0]["integerValue"]), (&json!(2), &json!(0)));
    assert!(instance["ec2InstanceId"].as_str().unwrap().starts_with("i-"));
}

#[tokio::test]
async fn bad_input_is_refused_and_changes_nothing() {
    let cloud = Cloud::furnished().await;
    let network = cloud.network();
    let good = json!({"cluster": "c", "taskDefinition": "web", "launchType": "FARGATE", "networkConfiguration": network});
    let with = |more: Value| {
        let mut input = good.clone();
        input.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        input
    };
    for (input, code, message) in [
        (with(json!({"cluster": "d"})), "ClusterNotFoundException", "Cluster not found."),
        (with(json!({"taskDefinition": "ghost"})), "ClientException", "TaskDefinition not found."),
        (with(json!({"count": 11})), "InvalidParameterException", "count must be between 1 and 10."),
        (
            with(json!({"networkConfiguration": null})),
            "InvalidParameterException",
            "Network Configuration must be provided when networkMode 'awsvpc' is specified.",
        ),
        (
            with(json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": []}}})),
            "InvalidParameterException",
            "subnets can not be empty.",
        ),
        (
            with(json!({"networkConfiguration": {"awsvpcConfiguration": {"subnets": ["subnet-1"]}}})),
            "InvalidParameterException",
            "Error retrieving subnet information for [subnet-1]: The subnet ID 'subnet-1' does not exist (ErrorCode: InvalidSubnetID.NotFound)",
        ),
        (
            with(json!({"overrides": {"containerOverrides": [{"name": "ghost"}]}})),
            "InvalidParameterException",
            "Override for container named ghost is not a container in the TaskDefinition.",
        ),
        (
            with(json!({"capacityProviderStrategy": [{"capacityProvider": "FARGATE"}]})),
            "InvalidParameterException",
            "Specifying both a launch type and capacity provider strategy is not supported. Remove one and try again.",
        ),
        (
            with(json!({"overrides": {"memory": "100"}})),
            "ClientException",
            "No Fargate configuration exists for given values: 256 CPU, 100 memory. See the Amazon ECS documentation for the valid values.",
        ),
        (with(json!({"platformVersion": "9.9.9"})), "PlatformUnknownException", "The specified platform does not exist."),
        (
            with(json!({"enableExecuteCommand": true})),
            "NotImplemented",
            "The parameter enableExecuteCommand of ecs is not implemented.",
        ),
    ] {
        assert_eq!(cloud.fails("RunTask", input.clone()).await, (code.into(), message.into()), "{input}");
    }
    for (operation, input, code) in [
        ("StopTask", json!({"cluster": "c", "task": "0123"}), "InvalidParameterException"),
        ("DescribeTasks", json!({"cluster": "c", "tasks": []}), "InvalidParameterException"),
        ("ListTasks", json!({"cluster": "c", "serviceName": "ghost"}), "ServiceNotFoundException"),
        ("ListTasks", json!({"cluster": "c", "maxResults": 1000}), "InvalidParameterException"),
    ] {
        assert_eq!(cloud.fails(operation, input.clone()).await.0, code, "{operation} {input}");
    }
}

#[tokio::test]
async fn an_image_of_the_own_registry_is_resolved_to_its_digest() {
    let cloud = Cloud::furnished().await;
    let (account, region) = place();
    let (repository, digest) = (Key::<Repository>::new(&account, &region, "web"), format!("sha256:{}", "0".repeat(64)));
    let mutability = Mutability { mutable: true, exclusions: Vec::new() };
    let image = ImageSpec {
        pushed_at: Timestamp(0),
        media_type: "application/vnd.oci.image.manifest.v1+json".into(),
        artifact_type: None,
        manifest_size: 1,
        size: 1,
        layers: Vec::new(),
        manifests: Vec::new(),
        subject: None,
        annotations: Default::default(),
    };
    cloud
        .write(|tx| {
            let spec = RepositorySpec {
                created_at: Timestamp(0),
                mutability: mutability.clone(),
                tags: Default::default(),
                policy: None,
            };
            tx.create(&repository, &spec)?;
            tx.create(&repository.image(&digest), &image)?;
            tx.create(&repository.tag("v1"), &ImageTagSpec { digest: digest.clone() })
        })
        .await;
    for reference in ["111122223333.dkr.ecr.us-east-1.localhost:4566/web:v1", "localhost:4566/web:v1"] {
        cloud.register("own", reference).await;
        let arn = arns(&run(&cloud, json!({"taskDefinition": "own"})).await).remove(0);
        cloud.settle().await;
        assert_eq!(cloud.task(&arn).await["lastStatus"], "RUNNING", "{reference}");
    }
    let wanted = ImageSource::Registry { namespace: "ecr/111122223333/us-east-1".into(), digest };
    assert!(cloud.workloads().iter().all(|workload| workload.containers[0].image.source == wanted));
}

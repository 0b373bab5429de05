//! The roles of tasks: credentials that are issued, renewed and taken away, and what of them the edge is told.

use crate::cloud::{Cloud, fargate, place, strings};
use agent_proto::edge::{Metadata, RoleCredentials};
use front::{credentials, testing::Signer};
use model::{
    AccountId, Key, Timestamp,
    ecr::{Mutability, Repository, RepositorySpec},
    ecs::Task,
    iam::{AccessKey, Permissions, Principal, Role, RoleSpec, User, UserSpec},
};
use serde_json::{Value, json};
use spine::{Read, StoreError};
use std::collections::BTreeMap;
use svc_containers::ecs;

const ROLE: &str = "arn:aws:iam::111122223333:role/service/app";
const HOUR: u64 = 3600;

fn trusting(service: &str) -> String {
    let statement = json!({"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"});
    json!({"Version": "2012-10-17", "Statement": [statement]}).to_string()
}

fn role(trust: &str) -> RoleSpec {
    RoleSpec {
        name: "app".into(),
        path: "/service/".into(),
        id: "AROAEXAMPLE".into(),
        created_at: Timestamp(0),
        description: None,
        trust: trust.into(),
        max_session_s: 3600,
        tags: Default::default(),
        boundary: None,
        permissions: Default::default(),
    }
}

fn role_key() -> Key<Role> {
    Key::named(&place().0, "app")
}

/// A cloud with a role that ECS may assume, and a definition `app` that names it.
async fn cloud() -> Cloud {
    let cloud = Cloud::furnished().await;
    cloud.write(|tx| tx.create(&role_key(), &role(&trusting("ecs-tasks.amazonaws.com")))).await;
    register(&cloud, "app", ROLE).await;
    cloud
}

async fn register(cloud: &Cloud, family: &str, role: &str) -> Value {
    let mut definition = fargate(family, json!([{"name": "web", "image": "docker.io/library/nginx"}]));
    definition["taskRoleArn"] = json!(role);
    cloud.ok("RegisterTaskDefinition", definition).await
}

fn wish(cloud: &Cloud, family: &str) -> Value {
    json!({"cluster": "c", "taskDefinition": family, "launchType": "FARGATE", "networkConfiguration": cloud.network()})
}

async fn run(cloud: &Cloud, wish: Value) -> String {
    let answer = cloud.ok("RunTask", wish).await;
    cloud.settle().await;
    answer["tasks"][0]["taskArn"].as_str().unwrap().to_owned()
}

fn told(cloud: &Cloud) -> BTreeMap<String, Metadata> {
    ecs::metadata(&cloud.bench.store.snapshot()).unwrap()
}

/// All credentials that the edge is told of, by id.
fn given(cloud: &Cloud) -> BTreeMap<String, RoleCredentials> {
    told(cloud).into_values().flat_map(|metadata| metadata.credentials).collect()
}

fn environment(cloud: &Cloud, task: &str) -> BTreeMap<String, String> {
    let workload = cloud.workloads().into_iter().find(|workload| workload.label == task).unwrap();
    workload.containers[0].environment.clone()
}

#[tokio::test]
async fn a_task_with_a_role_finds_a_session_of_it() {
    let cloud = cloud().await;
    let task = run(&cloud, wish(&cloud, "app")).await;
    let environment = environment(&cloud, &task);
    let uri = &environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"];
    let given = given(&cloud);
    let credentials = &given[uri.strip_prefix("/v2/credentials/").unwrap()];
    assert_eq!((environment["AWS_REGION"].as_str(), credentials.role_arn.as_str()), ("us-east-1", ROLE));
    let attachment = &cloud.task(&task).await["attachments"][0]["details"];
    let addresses: Vec<String> = credentials.sources.iter().map(|source| source.to_string()).collect();
    assert!(attachment.to_string().contains(&addresses[0]) && addresses.len() == 1, "{attachment}");
    assert_eq!(credentials.expiration, "2026-01-01T06:00:00Z");

    let key = cloud.bench.store.snapshot().spec(&Key::<AccessKey>::of_id(&credentials.access_key_id)).unwrap().unwrap();
    assert_eq!(key.secret, credentials.secret_access_key);
    assert_eq!(key.session.as_ref().unwrap().token, credentials.token);
    let id = model::ecs::short_id(&task);
    assert_eq!(key.principal.arn(&key.account).to_string(), format!("arn:aws:sts::111122223333:assumed-role/app/{id}"));
    assert!(matches!(&key.principal, Principal::AssumedRole { role, .. } if role == "service/app"));
}

#[tokio::test]
async fn a_task_without_a_role_has_none() {
    let cloud = cloud().await;
    let task = run(&cloud, wish(&cloud, "web")).await;
    let environment = environment(&cloud, &task);
    assert!(!environment.contains_key("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"));
    assert_eq!(environment["AWS_ENDPOINT_URL"], "http://169.254.170.2:4566");
    let told = told(&cloud);
    assert_eq!(told.len(), 1, "the API is there all the same");
    assert!(told.values().all(|metadata| metadata.credentials.is_empty()));
}

#[tokio::test]
async fn credentials_are_renewed_and_go_with_the_task() {
    let cloud = cloud().await;
    let task = run(&cloud, wish(&cloud, "app")).await;
    let first = given(&cloud);
    cloud.pass(4 * HOUR - 1).await;
    assert_eq!(given(&cloud), first);
    cloud.pass(1).await;
    let second = given(&cloud);
    assert_eq!(second.keys().collect::<Vec<_>>(), first.keys().collect::<Vec<_>>(), "under the same id");
    let (before, after) = (first.values().next().unwrap(), second.values().next().unwrap());
    assert_ne!((&before.access_key_id, &before.token), (&after.access_key_id, &after.token));
    assert_eq!(after.expiration, "2026-01-01T10:00:00Z");
    cloud.pass(24 * HOUR).await;
    assert_eq!(given(&cloud).values().next().unwrap().expiration, "2026-01-02T10:00:00Z");

    cloud.ok("StopTask", json!({"cluster": "c", "task": task})).await;
    cloud.settle().await;
    assert!(given(&cloud).is_empty());
}

#[tokio::test]
async fn the_trust_policy_decides_about_renewals_too() {
    let cloud = cloud().await;
    run(&cloud, wish(&cloud, "app")).await;
    let first = given(&cloud);
    cloud.write(|tx| tx.update_spec(&role_key(), |role| role.trust = trusting("ec2.amazonaws.com"))).await;
    cloud.pass(5 * HOUR).await;
    assert_eq!(given(&cloud), first, "what was issued stays what it is");
    cloud.write(|tx| tx.update_spec(&role_key(), |role| role.trust = trusting("ecs-tasks.amazonaws.com"))).await;
    cloud.settle().await;
    let second = given(&cloud);
    assert_ne!(second, first, "and goes on when ECS is trusted again");
    cloud.write(|tx| tx.delete(&role_key())).await;
    cloud.pass(12 * HOUR).await;
    assert_eq!(given(&cloud), second, "nobody can be a role that is gone");
}

fn unassumable(role: &str) -> String {
    format!(
        "ECS was unable to assume the role '{role}' that was provided for this task. Please verify that the role being passed has the \
         proper trust relationship and permissions and that your IAM user has permissions to pass this role."
    )
}

#[tokio::test]
async fn no_task_is_run_with_a_role_that_ecs_may_not_assume() {
    let cloud = cloud().await;
    register(&cloud, "gone", "nobody").await;
    let nobody = "arn:aws:iam::111122223333:role/nobody";
    assert_eq!(cloud.fails("RunTask", wish(&cloud, "gone")).await, ("ClientException".into(), unassumable(nobody)));
    // Whoever may pass the roles of a path could otherwise pass any role by putting the path before its name.
    let elsewhere = "arn:aws:iam::111122223333:role/other/app";
    register(&cloud, "elsewhere", elsewhere).await;
    assert_eq!(cloud.fails("RunTask", wish(&cloud, "elsewhere")).await, ("ClientException".into(), unassumable(elsewhere)));
    cloud.write(|tx| tx.update_spec(&role_key(), |role| role.trust = trusting("ec2.amazonaws.com"))).await;
    assert_eq!(cloud.fails("RunTask", wish(&cloud, "app")).await, ("ClientException".into(), unassumable(ROLE)));
    let mut executed = fargate("executed", json!([{"name": "web", "image": "nginx"}]));
    executed["executionRoleArn"] = json!("app");
    cloud.ok("RegisterTaskDefinition", executed).await;
    assert_eq!(cloud.fails("RunTask", wish(&cloud, "executed")).await, ("ClientException".into(), unassumable(ROLE)));
}

#[tokio::test]
async fn a_service_says_that_its_role_may_not_be_assumed_and_goes_on_when_it_may() {
    let cloud = cloud().await;
    cloud.write(|tx| tx.update_spec(&role_key(), |role| role.trust = trusting("ec2.amazonaws.com"))).await;
    let mut service = wish(&cloud, "app");
    service["serviceName"] = json!("web");
    service["desiredCount"] = json!(1);
    cloud.ok("CreateService", service).await;
    cloud.settle().await;
    assert!(cloud.running().await.is_empty());
    let said = format!("(service web) failed to launch a task with (error {}).", unassumable(ROLE));
    assert_eq!(cloud.said().await, [said]);
    cloud.write(|tx| tx.update_spec(&role_key(), |role| role.trust = trusting("ecs-tasks.amazonaws.com"))).await;
    cloud.settle().await;
    assert_eq!((cloud.running().await.len(), given(&cloud).len()), (1, 1));
}

#[tokio::test]
async fn a_task_whose_role_is_lost_before_it_is_placed_fails() {
    let cloud = cloud().await;
    let task = run(&cloud, wish(&cloud, "app")).await;
    cloud.write(|tx| tx.delete(&role_key())).await;
    let key = Key::<Task>::of_arn(&task.parse().unwrap()).unwrap();
    let late = Key::<Task>::new(&key.account, &key.region, "c/0123456789abcdef0123456789abcdef");
    let spec = cloud.bench.store.snapshot().spec(&key).unwrap().unwrap();
    cloud.write(|tx| tx.create(&late, &spec)).await;
    cloud.settle().await;
    let failed = cloud.task(&late.arn().to_string()).await;
    assert_eq!(failed["stoppedReason"], unassumable(ROLE));
    assert_eq!((failed["lastStatus"].as_str(), failed["stopCode"].as_str()), (Some("STOPPED"), Some("TaskFailedToStart")));
    assert_eq!((cloud.workloads().len(), given(&cloud).len()), (1, 1), "the other goes on");
}

/// Changes what the role may do.
async fn allow(cloud: &Cloud, change: impl Fn(&mut Permissions)) {
    cloud.write(|tx| tx.update_spec(&role_key(), |role| change(&mut role.permissions))).await;
}

/// Why a task of the definition `executed` stops.
async fn stopped_reason(cloud: &Cloud) -> String {
    let task = run(cloud, wish(cloud, "executed")).await;
    cloud.task(&task).await["stoppedReason"].as_str().unwrap_or("it runs").to_owned()
}

#[tokio::test]
async fn an_execution_role_has_to_be_allowed_what_is_done_in_its_name() {
    let cloud = cloud().await;
    let options = json!({"awslogs-group": "/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "t",
        "awslogs-create-group": "true"});
    let image = "111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1";
    let container = json!({"name": "web", "image": image, "logConfiguration": {"logDriver": "awslogs", "options": options}});
    let mut definition = fargate("executed", json!([container]));
    definition["executionRoleArn"] = json!("app");
    cloud.ok("RegisterTaskDefinition", definition).await;
    let steps = [
        ("ecr:GetAuthorizationToken", "unable to retrieve ecr registry auth"),
        ("ecr:BatchGetImage", "CannotPullContainerError: pull image manifest has been retried 1 time(s)"),
        ("ecr:BatchCheckLayerAvailability", "CannotPullContainerError: ref pull has been retried 1 time(s)"),
        ("ecr:GetDownloadUrlForLayer", "CannotPullContainerError: ref pull has been retried 1 time(s)"),
        ("logs:CreateLogGroup", "ResourceInitializationError: failed to validate logger args"),
        ("logs:CreateLogStream", "failed to create Cloudwatch log stream: AccessDeniedException"),
        ("logs:PutLogEvents", "AccessDeniedException"),
    ];
    let mut actions = Vec::new();
    for (action, words) in steps {
        let reason = stopped_reason(&cloud).await;
        let because = format!("because no identity-based policy allows the {action} action");
        assert!(reason.contains(words) && reason.contains("assumed-role/app/") && reason.contains(&because), "{reason}");
        actions.push(action);
        let document = json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": actions, "Resource": "*"}]});
        allow(&cloud, |may| {
            may.inline.insert("own".into(), document.to_string());
        })
        .await;
    }
    let unknown = stopped_reason(&cloud).await;
    assert!(unknown.contains("The repository with name 'web' does not exist"), "nothing is missing but the image: {unknown}");
}

#[tokio::test]
async fn the_managed_policy_of_the_tutorials_is_enough() {
    let cloud = cloud().await;
    let options = json!({"awslogs-group": "/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "t"});
    let container = json!({"name": "web", "image": "111122223333.dkr.ecr.us-east-1.amazonaws.com/web:1",
        "logConfiguration": {"logDriver": "awslogs", "options": options}});
    let mut definition = fargate("executed", json!([container]));
    definition["executionRoleArn"] = json!(ROLE);
    cloud.ok("RegisterTaskDefinition", definition).await;
    let policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    allow(&cloud, |may| {
        may.attached.insert(policy.into());
    })
    .await;
    let reason = stopped_reason(&cloud).await;
    assert!(reason.contains("The specified log group does not exist."), "{reason}");
    allow(&cloud, |may| may.attached.clear()).await;
    assert!(stopped_reason(&cloud).await.contains("ecr:GetAuthorizationToken"));
}

#[tokio::test]
async fn a_repositorys_policy_counts_for_execution_roles_too() {
    let cloud = cloud().await;
    allow(&cloud, |may| {
        may.attached.insert("arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy".into());
    })
    .await;
    let other = AccountId::parse("444455556666").unwrap();
    let repository = Key::<Repository>::new(&other, &place().1, "web");
    let image = "444455556666.dkr.ecr.us-east-1.amazonaws.com/web:1";
    let mut definition = fargate("executed", json!([{"name": "web", "image": image}]));
    definition["executionRoleArn"] = json!("app");
    cloud.ok("RegisterTaskDefinition", definition).await;
    let policy = |effect: &str| {
        let statement = json!({"Effect": effect, "Principal": {"AWS": "111122223333"}, "Action": "ecr:*"});
        Some(json!({"Version": "2012-10-17", "Statement": [statement]}).to_string())
    };
    let spec = RepositorySpec {
        created_at: Timestamp(0),
        mutability: Mutability { mutable: true, exclusions: Vec::new() },
        tags: Default::default(),
        policy: None,
    };
    cloud.write(|tx| tx.create(&repository, &spec)).await;
    for (policy, words) in [
        (None, "because no resource-based policy allows the ecr:BatchGetImage action"),
        (policy("Deny"), "with an explicit deny in a resource-based policy"),
        (policy("Allow"), "failed to resolve ref 444455556666.dkr.ecr.us-east-1.amazonaws.com/web:1: not found"),
    ] {
        cloud.write(|tx| tx.update_spec(&repository, |spec| spec.policy = policy.clone())).await;
        let reason = stopped_reason(&cloud).await;
        assert!(reason.contains(words), "{reason}");
    }
}

#[tokio::test]
async fn a_role_may_be_given_when_the_task_is_run() {
    let cloud = cloud().await;
    let mut wish = wish(&cloud, "web");
    wish["overrides"] = json!({"taskRoleArn": "app"});
    let task = run(&cloud, wish.clone()).await;
    assert_eq!(given(&cloud).values().next().unwrap().role_arn, ROLE);
    assert_eq!(cloud.task(&task).await["overrides"]["taskRoleArn"], ROLE);
    wish["overrides"] = json!({"taskRoleArn": "arn:aws:iam::444455556666:role/app"});
    assert_eq!(cloud.fails("RunTask", wish).await, ("ClientException".into(), "Role is not valid".into()));
}

/// The cloud as a user sees it who may do everything with ECS, and pass roles where the condition holds, if there is one.
async fn restricted(cloud: &Cloud, condition: Option<Value>) -> Cloud {
    let (account, _) = place();
    let mut statements = vec![json!({"Effect": "Allow", "Action": "ecs:*", "Resource": "*"})];
    if let Some(condition) = condition {
        statements.push(json!({"Effect": "Allow", "Action": "iam:PassRole", "Resource": ROLE, "Condition": condition}));
    }
    let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
    let user = UserSpec {
        name: "anna".into(),
        path: "/".into(),
        id: "AIDAEXAMPLE".into(),
        created_at: Timestamp(0),
        tags: Default::default(),
        boundary: None,
        permissions: Permissions { inline: BTreeMap::from([("own".into(), document)]), ..Default::default() },
        groups: Default::default(),
        keys: Default::default(),
        login: None,
    };
    let principal = Principal::User { name: user.name.clone(), id: user.id.clone() };
    let key = Key::<User>::named(&account, "anna");
    let issued = cloud
        .bench
        .store
        .transact::<_, StoreError>(|tx| {
            if tx.exists(&key)? {
                tx.delete(&key)?;
            }
            tx.create(&key, &user)?;
            credentials::issue(tx, &cloud.bench.env, &account, principal.clone())
        })
        .await
        .unwrap();
    let signer = Signer { access_key_id: issued.access_key_id, secret_access_key: issued.secret_access_key, token: None };
    let anna = cloud.signed_by(signer);
    // That the key is used for the first time is noted.
    anna.ok("ListClusters", json!({})).await;
    anna
}

#[tokio::test]
async fn only_who_may_pass_a_role_can_give_it_to_a_task() {
    let cloud = cloud().await;
    let mut named = fargate("mine", json!([{"name": "web", "image": "nginx"}]));
    named["taskRoleArn"] = json!(ROLE);
    let mut overriding = wish(&cloud, "web");
    overriding["overrides"] = json!({"executionRoleArn": ROLE});
    let requests = [("RegisterTaskDefinition", named), ("RunTask", wish(&cloud, "app")), ("RunTask", overriding)];
    let to = |service: &str| Some(json!({"StringEquals": {"iam:PassedToService": service}}));
    for (condition, allowed) in [(None, false), (to("ec2.amazonaws.com"), false), (to("ecs-tasks.amazonaws.com"), true)] {
        let anna = restricted(&cloud, condition).await;
        for (operation, input) in &requests {
            if allowed {
                anna.ok(operation, input.clone()).await;
                continue;
            }
            let (code, message) = anna.fails(operation, input.clone()).await;
            let denied = format!("user/anna is not authorized to perform: iam:PassRole on resource: {ROLE} because");
            assert!(code == "AccessDeniedException" && message.contains(&denied), "{operation}: {code}: {message}");
        }
        anna.ok("RunTask", wish(&cloud, "web")).await;
    }
}

#[tokio::test]
async fn definitions_show_the_arn_of_the_role_that_they_name() {
    let cloud = cloud().await;
    let shown = register(&cloud, "named", "app").await;
    assert_eq!(shown["taskDefinition"]["taskRoleArn"], ROLE);
    let mut wrong = fargate("wrong", json!([{"name": "web", "image": "nginx"}]));
    wrong["executionRoleArn"] = json!("arn:aws:iam::111122223333:user/app");
    assert_eq!(cloud.fails("RegisterTaskDefinition", wrong).await, ("ClientException".into(), "Role is not valid".into()));
}

#[tokio::test]
async fn tasks_on_an_instance_ask_from_its_address() {
    let cloud = cloud().await;
    let mut definition = json!({"family": "bridged", "memory": "128", "containerDefinitions": [{"name": "a", "image": "nginx"}]});
    definition["taskRoleArn"] = json!("app");
    cloud.ok("RegisterTaskDefinition", definition).await;
    for _ in 0..2 {
        run(&cloud, json!({"cluster": "c", "taskDefinition": "bridged", "launchType": "EC2"})).await;
    }
    let given = given(&cloud);
    let sources: Vec<_> = given.values().map(|credentials| &credentials.sources).collect();
    assert!(sources.len() == 2 && sources[0] == sources[1] && sources[0].len() == 1, "{sources:?}");
    assert_eq!(strings(&cloud.ok("ListTasks", json!({"cluster": "c"})).await["taskArns"]).len(), 2);
}

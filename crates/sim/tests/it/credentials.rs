//! The credentials of tasks, as the edge gives them, while hours pass and servers die.

use agent_proto::edge::RoleCredentials;
use serde_json::json;
use sim::{Site, User, World};
use std::{collections::BTreeMap, time::Duration};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Everything that the edge gives, by its id.
fn given(world: &World) -> BTreeMap<String, RoleCredentials> {
    world.edge.table().metadata.into_values().flat_map(|metadata| metadata.credentials).collect()
}

fn keys(given: &BTreeMap<String, RoleCredentials>) -> Vec<&String> {
    given.values().map(|credentials| &credentials.access_key_id).collect()
}

#[tokio::test]
async fn they_are_renewed_in_time_whatever_happens_to_the_server() {
    let mut world = World::new().await;
    let site = Site::make(&world, User::FIRST).await;
    world.pass(MINUTE).await;
    let first = given(&world);
    assert_eq!(first.len(), 2);
    world.crash().await;
    world.pass(3 * HOUR).await;
    assert_eq!(given(&world), first, "a new server leaves good ones alone");
    world.pass(HOUR).await;
    let second = given(&world);
    assert_eq!(second.keys().collect::<Vec<_>>(), first.keys().collect::<Vec<_>>(), "they are asked for as before");
    assert!(keys(&second).iter().all(|key| !keys(&first).contains(key)), "{second:?}");
    assert!(second.values().all(|credentials| credentials.role_arn == "arn:aws:iam::111122223333:role/web"));
    site.delete(&world).await;
    world.pass(10 * MINUTE).await;
    assert!(given(&world).is_empty(), "they go with their tasks");
}

#[tokio::test]
async fn a_role_that_is_gone_is_nobodys() {
    let mut world = World::new().await;
    let site = Site::make(&world, User::FIRST).await;
    world.pass(MINUTE).await;
    let user = world.user(User::FIRST);
    let policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    user.form("iam", "DetachRolePolicy", &[("RoleName", "web"), ("PolicyArn", policy)]).await;
    user.form("iam", "DeleteRole", &[("RoleName", "web")]).await;
    drop(user);
    let first = given(&world);
    world.pass(5 * HOUR).await;
    assert_eq!(given(&world), first, "not renewed");
    site.update(&world, json!({"forceNewDeployment": true})).await;
    world.pass(MINUTE).await;
    let said = site.described(&world).await["events"].to_string();
    assert!(said.contains("failed to launch a task with (error ECS was unable to assume the role"), "{said}");
    assert_eq!(site.tasks(&world).await.len(), 2, "those that run go on");
}

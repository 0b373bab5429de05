//! Two accounts do the same with the same names, and don't meet.

use serde_json::json;
use sim::{
    Site, User, World,
    state::{Records, keys, logged},
};
use std::{collections::BTreeSet, time::Duration};

const OTHER: &str = "444455556666";

#[tokio::test]
async fn two_accounts_with_the_same_names_dont_see_each_other() {
    let mut world = World::new().await;
    let sites = [Site::make(&world, User::FIRST).await, Site::make(&world, OTHER).await];
    sites[1].update(&world, json!({"desiredCount": 3})).await;
    world.pass(Duration::from_secs(60)).await;
    for (site, tasks) in sites.iter().zip([2, 3]) {
        assert_eq!(site.described(&world).await["runningCount"], tasks);
        assert_eq!(site.tasks(&world).await.len(), tasks);
        assert_eq!(logged(&world.user(&site.account)).await.len(), tasks);
        assert!(site.tasks(&world).await.iter().all(|arn| arn.contains(&site.account)), "a task of another account");
        let shown = world.user(&site.account).elb("DescribeLoadBalancers", &[]).await;
        assert_eq!(shown.matches("<LoadBalancerArn>").count(), 1);
        assert!(shown.contains(&site.balancer), "the balancer of another account");
    }
    let foreign = json!({"cluster": "web", "tasks": sites[0].tasks(&world).await});
    assert_eq!(world.user(OTHER).refused("ecs", "DescribeTasks", foreign).await, "AccessDeniedException");
}

#[tokio::test]
async fn two_accounts_with_the_same_names_have_nothing_in_common() {
    let mut world = World::new().await;
    for account in [User::FIRST, OTHER] {
        Site::make(&world, account).await;
    }
    world.pass(Duration::from_secs(60)).await;
    let table = world.edge.table();
    let names: BTreeSet<_> = table.balancers.values().map(|balancer| (&balancer.dns_name, &balancer.vpc)).collect();
    let vpcs: BTreeSet<_> = table.balancers.values().map(|balancer| &balancer.vpc).collect();
    assert_eq!((table.balancers.len(), names.len(), vpcs.len(), table.target_groups.len()), (2, 2, 2, 2));
    let addresses = keys::<model::ec2::NetworkInterface>(&world.snapshot());
    let ids: BTreeSet<_> = addresses.iter().map(|key| &key.id).collect();
    assert_eq!(ids.len(), addresses.len(), "an interface's id is used twice");
}

#[tokio::test]
async fn deleting_what_is_ones_own_leaves_the_other_alone() {
    let mut world = World::new().await;
    let first = Site::make(&world, User::FIRST).await;
    let other = Site::make(&world, OTHER).await;
    world.pass(Duration::from_secs(60)).await;
    first.delete(&world).await;
    world.pass(Duration::from_secs(4000)).await;
    assert_eq!(other.described(&world).await["runningCount"], 2);
    let left = Records { workloads: 2, interfaces: 2, targets: 2, log_sources: 2, tasks: 2, stops: 0 };
    assert_eq!(Records::of(&world.snapshot()), left);
    assert_eq!(world.edge.table().balancers.len(), 1);
}

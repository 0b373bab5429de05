//! An image, a cluster, a role, a load balancer and a service of two behind it, each called `web`.

use crate::{User, World};
use serde_json::{Value, json};

/// What was made, as its account knows it.
pub struct Site {
    /// The account.
    pub account: String,
    /// The balancer's ARN.
    pub balancer: String,
    /// The target group's ARN.
    pub group: String,
    subnets: Vec<String>,
}

impl Site {
    /// Makes it, one request after the other, without waiting for what comes of them.
    pub async fn make(world: &World, account: &str) -> Self {
        let user = world.user(account);
        user.json("ecr", "CreateRepository", json!({"repositoryName": "web"})).await;
        user.ecs("CreateCluster", json!({"clusterName": "web"})).await;
        user.json("logs", "CreateLogGroup", json!({"logGroupName": "/web"})).await;
        make_role(&user).await;
        let shown = user.form("ec2", "DescribeSubnets", &[]).await;
        // The balancer stands in two Availability Zones, and targets elsewhere would not be in use.
        let subnets = texts(&shown, "subnetId")[..2].to_vec();
        let (balancer, group) = balance(&user, &subnets, &texts(&shown, "vpcId")[0]).await;
        let site = Self { account: account.into(), balancer, group, subnets };
        site.publish(world, "v1").await;
        user.ecs("CreateService", site.service()).await;
        site
    }

    /// Pushes another image and registers a revision of the task definition that names it.
    pub async fn publish(&self, world: &World, version: &str) {
        let user = world.user(&self.account);
        let image = user.push("web", version, &format!("the files of {version}")).await;
        let line = agent::driver::FakeImage { output: vec![format!("{version} is up")], ..Default::default() };
        world.machine().image(&image, line);
        let logs = json!({"awslogs-group": "/web", "awslogs-region": "us-east-1", "awslogs-stream-prefix": "site"});
        let container = json!({"name": "web", "image": image, "portMappings": [{"containerPort": 8080}],
            "logConfiguration": {"logDriver": "awslogs", "options": logs}});
        let definition = json!({"family": "web", "networkMode": "awsvpc", "requiresCompatibilities": ["FARGATE"], "cpu": "256",
            "memory": "512", "taskRoleArn": "web", "executionRoleArn": "web", "containerDefinitions": [container]});
        user.ecs("RegisterTaskDefinition", definition).await;
    }

    /// Changes the service.
    pub async fn update(&self, world: &World, change: Value) {
        let mut input = json!({"cluster": "web", "service": "web"});
        input.as_object_mut().expect("an object").extend(change.as_object().expect("an object").clone());
        world.user(&self.account).ecs("UpdateService", input).await;
    }

    /// The service as it is described.
    pub async fn described(&self, world: &World) -> Value {
        let answer = world.user(&self.account).ecs("DescribeServices", json!({"cluster": "web", "services": ["web"]})).await;
        answer["services"][0].clone()
    }

    /// The ARNs of the tasks that are to run.
    pub async fn tasks(&self, world: &World) -> Vec<String> {
        let answer = world.user(&self.account).ecs("ListTasks", json!({"cluster": "web"})).await;
        answer["taskArns"].as_array().expect("a list").iter().map(|arn| arn.as_str().expect("an ARN").to_owned()).collect()
    }

    /// A task as it is described.
    pub async fn task(&self, world: &World, arn: &str) -> Value {
        let answer = world.user(&self.account).ecs("DescribeTasks", json!({"cluster": "web", "tasks": [arn]})).await;
        answer["tasks"][0].clone()
    }

    /// Deletes everything that was made.
    pub async fn delete(&self, world: &World) {
        let user = world.user(&self.account);
        user.ecs("DeleteService", json!({"cluster": "web", "service": "web", "force": true})).await;
        user.elb("DeleteLoadBalancer", &[("LoadBalancerArn", &self.balancer)]).await;
    }

    fn service(&self) -> Value {
        json!({"cluster": "web", "serviceName": "web", "taskDefinition": "web", "desiredCount": 2, "launchType": "FARGATE",
            "networkConfiguration": {"awsvpcConfiguration": {"subnets": self.subnets, "assignPublicIp": "ENABLED"}},
            "loadBalancers": [{"targetGroupArn": self.group, "containerName": "web", "containerPort": 8080}]})
    }
}

/// A role that tasks may have, and in whose name they may be started.
async fn make_role(user: &User) {
    let trust = r#"{"Version": "2012-10-17", "Statement": [
        {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}]}"#;
    user.form("iam", "CreateRole", &[("RoleName", "web"), ("AssumeRolePolicyDocument", trust)]).await;
    let policy = "arn:aws:iam::aws:policy/service-role/AmazonECSTaskExecutionRolePolicy";
    user.form("iam", "AttachRolePolicy", &[("RoleName", "web"), ("PolicyArn", policy)]).await;
}

/// A balancer with a listener at port 80 before a group of addresses: both ARNs.
async fn balance(user: &User, subnets: &[String], vpc: &str) -> (String, String) {
    let [one, other] = [0, 1].map(|zone| subnets[zone].as_str());
    let made = user.elb("CreateLoadBalancer", &[("Name", "web"), ("Subnets.member.1", one), ("Subnets.member.2", other)]).await;
    let balancer = texts(&made, "LoadBalancerArn").remove(0);
    let group = [("Name", "web"), ("Protocol", "HTTP"), ("Port", "8080"), ("VpcId", vpc), ("TargetType", "ip")];
    let group = texts(&user.elb("CreateTargetGroup", &group).await, "TargetGroupArn").remove(0);
    let listener = [
        ("LoadBalancerArn", balancer.as_str()),
        ("Protocol", "HTTP"),
        ("Port", "80"),
        ("DefaultActions.member.1.Type", "forward"),
        ("DefaultActions.member.1.TargetGroupArn", &group),
    ];
    user.elb("CreateListener", &listener).await;
    (balancer, group)
}

/// The texts of all elements of that name, which have no attributes and no children.
pub(crate) fn texts(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(&open).skip(1);
    parts.filter_map(|part| part.split_once(&close)).map(|(text, _)| text.to_owned()).collect()
}

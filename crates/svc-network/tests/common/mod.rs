//! What the tests of this crate share: a cloud of its services, and calls through the front in process.
#![allow(dead_code)]

pub use front::testing::xml::{Answer, call};
use front::testing::{Bench, xml};
use spine::Store;
use std::sync::Arc;

/// A cloud of load balancers, and of the networks that they stand in.
pub fn cloud() -> Bench {
    Bench::on(Store::ephemeral(), |front, store, _| {
        front
            .service(svc_ec2::service(&Arc::new(store.clone()), &Arc::new(svc_ec2::Hosts::none())))
            .service(svc_network::elbv2::service())
    })
}

/// Calls an operation of EC2, which has to succeed.
pub async fn ec2(bench: &Bench, operation: &str, parameters: &[(&str, &str)]) -> Answer {
    xml::ok(bench, "ec2", operation, parameters).await
}

/// Calls an operation of ELBv2, which has to succeed.
pub async fn elb(bench: &Bench, operation: &str, parameters: &[(&str, &str)]) -> Answer {
    xml::ok(bench, "elbv2", operation, parameters).await
}

/// A balancer `web` with a listener at port 80 that passes everything to a group `pages` of addresses.
pub struct Site {
    /// The cloud.
    pub cloud: Bench,
    /// The default VPC.
    pub vpc: String,
    /// Its subnets, in the order of their Availability Zones.
    pub subnets: Vec<String>,
    /// The balancer's ARN; it stands in the first two subnets.
    pub balancer: String,
    /// The listener's ARN.
    pub listener: String,
    /// The group's ARN.
    pub group: String,
}

/// The default VPC and its subnets, in the order of their Availability Zones.
pub async fn network(cloud: &Bench) -> (String, Vec<String>) {
    let subnets = ec2(cloud, "DescribeSubnets", &[]).await;
    let mut pairs: Vec<_> = subnets.all("item/availabilityZone").into_iter().zip(subnets.all("item/subnetId")).collect();
    pairs.sort_unstable();
    (subnets.one("item/vpcId").to_owned(), pairs.into_iter().map(|(_, id)| id.to_owned()).collect())
}

impl Site {
    /// A new one in a new cloud.
    pub async fn new() -> Self {
        let cloud = cloud();
        let (vpc, subnets) = network(&cloud).await;
        let balancer = balancer(&cloud, "web", &subnets[..2]).await;
        let group = group(&cloud, "pages", &vpc).await;
        let forward = [
            ("LoadBalancerArn", balancer.as_str()),
            ("Protocol", "HTTP"),
            ("Port", "80"),
            ("DefaultActions.member.1.Type", "forward"),
            ("DefaultActions.member.1.TargetGroupArn", &group),
        ];
        let made = elb(&cloud, "CreateListener", &forward).await;
        let listener = made.one("member/ListenerArn").to_owned();
        Self { cloud, vpc, subnets, balancer, listener, group }
    }

    /// Calls an operation that succeeds.
    pub async fn ok(&self, operation: &str, parameters: &[(&str, &str)]) -> Answer {
        elb(&self.cloud, operation, parameters).await
    }

    /// The code with which an operation fails.
    pub async fn code(&self, operation: &str, parameters: &[(&str, &str)]) -> String {
        call(&self.cloud, "elbv2", operation, parameters).await.code().to_owned()
    }
}

/// Makes a balancer in two subnets: its ARN.
pub async fn balancer(cloud: &Bench, name: &str, subnets: &[String]) -> String {
    let parameters = [("Name", name), ("Subnets.member.1", &subnets[0]), ("Subnets.member.2", &subnets[1])];
    elb(cloud, "CreateLoadBalancer", &parameters).await.one("member/LoadBalancerArn").to_owned()
}

/// Makes a target group of addresses: its ARN.
pub async fn group(cloud: &Bench, name: &str, vpc: &str) -> String {
    let parameters = [("Name", name), ("Protocol", "HTTP"), ("Port", "8080"), ("VpcId", vpc), ("TargetType", "ip")];
    elb(cloud, "CreateTargetGroup", &parameters).await.one("member/TargetGroupArn").to_owned()
}

//! What the tests of this crate share: a cloud of its services, and calls through the front in process.
#![allow(dead_code)]

pub mod hosts;

pub use front::testing::xml::{Answer, call};
use front::testing::{Bench, xml};
use spine::Store;
use std::sync::Arc;

/// A cloud of EC2 alone.
pub fn cloud() -> Bench {
    Bench::on(Store::ephemeral(), |front, store, _| {
        front.service(svc_ec2::service(&Arc::new(store.clone()), &Arc::new(svc_ec2::Hosts::none())))
    })
}

/// Calls an operation of EC2, which has to succeed.
pub async fn ec2(bench: &Bench, operation: &str, parameters: &[(&str, &str)]) -> Answer {
    xml::ok(bench, "ec2", operation, parameters).await
}

/// The default VPC and its subnets, in the order of their Availability Zones.
pub async fn network(cloud: &Bench) -> (String, Vec<String>) {
    let subnets = ec2(cloud, "DescribeSubnets", &[]).await;
    let mut pairs: Vec<_> = subnets.all("item/availabilityZone").into_iter().zip(subnets.all("item/subnetId")).collect();
    pairs.sort_unstable();
    (subnets.one("item/vpcId").to_owned(), pairs.into_iter().map(|(_, id)| id.to_owned()).collect())
}

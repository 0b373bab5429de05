//! Elastic Load Balancing v2: application load balancers.
//!
//! **Built:** application load balancers with HTTP listeners, ordered rules with every condition, forwarding by weight, redirects and fixed
//! responses; target groups of addresses and instances with health checks; draining. Handlers write records; [`table`] is what the edge
//! serves of them, [`observe`] is how its reports come back, and [`Drain`] removes targets that have drained.
//!
//! **Not built:** network and gateway load balancers, HTTPS listeners, targets that are functions or balancers, GRPC, authentication,
//! rewriting, IPv6.

mod arn;
mod attributes;
mod drain;
mod errors;
mod health;
mod load;
mod names;
mod observe;
mod ops;
mod paging;
mod parse;
mod reach;
mod table;
mod tags;
mod usage;
mod views;

pub use drain::Drain;
pub use observe::{Writes, observe};
pub use table::{KINDS as TABLE_KINDS, table};

use api::elbv2;
use front::{Access, Cx, Service};
use model::Arn;
use ops::{attributes as attrs, balancers, groups, limits, listeners, rules, tagging, targets};

/// The service's table.
pub fn service() -> Service {
    let service = Service::new(&elbv2::SERVICE)
        .op::<elbv2::CreateLoadBalancer>(Access::on(|cx, i| new(cx, "loadbalancer/app", &i.name)), balancers::create)
        .op::<elbv2::DescribeLoadBalancers>(Access::all(), balancers::describe)
        .op::<elbv2::SetSecurityGroups>(Access::on(|_, i| arn::named(&i.load_balancer_arn)), balancers::set_security_groups)
        .op::<elbv2::SetSubnets>(Access::on(|_, i| arn::named(&i.load_balancer_arn)), balancers::set_subnets)
        .op::<elbv2::DeleteLoadBalancer>(Access::on(|_, i| arn::named(&i.load_balancer_arn)), balancers::delete)
        .op::<elbv2::CreateListener>(Access::on(|_, i| arn::named(&i.load_balancer_arn)), listeners::create)
        .op::<elbv2::DescribeListeners>(Access::all(), listeners::describe)
        .op::<elbv2::ModifyListener>(Access::on(|_, i| arn::named(&i.listener_arn)), listeners::modify)
        .op::<elbv2::DeleteListener>(Access::on(|_, i| arn::named(&i.listener_arn)), listeners::delete)
        .op::<elbv2::CreateRule>(Access::on(|_, i| arn::named(&i.listener_arn)), rules::create)
        .op::<elbv2::DescribeRules>(Access::all(), rules::describe)
        .op::<elbv2::ModifyRule>(Access::on(|_, i| arn::named(&i.rule_arn)), rules::modify)
        .op::<elbv2::SetRulePriorities>(Access::on(reordered), rules::set_priorities)
        .op::<elbv2::DeleteRule>(Access::on(|_, i| arn::named(&i.rule_arn)), rules::delete);
    with_attributes(with_groups(service))
        .op::<elbv2::AddTags>(Access::on(|_, i| all(&i.resource_arns)), tagging::add)
        .op::<elbv2::RemoveTags>(Access::on(|_, i| all(&i.resource_arns)), tagging::remove)
        .op::<elbv2::DescribeTags>(Access::all(), tagging::describe)
        .op::<elbv2::DescribeAccountLimits>(Access::all(), limits::describe)
}

fn with_groups(service: Service) -> Service {
    service
        .op::<elbv2::CreateTargetGroup>(Access::on(|cx, i| new(cx, "targetgroup", &i.name)), groups::create)
        .op::<elbv2::DescribeTargetGroups>(Access::all(), groups::describe)
        .op::<elbv2::ModifyTargetGroup>(Access::on(|_, i| arn::named(&i.target_group_arn)), groups::modify)
        .op::<elbv2::DeleteTargetGroup>(Access::on(|_, i| arn::named(&i.target_group_arn)), groups::delete)
        .op::<elbv2::RegisterTargets>(Access::on(|_, i| arn::named(&i.target_group_arn)), targets::register)
        .op::<elbv2::DeregisterTargets>(Access::on(|_, i| arn::named(&i.target_group_arn)), targets::deregister)
        .op::<elbv2::DescribeTargetHealth>(Access::all(), targets::describe_health)
}

fn with_attributes(service: Service) -> Service {
    service
        .op::<elbv2::DescribeLoadBalancerAttributes>(Access::all(), attrs::of_balancer)
        .op::<elbv2::ModifyLoadBalancerAttributes>(Access::on(|_, i| arn::named(&i.load_balancer_arn)), attrs::modify_balancer)
        .op::<elbv2::DescribeTargetGroupAttributes>(Access::all(), attrs::of_group)
        .op::<elbv2::ModifyTargetGroupAttributes>(Access::on(|_, i| arn::named(&i.target_group_arn)), attrs::modify_group)
        .op::<elbv2::DescribeListenerAttributes>(Access::all(), attrs::of_listener)
        .op::<elbv2::ModifyListenerAttributes>(Access::on(|_, i| arn::named(&i.listener_arn)), attrs::modify_listener)
        .op::<elbv2::DescribeListenerCertificates>(Access::all(), listeners::certificates)
        .op::<elbv2::DescribeCapacityReservation>(Access::all(), balancers::capacity)
}

/// Something that is made has no id yet.
fn new(cx: &Cx, kind: &str, name: &str) -> Vec<Arn> {
    vec![cx.arn("elasticloadbalancing", format!("{kind}/{name}/*"))]
}

fn all(arns: &[String]) -> Vec<Arn> {
    arns.iter().flat_map(|text| arn::named(text)).collect()
}

fn reordered(_: &Cx, input: &elbv2::SetRulePrioritiesInput) -> Vec<Arn> {
    input.rule_priorities.iter().filter_map(|pair| pair.rule_arn.as_deref()).flat_map(arn::named).collect()
}

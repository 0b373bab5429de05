//! Elastic Load Balancing v2: application load balancers.
//!
//! **Built:** application load balancers with HTTP listeners, ordered rules with every condition, forwarding by weight, redirects and fixed
//! responses; target groups of addresses and instances with health checks; draining. Handlers write records; [`table`] is what the edge
//! serves of them, [`observe`] is how its reports come back, and [`Drain`] removes targets that have drained.
//!
//! **Not built:** network and gateway load balancers, HTTPS listeners, targets that are functions or balancers, GRPC, authentication,
//! rewriting, IPv6.

mod access;
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
use front::{Access, Service, keys};
use ops::{attributes as attrs, balancers, groups, limits, listeners, rules, tagging, targets};

/// The service's table.
pub fn service() -> Service {
    let service = Service::new(&elbv2::SERVICE).resources(access::facts);
    let service = tag_rows(attribute_rows(group_rows(rule_rows(listener_rows(balancer_rows(service))))));
    service.op::<elbv2::DescribeAccountLimits>(Access::all(), limits::describe)
}

/// The action that is needed besides to make things with tags.
const TAG: &str = "elasticloadbalancing:AddTags";

fn balancer_rows(service: Service) -> Service {
    service
        .op::<elbv2::CreateLoadBalancer>(
            Access::on(|cx, i: &elbv2::CreateLoadBalancerInput| vec![access::new_balancer(cx, i)])
                .keys(access::of_create_balancer)
                .tagging(TAG, |cx, i| access::tagging(vec![access::new_balancer(cx, i)], i.tags.as_deref())),
            balancers::create,
        )
        .op::<elbv2::DescribeLoadBalancers>(Access::all(), balancers::describe)
        .op::<elbv2::DescribeCapacityReservation>(Access::all(), balancers::capacity)
        .op::<elbv2::SetSecurityGroups>(
            Access::on(|_, i: &elbv2::SetSecurityGroupsInput| access::named(&i.load_balancer_arn))
                .keys(|_, i| access::security_groups(&i.security_groups)),
            balancers::set_security_groups,
        )
        .op::<elbv2::SetSubnets>(
            Access::on(|_, i: &elbv2::SetSubnetsInput| access::named(&i.load_balancer_arn))
                .keys(|_, i| access::subnets(i.subnets.as_deref(), i.subnet_mappings.as_deref())),
            balancers::set_subnets,
        )
        .op::<elbv2::DeleteLoadBalancer>(Access::on(|_, i| access::named(&i.load_balancer_arn)), balancers::delete)
}

fn listener_rows(service: Service) -> Service {
    service
        .op::<elbv2::CreateListener>(
            Access::on(|_, i: &elbv2::CreateListenerInput| access::named(&i.load_balancer_arn))
                .keys(|_, i| access::listener(i.protocol, i.ssl_policy.as_ref()))
                .tagging(TAG, |_, i| {
                    access::tagging(access::new_below(&i.load_balancer_arn, access::LISTENER), i.tags.as_deref())
                }),
            listeners::create,
        )
        .op::<elbv2::DescribeListeners>(Access::all(), listeners::describe)
        .op::<elbv2::DescribeListenerCertificates>(Access::all(), listeners::certificates)
        .op::<elbv2::ModifyListener>(
            Access::on(|_, i: &elbv2::ModifyListenerInput| access::named(&i.listener_arn))
                .keys(|_, i| access::listener(i.protocol, i.ssl_policy.as_ref())),
            listeners::modify,
        )
        .op::<elbv2::DeleteListener>(Access::on(|_, i| access::named(&i.listener_arn)), listeners::delete)
}

fn rule_rows(service: Service) -> Service {
    service
        .op::<elbv2::CreateRule>(
            Access::on(|_, i: &elbv2::CreateRuleInput| access::named(&i.listener_arn))
                .tagging(TAG, |_, i| access::tagging(access::new_below(&i.listener_arn, access::RULE), i.tags.as_deref())),
            rules::create,
        )
        .op::<elbv2::DescribeRules>(Access::all(), rules::describe)
        .op::<elbv2::ModifyRule>(Access::on(|_, i| access::named(&i.rule_arn)), rules::modify)
        .op::<elbv2::SetRulePriorities>(
            Access::on(|_, i| {
                i.rule_priorities.iter().filter_map(|pair| pair.rule_arn.as_deref()).flat_map(access::named).collect()
            }),
            rules::set_priorities,
        )
        .op::<elbv2::DeleteRule>(Access::on(|_, i| access::named(&i.rule_arn)), rules::delete)
}

fn group_rows(service: Service) -> Service {
    service
        .op::<elbv2::CreateTargetGroup>(
            Access::on(|cx, i: &elbv2::CreateTargetGroupInput| vec![access::new_group(cx, &i.name)])
                .tagging(TAG, |cx, i| access::tagging(vec![access::new_group(cx, &i.name)], i.tags.as_deref())),
            groups::create,
        )
        .op::<elbv2::DescribeTargetGroups>(Access::all(), groups::describe)
        .op::<elbv2::ModifyTargetGroup>(Access::on(|_, i| access::named(&i.target_group_arn)), groups::modify)
        .op::<elbv2::DeleteTargetGroup>(Access::on(|_, i| access::named(&i.target_group_arn)), groups::delete)
        .op::<elbv2::RegisterTargets>(Access::on(|_, i| access::named(&i.target_group_arn)), targets::register)
        .op::<elbv2::DeregisterTargets>(Access::on(|_, i| access::named(&i.target_group_arn)), targets::deregister)
        .op::<elbv2::DescribeTargetHealth>(Access::all(), targets::describe_health)
}

fn attribute_rows(service: Service) -> Service {
    service
        .op::<elbv2::DescribeLoadBalancerAttributes>(Access::all(), attrs::of_balancer)
        .op::<elbv2::ModifyLoadBalancerAttributes>(Access::on(|_, i| access::named(&i.load_balancer_arn)), attrs::modify_balancer)
        .op::<elbv2::DescribeTargetGroupAttributes>(Access::all(), attrs::of_group)
        .op::<elbv2::ModifyTargetGroupAttributes>(Access::on(|_, i| access::named(&i.target_group_arn)), attrs::modify_group)
        .op::<elbv2::DescribeListenerAttributes>(Access::all(), attrs::of_listener)
        .op::<elbv2::ModifyListenerAttributes>(Access::on(|_, i| access::named(&i.listener_arn)), attrs::modify_listener)
}

fn tag_rows(service: Service) -> Service {
    service
        .op::<elbv2::AddTags>(
            Access::on(|_, i: &elbv2::AddTagsInput| access::all(&i.resource_arns)).keys(|_, i| access::request_tags(&i.tags)),
            tagging::add,
        )
        .op::<elbv2::RemoveTags>(
            Access::on(|_, i: &elbv2::RemoveTagsInput| access::all(&i.resource_arns))
                .keys(|_, i| keys::tag_keys(i.tag_keys.iter().cloned())),
            tagging::remove,
        )
        .op::<elbv2::DescribeTags>(Access::all(), tagging::describe)
}

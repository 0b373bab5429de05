//! How many of each thing an account may have, all of which are enforced (user guide, "Quotas for your Application Load Balancers").

use crate::elbv2::paging::page;
use api::elbv2::{DescribeAccountLimitsInput, DescribeAccountLimitsOutput, Limit};
use front::Cx;
use spine::Tx;
use wire::Fault;

/// Balancers of an account in a region.
pub const BALANCERS: usize = 50;
/// Target groups of an account in a region.
pub const GROUPS: usize = 3000;
/// Listeners of a balancer.
pub const LISTENERS: usize = 50;
/// Rules of a balancer, default rules not counted.
pub const RULES: usize = 100;
/// Targets of a group.
pub const TARGETS: usize = 1000;
/// Target groups behind a balancer.
pub const GROUPS_PER_BALANCER: usize = 100;

const ALL: [(&str, usize); 8] = [
    ("application-load-balancers", BALANCERS),
    ("condition-values-per-alb-rule", 5),
    ("condition-wildcards-per-alb-rule", 6),
    ("listeners-per-application-load-balancer", LISTENERS),
    ("rules-per-application-load-balancer", RULES),
    ("target-groups", GROUPS),
    ("target-groups-per-application-load-balancer", GROUPS_PER_BALANCER),
    ("targets-per-target-group", TARGETS),
];

/// `DescribeAccountLimits`.
pub fn describe(_: &Cx, _: &mut Tx, input: &DescribeAccountLimitsInput) -> Result<DescribeAccountLimitsOutput, Fault> {
    let (limits, next_marker) = page(Vec::from(ALL), |(name, _)| name, input.marker.as_deref(), input.page_size)?;
    let view = |(name, max): (&str, usize)| Limit { name: Some(name.into()), max: Some(max.to_string()) };
    Ok(DescribeAccountLimitsOutput { limits: Some(limits.into_iter().map(view).collect()), next_marker })
}

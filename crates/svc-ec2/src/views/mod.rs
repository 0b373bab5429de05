//! From records to what the API shows, and by what each of those things is found. Pure.

mod gateway;
mod group;
mod instance_type;
mod interface;
mod key_pair;
mod place;
mod placement_group;
mod route_table;
mod subnet;
mod vpc;

pub use gateway::gateway;
pub use group::{group, group_rule, permission, revoked};
pub use instance_type::{INSTANCE_TYPE_FIELDS, OFFERING_FIELDS, instance_type, offering};
pub use interface::{Known, attachment, detached, groups as interface_groups, interface};
pub use key_pair::{key_pair, key_type};
pub use place::{REGION_FIELDS, ZONE_FIELDS, region, zone};
pub use placement_group::placement_group;
pub use route_table::{Led, association_state, route_table};
pub use subnet::{subnet, subnet_ipv6};
pub use vpc::{cidr_association, vpc, vpc_ipv6};

use super::resource::Resource;
use model::{AccountId, Arn, Region};

/// The account and region that things are shown in.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Who owns them.
    pub account: &'a AccountId,
    /// Where they are.
    pub region: &'a Region,
}

impl Place<'_> {
    /// The owner, as a member of an answer.
    pub fn owner(&self) -> Option<String> {
        Some(self.account.to_string())
    }

    /// The ARN of a resource of EC2.
    pub fn arn(&self, resource: Resource, id: &str) -> Arn {
        resource.arn(self.account, self.region, id)
    }
}

//! The kinds of resources that EC2 shows, with the ids they have and the errors about those ids.
//!
//! The spelling of the codes is EC2's own and follows no rule (`InvalidVpcID`, `InvalidGroupId`).

use model::{AccountId, Arn, Region};
use wire::Fault;

/// A kind of resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resource {
    /// Its name as a resource type and in ARNs: `security-group`.
    pub name: &'static str,
    /// What its ids begin with, without the hyphen.
    pub prefix: &'static str,
    /// The code for an id of the wrong form.
    malformed: &'static str,
    /// The code for an id of nothing.
    not_found: &'static str,
    /// The message for an id of nothing, with `{}` for the id.
    absent: &'static str,
}

macro_rules! resources {
    ($($const:ident = $name:literal, $prefix:literal, $malformed:literal, $not_found:literal, $absent:literal;)+) => {
        impl Resource {
            $(#[doc = concat!("`", $prefix, "-…`.")] pub const $const: Self =
                Self { name: $name, prefix: $prefix, malformed: $malformed, not_found: $not_found, absent: $absent };)+
            /// Every kind.
            pub const ALL: &[Self] = &[$(Self::$const),+];
        }
    };
}

resources! {
    // Machines.
    IMAGE = "image", "ami", "InvalidAMIID.Malformed", "InvalidAMIID.NotFound", "The image id '[{}]' does not exist";
    INSTANCE = "instance", "i", "InvalidInstanceID.Malformed", "InvalidInstanceID.NotFound", "The instance ID '{}' does not exist";
    KEY_PAIR = "key-pair", "key", "InvalidParameterValue", "InvalidKeyPair.NotFound", "The key pair ID '{}' does not exist";
    LAUNCH_TEMPLATE = "launch-template", "lt", "InvalidLaunchTemplateId.Malformed", "InvalidLaunchTemplateId.NotFound",
        "The specified launch template, with template ID {}, does not exist.";
    PLACEMENT_GROUP = "placement-group", "pg", "InvalidPlacementGroupId.Malformed", "InvalidPlacementGroup.Unknown",
        "The placement group ID '{}' does not exist";
    // Disks.
    SNAPSHOT = "snapshot", "snap", "InvalidSnapshotID.Malformed", "InvalidSnapshot.NotFound",
        "The snapshot '{}' does not exist.";
    VOLUME = "volume", "vol", "InvalidVolumeID.Malformed", "InvalidVolume.NotFound", "The volume '{}' does not exist.";
    REPLACE_ROOT_VOLUME_TASK = "replace-root-volume-task", "replacevol", "InvalidReplaceRootVolumeTaskId.Malformed",
        "InvalidReplaceRootVolumeTaskId.NotFound", "The replace root volume task ID '{}' does not exist";
    // Networks.
    INTERNET_GATEWAY = "internet-gateway", "igw", "InvalidInternetGatewayId.Malformed", "InvalidInternetGatewayID.NotFound",
        "The internetGateway ID '{}' does not exist";
    EGRESS_ONLY_INTERNET_GATEWAY = "egress-only-internet-gateway", "eigw", "InvalidEgressOnlyInternetGatewayId.Malformed",
        "InvalidEgressOnlyInternetGatewayId.NotFound", "The egressOnlyInternetGateway ID '{}' does not exist";
    NETWORK_INTERFACE = "network-interface", "eni", "InvalidNetworkInterfaceId.Malformed", "InvalidNetworkInterfaceID.NotFound",
        "The networkInterface ID '{}' does not exist";
    DHCP_OPTIONS = "dhcp-options", "dopt", "InvalidDhcpOptionsId.Malformed", "InvalidDhcpOptionID.NotFound", "dhcpOption ID";
    ELASTIC_IP = "elastic-ip", "eipalloc", "InvalidParameterValue", "InvalidAllocationID.NotFound", "allocation ID";
    FLOW_LOG = "vpc-flow-log", "fl", "InvalidFlowLogId.Malformed", "InvalidFlowLogId.NotFound", "flowLog ID";
    NAT_GATEWAY = "natgateway", "nat", "NatGatewayMalformed", "NatGatewayNotFound", "Nat Gateway";
    NETWORK_ACL = "network-acl", "acl", "InvalidNetworkAclId.Malformed", "InvalidNetworkAclID.NotFound", "networkAcl ID";
    PREFIX_LIST = "prefix-list", "pl", "InvalidPrefixListId.Malformed", "InvalidPrefixListID.NotFound", "prefix list ID";
    SUBNET_CIDR_RESERVATION = "subnet-cidr-reservation", "scr",
        "InvalidSubnetCidrReservationID.Malformed", "InvalidSubnetCidrReservationID.NotFound", "subnet CIDR reservation ID";
    VPC_ENDPOINT = "vpc-endpoint", "vpce", "InvalidVpcEndpointId.Malformed", "InvalidVpcEndpointId.NotFound", "vpcEndpoint ID";
    VPC_PEERING = "vpc-peering-connection", "pcx",
        "InvalidVpcPeeringConnectionId.Malformed", "InvalidVpcPeeringConnectionID.NotFound", "vpcPeeringConnection ID";
    ROUTE_TABLE = "route-table", "rtb", "InvalidRouteTableId.Malformed", "InvalidRouteTableID.NotFound",
        "The routeTable ID '{}' does not exist";
    SECURITY_GROUP = "security-group", "sg", "InvalidGroupId.Malformed", "InvalidGroup.NotFound",
        "The security group '{}' does not exist";
    SECURITY_GROUP_RULE = "security-group-rule", "sgr", "InvalidSecurityGroupRuleId.Malformed",
        "InvalidSecurityGroupRuleId.NotFound", "The security group rule ID '{}' does not exist";
    SUBNET = "subnet", "subnet", "InvalidSubnetID.Malformed", "InvalidSubnetID.NotFound", "The subnet ID '{}' does not exist";
    VPC = "vpc", "vpc", "InvalidVpcID.Malformed", "InvalidVpcID.NotFound", "The vpc ID '{}' does not exist";
}

impl Resource {
    /// The kind that an id's prefix means.
    pub fn of_id(id: &str) -> Option<Self> {
        let (prefix, _) = id.split_once('-')?;
        Self::ALL.iter().copied().find(|resource| resource.prefix == prefix)
    }

    /// Refuses an id that none of the kind can have: the prefix, then 8 or 17 hexadecimal digits.
    pub fn check(&self, id: &str) -> Result<(), Fault> {
        let digits = id.strip_prefix(self.prefix).and_then(|rest| rest.strip_prefix('-'));
        let hex = |it: &str| it.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
        if digits.is_some_and(|it| matches!(it.len(), 8 | 17) && hex(it)) {
            return Ok(());
        }
        let message = format!("Invalid id: \"{id}\" (expecting \"{}-...\")", self.prefix);
        Err(Fault::client(self.malformed, message))
    }

    /// There is none of that id.
    pub fn not_found(&self, id: &str) -> Fault {
        Fault::client(self.not_found, self.absent.replace("{}", id))
    }

    /// The ARN of one. Those of images and snapshots name no account (Service Authorization Reference, "Amazon EC2").
    pub fn arn(&self, account: &AccountId, region: &Region, name: &str) -> Arn {
        let arn = Arn::new("ec2", region, account, format!("{}/{name}", self.name));
        let nobodys = *self == Self::IMAGE || *self == Self::SNAPSHOT;
        if nobodys { Arn { account: String::new(), ..arn } } else { arn }
    }

    /// The error about an id under which nothing was found: of its form, if that is wrong.
    pub fn absent(&self, id: &str) -> Fault {
        self.check(id).err().unwrap_or_else(|| self.not_found(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_have_a_form() {
        for id in ["vpc-0123456789abcdef0", "vpc-1a2b3c4d"] {
            assert!(Resource::VPC.check(id).is_ok(), "{id}");
        }
        for id in ["", "vpc", "vpc-", "vpc-123", "vpc-0123456789ABCDEF0", "subnet-1a2b3c4d", "vpc-1a2b3c4g"] {
            assert_eq!(Resource::VPC.check(id).unwrap_err().code, "InvalidVpcID.Malformed", "{id}");
        }
    }

    #[test]
    fn kinds_are_told_by_the_prefix() {
        assert_eq!(Resource::of_id("sgr-1"), Some(Resource::SECURITY_GROUP_RULE));
        assert_eq!(Resource::of_id("sg-1"), Some(Resource::SECURITY_GROUP));
        assert_eq!(Resource::of_id("v-1"), None);
        assert_eq!(Resource::of_id("nothing"), None);
    }

    #[test]
    fn what_is_absent_is_named_in_ec2s_words() {
        let fault = Resource::SECURITY_GROUP.absent("sg-1a2b3c4d");
        assert_eq!((&*fault.code, &*fault.message), ("InvalidGroup.NotFound", "The security group 'sg-1a2b3c4d' does not exist"));
        let fault = Resource::IMAGE.absent("ami-1a2b3c4d");
        assert_eq!((&*fault.code, &*fault.message), ("InvalidAMIID.NotFound", "The image id '[ami-1a2b3c4d]' does not exist"));
        assert_eq!(Resource::SECURITY_GROUP.absent("x").message, "Invalid id: \"x\" (expecting \"sg-...\")");
    }
}

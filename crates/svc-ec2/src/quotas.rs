//! How much of a kind an account may have in a region, and what is said where something would go beyond it: one table, and [`Quota::check`].
//!
//! The numbers are AWS's defaults (VPC user guide, "Amazon VPC quotas"; EC2 user guide, "Amazon EC2 service quotas"; EBS user guide, "Quotas
//! for Amazon EBS"), but for VPCs and their internet gateways: of these a new account has five, and nobody can be asked here for more.
//!
//! What is there is counted in the snapshot of the request, so that requests needn't wait for each other: two that come at the same moment may
//! both find the last place free.

use front::{Answer, Cx};
use logic::{
    instance::state,
    instance_type::{InstanceType, named},
};
use model::{
    Record,
    ec2::{Instance, InstanceState, Performance, Volume},
};
use spine::{Read, Scope};
use wire::Fault;

/// A quota.
#[derive(Debug)]
pub struct Quota {
    /// How many there can be.
    pub most: u64,
    code: &'static str,
    /// `{most}` stands for the number.
    message: &'static str,
}

/// VPCs of a region.
pub const VPCS: Quota = Quota::new(100, "VpcLimitExceeded", "The maximum number of VPCs has been reached.");
/// Subnets of a VPC.
pub const SUBNETS: Quota = Quota::new(200, "SubnetLimitExceeded", "The maximum number of subnets has been reached.");
/// Internet gateways of a region.
pub const INTERNET_GATEWAYS: Quota =
    Quota::new(100, "InternetGatewayLimitExceeded", "The maximum number of internet gateways has been reached.");
/// Route tables of a VPC, the main one counted.
pub const ROUTE_TABLES: Quota =
    Quota::new(200, "RouteTableLimitExceeded", "The maximum number of route tables has been reached.");
/// Network ACLs of a VPC, the default one counted.
pub const NETWORK_ACLS: Quota =
    Quota::new(200, "NetworkAclLimitExceeded", "The maximum number of network ACLs has been reached.");
/// Security groups of a region.
pub const SECURITY_GROUPS: Quota =
    Quota::new(2500, "SecurityGroupLimitExceeded", "The maximum number of security groups has been reached.");
/// NAT gateways of an Availability Zone that aren't deleted.
pub const NAT_GATEWAYS: Quota =
    Quota::new(5, "NatGatewayLimitExceeded", "Performing this operation would exceed the limit of {most} NAT gateways");
/// Network interfaces of a region.
pub const NETWORK_INTERFACES: Quota =
    Quota::new(5000, "NetworkInterfaceLimitExceeded", "The maximum number of network interfaces has been reached.");
/// Gateway endpoints of a region.
pub const GATEWAY_ENDPOINTS: Quota =
    Quota::new(20, "VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.");
/// Interface endpoints of a VPC.
pub const INTERFACE_ENDPOINTS: Quota =
    Quota::new(50, "VpcEndpointLimitExceeded", "The maximum number of VPC endpoints has been reached.");
/// Elastic IP addresses of a region.
pub const ADDRESSES: Quota = Quota::new(5, "AddressLimitExceeded", "The maximum number of addresses has been reached.");
/// Virtual processors of running instances on demand of the standard families: A, C, D, H, I, M, R, T, Z.
const STANDARD_VCPUS: Quota = Quota::new(1152, "VcpuLimitExceeded", TOO_MANY_VCPUS);
/// The same of each of the other buckets of families.
const OTHER_VCPUS: Quota = Quota::new(128, "VcpuLimitExceeded", TOO_MANY_VCPUS);
const TOO_MANY_VCPUS: &str = "You have requested more vCPU capacity than your current vCPU limit of {most} allows for the instance \
                              bucket that the specified instance type belongs to.";
/// The size of all volumes of a type, in GiB: 50 TiB.
const STORAGE: Quota = Quota::new(
    50 * 1024,
    "VolumeLimitExceeded",
    "You have exceeded your maximum storage limit of {most} GiB of this volume type.",
);
/// Provisioned I/O operations a second of all volumes of the type `io1`.
const IO1_IOPS: Quota = Quota::new(300_000, "MaxIOPSLimitExceeded", TOO_MANY_IOPS);
/// Those of the type `io2`.
const IO2_IOPS: Quota = Quota::new(100_000, "MaxIOPSLimitExceeded", TOO_MANY_IOPS);
const TOO_MANY_IOPS: &str = "You have exceeded your maximum provisioned IOPS limit of {most} of this volume type.";
/// Snapshots of a volume that aren't complete.
pub const CONCURRENT_SNAPSHOTS: Quota = Quota::new(5, "ConcurrentSnapshotLimitExceeded", TOO_MANY_SNAPSHOTS);
/// The same where the volume is of the type `st1` or `sc1`.
pub const CONCURRENT_SNAPSHOTS_OF_HDD: Quota = Quota::new(1, "ConcurrentSnapshotLimitExceeded", TOO_MANY_SNAPSHOTS);
const TOO_MANY_SNAPSHOTS: &str = "Maximum allowed in-progress snapshots for a single volume exceeded.";

impl Quota {
    const fn new(most: u64, code: &'static str, message: &'static str) -> Self {
        Self { most, code, message }
    }

    /// Refuses what would be more than the quota: so much is there, and so much is to come.
    pub fn check(&self, there: u64, more: u64) -> Answer<()> {
        if there.saturating_add(more) <= self.most {
            return Ok(());
        }
        Err(Fault::client(self.code, self.message.replace("{most}", &self.most.to_string())))
    }

    /// Refuses one more of a kind of record where those that are there and counted are as many as can be.
    pub fn check_one<R: Record>(&self, cx: &Cx, counted: impl Fn(&R::Spec) -> bool) -> Answer<()> {
        self.check_some::<R>(cx, 1, counted)
    }

    /// The same for several.
    pub fn check_some<R: Record>(&self, cx: &Cx, more: u64, counted: impl Fn(&R::Spec) -> bool) -> Answer<()> {
        let there = cx.snapshot().specs::<R>(Scope::Region(&cx.account, &cx.region))?;
        self.check(there.iter().filter(|(_, spec)| counted(spec)).count() as u64, more)
    }
}

/// How many more instances of a type can run, at least so many and at most so many; refuses where its bucket has too few virtual processors left.
pub fn within_vcpus(cx: &Cx, kind: &InstanceType, (least, most): (u32, u32)) -> Answer<u32> {
    let wanted = bucket(&kind.name);
    let mut running = 0;
    for (_, row) in cx.snapshot().list::<Instance>(Scope::Region(&cx.account, &cx.region))? {
        let runs = matches!(state(&row.spec, &row.plan), InstanceState::Pending | InstanceState::Running);
        if runs && bucket(&row.spec.instance_type) == wanted {
            running += named(&row.spec.instance_type).map_or(0, vcpus);
        }
    }
    let quota = if wanted == STANDARD { &STANDARD_VCPUS } else { &OTHER_VCPUS };
    let each = vcpus(kind).max(1);
    quota.check(running, each.saturating_mul(least.into()))?;
    let left = quota.most.saturating_sub(running) / each;
    Ok(u32::try_from(left).unwrap_or(u32::MAX).min(most))
}

const STANDARD: &str = "standard";

fn vcpus(kind: &InstanceType) -> u64 {
    u64::try_from(kind.vcpus).unwrap_or_default()
}

/// The bucket of families that a type belongs to.
fn bucket(instance_type: &str) -> &str {
    let end = instance_type.find(|letter: char| !letter.is_ascii_lowercase()).unwrap_or(instance_type.len());
    match &instance_type[..end] {
        "a" | "c" | "d" | "h" | "i" | "im" | "is" | "m" | "r" | "t" | "z" => STANDARD,
        "g" | "gr" | "vt" => "g",
        other => other,
    }
}

/// Refuses volumes (as many as are said, each of such a size and performance) where there is too much of their type.
pub fn check_volumes(cx: &Cx, size: u32, performance: &Performance, volumes: u64) -> Answer<()> {
    let there = cx.snapshot().specs::<Volume>(Scope::Region(&cx.account, &cx.region))?;
    let alike = || there.iter().map(|(_, spec)| spec).filter(|spec| spec.performance.volume_type == performance.volume_type);
    let stored = alike().map(|spec| u64::from(spec.size)).sum();
    STORAGE.check(stored, u64::from(size).saturating_mul(volumes))?;
    let quota = match &*performance.volume_type {
        "io1" => &IO1_IOPS,
        "io2" => &IO2_IOPS,
        _ => return Ok(()),
    };
    let iops = |performance: &Performance| u64::from(performance.iops.unwrap_or_default());
    quota.check(alike().map(|spec| iops(&spec.performance)).sum(), iops(performance).saturating_mul(volumes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_as_the_quota_says_and_no_more() {
        assert!(NAT_GATEWAYS.check(4, 1).is_ok());
        let refused = NAT_GATEWAYS.check(5, 1).unwrap_err();
        assert_eq!(refused.code, "NatGatewayLimitExceeded");
        assert_eq!(refused.message, "Performing this operation would exceed the limit of 5 NAT gateways");
        assert!(VPCS.check(u64::MAX, 1).is_err());
    }

    #[test]
    fn families_share_their_buckets() {
        assert_eq!(bucket("t3.micro"), bucket("m5.large"));
        assert_eq!(bucket("g4dn.xlarge"), bucket("vt1.3xlarge"));
        for other in ["inf1.xlarge", "trn1.2xlarge", "dl1.24xlarge", "p3.2xlarge", "x1.16xlarge", "hpc6a.48xlarge"] {
            assert_ne!(bucket(other), STANDARD, "{other}");
        }
    }
}

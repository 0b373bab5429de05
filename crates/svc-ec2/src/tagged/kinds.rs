//! The table of the kinds that can be tagged: the record, its resource, and what its record tells to those who decide.

use super::{Kind, Known, Tagged, rule};
use crate::resource::Resource;
use model::ec2::{
    DhcpOptions, EgressOnlyInternetGateway, ElasticIp, FlowLog, Image, Instance, InternetGateway, KeyPair, KeyType,
    LaunchTemplate, NatGateway, NetworkAcl, NetworkInterface, PlacementGroup, PlacementStrategy, PrefixList, RootReplacement,
    RouteTable, SecurityGroup, Snapshot, Subnet, Tags, Volume, Vpc, VpcEndpoint, VpcPeering,
};

/// `Record = RESOURCE, |its spec, what is known|: its condition keys;`, and `named` with the member that ARNs have instead of the id.
macro_rules! kinds {
    ($($record:ident $(named $name:ident)? = $resource:ident, |$spec:tt, $known:ident| $tell:block)+) => {
        $(impl Tagged for $record {
            const RESOURCE: Resource = Resource::$resource;
            const NAME: Option<fn(&Self::Spec) -> &str> = kinds!(@name $($name)?);
            fn tags(spec: &Self::Spec) -> &Tags {
                &spec.tags
            }
            fn tags_mut(spec: &mut Self::Spec) -> &mut Tags {
                &mut spec.tags
            }
            fn tell($spec: &Self::Spec, $known: &mut Known<'_>) {
                $tell;
            }
        })+

        /// Every kind that can be tagged.
        pub const KINDS: &[Kind] = &[$(Kind::of::<$record>(),)+ rule::KIND];
    };
    (@name) => { None };
    (@name $name:ident) => { Some(|spec| &spec.$name) };
}

kinds! {
    DhcpOptions = DHCP_OPTIONS, |_, known| {
        known.set("ec2:DhcpOptionsID", known.id)
    }
    EgressOnlyInternetGateway = EGRESS_ONLY_INTERNET_GATEWAY, |_, _known| {}
    ElasticIp = ELASTIC_IP, |spec, known| {
        known.set("ec2:AllocationId", known.id).set("ec2:Domain", "vpc").set("ec2:PublicIpAddress", spec.address.to_string())
    }
    FlowLog = FLOW_LOG, |_, _known| {}
    Image = IMAGE, |spec, known| {
        let owner = spec.owner_alias.clone().unwrap_or_else(|| known.account.to_string());
        known.set("ec2:ImageID", known.id).set("ec2:ImageType", "machine").set("ec2:Owner", owner);
        known.set("ec2:Public", spec.public.to_string()).set("ec2:RootDeviceType", "ebs")
    }
    Instance = INSTANCE, |spec, known| {
        known.set("ec2:InstanceID", known.id).set("ec2:InstanceType", &spec.instance_type);
        known.set("ec2:AvailabilityZone", &spec.placement.zone).set("ec2:Tenancy", &spec.placement.tenancy);
        known.set("ec2:EbsOptimized", spec.attributes.ebs_optimized.to_string()).set("ec2:RootDeviceType", "ebs");
        if let Some(profile) = &spec.profile {
            known.set("ec2:InstanceProfile", &profile.arn);
        }
        if let Some(group) = &spec.placement.group {
            known.set_arn("ec2:PlacementGroup", Resource::PLACEMENT_GROUP, group);
        }
    }
    InternetGateway = INTERNET_GATEWAY, |_, known| {
        known.set("ec2:InternetGatewayID", known.id)
    }
    KeyPair named name = KEY_PAIR, |spec, known| {
        let kind = match spec.key_type {
            KeyType::Rsa => "rsa",
            KeyType::Ed25519 => "ed25519",
        };
        known.set("ec2:KeyPairName", &spec.name).set("ec2:KeyPairType", kind)
    }
    LaunchTemplate = LAUNCH_TEMPLATE, |_, known| {
        known.set("ec2:LaunchTemplateID", known.id)
    }
    NatGateway = NAT_GATEWAY, |spec, known| {
        known.set_arn("ec2:Vpc", Resource::VPC, &spec.vpc).set_arn("ec2:Subnet", Resource::SUBNET, &spec.subnet)
    }
    NetworkAcl = NETWORK_ACL, |spec, known| {
        known.set("ec2:NetworkAclID", known.id).set_arn("ec2:Vpc", Resource::VPC, &spec.vpc)
    }
    NetworkInterface = NETWORK_INTERFACE, |spec, known| {
        known.set("ec2:NetworkInterfaceID", known.id).set("ec2:AvailabilityZone", &spec.zone);
        known.set_arn("ec2:Subnet", Resource::SUBNET, &spec.subnet).set_arn("ec2:Vpc", Resource::VPC, &spec.vpc)
    }
    PlacementGroup named name = PLACEMENT_GROUP, |spec, known| {
        let strategy = match spec.strategy {
            PlacementStrategy::Cluster => "cluster",
            PlacementStrategy::Partition(_) => "partition",
            PlacementStrategy::Spread(_) => "spread",
        };
        known.set("ec2:PlacementGroupName", &spec.name).set("ec2:PlacementGroupStrategy", strategy)
    }
    PrefixList = PREFIX_LIST, |_, _known| {}
    RootReplacement = REPLACE_ROOT_VOLUME_TASK, |_, _known| {}
    RouteTable = ROUTE_TABLE, |spec, known| {
        known.set("ec2:RouteTableID", known.id).set_arn("ec2:Vpc", Resource::VPC, &spec.vpc)
    }
    SecurityGroup = SECURITY_GROUP, |spec, known| {
        known.set("ec2:SecurityGroupID", known.id).set_arn("ec2:Vpc", Resource::VPC, &spec.vpc)
    }
    Snapshot = SNAPSHOT, |spec, known| {
        let owner = known.account.to_string();
        known.set("ec2:SnapshotID", known.id).set("ec2:Owner", owner);
        known.set("ec2:Encrypted", spec.encryption.is_some().to_string()).set("ec2:VolumeSize", spec.size.to_string());
        known.set_arn("ec2:ParentVolume", Resource::VOLUME, &spec.volume)
    }
    Subnet = SUBNET, |spec, known| {
        known.set("ec2:SubnetID", known.id).set_arn("ec2:Vpc", Resource::VPC, &spec.vpc);
        known.set("ec2:AvailabilityZone", &spec.zone).set("ec2:AvailabilityZoneId", &spec.zone_id)
    }
    Volume = VOLUME, |spec, known| {
        known.set("ec2:VolumeID", known.id).set("ec2:AvailabilityZone", &spec.zone);
        known.set("ec2:VolumeType", &spec.performance.volume_type).set("ec2:VolumeSize", spec.size.to_string());
        known.set("ec2:Encrypted", spec.encryption.is_some().to_string());
        if let Some(iops) = spec.performance.iops {
            known.set("ec2:VolumeIops", iops.to_string());
        }
        if let Some(throughput) = spec.performance.throughput {
            known.set("ec2:VolumeThroughput", throughput.to_string());
        }
        if let Some(snapshot) = &spec.snapshot {
            known.set_arn("ec2:ParentSnapshot", Resource::SNAPSHOT, snapshot);
        }
    }
    Vpc = VPC, |_, known| {
        known.set("ec2:VpcID", known.id).set("ec2:Tenancy", "default")
    }
    VpcEndpoint = VPC_ENDPOINT, |spec, known| {
        known.set("ec2:VpceServiceName", &spec.service).set("ec2:VpceServiceOwner", "amazon")
    }
    VpcPeering = VPC_PEERING, |spec, known| {
        let vpc = |side: &model::ec2::PeeredVpc| {
            model::Arn::new("ec2", &side.region, &side.account, format!("vpc/{}", side.vpc)).to_string()
        };
        known.set("ec2:RequesterVpc", vpc(&spec.requester)).set("ec2:AccepterVpc", vpc(&spec.accepter));
        known.set("ec2:VpcPeeringConnectionID", known.id)
    }
}

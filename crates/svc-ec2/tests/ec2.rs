//! EC2's operations, through the front.

mod common;

use common::{call, cloud, ec2};
use front::testing::Bench;

async fn default_group(bench: &Bench) -> String {
    ec2(bench, "DescribeSecurityGroups", &[("GroupName.1", "default")]).await.one("item/groupId").to_owned()
}

async fn new_group(bench: &Bench, name: &str) -> String {
    let made = ec2(bench, "CreateSecurityGroup", &[("GroupName", name), ("GroupDescription", "for tests")]).await;
    made.one("groupId").to_owned()
}

#[tokio::test]
async fn every_account_and_region_has_a_default_network_of_its_own() {
    let cloud = cloud();
    let vpcs = ec2(&cloud, "DescribeVpcs", &[]).await;
    assert_eq!(vpcs.all("item/isDefault"), ["true"]);
    assert_eq!(vpcs.all("vpcSet/item/cidrBlock"), ["172.31.0.0/16"]);
    let vpc = vpcs.one("item/vpcId");
    let other = ec2(&cloud.region("eu-west-1"), "DescribeVpcs", &[]).await;
    assert_ne!(other.one("item/vpcId"), vpc);
    let stranger = ec2(&cloud.account("999999999999"), "DescribeVpcs", &[]).await;
    assert_ne!(stranger.one("item/vpcId"), vpc);
    assert_eq!(ec2(&cloud, "DescribeVpcs", &[]).await.one("item/vpcId"), vpc);
}

#[tokio::test]
async fn subnets_lie_in_three_zones() {
    let cloud = cloud();
    let subnets = ec2(&cloud, "DescribeSubnets", &[]).await;
    let mut zones = subnets.all("item/availabilityZone");
    zones.sort_unstable();
    assert_eq!(zones, ["us-east-1a", "us-east-1b", "us-east-1c"]);
    assert_eq!(subnets.all("item/availableIpAddressCount"), ["4091"; 3]);
    let one = ec2(&cloud, "DescribeSubnets", &[("Filter.1.Name", "availability-zone"), ("Filter.1.Value.1", "*b")]).await;
    assert_eq!(one.all("item/cidrBlock"), ["172.31.16.0/20"]);
    assert_eq!(one.all("item/availabilityZoneId"), ["use1-az2"]);
}

#[tokio::test]
async fn unknown_ids_and_filters_are_told_in_ec2s_words() {
    let cloud = cloud();
    for (operation, parameter, value, code, message) in [
        ("DescribeVpcs", "VpcId.1", "vpc-00000000", "InvalidVpcID.NotFound", "The vpc ID 'vpc-00000000' does not exist"),
        ("DescribeVpcs", "VpcId.1", "x", "InvalidVpcID.Malformed", "Invalid id: \"x\" (expecting \"vpc-...\")"),
        (
            "DescribeSubnets",
            "SubnetId.1",
            "subnet-00000000",
            "InvalidSubnetID.NotFound",
            "The subnet ID 'subnet-00000000' does not exist",
        ),
        (
            "DescribeSecurityGroups",
            "GroupId.1",
            "sg-00000000",
            "InvalidGroup.NotFound",
            "The security group 'sg-00000000' does not exist",
        ),
        (
            "DescribeNetworkInterfaces",
            "NetworkInterfaceId.1",
            "eni-00000000",
            "InvalidNetworkInterfaceID.NotFound",
            "The networkInterface ID 'eni-00000000' does not exist",
        ),
    ] {
        let answer = call(&cloud, "ec2", operation, &[(parameter, value)]).await;
        assert_eq!((answer.status, answer.code(), answer.message()), (400, code, message));
    }
    let attribute = [("VpcId", "vpc-00000000"), ("Attribute", "enableDnsSupport")];
    assert_eq!(call(&cloud, "ec2", "DescribeVpcAttribute", &attribute).await.code(), "InvalidVpcID.NotFound");
    let filter = [("Filter.1.Name", "colour"), ("Filter.1.Value.1", "red")];
    for operation in ["DescribeVpcs", "DescribeSubnets", "DescribeSecurityGroups", "DescribeRegions", "DescribeTags"] {
        let answer = call(&cloud, "ec2", operation, &filter).await;
        assert_eq!((answer.code(), answer.message()), ("InvalidParameterValue", "The filter 'colour' is invalid"));
    }
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let cloud = cloud();
    let parameters = [("GroupName", "web"), ("GroupDescription", "d"), ("DryRun", "true")];
    let answer = call(&cloud, "ec2", "CreateSecurityGroup", &parameters).await;
    assert_eq!((answer.status, answer.code()), (412, "DryRunOperation"));
    assert_eq!(ec2(&cloud, "DescribeSecurityGroups", &[]).await.all("item/groupName"), ["default"]);
}

#[tokio::test]
async fn a_group_lives_from_creation_to_deletion() {
    let cloud = cloud();
    let tags = [
        ("GroupName", "web"),
        ("GroupDescription", "for the web"),
        ("TagSpecification.1.ResourceType", "security-group"),
        ("TagSpecification.1.Tag.1.Key", "team"),
        ("TagSpecification.1.Tag.1.Value", "a"),
    ];
    let made = ec2(&cloud, "CreateSecurityGroup", &tags).await;
    let id = made.one("groupId").to_owned();
    let again = call(&cloud, "ec2", "CreateSecurityGroup", &tags).await;
    assert_eq!(again.code(), "InvalidGroup.Duplicate");
    let found = ec2(&cloud, "DescribeSecurityGroups", &[("Filter.1.Name", "tag:team"), ("Filter.1.Value.1", "a")]).await;
    assert_eq!(found.all("item/groupId"), [id.as_str()]);
    assert_eq!(found.all("ipPermissionsEgress/item/ipProtocol"), ["-1"]);
    ec2(&cloud, "DeleteSecurityGroup", &[("GroupId", &id)]).await;
    let gone = call(&cloud, "ec2", "DeleteSecurityGroup", &[("GroupId", &id)]).await;
    assert_eq!(gone.code(), "InvalidGroup.NotFound");
}

#[tokio::test]
async fn names_and_descriptions_of_groups_are_checked() {
    let cloud = cloud();
    for (name, description, code) in [
        ("sg-web", "d", "InvalidParameterValue"),
        ("default", "d", "InvalidGroup.Reserved"),
        ("a\u{e4}", "d", "InvalidParameterValue"),
        ("web", "d\u{e4}", "InvalidParameterValue"),
    ] {
        let answer = call(&cloud, "ec2", "CreateSecurityGroup", &[("GroupName", name), ("GroupDescription", description)]).await;
        assert_eq!(answer.code(), code, "{name}");
    }
    let elsewhere = [("GroupName", "web"), ("GroupDescription", "d"), ("VpcId", "vpc-00000000")];
    assert_eq!(call(&cloud, "ec2", "CreateSecurityGroup", &elsewhere).await.code(), "InvalidVpcID.NotFound");
}

#[tokio::test]
async fn rules_are_authorized_shown_and_revoked() {
    let cloud = cloud();
    let id = new_group(&cloud, "web").await;
    let parameters = [
        ("GroupId", id.as_str()),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "80"),
        ("IpPermissions.1.ToPort", "80"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
        ("IpPermissions.1.IpRanges.1.Description", "everyone"),
        ("IpPermissions.1.Groups.1.GroupId", id.as_str()),
    ];
    let allowed = ec2(&cloud, "AuthorizeSecurityGroupIngress", &parameters).await;
    let rules: Vec<String> = allowed.all("item/securityGroupRuleId").iter().map(|it| it.to_string()).collect();
    assert_eq!(rules.len(), 2);
    let again = call(&cloud, "ec2", "AuthorizeSecurityGroupIngress", &parameters).await;
    assert_eq!(again.code(), "InvalidPermission.Duplicate");
    assert_eq!(again.message(), "the specified rule \"peer: 0.0.0.0/0, TCP, from port: 80, to port: 80, ALLOW\" already exists");

    let shown = ec2(&cloud, "DescribeSecurityGroups", &[("GroupId.1", &id)]).await;
    assert_eq!(shown.all("ipPermissions/item/ipRanges/item/description"), ["everyone"]);
    assert_eq!(shown.all("ipPermissions/item/groups/item/groupId"), [id.as_str()]);
    let listed = ec2(&cloud, "DescribeSecurityGroupRules", &[("Filter.1.Name", "group-id"), ("Filter.1.Value.1", &id)]).await;
    assert_eq!(listed.all("item/securityGroupRuleId").len(), 3);

    ec2(&cloud, "RevokeSecurityGroupIngress", &[("GroupId", &id), ("SecurityGroupRuleId.1", &rules[1])]).await;
    ec2(&cloud, "RevokeSecurityGroupIngress", &parameters[..5]).await;
    let left = ec2(&cloud, "DescribeSecurityGroups", &[("GroupId.1", &id)]).await;
    assert!(left.all("ipPermissions/item/ipProtocol").is_empty());
    let gone = call(&cloud, "ec2", "RevokeSecurityGroupIngress", &[("GroupId", &id), ("SecurityGroupRuleId.1", &rules[1])]).await;
    assert_eq!(gone.code(), "InvalidSecurityGroupRuleId.NotFound");
}

#[tokio::test]
async fn rules_change_in_place() {
    let cloud = cloud();
    let id = new_group(&cloud, "web").await;
    let allow = |port: &'static str| {
        [
            ("GroupId", id.as_str()),
            ("IpPermissions.1.IpProtocol", "tcp"),
            ("IpPermissions.1.FromPort", port),
            ("IpPermissions.1.ToPort", port),
            ("IpPermissions.1.IpRanges.1.CidrIp", "10.0.0.0/8"),
        ]
    };
    let first = ec2(&cloud, "AuthorizeSecurityGroupIngress", &allow("80")).await.one("item/securityGroupRuleId").to_owned();
    ec2(&cloud, "AuthorizeSecurityGroupIngress", &allow("81")).await;
    let change = |port: &'static str, peer: (&'static str, &'static str)| {
        [
            ("GroupId", id.as_str()),
            ("SecurityGroupRule.1.SecurityGroupRuleId", first.as_str()),
            ("SecurityGroupRule.1.SecurityGroupRule.IpProtocol", "tcp"),
            ("SecurityGroupRule.1.SecurityGroupRule.FromPort", port),
            ("SecurityGroupRule.1.SecurityGroupRule.ToPort", port),
            peer,
        ]
    };
    let (ipv4, ipv6) = ("SecurityGroupRule.1.SecurityGroupRule.CidrIpv4", "SecurityGroupRule.1.SecurityGroupRule.CidrIpv6");
    let code =
        async |parameters: &[(&str, &str)]| call(&cloud, "ec2", "ModifySecurityGroupRules", parameters).await.code().to_owned();
    assert_eq!(code(&change("81", (ipv4, "10.0.0.0/8"))).await, "InvalidPermission.Duplicate");
    assert_eq!(code(&change("82", (ipv6, "::/0"))).await, "InvalidParameterValue");
    ec2(&cloud, "ModifySecurityGroupRules", &change("82", (ipv4, "10.0.0.0/8"))).await;
    let text = [("IpPermissions.1.IpRanges.1.Description", "people")];
    let describe: Vec<_> = allow("82").into_iter().chain(text).collect();
    ec2(&cloud, "UpdateSecurityGroupRuleDescriptionsIngress", &describe).await;
    let rule = ec2(&cloud, "DescribeSecurityGroupRules", &[("SecurityGroupRuleId.1", &first)]).await;
    assert_eq!((rule.one("item/fromPort"), rule.one("item/description")), ("82", "people"));
    let none = [("GroupId", id.as_str()), ("SecurityGroupRuleDescription.1.SecurityGroupRuleId", &first)];
    ec2(&cloud, "UpdateSecurityGroupRuleDescriptionsIngress", &none).await;
    let rule = ec2(&cloud, "DescribeSecurityGroupRules", &[("SecurityGroupRuleId.1", &first)]).await;
    assert!(rule.all("item/description").is_empty());
    let unknown = call(&cloud, "ec2", "UpdateSecurityGroupRuleDescriptionsEgress", &describe).await;
    assert_eq!(unknown.code(), "InvalidPermission.NotFound");
}

#[tokio::test]
async fn the_parameters_of_a_single_permission_still_work() {
    let cloud = cloud();
    new_group(&cloud, "web").await;
    let parameters =
        [("GroupName", "web"), ("IpProtocol", "tcp"), ("FromPort", "22"), ("ToPort", "22"), ("CidrIp", "10.0.0.0/8")];
    let allowed = ec2(&cloud, "AuthorizeSecurityGroupIngress", &parameters).await;
    assert_eq!(allowed.all("item/cidrIpv4"), ["10.0.0.0/8"]);
    let by_name = [("GroupName", "web"), ("SourceSecurityGroupName", "default")];
    let allowed = ec2(&cloud, "AuthorizeSecurityGroupIngress", &by_name).await;
    assert_eq!(allowed.all("item/ipProtocol"), ["tcp", "udp", "icmp"]);
}

#[tokio::test]
async fn terraforms_open_egress_is_what_it_is_at_aws() {
    let cloud = cloud();
    let id = new_group(&cloud, "web").await;
    let everything = [
        ("GroupId", id.as_str()),
        ("IpPermissions.1.IpProtocol", "-1"),
        ("IpPermissions.1.FromPort", "0"),
        ("IpPermissions.1.ToPort", "0"),
        ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
        ("IpPermissions.1.Ipv6Ranges.1.CidrIpv6", "::/0"),
    ];
    let revoked = ec2(&cloud, "RevokeSecurityGroupEgress", &everything).await;
    assert_eq!(revoked.all("revokedSecurityGroupRuleSet/item/cidrIpv4"), ["0.0.0.0/0"]);
    assert_eq!(revoked.all("unknownIpPermissionSet/item/ipProtocol"), ["-1"]);
    let allowed = ec2(&cloud, "AuthorizeSecurityGroupEgress", &everything).await;
    assert_eq!(allowed.all("item/cidrIpv6"), ["::/0"]);
}

#[tokio::test]
async fn a_group_in_use_and_the_default_group_stay() {
    let cloud = cloud();
    let (default, web, app) = (default_group(&cloud).await, new_group(&cloud, "web").await, new_group(&cloud, "app").await);
    let answer = call(&cloud, "ec2", "DeleteSecurityGroup", &[("GroupId", &default)]).await;
    assert_eq!(answer.code(), "CannotDelete");
    let rule = [
        ("GroupId", app.as_str()),
        ("IpPermissions.1.IpProtocol", "tcp"),
        ("IpPermissions.1.FromPort", "80"),
        ("IpPermissions.1.ToPort", "80"),
        ("IpPermissions.1.Groups.1.GroupId", web.as_str()),
    ];
    ec2(&cloud, "AuthorizeSecurityGroupIngress", &rule).await;
    let answer = call(&cloud, "ec2", "DeleteSecurityGroup", &[("GroupId", &web)]).await;
    assert_eq!(
        (answer.code(), answer.message()),
        ("DependencyViolation", format!("resource {web} has a dependent object").as_str())
    );
    ec2(&cloud, "DeleteSecurityGroup", &[("GroupId", &app)]).await;
    ec2(&cloud, "DeleteSecurityGroup", &[("GroupId", &web)]).await;
}

#[tokio::test]
async fn everything_can_be_tagged_and_found_by_tags() {
    let cloud = cloud();
    let vpc = ec2(&cloud, "DescribeVpcs", &[]).await.one("item/vpcId").to_owned();
    let group = default_group(&cloud).await;
    let tag = [("ResourceId.1", vpc.as_str()), ("ResourceId.2", group.as_str()), ("Tag.1.Key", "a"), ("Tag.1.Value", "b")];
    ec2(&cloud, "CreateTags", &tag).await;
    let tags = ec2(&cloud, "DescribeTags", &[("Filter.1.Name", "tag:a"), ("Filter.1.Value.1", "b")]).await;
    assert_eq!(tags.all("item/resourceType"), ["security-group", "vpc"]);
    ec2(&cloud, "DeleteTags", &[("ResourceId.1", &vpc), ("Tag.1.Key", "a")]).await;
    let tags = ec2(&cloud, "DescribeTags", &[("Filter.1.Name", "resource-type"), ("Filter.1.Value.1", "vpc")]).await;
    assert!(tags.all("item/key").is_empty());
    let one_is_missing = [("ResourceId.1", vpc.as_str()), ("ResourceId.2", "vpc-00000000"), ("Tag.1.Key", "c")];
    assert_eq!(call(&cloud, "ec2", "CreateTags", &one_is_missing).await.code(), "InvalidVpcID.NotFound");
    assert!(
        ec2(&cloud, "DescribeVpcs", &[("Filter.1.Name", "tag-key"), ("Filter.1.Value.1", "c")])
            .await
            .all("item/vpcId")
            .is_empty()
    );
    assert_eq!(call(&cloud, "ec2", "CreateTags", &[("ResourceId.1", "disk-1"), ("Tag.1.Key", "c")]).await.code(), "InvalidID");
}

#[tokio::test]
async fn pages_of_rules_follow_each_other() {
    let cloud = cloud();
    let id = new_group(&cloud, "web").await;
    for port in 1..=8 {
        let port = port.to_string();
        let rule = [
            ("GroupId", id.as_str()),
            ("IpPermissions.1.IpProtocol", "udp"),
            ("IpPermissions.1.FromPort", port.as_str()),
            ("IpPermissions.1.ToPort", port.as_str()),
            ("IpPermissions.1.IpRanges.1.CidrIp", "0.0.0.0/0"),
        ];
        ec2(&cloud, "AuthorizeSecurityGroupIngress", &rule).await;
    }
    let first = ec2(&cloud, "DescribeSecurityGroupRules", &[("MaxResults", "6")]).await;
    let second = ec2(&cloud, "DescribeSecurityGroupRules", &[("MaxResults", "6"), ("NextToken", first.one("nextToken"))]).await;
    assert_eq!(first.all("item/securityGroupRuleId").len() + second.all("item/securityGroupRuleId").len(), 11);
    assert!(second.all("nextToken").is_empty());
}

#[tokio::test]
async fn routes_gateways_regions_zones_and_attributes_are_shown() {
    let cloud = cloud();
    let gateway = ec2(&cloud, "DescribeInternetGateways", &[]).await.one("item/internetGatewayId").to_owned();
    let tables = ec2(&cloud, "DescribeRouteTables", &[("Filter.1.Name", "association.main"), ("Filter.1.Value.1", "true")]).await;
    assert_eq!(tables.all("routeSet/item/gatewayId"), ["local", gateway.as_str()]);
    let zones = ec2(&cloud.region("eu-west-1"), "DescribeAvailabilityZones", &[]).await;
    assert_eq!(zones.all("item/zoneId"), ["euw1-az1", "euw1-az2", "euw1-az3"]);
    let regions = ec2(&cloud, "DescribeRegions", &[("RegionName.1", "eu-west-1")]).await;
    assert_eq!(regions.all("item/regionName"), ["eu-west-1"]);
    let vpc = ec2(&cloud, "DescribeVpcs", &[]).await.one("item/vpcId").to_owned();
    let attribute = ec2(&cloud, "DescribeVpcAttribute", &[("VpcId", &vpc), ("Attribute", "enableDnsHostnames")]).await;
    assert_eq!(attribute.one("enableDnsHostnames/value"), "true");
    let account = ec2(&cloud, "DescribeAccountAttributes", &[("AttributeName.1", "default-vpc")]).await;
    assert_eq!(account.all("item/attributeValue"), [vpc.as_str()]);
}

#[test]
fn every_operation_that_is_listed_has_a_row() {
    let service = svc_ec2::service(&std::sync::Arc::new(spine::Store::ephemeral()), &std::sync::Arc::new(svc_ec2::Hosts::none()));
    let built: Vec<_> = service.table().map(|(name, ..)| name).collect();
    let missing: Vec<_> = service.api().operations.iter().map(|it| it.name).filter(|name| !built.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

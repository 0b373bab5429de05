//! Managed prefix lists, and endpoints, whose routes are for such lists.

use super::{
    code,
    common::{cloud, ec2},
    of_vpc, vpc,
};

#[tokio::test]
async fn a_list_goes_from_version_to_version() {
    let cloud = cloud();
    let asked = [
        ("PrefixListName", "offices"),
        ("AddressFamily", "IPv4"),
        ("MaxEntries", "2"),
        ("Entry.1.Cidr", "192.0.2.0/24"),
        ("Entry.1.Description", "north"),
    ];
    let list = ec2(&cloud, "CreateManagedPrefixList", &asked).await.one("prefixList/prefixListId").to_owned();
    let state = async || {
        let shown = ec2(&cloud, "DescribeManagedPrefixLists", &[("PrefixListId.1", &list)]).await;
        shown.one("item/state").to_owned()
    };
    assert_eq!(state().await, "create-complete");
    ec2(&cloud, "ModifyManagedPrefixList", &[("PrefixListId", &list), ("PrefixListName", "bureaus")]).await;
    assert_eq!(state().await, "modify-complete", "though it has no other version");
    let change = |version: &'static str, cidr: &'static str| {
        [("PrefixListId", list.as_str()), ("CurrentVersion", version), ("AddEntry.1.Cidr", cidr)]
    };
    assert_eq!(code(&cloud, "ModifyManagedPrefixList", &change("7", "198.51.100.0/24")).await, "PrefixListVersionMismatch");
    let changed = ec2(&cloud, "ModifyManagedPrefixList", &change("1", "198.51.100.0/24")).await;
    assert_eq!(changed.one("prefixList/version"), "2");
    let full = code(&cloud, "ModifyManagedPrefixList", &change("2", "203.0.113.0/24")).await;
    assert_eq!(full, "PrefixListMaxEntriesExceeded");
    let entries = async |version: &[(&str, &str)]| {
        let parameters: Vec<_> = [("PrefixListId", list.as_str())].into_iter().chain(version.iter().copied()).collect();
        ec2(&cloud, "GetManagedPrefixListEntries", &parameters).await.all("item/cidr").len()
    };
    assert_eq!((entries(&[]).await, entries(&[("TargetVersion", "1")]).await), (2, 1));
    let back = [("PrefixListId", list.as_str()), ("PreviousVersion", "1"), ("CurrentVersion", "2")];
    assert_eq!(ec2(&cloud, "RestoreManagedPrefixListVersion", &back).await.one("prefixList/version"), "3");
    assert_eq!((entries(&[]).await, state().await), (1, "restore-complete".to_owned()));
    ec2(&cloud, "DeleteManagedPrefixList", &[("PrefixListId", &list)]).await;
    assert_eq!(code(&cloud, "DeleteManagedPrefixList", &[("PrefixListId", &list)]).await, "InvalidPrefixListID.NotFound");
}

#[tokio::test]
async fn a_list_that_a_rule_or_a_route_names_stays() {
    let cloud = cloud();
    let asked = [("PrefixListName", "offices"), ("AddressFamily", "IPv4"), ("MaxEntries", "2")];
    let list = ec2(&cloud, "CreateManagedPrefixList", &asked).await.one("prefixList/prefixListId").to_owned();
    let group = ec2(&cloud, "DescribeSecurityGroups", &[]).await.one("item/groupId").to_owned();
    let rule = |list: &str| {
        [
            ("GroupId", group.clone()),
            ("IpPermissions.1.IpProtocol", "tcp".into()),
            ("IpPermissions.1.FromPort", "22".into()),
            ("IpPermissions.1.ToPort", "22".into()),
            ("IpPermissions.1.PrefixListIds.1.PrefixListId", list.to_owned()),
        ]
    };
    let run = async |operation: &str, rule: [(&str, String); 5]| {
        let plain: Vec<_> = rule.iter().map(|(name, value)| (*name, value.as_str())).collect();
        super::call(&cloud, "ec2", operation, &plain).await
    };
    assert_eq!(run("AuthorizeSecurityGroupIngress", rule("pl-0123abcd")).await.code(), "InvalidPrefixListID.NotFound");
    assert_eq!(run("AuthorizeSecurityGroupIngress", rule(&list)).await.status, 200);
    let shown = ec2(&cloud, "DescribeSecurityGroups", &[("GroupId.1", &group)]).await;
    assert_eq!(shown.all("prefixListIds/item/prefixListId"), [list.as_str()]);
    let users = ec2(&cloud, "GetManagedPrefixListAssociations", &[("PrefixListId", &list)]).await;
    assert_eq!(users.all("item/resourceId"), [group.as_str()]);
    assert_eq!(code(&cloud, "DeleteManagedPrefixList", &[("PrefixListId", &list)]).await, "DependencyViolation");
    assert_eq!(run("RevokeSecurityGroupIngress", rule(&list)).await.status, 200);
    ec2(&cloud, "DeleteManagedPrefixList", &[("PrefixListId", &list)]).await;
}

#[tokio::test]
async fn a_gateway_endpoint_has_a_route_in_its_tables() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let table = of_vpc(&cloud, "DescribeRouteTables", &id).await.one("item/routeTableId").to_owned();
    let s3 = "com.amazonaws.us-east-1.s3";
    let asked = [("VpcId", id.as_str()), ("ServiceName", s3), ("RouteTableId.1", table.as_str())];
    let endpoint = ec2(&cloud, "CreateVpcEndpoint", &asked).await.one("vpcEndpoint/vpcEndpointId").to_owned();
    assert_eq!(code(&cloud, "CreateVpcEndpoint", &asked).await, "RouteAlreadyExists");
    let routes = async || {
        let shown = ec2(&cloud, "DescribeRouteTables", &[("RouteTableId.1", &table)]).await;
        shown.all("routeSet/item/gatewayId").into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(routes().await, ["local", endpoint.as_str()]);
    let name = [("Filter.1.Name", "prefix-list-name"), ("Filter.1.Value.1", s3)];
    let list = ec2(&cloud, "DescribePrefixLists", &name).await.one("item/prefixListId").to_owned();
    let route = [("RouteTableId", table.as_str()), ("DestinationPrefixListId", list.as_str())];
    assert_eq!(code(&cloud, "DeleteRoute", &route).await, "InvalidParameterValue");
    assert_eq!(code(&cloud, "DeleteVpc", &[("VpcId", &id)]).await, "DependencyViolation");
    let away = [("VpcEndpointId", endpoint.as_str()), ("RemoveRouteTableId.1", table.as_str())];
    ec2(&cloud, "ModifyVpcEndpoint", &away).await;
    assert_eq!(routes().await, ["local"]);
    let gone = [("VpcEndpointId.1", endpoint.as_str()), ("VpcEndpointId.2", "vpce-0123456789abcdef0")];
    let answer = ec2(&cloud, "DeleteVpcEndpoints", &gone).await;
    assert_eq!(answer.all("item/error/code"), ["InvalidVpcEndpointId.NotFound"]);
    ec2(&cloud, "DeleteVpc", &[("VpcId", &id)]).await;
    let balancer =
        [("VpcId", id.as_str()), ("ServiceName", "com.amazonaws.us-east-1.ecs"), ("VpcEndpointType", "GatewayLoadBalancer")];
    assert_eq!(code(&cloud, "CreateVpcEndpoint", &balancer).await, "NotImplemented");
    let absent = [("VpcId", id.as_str()), ("ServiceName", "com.amazonaws.us-east-1.dynamodb")];
    assert_eq!(code(&cloud, "CreateVpcEndpoint", &absent).await, "InvalidServiceName");
    let gateways = [("Filter.1.Name", "service-type"), ("Filter.1.Value.1", "Gateway")];
    let services = ec2(&cloud, "DescribeVpcEndpointServices", &gateways).await;
    assert_eq!(services.all("serviceNameSet/item"), [s3]);
}

//! Endpoints: their interfaces, routes and names, and what the edge and hosts are told.

use super::{
    code,
    common::{call, cloud, ec2, network},
    fault, of_vpc,
};

#[tokio::test]
async fn an_interface_endpoint_has_an_address_in_each_subnet_and_names() {
    let cloud = cloud();
    let (vpc, subnets) = network(&cloud).await;
    let asked = [
        ("VpcEndpointType", "Interface"),
        ("VpcId", vpc.as_str()),
        ("ServiceName", "com.amazonaws.us-east-1.sts"),
        ("SubnetId.1", subnets[0].as_str()),
        ("SubnetId.2", subnets[1].as_str()),
    ];
    let made = ec2(&cloud, "CreateVpcEndpoint", &asked).await;
    let id = made.one("vpcEndpointId").to_owned();
    assert_eq!((made.one("vpcEndpointType"), made.one("vpcEndpoint/state")), ("Interface", "available"));
    let names = made.all("dnsEntrySet/item/dnsName");
    assert!(names[0].starts_with(&id) && names[0].ends_with(".sts.us-east-1.vpce.amazonaws.com"), "{names:?}");
    assert_eq!(names[1], "sts.us-east-1.amazonaws.com");
    let (code_of_second, message) = fault(&cloud, "CreateVpcEndpoint", &asked).await;
    assert!(code_of_second == "InvalidParameter" && message.contains("conflicting DNS domain"), "{message}");

    let held = of_vpc(&cloud, "DescribeNetworkInterfaces", &vpc).await;
    assert_eq!(held.all("item/interfaceType"), ["vpc_endpoint"; 2]);
    let interface = held.all("item/networkInterfaceId")[0].to_owned();
    let in_use = code(&cloud, "DeleteNetworkInterface", &[("NetworkInterfaceId", &interface)]).await;
    assert_eq!(in_use, "InvalidNetworkInterface.InUse");
    let told = svc_ec2::endpoint_tables(&cloud.store.snapshot()).unwrap();
    assert_eq!((told[&vpc].doors.len(), told[&vpc].names["sts.us-east-1.amazonaws.com"].len()), (2, 2));
    let networks = svc_ec2::desired_networks(&cloud.store.snapshot()).unwrap();
    assert!(
        networks[0].interfaces.iter().all(|it| it.attachment == agent_proto::network::Attachment::Edge && !it.groups.is_empty())
    );

    let change = [
        ("VpcEndpointId", id.as_str()),
        ("RemoveSubnetId.1", subnets[0].as_str()),
        ("AddSubnetId.1", subnets[2].as_str()),
        ("SubnetConfiguration.1.SubnetId", subnets[2].as_str()),
        ("SubnetConfiguration.1.Ipv4", "172.31.40.10"),
        ("PrivateDnsEnabled", "false"),
    ];
    ec2(&cloud, "ModifyVpcEndpoint", &change).await;
    let shown = ec2(&cloud, "DescribeVpcEndpoints", &[("VpcEndpointId.1", &id)]).await;
    assert_eq!(shown.all("subnetIdSet/item"), [subnets[1].as_str(), subnets[2].as_str()]);
    assert_eq!(shown.all("dnsEntrySet/item/dnsName").len(), 1);
    let held = of_vpc(&cloud, "DescribeNetworkInterfaces", &vpc).await;
    assert!(held.all("item/privateIpAddress").contains(&"172.31.40.10"));
    let moved = [
        ("VpcEndpointId", id.as_str()),
        ("SubnetConfiguration.1.SubnetId", subnets[2].as_str()),
        ("SubnetConfiguration.1.Ipv4", "172.31.40.11"),
    ];
    ec2(&cloud, "ModifyVpcEndpoint", &moved).await;
    let held = of_vpc(&cloud, "DescribeNetworkInterfaces", &vpc).await;
    let addresses = held.all("networkInterfaceSet/item/privateIpAddress");
    assert!(addresses.len() == 2 && addresses.contains(&"172.31.40.11"), "another in place of the first: {addresses:?}");
    ec2(&cloud, "DeleteVpcEndpoints", &[("VpcEndpointId.1", &id)]).await;
    assert!(of_vpc(&cloud, "DescribeNetworkInterfaces", &vpc).await.all("networkInterfaceId").is_empty());
}

#[tokio::test]
async fn what_interface_endpoints_are_not() {
    let cloud = cloud();
    let (vpc, subnets) = network(&cloud).await;
    let create = async |more: &[(&str, &str)]| {
        let base = [("VpcEndpointType", "Interface"), ("VpcId", vpc.as_str()), ("ServiceName", "com.amazonaws.us-east-1.logs")];
        let mut asked: Vec<_> = base.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name)).collect();
        asked.extend(more);
        let answer = call(&cloud, "ec2", "CreateVpcEndpoint", &asked).await;
        answer.all("Error/Code").first().copied().unwrap_or("made").to_owned()
    };
    assert_eq!(create(&[("ServiceName", "com.amazonaws.us-east-1.athena")]).await, "InvalidServiceName");
    assert_eq!(create(&[("RouteTableId.1", "rtb-0123456789abcdef0")]).await, "NotImplemented");
    for malformed in ["{", r#"{"Statement":[{"Effect":"Allow","Action":"logs:*","Resource":"*"}]}"#] {
        assert_eq!(create(&[("PolicyDocument", malformed)]).await, "InvalidPolicyDocument");
    }
    let place = |address| {
        [("SubnetId.1", &*subnets[0]), ("SubnetConfiguration.1.SubnetId", &subnets[0]), ("SubnetConfiguration.1.Ipv4", address)]
    };
    for (wrong, expected) in
        [("172.31.0.2", "InvalidParameterValue"), ("172.31.99.9", "InvalidParameterValue"), ("x", "InvalidParameterValue")]
    {
        assert_eq!(create(&place(wrong)).await, expected, "{wrong}");
    }
    let nowhere = [("SubnetId.1", &*subnets[1]), ("SubnetConfiguration.1.SubnetId", &subnets[0])];
    assert_eq!(create(&nowhere).await, "InvalidParameter");
    let narrow = r#"{"Statement":[{"Effect":"Allow","Principal":"*","Action":"logs:*","Resource":"*"}]}"#;
    assert_eq!(create(&[("PolicyDocument", narrow), ("SubnetId.1", &subnets[0])]).await, "made");
    let shown = ec2(&cloud, "DescribeVpcEndpoints", &[]).await;
    assert_eq!(shown.one("policyDocument"), narrow);
    let reset = [("VpcEndpointId", shown.one("vpcEndpointId")), ("ResetPolicy", "true")];
    ec2(&cloud, "ModifyVpcEndpoint", &reset).await;
    assert!(ec2(&cloud, "DescribeVpcEndpoints", &[]).await.one("policyDocument").contains("2008-10-17"));
    let plain = super::vpc(&cloud, "10.0.0.0/16").await;
    assert_eq!(create(&[("VpcId", &plain)]).await, "InvalidParameter", "private names need names in the VPC");
    let (one, two) = (super::subnet(&cloud, &plain, "10.0.0.0/24").await, super::subnet(&cloud, &plain, "10.0.1.0/24").await);
    let both = [("VpcId", plain.as_str()), ("PrivateDnsEnabled", "false"), ("SubnetId.1", &one), ("SubnetId.2", &two)];
    assert_eq!(create(&both).await, "DuplicateSubnetsInSameZone");
    let services =
        ec2(&cloud, "DescribeVpcEndpointServices", &[("Filter.1.Name", "service-type"), ("Filter.1.Value.1", "Interface")]).await;
    for name in ["api.ecr.us-east-1.amazonaws.com", "*.dkr.ecr.us-east-1.amazonaws.com"] {
        assert!(services.all("serviceDetailSet/item/privateDnsName").contains(&name), "{name}");
    }
    let of_registries = [("ServiceName", "com.amazonaws.us-east-1.ecr.dkr"), ("SubnetId.1", &subnets[0])];
    assert_eq!(create(&of_registries).await, "made");
    let told = svc_ec2::endpoint_tables(&cloud.store.snapshot()).unwrap();
    assert!(told[&vpc].names.contains_key("*.dkr.ecr.us-east-1.amazonaws.com"), "registries of all accounts");
}

#[tokio::test]
async fn a_gateway_endpoint_leads_to_s3_from_the_subnets_whose_tables_say_so() {
    let cloud = cloud();
    let (vpc, subnets) = network(&cloud).await;
    // Hosts have the networks alone that something is plugged into.
    let plugged = [
        ("VpcEndpointType", "Interface"),
        ("VpcId", vpc.as_str()),
        ("ServiceName", "com.amazonaws.us-east-1.sts"),
        ("SubnetId.1", subnets[0].as_str()),
    ];
    ec2(&cloud, "CreateVpcEndpoint", &plugged).await;
    let table = ec2(&cloud, "CreateRouteTable", &[("VpcId", &vpc)]).await.one("routeTable/routeTableId").to_owned();
    ec2(&cloud, "AssociateRouteTable", &[("RouteTableId", &table), ("SubnetId", &subnets[1])]).await;
    let told = || svc_ec2::endpoint_tables(&cloud.store.snapshot()).unwrap()[&vpc].clone();
    assert_eq!(told().gateway, None);
    let asked = [("VpcId", vpc.as_str()), ("ServiceName", "com.amazonaws.us-east-1.s3"), ("RouteTableId.1", &table)];
    let id = ec2(&cloud, "CreateVpcEndpoint", &asked).await.one("vpcEndpointId").to_owned();

    let door = told().gateway.unwrap();
    assert_eq!(door.endpoints.iter().map(|(_, endpoint)| endpoint.as_str()).collect::<Vec<_>>(), [id.as_str()]);
    assert_eq!(told().names["*.s3.us-east-1.amazonaws.com"], [*door.address.ip()]);
    assert_eq!(told().names["s3.us-east-1.amazonaws.com"], [*door.address.ip()]);
    let networks = svc_ec2::desired_networks(&cloud.store.snapshot()).unwrap();
    assert_eq!(networks[0].gateways, [*door.address.ip()]);
    let leads = |subnet: &agent_proto::network::Subnet| {
        let to = |route: &agent_proto::network::Route| route.destination.contains((*door.address.ip()).into());
        subnet.routes.iter().any(|route| to(route) && route.target == agent_proto::network::Target::Local)
    };
    let led: Vec<_> = networks[0].subnets.iter().filter(|subnet| leads(subnet)).map(|subnet| subnet.id.clone()).collect();
    assert_eq!(led, [subnets[1].clone()]);
    let list =
        ec2(&cloud, "DescribePrefixLists", &[("Filter.1.Name", "prefix-list-name"), ("Filter.1.Value.1", asked[1].1)]).await;
    let entries = ec2(&cloud, "GetManagedPrefixListEntries", &[("PrefixListId", list.one("prefixListId"))]).await;
    assert_eq!(entries.one("item/cidr"), format!("{}/32", door.address.ip()));

    ec2(&cloud, "ModifyVpcEndpoint", &[("VpcEndpointId", id.as_str()), ("RemoveRouteTableId.1", &table)]).await;
    assert!(told().gateway.unwrap().endpoints.is_empty());
    ec2(&cloud, "DeleteVpcEndpoints", &[("VpcEndpointId.1", &id)]).await;
    assert_eq!(told().gateway, None);
}

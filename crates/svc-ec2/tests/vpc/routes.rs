//! Internet gateways, route tables and routes.

use super::{
    code,
    common::{cloud, ec2},
    fault, gateway, interface, of_vpc, subnet, vpc,
};

#[tokio::test]
async fn a_gateway_is_attached_to_one_vpc_and_a_vpc_to_one_gateway() {
    let cloud = cloud();
    let (one, other) = (vpc(&cloud, "10.0.0.0/16").await, vpc(&cloud, "10.1.0.0/16").await);
    let first = gateway(&cloud, &one).await;
    let again = [("InternetGatewayId", first.as_str()), ("VpcId", other.as_str())];
    let message = format!("resource {first} is already attached to network {one}");
    assert_eq!(fault(&cloud, "AttachInternetGateway", &again).await, ("Resource.AlreadyAssociated".to_owned(), message));
    let message = format!("resource {first} is not attached to network {other}");
    assert_eq!(fault(&cloud, "DetachInternetGateway", &again).await, ("Gateway.NotAttached".to_owned(), message));
    let second = ec2(&cloud, "CreateInternetGateway", &[]).await.one("internetGatewayId").to_owned();
    let same = [("InternetGatewayId", second.as_str()), ("VpcId", one.as_str())];
    let message = format!("Network {one} already has an internet gateway attached");
    assert_eq!(fault(&cloud, "AttachInternetGateway", &same).await, ("InvalidParameterValue".to_owned(), message));
    assert_eq!(code(&cloud, "DeleteInternetGateway", &[("InternetGatewayId", &first)]).await, "DependencyViolation");
    ec2(&cloud, "DetachInternetGateway", &[("InternetGatewayId", &first), ("VpcId", &one)]).await;
    ec2(&cloud, "DeleteInternetGateway", &[("InternetGatewayId", &first)]).await;
    let gone = code(&cloud, "DeleteInternetGateway", &[("InternetGatewayId", &first)]).await;
    assert_eq!(gone, "InvalidInternetGatewayID.NotFound");
}

#[tokio::test]
async fn routes_are_made_replaced_and_deleted() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let way = gateway(&cloud, &id).await;
    let home = subnet(&cloud, &id, "10.0.0.0/24").await;
    let middle = interface(&cloud, &home).await;
    let table = ec2(&cloud, "CreateRouteTable", &[("VpcId", &id)]).await.one("routeTable/routeTableId").to_owned();
    let route = |destination: &'static str, target: (&'static str, &str)| {
        vec![("RouteTableId", table.clone()), ("DestinationCidrBlock", destination.into()), (target.0, target.1.to_owned())]
    };
    let run = async |operation: &str, parameters: Vec<(&'static str, String)>| {
        let parameters: Vec<_> = parameters.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = super::call(&cloud, "ec2", operation, &parameters).await;
        if answer.status == 200 { Ok(()) } else { Err((answer.code().to_owned(), answer.message().to_owned())) }
    };
    let shown = async || {
        let table = ec2(&cloud, "DescribeRouteTables", &[("RouteTableId.1", &table)]).await;
        let states = table.all("routeSet/item/state").into_iter().map(str::to_owned);
        table.all("routeSet/item/destinationCidrBlock").into_iter().map(str::to_owned).zip(states).collect::<Vec<_>>()
    };
    run("CreateRoute", route("0.0.0.0/0", ("GatewayId", &way))).await.unwrap();
    let again = run("CreateRoute", route("0.0.0.0/0", ("GatewayId", &way))).await.unwrap_err();
    assert_eq!(again, ("RouteAlreadyExists".into(), "The route identified by 0.0.0.0/0 already exists.".into()));
    let absent = run("ReplaceRoute", route("8.8.8.0/24", ("GatewayId", &way))).await.unwrap_err();
    let message = "There is no route defined for '8.8.8.0/24' in the route table. Use CreateRoute instead.";
    assert_eq!(absent, ("InvalidParameterValue".into(), message.into()));
    let own = run("CreateRoute", route("10.0.0.0/16", ("GatewayId", &way))).await.unwrap_err();
    assert_eq!(own.0, "RouteAlreadyExists");
    assert_eq!(run("CreateRoute", route("10.0.1.0/24", ("GatewayId", &way))).await.unwrap_err().0, "InvalidParameterValue");
    let active = |cidr: &str| (cidr.to_owned(), "active".to_owned());
    assert_eq!(shown().await, [active("10.0.0.0/16"), active("0.0.0.0/0")]);

    run("ReplaceRoute", route("0.0.0.0/0", ("NetworkInterfaceId", &middle))).await.unwrap();
    assert_eq!(shown().await[1], ("0.0.0.0/0".to_owned(), "blackhole".to_owned()));
    run("ReplaceRoute", route("0.0.0.0/0", ("GatewayId", &way))).await.unwrap();
    ec2(&cloud, "DetachInternetGateway", &[("InternetGatewayId", &way), ("VpcId", &id)]).await;
    assert_eq!(shown().await[1], ("0.0.0.0/0".to_owned(), "blackhole".to_owned()));

    let gone = vec![("RouteTableId", table.clone()), ("DestinationCidrBlock", "0.0.0.0/0".to_owned())];
    run("DeleteRoute", gone.clone()).await.unwrap();
    assert_eq!(run("DeleteRoute", gone).await.unwrap_err().0, "InvalidRoute.NotFound");
    let local = vec![("RouteTableId", table.clone()), ("DestinationCidrBlock", "10.0.0.0/16".to_owned())];
    assert_eq!(run("DeleteRoute", local).await.unwrap_err().0, "InvalidParameterValue");
    let six = vec![("RouteTableId", table.clone()), ("DestinationIpv6CidrBlock", "::/0".to_owned()), ("GatewayId", way.clone())];
    assert_eq!(run("CreateRoute", six).await.unwrap_err().0, "InvalidParameterValue", "the gateway is attached no more");
    let both = vec![
        ("RouteTableId", table.clone()),
        ("DestinationIpv6CidrBlock", "::/0".to_owned()),
        ("DestinationCidrBlock", "0.0.0.0/0".to_owned()),
    ];
    assert_eq!(run("CreateRoute", both).await.unwrap_err().0, "InvalidParameterCombination");
    let nowhere = run("CreateRoute", route("0.0.0.0/0", ("GatewayId", "igw-0123456789abcdef0"))).await.unwrap_err();
    assert_eq!(nowhere.0, "InvalidGatewayID.NotFound");
    let stranger = vpc(&cloud, "10.1.0.0/16").await;
    let other = gateway(&cloud, &stranger).await;
    let (_, message) = run("CreateRoute", route("0.0.0.0/0", ("GatewayId", &other))).await.unwrap_err();
    assert_eq!(message, format!("route table {table} and network gateway {other} belong to different networks"));
}

#[tokio::test]
async fn a_subnet_has_one_table_and_a_vpc_one_main_table() {
    let cloud = cloud();
    let id = vpc(&cloud, "10.0.0.0/16").await;
    let home = subnet(&cloud, &id, "10.0.0.0/24").await;
    let table = async || ec2(&cloud, "CreateRouteTable", &[("VpcId", &id)]).await.one("routeTable/routeTableId").to_owned();
    let (first, second) = (table().await, table().await);
    let made = ec2(&cloud, "AssociateRouteTable", &[("RouteTableId", &first), ("SubnetId", &home)]).await;
    let association = made.one("associationId").to_owned();
    let conflict = [("RouteTableId", second.as_str()), ("SubnetId", home.as_str())];
    assert_eq!(code(&cloud, "AssociateRouteTable", &conflict).await, "Resource.AlreadyAssociated");
    assert_eq!(code(&cloud, "DeleteRouteTable", &[("RouteTableId", &first)]).await, "DependencyViolation");
    let moved = [("AssociationId", association.as_str()), ("RouteTableId", second.as_str())];
    let moved = ec2(&cloud, "ReplaceRouteTableAssociation", &moved).await.one("newAssociationId").to_owned();
    assert_eq!(code(&cloud, "DisassociateRouteTable", &[("AssociationId", &association)]).await, "InvalidAssociationID.NotFound");
    ec2(&cloud, "DeleteRouteTable", &[("RouteTableId", &first)]).await;

    let tables = of_vpc(&cloud, "DescribeRouteTables", &id).await;
    let found = tables.all("associationSet/item/routeTableAssociationId");
    let main = found.into_iter().find(|it| *it != moved).unwrap().to_owned();
    assert_eq!(code(&cloud, "DisassociateRouteTable", &[("AssociationId", &main)]).await, "InvalidParameterValue");
    ec2(&cloud, "ReplaceRouteTableAssociation", &[("AssociationId", &main), ("RouteTableId", &second)]).await;
    let tables = [
        ("Filter.1.Name", "association.main"),
        ("Filter.1.Value.1", "true"),
        ("Filter.2.Name", "vpc-id"),
        ("Filter.2.Value.1", &id),
    ];
    assert_eq!(ec2(&cloud, "DescribeRouteTables", &tables).await.all("routeTableSet/item/routeTableId"), [second.as_str()]);
    ec2(&cloud, "DisassociateRouteTable", &[("AssociationId", &moved)]).await;
    ec2(&cloud, "DeleteSubnet", &[("SubnetId", &home)]).await;
}

#[tokio::test]
async fn a_repeated_request_with_its_token_makes_nothing_new() {
    let cloud = cloud();
    let (id, other) = (vpc(&cloud, "10.0.0.0/16").await, vpc(&cloud, "10.1.0.0/16").await);
    let asked = [("VpcId", id.as_str()), ("ClientToken", "once")];
    let first = ec2(&cloud, "CreateRouteTable", &asked).await.one("routeTable/routeTableId").to_owned();
    assert_eq!(ec2(&cloud, "CreateRouteTable", &asked).await.one("routeTable/routeTableId"), first);
    let different = [("VpcId", other.as_str()), ("ClientToken", "once")];
    assert_eq!(code(&cloud, "CreateRouteTable", &different).await, "IdempotentParameterMismatch");
}

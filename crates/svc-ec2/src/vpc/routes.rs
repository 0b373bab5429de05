//! Routes of a table: create, replace, delete.

use super::{blocks::block, prefix_lists};
use crate::{
    access,
    errors::{different_networks, dry_run, invalid_combination, invalid_value, missing_parameter, refuse},
    records::{find, key},
    resource::Resource,
};
use api::ec2::{self, CreateRouteRequest, CreateRouteResult, DeleteRouteRequest, ReplaceRouteRequest};
use front::{Cx, Service};
use model::{
    Ipv6Cidr,
    ec2::{
        Destination, EgressOnlyInternetGateway, Instance, InternetGateway, NatGateway, NetworkInterface, PeeringStatus, Route,
        RouteTable, RouteTableSpec, RouteTarget, Vpc, VpcPeering,
    },
};
use spine::Tx;
use wire::Fault;

/// How many routes a table can have (VPC user guide, "Amazon VPC quotas").
const MOST: usize = 500;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateRoute>(access::on(|cx, i| vec![access::one(cx, Resource::ROUTE_TABLE, &i.route_table_id)]), create)
        .op::<ec2::ReplaceRoute>(access::on(|cx, i| vec![access::one(cx, Resource::ROUTE_TABLE, &i.route_table_id)]), replace)
        .op::<ec2::DeleteRoute>(access::on(|cx, i| vec![access::one(cx, Resource::ROUTE_TABLE, &i.route_table_id)]), delete)
}

/// What requests about a route have in common.
struct Asked<'a> {
    table: &'a str,
    destination: Destination,
    gateway: Option<&'a str>,
    instance: Option<&'a str>,
    interface: Option<&'a str>,
    nat_gateway: Option<&'a str>,
    peering: Option<&'a str>,
    egress_only: Option<&'a str>,
}

macro_rules! asked {
    ($input:ident) => {{
        dry_run($input.dry_run)?;
        refuse(&[
            ("VpcEndpointId", $input.vpc_endpoint_id.is_some()),
            ("TransitGatewayId", $input.transit_gateway_id.is_some()),
            ("LocalGatewayId", $input.local_gateway_id.is_some()),
            ("CarrierGatewayId", $input.carrier_gateway_id.is_some()),
            ("CoreNetworkArn", $input.core_network_arn.is_some()),
            ("OdbNetworkArn", $input.odb_network_arn.is_some()),
        ])?;
        Asked {
            table: &$input.route_table_id,
            destination: destination(
                $input.destination_cidr_block.as_deref(),
                $input.destination_ipv6_cidr_block.as_deref(),
                $input.destination_prefix_list_id.as_deref(),
            )?,
            gateway: $input.gateway_id.as_deref(),
            instance: $input.instance_id.as_deref(),
            interface: $input.network_interface_id.as_deref(),
            nat_gateway: $input.nat_gateway_id.as_deref(),
            peering: $input.vpc_peering_connection_id.as_deref(),
            egress_only: $input.egress_only_internet_gateway_id.as_deref(),
        }
    }};
}

fn destination(ipv4: Option<&str>, ipv6: Option<&str>, list: Option<&str>) -> Result<Destination, Fault> {
    match (ipv4, ipv6, list) {
        (Some(_), None, None) => Ok(Destination::Ipv4(block(ipv4, "destinationCidrBlock")?)),
        (None, Some(text), None) => Ok(Destination::Ipv6(ipv6_destination(text)?)),
        (None, None, Some(list)) => Ok(Destination::PrefixList(list.into())),
        (None, None, None) => Err(missing_parameter("destinationCidrBlock")),
        _ => Err(invalid_combination(
            "Only one of destinationCidrBlock, destinationIpv6CidrBlock and destinationPrefixListId can be given",
        )),
    }
}

fn ipv6_destination(text: &str) -> Result<Ipv6Cidr, Fault> {
    let cidr: Ipv6Cidr = text.parse().map_err(|_| {
        invalid_value(format!(
            "Value ({text}) for parameter destinationIpv6CidrBlock is invalid. This is not a valid IPv6 CIDR block."
        ))
    })?;
    Ok(Ipv6Cidr::new(cidr.address, cidr.prefix))
}

fn in_words(destination: &Destination) -> String {
    match destination {
        Destination::Ipv4(cidr) => cidr.to_string(),
        Destination::Ipv6(cidr) => cidr.to_string(),
        Destination::PrefixList(list) => list.clone(),
    }
}

/// `CreateRoute`.
fn create(cx: &Cx, tx: &mut Tx, input: &CreateRouteRequest) -> Result<CreateRouteResult, Fault> {
    let asked = asked!(input);
    let mut table = RouteTableSpec::clone(&*find::<RouteTable>(cx, tx, asked.table)?);
    if let Destination::PrefixList(list) = &asked.destination {
        prefix_lists::check(cx, tx, list)?;
    }
    let target = target(cx, tx, &asked, &table)?;
    check_local(cx, tx, &table, &asked.destination, &target)?;
    if table.routes.iter().any(|route| route.destination == asked.destination) {
        let message = format!("The route identified by {} already exists.", in_words(&asked.destination));
        return Err(Fault::client("RouteAlreadyExists", message));
    }
    if table.routes.len() >= MOST {
        let message = format!("The maximum number of routes has been reached: {MOST}");
        return Err(Fault::client("RouteLimitExceeded", message));
    }
    table.routes.push(Route { destination: asked.destination, target });
    tx.put_spec(&key::<RouteTable>(cx, asked.table), &table)?;
    Ok(CreateRouteResult { r#return: Some(true) })
}

/// The VPC's own blocks have their route; inside of them, routes may lead to interfaces alone.
fn check_local(cx: &Cx, tx: &Tx, table: &RouteTableSpec, destination: &Destination, target: &RouteTarget) -> Result<(), Fault> {
    let vpc = find::<Vpc>(cx, tx, &table.vpc)?;
    let (same, inside) = match destination {
        Destination::Ipv4(cidr) => (vpc.cidrs().any(|own| own == *cidr), vpc.cidrs().any(|whole| whole.covers(*cidr))),
        Destination::Ipv6(cidr) => {
            let mut own = vpc.ipv6.iter().map(|own| own.cidr);
            (own.clone().any(|own| own == *cidr), own.any(|whole| whole.covers(*cidr)))
        }
        Destination::PrefixList(_) => return Ok(()),
    };
    let cidr = in_words(destination);
    if same {
        return Err(Fault::client("RouteAlreadyExists", format!("The route identified by {cidr} already exists.")));
    }
    if inside && !matches!(target, RouteTarget::Interface(_) | RouteTarget::NatGateway(_)) {
        return Err(invalid_value(format!(
            "The destination CIDR block {cidr} is equal to or more specific than one of this VPC's CIDR blocks. This route can target \
             only an interface or an instance."
        )));
    }
    Ok(())
}

/// What the request names as the target, which has to be there, and to be of the table's VPC.
fn target(cx: &Cx, tx: &Tx, asked: &Asked<'_>, table: &RouteTableSpec) -> Result<RouteTarget, Fault> {
    let named = [asked.gateway, asked.instance, asked.interface, asked.nat_gateway, asked.peering, asked.egress_only];
    match named.iter().flatten().count() {
        0 => return Err(missing_parameter("gatewayId, natGatewayId, networkInterfaceId, vpcPeeringConnectionId or instanceId")),
        1 => {}
        _ => return Err(invalid_combination("Only one target of the route can be given")),
    }
    if let Some(id) = asked.gateway {
        return gateway(cx, tx, id, asked.table, table);
    }
    if let Some(id) = asked.egress_only {
        let gateway = find::<EgressOnlyInternetGateway>(cx, tx, id)?;
        same_vpc(asked.table, table, "egress only internet gateway", id, &gateway.vpc)?;
        if !matches!(asked.destination, Destination::Ipv6(_)) {
            return Err(invalid_value(format!("An egress-only internet gateway ({id}) takes packets of IPv6 alone")));
        }
        return Ok(RouteTarget::EgressOnlyInternetGateway(id.into()));
    }
    if let Some(id) = asked.nat_gateway {
        refuse(&[("A route of IPv6 to a NAT gateway (NAT64)", matches!(asked.destination, Destination::Ipv6(_)))])?;
        let gateway = find::<NatGateway>(cx, tx, id)?;
        if gateway.deleted_at.is_some() {
            return Err(Resource::NAT_GATEWAY.not_found(id));
        }
        same_vpc(asked.table, table, "nat gateway", id, &gateway.vpc)?;
        return Ok(RouteTarget::NatGateway(id.into()));
    }
    if let Some(id) = asked.peering {
        let peering = find::<VpcPeering>(cx, tx, id)?;
        let sides = [&peering.requester, &peering.accepter];
        if !matches!(peering.status, PeeringStatus::Active | PeeringStatus::PendingAcceptance) {
            let message = format!("VpcPeeringConnection {id} is not in a state that allows routes");
            return Err(Fault::client("InvalidVpcPeeringConnectionState.Malformed", message));
        }
        let own = sides.iter().find(|side| side.vpc == table.vpc).map_or("", |side| &side.vpc);
        same_vpc(asked.table, table, "vpc peering connection", id, own)?;
        return Ok(RouteTarget::Peering(id.into()));
    }
    let interface = match (asked.instance, asked.interface) {
        (Some(id), _) => primary_interface(cx, tx, id)?,
        (None, id) => id.unwrap_or_default().to_owned(),
    };
    let spec = find::<NetworkInterface>(cx, tx, &interface)?;
    same_vpc(asked.table, table, "interface", &interface, &spec.vpc)?;
    Ok(RouteTarget::Interface(interface))
}

fn gateway(cx: &Cx, tx: &Tx, id: &str, table_id: &str, table: &RouteTableSpec) -> Result<RouteTarget, Fault> {
    if let Some(prefix) = ["vgw-", "vpce-", "cagw-", "lgw-"].iter().find(|prefix| id.starts_with(**prefix)) {
        return Err(Fault::not_implemented(format!("A route to {prefix}…")));
    }
    let gateway = find::<InternetGateway>(cx, tx, id).map_err(|fault| no_gateway(id, fault))?;
    same_vpc(table_id, table, "network gateway", id, gateway.vpc.as_deref().unwrap_or_default())?;
    Ok(RouteTarget::InternetGateway(id.into()))
}

/// A route's gateway that isn't there, whatever kind it is of.
fn no_gateway(id: &str, fault: Fault) -> Fault {
    match &*fault.code {
        "InvalidInternetGatewayID.NotFound" => {
            Fault::client("InvalidGatewayID.NotFound", format!("The gateway ID '{id}' does not exist"))
        }
        _ => fault,
    }
}

fn same_vpc(table_id: &str, table: &RouteTableSpec, noun: &str, id: &str, vpc: &str) -> Result<(), Fault> {
    if table.vpc == vpc {
        return Ok(());
    }
    Err(different_networks(&format!("route table {table_id}"), &format!("{noun} {id}")))
}

/// The primary interface of an instance, which may have no other.
fn primary_interface(cx: &Cx, tx: &Tx, id: &str) -> Result<String, Fault> {
    let instance = find::<Instance>(cx, tx, id)?;
    match instance.interfaces.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(invalid_value(format!("Instance {id} has no network interface"))),
        _ => Err(Fault::client(
            "InvalidInstanceID",
            format!(
                "There are multiple interfaces attached to instance '{id}'. Please specify an interface ID for the operation instead."
            ),
        )),
    }
}

/// `ReplaceRoute`.
fn replace(cx: &Cx, tx: &mut Tx, input: &ReplaceRouteRequest) -> Result<(), Fault> {
    refuse(&[("LocalTarget", input.local_target == Some(true))])?;
    let asked = asked!(input);
    let mut table = RouteTableSpec::clone(&*find::<RouteTable>(cx, tx, asked.table)?);
    let target = target(cx, tx, &asked, &table)?;
    check_endpoint(&table, &asked.destination)?;
    let route = table.routes.iter_mut().find(|route| route.destination == asked.destination);
    let route = route.ok_or_else(|| {
        let destination = in_words(&asked.destination);
        invalid_value(format!("There is no route defined for '{destination}' in the route table. Use CreateRoute instead."))
    })?;
    route.target = target;
    Ok(tx.put_spec(&key::<RouteTable>(cx, asked.table), &table)?)
}

/// The routes of gateway endpoints come and go with them.
fn check_endpoint(table: &RouteTableSpec, destination: &Destination) -> Result<(), Fault> {
    let endpoints = |route: &&Route| route.destination == *destination && matches!(route.target, RouteTarget::Endpoint(_));
    match table.routes.iter().find(endpoints) {
        Some(route) => Err(invalid_value(format!("Cannot modify or remove the route of endpoint {}", route.target.id()))),
        None => Ok(()),
    }
}

/// `DeleteRoute`.
fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteRouteRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let id = &input.route_table_id;
    let destination = destination(
        input.destination_cidr_block.as_deref(),
        input.destination_ipv6_cidr_block.as_deref(),
        input.destination_prefix_list_id.as_deref(),
    )?;
    let mut table = RouteTableSpec::clone(&*find::<RouteTable>(cx, tx, id)?);
    check_endpoint(&table, &destination)?;
    let before = table.routes.len();
    table.routes.retain(|route| route.destination != destination);
    if table.routes.len() == before {
        return Err(no_route(cx, tx, id, &table, &destination)?);
    }
    Ok(tx.put_spec(&key::<RouteTable>(cx, id), &table)?)
}

fn no_route(cx: &Cx, tx: &Tx, id: &str, table: &RouteTableSpec, destination: &Destination) -> Result<Fault, Fault> {
    let what = in_words(destination);
    let vpc = find::<Vpc>(cx, tx, &table.vpc)?;
    let is_local = match destination {
        Destination::Ipv4(cidr) => vpc.cidrs().any(|own| own == *cidr),
        Destination::Ipv6(cidr) => vpc.ipv6.iter().any(|own| own.cidr == *cidr),
        Destination::PrefixList(_) => false,
    };
    if is_local {
        return Ok(invalid_value(format!("cannot remove local route {what} in route table {id}")));
    }
    let message = format!("no route with destination-cidr-block {what} in route table {id}");
    Ok(Fault::client("InvalidRoute.NotFound", message))
}

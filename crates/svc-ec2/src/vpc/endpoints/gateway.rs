//! Gateway endpoints, which lead to S3 by routes: where S3 is in a VPC, what it is called there, and by which endpoint who comes.
//!
//! S3 has one address, in a network that nobody routes (RFC 5737), which is all of its prefix list. The router of a VPC with such an endpoint
//! has that address itself, and takes there whoever's route leads to an endpoint, or to the internet for those that the internet
//! reaches. The edge listens, and tells by the subnet from which somebody comes which endpoint it was.

use super::{EndpointTable, service_name};
use agent_proto::edge::GatewayDoor;
use model::{
    AccountId, Cidr, Region,
    ec2::{RouteTable, RouteTableSpec, RouteTarget, Subnet, VpcEndpoint, VpcEndpointSpec},
};
use spine::{Read, Scope, StoreError};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddrV4},
};

/// Where S3 is in each VPC.
const ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 3);
/// Where the edge listens there.
const PORT: u16 = 80;

/// The blocks of the prefix list of a service that has gateway endpoints.
pub fn blocks(service: &str) -> Vec<Cidr> {
    if service == "s3" { vec![Cidr { address: ADDRESS, prefix: 32 }] } else { Vec::new() }
}

fn is_of_s3(region: &Region, spec: &VpcEndpointSpec) -> bool {
    spec.interfaces.is_none() && spec.service == service_name(region, "s3")
}

/// The addresses that the router of a VPC with these endpoints has on their account.
pub fn addresses<'a>(endpoints: impl IntoIterator<Item = (&'a Region, &'a VpcEndpointSpec)>) -> Vec<Ipv4Addr> {
    let any = endpoints.into_iter().any(|(region, spec)| is_of_s3(region, spec));
    any.then_some(ADDRESS).into_iter().collect()
}

/// What S3 is called in a region, and its buckets.
fn names(region: &Region) -> Vec<String> {
    let own = format!("s3.{region}.amazonaws.com");
    // The oldest name, which means the first region.
    let oldest = (region.as_str() == "us-east-1").then(|| "s3.amazonaws.com".to_owned());
    [own].into_iter().chain(oldest).flat_map(|name| [format!("*.{name}"), name]).collect()
}

/// Adds to the tables of VPCs what there is to know of their gateway endpoints.
pub fn add(read: &impl Read, found: &mut BTreeMap<String, EndpointTable>) -> Result<(), StoreError> {
    let endpoints = read.specs::<VpcEndpoint>(Scope::All)?;
    for (at, spec) in endpoints.iter().filter(|(at, spec)| is_of_s3(&at.region, spec)) {
        let table = found.entry(spec.vpc.clone()).or_default();
        let door = GatewayDoor { address: SocketAddrV4::new(ADDRESS, PORT), endpoints: Vec::new() };
        let door = table.gateway.get_or_insert(door);
        door.endpoints.extend(subnets(read, (&at.account, &at.region), &spec.vpc, &at.id)?);
        table.names.extend(names(&at.region).into_iter().map(|name| (name, vec![ADDRESS])));
    }
    Ok(())
}

/// The blocks of the subnets whose routes lead to the endpoint.
fn subnets(
    read: &impl Read,
    (account, region): (&AccountId, &Region),
    vpc: &str,
    endpoint: &str,
) -> Result<Vec<(Cidr, String)>, StoreError> {
    let tables = read.specs::<RouteTable>(Scope::Region(account, region))?;
    let tables: Vec<&RouteTableSpec> = tables.iter().map(|(_, table)| &**table).filter(|table| table.vpc == vpc).collect();
    let leads = |table: &RouteTableSpec| {
        table.routes.iter().any(|route| matches!(&route.target, RouteTarget::Endpoint(id) if id == endpoint))
    };
    let subnets = read.specs::<Subnet>(Scope::Region(account, region))?;
    let own = subnets.iter().filter(|(_, subnet)| subnet.vpc == vpc);
    let led = own.filter(|(key, subnet)| logic::vpc::table_of(&key.id, subnet, tables.iter().copied()).is_some_and(leads));
    Ok(led.map(|(_, subnet)| (subnet.cidr, endpoint.to_owned())).collect())
}

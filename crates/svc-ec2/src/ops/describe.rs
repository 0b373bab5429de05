//! What is there: VPCs, subnets, interfaces, gateways and route tables.

use crate::{
    describe::{Query, select},
    errors::dry_run,
    records::{all, group_names, place},
    views,
};
use api::ec2::{
    DescribeInternetGatewaysRequest, DescribeInternetGatewaysResult, DescribeNetworkInterfacesRequest,
    DescribeNetworkInterfacesResult, DescribeRouteTablesRequest, DescribeRouteTablesResult, DescribeSubnetsRequest,
    DescribeSubnetsResult, DescribeVpcsRequest, DescribeVpcsResult,
};
use front::Cx;
use model::ec2::{InternetGateway, NetworkInterface, RouteTable, Subnet, Vpc};
use spine::Tx;
use std::collections::BTreeMap;
use wire::Fault;

/// `DescribeVpcs`.
pub fn vpcs(cx: &Cx, tx: &mut Tx, input: &DescribeVpcsRequest) -> Result<DescribeVpcsResult, Fault> {
    dry_run(input.dry_run)?;
    let vpcs = all::<Vpc>(cx, tx)?.iter().map(|(id, spec)| views::vpc(place(cx), id, spec)).collect();
    let query = Query {
        ids: input.vpc_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (vpcs, next_token) = select(vpcs, query)?;
    Ok(DescribeVpcsResult { vpcs: Some(vpcs), next_token })
}

/// `DescribeSubnets`.
pub fn subnets(cx: &Cx, tx: &mut Tx, input: &DescribeSubnetsRequest) -> Result<DescribeSubnetsResult, Fault> {
    dry_run(input.dry_run)?;
    let mut used = BTreeMap::<String, u64>::new();
    for (_, interface) in all::<NetworkInterface>(cx, tx)? {
        *used.entry(interface.subnet.clone()).or_default() += 1;
    }
    let used = |id: &str| used.get(id).copied().unwrap_or_default();
    let subnets = all::<Subnet>(cx, tx)?.iter().map(|(id, spec)| views::subnet(place(cx), id, spec, used(id))).collect();
    let query = Query {
        ids: input.subnet_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (subnets, next_token) = select(subnets, query)?;
    Ok(DescribeSubnetsResult { subnets: Some(subnets), next_token })
}

/// `DescribeNetworkInterfaces`. `IncludeManagedResources` changes nothing: no interface here is hidden.
pub fn network_interfaces(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeNetworkInterfacesRequest,
) -> Result<DescribeNetworkInterfacesResult, Fault> {
    dry_run(input.dry_run)?;
    let names = group_names(cx, tx)?;
    let zones: BTreeMap<String, String> =
        all::<Subnet>(cx, tx)?.into_iter().map(|(id, spec)| (id, spec.zone_id.clone())).collect();
    let interfaces = all::<NetworkInterface>(cx, tx)?;
    let views =
        interfaces.iter().map(|(id, spec)| views::interface(place(cx), id, spec, &names, zones.get(&spec.subnet).cloned()));
    let query = Query {
        ids: input.network_interface_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (interfaces, next_token) = select(views.collect(), query)?;
    Ok(DescribeNetworkInterfacesResult { network_interfaces: Some(interfaces), next_token })
}

/// `DescribeInternetGateways`.
pub fn internet_gateways(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeInternetGatewaysRequest,
) -> Result<DescribeInternetGatewaysResult, Fault> {
    dry_run(input.dry_run)?;
    let gateways = all::<InternetGateway>(cx, tx)?.iter().map(|(id, spec)| views::gateway(place(cx), id, spec)).collect();
    let query = Query {
        ids: input.internet_gateway_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (gateways, next_token) = select(gateways, query)?;
    Ok(DescribeInternetGatewaysResult { internet_gateways: Some(gateways), next_token })
}

/// `DescribeRouteTables`.
pub fn route_tables(cx: &Cx, tx: &mut Tx, input: &DescribeRouteTablesRequest) -> Result<DescribeRouteTablesResult, Fault> {
    dry_run(input.dry_run)?;
    let cidrs: BTreeMap<String, _> = all::<Vpc>(cx, tx)?.into_iter().map(|(id, spec)| (id, spec.cidr)).collect();
    let tables = all::<RouteTable>(cx, tx)?;
    let views = tables.iter().map(|(id, spec)| views::route_table(place(cx), id, spec, cidrs.get(&spec.vpc).copied()));
    let query = Query {
        ids: input.route_table_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (route_tables, next_token) = select(views.collect(), query)?;
    Ok(DescribeRouteTablesResult { route_tables: Some(route_tables), next_token })
}

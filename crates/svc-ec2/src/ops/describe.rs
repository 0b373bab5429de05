//! What is there: VPCs, subnets, interfaces, gateways and route tables.

use crate::{
    describe::{Query, select},
    errors::dry_run,
    records::{Named, all, chosen, key, place},
    views,
    vpc::targets::led,
};
use api::ec2::{
    DescribeInternetGatewaysRequest, DescribeInternetGatewaysResult, DescribeNetworkInterfacesRequest,
    DescribeNetworkInterfacesResult, DescribeRouteTablesRequest, DescribeRouteTablesResult, DescribeSubnetsRequest,
    DescribeSubnetsResult, DescribeVpcsRequest, DescribeVpcsResult,
};
use front::Cx;
use model::ec2::{ElasticIp, InternetGateway, NetworkInterface, RouteTable, RouteTableSpec, SecurityGroup, Subnet, Vpc};
use spine::{Read, Tx};
use std::collections::BTreeMap;
use wire::Fault;

/// `DescribeVpcs`.
pub fn vpcs(cx: &Cx, tx: &mut Tx, input: &DescribeVpcsRequest) -> Result<DescribeVpcsResult, Fault> {
    dry_run(input.dry_run)?;
    let vpcs =
        chosen::<Vpc>(cx, tx, input.vpc_ids.as_deref())?.iter().map(|(id, spec)| views::vpc(place(cx), id, spec)).collect();
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
        *used.entry(interface.subnet.clone()).or_default() += interface.addresses().count() as u64;
    }
    let used = |id: &str| used.get(id).copied().unwrap_or_default();
    let subnets = chosen::<Subnet>(cx, tx, input.subnet_ids.as_deref())?
        .iter()
        .map(|(id, spec)| views::subnet(place(cx), id, spec, used(id)))
        .collect();
    let query = Query {
        ids: input.subnet_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (subnets, next_token) = select(subnets, query)?;
    Ok(DescribeSubnetsResult { subnets: Some(subnets), next_token })
}

/// `DescribeNetworkInterfaces`. An attachment that is asked for by its id is shown for a while after its end, as `detached`. `IncludeManagedResources` changes nothing: no interface here is hidden.
pub fn network_interfaces(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeNetworkInterfacesRequest,
) -> Result<DescribeNetworkInterfacesResult, Fault> {
    dry_run(input.dry_run)?;
    let interfaces = chosen::<NetworkInterface>(cx, tx, input.network_interface_ids.as_deref())?;
    let known = known_of_interfaces(cx, tx, &interfaces)?;
    let by_attachment = input.filters.iter().flatten().any(|it| it.name.as_deref() == Some("attachment.attachment-id"));
    let views = interfaces.iter().map(|(id, spec)| {
        let mut view = views::interface(place(cx), id, spec, &known);
        if by_attachment && view.attachment.is_none() {
            view.attachment = views::detached(spec, cx.now);
        }
        view
    });
    let query = Query {
        ids: input.network_interface_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (interfaces, next_token) = select(views.collect(), query)?;
    Ok(DescribeNetworkInterfacesResult { network_interfaces: Some(interfaces), next_token })
}

/// What is shown of interfaces besides their own records.
pub fn known_of_interfaces(cx: &Cx, tx: &Tx, interfaces: &[Named<NetworkInterface>]) -> Result<views::Known, Fault> {
    let mut known = views::Known::default();
    for (_, interface) in interfaces {
        for id in &interface.groups {
            if !known.groups.contains_key(id)
                && let Some(group) = tx.spec(&key::<SecurityGroup>(cx, id))?
            {
                known.groups.insert(id.clone(), group.name.clone());
            }
        }
        if !known.zones.contains_key(&interface.subnet)
            && let Some(subnet) = tx.spec(&key::<Subnet>(cx, &interface.subnet))?
        {
            known.zones.insert(interface.subnet.clone(), subnet.zone_id.clone());
        }
    }
    for (id, spec) in all::<ElasticIp>(cx, tx)? {
        if let Some(association) = &spec.association {
            known.elastic.insert(spec.address, (id, association.id.clone()));
        }
    }
    Ok(known)
}

/// `DescribeInternetGateways`.
pub fn internet_gateways(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeInternetGatewaysRequest,
) -> Result<DescribeInternetGatewaysResult, Fault> {
    dry_run(input.dry_run)?;
    let gateways = chosen::<InternetGateway>(cx, tx, input.internet_gateway_ids.as_deref())?
        .iter()
        .map(|(id, spec)| views::gateway(place(cx), id, spec))
        .collect();
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
    let tables = chosen::<RouteTable>(cx, tx, input.route_table_ids.as_deref())?;
    let views = tables.iter().map(|(id, spec)| route_table(cx, tx, id, spec)).collect::<Result<_, _>>()?;
    let query = Query {
        ids: input.route_table_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (route_tables, next_token) = select(views, query)?;
    Ok(DescribeRouteTablesResult { route_tables: Some(route_tables), next_token })
}

/// A route table with where its routes lead.
pub fn route_table(cx: &Cx, tx: &Tx, id: &str, spec: &RouteTableSpec) -> Result<api::ec2::RouteTable, Fault> {
    let vpc = tx.spec(&key::<Vpc>(cx, &spec.vpc))?;
    let cidrs: Vec<_> = vpc.iter().flat_map(|vpc| crate::network::blocks(vpc)).collect();
    views::route_table(place(cx), id, spec, &cidrs, |target| Ok(led(tx, (&cx.account, &cx.region), &spec.vpc, target)?))
}

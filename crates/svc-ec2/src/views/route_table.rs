//! Route tables as the API shows them.

use super::Place;
use crate::{
    describe::{Described, Field, Text, each, nothing},
    resource::Resource,
    tags,
};
use api::ec2::{
    Route, RouteOrigin, RouteState, RouteTable, RouteTableAssociation, RouteTableAssociationState,
    RouteTableAssociationStateCode, Tag,
};
use model::{
    IpCidr,
    ec2::{Destination, RouteTableSpec, RouteTarget},
};
use wire::Fault;

/// Where a route leads at the moment.
#[derive(Clone, Debug, Default)]
pub struct Led {
    /// Its target is there and passes packets on; otherwise it is a blackhole.
    pub anywhere: bool,
    /// The instance that a network interface is attached to, and its owner.
    pub instance: Option<(String, String)>,
}

/// A route table of a VPC with those blocks.
pub fn route_table(
    place: Place<'_>,
    id: &str,
    spec: &RouteTableSpec,
    vpc: &[IpCidr],
    led: impl Fn(&RouteTarget) -> Result<Led, Fault>,
) -> Result<RouteTable, Fault> {
    let mut routes: Vec<Route> = vpc.iter().map(|cidr| local(*cidr)).collect();
    for made in &spec.routes {
        routes.push(route(made, led(&made.target)?));
    }
    let main = spec.main_association.iter().map(|association| associated(id, association, None));
    let subnets = spec.associations.iter().map(|(subnet, association)| associated(id, association, Some(subnet)));
    Ok(RouteTable {
        associations: Some(main.chain(subnets).collect()),
        propagating_vgws: Some(Vec::new()),
        route_table_id: Some(id.into()),
        routes: Some(routes),
        tags: Some(tags::view(&spec.tags)),
        vpc_id: Some(spec.vpc.clone()),
        owner_id: place.owner(),
    })
}

fn local(destination: IpCidr) -> Route {
    let text = Some(destination.to_string());
    let (destination_cidr_block, destination_ipv6_cidr_block) = if destination.is_ipv6() { (None, text) } else { (text, None) };
    Route {
        destination_cidr_block,
        destination_ipv6_cidr_block,
        gateway_id: Some("local".into()),
        origin: Some(RouteOrigin::CreateRouteTable),
        state: Some(RouteState::Active),
        ..Route::default()
    }
}

fn route(made: &model::ec2::Route, led: Led) -> Route {
    let mut view = Route {
        origin: Some(RouteOrigin::CreateRoute),
        state: Some(if led.anywhere { RouteState::Active } else { RouteState::Blackhole }),
        ..Route::default()
    };
    match &made.destination {
        Destination::Ipv4(cidr) => view.destination_cidr_block = Some(cidr.to_string()),
        Destination::Ipv6(cidr) => view.destination_ipv6_cidr_block = Some(cidr.to_string()),
        Destination::PrefixList(list) => view.destination_prefix_list_id = Some(list.clone()),
    }
    let id = Some(made.target.id().to_owned());
    match &made.target {
        RouteTarget::InternetGateway(_) | RouteTarget::Endpoint(_) => view.gateway_id = id,
        RouteTarget::EgressOnlyInternetGateway(_) => view.egress_only_internet_gateway_id = id,
        RouteTarget::NatGateway(_) => view.nat_gateway_id = id,
        RouteTarget::Peering(_) => view.vpc_peering_connection_id = id,
        RouteTarget::Interface(_) => {
            view.network_interface_id = id;
            (view.instance_id, view.instance_owner_id) = led.instance.unzip();
        }
    }
    view
}

/// The state of every association that there is.
pub fn association_state(state: RouteTableAssociationStateCode) -> RouteTableAssociationState {
    RouteTableAssociationState { state: Some(state), status_message: None }
}

fn associated(table: &str, association: &str, subnet: Option<&String>) -> RouteTableAssociation {
    RouteTableAssociation {
        main: Some(subnet.is_none()),
        route_table_association_id: Some(association.into()),
        route_table_id: Some(table.into()),
        subnet_id: subnet.cloned(),
        association_state: Some(association_state(RouteTableAssociationStateCode::Associated)),
        ..RouteTableAssociation::default()
    }
}

impl Described for RouteTable {
    const RESOURCE: Resource = Resource::ROUTE_TABLE;
    const IDS: &'static str = "RouteTableIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("association.gateway-id", nothing),
        ("association.route-table-association-id", |it| each(&it.associations, |one| &one.route_table_association_id)),
        ("association.route-table-id", |it| each(&it.associations, |one| &one.route_table_id)),
        ("association.subnet-id", |it| each(&it.associations, |one| &one.subnet_id)),
        ("association.main", |it| each(&it.associations, |one| &one.main)),
        ("owner-id", |it| it.owner_id.texts()),
        ("route-table-id", |it| it.route_table_id.texts()),
        ("route.destination-cidr-block", |it| each(&it.routes, |one| &one.destination_cidr_block)),
        ("route.destination-ipv6-cidr-block", |it| each(&it.routes, |one| &one.destination_ipv6_cidr_block)),
        ("route.destination-prefix-list-id", |it| each(&it.routes, |one| &one.destination_prefix_list_id)),
        ("route.egress-only-internet-gateway-id", |it| each(&it.routes, |one| &one.egress_only_internet_gateway_id)),
        ("route.gateway-id", |it| each(&it.routes, |one| &one.gateway_id)),
        ("route.instance-id", |it| each(&it.routes, |one| &one.instance_id)),
        ("route.nat-gateway-id", |it| each(&it.routes, |one| &one.nat_gateway_id)),
        ("route.transit-gateway-id", nothing),
        ("route.origin", |it| it.routes.iter().flatten().filter_map(|one| Some(one.origin?.as_str().into())).collect()),
        ("route.state", |it| it.routes.iter().flatten().filter_map(|one| Some(one.state?.as_str().into())).collect()),
        ("route.vpc-peering-connection-id", |it| each(&it.routes, |one| &one.vpc_peering_connection_id)),
        ("vpc-id", |it| it.vpc_id.texts()),
    ];

    fn id(&self) -> &str {
        self.route_table_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}

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
use model::{Cidr, ec2::RouteTableSpec};

/// A route table of a VPC with those addresses.
pub fn route_table(place: Place<'_>, id: &str, spec: &RouteTableSpec, vpc: Option<Cidr>) -> RouteTable {
    let local = vpc.map(|cidr| route(cidr, "local", RouteOrigin::CreateRouteTable));
    let made = spec.routes.iter().map(|(destination, gateway)| route(*destination, gateway, RouteOrigin::CreateRoute));
    let main = spec.main_association.iter().map(|association| associated(id, association, None));
    let subnets = spec.associations.iter().map(|(subnet, association)| associated(id, association, Some(subnet)));
    RouteTable {
        associations: Some(main.chain(subnets).collect()),
        propagating_vgws: Some(Vec::new()),
        route_table_id: Some(id.into()),
        routes: Some(local.into_iter().chain(made).collect()),
        tags: Some(tags::view(&spec.tags)),
        vpc_id: Some(spec.vpc.clone()),
        owner_id: place.owner(),
    }
}

fn route(destination: Cidr, gateway: &str, origin: RouteOrigin) -> Route {
    Route {
        destination_cidr_block: Some(destination.to_string()),
        gateway_id: Some(gateway.into()),
        origin: Some(origin),
        state: Some(RouteState::Active),
        ..Route::default()
    }
}

fn associated(table: &str, association: &str, subnet: Option<&String>) -> RouteTableAssociation {
    RouteTableAssociation {
        main: Some(subnet.is_none()),
        route_table_association_id: Some(association.into()),
        route_table_id: Some(table.into()),
        subnet_id: subnet.cloned(),
        association_state: Some(RouteTableAssociationState {
            state: Some(RouteTableAssociationStateCode::Associated),
            status_message: None,
        }),
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
        ("route.destination-ipv6-cidr-block", nothing),
        ("route.destination-prefix-list-id", nothing),
        ("route.egress-only-internet-gateway-id", nothing),
        ("route.gateway-id", |it| each(&it.routes, |one| &one.gateway_id)),
        ("route.instance-id", nothing),
        ("route.nat-gateway-id", nothing),
        ("route.transit-gateway-id", nothing),
        ("route.origin", |it| it.routes.iter().flatten().filter_map(|one| Some(one.origin?.as_str().into())).collect()),
        ("route.state", |it| it.routes.iter().flatten().filter_map(|one| Some(one.state?.as_str().into())).collect()),
        ("route.vpc-peering-connection-id", nothing),
        ("vpc-id", |it| it.vpc_id.texts()),
    ];

    fn id(&self) -> &str {
        self.route_table_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}

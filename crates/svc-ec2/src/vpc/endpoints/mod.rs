//! VPC endpoints: by routes ([`gateway`]), of S3, and with interfaces ([`interface`]), of the services that are here.
//!
//! Each table that has a gateway endpoint has a route for the service's prefix list; which tables these are is told by their routes alone.

mod gateway;
mod interface;

pub use gateway::{addresses as gateway_addresses, blocks as gateway_blocks};
pub use interface::{EndpointTable, tables as endpoint_tables};

use super::{
    prefix_lists::{GATEWAY_SERVICES, aws_list_id},
    tokens::{Asked, asked},
};
use crate::{
    access::{self, TAG},
    describe::{Described, Field, Query, Text, matching, nothing, page, select},
    errors::{different_networks, dry_run, given, invalid_value, missing_parameter, refuse},
    quotas,
    records::{all, chosen, find, key, place},
    resource::Resource,
    tags,
    views::Place,
};
use api::ec2::{
    self, CreateVpcEndpointRequest, CreateVpcEndpointResult, DeleteVpcEndpointsRequest, DeleteVpcEndpointsResult,
    DescribeVpcEndpointServicesRequest, DescribeVpcEndpointServicesResult, DescribeVpcEndpointsRequest,
    DescribeVpcEndpointsResult, IpAddressType, ModifyVpcEndpointRequest, ModifyVpcEndpointResult, PrivateDnsDetails,
    SecurityGroupIdentifier, ServiceConnectivityType, ServiceDetail, ServiceType, ServiceTypeDetail, Tag, UnsuccessfulItem,
    UnsuccessfulItemError, VpcEndpoint as View, VpcEndpointType,
};
use front::{Cx, Service};
use logic::{
    policy::{Kind, Policy},
    vpc::{ZONE_LETTERS, zone_name},
};
use model::{
    Region,
    ec2::{Destination, Route, RouteTable, RouteTarget, Vpc, VpcEndpoint, VpcEndpointSpec},
};
use spine::Tx;
use wire::{Fault, Time};

/// Lets everybody do everything (AWS PrivateLink guide, "Default endpoint policy").
const DEFAULT_POLICY: &str =
    r#"{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}"#;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateVpcEndpoint>(
            access::on(|cx, i: &CreateVpcEndpointRequest| {
                let tables = i.route_table_ids.iter().flatten().map(|id| access::one(cx, Resource::ROUTE_TABLE, id));
                let subnets = i.subnet_ids.iter().flatten().map(|id| access::one(cx, Resource::SUBNET, id));
                let groups = i.security_group_ids.iter().flatten().map(|id| access::one(cx, Resource::SECURITY_GROUP, id));
                let own = [access::one(cx, Resource::VPC_ENDPOINT, "*"), access::one(cx, Resource::VPC, &i.vpc_id)];
                own.into_iter().chain(tables).chain(subnets).chain(groups).collect()
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::VPC_ENDPOINT, i.tag_specifications.as_deref())),
            create,
        )
        .op::<ec2::ModifyVpcEndpoint>(
            access::on(|cx, i: &ModifyVpcEndpointRequest| {
                let tables = i.add_route_table_ids.iter().chain(&i.remove_route_table_ids).flatten();
                let tables = tables.map(|id| access::one(cx, Resource::ROUTE_TABLE, id));
                std::iter::once(access::one(cx, Resource::VPC_ENDPOINT, &i.vpc_endpoint_id)).chain(tables).collect()
            }),
            modify,
        )
        .op::<ec2::DeleteVpcEndpoints>(
            access::on(|cx, i: &DeleteVpcEndpointsRequest| {
                i.vpc_endpoint_ids.iter().map(|id| access::one(cx, Resource::VPC_ENDPOINT, id)).collect()
            }),
            delete,
        )
        .op::<ec2::DescribeVpcEndpoints>(access::all(), describe)
        .op::<ec2::DescribeVpcEndpointServices>(access::all(), services)
}

fn service_name(region: &Region, service: &str) -> String {
    format!("com.amazonaws.{region}.{service}")
}

/// The destination of the routes to a service that has gateway endpoints.
fn destination(region: &Region, name: &str) -> Option<Destination> {
    let service = GATEWAY_SERVICES.into_iter().find(|service| service_name(region, service) == name)?;
    Some(Destination::PrefixList(aws_list_id(region, service)))
}

/// `CreateVpcEndpoint`.
fn create(cx: &Cx, tx: &mut Tx, input: &CreateVpcEndpointRequest) -> Result<CreateVpcEndpointResult, Fault> {
    dry_run(input.dry_run)?;
    let kind = input.vpc_endpoint_type.unwrap_or(VpcEndpointType::Gateway);
    let of_interfaces = match kind {
        VpcEndpointType::Gateway => false,
        VpcEndpointType::Interface => true,
        other => return Err(Fault::not_implemented(format!("The VpcEndpointType {}", other.as_str()))),
    };
    refuse(&[
        ("SubnetIds of a gateway endpoint", !of_interfaces && given(&input.subnet_ids)),
        ("SecurityGroupIds of a gateway endpoint", !of_interfaces && given(&input.security_group_ids)),
        ("PrivateDnsEnabled of a gateway endpoint", !of_interfaces && input.private_dns_enabled == Some(true)),
        ("IpAddressType other than ipv4", input.ip_address_type.is_some_and(|it| it.as_str() != "ipv4")),
        ("DnsOptions", input.dns_options.is_some()),
        ("SubnetConfigurations of a gateway endpoint", !of_interfaces && given(&input.subnet_configurations)),
        ("ServiceNetworkArn", input.service_network_arn.is_some()),
        ("ResourceConfigurationArn", input.resource_configuration_arn.is_some()),
        ("ServiceRegion", input.service_region.as_deref().is_some_and(|it| it != cx.region.as_str())),
    ])?;
    let service = input.service_name.clone().ok_or_else(|| missing_parameter("ServiceName"))?;
    let known = if of_interfaces {
        interface::private_name(&cx.region, &service).is_some()
    } else {
        destination(&cx.region, &service).is_some()
    };
    if !known {
        let message = format!("The Vpc Endpoint Service '{service}' does not exist");
        return Err(Fault::client("InvalidServiceName", message));
    }
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::VPC_ENDPOINT)?;
    find::<Vpc>(cx, tx, &input.vpc_id)?;
    let token = input.client_token.as_deref();
    let client_token = match asked::<VpcEndpoint>(cx, tx, token, input, |it| it.client_token.as_ref())? {
        Asked::Before((id, spec)) => return answer(cx, tx, input, &id, &spec),
        Asked::New(token) => token,
    };
    match of_interfaces {
        true => {
            quotas::INTERFACE_ENDPOINTS.check_one::<VpcEndpoint>(cx, |it| it.interfaces.is_some() && it.vpc == input.vpc_id)?
        }
        false => quotas::GATEWAY_ENDPOINTS.check_one::<VpcEndpoint>(cx, |it| it.interfaces.is_none())?,
    }
    let id = format!("vpce-{}", cx.env.hex(17));
    let interfaces = match of_interfaces {
        true => Some(interface::create(cx, tx, &id, &service, input)?),
        false => None,
    };
    let spec = VpcEndpointSpec {
        vpc: input.vpc_id.clone(),
        service,
        policy: policy(input.policy_document.as_deref())?,
        interfaces,
        created_at: cx.now,
        client_token,
        tags,
    };
    tx.create(&key::<VpcEndpoint>(cx, &id), &spec)?;
    add_routes(cx, tx, &id, &spec, input.route_table_ids.as_deref().unwrap_or_default())?;
    answer(cx, tx, input, &id, &spec)
}

fn answer(
    cx: &Cx,
    tx: &Tx,
    input: &CreateVpcEndpointRequest,
    id: &str,
    spec: &VpcEndpointSpec,
) -> Result<CreateVpcEndpointResult, Fault> {
    let shown = view(place(cx), id, spec, tables_of(cx, tx, id)?);
    Ok(CreateVpcEndpointResult { vpc_endpoint: Some(shown), client_token: input.client_token.clone() })
}

fn policy(given: Option<&str>) -> Result<String, Fault> {
    let Some(text) = given.filter(|text| !text.is_empty()) else { return Ok(DEFAULT_POLICY.into()) };
    match Policy::parse(text, Kind::Resource) {
        Ok(_) => Ok(text.into()),
        Err(_) => {
            Err(Fault::client("InvalidPolicyDocument", "The specified policy document is not a valid JSON policy document."))
        }
    }
}

fn add_routes(cx: &Cx, tx: &mut Tx, id: &str, spec: &VpcEndpointSpec, tables: &[String]) -> Result<(), Fault> {
    let Some(destination) = destination(&cx.region, &spec.service) else { return Ok(()) };
    for table_id in tables {
        let table = find::<RouteTable>(cx, tx, table_id)?;
        if table.vpc != spec.vpc {
            return Err(different_networks(&format!("route table {table_id}"), &format!("endpoint in {}", spec.vpc)));
        }
        match table.routes.iter().find(|route| route.destination == destination).map(|route| route.target.id()) {
            Some(present) if present == id => continue,
            Some(_) => {
                let message = format!("route table {table_id} already has a route to the service {}", spec.service);
                return Err(Fault::client("RouteAlreadyExists", message));
            }
            None => {}
        }
        let route = Route { destination: destination.clone(), target: RouteTarget::Endpoint(id.into()) };
        tx.update_spec(&key::<RouteTable>(cx, table_id), |table| table.routes.push(route))?;
    }
    Ok(())
}

fn leads_to(route: &Route, endpoint: &str) -> bool {
    matches!(&route.target, RouteTarget::Endpoint(id) if id == endpoint)
}

/// The tables that have an endpoint's route.
fn tables_of(cx: &Cx, tx: &Tx, id: &str) -> Result<Vec<String>, Fault> {
    let tables = all::<RouteTable>(cx, tx)?.into_iter();
    Ok(tables.filter(|(_, it)| it.routes.iter().any(|route| leads_to(route, id))).map(|(table, _)| table).collect())
}

fn remove_routes(cx: &Cx, tx: &mut Tx, id: &str, tables: &[String]) -> Result<(), Fault> {
    for table in tables {
        find::<RouteTable>(cx, tx, table)?;
        tx.update_spec(&key::<RouteTable>(cx, table), |it| it.routes.retain(|route| !leads_to(route, id)))?;
    }
    Ok(())
}

/// `ModifyVpcEndpoint`.
fn modify(cx: &Cx, tx: &mut Tx, input: &ModifyVpcEndpointRequest) -> Result<ModifyVpcEndpointResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.vpc_endpoint_id;
    let mut spec = VpcEndpointSpec::clone(&*find::<VpcEndpoint>(cx, tx, id)?);
    let gateway = spec.interfaces.is_none();
    refuse(&[
        ("AddSubnetIds of a gateway endpoint", gateway && given(&input.add_subnet_ids)),
        ("RemoveSubnetIds of a gateway endpoint", gateway && given(&input.remove_subnet_ids)),
        ("AddSecurityGroupIds of a gateway endpoint", gateway && given(&input.add_security_group_ids)),
        ("RemoveSecurityGroupIds of a gateway endpoint", gateway && given(&input.remove_security_group_ids)),
        ("PrivateDnsEnabled of a gateway endpoint", gateway && input.private_dns_enabled == Some(true)),
        ("IpAddressType other than ipv4", input.ip_address_type.is_some_and(|it| it.as_str() != "ipv4")),
        ("DnsOptions", input.dns_options.is_some()),
        ("SubnetConfigurations of a gateway endpoint", gateway && given(&input.subnet_configurations)),
    ])?;
    if input.reset_policy == Some(true) || input.policy_document.is_some() {
        spec.policy = policy(input.policy_document.as_deref().filter(|_| input.reset_policy != Some(true)))?;
    }
    if !gateway {
        interface::modify(cx, tx, &mut spec, input)?;
    }
    tx.put_spec(&key::<VpcEndpoint>(cx, id), &spec)?;
    if !gateway {
        return Ok(ModifyVpcEndpointResult { r#return: Some(true) });
    }
    add_routes(cx, tx, id, &spec, input.add_route_table_ids.as_deref().unwrap_or_default())?;
    remove_routes(cx, tx, id, input.remove_route_table_ids.as_deref().unwrap_or_default())?;
    Ok(ModifyVpcEndpointResult { r#return: Some(true) })
}

/// `DeleteVpcEndpoints`: those that are there, and word of the others.
fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteVpcEndpointsRequest) -> Result<DeleteVpcEndpointsResult, Fault> {
    dry_run(input.dry_run)?;
    let mut unsuccessful = Vec::new();
    for id in &input.vpc_endpoint_ids {
        match find::<VpcEndpoint>(cx, tx, id) {
            Ok(spec) => {
                if let Some(own) = &spec.interfaces {
                    interface::remove(cx, tx, own)?;
                }
                remove_routes(cx, tx, id, &tables_of(cx, tx, id)?)?;
                tx.delete(&key::<VpcEndpoint>(cx, id))?;
            }
            Err(fault) => unsuccessful.push(unsuccess(id, fault)),
        }
    }
    Ok(DeleteVpcEndpointsResult { unsuccessful: Some(unsuccessful) })
}

fn unsuccess(id: &str, fault: Fault) -> UnsuccessfulItem {
    let error = UnsuccessfulItemError { code: Some(fault.code.into_owned()), message: Some(fault.message) };
    UnsuccessfulItem { error: Some(error), resource_id: Some(id.into()) }
}

/// `DescribeVpcEndpoints`.
fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeVpcEndpointsRequest) -> Result<DescribeVpcEndpointsResult, Fault> {
    dry_run(input.dry_run)?;
    let mut views = Vec::new();
    for (id, spec) in chosen::<VpcEndpoint>(cx, tx, input.vpc_endpoint_ids.as_deref())? {
        views.push(view(place(cx), &id, &spec, tables_of(cx, tx, &id)?));
    }
    let query = Query {
        ids: input.vpc_endpoint_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (endpoints, next_token) = select(views, query)?;
    Ok(DescribeVpcEndpointsResult { vpc_endpoints: Some(endpoints), next_token })
}

fn view(place: Place<'_>, id: &str, spec: &VpcEndpointSpec, tables: Vec<String>) -> View {
    let own = spec.interfaces.as_ref();
    let group = |id: &String| SecurityGroupIdentifier { group_id: Some(id.clone()), group_name: None };
    View {
        vpc_endpoint_id: Some(id.into()),
        vpc_endpoint_type: Some(if own.is_some() { VpcEndpointType::Interface } else { VpcEndpointType::Gateway }),
        ip_address_type: own.map(|_| IpAddressType::Ipv4),
        vpc_id: Some(spec.vpc.clone()),
        service_name: Some(spec.service.clone()),
        // EC2 writes the states of endpoints in lower case, other than its model.
        state: Some("available".into()),
        policy_document: Some(spec.policy.clone()),
        route_table_ids: Some(tables),
        subnet_ids: Some(own.iter().flat_map(|own| &own.places).map(|(subnet, _)| subnet.clone()).collect()),
        groups: Some(own.iter().flat_map(|own| &own.groups).map(group).collect()),
        private_dns_enabled: Some(own.is_some_and(|own| own.private_dns)),
        requester_managed: Some(false),
        network_interface_ids: Some(own.iter().flat_map(|own| &own.places).map(|(_, interface)| interface.clone()).collect()),
        dns_entries: Some(own.map(|own| interface::dns_entries(id, place.region, spec, own)).unwrap_or_default()),
        creation_timestamp: Some(Time(spec.created_at.0)),
        tags: Some(tags::view(&spec.tags)),
        owner_id: place.owner(),
        ..View::default()
    }
}

/// `DescribeVpcEndpointServices`.
fn services(cx: &Cx, _: &mut Tx, input: &DescribeVpcEndpointServicesRequest) -> Result<DescribeVpcEndpointServicesResult, Fault> {
    dry_run(input.dry_run)?;
    let of_interfaces = interface::SERVICES.map(|(service, host)| detail(cx, service, host, ServiceType::Interface));
    let gateways = GATEWAY_SERVICES.map(|service| detail(cx, service, service, ServiceType::Gateway));
    let mut details: Vec<_> = of_interfaces.into_iter().chain(gateways).collect();
    details.sort_by(|one, other| one.service_name.cmp(&other.service_name));
    if let Some(wanted) = input.service_names.as_deref().filter(|wanted| !wanted.is_empty()) {
        let name = |detail: &ServiceDetail| detail.service_name.clone().unwrap_or_default();
        if let Some(absent) = wanted.iter().find(|wanted| !details.iter().any(|it| name(it) == **wanted)) {
            return Err(Fault::client("InvalidServiceName", format!("The Vpc Endpoint Service '{absent}' does not exist")));
        }
        details.retain(|it| wanted.contains(&name(it)));
    }
    if input.service_regions.iter().flatten().any(|region| region != cx.region.as_str()) {
        return Err(invalid_value("Services of other regions have no endpoints here"));
    }
    let details = matching(details, input.filters.as_deref().unwrap_or_default(), SERVICE_FIELDS, Some(tags_of_service))?;
    let position = |it: &ServiceDetail| it.service_name.clone().unwrap_or_default();
    let (details, next_token) = page(details, position, input.max_results, input.next_token.as_deref())?;
    Ok(DescribeVpcEndpointServicesResult {
        service_names: Some(details.iter().map(position).collect()),
        service_details: Some(details),
        next_token,
    })
}

fn detail(cx: &Cx, service: &str, host: &str, kind: ServiceType) -> ServiceDetail {
    let name = service_name(&cx.region, service);
    let base = format!("{}.{}.amazonaws.com", host.trim_start_matches("*."), cx.region);
    let private = interface::private_name(&cx.region, &name).filter(|_| kind == ServiceType::Interface);
    ServiceDetail {
        service_id: Some(format!("vpce-svc-{}", logic::vpc::fingerprint(&name, 17))),
        service_name: Some(name),
        service_type: Some(vec![ServiceTypeDetail { service_type: Some(kind) }]),
        service_region: Some(cx.region.to_string()),
        availability_zones: Some((0..ZONE_LETTERS.len()).map(|index| zone_name(&cx.region, index)).collect()),
        owner: Some("amazon".into()),
        private_dns_names: private.clone().map(|name| vec![PrivateDnsDetails { private_dns_name: Some(name) }]),
        private_dns_name: private,
        base_endpoint_dns_names: Some(vec![base]),
        vpc_endpoint_policy_supported: Some(true),
        supported_ip_address_types: (kind == ServiceType::Interface).then(|| vec![ServiceConnectivityType::Ipv4]),
        acceptance_required: Some(false),
        manages_vpc_endpoints: Some(false),
        tags: Some(Vec::new()),
        ..ServiceDetail::default()
    }
}

fn tags_of_service(service: &ServiceDetail) -> &[Tag] {
    service.tags.as_deref().unwrap_or_default()
}

const SERVICE_FIELDS: &[Field<ServiceDetail>] = &[
    ("owner", |it| it.owner.texts()),
    ("service-name", |it| it.service_name.texts()),
    ("service-region", |it| it.service_region.texts()),
    ("service-type", |it| it.service_type.iter().flatten().filter_map(|one| Some(one.service_type?.as_str().into())).collect()),
    ("supported-ip-address-types", |it| {
        it.supported_ip_address_types.iter().flatten().map(|kind| kind.as_str().into()).collect()
    }),
];

impl Described for View {
    const RESOURCE: Resource = Resource::VPC_ENDPOINT;
    const IDS: &'static str = "VpcEndpointIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("ip-address-type", |it| it.ip_address_type.iter().map(|kind| kind.as_str().into()).collect()),
        ("service-name", |it| it.service_name.texts()),
        ("service-region", nothing),
        ("vpc-id", |it| it.vpc_id.texts()),
        ("vpc-endpoint-id", |it| it.vpc_endpoint_id.texts()),
        ("vpc-endpoint-state", |it| it.state.texts()),
        ("vpc-endpoint-type", |it| it.vpc_endpoint_type.iter().map(|kind| kind.as_str().into()).collect()),
    ];

    fn id(&self) -> &str {
        self.vpc_endpoint_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}

//! NAT gateways: the way out for interfaces without public addresses. Hosts translate; here is what they are told, and how it is shown.

use super::{
    addresses, gateways,
    interfaces::{address, held_by_us, no_address},
    remove_interface,
    tokens::{Asked, asked},
};
use crate::{
    access::{self, TAG},
    describe::{Described, Field, Query, Text, select},
    errors::{already_associated, dry_run, given, invalid_combination, missing_parameter, refuse},
    quotas,
    records::{chosen, find, key},
    resource::Resource,
    tags,
};
use api::ec2::{
    self, AvailabilityMode, ConnectivityType, CreateNatGatewayRequest, CreateNatGatewayResult, DeleteNatGatewayRequest,
    DeleteNatGatewayResult, DescribeNatGatewaysRequest, DescribeNatGatewaysResult, NatGateway as View, NatGatewayAddress,
    NatGatewayAddressStatus, NatGatewayState, Tag,
};
use front::{Cx, Service};
use logic::vpc::{NewInterface, WantedAddresses, new_interface};
use model::ec2::{
    AddressAssociation, AttachedTo, ElasticIp, InterfaceKind, NatGateway, NatGatewayPlan, NatGatewaySpec, NetworkInterface,
    NetworkInterfaceSpec, Subnet, SubnetSpec,
};
use spine::{Read, Scope, Tx};
use std::net::Ipv4Addr;
use wire::{Fault, Time};

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateNatGateway>(
            access::on(|cx, i: &CreateNatGatewayRequest| {
                let subnet = i.subnet_id.iter().map(|id| access::one(cx, Resource::SUBNET, id));
                let address = i.allocation_id.iter().map(|id| access::one(cx, Resource::ELASTIC_IP, id));
                std::iter::once(access::one(cx, Resource::NAT_GATEWAY, "*")).chain(subnet).chain(address).collect()
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::NAT_GATEWAY, i.tag_specifications.as_deref())),
            create,
        )
        .op::<ec2::DeleteNatGateway>(access::on(|cx, i| vec![access::one(cx, Resource::NAT_GATEWAY, &i.nat_gateway_id)]), delete)
        .op::<ec2::DescribeNatGateways>(access::all(), describe)
}

/// `CreateNatGateway`.
fn create(cx: &Cx, tx: &mut Tx, input: &CreateNatGatewayRequest) -> Result<CreateNatGatewayResult, Fault> {
    dry_run(input.dry_run)?;
    refuse(&[
        ("AvailabilityMode other than zonal", input.availability_mode.is_some_and(|it| it != AvailabilityMode::Zonal)),
        ("AvailabilityZoneAddresses", given(&input.availability_zone_addresses)),
        ("SecondaryAllocationIds", given(&input.secondary_allocation_ids)),
        ("SecondaryPrivateIpAddresses", given(&input.secondary_private_ip_addresses)),
        ("SecondaryPrivateIpAddressCount", input.secondary_private_ip_address_count.is_some_and(|it| it > 0)),
    ])?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::NAT_GATEWAY)?;
    let subnet_id = input.subnet_id.clone().ok_or_else(|| missing_parameter("SubnetId"))?;
    let subnet = find::<Subnet>(cx, tx, &subnet_id)?;
    let token = input.client_token.as_deref();
    let client_token = match asked::<NatGateway>(cx, tx, token, input, |it| it.client_token.as_ref())? {
        Asked::Before((id, _)) => return answer(cx, tx, input, &id),
        Asked::New(token) => token,
    };
    check_quota(cx, &subnet.zone)?;
    let allocation = allocation(cx, tx, input, &subnet.vpc)?;
    let id = format!("nat-{}", cx.env.hex(17));
    let wanted = input.private_ip_address.as_deref().map(address).transpose()?;
    let interface = plug(cx, tx, &id, (&subnet_id, &subnet), wanted)?;
    let spec = NatGatewaySpec {
        vpc: subnet.vpc.clone(),
        subnet: subnet_id,
        interface: interface.clone(),
        allocation: allocation.clone(),
        created_at: cx.now,
        deleted_at: None,
        client_token,
        tags,
    };
    tx.create(&key::<NatGateway>(cx, &id), &spec)?;
    if let Some(allocation) = allocation {
        let private_address = find::<NetworkInterface>(cx, tx, &interface)?.address;
        let association = AddressAssociation { id: format!("eipassoc-{}", cx.env.hex(17)), interface, private_address };
        addresses::connect(cx, tx, &allocation, association)?;
    }
    answer(cx, tx, input, &id)
}

/// Counts those of an Availability Zone that nobody has deleted.
fn check_quota(cx: &Cx, zone: &str) -> Result<(), Fault> {
    let here = |subnet: &str| cx.snapshot().spec(&key::<Subnet>(cx, subnet)).ok().flatten().is_some_and(|it| it.zone == zone);
    quotas::NAT_GATEWAYS.check_one::<NatGateway>(cx, |gateway| gateway.deleted_at.is_none() && here(&gateway.subnet))
}

fn answer(cx: &Cx, tx: &Tx, input: &CreateNatGatewayRequest, id: &str) -> Result<CreateNatGatewayResult, Fault> {
    let row = tx.get(&key::<NatGateway>(cx, id))?.ok_or_else(|| Resource::NAT_GATEWAY.absent(id))?;
    Ok(CreateNatGatewayResult {
        client_token: input.client_token.clone(),
        nat_gateway: Some(view(cx, tx, id, &row.spec, &row.plan)?),
    })
}

/// The Elastic IP address of a public gateway, which leads nowhere else; a private gateway has none.
fn allocation(cx: &Cx, tx: &Tx, input: &CreateNatGatewayRequest, vpc: &str) -> Result<Option<String>, Fault> {
    let private = input.connectivity_type == Some(ConnectivityType::Private);
    let id = match (private, &input.allocation_id) {
        (true, None) => return Ok(None),
        (true, Some(_)) => {
            return Err(invalid_combination(
                "AllocationId cannot be specified for a NAT gateway of the connectivity type private",
            ));
        }
        (false, None) => return Err(missing_parameter("AllocationId")),
        (false, Some(id)) => id,
    };
    if find::<ElasticIp>(cx, tx, id)?.association.is_some() {
        return Err(already_associated(format!("Elastic IP address [{id}] is already associated")));
    }
    if gateways::of_vpc(cx, tx, vpc)?.is_none() {
        return Err(Fault::client("Gateway.NotAttached", format!("Network {vpc} has no Internet gateway attached")));
    }
    Ok(Some(id.clone()))
}

/// Makes the gateway's interface: its id.
fn plug(
    cx: &Cx,
    tx: &mut Tx,
    id: &str,
    (subnet_id, subnet): (&str, &SubnetSpec),
    primary: Option<Ipv4Addr>,
) -> Result<String, Fault> {
    let interface = format!("eni-{}", cx.env.hex(17));
    let new = NewInterface {
        id: &interface,
        subnet_id,
        subnet,
        kind: InterfaceKind::NatGateway,
        addresses: WantedAddresses { primary, ..WantedAddresses::default() },
        ipv6: Vec::new(),
        groups: Vec::new(),
        description: format!("Interface for NAT Gateway {id}"),
        requester_managed: true,
        requester: cx.account.to_string(),
        attachment: Some(held_by_us(cx, AttachedTo::NatGateway(id.into()))),
        public: false,
        now: cx.now,
    };
    let existing = tx.specs::<NetworkInterface>(Scope::Region(&cx.account, &cx.region))?;
    let made = new_interface(new, existing.iter().map(|(_, it)| &**it)).map_err(|why| no_address(&why))?;
    // What passes through it bears others' addresses.
    let made = NetworkInterfaceSpec { source_dest_check: false, ..made };
    tx.create(&key::<NetworkInterface>(cx, &interface), &made)?;
    Ok(interface)
}

/// `DeleteNatGateway`: its interface goes at once, its Elastic IP address is free again; it is shown for an hour more.
fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteNatGatewayRequest) -> Result<DeleteNatGatewayResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.nat_gateway_id;
    let spec = find::<NatGateway>(cx, tx, id)?;
    if spec.deleted_at.is_none() {
        remove_interface(tx, &key::<NetworkInterface>(cx, &spec.interface))?;
        tx.update_spec(&key::<NatGateway>(cx, id), |it| it.deleted_at = Some(cx.now))?;
    }
    Ok(DeleteNatGatewayResult { nat_gateway_id: Some(id.clone()) })
}

/// `DescribeNatGateways`.
fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeNatGatewaysRequest) -> Result<DescribeNatGatewaysResult, Fault> {
    dry_run(input.dry_run)?;
    let mut views = Vec::new();
    for (id, _) in chosen::<NatGateway>(cx, tx, input.nat_gateway_ids.as_deref())? {
        if let Some(row) = tx.get(&key::<NatGateway>(cx, &id))? {
            views.push(view(cx, tx, &id, &row.spec, &row.plan)?);
        }
    }
    let query = Query {
        ids: input.nat_gateway_ids.as_deref(),
        filters: input.filter.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (gateways, next_token) = select(views, query)?;
    Ok(DescribeNatGatewaysResult { nat_gateways: Some(gateways), next_token })
}

fn view(cx: &Cx, tx: &Tx, id: &str, spec: &NatGatewaySpec, plan: &NatGatewayPlan) -> Result<View, Fault> {
    let state = match (spec.deleted_at, plan.available) {
        (Some(_), _) => NatGatewayState::Deleted,
        (None, true) => NatGatewayState::Available,
        (None, false) => NatGatewayState::Pending,
    };
    let kind = if spec.allocation.is_some() { ConnectivityType::Public } else { ConnectivityType::Private };
    Ok(View {
        create_time: Some(Time(spec.created_at.0)),
        delete_time: spec.deleted_at.map(|at| Time(at.0)),
        nat_gateway_addresses: Some(shown_address(cx, tx, spec)?.into_iter().collect()),
        nat_gateway_id: Some(id.into()),
        state: Some(state),
        subnet_id: Some(spec.subnet.clone()),
        vpc_id: Some(spec.vpc.clone()),
        tags: Some(tags::view(&spec.tags)),
        connectivity_type: Some(kind),
        availability_mode: Some(AvailabilityMode::Zonal),
        ..View::default()
    })
}

/// The gateway's address, as long as it has one.
fn shown_address(cx: &Cx, tx: &Tx, spec: &NatGatewaySpec) -> Result<Option<NatGatewayAddress>, Fault> {
    let Some(interface) = tx.spec(&key::<NetworkInterface>(cx, &spec.interface))? else { return Ok(None) };
    let elastic = match &spec.allocation {
        Some(id) => tx.spec(&key::<ElasticIp>(cx, id))?,
        None => None,
    };
    let association = elastic.as_ref().and_then(|it| it.association.as_ref()).filter(|it| it.interface == spec.interface);
    Ok(Some(NatGatewayAddress {
        allocation_id: spec.allocation.clone(),
        network_interface_id: Some(spec.interface.clone()),
        private_ip: Some(interface.address.to_string()),
        public_ip: interface.public_address.map(|it| it.to_string()),
        association_id: association.map(|it| it.id.clone()),
        is_primary: Some(true),
        status: Some(NatGatewayAddressStatus::Succeeded),
        ..NatGatewayAddress::default()
    }))
}

impl Described for View {
    const RESOURCE: Resource = Resource::NAT_GATEWAY;
    const IDS: &'static str = "NatGatewayIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("nat-gateway-id", |it| it.nat_gateway_id.texts()),
        ("state", |it| it.state.iter().map(|state| state.as_str().into()).collect()),
        ("subnet-id", |it| it.subnet_id.texts()),
        ("vpc-id", |it| it.vpc_id.texts()),
    ];

    fn id(&self) -> &str {
        self.nat_gateway_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}

//! Parts of subnets from which no address is chosen.

use super::blocks::{block, no_such_range};
use crate::{
    access::{self, TAG},
    describe::{Described, Field, Query, Text, select},
    errors::{dry_run, refuse},
    records::{all, find, key, place},
    resource::Resource,
    tags,
    views::Place,
};
use api::ec2::{
    self, CreateSubnetCidrReservationRequest, CreateSubnetCidrReservationResult, DeleteSubnetCidrReservationRequest,
    DeleteSubnetCidrReservationResult, GetSubnetCidrReservationsRequest, GetSubnetCidrReservationsResult, SubnetCidrReservation,
    SubnetCidrReservationType, Tag,
};
use front::{Cx, Service};
use model::ec2::{CidrReservation, Subnet, SubnetSpec};
use spine::Tx;
use wire::Fault;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateSubnetCidrReservation>(
            access::on(|cx, i: &CreateSubnetCidrReservationRequest| vec![access::one(cx, Resource::SUBNET, &i.subnet_id)])
                .tagging(TAG, |cx, i| access::tagging(cx, Resource::SUBNET_CIDR_RESERVATION, i.tag_specifications.as_deref())),
            create,
        )
        .op::<ec2::DeleteSubnetCidrReservation>(
            access::on(|cx, i| vec![access::one(cx, Resource::SUBNET_CIDR_RESERVATION, &i.subnet_cidr_reservation_id)]),
            delete,
        )
        .op::<ec2::GetSubnetCidrReservations>(access::all(), describe)
}

/// `CreateSubnetCidrReservation`. A part that is for prefixes is kept free for them, though interfaces don't get any here.
fn create(cx: &Cx, tx: &mut Tx, input: &CreateSubnetCidrReservationRequest) -> Result<CreateSubnetCidrReservationResult, Fault> {
    dry_run(input.dry_run)?;
    refuse(&[("Cidr of IPv6", input.cidr.contains(':'))])?;
    let cidr = block(Some(&input.cidr), "cidr")?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::SUBNET_CIDR_RESERVATION)?;
    let mut subnet = SubnetSpec::clone(&*find::<Subnet>(cx, tx, &input.subnet_id)?);
    if !subnet.cidr.covers(cidr) {
        return Err(Fault::client("InvalidSubnetCidrReservation.Range", no_such_range(cidr)));
    }
    if subnet.reservations.iter().any(|it| it.cidr.overlaps(cidr)) {
        let message = format!("The CIDR '{cidr}' conflicts with another subnet CIDR reservation");
        return Err(Fault::client("InvalidSubnetCidrReservation.Conflict", message));
    }
    let made = CidrReservation {
        id: format!("scr-{}", cx.env.hex(17)),
        cidr,
        for_prefixes: input.reservation_type == SubnetCidrReservationType::Prefix,
        description: input.description.clone().unwrap_or_default(),
        tags,
    };
    let shown = view(place(cx), &input.subnet_id, &made);
    subnet.reservations.push(made);
    tx.put_spec(&key::<Subnet>(cx, &input.subnet_id), &subnet)?;
    Ok(CreateSubnetCidrReservationResult { subnet_cidr_reservation: Some(shown) })
}

/// `DeleteSubnetCidrReservation`.
fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteSubnetCidrReservationRequest) -> Result<DeleteSubnetCidrReservationResult, Fault> {
    dry_run(input.dry_run)?;
    let id = &input.subnet_cidr_reservation_id;
    let subnets = all::<Subnet>(cx, tx)?;
    let mut held = subnets.iter().flat_map(|(subnet, it)| it.reservations.iter().map(move |reserved| (subnet, reserved)));
    let (subnet, gone) = held.find(|(_, it)| it.id == *id).ok_or_else(|| Resource::SUBNET_CIDR_RESERVATION.absent(id))?;
    tx.update_spec(&key::<Subnet>(cx, subnet), |it| it.reservations.retain(|it| it.id != *id))?;
    Ok(DeleteSubnetCidrReservationResult { deleted_subnet_cidr_reservation: Some(view(place(cx), subnet, gone)) })
}

/// `GetSubnetCidrReservations`.
fn describe(cx: &Cx, tx: &mut Tx, input: &GetSubnetCidrReservationsRequest) -> Result<GetSubnetCidrReservationsResult, Fault> {
    dry_run(input.dry_run)?;
    let subnet = find::<Subnet>(cx, tx, &input.subnet_id)?;
    let mut views: Vec<_> = subnet.reservations.iter().map(|it| view(place(cx), &input.subnet_id, it)).collect();
    views.sort_by(|a, b| a.id().cmp(b.id()));
    let query = Query {
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
        ..Query::default()
    };
    let (found, next_token) = select(views, query)?;
    Ok(GetSubnetCidrReservationsResult {
        subnet_ipv4_cidr_reservations: Some(found),
        subnet_ipv6_cidr_reservations: Some(Vec::new()),
        next_token,
    })
}

fn view(place: Place<'_>, subnet: &str, it: &CidrReservation) -> SubnetCidrReservation {
    let kind = if it.for_prefixes { SubnetCidrReservationType::Prefix } else { SubnetCidrReservationType::Explicit };
    SubnetCidrReservation {
        subnet_cidr_reservation_id: Some(it.id.clone()),
        subnet_id: Some(subnet.into()),
        cidr: Some(it.cidr.to_string()),
        reservation_type: Some(kind),
        owner_id: place.owner(),
        description: Some(it.description.clone()),
        tags: Some(tags::view(&it.tags)),
    }
}

impl Described for SubnetCidrReservation {
    const RESOURCE: Resource = Resource::SUBNET_CIDR_RESERVATION;
    const IDS: &'static str = "SubnetCidrReservationIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("reservationType", |it| it.reservation_type.iter().map(|kind| kind.as_str().into()).collect()),
        ("subnet-id", |it| it.subnet_id.texts()),
    ];

    fn id(&self) -> &str {
        self.subnet_cidr_reservation_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}

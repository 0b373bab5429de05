//! Internet gateways.

use crate::{
    access::{self, TAG},
    errors::{already_associated, dry_run, has_dependencies, invalid_value},
    quotas,
    records::{all, find, key, place},
    resource::Resource,
    tags, views,
};
use api::ec2::{
    self, AttachInternetGatewayRequest, CreateInternetGatewayRequest, CreateInternetGatewayResult, DeleteInternetGatewayRequest,
    DetachInternetGatewayRequest,
};
use front::{Cx, Service};
use model::ec2::{InternetGateway, InternetGatewaySpec, NetworkInterface, Vpc};
use spine::{Read, Tx};
use wire::Fault;

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateInternetGateway>(
            access::on(|cx, _: &CreateInternetGatewayRequest| vec![access::one(cx, Resource::INTERNET_GATEWAY, "*")])
                .tagging(TAG, |cx, i| access::tagging(cx, Resource::INTERNET_GATEWAY, i.tag_specifications.as_deref())),
            create,
        )
        .op::<ec2::AttachInternetGateway>(
            access::on(|cx, i: &AttachInternetGatewayRequest| {
                vec![
                    access::one(cx, Resource::INTERNET_GATEWAY, &i.internet_gateway_id),
                    access::one(cx, Resource::VPC, &i.vpc_id),
                ]
            }),
            attach,
        )
        .op::<ec2::DetachInternetGateway>(
            access::on(|cx, i: &DetachInternetGatewayRequest| {
                vec![
                    access::one(cx, Resource::INTERNET_GATEWAY, &i.internet_gateway_id),
                    access::one(cx, Resource::VPC, &i.vpc_id),
                ]
            }),
            detach,
        )
        .op::<ec2::DeleteInternetGateway>(
            access::on(|cx, i| vec![access::one(cx, Resource::INTERNET_GATEWAY, &i.internet_gateway_id)]),
            delete,
        )
}

/// `CreateInternetGateway`.
fn create(cx: &Cx, tx: &mut Tx, input: &CreateInternetGatewayRequest) -> Result<CreateInternetGatewayResult, Fault> {
    dry_run(input.dry_run)?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::INTERNET_GATEWAY)?;
    quotas::INTERNET_GATEWAYS.check_one::<InternetGateway>(cx, |_| true)?;
    let (id, spec) = (format!("igw-{}", cx.env.hex(17)), InternetGatewaySpec { vpc: None, tags });
    tx.create(&key::<InternetGateway>(cx, &id), &spec)?;
    Ok(CreateInternetGatewayResult { internet_gateway: Some(views::gateway(place(cx), &id, &spec)) })
}

/// `AttachInternetGateway`: one gateway to one VPC.
fn attach(cx: &Cx, tx: &mut Tx, input: &AttachInternetGatewayRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let (id, vpc) = (&input.internet_gateway_id, &input.vpc_id);
    let gateway = find::<InternetGateway>(cx, tx, id)?;
    find::<Vpc>(cx, tx, vpc)?;
    if let Some(other) = &gateway.vpc {
        return Err(already_associated(format!("resource {id} is already attached to network {other}")));
    }
    if of_vpc(cx, tx, vpc)?.is_some() {
        return Err(invalid_value(format!("Network {vpc} already has an internet gateway attached")));
    }
    Ok(tx.update_spec(&key::<InternetGateway>(cx, id), |gateway| gateway.vpc = Some(vpc.clone()))?)
}

/// The id of the internet gateway that is attached to a VPC.
pub fn of_vpc(cx: &Cx, read: &impl Read, vpc: &str) -> Result<Option<String>, Fault> {
    let gateways = all::<InternetGateway>(cx, read)?.into_iter();
    Ok(gateways.into_iter().find(|(_, it)| it.vpc.as_deref() == Some(vpc)).map(|(id, _)| id))
}

/// `DetachInternetGateway`. Public addresses have to be gone; routes stay, and lead nowhere.
fn detach(cx: &Cx, tx: &mut Tx, input: &DetachInternetGatewayRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let (id, vpc) = (&input.internet_gateway_id, &input.vpc_id);
    let gateway = find::<InternetGateway>(cx, tx, id)?;
    find::<Vpc>(cx, tx, vpc)?;
    if gateway.vpc.as_ref() != Some(vpc) {
        return Err(Fault::client("Gateway.NotAttached", format!("resource {id} is not attached to network {vpc}")));
    }
    let interfaces = all::<NetworkInterface>(cx, tx)?;
    let mapped = interfaces.iter().filter(|(_, it)| it.vpc == *vpc).flat_map(|(_, it)| it.addresses());
    if mapped.into_iter().any(|it| it.public_address.is_some()) {
        let message = format!(
            "Network {vpc} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway."
        );
        return Err(Fault::client("DependencyViolation", message));
    }
    Ok(tx.update_spec(&key::<InternetGateway>(cx, id), |gateway| gateway.vpc = None)?)
}

/// `DeleteInternetGateway`.
fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteInternetGatewayRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let id = &input.internet_gateway_id;
    if find::<InternetGateway>(cx, tx, id)?.vpc.is_some() {
        return Err(has_dependencies("internetGateway", id));
    }
    Ok(tx.delete(&key::<InternetGateway>(cx, id))?)
}

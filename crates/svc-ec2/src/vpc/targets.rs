//! Where routes lead at the moment.

use crate::views::Led;
use model::{
    AccountId, Key, Record, Region,
    ec2::{
        AttachedTo, EgressOnlyInternetGateway, InternetGateway, NatGateway, NetworkInterface, PeeringStatus, RouteTarget,
        VpcEndpoint, VpcPeering,
    },
};
use spine::{Read, StoreError};

/// Where a route of a VPC's table leads, which stands in that account and region.
pub fn led(read: &impl Read, place: (&AccountId, &Region), vpc: &str, target: &RouteTarget) -> Result<Led, StoreError> {
    let to = |anywhere| Led { anywhere, instance: None };
    Ok(match target {
        RouteTarget::InternetGateway(id) => {
            let gateway = spec::<InternetGateway>(read, place, id)?;
            to(gateway.is_some_and(|gateway| gateway.vpc.as_deref() == Some(vpc)))
        }
        RouteTarget::EgressOnlyInternetGateway(id) => {
            let gateway = spec::<EgressOnlyInternetGateway>(read, place, id)?;
            to(gateway.is_some_and(|gateway| gateway.vpc == vpc))
        }
        RouteTarget::NatGateway(id) => {
            let gateway = spec::<NatGateway>(read, place, id)?;
            to(gateway.is_some_and(|gateway| gateway.deleted_at.is_none()))
        }
        RouteTarget::Peering(id) => {
            let peering = spec::<VpcPeering>(read, place, id)?;
            to(peering.is_some_and(|peering| peering.status == PeeringStatus::Active))
        }
        RouteTarget::Endpoint(id) => to(spec::<VpcEndpoint>(read, place, id)?.is_some()),
        RouteTarget::Interface(id) => {
            let interface = spec::<NetworkInterface>(read, place, id)?;
            let attachment = interface.as_ref().and_then(|interface| interface.attachment.as_ref());
            let instance = attachment.and_then(|attachment| match &attachment.to {
                AttachedTo::Instance(id) | AttachedTo::ContainerHost(id) => Some((id.clone(), attachment.owner.clone())),
                AttachedTo::Workload(_) | AttachedTo::Edge | AttachedTo::NatGateway(_) => None,
            });
            Led { anywhere: attachment.is_some(), instance }
        }
    })
}

fn spec<R: Record>(
    read: &impl Read,
    (account, region): (&AccountId, &Region),
    id: &str,
) -> Result<Option<std::sync::Arc<R::Spec>>, StoreError> {
    read.spec(&Key::<R>::new(account, region, id))
}

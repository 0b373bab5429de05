//! Where instances go: zone, placement group, tenancy.

use super::network::WantedNetwork;
use crate::{
    errors::{invalid_combination, invalid_value},
    instances::errors::not_built,
    records::{key, placement_group_named},
    resource::Resource,
};
use api::ec2::{Placement as Placed, RunInstancesRequest, Tenancy};
use front::{Answer, Cx};
use logic::instance_type::InstanceType;
use model::ec2::{Placement, PlacementGroup, PlacementGroupSpec, PlacementStrategy};
use spine::Read;
use std::{borrow::Cow, sync::Arc};
use wire::Fault;

/// The request without the places that it names by empty texts, which say nothing: Terraform's provider sends them.
pub fn said(asked: &RunInstancesRequest) -> Cow<'_, RunInstancesRequest> {
    let Some(placement) = &asked.placement else { return Cow::Borrowed(asked) };
    let named = |text: &Option<String>| text.clone().filter(|text| !text.is_empty());
    let said = Placed {
        availability_zone: named(&placement.availability_zone),
        availability_zone_id: named(&placement.availability_zone_id),
        group_name: named(&placement.group_name),
        group_id: named(&placement.group_id),
        ..placement.clone()
    };
    let placement = Some(said).filter(|said| *said != Placed::default());
    Cow::Owned(RunInstancesRequest { placement, ..asked.clone() })
}

/// Where the instances of a request go.
pub fn read(
    cx: &Cx,
    read: &impl Read,
    input: &RunInstancesRequest,
    kind: &InstanceType,
    network: &WantedNetwork,
) -> Answer<Placement> {
    let asked = input.placement.clone().unwrap_or_default();
    for (given, parameter) in [
        (asked.host_id.is_some(), "Placement.HostId"),
        (asked.host_resource_group_arn.is_some(), "Placement.HostResourceGroupArn"),
        (asked.affinity.is_some(), "Placement.Affinity"),
        (asked.spread_domain.is_some(), "Placement.SpreadDomain"),
        (asked.tenancy == Some(Tenancy::Host), "Placement.Tenancy=host"),
    ] {
        if given {
            return Err(not_built(parameter));
        }
    }
    check_zone(asked.availability_zone.as_deref(), asked.availability_zone_id.as_deref(), network)?;
    let group = group_of(cx, read, asked.group_name.as_deref(), asked.group_id.as_deref())?;
    if let Some((_, group)) = &group {
        check_type(group, kind)?;
    }
    Ok(Placement {
        zone: network.zone.clone(),
        partition: partition_of(group.as_ref().map(|(_, group)| &**group), asked.partition_number)?,
        group: group.map(|(_, group)| group.name.clone()),
        tenancy: asked.tenancy.unwrap_or(Tenancy::Default).as_str().into(),
    })
}

/// A subnet and a zone that are both named have to fit.
fn check_zone(zone: Option<&str>, zone_id: Option<&str>, network: &WantedNetwork) -> Answer<()> {
    let other = zone.is_some_and(|zone| zone != network.zone) || zone_id.is_some_and(|id| id != network.zone_id);
    if !other {
        return Ok(());
    }
    Err(invalid_value(format!(
        "The specified Availability Zone '{}' does not match that of the subnet ('{}').",
        zone.or(zone_id).unwrap_or_default(),
        network.zone
    )))
}

/// The placement group that is named by its name or by its id.
pub fn group_of(
    cx: &Cx,
    read: &impl Read,
    name: Option<&str>,
    id: Option<&str>,
) -> Answer<Option<(String, Arc<PlacementGroupSpec>)>> {
    match (name.filter(|name| !name.is_empty()), id) {
        (Some(_), Some(_)) => {
            Err(invalid_combination("The parameters GroupName and GroupId cannot be used together. Specify one of them."))
        }
        (Some(name), None) => {
            let unknown = || Fault::client("InvalidPlacementGroup.Unknown", format!("The Placement Group '{name}' is unknown."));
            placement_group_named(cx, read, name)?.ok_or_else(unknown).map(Some)
        }
        (None, Some(id)) => {
            let found = read.spec(&key::<PlacementGroup>(cx, id))?;
            found.ok_or_else(|| Resource::PLACEMENT_GROUP.absent(id)).map(|group| Some((id.to_owned(), group)))
        }
        (None, None) => Ok(None),
    }
}

/// Refuses a type that can't be in such a group (EC2 user guide, "Placement strategies").
fn check_type(group: &PlacementGroupSpec, kind: &InstanceType) -> Answer<()> {
    let (strategy, title) = match group.strategy {
        PlacementStrategy::Cluster => ("cluster", "Cluster"),
        PlacementStrategy::Partition(_) => ("partition", "Partition"),
        PlacementStrategy::Spread(_) => ("spread", "Spread"),
    };
    if kind.placement.iter().any(|known| known == strategy) {
        return Ok(());
    }
    Err(invalid_combination(format!(
        "{title} placement groups are not supported by the '{}' instance type. Specify a supported instance type or change the placement \
         group strategy, and try again.",
        kind.name
    )))
}

/// The partition of a group that is asked for.
pub fn partition_of(group: Option<&PlacementGroupSpec>, number: Option<i32>) -> Answer<Option<i32>> {
    let Some(number) = number else { return Ok(None) };
    match group.map(|group| group.strategy) {
        Some(PlacementStrategy::Partition(count)) if (1..=count).contains(&number) => Ok(Some(number)),
        Some(PlacementStrategy::Partition(count)) => Err(invalid_value(format!(
            "Value ({number}) for parameter PartitionNumber is invalid. Valid values are 1 to {count}"
        ))),
        _ => Err(invalid_combination("The parameter PartitionNumber can only be used with a partition placement group.")),
    }
}

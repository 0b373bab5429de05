//! Regions and Availability Zones.

use crate::{
    describe::matching,
    errors::{dry_run, invalid_value},
    views::{REGION_FIELDS, ZONE_FIELDS, region, zone},
};
use api::ec2::{
    DescribeAvailabilityZonesRequest, DescribeAvailabilityZonesResult, DescribeRegionsRequest, DescribeRegionsResult,
};
use front::Cx;
pub use logic::regions::REGIONS;
use logic::vpc::ZONE_LETTERS;
use spine::Tx;
use wire::Fault;

/// `DescribeRegions`. `AllRegions` changes nothing: no region here has to be opted into.
pub fn regions(cx: &Cx, _: &mut Tx, input: &DescribeRegionsRequest) -> Result<DescribeRegionsResult, Fault> {
    dry_run(input.dry_run)?;
    let mut names = Vec::from(REGIONS);
    if !names.contains(&cx.region.as_str()) {
        names.push(cx.region.as_str());
    }
    let wanted = input.region_names.as_deref().filter(|wanted| !wanted.is_empty());
    if let Some(wanted) = wanted {
        known("region", wanted, |name| names.contains(&name))?;
        names.retain(|name| wanted.iter().any(|it| it == name));
    }
    let regions = names.into_iter().map(region).collect();
    let regions = matching(regions, input.filters.as_deref().unwrap_or_default(), REGION_FIELDS, None)?;
    Ok(DescribeRegionsResult { regions: Some(regions) })
}

/// `DescribeAvailabilityZones`. `AllAvailabilityZones` changes nothing: no zone here has to be opted into.
pub fn availability_zones(
    cx: &Cx,
    _: &mut Tx,
    input: &DescribeAvailabilityZonesRequest,
) -> Result<DescribeAvailabilityZonesResult, Fault> {
    dry_run(input.dry_run)?;
    let mut zones: Vec<_> = (0..ZONE_LETTERS.len()).map(|index| zone(&cx.region, index)).collect();
    if let Some(wanted) = input.zone_names.as_deref().filter(|wanted| !wanted.is_empty()) {
        known("availability zone", wanted, |name| zones.iter().any(|zone| zone.zone_name.as_deref() == Some(name)))?;
        zones.retain(|zone| zone.zone_name.as_ref().is_some_and(|name| wanted.contains(name)));
    }
    if let Some(wanted) = input.zone_ids.as_deref().filter(|wanted| !wanted.is_empty()) {
        known("availability zone-id", wanted, |id| zones.iter().any(|zone| zone.zone_id.as_deref() == Some(id)))?;
        zones.retain(|zone| zone.zone_id.as_ref().is_some_and(|id| wanted.contains(id)));
    }
    let zones = matching(zones, input.filters.as_deref().unwrap_or_default(), ZONE_FIELDS, None)?;
    Ok(DescribeAvailabilityZonesResult { availability_zones: Some(zones) })
}

fn known(what: &str, wanted: &[String], exists: impl Fn(&str) -> bool) -> Result<(), Fault> {
    match wanted.iter().find(|name| !exists(name)) {
        Some(name) => Err(invalid_value(format!("Invalid {what}: [{name}]"))),
        None => Ok(()),
    }
}

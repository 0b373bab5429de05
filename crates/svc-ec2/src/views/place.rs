//! Regions and Availability Zones as the API shows them.

use crate::describe::{Field, Text, nothing};
use api::ec2::{AvailabilityZone, AvailabilityZoneOptInStatus, AvailabilityZoneState, Region as RegionView};
use logic::vpc::{zone_id, zone_name};
use model::Region;

/// A region.
pub fn region(name: &str) -> RegionView {
    RegionView {
        opt_in_status: Some("opt-in-not-required".into()),
        region_name: Some(name.into()),
        endpoint: Some(format!("ec2.{name}.amazonaws.com")),
        ..RegionView::default()
    }
}

/// By what regions are found.
pub const REGION_FIELDS: &[Field<RegionView>] = &[
    ("endpoint", |it| it.endpoint.texts()),
    ("opt-in-status", |it| it.opt_in_status.texts()),
    ("region-name", |it| it.region_name.texts()),
];

/// A region's nth Availability Zone.
pub fn zone(region: &Region, index: usize) -> AvailabilityZone {
    AvailabilityZone {
        opt_in_status: Some(AvailabilityZoneOptInStatus::OptInNotRequired),
        messages: Some(Vec::new()),
        region_name: Some(region.to_string()),
        zone_name: Some(zone_name(region, index)),
        zone_id: Some(zone_id(region, index)),
        group_name: Some(format!("{region}-zg-1")),
        network_border_group: Some(region.to_string()),
        zone_type: Some("availability-zone".into()),
        state: Some(AvailabilityZoneState::Available),
        ..AvailabilityZone::default()
    }
}

/// By what Availability Zones are found.
pub const ZONE_FIELDS: &[Field<AvailabilityZone>] = &[
    ("group-long-name", nothing),
    ("group-name", |it| it.group_name.texts()),
    ("message", nothing),
    ("opt-in-status", |it| it.opt_in_status.iter().map(|status| status.as_str().into()).collect()),
    ("parent-zone-id", nothing),
    ("parent-zone-name", nothing),
    ("region-name", |it| it.region_name.texts()),
    ("state", |it| it.state.iter().map(|state| state.as_str().into()).collect()),
    ("zone-id", |it| it.zone_id.texts()),
    ("zone-name", |it| it.zone_name.texts()),
    ("zone-type", |it| it.zone_type.texts()),
];

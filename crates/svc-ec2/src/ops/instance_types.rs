//! The instance types that EC2 publishes, and where they are offered.
//!
//! They are the same in every region, and every Availability Zone offers all of them. Whether this host can run one is another
//! question, which is asked when an instance is started.

use crate::{
    describe::{matching, page},
    errors::{dry_run, invalid_combination, invalid_instance_types},
    views::{INSTANCE_TYPE_FIELDS, OFFERING_FIELDS, instance_type as view, offering},
};
use api::ec2::{
    DescribeInstanceTypeOfferingsRequest, DescribeInstanceTypeOfferingsResult, DescribeInstanceTypesRequest,
    DescribeInstanceTypesResult, InstanceTypeInfo, InstanceTypeOffering, LocationType,
};
use front::Cx;
use logic::{
    instance_type,
    vpc::{ZONE_LETTERS, zone_id, zone_name},
};
use spine::Tx;
use wire::Fault;

/// The largest page of types, which is also the page of who doesn't ask for another.
const MOST_TYPES: i32 = 100;
/// The same of offerings.
const MOST_OFFERINGS: i32 = 1000;

/// `DescribeInstanceTypes`. `IncludeUnsupportedInRegion` changes nothing: every region has all types.
pub fn types(_: &Cx, _: &mut Tx, input: &DescribeInstanceTypesRequest) -> Result<DescribeInstanceTypesResult, Fault> {
    dry_run(input.dry_run)?;
    let names = input.instance_types.as_deref().filter(|names| !names.is_empty());
    if names.is_some() && input.max_results.is_some() {
        return Err(invalid_combination("The parameter InstanceTypes cannot be used with the parameter MaxResults"));
    }
    let types = matching(wanted(names)?, input.filters.as_deref().unwrap_or_default(), INSTANCE_TYPE_FIELDS, None)?;
    let key = |it: &InstanceTypeInfo| it.instance_type.clone().unwrap_or_default();
    let most = input.max_results.or(Some(MOST_TYPES));
    let (types, next_token) = page(types, key, most, input.next_token.as_deref())?;
    Ok(DescribeInstanceTypesResult { instance_types: Some(types), next_token })
}

/// Those with the names, or all, in the order of their names.
fn wanted(names: Option<&[String]>) -> Result<Vec<InstanceTypeInfo>, Fault> {
    let unknown = instance_type::unknown(names.unwrap_or_default());
    if !unknown.is_empty() {
        return Err(invalid_instance_types(&unknown));
    }
    let chosen = instance_type::all().filter(|it| names.is_none_or(|names| names.contains(&it.name)));
    Ok(chosen.map(view).collect())
}

/// `DescribeInstanceTypeOfferings`: by region, unless something else is asked for.
pub fn offerings(
    cx: &Cx,
    _: &mut Tx,
    input: &DescribeInstanceTypeOfferingsRequest,
) -> Result<DescribeInstanceTypeOfferingsResult, Fault> {
    dry_run(input.dry_run)?;
    let kind = input.location_type.unwrap_or(LocationType::Region);
    let locations = locations(cx, kind);
    let offered = |it: &instance_type::InstanceType| -> Vec<_> {
        locations.iter().map(|location| offering(&it.name, kind, location)).collect()
    };
    let all = instance_type::all().flat_map(offered).collect();
    let found = matching(all, input.filters.as_deref().unwrap_or_default(), OFFERING_FIELDS, None)?;
    let most = input.max_results.or(Some(MOST_OFFERINGS));
    let (found, next_token) = page(found, place_of, most, input.next_token.as_deref())?;
    Ok(DescribeInstanceTypeOfferingsResult { instance_type_offerings: Some(found), next_token })
}

/// What tells an offering from the others of its kind. A space sorts before whatever names have in them, so that it orders as they are.
fn place_of(it: &InstanceTypeOffering) -> String {
    let text = |it: &Option<String>| it.clone().unwrap_or_default();
    format!("{} {}", text(&it.instance_type), text(&it.location))
}

/// The places of a kind in the call's region. There are no Outposts.
fn locations(cx: &Cx, kind: LocationType) -> Vec<String> {
    let zones = 0..ZONE_LETTERS.len();
    match kind {
        LocationType::Region => vec![cx.region.to_string()],
        LocationType::AvailabilityZone => zones.map(|index| zone_name(&cx.region, index)).collect(),
        LocationType::AvailabilityZoneId => zones.map(|index| zone_id(&cx.region, index)).collect(),
        LocationType::Outpost => Vec::new(),
    }
}

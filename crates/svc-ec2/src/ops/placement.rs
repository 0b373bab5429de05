//! Placement groups: create, describe, delete. Where their machines run is decided by whoever places machines.

use crate::{
    describe::{Query, select},
    errors::{dry_run, invalid_combination, invalid_value, missing_parameter},
    records::{all, key, place, placement_group_named},
    resource::Resource,
    tags, views,
};
use api::ec2::{
    CreatePlacementGroupRequest, CreatePlacementGroupResult, DeletePlacementGroupRequest, DescribePlacementGroupsRequest,
    DescribePlacementGroupsResult, PlacementStrategy as Asked, SpreadLevel as Level,
};
use front::Cx;
use model::ec2::{Instance, InstanceState, PlacementGroup, PlacementGroupSpec, PlacementStrategy, SpreadLevel};
use spine::{Read, Row, Scope, Tx};
use wire::Fault;

/// How many partitions a group has of which nobody says.
const PARTITIONS: i32 = 2;

/// `CreatePlacementGroup`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &CreatePlacementGroupRequest) -> Result<CreatePlacementGroupResult, Fault> {
    dry_run(input.dry_run)?;
    if input.linked_group_id.is_some() {
        return Err(Fault::not_implemented("The parameter LinkedGroupId"));
    }
    if input.parent_group_id.is_some() {
        return Err(Fault::not_implemented("The parameter ParentGroupId"));
    }
    if input.operator.is_some() {
        return Err(Fault::not_implemented("The parameter Operator"));
    }
    let name = input.group_name.as_deref().filter(|name| !name.is_empty()).ok_or_else(|| missing_parameter("groupName"))?;
    check_name(name)?;
    let strategy = strategy(input)?;
    let tags = tags::on_create(input.tag_specifications.as_deref(), Resource::PLACEMENT_GROUP)?;
    if placement_group_named(cx, tx, name)?.is_some() {
        let message = format!("The placement group '{name}' already exists.");
        return Err(Fault::client("InvalidPlacementGroup.Duplicate", message));
    }
    let id = format!("pg-{}", cx.env.hex(17));
    let spec = PlacementGroupSpec { name: name.into(), strategy, tags };
    tx.create(&key::<PlacementGroup>(cx, &id), &spec)?;
    Ok(CreatePlacementGroupResult { placement_group: Some(views::placement_group(place(cx), &id, &spec)) })
}

fn check_name(name: &str) -> Result<(), Fault> {
    let printable = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    let valid = name.len() <= 255 && name.bytes().all(printable);
    let message = format!("Value ({name}) for parameter groupName is invalid. Valid names are up to 255 ASCII characters");
    valid.then_some(()).ok_or_else(|| invalid_value(message))
}

fn strategy(input: &CreatePlacementGroupRequest) -> Result<PlacementStrategy, Fault> {
    let asked = input.strategy.ok_or_else(|| missing_parameter("strategy"))?;
    if input.partition_count.is_some() && asked != Asked::Partition {
        return Err(invalid_combination("The parameter PartitionCount can only be used with the strategy partition"));
    }
    if input.spread_level.is_some() && asked != Asked::Spread {
        return Err(invalid_combination("The parameter SpreadLevel can only be used with the strategy spread"));
    }
    match asked {
        Asked::Cluster => Ok(PlacementStrategy::Cluster),
        Asked::Spread if input.spread_level == Some(Level::Host) => Ok(PlacementStrategy::Spread(SpreadLevel::Host)),
        Asked::Spread => Ok(PlacementStrategy::Spread(SpreadLevel::Rack)),
        Asked::Partition => partitions(input.partition_count.unwrap_or(PARTITIONS)).map(PlacementStrategy::Partition),
        other => Err(invalid_value(format!("Value ({}) for parameter strategy is invalid.", other.as_str()))),
    }
}

/// EC2 user guide, "Placement groups": up to seven partitions.
fn partitions(count: i32) -> Result<i32, Fault> {
    let message = || format!("Value ({count}) for parameter PartitionCount is invalid. Valid values are 1 to 7");
    (1..=7).contains(&count).then_some(count).ok_or_else(|| invalid_value(message()))
}

/// `DescribePlacementGroups`.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribePlacementGroupsRequest) -> Result<DescribePlacementGroupsResult, Fault> {
    dry_run(input.dry_run)?;
    let mut groups = all::<PlacementGroup>(cx, tx)?;
    if let Some(names) = input.group_names.as_deref().filter(|names| !names.is_empty()) {
        groups.retain(|(_, group)| names.contains(&group.name));
        if let Some(name) = names.iter().find(|name| !groups.iter().any(|(_, group)| group.name == **name)) {
            return Err(unknown(name));
        }
    }
    let views = groups.iter().map(|(id, spec)| views::placement_group(place(cx), id, spec)).collect();
    let query = Query { ids: input.group_ids.as_deref(), filters: input.filters.as_deref(), ..Query::default() };
    let (groups, _) = select(views, query)?;
    Ok(DescribePlacementGroupsResult { placement_groups: Some(groups) })
}

/// `DeletePlacementGroup`.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &DeletePlacementGroupRequest) -> Result<(), Fault> {
    dry_run(input.dry_run)?;
    let (id, _) = placement_group_named(cx, tx, &input.group_name)?.ok_or_else(|| unknown(&input.group_name))?;
    let instances = tx.list::<Instance>(Scope::Region(&cx.account, &cx.region))?;
    let is_in_it = |row: &Row<Instance>| {
        row.plan.state != InstanceState::Terminated && row.spec.placement.group.as_ref() == Some(&input.group_name)
    };
    if instances.iter().any(|(_, row)| is_in_it(row)) {
        let message = format!("The placement group '{}' is in use and may not be deleted.", input.group_name);
        return Err(Fault::client("InvalidPlacementGroup.InUse", message));
    }
    Ok(tx.delete(&key::<PlacementGroup>(cx, id))?)
}

fn unknown(name: &str) -> Fault {
    Fault::client("InvalidPlacementGroup.Unknown", format!("The Placement Group '{name}' is unknown."))
}

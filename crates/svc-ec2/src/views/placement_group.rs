//! Placement groups as the API shows them.

use super::Place;
use crate::{
    describe::{Described, Field, Text},
    resource::Resource,
    tags,
};
use api::ec2::{OperatorResponse, PlacementGroup, PlacementGroupState, PlacementStrategy as Shown, SpreadLevel as Level, Tag};
use model::ec2::{PlacementGroupSpec, PlacementStrategy, SpreadLevel};

/// A placement group.
pub fn placement_group(place: Place<'_>, id: &str, spec: &PlacementGroupSpec) -> PlacementGroup {
    let (strategy, partition_count, spread_level) = match spec.strategy {
        PlacementStrategy::Cluster => (Shown::Cluster, None, None),
        PlacementStrategy::Partition(count) => (Shown::Partition, Some(count), None),
        PlacementStrategy::Spread(SpreadLevel::Host) => (Shown::Spread, None, Some(Level::Host)),
        PlacementStrategy::Spread(SpreadLevel::Rack) => (Shown::Spread, None, Some(Level::Rack)),
    };
    PlacementGroup {
        group_name: Some(spec.name.clone()),
        state: Some(PlacementGroupState::Available),
        strategy: Some(strategy),
        partition_count,
        group_id: Some(id.into()),
        tags: Some(tags::view(&spec.tags)),
        group_arn: Some(place.arn(Resource::PLACEMENT_GROUP, &spec.name).to_string()),
        spread_level,
        operator: Some(OperatorResponse { managed: Some(false), ..OperatorResponse::default() }),
        ..PlacementGroup::default()
    }
}

impl Described for PlacementGroup {
    const RESOURCE: Resource = Resource::PLACEMENT_GROUP;
    const IDS: &'static str = "GroupIds";
    const FIELDS: &'static [Field<Self>] = &[
        ("group-name", |it| it.group_name.texts()),
        ("group-arn", |it| it.group_arn.texts()),
        ("spread-level", |it| it.spread_level.iter().map(|level| level.as_str().into()).collect()),
        ("state", |it| it.state.iter().map(|state| state.as_str().into()).collect()),
        ("strategy", |it| it.strategy.iter().map(|strategy| strategy.as_str().into()).collect()),
    ];

    fn id(&self) -> &str {
        self.group_id.as_deref().unwrap_or_default()
    }

    fn tags(&self) -> &[Tag] {
        self.tags.as_deref().unwrap_or_default()
    }
}

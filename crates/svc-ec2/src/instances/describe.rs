//! What instances are and how they do: `DescribeInstances`, `DescribeInstanceStatus` and their kin.

use super::{
    load::{self, Loaded},
    views::{self, IMAGE_METADATA_FIELDS, Shown, TOPOLOGY_FIELDS},
};
use crate::{
    describe::{Many, Query, Sought, matching, page, seek},
    errors::{dry_run, invalid_combination, invalid_value},
    records::{key, place},
    tagged::anywhere,
    tags,
};
use api::ec2::{
    DescribeInstanceImageMetadataRequest, DescribeInstanceImageMetadataResult, DescribeInstanceStatusRequest,
    DescribeInstanceStatusResult, DescribeInstanceTopologyRequest, DescribeInstanceTopologyResult, DescribeInstancesRequest,
    DescribeInstancesResult, ImageMetadata, ImageState, Instance as ShownInstance, InstanceImageMetadata, InstanceStatus,
    InstanceTopology, Reservation,
};
use front::{Answer, Cx};
use logic::vpc::{ZONE_LETTERS, zone_id, zone_name};
use model::ec2::{Image, Instance, InstanceState};
use spine::{Read, Scope, Tx};
use wire::Fault;

/// The page of who asks for none (EC2 API reference, "Query Requests", pagination).
const MOST: i32 = 1000;

/// The id of a zone.
pub fn zone_id_of(cx: &Cx, zone: &str) -> Option<String> {
    let index = (0..ZONE_LETTERS.len()).find(|index| zone_name(&cx.region, *index) == zone)?;
    Some(zone_id(&cx.region, index))
}

/// Instances, as many as there may be.
struct Instances<'a, F> {
    cx: &'a Cx,
    tx: &'a Tx,
    build: F,
}

impl<T: Sought<Glance = Loaded>, F: Fn(&Loaded) -> Answer<Option<T>>> Many<T> for Instances<'_, F> {
    fn one(&self, id: &str) -> Result<Option<Loaded>, Fault> {
        Ok(self.tx.get(&key::<Instance>(self.cx, id))?.map(|row| Loaded::of(id, &row)))
    }

    fn after(&self, id: &str, most: usize) -> Result<Vec<Loaded>, Fault> {
        let rows = self.tx.list::<Instance>(Scope::After(&self.cx.account, &self.cx.region, id, most))?;
        Ok(rows.iter().map(|(key, row)| Loaded::of(&key.id, row)).collect())
    }

    fn build(&self, loaded: &Loaded) -> Result<Option<T>, Fault> {
        (self.build)(loaded)
    }
}

/// `MaxResults`, within this operation's bounds.
pub fn page_of(asked: Option<i32>, least: i32) -> Answer<Option<i32>> {
    match asked {
        Some(most) if !(least..=MOST).contains(&most) => {
            let side = if most < least { format!("greater than {least}") } else { format!("less than or equal to {MOST}") };
            Err(invalid_value(format!("Value ( {most} ) for parameter maxResults is invalid. Expecting a value {side}.")))
        }
        asked => Ok(asked),
    }
}

/// `DescribeInstances`. `IncludeManagedResources` changes nothing: no instance here is hidden.
pub fn instances(cx: &Cx, tx: &mut Tx, input: &DescribeInstancesRequest) -> Answer<DescribeInstancesResult> {
    dry_run(input.dry_run)?;
    let ids = input.instance_ids.as_deref().filter(|ids| !ids.is_empty());
    let asked = page_of(input.max_results, 5)?;
    let query = Query {
        ids,
        filters: input.filters.as_deref(),
        max_results: asked.or((ids.is_none()).then_some(MOST)),
        next_token: input.next_token.as_deref(),
    };
    let many = Instances { cx, tx: &*tx, build: |loaded: &Loaded| shown(cx, tx, loaded).map(Some) };
    let (found, next_token) = seek(&many, query)?;
    Ok(DescribeInstancesResult { next_token, reservations: Some(reservations(cx, found)) })
}

fn shown(cx: &Cx, tx: &Tx, loaded: &Loaded) -> Answer<Shown> {
    let belongings = load::belongings(tx, &key::<Instance>(cx, &loaded.id), &loaded.spec)?;
    Ok(Shown {
        instance: views::instance(place(cx), loaded, &belongings),
        reservation: loaded.spec.launch.reservation.clone(),
        owner: cx.account.to_string(),
        zone_id: zone_id_of(cx, &loaded.spec.placement.zone).unwrap_or_default(),
        belongings,
    })
}

/// The instances by the requests that launched them, in the order in which those come first.
fn reservations(cx: &Cx, found: Vec<Shown>) -> Vec<Reservation> {
    let mut groups: Vec<(String, Vec<ShownInstance>)> = Vec::new();
    let mut places = std::collections::BTreeMap::<String, usize>::new();
    for shown in found {
        let at = *places.entry(shown.reservation.clone()).or_insert(groups.len());
        if at == groups.len() {
            groups.push((shown.reservation, Vec::new()));
        }
        groups[at].1.push(shown.instance);
    }
    for (_, instances) in &mut groups {
        instances.sort_by_key(|instance| instance.ami_launch_index);
    }
    groups.into_iter().map(|(id, instances)| views::reservation(place(cx), &id, instances)).collect()
}

/// `DescribeInstanceStatus`: of those that run, unless all are asked for.
pub fn statuses(cx: &Cx, tx: &mut Tx, input: &DescribeInstanceStatusRequest) -> Answer<DescribeInstanceStatusResult> {
    dry_run(input.dry_run)?;
    let ids = input.instance_ids.as_deref().filter(|ids| !ids.is_empty());
    let all = input.include_all_instances == Some(true);
    let asked = page_of(input.max_results, 5)?;
    let query = Query {
        ids: None,
        filters: input.filters.as_deref(),
        max_results: asked.or((ids.is_none()).then_some(MOST)),
        next_token: input.next_token.as_deref(),
    };
    let wanted = |loaded: &Loaded| all || loaded.state() == InstanceState::Running;
    let view = |loaded: &Loaded| views::status(loaded, zone_id_of(cx, &loaded.spec.placement.zone), cx.now);
    let (instance_statuses, next_token) = match ids {
        Some(_) if asked.is_some() => {
            return Err(invalid_combination("The parameter instanceIds cannot be used with the parameter MaxResults"));
        }
        // An id of an instance that doesn't run is no error: it is left out.
        Some(ids) => {
            let found: Vec<InstanceStatus> = load::instances(cx, tx, ids)?.iter().filter(|it| wanted(it)).map(view).collect();
            let tags: Option<fn(&InstanceStatus) -> &[api::ec2::Tag]> = None;
            let fields = <InstanceStatus as crate::describe::Described>::FIELDS;
            (matching(found, input.filters.as_deref().unwrap_or_default(), fields, tags)?, None)
        }
        None => seek(&Instances { cx, tx: &*tx, build: |loaded: &Loaded| Ok(wanted(loaded).then(|| view(loaded))) }, query)?,
    };
    Ok(DescribeInstanceStatusResult { instance_statuses: Some(instance_statuses), next_token })
}

/// The instances that a request names, or all, in the order of their ids.
fn wanted(cx: &Cx, tx: &Tx, ids: Option<&[String]>) -> Answer<Vec<Loaded>> {
    match ids.filter(|ids| !ids.is_empty()) {
        Some(ids) => load::instances(cx, tx, ids),
        None => {
            let rows = tx.list::<Instance>(Scope::Region(&cx.account, &cx.region))?;
            Ok(rows.iter().map(|(key, row)| Loaded::of(&key.id, row)).collect())
        }
    }
}

/// `DescribeInstanceTopology`: everything is in one room, below one node of each layer.
pub fn topology(cx: &Cx, tx: &mut Tx, input: &DescribeInstanceTopologyRequest) -> Answer<DescribeInstanceTopologyResult> {
    dry_run(input.dry_run)?;
    let names = input.group_names.as_deref().filter(|names| !names.is_empty());
    let mut found = wanted(cx, tx, input.instance_ids.as_deref())?;
    found.retain(|loaded| loaded.state() == InstanceState::Running);
    found.retain(|loaded| {
        names.is_none_or(|names| loaded.spec.placement.group.as_ref().is_some_and(|group| names.contains(group)))
    });
    let view = |loaded: &Loaded| InstanceTopology {
        instance_id: Some(loaded.id.clone()),
        instance_type: Some(loaded.spec.instance_type.clone()),
        group_name: loaded.spec.placement.group.clone(),
        network_nodes: Some(nodes(cx, loaded)),
        availability_zone: Some(loaded.spec.placement.zone.clone()),
        zone_id: zone_id_of(cx, &loaded.spec.placement.zone),
        ..InstanceTopology::default()
    };
    let views = found.iter().map(view).collect();
    let views = matching(views, input.filters.as_deref().unwrap_or_default(), TOPOLOGY_FIELDS, None)?;
    let most = page_of(input.max_results, 1)?;
    let (instances, next_token) =
        page(views, |it| it.instance_id.clone().unwrap_or_default(), most, input.next_token.as_deref())?;
    Ok(DescribeInstanceTopologyResult { instances: Some(instances), next_token })
}

/// The layers of the network above an instance: its region's, its zone's, its host's.
fn nodes(cx: &Cx, loaded: &Loaded) -> Vec<String> {
    let node = |what: &str| format!("nn-{}", logic::vpc::fingerprint(what, 17));
    let zone = &loaded.spec.placement.zone;
    let host = loaded.plan.host.as_deref().unwrap_or_default();
    vec![node(cx.region.as_str()), node(zone), node(&format!("{zone} {host}"))]
}

/// `DescribeInstanceImageMetadata`.
pub fn image_metadata(
    cx: &Cx,
    tx: &mut Tx,
    input: &DescribeInstanceImageMetadataRequest,
) -> Answer<DescribeInstanceImageMetadataResult> {
    dry_run(input.dry_run)?;
    let mut views = Vec::new();
    for loaded in wanted(cx, tx, input.instance_ids.as_deref())? {
        views.push(InstanceImageMetadata {
            instance_id: Some(loaded.id.clone()),
            instance_type: Some(loaded.spec.instance_type.clone()),
            launch_time: Some(wire::Time(loaded.spec.launch.at.0)),
            availability_zone: Some(loaded.spec.placement.zone.clone()),
            zone_id: zone_id_of(cx, &loaded.spec.placement.zone),
            state: Some(views::state(loaded.state())),
            owner_id: Some(cx.account.to_string()),
            tags: tags::view_if_any(&loaded.spec.tags),
            image_metadata: Some(image_of(cx, tx, &loaded.spec.image)?),
            ..InstanceImageMetadata::default()
        });
    }
    let tags: fn(&InstanceImageMetadata) -> &[api::ec2::Tag] = |it| it.tags.as_deref().unwrap_or_default();
    let views = matching(views, input.filters.as_deref().unwrap_or_default(), IMAGE_METADATA_FIELDS, Some(tags))?;
    let most = page_of(input.max_results, 1)?;
    let (found, next_token) = page(views, |it| it.instance_id.clone().unwrap_or_default(), most, input.next_token.as_deref())?;
    Ok(DescribeInstanceImageMetadataResult { instance_image_metadata: Some(found), next_token })
}

/// What is known of an image, which may be gone.
fn image_of(cx: &Cx, tx: &Tx, id: &str) -> Answer<ImageMetadata> {
    let gone = ImageMetadata { image_id: Some(id.into()), ..ImageMetadata::default() };
    let Some((key, image)) = anywhere::<Image>(tx, &cx.account, &cx.region, id)? else { return Ok(gone) };
    let moment = |at: model::Timestamp| {
        jiff::Timestamp::from_millisecond(at.0).map(|at| at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string()).unwrap_or_default()
    };
    Ok(ImageMetadata {
        name: Some(image.name.clone()),
        owner_id: Some(key.account.to_string()),
        state: Some(if image.disabled { ImageState::Disabled } else { ImageState::Available }),
        image_owner_alias: image.owner_alias.clone(),
        creation_date: Some(moment(image.created_at)),
        deprecation_time: image.deprecated_at.map(moment),
        image_allowed: Some(true),
        is_public: Some(image.public),
        ..gone
    })
}

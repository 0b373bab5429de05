//! Volumes: create, delete, describe.

use crate::{
    describe::{Query, select},
    errors::{dry_run, missing_parameter},
    quotas,
    records::{key, place},
    resource::Resource,
    tags,
    volumes::{
        encryption::Wanted,
        errors::{incorrect_state, not_built, volume_in_use, zone_not_found},
        load::{row, rows},
        new::{NewVolume, new_volume},
        token, views,
    },
};
use api::ec2::{CreateVolumeRequest, DeleteVolumeRequest, DescribeVolumesRequest, DescribeVolumesResult, Volume as Shown};
use front::{Answer, Cx};
use logic::{
    ebs::{VolumeState, attachments, volume_state},
    vpc::{ZONE_LETTERS, zone_id, zone_name},
};
use model::{
    Region,
    ec2::{Volume, VolumePlan},
};
use spine::{Read, Tx};

/// `CreateVolume`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &CreateVolumeRequest) -> Answer<Shown> {
    dry_run(input.dry_run)?;
    for (given, parameter) in [
        (input.outpost_arn.is_some(), "OutpostArn"),
        (input.operator.is_some(), "Operator"),
        (input.volume_initialization_rate.is_some(), "VolumeInitializationRate"),
    ] {
        if given {
            return Err(not_built(parameter, "CreateVolume"));
        }
    }
    let token = token::read(input.client_token.as_deref(), &CreateVolumeRequest { dry_run: None, ..input.clone() })?;
    let id = token::id(cx, "vol", token.as_ref());
    let key = key::<Volume>(cx, &id);
    if let Some(made) = tx.get(&key)? {
        token::same(made.spec.client_token.as_ref(), token.as_ref())?;
        return Ok(views::volume(place(cx), &id, &made.spec, &made.plan));
    }
    let zone = zone(cx, input)?;
    let new = NewVolume {
        zone: &zone,
        size: input.size,
        volume_type: input.volume_type.map(|kind| kind.as_str()),
        iops: input.iops,
        throughput: input.throughput,
        snapshot: input.snapshot_id.as_deref().filter(|id| !id.is_empty()),
        snapshot_by_image: false,
        encryption: Wanted { encrypted: input.encrypted, kms_key: input.kms_key_id.as_deref() },
        multi_attach: input.multi_attach_enabled == Some(true),
        tags: tags::on_create(input.tag_specifications.as_deref(), Resource::VOLUME)?,
    };
    let mut spec = new_volume(cx, tx, new)?;
    quotas::check_volumes(cx, spec.size, &spec.performance, 1)?;
    spec.client_token = token;
    tx.create(&key, &spec)?;
    Ok(views::volume(place(cx), &id, &spec, &VolumePlan::default()))
}

/// The name of the zone that a request names, by its name or by its id.
fn zone(cx: &Cx, input: &CreateVolumeRequest) -> Answer<String> {
    match (&input.availability_zone, &input.availability_zone_id) {
        (Some(_), Some(_)) => Err(crate::errors::invalid_combination(
            "The parameters AvailabilityZone and AvailabilityZoneId cannot be used together.",
        )),
        (Some(name), None) => Ok(name.clone()),
        (None, Some(id)) => zone_named(&cx.region, id).ok_or_else(|| zone_not_found(id)),
        (None, None) => Err(missing_parameter("AvailabilityZone")),
    }
}

/// The name of the zone with that id.
pub fn zone_named(region: &Region, id: &str) -> Option<String> {
    (0..ZONE_LETTERS.len()).find(|index| zone_id(region, *index) == id).map(|index| zone_name(region, index))
}

/// `DeleteVolume`. Snapshots of it that aren't complete yet are completed before it goes.
pub fn delete(cx: &Cx, tx: &mut Tx, input: &DeleteVolumeRequest) -> Answer<()> {
    dry_run(input.dry_run)?;
    let id = &input.volume_id;
    let found = row::<Volume>(cx, tx, id)?;
    match volume_state(&found.spec, &found.plan) {
        VolumeState::Available | VolumeState::Error if attachments(&found.spec, &found.plan).next().is_none() => {}
        VolumeState::InUse | VolumeState::Error => {
            let holder = attachments(&found.spec, &found.plan).next().map(|(it, _)| it.instance.clone());
            return Err(volume_in_use(id, &holder.unwrap_or_default()));
        }
        VolumeState::Deleting => return Err(Resource::VOLUME.not_found(id)),
        state => return Err(incorrect_state(format!("The volume '{id}' is '{}'.", state.name()))),
    }
    Ok(tx.update_spec(&key::<Volume>(cx, id), |spec| spec.deleted_at = Some(cx.now))?)
}

/// `DescribeVolumes`. `IncludeManagedResources` changes nothing: no volume here is hidden.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeVolumesRequest) -> Answer<DescribeVolumesResult> {
    dry_run(input.dry_run)?;
    let found = rows::<Volume>(cx, tx, input.volume_ids.as_deref())?;
    let views = found.iter().map(|(id, row)| views::volume(place(cx), id, &row.spec, &row.plan)).collect();
    let query = Query {
        ids: input.volume_ids.as_deref(),
        filters: input.filters.as_deref(),
        max_results: input.max_results,
        next_token: input.next_token.as_deref(),
    };
    let (volumes, next_token) = select(views, query)?;
    Ok(DescribeVolumesResult { volumes: Some(volumes), next_token })
}

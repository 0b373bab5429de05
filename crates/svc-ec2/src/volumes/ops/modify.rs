//! Changes of volumes' sizes and types, and how far they are.

use crate::{
    describe::{matching, page},
    errors::{dry_run, invalid_value, missing_parameter},
    records::key,
    resource::Resource,
    volumes::{
        errors::{incorrect_state, refused},
        load::{row, rows},
        new::positive,
        views,
    },
};
use api::ec2::{
    DescribeVolumesModificationsRequest, DescribeVolumesModificationsResult, ModifyVolumeRequest, ModifyVolumeResult,
};
use front::{Answer, Cx};
use logic::ebs::{RateExceeded, VolumeKind, VolumeState, attachments, latest_modification, may_modify, provision, volume_state};
use model::ec2::{Performance, Volume, VolumeModification, VolumeSpec};
use spine::{Read, Row, Tx};
use wire::Fault;

/// `ModifyVolume`.
pub fn modify(cx: &Cx, tx: &mut Tx, input: &ModifyVolumeRequest) -> Answer<ModifyVolumeResult> {
    dry_run(input.dry_run)?;
    let id = &input.volume_id;
    let volume = row::<Volume>(cx, tx, id)?;
    check_state(id, &volume)?;
    let asked = asked(input, &volume)?;
    may_modify(&volume.spec, &volume.plan, cx.now).map_err(|why| not_now(id, why))?;
    let number = volume.spec.modifications.last().map_or(1, |last| last.number + 1);
    let modification = VolumeModification { number, at: cx.now, ..asked };
    let at = key::<Volume>(cx, id);
    tx.update_spec(&at, |spec| {
        spec.size = modification.to_size;
        spec.performance = modification.to.clone();
        spec.multi_attach = modification.to_multi_attach;
        spec.modifications.push(modification);
    })?;
    let row = tx.get(&at)?.ok_or_else(|| Resource::VOLUME.absent(id))?;
    let latest = latest_modification(&row.spec, &row.plan, cx.now);
    Ok(ModifyVolumeResult { volume_modification: latest.map(|(spec, progress)| views::modification(id, spec, progress)) })
}

fn check_state(id: &str, volume: &Row<Volume>) -> Answer<()> {
    match volume_state(&volume.spec, &volume.plan) {
        VolumeState::Available | VolumeState::InUse => Ok(()),
        VolumeState::Deleting => Err(Resource::VOLUME.not_found(id)),
        state => Err(incorrect_state(format!("Volume {id} is in state '{}', and can't be modified.", state.name()))),
    }
}

/// What a request asks for: what it doesn't name stays, as far as the new type has it.
fn asked(input: &ModifyVolumeRequest, volume: &Row<Volume>) -> Answer<VolumeModification> {
    let spec = &volume.spec;
    let nothing = input.size.is_none() && input.volume_type.is_none() && input.iops.is_none();
    if nothing && input.throughput.is_none() && input.multi_attach_enabled.is_none() {
        return Err(missing_parameter("Size, VolumeType, Iops, Throughput or MultiAttachEnabled"));
    }
    let size = positive("size", input.size)?.unwrap_or(spec.size);
    if size < spec.size {
        return Err(invalid_value(format!("New size cannot be smaller than existing size ({})", spec.size)));
    }
    let to = performance(input, spec, size)?;
    let multi_attach = multi_attach(input, volume, &to)?;
    Ok(VolumeModification {
        number: 0,
        at: spec.created_at,
        from_size: spec.size,
        from: spec.performance.clone(),
        from_multi_attach: spec.multi_attach,
        to_size: size,
        to,
        to_multi_attach: multi_attach,
    })
}

fn performance(input: &ModifyVolumeRequest, spec: &VolumeSpec, size: u32) -> Answer<Performance> {
    let old = &spec.performance;
    let name = input.volume_type.map_or(old.volume_type.as_str(), |kind| kind.as_str());
    let kind = VolumeKind::of(name).ok_or_else(|| invalid_value(format!("Invalid volume type: {name}")))?;
    let same = name == old.volume_type;
    let kept = old.iops.filter(|_| same);
    let default = (!same && matches!(name, "io1" | "io2")).then_some(3000);
    let iops = positive("iops", input.iops)?.or(kept).or(default);
    let throughput = positive("throughput", input.throughput)?.or(old.throughput.filter(|_| same));
    provision(kind, size, iops, throughput).map_err(refused)
}

/// Multi-Attach of an io2 volume can be changed while it is attached to one instance at most; that of an io1 volume can't be.
fn multi_attach(input: &ModifyVolumeRequest, volume: &Row<Volume>, to: &Performance) -> Answer<bool> {
    let before = volume.spec.multi_attach;
    let after = input.multi_attach_enabled.unwrap_or(before);
    if after && !VolumeKind::of(&to.volume_type).is_some_and(|kind| kind.multi_attach()) {
        return Err(invalid_value("Multi-Attach is supported for io1 and io2 volumes only."));
    }
    if after != before && volume.spec.performance.volume_type == "io1" {
        return Err(Fault::client("UnsupportedOperation", "Multi-Attach of an io1 volume can't be changed after its creation."));
    }
    if before && !after && attachments(&volume.spec, &volume.plan).count() > 1 {
        return Err(incorrect_state("Multi-Attach can't be disabled while the volume is attached to several instances."));
    }
    Ok(after)
}

fn not_now(id: &str, why: RateExceeded) -> Fault {
    match why {
        RateExceeded::Unfinished(state) => {
            let message = format!("Cannot modify volume {id} while its last modification is '{}'.", state.name());
            Fault::client("IncorrectModificationState", message)
        }
        RateExceeded::TooMany(free) => {
            let free = jiff::Timestamp::from_millisecond(free.0).map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
            let message = format!(
                "You've reached the maximum modification rate per volume limit. The next modification is possible at {}.",
                free.unwrap_or_default()
            );
            Fault::client("VolumeModificationRateExceeded", message)
        }
    }
}

/// `DescribeVolumesModifications`: the last of each volume that was modified.
pub fn describe(cx: &Cx, tx: &mut Tx, input: &DescribeVolumesModificationsRequest) -> Answer<DescribeVolumesModificationsResult> {
    dry_run(input.dry_run)?;
    let ids = input.volume_ids.as_deref();
    let found = rows::<Volume>(cx, tx, ids)?;
    for id in ids.unwrap_or_default() {
        let row = found.iter().find(|(known, _)| known == id).ok_or_else(|| Resource::VOLUME.absent(id))?;
        if row.1.spec.modifications.is_empty() {
            let message = format!("Modification for volume '{id}' does not exist.");
            return Err(Fault::client("InvalidVolumeModification.NotFound", message));
        }
    }
    let view = |(id, row): &(String, Row<Volume>)| {
        latest_modification(&row.spec, &row.plan, cx.now).map(|(spec, progress)| views::modification(id, spec, progress))
    };
    let views = found.iter().filter_map(view).collect();
    let filters = input.filters.as_deref().unwrap_or_default();
    let found = matching(views, filters, views::MODIFICATION_FIELDS, None)?;
    let (shown, next_token) =
        page(found, |it| it.volume_id.clone().unwrap_or_default(), input.max_results, input.next_token.as_deref())?;
    Ok(DescribeVolumesModificationsResult { next_token, volumes_modifications: Some(shown) })
}

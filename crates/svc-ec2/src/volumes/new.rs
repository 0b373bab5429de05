//! A new volume: what may be asked of it, and the record that it is. `CreateVolume` makes one, and `RunInstances` some for each instance.

use super::{
    encryption,
    errors::{refused, smaller_than_snapshot, zone_not_found},
    load::usable_snapshot,
};
use crate::errors::{invalid_value, missing_parameter};
use front::{Answer, Cx};
use logic::{
    ebs::{VolumeKind, fast_restore, provision},
    vpc::{ZONE_LETTERS, zone_name},
};
use model::ec2::{FastRestore, SnapshotSpec, Tags, VolumeSpec};
use spine::Tx;

/// A volume as it is asked for.
#[derive(Clone, Debug, Default)]
pub struct NewVolume<'a> {
    /// The Availability Zone's name.
    pub zone: &'a str,
    /// In GiB; the snapshot's where nothing is said.
    pub size: Option<i32>,
    /// `gp3` and its like; `gp2` where nothing is said.
    pub volume_type: Option<&'a str>,
    /// I/O operations a second.
    pub iops: Option<i32>,
    /// In MiB a second.
    pub throughput: Option<i32>,
    /// The snapshot that it begins as.
    pub snapshot: Option<&'a str>,
    /// The caller may use that snapshot because it may use the image that names it.
    pub snapshot_by_image: bool,
    /// Whether it is encrypted, and with which key.
    pub encryption: encryption::Wanted<'a>,
    /// It may be attached to several instances at a time.
    pub multi_attach: bool,
    /// Its tags.
    pub tags: Tags,
}

/// The record of a volume, attached to nothing.
///
/// # Errors
/// Those of `CreateVolume`: the zone, the snapshot, the bounds of the type, the key.
pub fn new_volume(cx: &Cx, tx: &mut Tx, new: NewVolume<'_>) -> Answer<VolumeSpec> {
    if (0..ZONE_LETTERS.len()).all(|index| zone_name(&cx.region, index) != new.zone) {
        return Err(zone_not_found(new.zone));
    }
    let kind = new.volume_type.unwrap_or("gp2");
    let kind = VolumeKind::of(kind).ok_or_else(|| invalid_value(format!("Invalid volume type: {kind}")))?;
    if new.multi_attach && !kind.multi_attach() {
        return Err(invalid_value("Multi-Attach is supported for io1 and io2 volumes only."));
    }
    let source = new.snapshot.map(|id| usable_snapshot(cx, tx, id, new.snapshot_by_image)).transpose()?;
    let source = source.map(|(_, row)| row.spec);
    let size = size(&new, source.as_deref())?;
    let (iops, throughput) = (positive("iops", new.iops)?, positive("throughput", new.throughput)?);
    let performance = provision(kind, size, iops, throughput).map_err(refused)?;
    let snapshot_encryption = source.as_ref().and_then(|it| it.encryption.clone());
    Ok(VolumeSpec {
        size,
        performance,
        zone: new.zone.into(),
        snapshot: new.snapshot.map(Into::into),
        fast_restored: source.as_ref().is_some_and(|it| is_fast(it, new.zone, cx)),
        encryption: encryption::decide(cx, tx, new.encryption, snapshot_encryption.as_ref())?,
        snapshot_encryption,
        multi_attach: new.multi_attach,
        created_at: cx.now,
        attachments: Vec::new(),
        attachments_made: 0,
        modifications: Vec::new(),
        client_token: None,
        deleted_at: None,
        tags: new.tags,
    })
}

fn size(new: &NewVolume<'_>, source: Option<&SnapshotSpec>) -> Answer<u32> {
    let asked = positive("size", new.size)?;
    match (asked, source, new.snapshot) {
        (Some(size), Some(snapshot), Some(id)) if size < snapshot.size => Err(smaller_than_snapshot(size, id, snapshot.size)),
        (Some(size), _, _) => Ok(size),
        (None, Some(snapshot), _) => Ok(snapshot.size),
        (None, None, _) => Err(missing_parameter("size/snapshot")),
    }
}

/// A number that a request gives, which isn't negative.
pub fn positive(name: &str, value: Option<i32>) -> Answer<Option<u32>> {
    let read =
        |value: i32| u32::try_from(value).map_err(|_| invalid_value(format!("Value ({value}) for parameter {name} is invalid.")));
    value.map(read).transpose()
}

fn is_fast(snapshot: &SnapshotSpec, zone: &str, cx: &Cx) -> bool {
    let here = |it: &&FastRestore| it.zone == zone && it.account == cx.account.as_str();
    snapshot.fast_restore.iter().filter(here).any(|it| fast_restore(it, snapshot.size, cx.now).state == "enabled")
}

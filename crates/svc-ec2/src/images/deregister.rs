//! `DeregisterImage`.

use super::{errors::not_permitted, load};
use crate::{
    errors::dry_run,
    records::{all, key},
};
use api::ec2::{DeleteSnapshotReturnCode, DeregisterImageRequest, DeregisterImageResult, SnapshotReturnCodes};
use front::{Answer, Cx};
use model::ec2::{BlockDeviceKind, Image, ImageSpec, Snapshot};
use spine::{Read, Tx};

/// `DeregisterImage`. Instances that were made of it stay; its snapshots do, unless they are to go, too.
pub fn deregister(cx: &Cx, tx: &mut Tx, input: &DeregisterImageRequest) -> Answer<DeregisterImageResult> {
    dry_run(input.dry_run)?;
    let image = load::own(cx, tx, &input.image_id)?;
    if image.spec.deregistration_protection {
        let message = format!(
            "The image '{}' is protected from deregistration. Disable deregistration protection and try again.",
            input.image_id
        );
        return Err(not_permitted(message));
    }
    tx.delete(&key::<Image>(cx, &input.image_id))?;
    let gone = match input.delete_associated_snapshots {
        Some(true) => Some(snapshots(&image.spec).map(|id| delete(cx, tx, id)).collect::<Answer<Vec<_>>>()?),
        _ => None,
    };
    Ok(DeregisterImageResult { r#return: Some(true), delete_snapshot_results: gone })
}

/// The snapshots that an image's disks begin as.
pub fn snapshots(spec: &ImageSpec) -> impl Iterator<Item = &str> {
    spec.block_devices.iter().filter_map(|device| match &device.kind {
        BlockDeviceKind::Ebs(ebs) => ebs.snapshot.as_deref(),
        _ => None,
    })
}

/// An image that is made of the snapshot.
pub fn image_of(cx: &Cx, read: &impl Read, snapshot: &str) -> Answer<Option<String>> {
    let found = all::<Image>(cx, read)?.into_iter().find(|(_, image)| snapshots(image).any(|other| other == snapshot));
    Ok(found.map(|(id, _)| id))
}

/// Deletes a snapshot, unless another image is made of it, too.
fn delete(cx: &Cx, tx: &mut Tx, id: &str) -> Answer<DeleteSnapshotReturnCode> {
    let shared = image_of(cx, tx, id)?.is_some();
    let at = key::<Snapshot>(cx, id);
    let code = match (shared, tx.exists(&at)?) {
        (true, _) => SnapshotReturnCodes::Skipped,
        (false, false) => SnapshotReturnCodes::MissingPermissions,
        (false, true) => {
            tx.delete(&at)?;
            SnapshotReturnCodes::Success
        }
    };
    Ok(DeleteSnapshotReturnCode { snapshot_id: Some(id.into()), return_code: Some(code) })
}

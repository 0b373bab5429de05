//! EBS: volumes and snapshots, as far as they are EC2's.
//!
//! **Built:** volumes of all types within their bounds, encrypted where that is asked for; attachments, several at a time for io1 and io2;
//! changes of size and type; status checks; snapshots, of one volume or of all of an instance's, shared, copied, archived, with fast
//! restore as a record. What moves blocks without a host stands in `direct`.
//!
//! **Not built:** Outposts and Local Zones, volumes that other services manage, the recycle bin.
//!
//! * `ops/`: the operations. [`new`]: what a new volume may be, for `RunInstances` too.
//! * `views/`: from records to what the API shows. `errors`: every refusal, a constructor each.
//! * [`encryption`]: which key, and the data keys beneath it.
//! * `reconcile/`: volumes and their host. What is decided there stands in `logic::ebs`.

mod encryption;
mod errors;
mod keys;
mod load;
mod new;
mod ops;
mod reconcile;
pub mod token;
mod views;

pub use encryption::{
    Wanted as WantedEncryption, check_usable, decide as decide_encryption, is_default_key, may_attach, may_read,
    open as data_key, unusable as unusable_key,
};
pub use load::may_restore;
pub use new::{NewVolume, new_volume, positive};
pub use ops::snapshots::{copy::copied_encryption, create::of_volume};
pub use reconcile::{Volumes, desired_volumes};

use crate::{TAG, access, resource::Resource};
use api::ec2;
use front::{Access, Service};
use ops::{
    attach, attributes, modify, settings,
    snapshots::{copy, create, describe, fast_restore, share, tiers},
    volumes,
};

/// Adds the operations to EC2's table.
pub fn rows(service: Service) -> Service {
    setting_rows(lending_rows(snapshot_rows(volume_rows(service))))
}

fn volume_rows(service: Service) -> Service {
    service
        .op::<ec2::CreateVolume>(
            Access::on(|cx, i: &ec2::CreateVolumeRequest| {
                let source = i.snapshot_id.as_ref().map(|id| access::one(cx, Resource::SNAPSHOT, id));
                std::iter::once(access::one(cx, Resource::VOLUME, "*")).chain(source).collect()
            })
            .keys(keys::create_volume)
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::VOLUME, i.tag_specifications.as_deref())),
            volumes::create,
        )
        .op::<ec2::DeleteVolume>(access::on(|cx, i| vec![access::one(cx, Resource::VOLUME, &i.volume_id)]), volumes::delete)
        .op::<ec2::DescribeVolumes>(access::all(), volumes::describe)
        .op::<ec2::DescribeVolumeStatus>(access::all(), attributes::statuses)
        .op::<ec2::DescribeVolumeAttribute>(
            access::on(|cx, i| vec![access::one(cx, Resource::VOLUME, &i.volume_id)]),
            attributes::describe,
        )
        .op::<ec2::ModifyVolumeAttribute>(
            access::on(|cx, i| vec![access::one(cx, Resource::VOLUME, &i.volume_id)]),
            attributes::modify,
        )
        .op::<ec2::EnableVolumeIO>(
            access::on(|cx, i| vec![access::one(cx, Resource::VOLUME, &i.volume_id)]),
            attributes::enable_io,
        )
        .op::<ec2::AttachVolume>(
            access::on(|cx, i| {
                vec![access::one(cx, Resource::VOLUME, &i.volume_id), access::one(cx, Resource::INSTANCE, &i.instance_id)]
            }),
            attach::attach,
        )
        .op::<ec2::DetachVolume>(
            access::on(|cx, i| {
                let instance = i.instance_id.as_ref().map(|id| access::one(cx, Resource::INSTANCE, id));
                std::iter::once(access::one(cx, Resource::VOLUME, &i.volume_id)).chain(instance).collect()
            }),
            attach::detach,
        )
        .op::<ec2::ModifyVolume>(access::on(|cx, i| vec![access::one(cx, Resource::VOLUME, &i.volume_id)]), modify::modify)
        .op::<ec2::DescribeVolumesModifications>(access::all(), modify::describe)
}

fn snapshot_rows(service: Service) -> Service {
    service
        .op::<ec2::CreateSnapshot>(
            access::on(|cx, i: &ec2::CreateSnapshotRequest| {
                vec![access::one(cx, Resource::SNAPSHOT, "*"), access::one(cx, Resource::VOLUME, &i.volume_id)]
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::SNAPSHOT, i.tag_specifications.as_deref())),
            create::create,
        )
        .op::<ec2::CreateSnapshots>(
            access::found(|cx, snapshot, i: &ec2::CreateSnapshotsRequest| {
                keys::snapshots_of_instance(cx, snapshot, &i.instance_specification.instance_id)
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::SNAPSHOT, i.tag_specifications.as_deref())),
            create::create_many,
        )
        .op::<ec2::DeleteSnapshot>(access::on(|cx, i| vec![access::one(cx, Resource::SNAPSHOT, &i.snapshot_id)]), create::delete)
        .op::<ec2::DescribeSnapshots>(access::all(), describe::describe)
        .op::<ec2::ListSnapshotsInRecycleBin>(
            access::on(|cx, i| access::some(cx, Resource::SNAPSHOT, i.snapshot_ids.as_deref())),
            describe::in_recycle_bin,
        )
}

/// What is done with snapshots that are there.
fn lending_rows(service: Service) -> Service {
    service
        .op::<ec2::CopySnapshot>(
            access::on(|cx, i: &ec2::CopySnapshotRequest| {
                let source = keys::snapshot_in(cx, &i.source_region, &i.source_snapshot_id);
                vec![access::one(cx, Resource::SNAPSHOT, "*"), source]
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::SNAPSHOT, i.tag_specifications.as_deref())),
            copy::copy,
        )
        .op::<ec2::DescribeSnapshotAttribute>(
            access::on(|cx, i| vec![access::one(cx, Resource::SNAPSHOT, &i.snapshot_id)]),
            share::describe,
        )
        .op::<ec2::ModifySnapshotAttribute>(
            access::on(|cx, i| vec![access::one(cx, Resource::SNAPSHOT, &i.snapshot_id)]),
            share::modify,
        )
        .op::<ec2::ResetSnapshotAttribute>(
            access::on(|cx, i| vec![access::one(cx, Resource::SNAPSHOT, &i.snapshot_id)]),
            share::reset,
        )
        .op::<ec2::ModifySnapshotTier>(
            access::on(|cx, i| vec![access::one(cx, Resource::SNAPSHOT, &i.snapshot_id)]),
            tiers::archive,
        )
        .op::<ec2::RestoreSnapshotTier>(
            access::on(|cx, i| vec![access::one(cx, Resource::SNAPSHOT, &i.snapshot_id)]),
            tiers::restore,
        )
        .op::<ec2::DescribeSnapshotTierStatus>(access::all(), tiers::describe)
        .op::<ec2::EnableFastSnapshotRestores>(
            access::on(|cx, i| i.source_snapshot_ids.iter().map(|id| access::one(cx, Resource::SNAPSHOT, id)).collect()),
            fast_restore::enable,
        )
        .op::<ec2::DisableFastSnapshotRestores>(
            access::on(|cx, i| i.source_snapshot_ids.iter().map(|id| access::one(cx, Resource::SNAPSHOT, id)).collect()),
            fast_restore::disable,
        )
        .op::<ec2::DescribeFastSnapshotRestores>(access::all(), fast_restore::describe)
}

/// What an account has set.
fn setting_rows(service: Service) -> Service {
    service
        .op::<ec2::EnableSnapshotBlockPublicAccess>(access::all(), share::block)
        .op::<ec2::DisableSnapshotBlockPublicAccess>(access::all(), share::unblock)
        .op::<ec2::GetSnapshotBlockPublicAccessState>(access::all(), share::blocked)
        .op::<ec2::EnableEbsEncryptionByDefault>(access::all(), settings::enable)
        .op::<ec2::DisableEbsEncryptionByDefault>(access::all(), settings::disable)
        .op::<ec2::GetEbsEncryptionByDefault>(access::all(), settings::get)
        .op::<ec2::GetEbsDefaultKmsKeyId>(access::all(), settings::default_key)
        .op::<ec2::ModifyEbsDefaultKmsKeyId>(access::all(), settings::set_default_key)
        .op::<ec2::ResetEbsDefaultKmsKeyId>(access::all(), settings::reset_default_key)
}

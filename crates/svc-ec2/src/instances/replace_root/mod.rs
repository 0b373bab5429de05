//! Replacing the root volume of an instance that runs: by what it began as, by a later snapshot of it, or by an image's.
//!
//! ```text
//! CreateReplaceRootVolumeTask ─► Volume.spec, RootReplacement.spec, an interlude of Instance.spec     pending
//!   reconciler of instances      the system is down: the one volume is taken, the other given          in-progress
//!   reconciler of replacements   it runs again                                                         succeeded
//! ```
//!
//! **Built:** snapshots and images, tags, tokens, deletion of what is replaced. **Not built:** `VolumeId`.

mod create;
mod describe;
mod reconcile;
mod swap;

pub use reconcile::RootReplacements;
pub use swap::swap;

use super::access as of_instance;
use crate::{
    TAG,
    access::{self, all, on},
    resource::Resource,
};
use api::ec2;
use front::Service;

/// The rows of replacements.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::CreateReplaceRootVolumeTask>(
            on(|cx, i: &ec2::CreateReplaceRootVolumeTaskRequest| {
                let mut named = of_instance::one(cx, &i.instance_id);
                named.push(access::one(cx, Resource::REPLACE_ROOT_VOLUME_TASK, "*"));
                named.push(access::one(cx, Resource::VOLUME, "*"));
                named.extend(i.snapshot_id.as_deref().map(|id| access::one(cx, Resource::SNAPSHOT, id)));
                named.extend(i.image_id.as_deref().map(|id| access::one(cx, Resource::IMAGE, id)));
                named
            })
            .tagging(TAG, |cx, i| access::tagging(cx, Resource::REPLACE_ROOT_VOLUME_TASK, i.tag_specifications.as_deref())),
            create::create,
        )
        .op::<ec2::DescribeReplaceRootVolumeTasks>(all(), describe::describe)
}

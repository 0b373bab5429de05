//! What requests tell of the volumes that they make, as condition keys (Service Authorization Reference, "Amazon EC2"), and what they act on.

use crate::{access, records::key, resource::Resource};
use api::ec2::CreateVolumeRequest;
use front::{Answer, Cx};
use logic::policy::Context;
use model::{Arn, Region, ec2::Instance};
use spine::{Read, Snapshot};

/// Of a volume that is to be made.
pub fn create_volume(cx: &Cx, input: &CreateVolumeRequest) -> Context {
    let mut known = access::in_region(cx);
    known.set("ec2:VolumeType", input.volume_type.map_or("gp2", |kind| kind.as_str()));
    known.set("ec2:Encrypted", (input.encrypted == Some(true)).to_string());
    let numbers = [("ec2:VolumeSize", input.size), ("ec2:VolumeIops", input.iops), ("ec2:VolumeThroughput", input.throughput)];
    for (name, value) in numbers {
        if let Some(value) = value {
            known.set(name, value.to_string());
        }
    }
    if let Some(zone) = &input.availability_zone {
        known.set("ec2:AvailabilityZone", zone);
    }
    if let Some(snapshot) = &input.snapshot_id {
        known.set("ec2:ParentSnapshot", access::one(cx, Resource::SNAPSHOT, snapshot).to_string());
    }
    if let Some(named) = &input.kms_key_id {
        known.set("ec2:KmsKeyId", named);
    }
    known
}

/// What `CreateSnapshots` acts on: the instance, its volumes, and the snapshots, which have no ids yet.
pub fn snapshots_of_instance(cx: &Cx, snapshot: &Snapshot, instance: &str) -> Answer<Vec<Arn>> {
    let spec = snapshot.spec(&key::<Instance>(cx, instance))?;
    let volumes = spec.iter().flat_map(|spec| &spec.volumes).map(|id| access::one(cx, Resource::VOLUME, id));
    let first = [access::one(cx, Resource::INSTANCE, instance), access::one(cx, Resource::SNAPSHOT, "*")];
    Ok(first.into_iter().chain(volumes).collect())
}

/// A snapshot of a region that a request names.
pub fn snapshot_in(cx: &Cx, region: &str, id: &str) -> Arn {
    let region = Region::parse(region).unwrap_or_else(|_| cx.region.clone());
    Resource::SNAPSHOT.arn(&cx.account, &region, id)
}

//! What an instance needs so that it can hibernate (EC2 user guide, "Prerequisites for EC2 instance hibernation").

use super::errors::no_hibernation;
use front::Answer;
use logic::instance_type::InstanceType;
use model::ec2::{ImageSpec, MachineKind, VolumeSpec};

/// Refuses a type or an image that can't. Memory can be kept of virtual machines alone: a system container has none of its own.
pub fn check(kind: &InstanceType, image: &ImageSpec) -> Answer<()> {
    if !kind.hibernation {
        return Err(no_hibernation(format!("Hibernation is not supported for the instance type {}.", kind.name)));
    }
    if image.machine != MachineKind::Guest {
        return Err(no_hibernation("Hibernation is not supported for the specified AMI."));
    }
    Ok(())
}

/// Refuses a root volume that can't keep the memory: one that isn't encrypted, whether by the request, by its snapshot or by the account's default, and one that
/// has no room for the memory and a system beside it.
pub fn check_root(root: &VolumeSpec, memory_mib: i64) -> Answer<()> {
    if root.encryption.is_none() {
        return Err(no_hibernation("For hibernation, the root device volume must be encrypted."));
    }
    let size_mib = i64::from(root.size) << 10;
    if size_mib <= memory_mib {
        return Err(no_hibernation(format!(
            "For hibernation, the root device volume must be large enough to store the contents of the memory ({memory_mib} MiB): it has {size_mib} MiB."
        )));
    }
    Ok(())
}

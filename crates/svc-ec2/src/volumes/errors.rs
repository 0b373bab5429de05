//! What is refused about volumes and snapshots (EC2 API reference, "Error codes for the Amazon EC2 API"), a constructor each.

use crate::errors::{invalid_combination, invalid_value};
use logic::ebs::Refusal;
use wire::Fault;

/// A type, size or rate that a volume can't have.
pub fn refused(refusal: Refusal) -> Fault {
    match refusal {
        Refusal::Value(message) => invalid_value(message),
        Refusal::Combination(message) => invalid_combination(message),
    }
}

/// Something is in a state in which that can't be done to it.
pub fn incorrect_state(message: impl Into<String>) -> Fault {
    Fault::client("IncorrectState", message)
}

/// A volume is attached.
pub fn volume_in_use(volume: &str, instance: &str) -> Fault {
    Fault::client("VolumeInUse", format!("Volume {volume} is currently attached to {instance}"))
}

/// A volume is attached to another instance than the one it is to be attached to.
pub fn already_attached(volume: &str) -> Fault {
    Fault::client("VolumeInUse", format!("{volume} is already attached to an instance"))
}

/// A device of an instance has a volume.
pub fn device_in_use(device: &str) -> Fault {
    invalid_value(format!("Invalid value '{device}' for unixDevice. Attachment point {device} is already in use"))
}

/// A volume and an instance aren't in the same zone.
pub fn zone_mismatch(volume: &str, instance: &str) -> Fault {
    let message = format!("The volume '{volume}' is not in the same availability zone as instance '{instance}'");
    Fault::client("InvalidVolume.ZoneMismatch", message)
}

/// A volume isn't attached there.
pub fn attachment_not_found(message: impl Into<String>) -> Fault {
    Fault::client("InvalidAttachment.NotFound", message)
}

/// There is no such zone.
pub fn zone_not_found(zone: &str) -> Fault {
    Fault::client("InvalidZone.NotFound", format!("The zone '{zone}' does not exist."))
}

/// A volume is smaller than what it begins as.
pub fn smaller_than_snapshot(size: u32, snapshot: &str, least: u32) -> Fault {
    invalid_value(format!("Volume of size {size}GB is smaller than snapshot '{snapshot}', expect size>= {least}GB"))
}

/// A parameter needs another.
pub fn dependency(parameter: &str, needed: &str) -> Fault {
    let message = format!("The parameter [{parameter}] requires the parameter {needed} to be set.");
    Fault::client("InvalidParameterDependency", message)
}

/// A token came with another request before.
pub fn token_mismatch() -> Fault {
    let message = "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).";
    Fault::client("IdempotentParameterMismatch", message)
}

/// A parameter that isn't built.
pub fn not_built(parameter: &str, operation: &str) -> Fault {
    Fault::not_implemented(format_args!("The parameter {parameter} of {operation}"))
}

/// A KMS key can't be used as it is.
pub fn invalid_key_state(why: impl Into<String>) -> Fault {
    Fault::client("InvalidKMSKey.InvalidState", why)
}

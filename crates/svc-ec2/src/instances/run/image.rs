//! Which images can be launched, and on what.

use crate::{errors::invalid_value, instances::errors::unsupported_operation, resource::Resource, tagged::anywhere};
use front::{Answer, Cx};
use logic::instance_type::InstanceType;
use model::{
    AccountId,
    ec2::{Image, ImagePlan, ImageSpec, MachineKind},
};
use spine::{Read, Tx};
use std::sync::Arc;
use wire::Fault;

/// An image that the caller may launch.
pub struct Launchable {
    /// `ami-…`.
    pub id: String,
    /// Who owns it, and so its snapshots.
    pub owner: AccountId,
    /// What it is.
    pub spec: Arc<ImageSpec>,
}

/// The image with that id: it is there, the caller may launch it, and it is available.
pub fn launchable(cx: &Cx, tx: &Tx, id: &str) -> Answer<Launchable> {
    Resource::IMAGE.check(id)?;
    let (key, spec) = anywhere::<Image>(tx, &cx.account, &cx.region, id)?.ok_or_else(|| Resource::IMAGE.not_found(id))?;
    let own = key.account == cx.account || spec.owner_alias.as_deref() == Some("amazon");
    if !own && !spec.public && !spec.launch_permissions.iter().any(|account| account == cx.account.as_str()) {
        return Err(Fault::client("AuthFailure", format!("Not authorized for images: [{id}]")));
    }
    if spec.disabled {
        return Err(unavailable(id, "disabled"));
    }
    let plan = tx.get(&key)?.map(|row| row.plan).unwrap_or_default();
    match plan.available_at {
        Some(_) => Ok(Launchable { id: id.into(), owner: key.account, spec: as_found(spec, &plan) }),
        None if plan.failure.is_some() => Err(unavailable(id, "failed")),
        None => Err(unavailable(id, "pending")),
    }
}

/// The image, with what was found on its root disk where it was registered without saying how it boots.
fn as_found(mut spec: Arc<ImageSpec>, plan: &ImagePlan) -> Arc<ImageSpec> {
    if let (MachineKind::SystemContainer, None, Some(mode)) = (spec.machine, &spec.boot_mode, &plan.boots_by) {
        let spec = Arc::make_mut(&mut spec);
        (spec.machine, spec.boot_mode) = (MachineKind::Guest, Some(mode.clone()));
    }
    spec
}

fn unavailable(id: &str, state: &str) -> Fault {
    Fault::client("InvalidAMIID.Unavailable", format!("The image ID '{id}' is not available: it is {state}"))
}

/// Refuses a type that an image can't run on.
pub fn check_type(image: &ImageSpec, kind: &InstanceType) -> Answer<()> {
    if !kind.architectures.contains(&image.architecture) {
        let types = kind.architectures.join(",");
        return Err(invalid_value(format!(
            "The architecture '{types}' of the specified instance type does not match the architecture '{}' of the specified AMI. \
             Specify an instance type and an AMI that have matching architectures, and try again. You can use 'describe-instance-types' \
             or 'describe-images' to discover the architecture of the instance type or AMI.",
            image.architecture
        )));
    }
    let mode = image.boot_mode.as_deref().filter(|mode| *mode != "uefi-preferred");
    if let Some(mode) = mode
        && !kind.boot_modes.iter().any(|known| known == mode)
    {
        return Err(unsupported_operation(format!(
            "The instance type {} does not support the boot mode '{mode}' of the specified AMI.",
            kind.name
        )));
    }
    Ok(())
}

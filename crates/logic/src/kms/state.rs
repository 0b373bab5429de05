//! The state of a key (KMS developer guide, "Key states of AWS KMS keys").

use model::{
    Timestamp,
    kms::{KeyOrigin, KmsKeyPlan, KmsKeySpec},
};

/// What can be done with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Everything.
    Enabled,
    /// It has to be enabled first.
    Disabled,
    /// It will be gone.
    PendingDeletion,
    /// It has no material.
    PendingImport,
}

/// The state of a key at that moment.
pub fn state(spec: &KmsKeySpec, now: Timestamp) -> State {
    let expired = spec.valid_to.is_some_and(|end| end <= now);
    match spec {
        KmsKeySpec { deletion: Some(_), .. } => State::PendingDeletion,
        KmsKeySpec { origin: KeyOrigin::External, material, .. } if material.is_none() || expired => State::PendingImport,
        KmsKeySpec { enabled: false, .. } => State::Disabled,
        _ => State::Enabled,
    }
}

/// The id of the material that encrypts: that of the last rotation, or the first of all.
pub fn current_material<'a>(spec: &'a KmsKeySpec, plan: &'a KmsKeyPlan) -> Option<&'a str> {
    plan.rotations.last().map(|rotation| &rotation.material).or(spec.material.as_ref()).map(String::as_str)
}

impl State {
    /// AWS's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enabled => "Enabled",
            Self::Disabled => "Disabled",
            Self::PendingDeletion => "PendingDeletion",
            Self::PendingImport => "PendingImport",
        }
    }
}

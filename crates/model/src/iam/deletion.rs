//! What has become of service-linked roles.

use crate::{Record, Timestamp};
use serde::{Deserialize, Serialize};

/// A service-linked role was deleted; stands under the id of the task by which it can be asked for, which names the role.
pub enum RoleDeletion {}

/// What is known of a [`RoleDeletion`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoleDeletionSpec {
    /// When.
    pub at: Timestamp,
}

impl Record for RoleDeletion {
    const KIND: &'static str = "iam/role-deletion";
    type Spec = RoleDeletionSpec;
    type Plan = ();
    type Observed = ();
}

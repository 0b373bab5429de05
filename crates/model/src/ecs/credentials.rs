//! The credentials that a task gets for its role.

use crate::{Record, Timestamp};
use serde::{Deserialize, Serialize};

/// The credentials of a task that has a role, under the task's own id. It is deleted when the task has stopped.
pub enum TaskCredentials {}

impl Record for TaskCredentials {
    const KIND: &'static str = "ecs/task-credentials";
    type Spec = TaskCredentialsSpec;
    type Plan = TaskCredentialsPlan;
    type Observed = ();
}

/// Whose credentials they are, and those with which the task began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCredentialsSpec {
    /// What the task asks for them by: a UUID.
    pub id: String,
    /// The role's ARN.
    pub role: String,
    /// The first ones, issued when the task was placed.
    pub first: TaskKey,
}

/// What came of them since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskCredentialsPlan {
    /// Those that the first ones were renewed by.
    pub renewed: Option<TaskKey>,
}

/// Temporary credentials by their key, whose record holds the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TaskKey {
    /// The id of an [`AccessKey`](crate::iam::AccessKey).
    pub access_key_id: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From then on it is refused.
    pub expires_at: Timestamp,
}

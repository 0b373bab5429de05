//! The credentials that a workload gets for its role: a task, a machine, a function.

use crate::{Arn, Record, Timestamp};
use serde::{Deserialize, Serialize};

/// The credentials of a workload, under its own account and region and an id that its service chooses: `ecs/<task>`, `ec2/<instance>`.
///
/// `Spec` is written by the service whose workload it is, which deletes the record when the workload has ended; `Plan` by STS's reconciler of
/// workloads.
pub enum WorkloadCredentials {}

impl Record for WorkloadCredentials {
    const KIND: &'static str = "iam/workload-credentials";
    type Spec = WorkloadCredentialsSpec;
    type Plan = WorkloadCredentialsPlan;
    type Observed = ();
}

/// Whose credentials they are, and those with which the workload began.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkloadCredentialsSpec {
    /// What the workload may have to ask for them by: a UUID.
    pub id: String,
    /// The service that assumes the role for it, such as `ecs-tasks.amazonaws.com`.
    pub service: String,
    /// The workload: the condition key `aws:SourceArn`.
    pub source: Arn,
    /// The role's ARN.
    pub role: String,
    /// The name of its sessions.
    pub session: String,
    /// The first ones.
    pub first: WorkloadKey,
}

/// What came of them since.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkloadCredentialsPlan {
    /// Those that the first ones were renewed by.
    pub renewed: Option<WorkloadKey>,
}

/// Temporary credentials by their key, whose record holds the secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WorkloadKey {
    /// The id of an [`AccessKey`](super::AccessKey).
    pub access_key_id: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// From then on it is refused.
    pub expires_at: Timestamp,
}

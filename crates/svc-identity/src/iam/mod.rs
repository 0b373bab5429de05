//! Identity and Access Management: who there is in an account, and what they are allowed.
//!
//! Not built: MFA devices, SSH keys, server and signing certificates, service-specific credentials, SAML providers, access advisor,
//! organizations.
//!
//! How the rooms hang together:
//!
//! * `ops/`: the operations, by what they are about, each file with its part of the table: read the input, check, one transaction,
//!   a view.
//! * `permissions`: inline and attached policies, the same for users, groups and roles.
//! * `names`, `tags`, `paging`, `documents`, `managed`: what all of them share.
//! * `trust`, `usage`, `service_linked`: who may assume roles, where managed policies are used, which roles services have.
//! * `views`: from records to what the API shows. `errors`: every refusal, a constructor each. `access`: the rows' resources.

mod access;
mod documents;
mod errors;
mod managed;
mod names;
mod ops;
mod paging;
mod permissions;
mod service_linked;
mod tags;
mod trust;
mod usage;
mod views;

use api::iam as sdk;
use front::Service;

/// The parts of the service's table.
const TABLES: &[fn(Service) -> Service] = &[
    ops::users::rows,
    // Roles, profiles, managed policies, providers.
    ops::roles::rows,
    ops::role_policies::rows,
    ops::service_linked::rows,
    ops::instance_profiles::rows,
    ops::policies::rows,
    ops::policy_versions::rows,
    ops::policy_entities::rows,
    ops::oidc_providers::rows,
    ops::details::rows,
    ops::preferences::rows,
];

/// The service's table.
pub fn service() -> Service {
    TABLES.iter().fold(Service::new(&sdk::SERVICE), |service, rows| rows(service))
}

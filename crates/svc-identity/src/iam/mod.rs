//! Identity and Access Management: who there is in an account, and what they are allowed.
//!
//! Built: users, groups, roles and instance profiles with their inline and attached policies, boundaries and tags; access keys, passwords
//! and the rules for them; managed policies with versions; service-linked roles; OpenID Connect providers; the account's alias, summary,
//! credential report and authorization details; simulations. Not built: making MFA devices, SSH keys, server and signing certificates or
//! service-specific credentials (lists of them are empty); SAML providers, access advisor, organizations.
//!
//! How the rooms hang together:
//!
//! * `ops/`: the operations, by what they are about, each file with its part of the table: read the input, check, one transaction,
//!   a view.
//! * `permissions`: inline and attached policies, the same for users, groups and roles.
//! * `names`, `tags`, `paging`, `documents`, `managed`: what all of them share.
//! * `caller`, `settings`, `passwords`, `report`: who is meant where nobody is named, what an account has once, which passwords are
//!   good enough, the credential report.
//! * `trust`, `usage`, `service_linked`: who may assume roles, where managed policies are used, which roles services have.
//! * `access`, `keys`, `facts`: the rows' resources and condition keys, and what decisions have to know of the resources.
//! * `simulation`, `sources`, `context_entries`: what policies would say to requests, and which policies and condition keys there are.
//! * `views`: from records to what the API shows. `errors`: every refusal, a constructor each.

mod access;
mod caller;
mod context_entries;
mod documents;
mod errors;
mod facts;
mod keys;
mod managed;
mod names;
mod ops;
mod paging;
mod passwords;
mod permissions;
mod report;
mod service_linked;
mod settings;
mod simulation;
mod sources;
mod tags;
mod trust;
mod usage;
mod views;

use api::iam as sdk;
use front::Service;

/// The parts of the service's table.
const TABLES: &[fn(Service) -> Service] = &[
    ops::users::rows,
    ops::user_policies::rows,
    ops::groups::rows,
    ops::group_policies::rows,
    ops::access_keys::rows,
    ops::absent::rows,
    ops::passwords::rows,
    ops::account::rows,
    ops::summary::rows,
    ops::reports::rows,
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
    ops::simulate::rows,
    ops::context_keys::rows,
];

/// The service's table. It lays down nothing for a new account, but has it written down when the account was first seen, which is when
/// its root was created.
pub fn service() -> Service {
    let service = Service::new(&sdk::SERVICE).lasting_credentials_only();
    let service = service.first_touch(|_, _| Ok(())).resources(facts::of);
    TABLES.iter().fold(service, |service, rows| rows(service))
}

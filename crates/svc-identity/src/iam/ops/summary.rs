//! How many of everything an account has, and how many it may have.

use super::super::{documents, names, permissions, settings, trust};
use super::{access_keys, groups, instance_profiles, policies, policy_versions, roles, users};
use api::iam as sdk;
use front::{Access, Answer, Cx, Service};
use model::{
    Region,
    iam::{Group, InstanceProfile, ManagedPolicy, OidcProvider, Role, User},
};
use permissions::Holder;
use spine::{Read, Scope, Tx};

pub fn rows(service: Service) -> Service {
    service.op::<sdk::GetAccountSummary>(Access::all(), get)
}

/// Quotas (IAM user guide, "IAM and AWS STS quotas").
const QUOTAS: &[(&str, usize)] = &[
    ("UsersQuota", users::MOST),
    ("GroupsQuota", groups::MOST),
    ("RolesQuota", roles::MOST),
    ("PoliciesQuota", policies::MOST),
    ("InstanceProfilesQuota", instance_profiles::MOST),
    ("ServerCertificatesQuota", 20),
    ("GroupsPerUserQuota", groups::MOST_PER_USER),
    ("AccessKeysPerUserQuota", access_keys::MOST),
    ("SigningCertificatesPerUserQuota", 2),
    ("UserPolicySizeQuota", User::INLINE_SIZE),
    ("GroupPolicySizeQuota", Group::INLINE_SIZE),
    ("RolePolicySizeQuota", Role::INLINE_SIZE),
    ("AttachedPoliciesPerUserQuota", permissions::MOST_ATTACHED),
    ("AttachedPoliciesPerGroupQuota", permissions::MOST_ATTACHED),
    ("AttachedPoliciesPerRoleQuota", permissions::MOST_ATTACHED),
    ("AssumeRolePolicySizeQuota", trust::LONGEST),
    ("PolicySizeQuota", documents::LONGEST_MANAGED),
    ("VersionsPerPolicyQuota", policy_versions::MOST),
    ("PolicyVersionsInUseQuota", 10_000),
];

/// What nobody can have here.
const ABSENT: &[&str] = &[
    "ServerCertificates",
    "MFADevices",
    "MFADevicesInUse",
    "AccountMFAEnabled",
    "AccountPasswordPresent",
    "AccountSigningCertificatesPresent",
];

fn get(cx: &Cx, tx: &mut Tx, (): &()) -> Answer<sdk::GetAccountSummaryResponse> {
    let settings = settings::get(cx, tx)?;
    let own_policies = names::all::<ManagedPolicy>(cx, tx)?;
    let providers = tx.specs::<OidcProvider>(Scope::Region(&cx.account, &Region::global()))?;
    let counts = [
        ("Users", names::all::<User>(cx, tx)?.len()),
        ("Groups", names::all::<Group>(cx, tx)?.len()),
        ("Roles", names::all::<Role>(cx, tx)?.len()),
        ("InstanceProfiles", names::all::<InstanceProfile>(cx, tx)?.len()),
        ("Policies", own_policies.len()),
        ("PolicyVersionsInUse", own_policies.iter().map(|(_, policy)| policy.versions.len()).sum()),
        ("Providers", providers.len()),
        ("AccountAccessKeysPresent", usize::from(!settings.root_keys.is_empty())),
        ("GlobalEndpointTokenVersion", usize::from(settings.global_endpoint_token_version.unwrap_or(1))),
    ];
    let absent = ABSENT.iter().map(|name| (*name, 0));
    let all = counts.into_iter().chain(QUOTAS.iter().copied()).chain(absent);
    let summary = all.map(|(name, count)| (name.to_owned(), i32::try_from(count).unwrap_or(i32::MAX)));
    Ok(sdk::GetAccountSummaryResponse { summary_map: Some(summary.collect()) })
}

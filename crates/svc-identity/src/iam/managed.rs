//! Managed policies, be they an account's own or AWS's, found by their ARNs.

use super::errors;
use front::{Answer, Cx};
use logic::aws_managed::{self, AwsManagedPolicy};
use model::{
    Arn, Key,
    iam::{ManagedPolicy, ManagedPolicySpec, Named, base_name},
};
use spine::Read;
use std::sync::Arc;

/// Where the policies stand that only service-linked roles may have.
const SERVICE_LINKED: &str = "/aws-service-role/";

/// A managed policy.
pub enum Managed {
    /// One of AWS's.
    Aws(&'static AwsManagedPolicy),
    /// One of the account's.
    Own(Key<ManagedPolicy>, Arc<ManagedPolicySpec>),
}

impl Managed {
    /// Its name.
    pub fn name(&self) -> &str {
        match self {
            Managed::Aws(policy) => policy.name,
            Managed::Own(_, spec) => &spec.name,
        }
    }

    /// The document in force; empty if there is none.
    pub fn document(&self) -> &str {
        match self {
            Managed::Aws(policy) => policy.document,
            Managed::Own(_, spec) => spec.versions.get(&spec.default).map_or("", |version| &version.document),
        }
    }

    /// Where it stands: `/` or `/a/b/`.
    pub fn path(&self) -> &str {
        match self {
            Managed::Aws(policy) => policy.path,
            Managed::Own(_, spec) => &spec.path,
        }
    }
}

/// The policy of that ARN.
pub fn find(cx: &Cx, store: &impl Read, arn: &str) -> Answer<Managed> {
    lookup(cx, store, arn)?.ok_or_else(|| errors::no_policy(arn))
}

/// The policy of that ARN, which is to be changed: one of the account's own.
pub fn own(cx: &Cx, store: &impl Read, arn: &str) -> Answer<(Key<ManagedPolicy>, Arc<ManagedPolicySpec>)> {
    if parse(arn)?.account != cx.account.as_str() {
        return Err(errors::outside_account());
    }
    match find(cx, store, arn)? {
        Managed::Own(key, spec) => Ok((key, spec)),
        Managed::Aws(_) => Err(errors::outside_account()),
    }
}

/// The policy of that ARN, if the account may use one of that ARN.
pub fn lookup(cx: &Cx, store: &impl Read, arn: &str) -> Answer<Option<Managed>> {
    let parsed = parse(arn)?;
    if parsed.account == "aws" {
        return Ok(aws_managed::find(arn).map(Managed::Aws));
    }
    let key = Key::<ManagedPolicy>::named(&cx.account, base_name(&parsed.resource));
    let found = store.spec(&key)?.filter(|spec| ManagedPolicy::arn(&cx.account, spec) == parsed);
    Ok(found.map(|spec| Managed::Own(key, spec)))
}

/// Refuses a policy that can't be attached, or bound a user or role: one that isn't there, or is for service-linked roles alone.
pub fn check_attachable(cx: &Cx, store: &impl Read, arn: &str) -> Answer<()> {
    match lookup(cx, store, arn)? {
        None => Err(errors::not_attachable(arn)),
        Some(Managed::Aws(policy)) if policy.path.starts_with(SERVICE_LINKED) => Err(errors::service_role_policy()),
        Some(_) => Ok(()),
    }
}

/// The path of a policy's ARN.
pub fn path_of(arn: &str) -> &str {
    let resource = arn.splitn(6, ':').nth(5).unwrap_or_default();
    let path_and_name = resource.strip_prefix("policy").unwrap_or_default();
    path_and_name.strip_suffix(base_name(path_and_name)).unwrap_or_default()
}

/// Refuses what is no ARN of a managed policy.
fn parse(arn: &str) -> Answer<Arn> {
    let parsed: Arn = arn.parse().map_err(|_| errors::invalid_arn(arn))?;
    let named = parsed.resource_id("iam", "policy").is_some_and(|name| !base_name(name).is_empty());
    if named && parsed.region.is_empty() { Ok(parsed) } else { Err(errors::invalid_arn(arn)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_stands_before_the_name() {
        assert_eq!(path_of("arn:aws:iam::aws:policy/AdministratorAccess"), "/");
        assert_eq!(path_of("arn:aws:iam::111122223333:policy/a/b/c"), "/a/b/");
    }

    #[test]
    fn other_arns_are_refused() {
        for arn in [
            "policy/a",
            "arn:aws:iam::aws:role/a",
            "arn:aws:s3:::policy/a",
            "arn:aws:iam::aws:policy/",
            "arn:aws:iam:x:aws:policy/a",
        ] {
            assert_eq!(parse(arn).unwrap_err().code, "InvalidInput", "{arn}");
        }
    }
}

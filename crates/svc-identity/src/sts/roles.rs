//! Roles as STS meets them: by their ARN, in whatever account.

use super::errors;
use front::{Answer, Cx, Facts, role_at};
use logic::policy::{Kind, ResourceRule};
use model::{AccountId, Arn, iam::RoleSpec};
use spine::{Read, Snapshot};
use std::sync::Arc;

/// The parts of a role's ARN.
pub struct RoleArn {
    /// As it is.
    pub arn: Arn,
    /// The role's account.
    pub account: AccountId,
}

impl RoleArn {
    /// Reads an ARN; the role need not exist.
    pub fn parse(text: &str) -> Answer<Self> {
        Self::read(text).ok_or_else(errors::invalid_arn)
    }

    fn read(text: &str) -> Option<Self> {
        let arn: Arn = text.parse().ok()?;
        let account = AccountId::parse(&arn.account).ok()?;
        arn.resource_id("iam", "role").filter(|_| arn.region.is_empty())?;
        Some(Self { arn, account })
    }

    /// The role, if it is there under just this path and name.
    pub fn find(&self, read: &(impl Read + ?Sized)) -> Answer<Option<Arc<RoleSpec>>> {
        Ok(role_at(read, &self.account, &self.arn.to_string())?)
    }
}

/// What is known of a resource of STS's actions: of a role, whose trust policy has to allow. A role that isn't there trusts nobody.
pub fn facts(_: &Cx, snapshot: &Snapshot, resource: &Arn) -> Answer<Facts> {
    if resource.service != "iam" {
        return Ok(Facts::default());
    }
    let trust = Facts { rule: ResourceRule::Trust, ..Facts::default() };
    let Ok(role_arn) = RoleArn::parse(&resource.to_string()) else { return Ok(trust) };
    Ok(match role_arn.find(snapshot)? {
        Some(role) => Facts { tags: role.tags.clone(), ..trust }.with_policy(&resource.to_string(), &role.trust, Kind::Trust),
        None => trust,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_has_an_account_a_path_and_a_name() {
        let arn = RoleArn::parse("arn:aws:iam::111122223333:role/a/b/builder").unwrap();
        assert_eq!((arn.account.as_str(), arn.arn.resource_id("iam", "role").unwrap()), ("111122223333", "a/b/builder"));
        for bad in [
            "arn:aws:iam::111122223333:user/builder",
            "arn:aws:iam::111122223333:role/",
            "arn:aws:iam:us-east-1:111122223333:role/builder",
            "arn:aws:iam::1111:role/builder",
            "arn:aws:sts::111122223333:role/builder",
            "twenty characters of nonsense",
        ] {
            assert_eq!(RoleArn::parse(bad).err(), Some(errors::invalid_arn()), "{bad}");
        }
    }
}

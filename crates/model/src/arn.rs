//! Amazon Resource Names (AWS documentation, "IAM identifiers: Amazon Resource Names").

use crate::{AccountId, Region};
use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// An ARN, cut at its first five colons. Records hold it as its text.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Arn {
    /// `aws`, `aws-cn` or `aws-us-gov`.
    pub partition: String,
    /// The service's namespace, such as `ecs`.
    pub service: String,
    /// Empty for a global service.
    pub region: String,
    /// Empty where the resource name is unique in itself (S3).
    pub account: String,
    /// Everything behind the fifth colon, colons included.
    pub resource: String,
}

/// The text has not the form of an ARN.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an ARN: {0}")]
pub struct InvalidArn(String);

impl Arn {
    /// The ARN of something that lives in an account and a region.
    pub fn new(service: &str, region: &Region, account: &AccountId, resource: impl Into<String>) -> Self {
        Self {
            partition: region.partition().into(),
            service: service.into(),
            region: region.to_string(),
            account: account.to_string(),
            resource: resource.into(),
        }
    }

    /// The account that it belongs to; none where it names no account, or AWS itself, whose managed policies belong to everybody.
    pub fn owner(&self) -> Option<&str> {
        Some(self.account.as_str()).filter(|account| !account.is_empty() && *account != "aws")
    }

    /// What stands behind `kind/` in the resource part, if the ARN is of that service and kind, and its partition is that of its
    /// region: a resource has one ARN, so that no policy on it is evaded by another spelling.
    pub fn resource_id(&self, service: &str, kind: &str) -> Option<&str> {
        let partition = Region::parse(&self.region).map_or("aws", |region| region.partition());
        let rest = self.resource.strip_prefix(kind)?.strip_prefix('/')?;
        (self.service == service && self.partition == partition && !rest.is_empty()).then_some(rest)
    }
}

impl fmt::Display for Arn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "arn:{}:{}:{}:{}:{}", self.partition, self.service, self.region, self.account, self.resource)
    }
}

impl From<Arn> for String {
    fn from(arn: Arn) -> Self {
        arn.to_string()
    }
}

impl TryFrom<String> for Arn {
    type Error = InvalidArn;

    fn try_from(text: String) -> Result<Self, InvalidArn> {
        text.parse()
    }
}

impl FromStr for Arn {
    type Err = InvalidArn;

    fn from_str(text: &str) -> Result<Self, InvalidArn> {
        let mut parts = text.splitn(6, ':');
        let mut part = || parts.next().map(str::to_owned).ok_or_else(|| InvalidArn(text.into()));
        if part()? != "arn" {
            return Err(InvalidArn(text.into()));
        }
        Ok(Self { partition: part()?, service: part()?, region: part()?, account: part()?, resource: part()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn round_trips_with_colons_in_the_resource() {
        let text = "arn:aws:logs:eu-west-1:123456789012:log-group:/a/b:*";
        let arn: Arn = text.parse().unwrap();
        assert_eq!(arn.resource, "log-group:/a/b:*");
        assert_eq!(arn.to_string(), text);
    }

    #[test]
    fn refuses_what_is_no_arn() {
        for text in ["", "arn:aws:ecs", "urn:a:b:c:d:e"] {
            assert!(text.parse::<Arn>().is_err(), "{text}");
        }
    }

    #[test]
    fn resource_id_wants_the_right_service_and_kind() {
        let arn: Arn = "arn:aws:ecs:us-east-1:123456789012:task/c/1".parse().unwrap();
        assert_eq!(arn.resource_id("ecs", "task"), Some("c/1"));
        assert_eq!(arn.resource_id("ecs", "service"), None);
        assert_eq!(arn.resource_id("ec2", "task"), None);
        let arn = Arn { partition: "aws-cn".into(), ..arn };
        assert_eq!(arn.resource_id("ecs", "task"), None);
    }
}

//! Accounts and regions: the two coordinates that every record has besides its own name.

use serde::{Deserialize, Serialize};
use std::{fmt, sync::Arc};

/// A 12-digit AWS account id.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct AccountId(Arc<str>);

/// The region that a request names; any region name is served.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Region(Arc<str>);

/// Why a text is no identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}")]
pub struct InvalidId {
    text: String,
    expected: &'static str,
}

impl AccountId {
    /// The account that `test`/`test` and a fresh cloud's first key act in.
    pub const DEFAULT: &'static str = "000000000000";

    /// Accepts exactly twelve ASCII digits.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let valid = text.len() == 12 && text.bytes().all(|b| b.is_ascii_digit());
        valid.then(|| Self(text.into())).ok_or_else(|| invalid(text, "a 12-digit account id"))
    }

    /// The digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Region {
    /// Accepts what a region name may be made of: lower-case letters, digits and hyphens, at most 32.
    pub fn parse(text: &str) -> Result<Self, InvalidId> {
        let valid = !text.is_empty()
            && text.len() <= 32
            && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        valid.then(|| Self(text.into())).ok_or_else(|| invalid(text, "a region name"))
    }

    /// Where the records of services without regions are kept.
    pub fn global() -> Self {
        Self("aws-global".into())
    }

    /// The name, such as `eu-central-1`.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The partition that the region belongs to, as it stands in ARNs.
    pub fn partition(&self) -> &'static str {
        match &*self.0 {
            name if name.starts_with("cn-") => "aws-cn",
            name if name.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        }
    }
}

fn invalid(text: &str, expected: &'static str) -> InvalidId {
    InvalidId { text: text.chars().take(64).collect(), expected }
}

macro_rules! text_id {
    ($id:ident) => {
        impl fmt::Display for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $id {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl TryFrom<String> for $id {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::parse(&text)
            }
        }
        impl From<$id> for String {
            fn from(id: $id) -> String {
                id.0.to_string()
            }
        }
    };
}
text_id!(AccountId);
text_id!(Region);

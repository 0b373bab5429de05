//! Who asks, where, and when: what every handler is handed beside its input.

use model::{AccountId, Arn, Env, Region, Timestamp};

/// The circumstances of one call.
#[derive(Clone, Debug)]
pub struct Cx {
    /// The account that the call is about: the principal's.
    pub account: AccountId,
    /// The region that the request was signed for.
    pub region: Region,
    /// Who asks.
    pub principal: Principal,
    /// The moment of the call; the same all through it.
    pub now: Timestamp,
    /// Randomness for ids, and the clock for those handlers that wait.
    pub env: Env,
    /// Unique; the answer carries it.
    pub request_id: String,
    /// Host and port at which the client reached us, for answers that hold addresses.
    pub endpoint: String,
}

impl Cx {
    /// The ARN of something in the call's account and region.
    pub fn arn(&self, service: &str, resource: impl Into<String>) -> Arn {
        Arn::new(service, &self.region, &self.account, resource)
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// The account itself, which nothing in it is denied.
    Root(AccountId),
}

impl Principal {
    /// The principal's ARN, as it stands in messages and policies.
    pub fn arn(&self) -> String {
        match self {
            Principal::Root(account) => format!("arn:aws:iam::{account}:root"),
        }
    }
    /// The account that the principal belongs to.
    pub fn account(&self) -> &AccountId {
        match self {
            Principal::Root(account) => account,
        }
    }
}

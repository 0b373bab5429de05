//! What a handler knows of the request besides its input.

use crate::Checks;
use model::{AccountId, Arn, Env, Region, Timestamp, iam::Principal};

/// Who asks, where, and when.
#[derive(Clone, Debug)]
pub struct Cx {
    /// The account that the request acts in.
    pub account: AccountId,
    /// The region that it is addressed to.
    pub region: Region,
    /// Who makes it.
    pub principal: Principal,
    /// When it came; the same for each time that a handler is run again.
    pub now: Timestamp,
    /// The clock and the dice.
    pub env: Env,
    /// What the answer carries as the request's id.
    pub request_id: String,
    /// `host:port` of the cloud, as the client addressed it.
    pub endpoint: String,
    /// Where the permissions that were looked at are noted, for the trail.
    pub checks: Checks,
}

impl Cx {
    /// The ARN of something in the request's account and region.
    pub fn arn(&self, service: &str, resource: impl Into<String>) -> Arn {
        Arn::new(service, &self.region, &self.account, resource)
    }
}

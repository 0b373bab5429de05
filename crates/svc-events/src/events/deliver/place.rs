//! Where a delivery's call acts.

use super::{Wanted, account_of, region_of};
use model::{AccountId, Region};

/// An account and a region.
pub struct Place {
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub region: Region,
}

impl Place {
    /// A service acts where the target is; a role in its own account, in the target's region.
    pub(super) fn of(wanted: &Wanted<'_>) -> Option<Self> {
        let role = wanted.role().and_then(|role| role.parse().ok());
        let account = account_of(role.as_ref().unwrap_or(wanted.arn))?;
        Some(Self { account, region: region_of(wanted.arn)? })
    }
}

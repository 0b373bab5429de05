//! Which services have laid the ground in which accounts and regions.

use crate::{Record, Timestamp};
use serde::{Deserialize, Serialize};

/// A service has made what an account finds in a region before its first call (a default VPC), under the service's id.
///
/// `Spec` is written by the front, in the transaction in which the service makes it.
pub enum Touched {}

/// What is known of a [`Touched`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TouchedSpec {
    /// When the account was first seen in the region.
    pub at: Timestamp,
}

impl Record for Touched {
    const KIND: &'static str = "front/touched";
    type Spec = TouchedSpec;
    type Plan = ();
    type Observed = ();
}

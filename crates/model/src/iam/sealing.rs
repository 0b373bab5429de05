//! What the cloud seals messages with that only it can read again.

use crate::{AccountId, Key, Record, Region};
use serde::{Deserialize, Serialize};

/// The key of the messages that explain denials; the cloud has one, and makes it when it is first needed.
pub enum SealingKey {}

/// What a [`SealingKey`] is.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealingKeySpec {
    /// 256 bits for AES.
    pub key: [u8; 32],
}

impl Record for SealingKey {
    const KIND: &'static str = "iam/sealing-key";
    type Spec = SealingKeySpec;
    type Plan = ();
    type Observed = ();
}

impl Key<SealingKey> {
    /// The cloud's key.
    pub fn of_the_cloud() -> Self {
        let account = AccountId::parse(AccountId::DEFAULT).expect("twelve digits");
        Self::new(&account, &Region::global(), "messages")
    }
}

impl std::fmt::Debug for SealingKeySpec {
    /// Without the key, which has no business in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SealingKeySpec").finish_non_exhaustive()
    }
}

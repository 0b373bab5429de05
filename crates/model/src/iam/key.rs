//! Access keys: what signs requests, and whom it stands for.

use super::{LastUsed, Principal, Tags};
use crate::{AccountId, Key, Record, Region, Timestamp};
use serde::{Deserialize, Serialize};

/// An access key, under its id. Keys of all accounts stand together, since a request names no account but only a key.
pub enum AccessKey {}

/// What an [`AccessKey`] is good for.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessKeySpec {
    /// The account that it acts in.
    pub account: AccountId,
    /// Whom it stands for.
    pub principal: Principal,
    /// What signs; SigV4 is symmetric, so that it has to be kept as it is.
    pub secret: String,
    /// When it was issued.
    pub created_at: Timestamp,
    /// Whether it is refused for the time being.
    #[serde(default)]
    pub inactive: bool,
    /// What temporary credentials have besides.
    pub session: Option<Session>,
}

/// The part of temporary credentials that a lasting key doesn't have.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Has to come with each request.
    pub token: String,
    /// From then on the key is refused.
    pub expires_at: Timestamp,
    /// On what terms it was issued.
    #[serde(flatten)]
    pub terms: SessionTerms,
}

/// What narrows or marks a session.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionTerms {
    /// Documents of the policies that narrow what the session may do. None is another thing than an empty list: then nothing
    /// narrows it.
    #[serde(default)]
    pub policies: Option<Vec<String>>,
    /// ARNs of managed policies that narrow it besides.
    #[serde(default)]
    pub policy_arns: Vec<String>,
    /// The session's tags, those of the role or user that it is of included.
    #[serde(default)]
    pub tags: Tags,
    /// Which of them go on to a session that is assumed from this one.
    #[serde(default)]
    pub transitive_tags: Vec<String>,
    /// Who stands behind the session; can't be changed by assuming another role.
    #[serde(default)]
    pub source_identity: Option<String>,
    /// Whether a role was assumed with the credentials of a role, so that it lasts for an hour at most.
    #[serde(default)]
    pub chained: bool,
    /// Who asserted whom, where the session was made for an outsider's token: the provider, and condition keys such as
    /// `accounts.example.com:sub`.
    #[serde(default)]
    pub federation: Option<Federation>,
}

/// Where a session comes from that was made for a token of an identity provider.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Federation {
    /// The provider's ARN, `aws:FederatedProvider`.
    pub provider: String,
    /// What the token says, as condition keys.
    pub claims: Tags,
}

impl Record for AccessKey {
    const KIND: &'static str = "iam/access-key";
    type Spec = AccessKeySpec;
    type Plan = ();
    type Observed = LastUsed;
}

impl Key<AccessKey> {
    /// The key with that id, such as `AKIAIOSFODNN7EXAMPLE`.
    pub fn of_id(id: &str) -> Self {
        let account = AccountId::parse(AccountId::DEFAULT).expect("twelve digits");
        Self::new(&account, &Region::global(), id)
    }
}

impl std::fmt::Debug for AccessKeySpec {
    /// Without the secret, which has no business in a log.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AccessKeySpec")
            .field("account", &self.account)
            .field("principal", &self.principal)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_sessions_terms_stand_among_its_other_members_and_may_be_missing() {
        let stored = json!({"token": "t", "expires_at": 7, "tags": {"team": "red"}});
        let session: Session = serde_json::from_value(stored).unwrap();
        let terms = SessionTerms { tags: [("team".into(), "red".into())].into(), ..SessionTerms::default() };
        assert!(session == Session { token: "t".into(), expires_at: Timestamp(7), terms });
        assert_eq!(serde_json::to_value(&session).unwrap()["tags"], json!({"team": "red"}));
    }
}

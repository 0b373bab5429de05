//! What an account has once: its alias, its rules for passwords, and whom it trusts outside of it.

use super::{Tags, global_arn};
use crate::{AccountId, Arn, Key, Record, Region, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What an account has once.
pub enum AccountSettings {}

/// The settings of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct AccountSettingsSpec {
    /// Its name at the sign-in page; unique among all accounts.
    pub alias: Option<String>,
    /// The rules for passwords of its users, if it has set any.
    pub password_policy: Option<PasswordPolicy>,
    /// The ids of the access keys of its root.
    pub root_keys: BTreeSet<String>,
    /// The credential report that was made last.
    pub credential_report: Option<CredentialReport>,
    /// Version 2 tokens are valid in all regions; the answer of GetAccountSummary shows 1 or 2.
    pub global_endpoint_token_version: Option<u8>,
}

/// Rules for the passwords of an account's users (IAM API reference, "PasswordPolicy").
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the rules are independent of each other")]
pub struct PasswordPolicy {
    /// 6 to 128 characters.
    pub minimum_length: u32,
    /// At least one of ``! @ # $ % ^ & * ( ) _ + - = [ ] { } | '``.
    pub symbols: bool,
    /// At least one digit.
    pub numbers: bool,
    /// At least one of A to Z.
    pub uppercase: bool,
    /// At least one of a to z.
    pub lowercase: bool,
    /// Users may change their own.
    pub users_may_change: bool,
    /// In days, 1 to 1095.
    pub max_age: Option<u32>,
    /// How many earlier ones may not be used again, 1 to 24.
    pub reuse_prevention: Option<u32>,
    /// Whether an administrator has to set a new one once it has expired.
    pub hard_expiry: Option<bool>,
}

/// A credential report as it was made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CredentialReport {
    /// When.
    pub generated_at: Timestamp,
    /// Comma-separated values.
    pub csv: String,
}

impl Record for AccountSettings {
    const KIND: &'static str = "iam/account";
    type Spec = AccountSettingsSpec;
    type Plan = ();
    type Observed = ();
}

impl Key<AccountSettings> {
    /// The settings of the account.
    pub fn of(account: &AccountId) -> Self {
        Self::new(account, &Region::global(), "account")
    }
}

/// An OpenID Connect provider whose tokens an account's roles may trust.
pub enum OidcProvider {}

/// What an [`OidcProvider`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OidcProviderSpec {
    /// Without `https://`.
    pub url: String,
    /// The audiences that it may name in tokens.
    pub client_ids: BTreeSet<String>,
    /// SHA-1 of the certificate authorities that its server may be certified by, in hexadecimal digits.
    pub thumbprints: Vec<String>,
    /// Tags.
    pub tags: Tags,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Record for OidcProvider {
    const KIND: &'static str = "iam/oidc-provider";
    type Spec = OidcProviderSpec;
    type Plan = ();
    type Observed = ();
}

impl Key<OidcProvider> {
    /// The provider at the URL, which is given without `https://`.
    pub fn at(account: &AccountId, url: &str) -> Self {
        Self::new(account, &Region::global(), url)
    }

    /// Its ARN.
    pub fn arn(&self) -> Arn {
        global_arn("iam", &self.account, format!("oidc-provider/{}", self.id))
    }
}

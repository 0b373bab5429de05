//! Function URLs.

use super::own_id;
use crate::{AccountId, Key, Record, Region, Timestamp};
use serde::{Deserialize, Serialize};

/// The URL of `$LATEST` or of an alias.
pub enum Url {}

impl Record for Url {
    const KIND: &'static str = "lambda/url";
    type Spec = UrlSpec;
    type Plan = ();
    type Observed = ();
}

impl Key<Url> {
    /// The alias whose URL it is; none of `$LATEST`.
    pub fn alias(&self) -> Option<&str> {
        Some(own_id(&self.id)).filter(|own| *own != super::LATEST)
    }
}

/// What a [`Url`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlSpec {
    /// The first label of its host name.
    pub id: String,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub modified: Timestamp,
    /// Who may call it.
    pub auth: UrlAuth,
    /// How it answers.
    pub mode: InvokeMode,
    /// What browsers are told.
    pub cors: Option<Cors>,
}

/// `FunctionUrlAuthType`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum UrlAuth {
    /// Who has signed the request, and has the permission.
    AwsIam,
    /// Everybody whom the function's policy lets.
    None,
}

/// `InvokeMode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum InvokeMode {
    /// The whole answer at once.
    #[default]
    Buffered,
    /// As it comes.
    ResponseStream,
}

/// `Cors`. What is absent was not said.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cors {
    /// `AllowCredentials`.
    pub credentials: Option<bool>,
    /// `AllowHeaders`.
    pub headers: Option<Vec<String>>,
    /// `AllowMethods`.
    pub methods: Option<Vec<String>>,
    /// `AllowOrigins`.
    pub origins: Option<Vec<String>>,
    /// `ExposeHeaders`.
    pub exposed: Option<Vec<String>>,
    /// `MaxAge`, in seconds.
    pub max_age: Option<u32>,
}

/// Whose URL the first label of a host name is.
pub enum UrlName {}

impl Record for UrlName {
    const KIND: &'static str = "lambda/url-name";
    type Spec = UrlNameSpec;
    type Plan = ();
    type Observed = ();
}

impl Key<UrlName> {
    /// The label's.
    pub fn of_id(id: &str) -> Self {
        let account = AccountId::parse(AccountId::DEFAULT).expect("twelve digits");
        Self::new(&account, &Region::global(), id)
    }
}

/// What a [`UrlName`] leads to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UrlNameSpec {
    /// The function's account.
    pub account: AccountId,
    /// The function's region.
    pub region: Region,
    /// The rest of the key of the [`Url`].
    pub url: String,
}

impl UrlNameSpec {
    /// The URL.
    pub fn key(&self) -> Key<Url> {
        Key::new(&self.account, &self.region, self.url.clone())
    }
}

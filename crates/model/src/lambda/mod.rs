//! The records of Lambda.
//!
//! | record | id | `Spec` by | besides |
//! |---|---|---|---|
//! | [`Function`] | `<name>` | handlers | |
//! | [`Version`] | `<name>:$LATEST`, `<name>:<number>` | handlers | `Plan` by the reconciler of releases |
//! | [`Alias`] | `<name>:<alias>` | handlers | |
//! | [`Policy`] | `<name>`, `<name>:<qualifier>` | handlers | |
//! | [`Url`] | `<name>:<qualifier>` | handlers | |
//! | [`UrlName`] | the first label of the host | handlers | |
//! | [`EventInvoke`] | `<name>:<qualifier>` | handlers | |
//! | [`Event`] | `<name>:<when>-<request id>` | handlers | `Plan` by the queue of events |
//! | [`EventPart`] | `<event>/<number>` | handlers | |
//! | [`Provisioned`] | `<name>:<qualifier>` | handlers | `Observed` by the pool of environments |
//! | [`Layer`] | `<layer>` | handlers | |
//! | [`LayerVersion`] | `<layer>:<number>` | handlers | |
//! | [`LayerPolicy`] | `<layer>:<number>` | handlers | |
//! | [`Mapping`] | a uuid | handlers | `Plan` by the reconciler of mappings, `Observed` by its pollers |
//!
//! No name has a colon, so that what belongs to a function begins with its name and one. Where a qualifier may be left out, it is
//! [`LATEST`] in the id, but for policies: that of the function without a qualifier is another than that of `$LATEST`.
//!
//! The bytes of zips are no records: they stand in the blob store under [`CODE_NAMESPACE`], as `<namespace>/sha256/<hex>`, once for all
//! accounts.

mod access;
mod alias;
mod code;
mod configuration;
mod event;
mod function;
mod layer;
mod mapping;
mod url;
mod version;

pub use access::{LayerPolicy, Policy, PolicySpec};
pub use alias::{Alias, AliasSpec, EventInvoke, EventInvokeSpec, Provisioned, ProvisionedObserved, ProvisionedSpec};
pub use code::{Archive, Code, ImageCode};
pub use configuration::{Architecture, Configuration, Environment, ImageConfig, LayerUse, LogFormat, Logging};
pub use event::{Event, EventPart, EventPartSpec, EventPlan, EventSpec};
pub use function::{Function, FunctionSpec, RecursiveLoop};
pub use layer::{Layer, LayerSpec, LayerVersion, LayerVersionSpec};
pub use mapping::{Mapping, MappingObserved, MappingPlan, MappingSpec};
pub use url::{Cors, InvokeMode, Url, UrlAuth, UrlName, UrlNameSpec, UrlSpec};
pub use version::{Failure, Release, State, Update, Version, VersionPlan, VersionSpec};

use std::collections::BTreeMap;

/// Tags of a function.
pub type Tags = BTreeMap<String, String>;

/// The version that can be changed.
pub const LATEST: &str = "$LATEST";

/// Where the zips of functions and layers stand in the blob store, and what an agent is told to find them by.
pub const CODE_NAMESPACE: &str = "lambda/code";

/// Where the service itself is found by a principal, such as in the trust policy of an execution role.
pub const SERVICE_PRINCIPAL: &str = "lambda.amazonaws.com";

/// The part of a child's id behind its parent's name.
fn own_id(id: &str) -> &str {
    id.split_once(':').map_or("", |(_, own)| own)
}

/// The parent's name in a child's id.
fn parent(id: &str) -> &str {
    id.split_once(':').map_or(id, |(name, _)| name)
}

/// What stands for a qualifier in an id.
fn qualified_id(name: &str, qualifier: Option<&str>) -> String {
    qualifier.map_or_else(|| name.to_owned(), |qualifier| format!("{name}:{qualifier}"))
}

//! OpenAPI 3.0 with API Gateway's extensions: definitions that become APIs, and APIs as definitions (developer guide, "Use OpenAPI definitions
//! for HTTP APIs", "OpenAPI extensions for API Gateway").
//!
//! A definition is read as a tree of JSON: what makes an HTTP API stands in the extensions, and schemas, which a typed reader would be for, are
//! of no use to it.

mod read;
mod write;
mod yaml;

pub use read::{Authorized, Base, Definition, read};
pub use write::write;
pub use yaml::parse;

/// The extensions.
mod names {
    pub const INTEGRATION: &str = "x-amazon-apigateway-integration";
    pub const INTEGRATIONS: &str = "x-amazon-apigateway-integrations";
    pub const AUTHORIZER: &str = "x-amazon-apigateway-authorizer";
    pub const AUTH: &str = "x-amazon-apigateway-auth";
    pub const ANY: &str = "x-amazon-apigateway-any-method";
    pub const CORS: &str = "x-amazon-apigateway-cors";
    pub const TAG: &str = "x-amazon-apigateway-tag-value";
    pub const VERSION: &str = "x-amazon-apigateway-importexport-version";
    pub const DEFAULT: &str = "isDefaultRoute";
}

//! The records of API Gateway's HTTP APIs. What requests are answered by is a [`Deployment`]'s snapshot; everything else is what the next
//! deployment is made of, or a [`Stage`]'s own.

use crate::{AccountId, Key, Record, Region, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An HTTP API, under its id. `Spec` has the API handlers as its writers.
pub enum HttpApi {}

/// What an [`HttpApi`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpApiSpec {
    /// Its name, which need not be its own alone.
    pub name: String,
    /// What people wrote.
    pub description: Option<String>,
    /// What people call its version.
    pub version: Option<String>,
    /// What browsers are told.
    pub cors: Option<Cors>,
    /// Nobody is answered under its own host name.
    pub endpoint_disabled: bool,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created: Timestamp,
    /// What its last import had to say.
    pub import_info: Vec<String>,
    /// What was wrong with its last import, though not so wrong that it failed.
    pub warnings: Vec<String>,
}

/// Which browsers' pages may ask what (API Gateway API reference, `Cors`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cors {
    /// `Access-Control-Allow-Credentials`.
    pub allow_credentials: bool,
    /// `Access-Control-Allow-Headers`.
    pub allow_headers: Vec<String>,
    /// `Access-Control-Allow-Methods`.
    pub allow_methods: Vec<String>,
    /// Origins, which may begin with `*`, or have one for their host's first labels.
    pub allow_origins: Vec<String>,
    /// `Access-Control-Expose-Headers`.
    pub expose_headers: Vec<String>,
    /// `Access-Control-Max-Age`, in seconds.
    pub max_age: Option<i32>,
}

/// Where the API of an id is, since requests to it name no account.
pub enum HttpApiPlace {}

/// What an [`HttpApiPlace`] says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HttpApiPlaceSpec {
    /// Whose it is.
    pub account: AccountId,
    /// Where.
    pub region: Region,
}

/// A route of an API, under [`child_id`]. `Spec` has the API handlers as its writers.
pub enum Route {}

/// What a [`Route`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteSpec {
    /// `GET /pets/{id}`, `ANY /{proxy+}` or `$default`.
    pub key: String,
    /// The id of its integration.
    pub integration: Option<String>,
    /// Who is let through.
    pub authorization: Authorization,
    /// Of which a token has to have one.
    pub scopes: Vec<String>,
    /// What people call it.
    pub operation_name: Option<String>,
    /// Made along with its API by quick create.
    pub managed: bool,
}

/// Whom a route lets through.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Authorization {
    /// Everybody.
    #[default]
    None,
    /// Whom IAM's policies allow `execute-api:Invoke`.
    Iam,
    /// Who has a token that an authorizer believes, by its id.
    Jwt(String),
    /// Whom a function lets through: an authorizer, by its id.
    Custom(String),
}

impl Authorization {
    /// The id of the authorizer, if there is one.
    pub fn authorizer(&self) -> Option<&str> {
        match self {
            Self::Jwt(id) | Self::Custom(id) => Some(id),
            Self::None | Self::Iam => None,
        }
    }
}

/// An integration of an API, under [`child_id`]. `Spec` has the API handlers as its writers.
pub enum Integration {}

/// What an [`Integration`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntegrationSpec {
    /// What stands behind it.
    pub kind: IntegrationKind,
    /// The function, or the address.
    pub uri: Option<String>,
    /// The method that the address is asked with; `ANY` is the request's own.
    pub method: Option<String>,
    /// In what form a function is told of a request.
    pub payload: PayloadVersion,
    /// The role as which it is called.
    pub credentials: Option<String>,
    /// What people wrote.
    pub description: Option<String>,
    /// What is changed in requests, or of a service's operation: its input.
    pub request_parameters: BTreeMap<String, String>,
    /// What is changed in answers, by their status.
    pub response_parameters: BTreeMap<String, BTreeMap<String, String>>,
    /// How long it may take.
    pub timeout_ms: u32,
    /// Made along with its API by quick create.
    pub managed: bool,
}

/// What stands behind an integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum IntegrationKind {
    /// `AWS_PROXY` with a Lambda function.
    Lambda,
    /// `AWS_PROXY` with an operation of a service, such as `SQS-SendMessage`.
    Service(String),
    /// `HTTP_PROXY`.
    Http,
}

/// The form of the events that functions get, and of the answers that they give.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PayloadVersion {
    /// `1.0`.
    #[default]
    V1,
    /// `2.0`.
    V2,
}

impl PayloadVersion {
    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1 => "1.0",
            Self::V2 => "2.0",
        }
    }

    /// Reads what the API writes.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::V1, Self::V2].into_iter().find(|version| version.as_str() == text)
    }
}

/// An authorizer of an API, under [`child_id`]. `Spec` has the API handlers as its writers.
pub enum Authorizer {}

/// What an [`Authorizer`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuthorizerSpec {
    /// Its name, its API's only one of that name.
    pub name: String,
    /// Where in a request whatever identifies its sender stands: `$request.header.Authorization`.
    pub identity_source: Vec<String>,
    /// How it decides.
    pub kind: AuthorizerKind,
}

/// How an authorizer decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthorizerKind {
    /// By a JSON Web Token.
    Jwt {
        /// Who has to have issued it: a URL.
        issuer: String,
        /// For one of whom.
        audience: Vec<String>,
    },
    /// By asking a function.
    Request {
        /// `arn:aws:apigateway:<region>:lambda:path/2015-03-31/functions/<ARN>/invocations`.
        uri: String,
        /// The role as which it is called.
        credentials: Option<String>,
        /// In what form the function is asked.
        payload: PayloadVersion,
        /// The function answers yes or no, and not by a policy.
        simple: bool,
        /// For how many seconds an answer counts.
        ttl: u32,
    },
}

/// A stage of an API, under [`child_id`] with its name. `Spec` has the API handlers as its writers.
pub enum Stage {}

/// What a [`Stage`] is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StageSpec {
    /// Each change of the API is deployed here at once.
    pub auto_deploy: bool,
    /// The id of the deployment that is served.
    pub deployment: Option<String>,
    /// What people wrote.
    pub description: Option<String>,
    /// `$stageVariables`.
    pub variables: BTreeMap<String, String>,
    /// For routes that have no settings of their own.
    pub default_settings: RouteSettings,
    /// By route key.
    pub route_settings: BTreeMap<String, RouteSettings>,
    /// Where requests are written down.
    pub access_log: Option<AccessLog>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made.
    pub created: Timestamp,
    /// When it was changed last.
    pub updated: Timestamp,
    /// Made along with its API by quick create.
    pub managed: bool,
}

/// How much of a route is let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct RouteSettings {
    /// So many requests at once.
    pub burst: Option<i32>,
    /// So many requests a second.
    pub rate: Option<f64>,
    /// Whether the route's metrics are wished for apart from its stage's. Shown, and nothing else: there are no metrics.
    #[serde(default)]
    pub detailed_metrics: bool,
}

/// How a stage writes down its requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccessLog {
    /// The ARN of a log group.
    pub destination: String,
    /// A line with `$context` variables in it.
    pub format: String,
}

/// A deployment of an API, under [`child_id`]. `Spec` has the API handlers as its writers; the snapshot never changes.
pub enum Deployment {}

/// What a [`Deployment`] is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeploymentSpec {
    /// What people wrote.
    pub description: Option<String>,
    /// Made by a change of the API.
    pub auto: bool,
    /// When it was made.
    pub created: Timestamp,
    /// The API as it was then.
    pub snapshot: Deployed,
}

/// An API as it is served.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Deployed {
    /// [`HttpApiSpec::cors`].
    pub cors: Option<Cors>,
    /// [`HttpApiSpec::endpoint_disabled`].
    pub endpoint_disabled: bool,
    /// By their ids.
    pub routes: BTreeMap<String, RouteSpec>,
    /// By their ids.
    pub integrations: BTreeMap<String, IntegrationSpec>,
    /// By their ids.
    pub authorizers: BTreeMap<String, AuthorizerSpec>,
}

/// The id of what belongs to an API: ids of APIs have no slashes.
pub fn child_id(api: &str, id: &str) -> String {
    format!("{api}/{id}")
}

impl Key<HttpApi> {
    /// The key of something that belongs to the API.
    pub fn child<R: Record>(&self, id: &str) -> Key<R> {
        Key::new(&self.account, &self.region, child_id(&self.id, id))
    }
}

impl Key<HttpApiPlace> {
    /// Where the API of that id is said to be.
    pub fn of_api(id: &str) -> Self {
        let account = AccountId::parse(AccountId::DEFAULT).expect("twelve digits");
        Self::new(&account, &Region::global(), id)
    }
}

macro_rules! record {
    ($record:ident, $kind:literal, $spec:ident) => {
        impl Record for $record {
            const KIND: &'static str = $kind;
            type Spec = $spec;
            type Plan = ();
            type Observed = ();
        }
    };
}
record!(HttpApi, "apigatewayv2/api", HttpApiSpec);
record!(HttpApiPlace, "apigatewayv2/place", HttpApiPlaceSpec);
record!(Route, "apigatewayv2/route", RouteSpec);
record!(Integration, "apigatewayv2/integration", IntegrationSpec);
record!(Authorizer, "apigatewayv2/authorizer", AuthorizerSpec);
record!(Stage, "apigatewayv2/stage", StageSpec);
record!(Deployment, "apigatewayv2/deployment", DeploymentSpec);

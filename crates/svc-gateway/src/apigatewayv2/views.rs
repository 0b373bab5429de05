//! Records as the API shows them. Every operation on one thing answers in that thing's shape, under a name of its own.

use api::apigatewayv2 as sdk;
use front::Cx;
use model::{
    Timestamp,
    apigatewayv2::{
        Authorization, AuthorizerKind, AuthorizerSpec, Cors, DeploymentSpec, HttpApiSpec, IntegrationKind, IntegrationSpec,
        RouteSettings, RouteSpec, StageSpec,
    },
};
use std::collections::BTreeMap;
use wire::Time;

/// What HTTP APIs select routes by; there is no other expression.
pub const ROUTE_SELECTION: &str = "$request.method $request.path";
/// What WebSocket APIs find keys by; HTTP APIs show it and don't use it.
pub const KEY_SELECTION: &str = "$request.header.x-api-key";

/// Makes answers of a shape that they have but for its required members (those in the first brackets), which are optional in answers.
macro_rules! answers {
    ($shape:ty => $($answer:ty),+; $required:tt $members:tt) => {
        $(answers!(one $shape, $answer, $required, $members);)+
    };
    (one $shape:ty, $answer:ty, [$($required:ident)*], [$($member:ident)*]) => {
        impl From<Of<$shape>> for $answer {
            fn from(Of(it): Of<$shape>) -> Self {
                Self { $($required: Some(it.$required),)* $($member: it.$member,)* }
            }
        }
    };
}

/// A shape that is to become an answer.
pub struct Of<T>(pub T);

answers!(sdk::Api => sdk::CreateApiResponse, sdk::GetApiResponse, sdk::UpdateApiResponse, sdk::ImportApiResponse, sdk::ReimportApiResponse;
    [name protocol_type route_selection_expression]
    [api_endpoint api_gateway_managed api_id api_key_selection_expression cors_configuration created_date description
    disable_schema_validation disable_execute_api_endpoint import_info ip_address_type tags version warnings]);
answers!(sdk::Route => sdk::CreateRouteResult, sdk::GetRouteResult, sdk::UpdateRouteResult;
    [route_key]
    [api_gateway_managed api_key_required authorization_scopes authorization_type authorizer_id model_selection_expression operation_name
    request_models request_parameters route_id route_response_selection_expression target]);
answers!(sdk::Integration => sdk::CreateIntegrationResult, sdk::GetIntegrationResult, sdk::UpdateIntegrationResult;
    []
    [api_gateway_managed connection_id connection_type content_handling_strategy credentials_arn description integration_id
    integration_method integration_response_selection_expression integration_subtype integration_type integration_uri
    passthrough_behavior payload_format_version request_parameters request_templates response_parameters template_selection_expression
    timeout_in_millis tls_config]);
answers!(sdk::Stage => sdk::CreateStageResponse, sdk::GetStageResponse, sdk::UpdateStageResponse;
    [stage_name]
    [access_log_settings api_gateway_managed auto_deploy client_certificate_id created_date default_route_settings deployment_id description
    last_deployment_status_message last_updated_date route_settings stage_variables tags]);
answers!(sdk::Deployment => sdk::CreateDeploymentResponse, sdk::GetDeploymentResponse, sdk::UpdateDeploymentResponse;
    []
    [auto_deployed created_date deployment_id deployment_status deployment_status_message description]);
answers!(sdk::Authorizer => sdk::CreateAuthorizerResponse, sdk::GetAuthorizerResponse, sdk::UpdateAuthorizerResponse;
    [name]
    [authorizer_credentials_arn authorizer_id authorizer_payload_format_version authorizer_result_ttl_in_seconds authorizer_type
    authorizer_uri enable_simple_responses identity_source identity_validation_expression jwt_configuration]);

fn time(at: Timestamp) -> Option<Time> {
    // API Gateway shows whole seconds.
    Some(Time(at.0 - at.0.rem_euclid(1000)))
}

/// An empty list is left out.
fn some<T>(list: &[T]) -> Option<Vec<T>>
where
    T: Clone,
{
    (!list.is_empty()).then(|| list.to_vec())
}

fn managed(managed: bool) -> Option<bool> {
    managed.then_some(true)
}

/// `http://<id>.execute-api.<region>.localhost:<port>`: where an API is asked.
pub fn endpoint(cx: &Cx, id: &str) -> String {
    let port = cx.endpoint.rsplit_once(':').map(|(_, port)| port).filter(|port| port.bytes().all(|byte| byte.is_ascii_digit()));
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!("http://{id}.execute-api.{}.localhost{port}", cx.region)
}

pub fn api(cx: &Cx, id: &str, spec: &HttpApiSpec) -> sdk::Api {
    sdk::Api {
        api_endpoint: Some(endpoint(cx, id)),
        api_gateway_managed: None,
        api_id: Some(id.to_owned()),
        api_key_selection_expression: Some(KEY_SELECTION.into()),
        cors_configuration: spec.cors.as_ref().map(cors),
        created_date: time(spec.created),
        description: spec.description.clone(),
        disable_schema_validation: None,
        disable_execute_api_endpoint: Some(spec.endpoint_disabled),
        import_info: some(&spec.import_info),
        ip_address_type: Some(sdk::IpAddressType::Ipv4),
        name: spec.name.clone(),
        protocol_type: sdk::ProtocolType::Http,
        route_selection_expression: ROUTE_SELECTION.into(),
        tags: Some(spec.tags.clone()),
        version: spec.version.clone(),
        warnings: some(&spec.warnings),
    }
}

fn cors(cors: &Cors) -> sdk::Cors {
    sdk::Cors {
        allow_credentials: Some(cors.allow_credentials),
        allow_headers: some(&cors.allow_headers),
        allow_methods: some(&cors.allow_methods),
        allow_origins: some(&cors.allow_origins),
        expose_headers: some(&cors.expose_headers),
        max_age: cors.max_age,
    }
}

pub fn route(id: &str, spec: &RouteSpec) -> sdk::Route {
    use sdk::AuthorizationType as Type;
    sdk::Route {
        api_gateway_managed: managed(spec.managed),
        api_key_required: Some(false),
        authorization_scopes: some(&spec.scopes),
        authorization_type: Some(match spec.authorization {
            Authorization::None => Type::None,
            Authorization::Iam => Type::AwsIam,
            Authorization::Jwt(_) => Type::Jwt,
            Authorization::Custom(_) => Type::Custom,
        }),
        authorizer_id: spec.authorization.authorizer().map(str::to_owned),
        model_selection_expression: None,
        operation_name: spec.operation_name.clone(),
        request_models: None,
        request_parameters: None,
        route_id: Some(id.to_owned()),
        route_key: spec.key.clone(),
        route_response_selection_expression: None,
        target: spec.integration.as_ref().map(|id| format!("integrations/{id}")),
    }
}

pub fn integration(id: &str, spec: &IntegrationSpec) -> sdk::Integration {
    let (kind, subtype) = match &spec.kind {
        IntegrationKind::Lambda => (sdk::IntegrationType::AwsProxy, None),
        IntegrationKind::Service(subtype) => (sdk::IntegrationType::AwsProxy, Some(subtype.clone())),
        IntegrationKind::Http => (sdk::IntegrationType::HttpProxy, None),
    };
    sdk::Integration {
        api_gateway_managed: managed(spec.managed),
        connection_type: Some(sdk::ConnectionType::Internet),
        credentials_arn: spec.credentials.clone(),
        description: spec.description.clone(),
        integration_id: Some(id.to_owned()),
        integration_method: spec.method.clone(),
        integration_subtype: subtype,
        integration_type: Some(kind),
        integration_uri: spec.uri.clone(),
        payload_format_version: Some(spec.payload.as_str().into()),
        request_parameters: Some(spec.request_parameters.clone()).filter(|map| !map.is_empty()),
        response_parameters: Some(spec.response_parameters.clone()).filter(|map| !map.is_empty()),
        timeout_in_millis: i32::try_from(spec.timeout_ms).ok(),
        ..sdk::Integration::default()
    }
}

pub fn stage(name: &str, spec: &StageSpec) -> sdk::Stage {
    let settings = |settings: &RouteSettings| sdk::RouteSettings {
        detailed_metrics_enabled: Some(settings.detailed_metrics),
        throttling_burst_limit: settings.burst,
        throttling_rate_limit: settings.rate,
        ..sdk::RouteSettings::default()
    };
    let deployed = |id: &String| format!("Successfully deployed stage with deployment ID '{id}'");
    let per_route: BTreeMap<_, _> = spec.route_settings.iter().map(|(key, it)| (key.clone(), settings(it))).collect();
    sdk::Stage {
        access_log_settings: spec.access_log.as_ref().map(|log| sdk::AccessLogSettings {
            destination_arn: Some(log.destination.clone()),
            format: Some(log.format.clone()),
        }),
        api_gateway_managed: managed(spec.managed),
        auto_deploy: Some(spec.auto_deploy),
        created_date: time(spec.created),
        default_route_settings: Some(settings(&spec.default_settings)),
        deployment_id: spec.deployment.clone(),
        description: spec.description.clone(),
        last_deployment_status_message: spec.deployment.as_ref().filter(|_| spec.auto_deploy).map(deployed),
        last_updated_date: time(spec.updated),
        route_settings: Some(per_route),
        stage_name: name.to_owned(),
        stage_variables: Some(spec.variables.clone()),
        tags: Some(spec.tags.clone()),
        client_certificate_id: None,
    }
}

pub fn deployment(id: &str, spec: &DeploymentSpec) -> sdk::Deployment {
    sdk::Deployment {
        auto_deployed: Some(spec.auto),
        created_date: time(spec.created),
        deployment_id: Some(id.to_owned()),
        deployment_status: Some(sdk::DeploymentStatus::Deployed),
        deployment_status_message: None,
        description: spec.description.clone(),
    }
}

pub fn authorizer(id: &str, spec: &AuthorizerSpec) -> sdk::Authorizer {
    let common = sdk::Authorizer {
        authorizer_id: Some(id.to_owned()),
        identity_source: Some(spec.identity_source.clone()),
        name: spec.name.clone(),
        ..sdk::Authorizer::default()
    };
    match &spec.kind {
        AuthorizerKind::Jwt { issuer, audience } => sdk::Authorizer {
            authorizer_type: Some(sdk::AuthorizerType::Jwt),
            jwt_configuration: Some(sdk::JWTConfiguration { audience: Some(audience.clone()), issuer: Some(issuer.clone()) }),
            ..common
        },
        AuthorizerKind::Request { uri, credentials, payload, simple, ttl } => sdk::Authorizer {
            authorizer_type: Some(sdk::AuthorizerType::Request),
            authorizer_uri: Some(uri.clone()),
            authorizer_credentials_arn: credentials.clone(),
            authorizer_payload_format_version: Some(payload.as_str().into()),
            enable_simple_responses: Some(*simple),
            authorizer_result_ttl_in_seconds: i32::try_from(*ttl).ok(),
            ..common
        },
    }
}

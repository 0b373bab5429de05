//! The errors of API Gateway, in its own words.

use front::Cx;
use std::fmt::Display;
use wire::Fault;

pub fn bad_request(message: impl Into<String>) -> Fault {
    Fault::client("BadRequestException", message)
}

pub fn conflict(message: impl Into<String>) -> Fault {
    Fault::client("ConflictException", message).status(409)
}

fn not_found(message: impl Into<String>) -> Fault {
    Fault::client("NotFoundException", message).status(404)
}

pub fn not_built(what: impl Display) -> Fault {
    Fault::not_implemented(format_args!("apigatewayv2: {what}"))
}

pub fn no_api(cx: &Cx, id: &str) -> Fault {
    not_found(format!("Invalid API identifier specified {}:{id}", cx.account))
}

/// There is no such thing in the API; `what` is `Route`, `Integration`, `stage`.
pub fn none(what: &str, id: &str) -> Fault {
    not_found(format!("Invalid {what} identifier specified {id}"))
}

pub fn no_route_settings(key: &str) -> Fault {
    not_found(format!("Invalid route settings specified {key}"))
}

pub fn bad_arn() -> Fault {
    bad_request("Invalid ARN specified in the request")
}

pub fn bad_token() -> Fault {
    bad_request("Invalid nextToken specified")
}

pub fn bad_max_results() -> Fault {
    bad_request("Invalid maxResults specified")
}

/// There is no place for another one; `what` is `Routes`.
pub fn too_many(what: &str) -> Fault {
    let message =
        format!("Maximum number of {what} for this API has been reached. Please contact AWS if you need additional {what}.");
    Fault::client("TooManyRequestsException", message).status(429)
}

pub fn too_many_apis() -> Fault {
    let message = "Maximum number of APIs for this account has been reached. Please contact AWS if you need additional APIs.";
    Fault::client("TooManyRequestsException", message).status(429)
}

pub fn route_exists(key: &str) -> Fault {
    conflict(format!("Route with key {key} already exists for this API"))
}

pub fn route_clashes(key: &str, with: &str) -> Fault {
    conflict(format!("The provided route key \"{key}\" has a conflicting variable on the same hierarchical level as \"{with}\""))
}

pub fn bad_authorizer(kind: &str) -> Fault {
    bad_request(format!(
        "Invalid authorizer ID specified. Setting the authorization type to {kind} requires a valid {} authorizer.",
        if kind == "JWT" { "JWT" } else { "Lambda" }
    ))
}

pub fn scopes_without_tokens() -> Fault {
    bad_request(
        "Invalid Route authorization type specified. Authorization Scopes are only valid for COGNITO_USER_POOLS and JWT authorization types",
    )
}

pub fn integration_in_use(routes: &[String]) -> Fault {
    conflict(format!(
        "Cannot delete Integration because it is referenced by the following Routes with Ids: [{}]",
        routes.join(", ")
    ))
}

pub fn authorizer_in_use(id: &str, routes: &[String]) -> Fault {
    conflict(format!("Cannot delete authorizer '{id}', is referenced in Routes with Ids: [{}]", routes.join(", ")))
}

pub fn deployment_in_use() -> Fault {
    bad_request("Active stages pointing to this deployment must be moved or deleted")
}

pub fn nothing_to_deploy() -> Fault {
    bad_request("At least one route is required before deploying the Api.")
}

pub fn stage_exists() -> Fault {
    conflict("Stage already exists")
}

//! API Gateway, version 2: HTTP APIs.

use front::Service;

/// The service.
pub fn service() -> Service {
    Service::new(&api::apigatewayv2::SERVICE)
}

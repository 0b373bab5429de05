//! The service of APIs: HTTP APIs of API Gateway.

pub mod apigatewayv2;

//! What functions are told of a request (developer guide, "Create AWS Lambda proxy integrations for HTTP APIs", *Payload format version*).

mod body;
mod v1;
mod v2;

pub use body::{Encoded, encode};

use super::exchange::Exchange;
use model::apigatewayv2::PayloadVersion;
use serde_json::{Map, Value, json};

/// The event of an integration; the route's id is what 1.0 calls the resource's.
pub fn integration(version: PayloadVersion, exchange: &Exchange, body: &[u8]) -> Value {
    match version {
        PayloadVersion::V1 => v1::integration(exchange, body),
        PayloadVersion::V2 => v2::integration(exchange, body),
    }
}

/// The event of an authorizer (developer guide, "Control access to HTTP APIs with AWS Lambda authorizers").
pub fn authorizer(version: PayloadVersion, exchange: &Exchange, route_arn: &str, identity: &[String]) -> Value {
    match version {
        PayloadVersion::V1 => v1::authorizer(exchange, route_arn, identity),
        PayloadVersion::V2 => v2::authorizer(exchange, route_arn, identity),
    }
}

/// The path of the route: `/pets/{id}`, or `$default`.
fn resource(exchange: &Exchange) -> &str {
    exchange.route_key.split_once(' ').map_or(exchange.route_key.as_str(), |(_, path)| path)
}

/// An object of texts; nothing if there are none.
fn texts<'a>(pairs: impl IntoIterator<Item = (&'a String, &'a String)>) -> Value {
    let object: Map<String, Value> = pairs.into_iter().map(|(key, value)| (key.clone(), json!(value))).collect();
    if object.is_empty() { Value::Null } else { Value::Object(object) }
}

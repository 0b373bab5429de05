//! Calls of services' operations for integrations.

use super::{
    super::subtypes,
    Journey, functions,
    integrate::{Failure, Reply},
};
use front::{body, calls};
use http::StatusCode;
use model::{Region, apigatewayv2::IntegrationSpec};
use wire::{Dialect, Protocol};

/// Calls the operation. What it answers goes to the client as the service would send it, in XML if the service speaks that.
pub async fn integration(
    journey: &Journey<'_>,
    spec: &IntegrationSpec,
    subtype: &str,
    body: &[u8],
) -> Result<(Reply, Option<u16>), Failure> {
    let key = &journey.served.key;
    let failed = |fault: wire::Fault| Failure::internal(fault.message);
    let subtype = subtypes::find(subtype).map_err(failed)?;
    let (request, region) = subtypes::request(subtype, spec, &journey.exchange, body).map_err(failed)?;
    let region = region.map_or_else(|| Ok(key.region.clone()), |region| Region::parse(&region));
    let region = region.map_err(|error| Failure::internal(error.to_string()))?;
    let by = functions::caller(&key.account, spec.credentials.as_deref(), functions::route_arn(&journey.exchange));
    let (service, operation) = calls::find(&request.service, &request.operation).map_err(failed)?;
    let answered = journey.gateway.calls.make(&by, (&key.account, &region), &request).await;
    let preferred = Dialect::preferred(service);
    let speaks_xml = service.protocols.contains(&Protocol::AwsQuery);
    let dialect = if speaks_xml { Dialect { protocol: Protocol::AwsQuery, ..preferred } } else { preferred };
    let id = &journey.arrival.request_id;
    let response = match &answered {
        Ok(output) => dialect.encode(operation, id, output),
        Err(fault) if fault.code == "AccessDenied" => return Err(Failure::internal(fault.message.clone())),
        Err(fault) => dialect.encode_fault(id, fault),
    };
    let status = StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok((Reply { status, headers: response.headers, body: body::full(response.body) }, None))
}

//! Calls of Lambda functions, for integrations and authorizers.

use super::{
    Journey,
    integrate::{Failure, Reply},
};
use logic::http_api::{answer, event, exchange::Exchange, target};
use model::{AccountId, Arn, Region, apigatewayv2::IntegrationSpec, delivery::Caller};
use wire::{Bytes, Fault, Value};

/// As whom functions are called.
pub const PRINCIPAL: &str = "apigateway.amazonaws.com";
/// What sessions of roles are called that functions and services are called as.
const SESSION: &str = "BackplaneAssumeRoleSession";

/// Asks the function of an integration; with what Lambda has answered with.
pub async fn integration(
    journey: &Journey<'_>,
    spec: &IntegrationSpec,
    seen: &Exchange,
    body: &[u8],
) -> Result<(Reply, Option<u16>), Failure> {
    let event = event::integration(spec.payload, seen, body);
    let source = route_arn(&journey.exchange);
    let payload = invoke(journey, spec.uri.as_deref(), spec.credentials.as_deref(), source, &event).await?;
    let answer = answer::read(spec.payload, &payload).map_err(|why| Failure::internal(why.to_string()))?;
    Ok((Reply::of(answer), Some(200)))
}

/// Asks a function with an event; what it has answered.
pub async fn invoke(
    journey: &Journey<'_>,
    uri: Option<&str>,
    role: Option<&str>,
    source: Arn,
    event: &serde_json::Value,
) -> Result<Bytes, Failure> {
    let uri = target::with_variables(uri.unwrap_or_default(), &journey.exchange);
    let arn = target::function(&uri).ok_or_else(|| Failure::internal("The integration's URI names no Lambda function."))?;
    let place = (AccountId::parse(&arn.account), Region::parse(&arn.region));
    let (Ok(account), Ok(region)) = place else {
        return Err(Failure::internal("The integration's URI names no Lambda function."));
    };
    let by = caller(&journey.served.key.account, role, source);
    let input = Value::structure([
        ("FunctionName", Value::Str(arn.to_string())),
        ("InvocationType", Value::Str("RequestResponse".into())),
        ("Payload", Value::Blob(event.to_string().into())),
    ]);
    let answered = journey.gateway.calls.call(&by, (&account, &region), ("lambda", "Invoke"), input).await;
    let output = answered.map_err(|fault| not_invoked(&fault))?;
    if let Some(error) = output.get("FunctionError").and_then(Value::as_str) {
        return Err(Failure::internal(format!(
            "The Lambda function returned the following error: {error}. Check your Lambda function code and try again."
        )));
    }
    match output.get("Payload") {
        Some(Value::Blob(payload)) => Ok(payload.clone()),
        _ => Ok(Bytes::from_static(b"null")),
    }
}

/// In whose name something is called: a role's, or the gateway's own, whose permission stands in the policy of what is called.
pub fn caller(owner: &AccountId, role: Option<&str>, source: Arn) -> Caller {
    match role {
        Some(role) => Caller::Role { role: role.to_owned(), session: SESSION.into(), service: PRINCIPAL.into(), source },
        None => Caller::Service { name: PRINCIPAL.into(), source, account: owner.clone() },
    }
}

/// Functions that are asked too much of make the API unavailable; everything else is the API's own fault.
fn not_invoked(fault: &Fault) -> Failure {
    match &*fault.code {
        "TooManyRequestsException" => Failure::unavailable("The Lambda function is throttled."),
        "AccessDeniedException" | "AccessDenied" => Failure::internal(
            "The IAM role configured on the integration or API Gateway doesn't have permissions to call the integration. Check the permissions and try again.",
        ),
        code => Failure::internal(format!("{code}: {}", fault.message)),
    }
}

/// `arn:aws:execute-api:<region>:<account>:<api>/<stage>/<method>/<path of the route>`: what functions' policies name.
pub fn route_arn(exchange: &Exchange) -> Arn {
    let route = match exchange.route_key.split_once(' ') {
        Some((_, path)) => format!("{}{path}", exchange.method),
        None => exchange.route_key.clone(),
    };
    execute_api(exchange, &format!("{}/{route}", exchange.stage))
}

/// The same of the path that was asked for: what policies of callers name.
pub fn request_arn(exchange: &Exchange) -> Arn {
    execute_api(exchange, &format!("{}/{}{}", exchange.stage, exchange.method, logic::http_api::path::decoded(&exchange.path)))
}

/// Something of an API that functions are called for.
pub fn execute_api(exchange: &Exchange, rest: &str) -> Arn {
    Arn {
        partition: Region::parse(&exchange.region).map_or("aws", |region| region.partition()).into(),
        service: "execute-api".into(),
        region: exchange.region.clone(),
        account: exchange.account.clone(),
        resource: format!("{}/{rest}", exchange.api),
    }
}

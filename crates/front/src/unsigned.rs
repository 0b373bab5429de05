//! Requests that nobody has signed.
//!
//! A few operations need no signature: whoever calls them brings something else, such as a token of an identity provider. Their handlers
//! see [`Principal::Anonymous`]. Every other unsigned request is refused, and a body is only read where the service has such an operation.

use crate::{
    Body, Front,
    api::{Arrived, finish, operate, refuse_service, stand_in, unreadable, wire_request},
    auth::{
        authenticate::{Identity, Unknown},
        wording,
    },
    body,
    locate::{Located, locate, locate_form},
    record::Sender,
};
use bytes::Bytes;
use http::{Response, header::CONTENT_TYPE, request::Parts};
use model::{AccountId, Arn, iam::Principal};
use wire::{Dialect, Fault, Operation, Service, Time, Value};

/// The largest body of an operation that needs no signature: the tokens of identity providers are far smaller.
const LARGEST_BODY: usize = 256 << 10;

/// Answers the request.
pub(crate) async fn answer(front: &Front, head: Parts, body: Body, request_id: &str) -> Response<Body> {
    let located = match locate(&head, None) {
        Located::Unknown(name) => {
            return refuse_service(&head, request_id, Fault::not_implemented(format_args!("The service {name:?}")));
        }
        Located::At(service) => Some(service),
        Located::Nowhere => None,
    };
    let wanted = located.map_or_else(|| is_form(&head), |service| service.operations.iter().any(|operation| operation.unsigned));
    let bytes = match wanted {
        true => body::read(body, LARGEST_BODY).await,
        false => Ok(Bytes::new()),
    };
    let bytes = match bytes {
        Ok(bytes) => bytes,
        Err(error) => return refuse_service(&head, request_id, unreadable(error)),
    };
    let Some(service) = located.or_else(|| locate_form(&bytes)) else {
        return refuse_service(&head, request_id, unsigned(stand_in(&head), front));
    };
    answer_for(front, service, head, bytes, request_id).await
}

async fn answer_for(front: &Front, service: &'static Service, head: Parts, body: Bytes, request_id: &str) -> Response<Body> {
    let request = wire_request(&head, body);
    let dialect = Dialect::of(service, &request);
    let operation = dialect.match_operation(&request).ok().filter(|operation| operation.unsigned);
    let Some(operation) = operation else {
        let fault = unsigned(service, front);
        return finish(dialect.encode_fault(request_id, &fault), request_id, Some(&fault));
    };
    let identity = Identity {
        account: account(dialect, operation, &request),
        principal: Principal::Anonymous,
        region: front.config.region.clone(),
        access_key_id: None,
        key: None,
        signing_key: None,
    };
    let arrived = Arrived { identity, sender: Sender::of(&head, ""), endpoint: front.endpoint(&head), request };
    match operate(front, dialect, arrived, request_id).await {
        Ok(response) => finish(response, request_id, None),
        Err(fault) => finish(dialect.encode_fault(request_id, &fault), request_id, Some(&fault)),
    }
}

/// Nobody's request acts in the account of whatever it is about: that of the first ARN in its input.
fn account(dialect: Dialect, operation: &Operation, request: &wire::Request) -> AccountId {
    let Ok(Value::Struct(members)) = dialect.decode(operation, request) else { return nobody() };
    let accounts = members.iter().filter_map(|(_, value)| match value {
        Value::Str(text) => AccountId::parse(&text.parse::<Arn>().ok()?.account).ok(),
        _ => None,
    });
    accounts.into_iter().next().unwrap_or_else(nobody)
}

/// Where there is no account, there is nothing to act on either.
fn nobody() -> AccountId {
    AccountId::parse(AccountId::DEFAULT).expect("twelve digits")
}

fn unsigned(service: &Service, front: &Front) -> Fault {
    wording::unknown(service, Unknown::Unsigned, Time(front.env.now().0))
}

fn is_form(head: &Parts) -> bool {
    let form = |value: &http::HeaderValue| value.as_bytes().starts_with(b"application/x-www-form-urlencoded");
    head.method == http::Method::POST && head.headers.get(CONTENT_TYPE).is_some_and(form)
}

//! Requests that nobody has signed.
//!
//! A few operations need no signature: whoever calls them brings something else, such as a token of an identity provider. Their handlers
//! see [`Principal::Anonymous`]. A service may leave it to the policies of its resources who comes unsigned, as S3 does
//! ([`crate::Service::unsigned`]). Every other unsigned request is refused, and a body is only read where the service has such an operation.

use crate::{
    Body, Front, Incoming,
    api::{Arrived, Target, refuse_service, respond, stand_in, unreadable, whole, wire_request},
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
use model::{AccountId, Arn, Region, iam::Principal};
use wire::{Dialect, Fault, Operation, Service, Time, Value, sigv4::Payload};

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
    if let Some((service, place)) = welcoming(front, located, &head) {
        let target = Target::of(front, service, &head);
        let (account, region) = place;
        let identity = Identity { region, ..nobody_in(account, front) };
        let arrived = arrive(front, &target, (head, body), (identity, ""), LARGEST_BODY).await;
        return respond(front, target, arrived, request_id).await;
    }
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

/// A service that leaves it to its resources' policies who may come unsigned, and in whose account the request acts.
pub(crate) fn welcoming(
    front: &Front,
    located: Option<&'static Service>,
    head: &Parts,
) -> Option<(&'static Service, (AccountId, Region))> {
    let request = wire_request(head, Bytes::new());
    let snapshot = front.store.snapshot();
    let mut candidates = front.services.iter().filter(|served| located.is_none_or(|service| service.id == served.api().id));
    candidates.find_map(|served| Some((served.api(), (served.unsigned?)(&snapshot, &request)?)))
}

/// A body that nobody has signed, of a known sender or of nobody, is taken as a signer's is: where the operation takes it as it comes, as a
/// stream, else up to that many bytes.
pub(crate) async fn arrive(
    front: &Front,
    target: &Target,
    (mut head, body): (Parts, Body),
    (identity, access_key): (Identity, &str),
    limit: usize,
) -> Result<Arrived, Fault> {
    let service = target.dialect.service;
    let now = Time(front.env.now().0);
    let (sender, endpoint) = (Sender::of(&head, access_key), front.endpoint(&head));
    if target.streams {
        let payload =
            Payload::stated(&head.headers).map_err(|refusal| wording::unknown(service, Unknown::Refused(refusal), now))?;
        let body = Incoming::new(service, body, &mut head.headers, &payload, None);
        return Ok(Arrived { identity, sender, endpoint, request: wire_request(&head, Bytes::new()), body });
    }
    let bytes = body::read(body, limit).await.map_err(unreadable)?;
    let (request, body) = whole(front, target, head, bytes)?;
    Ok(Arrived { identity, sender, endpoint, request, body })
}

async fn answer_for(front: &Front, service: &'static Service, head: Parts, body: Bytes, request_id: &str) -> Response<Body> {
    let target = Target::of(front, service, &head);
    let request = wire_request(&head, body);
    let operation = target.dialect.match_operation(&request).ok().filter(|operation| operation.unsigned);
    let arrived = match operation {
        None => Err(unsigned(service, front)),
        Some(operation) => Ok(Arrived {
            identity: nobody_in(account(target.dialect, operation, &request), front),
            sender: Sender::of(&head, ""),
            endpoint: front.endpoint(&head),
            request,
            body: Incoming::none(service),
        }),
    };
    respond(front, target, arrived, request_id).await
}

fn nobody_in(account: AccountId, front: &Front) -> Identity {
    Identity {
        account,
        principal: Principal::Anonymous,
        region: front.config.region.clone(),
        access_key_id: None,
        key: None,
        signing_key: None,
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

//! The way of an AWS operation: from a request to the function that answers it, and back.

use crate::{
    Body, Cx, Front, Incoming, Service, Streamed,
    auth::{
        authenticate::{Identity, Unknown, holder, verify},
        authority::Authority,
        encoded, usage, version2, wording,
    },
    body::{self, ReadError},
    host,
    locate::{Located, host_of, locate},
    presigned,
    record::{Checks, Pending, Sender},
    table::Row,
    unsigned,
};
use bytes::Bytes;
use futures::FutureExt;
use http::{HeaderMap, HeaderValue, Request, Response, request::Parts};
use model::{AccountId, iam::Principal};
use std::panic::AssertUnwindSafe;
use wire::{
    Dialect, Fault, Operation, Time, Value,
    sigv4::{Claim, Form, Head, Payload, Refusal, Style},
};

/// Answers the request.
pub(crate) async fn answer(front: &Front, request: Request<Body>, request_id: String) -> Response<Body> {
    let (mut head, body) = request.into_parts();
    name_host(&mut head);
    let claim = read_claim(&head);
    if let Ok(None) = claim {
        if let Some(address) = version2::Presigned::read(head.uri.query().unwrap_or_default()) {
            return presigned::answer(front, head, body, address, &request_id).await;
        }
        return unsigned::answer(front, head, body, &request_id).await;
    }
    let scope = claim.as_ref().ok().and_then(Option::as_ref).map(|claim| &claim.scope);
    let service = match locate(&head, scope) {
        Located::At(service) => service,
        Located::Unknown(name) => {
            return refuse_service(&head, &request_id, Fault::not_implemented(format_args!("The service {name:?}")));
        }
        Located::Nowhere => {
            return refuse_service(&head, &request_id, wording::unknown(stand_in(&head), Unknown::Unsigned, Time(0)));
        }
    };
    let target = Target::of(front, service, &head);
    let arrived = arrive(front, &target, head, body, claim).await;
    respond(front, target, arrived, &request_id).await
}

/// What a request is about, as far as its head tells.
pub(crate) struct Target {
    pub(crate) dialect: Dialect,
    /// The head, without a body.
    pub(crate) head: wire::Request,
    /// The operation, where it can be found from the head alone.
    operation: Option<Result<&'static Operation, Fault>>,
    /// Whether the operation takes its body as it comes.
    pub(crate) streams: bool,
}

impl Target {
    pub(crate) fn of(front: &Front, service: &'static wire::Service, head: &Parts) -> Self {
        let head = wire_request(head, Bytes::new());
        let dialect = Dialect::of(service, &head);
        let operation = dialect.protocol.is_rest().then(|| dialect.match_operation(&head));
        let found = operation.as_ref().and_then(|found| found.as_ref().ok());
        let streams = found.is_some_and(|operation| row(front, service, operation.name).is_ok_and(|row| row.streams));
        Self { dialect, head, operation, streams }
    }
}

/// Makes the answer out of whatever has arrived.
pub(crate) async fn respond(front: &Front, target: Target, arrived: Result<Arrived, Fault>, request_id: &str) -> Response<Body> {
    let Target { dialect, head, operation, .. } = target;
    let answered = match arrived {
        Ok(arrived) => operate(front, dialect, operation, arrived, request_id).await,
        Err(fault) => Err(fault),
    };
    let mut response = match answered {
        Ok(response) => response,
        Err(fault) => finish(dialect.encode_fault(request_id, &fault), request_id, Some(&fault)),
    };
    if let Some(dress) = served(front, dialect.service).and_then(|served| served.dress) {
        dress(&front.store.snapshot(), &head, response.headers_mut());
    }
    if head.method == http::Method::HEAD {
        *response.body_mut() = body::empty();
    }
    response
}

/// Who has signed a request that is not for a service, with the request as it was; its body is read.
pub(crate) async fn authenticate(front: &Front, request: Request<Body>) -> Option<(Identity, Request<Body>)> {
    let (mut head, body) = request.into_parts();
    name_host(&mut head);
    let claim = read_claim(&head).ok()??;
    let bytes = body::read(body, front.body_limit).await.ok()?;
    let identity = identify(front, &claim, &head, Some(&bytes), Style::Common).ok()?;
    Some((identity, Request::from_parts(head, body::full(bytes))))
}

/// A request whose sender is known. Its body is read and decoded, or comes while the operation runs.
pub(crate) struct Arrived {
    pub(crate) identity: Identity,
    pub(crate) sender: Sender,
    pub(crate) endpoint: String,
    pub(crate) request: wire::Request,
    pub(crate) body: Incoming,
}

async fn arrive(
    front: &Front,
    target: &Target,
    mut head: Parts,
    body: Body,
    claim: Result<Option<Claim>, Refusal>,
) -> Result<Arrived, Fault> {
    let now = Time(front.env.now().0);
    let service = target.dialect.service;
    let style = if service.signing_name == "s3" { Style::S3 } else { Style::Common };
    let unknown = |why| wording::unknown(service, why, now);
    let claim = claim.map_err(|refusal| unknown(Unknown::Refused(refusal)))?.ok_or_else(|| unknown(Unknown::Unsigned))?;
    let sender = Sender::of(&head, &claim.scope.access_key);
    let endpoint = front.endpoint(&head);
    let in_query = style == Style::S3 && claim.form != Form::Header;
    if target.streams && claim.payload != Payload::Unstated {
        let identity = identify(front, &claim, &head, None, style).map_err(unknown)?;
        if in_query {
            presigned::take_headers(&mut head.headers, &target.head.query);
        }
        let signer = identity.signing_key.clone().map(|key| (&claim, key));
        let body = Incoming::new(service, body, &mut head.headers, &claim.payload, signer);
        return Ok(Arrived { identity, sender, endpoint, request: into_wire_request(head, Bytes::new()), body });
    }
    // A stranger's body is not even read.
    holder(&claim, &front.store.snapshot(), front.only_from_here(&head), front.env.now()).map_err(unknown)?;
    let bytes = body::read(body, front.body_limit).await.map_err(unreadable)?;
    let identity = identify(front, &claim, &head, Some(&bytes), style).map_err(unknown)?;
    if in_query {
        presigned::take_headers(&mut head.headers, &target.head.query);
    }
    let key = identity.signing_key.clone();
    let bytes = body::decode(bytes, &mut head.headers, Some(&claim), key, front.body_limit).map_err(unreadable)?;
    let (request, body) = whole(front, target, head, bytes)?;
    Ok(Arrived { identity, sender, endpoint, request, body })
}

/// A request whose body is all there; handed over as one piece to an operation that takes it as it comes.
pub(crate) fn whole(front: &Front, target: &Target, head: Parts, bytes: Bytes) -> Result<(wire::Request, Incoming), Fault> {
    let service = target.dialect.service;
    if target.streams {
        return Ok((into_wire_request(head, Bytes::new()), Incoming::whole(service, bytes)));
    }
    let request = into_wire_request(head, bytes);
    if let Some(inspect) = served(front, service).and_then(|served| served.inspect) {
        inspect(&request)?;
    }
    Ok((request, Incoming::none(service)))
}

async fn operate(
    front: &Front,
    dialect: Dialect,
    operation: Option<Result<&'static Operation, Fault>>,
    arrived: Arrived,
    request_id: &str,
) -> Result<Response<Body>, Fault> {
    let operation = operation.unwrap_or_else(|| dialect.match_operation(&arrived.request))?;
    let row = row(front, dialect.service, operation.name)?;
    let input = dialect.decode(operation, &arrived.request);
    let snapshot = front.store.snapshot();
    let now = front.env.now();
    usage::note(&front.store, &snapshot, &arrived.identity, dialect.service.signing_name, now).await;
    let circumstances = arrived.sender.circumstances(&arrived.identity.region);
    let authority = front.gate.authority(&snapshot, &arrived.identity, circumstances, now)?;
    let account = arrived.identity.account;
    let cx = Cx {
        account: account.clone(),
        region: arrived.identity.region,
        principal: arrived.identity.principal,
        now,
        env: front.env.clone(),
        request_id: request_id.to_owned(),
        endpoint: arrived.endpoint,
        trace: arrived.sender.trace.clone(),
        checks: Checks::new(front.recorder.is_some()),
        key: arrived.identity.key,
        authority: authority.clone(),
        service: dialect.service,
    };
    let answered = match perform(front, (dialect, operation, row), cx, arrived.sender, input, arrived.body).await {
        Err(fault) if tells_in_secret(dialect.service) => Err(explain(front, &account, &authority, fault).await),
        answered => answered,
    };
    Ok(assemble(&dialect, operation, request_id, answered?))
}

/// Checks the input, lets the handler answer, and tells the recorder.
pub(crate) async fn perform(
    front: &Front,
    (dialect, operation, row): (Dialect, &'static Operation, &Row),
    cx: Cx,
    sender: Sender,
    input: Result<Value, Fault>,
    body: Incoming,
) -> Result<Streamed<Value>, Fault> {
    let pending = front
        .recorder
        .as_deref()
        .map(|recorder| Pending::new(recorder, &front.env, (dialect.service, operation), &cx, sender, input.as_ref().ok()));
    let answered = async {
        let input = input?;
        dialect.validate(operation, &input)?;
        handle(front, row, cx, input, body).await
    };
    let answered = answered.await;
    if let Some(pending) = pending {
        pending.end(answered.as_ref().map(|answer| &answer.output));
    }
    answered
}

/// The answer of success: what the output's members say, and what the handler has said besides.
fn assemble(dialect: &Dialect, operation: &Operation, request_id: &str, answer: Streamed<Value>) -> Response<Body> {
    let mut response = finish(dialect.encode(operation, request_id, &answer.output), request_id, None);
    if let Some(body) = answer.body {
        *response.body_mut() = body;
    }
    if let Some(status) = answer.status.and_then(|status| http::StatusCode::from_u16(status).ok()) {
        *response.status_mut() = status;
    }
    response.headers_mut().extend(answer.headers);
    response
}

/// Whether the service's denials carry an encoded message: EC2's do.
fn tells_in_secret(service: &wire::Service) -> bool {
    service.protocols.first() == Some(&wire::schema::Protocol::Ec2Query)
}

/// A denial with the message that only the account's administrators can decode; any other fault as it is.
async fn explain(front: &Front, account: &AccountId, authority: &Authority, fault: Fault) -> Fault {
    let Some(denial) = authority.take_denial().filter(|_| fault.code == wording::UNAUTHORIZED) else { return fault };
    match encoded::key(&front.store, &front.env).await {
        Ok(key) => {
            let sealed = encoded::seal(&key, &front.env, account, &denial);
            Fault { message: format!("{}. Encoded authorization failure message: {sealed}", fault.message), ..fault }
        }
        Err(error) => Fault::from(error),
    }
}

async fn handle(front: &Front, row: &Row, cx: Cx, input: Value, body: Incoming) -> Result<Streamed<Value>, Fault> {
    if row.lasting_only && cx.is_session_of_user() {
        return Err(wording::unknown(cx.service, Unknown::NoSuchKey, Time(cx.now.0)));
    }
    // A stranger can't make the store grow by naming accounts.
    if cx.principal != Principal::Anonymous {
        front.seen.touch(&front.store, &front.services, &cx).await?;
    }
    let handled = AssertUnwindSafe(async { (row.run)(front.store.clone(), cx, input, body).await }).catch_unwind().await;
    handled.unwrap_or_else(|panic| Err(Fault::internal(format_args!("the handler panicked: {}", panic_text(&*panic)))))
}

pub(crate) fn row<'a>(front: &'a Front, service: &wire::Service, operation: &str) -> Result<&'a Row, Fault> {
    let row = served(front, service).and_then(|served| served.rows.get(operation));
    row.ok_or_else(|| Fault::not_implemented(format_args!("The operation {operation} of {}", service.service_id)))
}

fn served<'a>(front: &'a Front, service: &wire::Service) -> Option<&'a Service> {
    front.services.iter().find(|served| served.api().id == service.id)
}

fn identify(front: &Front, claim: &Claim, head: &Parts, body: Option<&[u8]>, style: Style) -> Result<Identity, Unknown> {
    let now = front.env.now();
    let holder = holder(claim, &front.store.snapshot(), front.only_from_here(head), now)?;
    verify(claim, holder, sigv4_head(head), body, style, now, &front.keys)
}

fn read_claim(head: &Parts) -> Result<Option<Claim>, Refusal> {
    Claim::read(sigv4_head(head))
}

fn sigv4_head(head: &Parts) -> Head<'_> {
    let (path, query) = (head.uri.path(), head.uri.query().unwrap_or_default());
    Head { method: head.method.as_str(), path, query, headers: &head.headers }
}

/// Signatures cover `host`, which HTTP/2 has elsewhere.
fn name_host(head: &mut Parts) {
    head.headers = host_named(std::mem::take(&mut head.headers), &head.uri);
}

/// The headers, `host` among them.
pub(crate) fn host_named(mut headers: HeaderMap, uri: &http::Uri) -> HeaderMap {
    if let Some(Ok(host)) = uri.authority().map(|authority| HeaderValue::from_str(authority.as_str())) {
        headers.entry(http::header::HOST).or_insert(host);
    }
    headers
}

/// The request as the protocols see it, for whoever needs its head afterwards.
pub(crate) fn wire_request(head: &Parts, body: Bytes) -> wire::Request {
    let (method, headers) = (head.method.clone(), head.headers.clone());
    wire::Request { method, path: path(head), query: head.uri.query().unwrap_or_default().to_owned(), headers, body }
}

/// As [`wire_request`], for the last time.
pub(crate) fn into_wire_request(head: Parts, body: Bytes) -> wire::Request {
    let (path, query) = (path(&head), head.uri.query().unwrap_or_default().to_owned());
    wire::Request { method: head.method, path, query, headers: head.headers, body }
}

/// A bucket in the host becomes the first segment of the path, as it would be in a path-style address.
pub(crate) fn path(head: &Parts) -> String {
    let (bucket, path) = (host_of(head).and_then(host::bucket), head.uri.path());
    bucket.map_or_else(|| path.to_owned(), |bucket| format!("/{bucket}{path}"))
}

pub(crate) fn unreadable(error: ReadError) -> Fault {
    use wire::body::BodyError;
    let text = error.to_string();
    match error {
        ReadError::TooLarge(_) | ReadError::Encoding(BodyError::TooLarge { .. }) => {
            Fault::client("RequestEntityTooLarge", text).status(413)
        }
        ReadError::TooSlow => Fault::client("RequestTimeout", text).status(408),
        ReadError::Encoding(BodyError::ChunkSignature) => Fault::client("SignatureDoesNotMatch", text).status(403),
        ReadError::UnknownEncoding(_) => Fault::client("UnsupportedMediaType", text).status(415),
        ReadError::Encoding(BodyError::Incomplete) | ReadError::Broken => Fault::client("IncompleteBody", text),
        ReadError::Encoding(BodyError::Malformed(_)) => Fault::client("InvalidRequest", text),
    }
}

/// A service whose dialect stands in where the request is for none that is known.
pub(crate) fn stand_in(head: &Parts) -> &'static wire::Service {
    let json = |value: &HeaderValue| value.to_str().is_ok_and(|text| text.contains("json"));
    let speaks_json = head.headers.contains_key("x-amz-target") || head.headers.get(http::header::CONTENT_TYPE).is_some_and(json);
    if speaks_json { &::api::ecr::SERVICE } else { &::api::sts::SERVICE }
}

pub(crate) fn refuse_service(head: &Parts, request_id: &str, fault: Fault) -> Response<Body> {
    let dialect = Dialect::of(stand_in(head), &wire_request(head, Bytes::new()));
    finish(dialect.encode_fault(request_id, &fault), request_id, Some(&fault))
}

pub(crate) fn finish(answer: wire::Response, request_id: &str, fault: Option<&Fault>) -> Response<Body> {
    if let Some(fault) = fault.filter(|fault| fault.internal.is_some()) {
        tracing::error!(request_id, %fault, "a request failed");
    }
    let mut response = Response::new(body::full(answer.body));
    *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or(http::StatusCode::INTERNAL_SERVER_ERROR);
    *response.headers_mut() = answer.headers;
    identify_answer(response.headers_mut(), request_id);
    response
}

fn identify_answer(headers: &mut HeaderMap, request_id: &str) {
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.entry("x-amzn-requestid").or_insert(value);
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words")
}

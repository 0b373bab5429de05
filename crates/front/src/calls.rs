//! Calls that services make of each other, within the process.
//!
//! A service that wants something of another asks for it as everybody does: by an operation of its API, in somebody's name. So permissions hold,
//! the trail knows of it, and no service has to know another's insides. What is spared is HTTP and the signature.

use crate::{
    Cx, Front, Incoming, Streamed,
    api::{perform, row, unreadable},
    auth::{
        assume::{ServicePrincipal, assumable},
        authority::Authority,
        context::Circumstances,
    },
    body,
    record::{Checks, Sender},
    table::Row,
};
use bytes::Bytes;
use model::{
    AccountId, Arn, Region,
    delivery::{Caller, Request},
    iam::{AccessKeySpec, Principal, Session, SessionTerms},
};
use spine::Snapshot;
use std::sync::{Arc, OnceLock, Weak};
use wire::{Dialect, Fault, Operation, Service, Value};

/// The largest body of an answer that is held as a whole: a function's code may have 250 MB unpacked.
const LARGEST_ANSWER: usize = 256 << 20;

/// A way to the front for those who are part of it. Clones lead to the same front.
#[derive(Clone, Default)]
pub struct Calls(Arc<OnceLock<Weak<Front>>>);

/// Where a call acts: the account and the region.
pub type Place<'a> = (&'a AccountId, &'a Region);

impl Calls {
    /// From now on calls go to that front. It is said once, when the front is put together.
    pub fn connect(&self, front: &Arc<Front>) {
        let _ = self.0.set(Arc::downgrade(front));
    }

    /// Calls an operation, such as `SendMessage` of `sqs`, the name of its model. A service calls in the account of what it acts on; a
    /// role in its own.
    ///
    /// # Errors
    /// Those of the operation; `AccessDenied` if the role doesn't let the service assume it; `501` of what isn't built.
    pub async fn call(
        &self,
        by: &Caller,
        place: Place<'_>,
        (service, operation): (&str, &str),
        input: Value,
    ) -> Result<Value, Fault> {
        let front = self.front()?;
        let (service, operation) = find(service, operation)?;
        make(&front, (by, None), place, (service, operation), Ok(input)).await
    }

    /// As [`Calls::call`], of a request as it is kept in records.
    ///
    /// # Errors
    /// As those of [`Calls::call`], and a serialization fault if the input isn't one of the operation's.
    pub async fn make(&self, by: &Caller, place: Place<'_>, request: &Request) -> Result<Value, Fault> {
        let front = self.front()?;
        let (service, operation) = find(&request.service, &request.operation)?;
        let json = serde_json::from_str(&request.input);
        let json = json.map_err(|error| Fault::serialization(format!("The input is not valid JSON: {error}")));
        let input = json.and_then(|json| Dialect::input_of(service, operation, json));
        make(&front, (by, request.trace.as_ref()), place, (service, operation), input).await
    }

    /// Calls an operation in the name of whoever makes the request of `cx`, as services do for what a request is about besides (IAM user
    /// guide, "Forward access sessions").
    ///
    /// # Errors
    /// Those of the operation; `501` of what isn't built.
    pub async fn forward(&self, cx: &Cx, (service, operation): (&str, &str), input: Value) -> Result<Value, Fault> {
        let front = self.front()?;
        let (service, operation) = find(service, operation)?;
        let through = format!("{}.amazonaws.com", cx.service.signing_name);
        let access_key_id = cx.access_key_id().unwrap_or_default().to_owned();
        let sender = Sender { access_key_id, user_agent: Some(through), ..Sender::default() };
        let checks = Checks::new(front.recorder.is_some());
        let cx = Cx { request_id: front.env.uuid(), checks, service, ..cx.clone() };
        ask(&front, (service, operation), cx, sender, Ok(input)).await
    }

    fn front(&self) -> Result<Arc<Front>, Fault> {
        let front = self.0.get().and_then(Weak::upgrade);
        front.ok_or_else(|| Fault::internal("a service has made a call of a cloud that isn't there"))
    }
}

/// The operation, if the model of the service has it.
pub fn find(service: &str, operation: &str) -> Result<(&'static Service, &'static Operation), Fault> {
    let known = ::api::SERVICES.iter().find(|known| known.id == service).copied();
    let known = known.ok_or_else(|| Fault::not_implemented(format_args!("The service {service:?}")))?;
    let found = known.operations.iter().find(|known| known.name == operation);
    let missing = || Fault::not_implemented(format_args!("The operation {operation} of {}", known.service_id));
    Ok((known, found.ok_or_else(missing)?))
}

async fn make(
    front: &Front,
    (by, trace): (&Caller, Option<&String>),
    (account, region): Place<'_>,
    (service, operation): (&'static Service, &'static Operation),
    input: Result<Value, Fault>,
) -> Result<Value, Fault> {
    let sender = Sender { user_agent: Some(principal_name(by).to_owned()), ..Sender::default() };
    let snapshot = front.store.snapshot();
    let standing = standing(front, &snapshot, by, (account, region), sender.circumstances(region))?;
    let cx = Cx {
        account: standing.account,
        region: region.clone(),
        principal: standing.principal,
        now: front.env.now(),
        env: front.env.clone(),
        request_id: front.env.uuid(),
        endpoint: front.config.endpoint.clone(),
        trace: trace.cloned(),
        checks: Checks::new(front.recorder.is_some()),
        key: standing.key,
        authority: standing.authority,
        service,
    };
    ask(front, (service, operation), cx, sender, input).await
}

async fn ask(
    front: &Front,
    (service, operation): (&'static Service, &'static Operation),
    cx: Cx,
    sender: Sender,
    input: Result<Value, Fault>,
) -> Result<Value, Fault> {
    let row = row(front, service, operation.name)?;
    let (input, body) = apart(service, operation, row, input);
    let answer = perform(front, (Dialect::preferred(service), operation, row), cx, sender, input, body).await?;
    together(service, operation, answer).await
}

/// The input of an operation that takes its body as it comes, and that body.
fn apart(
    service: &'static Service,
    operation: &Operation,
    row: &Row,
    mut input: Result<Value, Fault>,
) -> (Result<Value, Fault>, Incoming) {
    let structure = operation.input.and_then(|id| service.shape(id).structure());
    let payload = structure.and_then(|it| it.payload).filter(|_| row.streams);
    let (Some(name), Ok(Value::Struct(members))) = (payload, &mut input) else { return (input, Incoming::none(service)) };
    let body = members.extract_if(.., |(member, _)| *member == name).last();
    let bytes = if let Some((_, Value::Blob(bytes))) = body { bytes } else { Bytes::new() };
    (input, Incoming::whole(service, bytes))
}

/// The output, with the body of an answer that streams as the member that it is.
async fn together(service: &Service, operation: &Operation, answer: Streamed<Value>) -> Result<Value, Fault> {
    let structure = operation.output.and_then(|id| service.shape(id).structure());
    let (Some(body), Some(name)) = (answer.body, structure.and_then(|it| it.payload)) else { return Ok(answer.output) };
    let bytes = body::read(body, LARGEST_ANSWER).await.map_err(unreadable)?;
    let Value::Struct(mut members) = answer.output else { return Ok(answer.output) };
    members.push((name, Value::Blob(bytes)));
    Ok(Value::Struct(members))
}

fn principal_name(by: &Caller) -> &str {
    let (Caller::Service { name, .. } | Caller::Role { service: name, .. }) = by;
    name
}

/// Who calls, and what they may do.
struct Standing {
    account: AccountId,
    principal: Principal,
    key: Option<Arc<AccessKeySpec>>,
    authority: Authority,
}

fn standing(
    front: &Front,
    snapshot: &Snapshot,
    by: &Caller,
    (account, _): Place<'_>,
    circumstances: Circumstances,
) -> Result<Standing, Fault> {
    let now = front.env.now();
    match by {
        Caller::Service { name, source, account: source_account } => {
            let principal = Principal::Service { name: name.clone() };
            let of = (source, source_account);
            let authority = Authority::of_service(&front.gate, snapshot, (account, &principal), of, circumstances, now);
            Ok(Standing { account: account.clone(), principal, key: None, authority })
        }
        Caller::Role { role, session, service, source } => {
            let key = Arc::new(session_of(front, snapshot, (role, session), (service, source))?);
            let authority = Authority::of_key(&front.gate, snapshot, ("", key.clone()), circumstances, now)?;
            let (account, principal) = (key.account.clone(), key.principal.clone());
            Ok(Standing { account, principal, key: Some(key), authority })
        }
    }
}

/// A session of the role that ends with the call, for which no key is issued.
fn session_of(
    front: &Front,
    snapshot: &Snapshot,
    (role, session): (&str, &str),
    (service, source): (&str, &Arn),
) -> Result<AccessKeySpec, Fault> {
    let denied = |why: String| Fault::client("AccessDenied", why).status(403);
    let owner = role.parse::<Arn>().ok().and_then(|arn| AccountId::parse(&arn.account).ok());
    let owner = owner.ok_or_else(|| denied(format!("{role} is not the ARN of a role")))?;
    let principal = ServicePrincipal { name: service, account: &owner, source };
    let found = assumable(snapshot, principal, role)?.map_err(|why| denied(why.to_string()))?;
    let now = front.env.now();
    let terms = SessionTerms { tags: found.tags.clone(), ..SessionTerms::default() };
    Ok(AccessKeySpec {
        account: owner,
        principal: found.session(session),
        secret: String::new(),
        created_at: now,
        inactive: false,
        session: Some(Session { terms, expires_at: now, ..Session::default() }),
    })
}

//! A request's way through a load balancer, in phases: it is admitted, a rule is found, the rule's action is done, the answer is
//! passed back.

mod admit;
mod body;
mod forward;
mod headers;
mod page;
mod sticky;
mod upgrade;

pub(crate) use body::Body;
pub(crate) use page::page_text;
use page::{plain_page, unknown_host};

use crate::{
    quiet::Activity,
    routes::{Action, Door, Listener},
    shared::Shared,
};
use admit::Head;
use http::{Request, Response, StatusCode, header};
use hyper::body::Incoming;
use logic::balancer::redirect::Origin;
use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

/// The connection on which requests come in.
pub(crate) struct Client {
    pub(crate) shared: Arc<Shared>,
    pub(crate) door: Door,
    /// The other end.
    pub(crate) address: SocketAddr,
    /// The balancer's address to which it connected, inside a VPC.
    pub(crate) arrived_at: Option<Ipv4Addr>,
    /// Over TLS.
    pub(crate) secure: bool,
    pub(crate) activity: Arc<Activity>,
}

/// Answers a request. Errors become answers.
pub(crate) async fn serve(client: Arc<Client>, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    Ok(answer(&client, request).await.unwrap_or_else(|refusal| refusal.answer()))
}

/// Why a request was not passed on.
pub(crate) enum Refusal {
    /// Answered with this status code and the small page of the real service.
    Page(StatusCode),
    /// The host names no balancer; these names are known.
    UnknownHost(Vec<String>),
}

impl Refusal {
    fn answer(self) -> Response<Body> {
        match self {
            Self::Page(status) => plain_page(status),
            Self::UnknownHost(known) => unknown_host(&known),
        }
    }
}

async fn answer(client: &Arc<Client>, mut request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
    let handed_over = admit::handed_over(client, &mut request);
    let head = Head::admit(&request)?;
    let routes = client.shared.routes();
    if !client.secure && routes.is_only_tls(&client.door) {
        return Err(Refusal::Page(StatusCode::BAD_REQUEST));
    }
    let listener = routes.listener(&client.door, client.secure, &head.host, handed_over.port).map_err(Refusal::UnknownHost)?;
    let source = handed_over.client.unwrap_or(client.address);
    match rule(&listener, &head, &request, source)? {
        Action::Forward { groups, stickiness } => {
            let exchange = forward::Exchange { client, listener: &listener, source, groups, group_stickiness: *stickiness };
            exchange.run(head, request).await
        }
        Action::Redirect { permanent, to } => redirect(*permanent, &to.location(&origin(&listener, &head))),
        Action::FixedResponse { status, content_type, body } => page::fixed(*status, content_type.as_deref(), body),
    }
}

fn rule<'l>(listener: &'l Listener, head: &Head, request: &Request<Incoming>, source: SocketAddr) -> Result<&'l Action, Refusal> {
    let view = logic::route_match::Request {
        method: request.method().as_str(),
        host: &head.host,
        path: &head.path,
        query: head.query.as_deref(),
        source: source.ip(),
        headers: request.headers(),
    };
    let rule = logic::route_match::first(&listener.rules, |rule| &rule.conditions, &view);
    rule.map(|rule| &rule.action).ok_or(Refusal::Page(StatusCode::SERVICE_UNAVAILABLE))
}

fn origin<'a>(listener: &Listener, head: &'a Head) -> Origin<'a> {
    Origin {
        protocol: headers::scheme(listener),
        host: &head.host,
        port: listener.port,
        path: &head.path,
        query: head.query.as_deref().unwrap_or_default(),
    }
}

fn redirect(permanent: bool, location: &str) -> Result<Response<Body>, Refusal> {
    let status = if permanent { StatusCode::MOVED_PERMANENTLY } else { StatusCode::FOUND };
    let mut response = plain_page(status);
    let location = location.parse().map_err(|_| Refusal::Page(StatusCode::BAD_REQUEST))?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

//! The forward action: a group, a target in it, a connection to that, the request over it, and the answer back.

use super::{
    Body, Client, Refusal,
    admit::Head,
    body::{Rest, relayed},
    headers, sticky, upgrade,
};
use crate::{
    quiet::Activity,
    routes::{Group, Listener, Target},
    target::{DialError, InFlight, RequestBody, Sender},
};
use http::{Request, Response, StatusCode, Version, uri::PathAndQuery};
use hyper::{body::Incoming, client::conn::TrySendError, upgrade::OnUpgrade};
use logic::balancer::{
    choice::{self, Candidate},
    cookie::Kind,
};
use std::{
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

/// The time that connecting to a target may take ("Troubleshoot your Application Load Balancers", *HTTP 504*).
const CONNECT: Duration = Duration::from_secs(10);

/// One request that is passed on.
pub(super) struct Exchange<'a> {
    pub(super) client: &'a Arc<Client>,
    pub(super) listener: &'a Arc<Listener>,
    pub(super) source: SocketAddr,
    pub(super) groups: &'a [(Arc<Group>, u32)],
    pub(super) group_stickiness: Option<Duration>,
}

/// What waits for the target's answer.
struct Waiting {
    activity: Arc<Activity>,
    /// All of the request has come from the client.
    complete: Arc<AtomicBool>,
}

/// A connection on which the request can go, to the target that was chosen.
struct Line<'a> {
    target: &'a Arc<Target>,
    sender: Sender,
    in_flight: InFlight,
}

impl Exchange<'_> {
    /// Passes the request on and the answer back.
    pub(super) async fn run(&self, head: Head, mut request: Request<Incoming>) -> Result<Response<Body>, Refusal> {
        let _excuse = self.client.activity.excuse();
        let gone = NoteIfGone::new(self);
        let group = self.group(request.headers())?.clone();
        let stuck = group.stickiness.and_then(|_| sticky::sticks_to(&self.client.shared, Kind::Target, request.headers()));
        let upgrading = headers::upgrade(request.headers()).map(|_| hyper::upgrade::on(&mut request));
        let waiting = Waiting { activity: Activity::new(self.client.shared.env.clone()), complete: Arc::default() };
        let request = self.outgoing(&head, request, &waiting, &group)?;
        let answered = self.send(&group, stuck.as_deref(), request, &waiting).await;
        gone.answered();
        let (line, response) = answered?;
        self.pass_back(&group, line, response, upgrading)
    }

    /// The group to which the client sticks, else one by weight.
    fn group(&self, headers: &http::HeaderMap) -> Result<&Arc<Group>, Refusal> {
        let shared = &self.client.shared;
        let stuck = self.group_stickiness.and_then(|_| sticky::sticks_to(shared, Kind::Group, headers));
        let stuck = stuck.and_then(|arn| self.groups.iter().find(|(group, _)| group.arn == arn));
        let by_weight =
            || choice::group(self.groups.iter().map(|(_, weight)| *weight), draw(self.client)).map(|chosen| &self.groups[chosen]);
        stuck.or_else(by_weight).map(|(group, _)| group).ok_or(Refusal::Page(StatusCode::SERVICE_UNAVAILABLE))
    }

    /// The request as the target gets it.
    fn outgoing(
        &self,
        head: &Head,
        request: Request<Incoming>,
        waiting: &Waiting,
        group: &Group,
    ) -> Result<Request<RequestBody>, Refusal> {
        let (mut parts, body) = request.into_parts();
        let trailers = group.http2 && headers::takes_trailers(&parts.headers);
        headers::for_target(&mut parts.headers, self.client, self.listener, head, self.source);
        if trailers {
            parts.headers.insert(http::header::TE, http::HeaderValue::from_static("trailers"));
        }
        let target = parts.uri.path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
        let bad = |_| Refusal::Page(StatusCode::BAD_REQUEST);
        parts.uri = match group.http2 {
            true => {
                parts.headers.remove(http::header::HOST);
                let scheme = if group.tls { "https" } else { "http" };
                http::Uri::builder()
                    .scheme(scheme)
                    .authority(head.authority.as_str())
                    .path_and_query(target)
                    .build()
                    .map_err(bad)?
            }
            false => target.into(),
        };
        parts.version = if group.http2 { Version::HTTP_2 } else { Version::HTTP_11 };
        let body = RequestBody::new(body, waiting.activity.clone(), waiting.complete.clone());
        Ok(Request::from_parts(parts, body))
    }

    /// Tries targets until one has answered. Another is tried only while nothing of the request has been sent.
    async fn send<'g>(
        &self,
        group: &'g Group,
        stuck: Option<&str>,
        mut request: Request<RequestBody>,
        waiting: &Waiting,
    ) -> Result<(Line<'g>, Response<Incoming>), Refusal> {
        let mut tried = Vec::new();
        loop {
            let (index, target) = self.choose(group, stuck, &tried)?;
            let (mut line, fresh) = match self.line(group, target).await {
                Ok(line) => line,
                Err(DialError::TimedOut) => return refuse(StatusCode::GATEWAY_TIMEOUT),
                // It won't be chosen again.
                Err(DialError::Draining) => continue,
                Err(error) => {
                    tracing::debug!(target = %target.address, %error, "can't connect");
                    tried.push(index);
                    continue;
                }
            };
            match self.answer(&mut line, request, waiting).await? {
                Ok(response) => return Ok((line, response)),
                Err(unsent) => request = unsent,
            }
            if fresh {
                tried.push(index);
            }
        }
    }

    /// A target, of those that were not tried yet: 503 if there never was one, 502 if all were tried.
    fn choose<'g>(&self, group: &'g Group, stuck: Option<&str>, tried: &[usize]) -> Result<(usize, &'g Arc<Target>), Refusal> {
        let candidates: Vec<Candidate> = (0..group.targets.len()).map(|index| self.candidate(group, index, tried)).collect();
        let usable = |index: &usize| candidates[*index].open && candidates[*index].healthy;
        let by_cookie = stuck
            .and_then(|name| group.targets.iter().position(|target| sticky::target_name(group, target) == name))
            .filter(usable);
        let by_turn = || choice::target(&candidates, group.algorithm, group.turn.fetch_add(1, Relaxed), draw(self.client));
        let none = || Refusal::Page(if tried.is_empty() { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::BAD_GATEWAY });
        by_cookie.or_else(by_turn).map(|index| (index, &group.targets[index])).ok_or_else(none)
    }

    fn candidate(&self, group: &Group, index: usize, tried: &[usize]) -> Candidate {
        let target = &group.targets[index];
        let healthy_since = target.live.healthy_since();
        let age = |since| self.client.shared.env.now().since(since);
        Candidate {
            healthy: !group.check.enabled || healthy_since.is_some(),
            open: !target.live.is_draining() && !tried.contains(&index),
            in_flight: target.live.in_flight(),
            share: healthy_since.map_or(choice::FULL_SHARE, |since| choice::share(age(since), group.slow_start)),
        }
    }

    /// A connection that waits in the target's pool, or a fresh one.
    async fn line<'g>(&self, group: &Group, target: &'g Arc<Target>) -> Result<(Line<'g>, bool), DialError> {
        let shared = &self.client.shared;
        let in_flight = target.live.enter().ok_or(DialError::Draining)?;
        let idle = self.listener.balancer.idle_timeout;
        if let Some(sender) = target.live.pool.take(shared.env.now(), idle) {
            return Ok((Line { target, sender, in_flight }, false));
        }
        let stream =
            shared.dialler.dial(&group.vpc, self.dial_from(group), target.address, group.tls, group.http2, CONNECT).await?;
        let sender = Sender::start(stream, group.http2).await.map_err(std::io::Error::other)?;
        if let Some(shared_sender) = sender.share() {
            target.live.pool.put(shared_sender, shared.env.now());
        }
        Ok((Line { target, sender, in_flight }, true))
    }

    /// From the address at which the client came in, else the balancer's first.
    fn dial_from(&self, group: &Group) -> Ipv4Addr {
        self.client.arrived_at.unwrap_or(group.dialled_from)
    }

    /// The target's answer, or the request if nothing of it was sent.
    async fn answer(
        &self,
        line: &mut Line<'_>,
        request: Request<RequestBody>,
        waiting: &Waiting,
    ) -> Result<Result<Response<Incoming>, Request<RequestBody>>, Refusal> {
        waiting.activity.touch();
        tokio::select! {
            answer = line.sender.send(request) => answer.map(Ok).or_else(|error| unsent(error, line.target)),
            () = waiting.activity.silence(self.listener.balancer.idle_timeout) => match waiting.complete.load(Relaxed) {
                true => refuse(StatusCode::GATEWAY_TIMEOUT),
                false => refuse(StatusCode::REQUEST_TIMEOUT),
            },
        }
    }

    fn pass_back(
        &self,
        group: &Arc<Group>,
        line: Line<'_>,
        mut response: Response<Incoming>,
        upgrading: Option<OnUpgrade>,
    ) -> Result<Response<Body>, Refusal> {
        let Line { target, sender, in_flight } = line;
        let shared = self.client.shared.clone();
        if response.status() == StatusCode::SWITCHING_PROTOCOLS {
            let Some(client) = upgrading else { return refuse(StatusCode::BAD_GATEWAY) };
            let far = hyper::upgrade::on(&mut response);
            upgrade::relay(shared, client, far, self.listener.balancer.idle_timeout, in_flight);
            return Ok(response.map(|_| super::body::text(String::new())));
        }
        let (mut parts, body) = response.into_parts();
        parts.version = Version::HTTP_11;
        headers::strip_hop_by_hop(&mut parts.headers);
        sticky::set_cookies(&shared, &mut parts.headers, group, target, self.group_stickiness, self.listener.tls.is_some());
        let rest = Rest { shared, live: target.live.clone(), sender, in_flight };
        Ok(Response::from_parts(parts, relayed(body, rest)))
    }
}

/// Gives a request back of which nothing was sent; otherwise the target broke off, or answered what isn't HTTP: 502.
fn unsent(
    mut error: TrySendError<Request<RequestBody>>,
    target: &Target,
) -> Result<Result<Response<Incoming>, Request<RequestBody>>, Refusal> {
    tracing::debug!(target = %target.address, error = %error.error(), "no answer");
    error.take_message().map(Err).ok_or(Refusal::Page(StatusCode::BAD_GATEWAY))
}

fn draw(client: &Client) -> u64 {
    u64::from_ne_bytes(client.shared.env.bytes())
}

fn refuse<T>(status: StatusCode) -> Result<T, Refusal> {
    Err(Refusal::Page(status))
}

/// Writes into the log that the client went away before it had its answer; the real service counts that as 460.
struct NoteIfGone<'a> {
    exchange: &'a Exchange<'a>,
    answered: AtomicBool,
}

impl<'a> NoteIfGone<'a> {
    fn new(exchange: &'a Exchange<'a>) -> Self {
        Self { exchange, answered: AtomicBool::new(false) }
    }

    fn answered(&self) {
        self.answered.store(true, Relaxed);
    }
}

impl Drop for NoteIfGone<'_> {
    fn drop(&mut self) {
        if !self.answered.load(Relaxed) {
            tracing::debug!(client = %self.exchange.source, listener = %self.exchange.listener.arn, "460: the client went away before it was answered");
        }
    }
}

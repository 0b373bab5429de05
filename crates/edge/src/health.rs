//! Health checks: a task for each target that asks it, at its group's interval, and judges the answer.

use crate::{
    routes::{Group, Routes, Target},
    shared::Shared,
    target::{DialError, Live, Stream},
};
use agent_proto::edge::HealthCheck;
use bytes::Bytes;
use http::{HeaderValue, Request, Version, header};
use http_body_util::Empty;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use logic::balancer::health::{Failure, Outcome, Thresholds, judge_status};
use std::{
    net::{Ipv4Addr, SocketAddrV4},
    sync::Arc,
    time::Duration,
};
use tokio::{sync::watch, task::AbortHandle};

/// After how long it is tried again to ask when our own end is not there.
const NOT_THERE: Duration = Duration::from_millis(500);

/// What a check is. When any of it changes the checking begins anew; what was found out about the target stays.
#[derive(Clone, PartialEq)]
struct Check {
    vpc: Arc<str>,
    from: Ipv4Addr,
    to: SocketAddrV4,
    http2: bool,
    settings: HealthCheck,
}

/// A task that checks a target. It ends when this is dropped.
struct Checking {
    check: Check,
    live: Arc<Live>,
    task: AbortHandle,
}

impl Drop for Checking {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Keeps every target of the routes checked. Ends when `closing` says so.
pub(crate) async fn keep_checking(shared: Arc<Shared>, mut closing: watch::Receiver<bool>) {
    let mut replaced = shared.replaced.subscribe();
    let mut checking = Vec::new();
    loop {
        replaced.borrow_and_update();
        checking = adjusted(&shared, &shared.routes(), checking);
        tokio::select! {
            _ = replaced.changed() => {}
            _ = closing.wait_for(|closing| *closing) => return,
        }
    }
}

/// The tasks that go on, and new ones. All others end.
fn adjusted(shared: &Arc<Shared>, routes: &Routes, mut before: Vec<Checking>) -> Vec<Checking> {
    let groups = routes.groups.values().filter(|group| group.check.enabled);
    let targets = groups.flat_map(|group| group.targets.iter().map(move |target| (group, target)));
    let wanted = targets
        .filter(|(_, target)| !target.live.is_draining())
        .map(|(group, target)| (check(group, target), target.live.clone()));
    wanted
        .map(|(check, live)| {
            let same = |checking: &Checking| Arc::ptr_eq(&checking.live, &live) && checking.check == check;
            match before.iter().position(same) {
                Some(index) => before.swap_remove(index),
                None => {
                    let task = tokio::spawn(keep_asking(shared.clone(), check.clone(), live.clone())).abort_handle();
                    Checking { check, live, task }
                }
            }
        })
        .collect()
}

fn check(group: &Group, target: &Target) -> Check {
    let to = SocketAddrV4::new(*target.address.ip(), group.check.port.unwrap_or(target.address.port()));
    Check { vpc: group.vpc.clone(), from: group.dialled_from, to, http2: group.http2, settings: group.check.clone() }
}

/// Asks at once, then at every interval, however long an answer took.
async fn keep_asking(shared: Arc<Shared>, check: Check, live: Arc<Live>) {
    let thresholds = Thresholds { healthy: check.settings.healthy_threshold, unhealthy: check.settings.unhealthy_threshold };
    loop {
        let next = shared.env.now() + check.settings.interval;
        let outcome = tokio::select! {
            outcome = ask(&shared, &check) => outcome,
            () = shared.env.sleep(check.settings.timeout) => Some(Outcome::Failed(Failure::TimedOut)),
        };
        tracing::debug!(target = %check.to, ?outcome, "health check");
        match outcome {
            Some(outcome) => {
                live.judge(outcome, thresholds, shared.env.now());
                shared.env.clock.sleep_until(next).await;
            }
            None => shared.env.sleep(NOT_THERE).await,
        }
    }
}

/// None if we could not ask because our own end is not there.
async fn ask(shared: &Shared, check: &Check) -> Option<Outcome> {
    let settings = &check.settings;
    match shared.dialler.dial(&check.vpc, check.from, check.to, settings.tls, check.http2, settings.timeout).await {
        Ok(stream) => Some(
            status(stream, check)
                .await
                .map_or(Outcome::Failed(Failure::Broken), |status| judge_status(status, &settings.matcher)),
        ),
        Err(DialError::NotThere(_)) => None,
        Err(DialError::TimedOut) => Some(Outcome::Failed(Failure::TimedOut)),
        Err(DialError::Failed(_) | DialError::Draining) => Some(Outcome::Failed(Failure::Broken)),
    }
}

/// The status code of the answer; none if there is no sound answer. The connection is closed after it.
async fn status(stream: Box<dyn Stream>, check: &Check) -> Option<u16> {
    let request = request(check)?;
    let io = TokioIo::new(stream);
    if check.http2 {
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), io).await.ok()?;
        return answered(connection, sender.send_request(request)).await;
    }
    let (mut sender, connection) = http1::handshake(io).await.ok()?;
    answered(connection, sender.send_request(request)).await
}

/// Runs the connection until the answer's head is there.
async fn answered<B>(connection: impl Future, answer: impl Future<Output = hyper::Result<http::Response<B>>>) -> Option<u16> {
    let connection = async {
        connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        answer = answer => answer.ok().map(|answer| answer.status().as_u16()),
        () = connection => None,
    }
}

/// As the real one asks: HTTP/1.1, and `User-Agent: ELB-HealthChecker/2.0`.
fn request(check: &Check) -> Option<Request<Empty<Bytes>>> {
    let scheme = if check.settings.tls { "https" } else { "http" };
    let default_port = if check.settings.tls { 443 } else { 80 };
    let host = if check.to.port() == default_port { check.to.ip().to_string() } else { check.to.to_string() };
    let uri = if check.http2 { format!("{scheme}://{host}{}", check.settings.path) } else { check.settings.path.clone() };
    let request = Request::get(uri).header(header::USER_AGENT, HeaderValue::from_static("ELB-HealthChecker/2.0"));
    let request = match check.http2 {
        true => request.version(Version::HTTP_2),
        false => request.header(header::HOST, host).header(header::CONNECTION, "close"),
    };
    request.body(Empty::new()).ok()
}

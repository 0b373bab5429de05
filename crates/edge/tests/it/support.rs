//! A world for a test: an edge in this process, targets, clients, and tables to begin with.

use agent_proto::edge::*;
use edge::{Config, Link, LinkConfig, Networks};
use model::Env;
use std::{
    collections::BTreeMap,
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, SocketAddr},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::oneshot,
    task::JoinHandle,
};

pub const VPC: &str = "vpc-1";
pub const PORT: u16 = 8080;
pub const GROUP: &str = "arn:group";
pub const LISTENER: &str = "arn:listener";
pub const BALANCER: &str = "arn:balancer";

/// Longer than anything here takes, also on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A loopback address that no other test uses: the first bytes are of this process, the last is counted.
pub fn address() -> Ipv4Addr {
    static LAST: AtomicU8 = AtomicU8::new(1);
    let process = std::process::id();
    Ipv4Addr::new(127, 1 + (process >> 8 & 0x7f) as u8, process as u8, LAST.fetch_add(1, SeqCst))
}

/// A port that is free on 127.0.0.1 just now: none of those out of which the kernel takes one for each connection, and might before this
/// one is listened at.
pub fn free_port() -> u16 {
    let any = || 10_000 + (RandomState::new().hash_one(0) % 22_768) as u16;
    std::iter::repeat_with(any).find(|port| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap()
}

/// An edge that runs in this process, and the link to it.
pub struct World {
    pub folder: TempDir,
    pub link: Link,
    pub dns_port: u16,
    edge: Option<(oneshot::Sender<()>, JoinHandle<()>)>,
}

impl World {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dns_port = free_port();
        let link = Link::start(link_config(folder.path(), "/nonexistent".as_ref()), Env::system());
        let mut world = Self { folder, link, dns_port, edge: None };
        world.start_edge();
        world
    }

    /// A world that serves this table.
    pub async fn serving(table: &Table) -> Self {
        let world = Self::start().await;
        world.apply(table).await;
        world
    }

    pub fn start_edge(&mut self) {
        let config = Config {
            runtime: self.folder.path().join("run"),
            data: self.folder.path().join("data"),
            networks: Networks::Loopback { dns_port: self.dns_port },
        };
        let (stop, stopped) = oneshot::channel();
        let running = async move {
            edge::run(config, Env::system(), async { drop(stopped.await) }).await.unwrap();
        };
        self.edge = Some((stop, tokio::spawn(running)));
    }

    pub async fn stop_edge(&mut self) {
        let (stop, running) = self.edge.take().unwrap();
        drop(stop);
        running.await.unwrap();
    }

    /// Applies a table; when this returns its doors are open.
    pub async fn apply(&self, table: &Table) {
        self.link.apply(table.clone()).await.unwrap();
    }

    /// Waits until the report is as it should be.
    pub async fn report(&self, fits: impl FnMut(&Arc<Report>) -> bool) -> Arc<Report> {
        let mut report = self.link.report();
        let fitting = tokio::time::timeout(PATIENCE, report.wait_for(fits)).await;
        fitting.unwrap_or_else(|_| panic!("the last report: {:?}", self.link.report().borrow())).unwrap().clone()
    }

    /// Waits until so many of the group's targets are healthy.
    pub async fn healthy(&self, count: usize) {
        let healthy = |report: &Arc<Report>| {
            report.targets.values().flatten().filter(|target| target.health == TargetHealth::Healthy).count()
        };
        self.report(|report| healthy(report) == count).await;
    }
}

pub fn link_config(folder: &Path, exe: &Path) -> LinkConfig {
    LinkConfig { exe: exe.into(), runtime: folder.join("run"), data: folder.join("data"), args: vec![] }
}

/// Connects as soon as somebody listens.
pub async fn connect(to: impl Into<SocketAddr>) -> TcpStream {
    let to = to.into();
    let trying = async {
        loop {
            match TcpStream::connect(to).await {
                Ok(stream) => return stream,
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, trying).await.unwrap_or_else(|_| panic!("nobody listens at {to}"))
}

/// Sends bytes and returns everything that comes until the other end closes.
pub async fn send(to: impl Into<SocketAddr>, bytes: impl AsRef<[u8]>) -> String {
    let mut stream = connect(to).await;
    // It may have been answered and closed before all was read.
    let _ = stream.write_all(bytes.as_ref()).await;
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an answer in time");
    String::from_utf8_lossy(&answer).into_owned()
}

/// A GET on a connection of its own.
pub async fn get(to: impl Into<SocketAddr>, host: &str, path: &str) -> String {
    send(to, format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")).await
}

/// Reads until the text has come.
pub async fn read_until(stream: &mut (impl AsyncReadExt + Unpin), text: &str) -> String {
    let mut seen = Vec::new();
    while !String::from_utf8_lossy(&seen).contains(text) {
        let mut byte = [0; 512];
        let length =
            tokio::time::timeout(PATIENCE, stream.read(&mut byte)).await.expect("it in time").expect("a whole connection");
        assert!(length > 0, "ended after {:?}", String::from_utf8_lossy(&seen));
        seen.extend(&byte[..length]);
    }
    String::from_utf8_lossy(&seen).into_owned()
}

pub fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap_or(answer)
}

pub fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

/// The value of a header field, compared without regard to case.
pub fn field<'a>(message: &'a str, name: &str) -> Option<&'a str> {
    let lines = message.split("\r\n\r\n").next()?.lines();
    lines.filter_map(|line| line.split_once(':')).find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// A server that does with each connection what it is told.
pub struct Backend {
    pub address: Ipv4Addr,
    task: JoinHandle<()>,
}

impl Backend {
    pub async fn start<F: Future<Output = ()> + Send>(serve: impl Fn(TcpStream) -> F + Send + Clone + 'static) -> Self {
        Self::start_at(address(), serve).await
    }

    pub async fn start_at<F: Future<Output = ()> + Send>(
        address: Ipv4Addr,
        serve: impl Fn(TcpStream) -> F + Send + Clone + 'static,
    ) -> Self {
        let listener = TcpListener::bind((address, PORT)).await.unwrap();
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let serve = serve.clone();
                tokio::spawn(async move { serve(stream).await });
            }
        });
        Self { address, task }
    }

    /// Answers every request with its own head and body, and keeps connections.
    pub async fn echo() -> Self {
        Self::start(|stream| async { drop(answer_all(stream, |request| ("200 OK".into(), request)).await) }).await
    }

    /// Answers every request with a name.
    pub async fn named(name: &'static str) -> Self {
        Self::start(move |stream| async move { drop(answer_all(stream, |_| ("200 OK".into(), name.into())).await) }).await
    }

    pub fn target(&self) -> Target {
        target(self.address)
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub fn target(address: Ipv4Addr) -> Target {
    Target { id: address.to_string(), address, port: PORT, draining: false }
}

/// Reads requests (with a length or without a body) and answers each.
pub async fn answer_all(
    mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin,
    answer: impl Fn(String) -> (String, String),
) -> std::io::Result<()> {
    let mut seen = Vec::new();
    loop {
        while let Some(request) = take_request(&mut seen) {
            let (status, body) = answer(request);
            stream.write_all(format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).as_bytes()).await?;
        }
        if stream.read_buf(&mut seen).await? == 0 {
            return Ok(());
        }
    }
}

/// The first whole request, taken out of the bytes. They need not be text.
fn take_request(seen: &mut Vec<u8>) -> Option<String> {
    let after = |wanted: &[u8]| seen.windows(wanted.len()).position(|window| window == wanted).map(|at| at + wanted.len());
    let head_end = after(b"\r\n\r\n")?;
    let head = String::from_utf8_lossy(&seen[..head_end]).into_owned();
    let end = match (field(&head, "content-length"), field(&head, "transfer-encoding")) {
        (Some(length), _) => head_end + length.parse::<usize>().unwrap(),
        (None, Some(_)) => after(b"\r\n0\r\n\r\n")?,
        (None, None) => head_end,
    };
    (seen.len() >= end).then(|| String::from_utf8_lossy(&seen.drain(..end).collect::<Vec<_>>()).into_owned())
}

/// A table with one balancer, one listener, and one group of these targets, without health checks.
pub fn table(targets: Vec<Target>) -> Table {
    let group = TargetGroup {
        vpc: VPC.into(),
        tls: false,
        http2: false,
        algorithm: Algorithm::RoundRobin,
        stickiness: None,
        targets,
        health_check: HealthCheck {
            enabled: false,
            port: None,
            tls: false,
            path: "/health".into(),
            interval: Duration::from_millis(50),
            timeout: Duration::from_secs(5),
            healthy_threshold: 2,
            unhealthy_threshold: 2,
            matcher: vec![(200, 200)],
        },
        slow_start: None,
    };
    let forward = Action::Forward { groups: vec![(GROUP.into(), 1)], stickiness: None };
    let listener = Listener { port: PORT, certificates: vec![], rules: vec![rule(vec![], forward)] };
    Table {
        balancers: BTreeMap::from([(BALANCER.into(), balancer("web", [(LISTENER, listener)]))]),
        target_groups: BTreeMap::from([(GROUP.into(), group)]),
        ..Table::default()
    }
}

pub fn balancer<const N: usize>(name: &str, listeners: [(&str, Listener); N]) -> Balancer {
    Balancer {
        dns_name: format!("{name}-1234567890.us-east-1.elb.localhost"),
        vpc: VPC.into(),
        addresses: vec![address()],
        internet_facing: false,
        idle_timeout: Duration::from_secs(60),
        listeners: listeners.into_iter().map(|(arn, listener)| (arn.to_owned(), listener)).collect(),
        attributes: BalancerAttributes { http2: true, ..Default::default() },
    }
}

pub fn rule(conditions: Vec<Condition>, action: Action) -> Rule {
    Rule { arn: "arn:rule".into(), conditions, action }
}

pub fn fixed(body: &str) -> Action {
    Action::FixedResponse { status: 200, content_type: Some("text/plain".into()), body: body.into() }
}

/// Short ways to the only one of each.
pub trait Only {
    fn balancer(&mut self) -> &mut Balancer;
    fn listener(&mut self) -> &mut Listener;
    fn group(&mut self) -> &mut TargetGroup;
    fn at(&self) -> SocketAddr;
}

impl Only for Table {
    fn balancer(&mut self) -> &mut Balancer {
        self.balancers.get_mut(BALANCER).unwrap()
    }
    fn listener(&mut self) -> &mut Listener {
        self.balancer().listeners.get_mut(LISTENER).unwrap()
    }
    fn group(&mut self) -> &mut TargetGroup {
        self.target_groups.get_mut(GROUP).unwrap()
    }
    fn at(&self) -> SocketAddr {
        (self.balancers[BALANCER].addresses[0], PORT).into()
    }
}

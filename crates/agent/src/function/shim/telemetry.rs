//! The Telemetry API (2022-07-01): who has subscribed to what, and the delivery of events in batches, over HTTP or TCP within the
//! environment.

use super::words;
use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use model::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{cell::RefCell, collections::BTreeSet, rc::Rc, time::Duration};
use tokio::{
    io::AsyncWriteExt,
    net::TcpStream,
    sync::{Mutex, Notify},
    task::JoinSet,
};

/// Where a line comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// `platform`: Lambda itself.
    Platform,
    /// `function`.
    Function,
    /// `extension`.
    Extension,
}

impl Source {
    /// As the API names it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Platform => "platform",
            Self::Function => "function",
            Self::Extension => "extension",
        }
    }
}

/// What a subscriber asks for.
#[derive(Clone, Debug, Deserialize)]
pub struct Subscription {
    /// `2022-07-01`, `2022-12-13` or `2025-01-29`.
    #[serde(rename = "schemaVersion")]
    pub schema: String,
    /// Of which sources.
    pub types: BTreeSet<Source>,
    /// How much is gathered before it is sent.
    #[serde(default)]
    pub buffering: Buffering,
    /// Where to.
    pub destination: Destination,
}

/// How much is gathered before it is sent: whichever comes first.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Buffering {
    max_items: usize,
    max_bytes: usize,
    timeout_ms: u64,
}

impl Default for Buffering {
    /// The API's own.
    fn default() -> Self {
        Self { max_items: 10_000, max_bytes: 256 << 10, timeout_ms: 1000 }
    }
}

/// Where events are sent.
#[derive(Clone, Debug, Deserialize)]
pub struct Destination {
    protocol: Protocol,
    #[serde(rename = "URI")]
    uri: Option<String>,
    port: Option<u16>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Protocol {
    #[serde(rename = "HTTP")]
    Http,
    #[serde(rename = "TCP")]
    Tcp,
}

impl Subscription {
    /// Why it can't be.
    pub fn refused(&self) -> Option<String> {
        if !["2022-07-01", "2022-12-13", "2025-01-29"].contains(&self.schema.as_str()) {
            return Some(format!("schemaVersion: {} is not supported", self.schema));
        }
        if self.types.is_empty() {
            return Some("types: at least one is needed".into());
        }
        let Buffering { max_items, max_bytes, timeout_ms } = self.buffering;
        let within = (1000..=10_000).contains(&max_items) && (256 << 10..=1 << 20).contains(&max_bytes);
        if !within || !(25..=30_000).contains(&timeout_ms) {
            return Some("buffering: a value is out of its range".into());
        }
        (self.port().is_none()).then(|| "destination: a port of this environment is needed".into())
    }

    fn uri(&self) -> Option<Uri> {
        self.destination.uri.as_ref()?.parse().ok()
    }

    fn port(&self) -> Option<u16> {
        match self.destination.protocol {
            Protocol::Tcp => self.destination.port,
            Protocol::Http => {
                let uri = self.uri()?;
                matches!(uri.host()?, "sandbox" | "sandbox.localdomain").then(|| uri.port_u16().unwrap_or(80))
            }
        }
    }
}

/// Beyond this what is gathered for a subscriber is forgotten.
const MOST_BYTES: usize = 4 << 20;
/// How long subscribers may take for what is left at the end.
const FAREWELL: Duration = Duration::from_secs(1);

/// The subscribers of an environment.
#[derive(Clone, Default)]
pub struct Telemetry(Rc<RefCell<Subscribers>>);

#[derive(Default)]
struct Subscribers {
    all: Vec<Rc<Subscriber>>,
    deliveries: JoinSet<()>,
}

struct Subscriber {
    wish: Subscription,
    gathered: RefCell<Gathered>,
    more: Notify,
    full: Notify,
    /// Whose turn it is to send.
    turn: Mutex<()>,
}

#[derive(Default)]
struct Gathered {
    events: Vec<Value>,
    bytes: usize,
}

impl Telemetry {
    /// Sends somebody events from now on.
    pub fn subscribe(&self, wish: Subscription) {
        let subscriber = Rc::new(Subscriber::new(wish));
        let mut subscribers = self.0.borrow_mut();
        subscribers.all.push(subscriber.clone());
        subscribers.deliveries.spawn_local(async move { subscriber.deliver().await });
    }

    /// Forgets all: their processes have been ended.
    pub fn clear(&self) {
        self.0.take();
    }

    /// An event of Lambda itself.
    pub fn platform(&self, event: impl Fn() -> Value) {
        self.0.borrow().all.iter().filter(|it| it.wish.types.contains(&Source::Platform)).for_each(|it| it.push(event()));
    }

    /// A line of the function or of an extension.
    pub fn line(&self, source: Source, at: Timestamp, line: &[u8]) {
        for subscriber in self.0.borrow().all.iter().filter(|it| it.wish.types.contains(&source)) {
            let text = String::from_utf8_lossy(line);
            // What is JSON comes as such (schema 2022-12-13 and later).
            let parsed = (subscriber.wish.schema != "2022-07-01").then(|| serde_json::from_str(&text).ok()).flatten();
            let record = parsed.filter(Value::is_object).unwrap_or_else(|| json!(text));
            subscriber.push(json!({"time": words::time(at), "type": source.name(), "record": record}));
        }
    }

    /// Sends what is gathered, and waits for what is being sent, before who listens is told of the end.
    pub async fn flush(&self) {
        let subscribers = self.0.borrow().all.clone();
        let all = futures::future::join_all(subscribers.iter().map(|subscriber| subscriber.send_gathered()));
        let _ = tokio::time::timeout(FAREWELL, all).await;
    }
}

impl Subscriber {
    fn new(wish: Subscription) -> Self {
        Self { wish, gathered: RefCell::default(), more: Notify::new(), full: Notify::new(), turn: Mutex::new(()) }
    }

    fn push(&self, event: Value) {
        let mut gathered = self.gathered.borrow_mut();
        gathered.bytes += event.to_string().len();
        gathered.events.push(event);
        if gathered.bytes > MOST_BYTES {
            *gathered = Gathered::default();
        }
        let Buffering { max_items, max_bytes, .. } = self.wish.buffering;
        let full = gathered.events.len() >= max_items || gathered.bytes >= max_bytes;
        drop(gathered);
        self.more.notify_one();
        if full {
            self.full.notify_one();
        }
    }

    async fn deliver(&self) {
        loop {
            self.more.notified().await;
            let _ = tokio::time::timeout(Duration::from_millis(self.wish.buffering.timeout_ms), self.full.notified()).await;
            self.send_gathered().await;
        }
    }

    /// Batches go out one after the other. A subscriber has all the time that it needs, for between invocations it is frozen; who
    /// doesn't listen misses it.
    async fn send_gathered(&self) {
        let _turn = self.turn.lock().await;
        let events = self.gathered.take().events;
        if !events.is_empty() {
            let _ = self.send(&events).await;
        }
    }

    async fn send(&self, events: &[Value]) -> Result<(), Box<dyn std::error::Error>> {
        let port = self.wish.port().ok_or("no port")?;
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await?;
        if self.wish.destination.protocol == Protocol::Tcp {
            let lines: String = events.iter().map(|event| format!("{event}\n")).collect();
            return Ok(stream.write_all(lines.as_bytes()).await?);
        }
        let uri = self.wish.uri().ok_or("no address")?;
        let path = uri.path_and_query().map_or("/", |it| it.as_str());
        let host = uri.authority().map(ToString::to_string).unwrap_or_default();
        let body = Full::new(Bytes::from(serde_json::to_vec(events)?));
        let request =
            Request::post(path).header(header::HOST, host).header(header::CONTENT_TYPE, "application/json").body(body)?;
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
        tokio::task::spawn_local(connection);
        sender.send_request(request).await?;
        Ok(())
    }
}

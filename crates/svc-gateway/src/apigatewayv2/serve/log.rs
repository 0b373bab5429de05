//! Access logs on their way to CloudWatch Logs: while some lines are being written, the next ones gather, and go together.

use front::calls::Calls;
use logic::http_api::exchange::Exchange;
use model::{AccountId, Arn, Env, Region, Timestamp, delivery::Caller};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use wire::{Fault, Value};

/// As whom they are written (CloudWatch Logs user guide, "Enable logging from AWS services").
const PRINCIPAL: &str = "delivery.logs.amazonaws.com";
/// The most lines of a batch, and bytes: less than `PutLogEvents` takes.
const MOST_LINES: usize = 1000;
const MOST_BYTES: usize = 512 << 10;
/// The most lines that wait for a stage; the gateway doesn't grow because a log group is gone.
const MOST_WAITING: usize = 10_000;

/// Where lines are handed in. Clones are the same.
#[derive(Clone)]
pub struct AccessLogs(Arc<Inner>);

struct Inner {
    env: Env,
    calls: Calls,
    streams: Mutex<HashMap<Stream, Waiting>>,
}

/// A log stream.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Stream {
    account: AccountId,
    region: Region,
    group: String,
    name: String,
}

#[derive(Default)]
struct Waiting {
    lines: Vec<(Timestamp, String)>,
    /// For what the last line was written.
    source: Option<Arn>,
}

impl AccessLogs {
    /// Logs that are written by `calls`.
    pub fn new(env: Env, calls: Calls) -> Self {
        Self(Arc::new(Inner { env, calls, streams: Mutex::default() }))
    }

    /// Hands a line in for the log group of that ARN. Nobody waits for it.
    pub fn write(&self, destination: &str, exchange: &Exchange, line: String) {
        let Some((stream, source)) = stream(destination, exchange) else { return };
        let begins = {
            let mut streams = self.0.streams.lock().unwrap_or_else(PoisonError::into_inner);
            let begins = !streams.contains_key(&stream);
            let waiting = streams.entry(stream.clone()).or_default();
            waiting.source = Some(source);
            if waiting.lines.len() < MOST_WAITING {
                waiting.lines.push((self.0.env.now(), line));
            }
            begins
        };
        if begins {
            let inner = self.0.clone();
            tokio::spawn(async move { inner.drain(stream).await });
        }
    }
}

impl Inner {
    /// Writes what waits until nothing does.
    async fn drain(&self, stream: Stream) {
        while let Some((lines, source)) = self.batch(&stream) {
            if let Err(fault) = self.put(&stream, lines, source).await {
                tracing::warn!(group = stream.group, %fault, "lines of an access log are lost");
            }
        }
    }

    /// The next lines; none if there are none, and then the stream is forgotten.
    fn batch(&self, stream: &Stream) -> Option<(Vec<(Timestamp, String)>, Arn)> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = streams.get_mut(stream)?;
        let mut size = 0;
        let fits = |(_, line): &&(Timestamp, String)| {
            size += line.len();
            size <= MOST_BYTES
        };
        let count = waiting.lines.iter().take(MOST_LINES).take_while(fits).count().max(1).min(waiting.lines.len());
        match (count, waiting.source.clone()) {
            (1.., Some(source)) => Some((waiting.lines.drain(..count).collect(), source)),
            _ => {
                streams.remove(stream);
                None
            }
        }
    }

    async fn put(&self, stream: &Stream, mut lines: Vec<(Timestamp, String)>, source: Arn) -> Result<(), Fault> {
        lines.sort_by_key(|(at, _)| *at);
        let by = Caller::Service { name: PRINCIPAL.into(), source, account: stream.account.clone() };
        let event = |(at, line): &(Timestamp, String)| {
            Value::structure([("timestamp", Value::Int(at.0)), ("message", Value::Str(line.clone()))])
        };
        let events: Vec<Value> = lines.iter().map(event).collect();
        let call = async |operation: &'static str, events: Option<Vec<Value>>| {
            let input = Value::structure([
                ("logGroupName", Value::Str(stream.group.clone())),
                ("logStreamName", Value::Str(stream.name.clone())),
                ("logEvents", events.map_or(Value::Null, Value::List)),
            ]);
            self.calls.call(&by, (&stream.account, &stream.region), ("logs", operation), input).await
        };
        match call("PutLogEvents", Some(events.clone())).await {
            Err(fault) if fault.code == "ResourceNotFoundException" => {
                call("CreateLogStream", None).await?;
                call("PutLogEvents", Some(events)).await.map(drop)
            }
            put => put.map(drop),
        }
    }
}

/// The stream of a stage in the group of that ARN, and for what it is written.
fn stream(destination: &str, exchange: &Exchange) -> Option<(Stream, Arn)> {
    let arn: Arn = destination.parse().ok()?;
    let group = arn.resource.strip_prefix("log-group:")?.split(':').next()?.to_owned();
    let (account, region) = (AccountId::parse(&arn.account).ok()?, Region::parse(&arn.region).ok()?);
    let source = Arn::new("logs", &region, &account, "*");
    Some((Stream { account, region, group, name: format!("{}/{}", exchange.api, exchange.stage) }, source))
}

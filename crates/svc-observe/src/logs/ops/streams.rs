//! Log streams.

use super::{super::store::Summary, super::views, Answer, Logs, blocking, errors, group, group_name, page, stream, stream_key};
use api::logs as sdk;
use front::Cx;
use model::logs::{LogStream, LogStreamSpec, stream_id};
use spine::{Read, Scope, Tx};
use std::sync::Arc;

pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateLogStreamRequest) -> Answer<()> {
    group(tx, cx, &input.log_group_name)?;
    let key = stream_key(cx, &input.log_group_name, &input.log_stream_name);
    if tx.exists(&key)? {
        return Err(errors::stream_exists());
    }
    Ok(tx.create(&key, &LogStreamSpec { uid: cx.env.hex(32), created: cx.now })?)
}

/// The stream is gone at once; its events are swept up by [`super::super::Retention`].
pub fn delete(cx: &Cx, tx: &mut Tx, input: &sdk::DeleteLogStreamRequest) -> Answer<()> {
    group(tx, cx, &input.log_group_name)?;
    stream(tx, cx, &input.log_group_name, &input.log_stream_name)?;
    Ok(tx.delete(&stream_key(cx, &input.log_group_name, &input.log_stream_name))?)
}

/// A stream with its name and what the log store knows of it.
struct Described {
    name: String,
    /// What the list is ordered by; unique, since the name is in it.
    order: String,
    spec: Arc<LogStreamSpec>,
    summary: Summary,
}

pub async fn describe(cx: Cx, logs: Arc<Logs>, input: sdk::DescribeLogStreamsRequest) -> Answer<sdk::DescribeLogStreamsResponse> {
    let by_time = input.order_by == Some(sdk::OrderBy::LastEventTime);
    if by_time && input.log_stream_name_prefix.is_some() {
        return Err(errors::invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    let group_name = group_name(&cx, &input.log_group_name, &input.log_group_identifier)?;
    let snapshot = logs.store.snapshot();
    group(&snapshot, &cx, &group_name)?;
    let prefix = stream_id(&group_name, input.log_stream_name_prefix.as_deref().unwrap_or_default());
    let streams = snapshot.specs::<LogStream>(Scope::Prefix(&cx.account, &cx.region, &prefix))?;
    blocking(logs, move |logs| {
        let described = streams.into_iter().map(|(key, spec)| {
            let name = key.id[group_name.len() + 1..].to_owned();
            let summary = logs.events.summary(&spec.uid)?;
            let time = if by_time { summary.last.map_or(0, |time| time.0) } else { 0 };
            Ok(Described { order: format!("{time:020}{name}"), name, spec, summary })
        });
        let mut described: Vec<Described> = described.collect::<Result<_, super::LogStoreError>>()?;
        described.sort_by(|a, b| a.order.cmp(&b.order));
        let (token, limit) = (input.next_token.as_deref(), input.limit.unwrap_or(50) as usize);
        let (streams, next_token) = if input.descending == Some(true) {
            described.reverse();
            page_down(described, token, limit)
        } else {
            page(described, |stream| &stream.order, token, limit)
        };
        let views = streams.iter().map(|stream| views::stream(&cx, &group_name, &stream.name, &stream.spec, &stream.summary));
        Ok(sdk::DescribeLogStreamsResponse { log_streams: Some(views.collect()), next_token })
    })
    .await
}

/// As [`page`], for a list that is sorted downwards.
fn page_down(streams: Vec<Described>, token: Option<&str>, limit: usize) -> (Vec<Described>, Option<String>) {
    let rest: Vec<Described> =
        streams.into_iter().skip_while(|stream| token.is_some_and(|token| stream.order.as_str() >= token)).collect();
    page(rest, |stream| &stream.order, None, limit)
}

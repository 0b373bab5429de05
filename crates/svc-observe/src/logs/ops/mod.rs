//! The operations, by what they are about, and what they have in common: finding groups and streams, and paging.

pub mod events;
pub mod groups;
pub mod policies;
pub mod streams;
pub mod tags;

use super::{Logs, errors, store::LogStoreError};
use front::Cx;
use model::{
    Key,
    logs::{LogGroup, LogGroupSpec, LogStream, LogStreamSpec, stream_id},
};
use spine::Read;
use std::sync::Arc;
pub(super) use tags::tagged;
use wire::Fault;

/// What a handler answers with.
type Answer<T> = Result<T, Fault>;

/// Runs what blocks on the log store away from the async threads.
async fn blocking<T: Send + 'static>(
    logs: Arc<Logs>,
    work: impl FnOnce(&Logs) -> Result<T, LogStoreError> + Send + 'static,
) -> Answer<T> {
    let done = tokio::task::spawn_blocking(move || work(&logs)).await;
    done.map_err(Fault::internal)?.map_err(errors::store)
}

fn group_key(cx: &Cx, name: &str) -> Key<LogGroup> {
    Key::new(&cx.account, &cx.region, name)
}

fn stream_key(cx: &Cx, group: &str, stream: &str) -> Key<LogStream> {
    Key::new(&cx.account, &cx.region, stream_id(group, stream))
}

fn group(read: &impl Read, cx: &Cx, name: &str) -> Answer<Arc<LogGroupSpec>> {
    read.spec(&group_key(cx, name))?.ok_or_else(errors::no_group)
}

fn stream(read: &impl Read, cx: &Cx, group: &str, stream: &str) -> Answer<Arc<LogStreamSpec>> {
    read.spec(&stream_key(cx, group, stream))?.ok_or_else(errors::no_stream)
}

/// The group that a request names by `logGroupName` or by `logGroupIdentifier` (a name or an ARN).
pub(super) fn group_name(cx: &Cx, name: &Option<String>, identifier: &Option<String>) -> Result<String, Fault> {
    match (name, identifier) {
        (Some(name), None) => Ok(name.clone()),
        (None, Some(identifier)) => group_of_identifier(cx, identifier),
        _ => Err(errors::invalid("Exactly one of logGroupName and logGroupIdentifier must be specified.")),
    }
}

/// A log group's name out of its name or ARN; groups of other accounts and regions can't be reached from here.
fn group_of_identifier(cx: &Cx, identifier: &str) -> Result<String, Fault> {
    if !identifier.starts_with("arn:") {
        return Ok(identifier.to_owned());
    }
    let arn: model::Arn = identifier.parse().map_err(|_| errors::invalid("The specified ARN is invalid."))?;
    let own = arn.partition == cx.region.partition() && arn.region == cx.region.as_str();
    if arn.service != "logs" || !own || arn.account != cx.account.as_str() {
        return Err(errors::no_group());
    }
    let group = arn.resource.strip_prefix("log-group:").ok_or_else(|| errors::invalid("The specified ARN is invalid."))?;
    Ok(group.strip_suffix(":*").unwrap_or(group).to_owned())
}

/// One page of sorted things: those behind the token's name, at most `limit`, and the token of the next page.
fn page<T>(things: Vec<T>, name: impl Fn(&T) -> &str, token: Option<&str>, limit: usize) -> (Vec<T>, Option<String>) {
    let mut rest = things.into_iter().filter(|thing| token.is_none_or(|token| name(thing) > token)).peekable();
    let page: Vec<T> = rest.by_ref().take(limit).collect();
    let next = rest.peek().and_then(|_| page.last()).map(|last| name(last).to_owned());
    (page, next)
}

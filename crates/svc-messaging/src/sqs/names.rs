//! What queues are called: names, URLs, ARNs; and what is known of one when it is decided who may do what.

use super::{
    errors,
    queues::{Found, Queues},
};
use front::{Answer, Cx, Facts, Tagging, keys};
use logic::policy::{Context, Kind};
use model::{
    AccountId, Arn, Key, Region,
    sqs::{Queue, QueueSpec},
};
use spine::{Read, Snapshot};
use std::{collections::BTreeMap, sync::Arc};
use wire::Fault;

/// The end of the names of FIFO queues.
pub const FIFO: &str = ".fifo";

/// A queue's URL, at the address at which the client has reached us.
pub fn url(cx: &Cx, account: &AccountId, name: &str) -> String {
    format!("http://{}/{account}/{name}", cx.endpoint)
}

/// The account and the name in a queue's URL, whatever host it names: they are the end of its path.
pub fn of_url(url: &str) -> Option<(AccountId, &str)> {
    let path = url.split(['?', '#']).next().unwrap_or_default().trim_end_matches('/');
    let (rest, name) = path.rsplit_once('/')?;
    let account = AccountId::parse(rest.rsplit('/').next()?).ok()?;
    (!name.is_empty()).then_some((account, name))
}

/// The queue that a URL names, in the region of the request.
pub fn key_at(cx: &Cx, url: &str) -> Option<Key<Queue>> {
    of_url(url).map(|(account, name)| Key::new(&account, &cx.region, name))
}

/// The queue that an ARN names.
pub fn key_of(arn: &Arn) -> Option<Key<Queue>> {
    let (account, region) = (AccountId::parse(&arn.account).ok()?, Region::parse(&arn.region).ok()?);
    let key = Key::<Queue>::new(&account, &region, &arn.resource);
    (!arn.resource.is_empty() && !arn.resource.contains(':') && key.arn() == *arn).then_some(key)
}

/// The record of the queue that a URL names.
///
/// # Errors
/// `InvalidAddress` if it is no URL of a queue, `QueueDoesNotExist` if there is no such queue.
pub fn record(cx: &Cx, read: &impl Read, url: &str) -> Answer<(Key<Queue>, Arc<QueueSpec>)> {
    let key = key_at(cx, url).ok_or_else(|| errors::bad_url(url))?;
    let spec = read.spec(&key)?.ok_or_else(errors::no_queue)?;
    Ok((key, spec))
}

/// As [`record`], for what only the queue's own account can do.
///
/// # Errors
/// `AccessDenied` besides.
pub fn own(cx: &Cx, read: &impl Read, url: &str) -> Answer<(Key<Queue>, Arc<QueueSpec>)> {
    match key_at(cx, url) {
        Some(key) if key.account != cx.account => Err(errors::not_across_accounts(url)),
        _ => record(cx, read, url),
    }
}

/// The queue that a URL names, with its messages.
pub async fn find(cx: &Cx, queues: &Queues, url: &str) -> Answer<Found> {
    let (key, spec) = record(cx, &queues.store.snapshot(), url)?;
    queues.open(key, spec).await
}

/// What decisions about a queue's URL are about. None where the handler refuses the URL.
pub fn on(cx: &Cx, url: &str) -> Vec<Arn> {
    key_at(cx, url).map(|key| key.arn()).into_iter().collect()
}

/// What decisions about a queue's name are about.
pub fn named(cx: &Cx, name: &str) -> Vec<Arn> {
    vec![cx.arn("sqs", name)]
}

/// What decisions about an ARN are about. None where the handler refuses it.
pub fn on_arn(arn: &str) -> Vec<Arn> {
    arn.parse().into_iter().collect()
}

/// The tags that a queue is made with.
pub fn tagging(cx: &Cx, name: &str, tags: &Option<BTreeMap<String, String>>) -> Tagging {
    Tagging { resources: named(cx, name), tags: tags.iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect() }
}

/// The condition keys of tags that a request gives.
pub fn given(tags: &BTreeMap<String, String>) -> Context {
    keys::request_tags(tags)
}

/// The tags and the policy of the queue that an ARN names.
pub fn facts(_: &Cx, snapshot: &Snapshot, arn: &Arn) -> Result<Facts, Fault> {
    let Some(key) = key_of(arn) else { return Ok(Facts::default()) };
    let Some(queue) = snapshot.spec(&key)? else { return Ok(Facts::default()) };
    let facts = Facts { tags: queue.tags.clone(), ..Facts::default() };
    Ok(match &queue.policy {
        Some(policy) => facts.with_policy(&arn.to_string(), policy, Kind::Resource),
        None => facts,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_of_all_forms_name_a_queue() {
        for url in [
            "http://localhost:4566/111122223333/q",
            "http://sqs.us-east-1.localhost:4566/111122223333/q",
            "https://queue.amazonaws.com/111122223333/q",
            "/111122223333/q",
            "111122223333/q/",
        ] {
            assert_eq!(
                of_url(url).map(|(account, name)| (account.to_string(), name)),
                Some(("111122223333".into(), "q")),
                "{url}"
            );
        }
        for url in ["", "q", "http://localhost/q", "http://localhost:4566/111122223333/"] {
            assert!(of_url(url).is_none(), "{url}");
        }
    }
}

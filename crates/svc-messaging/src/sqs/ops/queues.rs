//! Queues themselves: `CreateQueue`, `DeleteQueue`, `PurgeQueue`, `GetQueueUrl`, `ListQueues`, `ListDeadLetterSourceQueues`.

use super::{
    super::{
        errors,
        names::{self, FIFO, own, record},
        queues::Queues,
        settings,
        views::{self, ATTRIBUTES},
    },
    page::page,
    tags,
};
use crate::sqs::live::Counts;
use api::sqs as sdk;
use front::{Answer, Cx};
use model::{
    AccountId, Env, Key,
    sqs::{DeletedQueue, DeletedQueueSpec, Queue, QueueSpec},
};
use spine::{Read, Scope, Tx};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// For how long the name of a deleted queue can't be given again, and a purged queue can't be purged again.
pub const PAUSE: Duration = Duration::from_secs(60);

/// `CreateQueue`.
pub fn create(cx: &Cx, tx: &mut Tx, input: &sdk::CreateQueueRequest) -> Answer<sdk::CreateQueueResult> {
    let given = input.attributes.clone().unwrap_or_default();
    let fifo = check_name(&input.queue_name, &given)?;
    let key = Key::<Queue>::new(&cx.account, &cx.region, &input.queue_name);
    let queue_url = Some(names::url(cx, &cx.account, &input.queue_name));
    if let Some(existing) = tx.spec(&key)? {
        check_same(tx, &key, &existing, &given)?;
        return Ok(sdk::CreateQueueResult { queue_url });
    }
    let before = Key::<DeletedQueue>::new(&cx.account, &cx.region, &input.queue_name);
    if tx.spec(&before)?.is_some_and(|before| cx.now.since(before.at) < PAUSE) {
        return Err(errors::deleted_recently());
    }
    let mut spec = settings::usual(random(&cx.env), random(&cx.env), cx.now, fifo);
    settings::set(tx, &key, &mut spec, &given)?;
    spec.tags = tags::with(BTreeMap::new(), input.tags.clone().unwrap_or_default())?;
    tx.delete(&before)?;
    tx.create(&key, &spec)?;
    Ok(sdk::CreateQueueResult { queue_url })
}

/// Whether the name and the attributes are those of a FIFO queue.
fn check_name(name: &str, attributes: &BTreeMap<String, String>) -> Answer<bool> {
    let fifo = match attributes.get("FifoQueue").map(String::as_str) {
        None => false,
        Some("true") => true,
        // What isn't FIFO hasn't the attribute.
        Some("false") => return Err(errors::unknown_attribute("FifoQueue")),
        Some(_) => return Err(errors::bad_attribute("FifoQueue")),
    };
    let stem = if fifo { name.strip_suffix(FIFO).unwrap_or(".") } else { name };
    let letters = stem.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'));
    match letters && !stem.is_empty() && name.len() <= 80 {
        true => Ok(fifo),
        false if fifo => Err(errors::bad_fifo_name()),
        false => Err(errors::bad_name()),
    }
}

/// A queue that is there already is as good as a new one if it has the attributes that are asked for.
fn check_same(tx: &Tx, key: &Key<Queue>, existing: &QueueSpec, given: &BTreeMap<String, String>) -> Answer<()> {
    let mut asked = existing.clone();
    settings::set(tx, key, &mut asked, given)?;
    let shown = |spec: &QueueSpec, name: &str| views::attribute(key, spec, Counts::default(), name);
    match ATTRIBUTES.iter().find(|name| shown(existing, name) != shown(&asked, name)) {
        Some(name) => Err(errors::exists(name)),
        None => Ok(()),
    }
}

fn random(env: &Env) -> u64 {
    u64::from_be_bytes(env.bytes())
}

/// `DeleteQueue`. The messages are the sweeper's.
pub async fn delete(cx: Cx, queues: Arc<Queues>, input: sdk::DeleteQueueRequest) -> Answer<()> {
    let deleted = queues.store.transact(|tx| {
        let (key, spec) = own(&cx, tx, &input.queue_url)?;
        tx.delete(&key)?;
        tx.set_spec(&Key::<DeletedQueue>::new(&key.account, &key.region, &key.id), &DeletedQueueSpec { at: cx.now })?;
        Ok::<_, wire::Fault>(spec.mailbox)
    });
    queues.stir(deleted.await?);
    Ok(())
}

/// `PurgeQueue`. The queue gets an empty mailbox; the full one is the sweeper's.
pub async fn purge(cx: Cx, queues: Arc<Queues>, input: sdk::PurgeQueueRequest) -> Answer<()> {
    let purged = queues.store.transact(|tx| {
        let (key, spec) = record(&cx, tx, &input.queue_url)?;
        if spec.purged.is_some_and(|before| cx.now.since(before) < PAUSE) {
            return Err(errors::purged_recently(&key.id));
        }
        tx.update_spec(&key, |spec| (spec.mailbox, spec.purged) = (random(&cx.env), Some(cx.now)))?;
        Ok(spec.mailbox)
    });
    queues.stir(purged.await?);
    Ok(())
}

/// `GetQueueUrl`.
pub fn url(cx: &Cx, tx: &mut Tx, input: &sdk::GetQueueUrlRequest) -> Answer<sdk::GetQueueUrlResult> {
    let account = owner(cx, input).ok_or_else(errors::no_queue)?;
    let key = Key::<Queue>::new(&account, &cx.region, &input.queue_name);
    if input.queue_name.is_empty() || !tx.exists(&key)? {
        return Err(errors::no_queue());
    }
    Ok(sdk::GetQueueUrlResult { queue_url: Some(names::url(cx, &account, &input.queue_name)) })
}

/// Whose queue it is that a name is of.
pub fn owner(cx: &Cx, input: &sdk::GetQueueUrlRequest) -> Option<AccountId> {
    match &input.queue_owner_aws_account_id {
        Some(account) => AccountId::parse(account).ok(),
        None => Some(cx.account.clone()),
    }
}

/// `ListQueues`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &sdk::ListQueuesRequest) -> Answer<sdk::ListQueuesResult> {
    let prefix = input.queue_name_prefix.as_deref().unwrap_or_default();
    let queues = tx.specs::<Queue>(Scope::Prefix(&cx.account, &cx.region, prefix))?;
    let (shown, next_token) =
        page(queues.into_iter().map(|(key, _)| key.id).collect(), input.next_token.as_deref(), input.max_results)?;
    let urls: Vec<String> = shown.iter().map(|name| names::url(cx, &cx.account, name)).collect();
    Ok(sdk::ListQueuesResult { queue_urls: Some(urls).filter(|urls| !urls.is_empty()), next_token })
}

/// `ListDeadLetterSourceQueues`.
pub fn sources(
    cx: &Cx,
    tx: &mut Tx,
    input: &sdk::ListDeadLetterSourceQueuesRequest,
) -> Answer<sdk::ListDeadLetterSourceQueuesResult> {
    let (key, _) = record(cx, tx, &input.queue_url)?;
    let names = sources_of(tx, &key)?;
    let (shown, next_token) = page(names, input.next_token.as_deref(), input.max_results)?;
    let queue_urls = shown.iter().map(|name| names::url(cx, &key.account, name)).collect();
    Ok(sdk::ListDeadLetterSourceQueuesResult { queue_urls, next_token })
}

/// The names of the queues whose dead letters go to that one.
pub fn sources_of(read: &impl Read, key: &Key<Queue>) -> Answer<Vec<String>> {
    let arn = key.arn();
    let queues = read.specs::<Queue>(Scope::Region(&key.account, &key.region))?;
    let buries = |spec: &QueueSpec| spec.redrive.as_ref().is_some_and(|redrive| redrive.target == arn);
    Ok(queues.into_iter().filter(|(_, spec)| buries(spec)).map(|(key, _)| key.id).collect())
}

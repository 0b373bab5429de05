//! `SendMessage` and `SendMessageBatch`.

use super::{
    super::{
        content, errors,
        live::Post,
        mail::{Attribute, Content, Head, Letter, Message, md5_of_attributes, md5_of_body},
        names::find,
        queues::{Found, Queues},
        sealing::SealingKey,
        settings::LARGEST_MESSAGE,
    },
    batch,
};
use api::sqs as sdk;
use aws_lc_rs::digest::{SHA256, digest};
use front::{Answer, Cx};
use logic::queue::{Call, Sent, history};
use model::sqs::Fifo;
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::Arc,
    time::Duration,
};
use wire::Fault;

/// The longest delay of a message, in seconds.
const LONGEST_DELAY: i32 = 900;

/// A message that is fit to be sent, and what its sender is told of it.
struct Prepared {
    head: Head,
    letter: Letter,
    delay: Duration,
    /// Under which key it counts as sent already, in a FIFO queue.
    key: Option<String>,
    md5_of_attributes: Option<String>,
    md5_of_system_attributes: Option<String>,
    size: usize,
}

/// `SendMessage`.
pub async fn one(cx: Cx, queues: Arc<Queues>, input: sdk::SendMessageRequest) -> Answer<sdk::SendMessageResult> {
    let found = find(&cx, &queues, &input.queue_url).await?;
    admit(&queues, &found)?;
    let entry = sdk::SendMessageBatchRequestEntry {
        id: String::new(),
        message_body: input.message_body,
        delay_seconds: input.delay_seconds,
        message_attributes: input.message_attributes,
        message_system_attributes: input.message_system_attributes,
        message_deduplication_id: input.message_deduplication_id,
        message_group_id: input.message_group_id,
    };
    let prepared = prepare(&cx, &found, entry)?;
    Groups::default().admit(&queues, &found, &prepared)?;
    let sealing = queues.data_keys.sealing(&cx, &queues.store, &found).await?;
    let (post, told) = prepared.post(sealing.as_deref())?;
    let (sent, ticket) = found.live.send(vec![post], queues.env.now())?;
    ticket.written().await?;
    let sent = sent.into_iter().next();
    Ok(sdk::SendMessageResult {
        md5_of_message_body: Some(told.body),
        md5_of_message_attributes: told.attributes,
        md5_of_message_system_attributes: told.system,
        sequence_number: sent.as_ref().and_then(|sent| sequence(&found, sent)),
        message_id: sent.map(|sent| sent.message_id),
    })
}

/// `SendMessageBatch`.
pub async fn several(cx: Cx, queues: Arc<Queues>, input: sdk::SendMessageBatchRequest) -> Answer<sdk::SendMessageBatchResult> {
    let found = find(&cx, &queues, &input.queue_url).await?;
    admit(&queues, &found)?;
    batch::check("SendMessageBatchRequestEntry", input.entries.iter().map(|entry| &entry.id))?;
    let (mut good, mut failed, mut groups) = (Vec::new(), Vec::new(), Groups::default());
    for entry in input.entries {
        let id = entry.id.clone();
        let prepared = prepare(&cx, &found, entry);
        match prepared.and_then(|prepared| groups.admit(&queues, &found, &prepared).map(|()| prepared)) {
            Err(fault) => failed.push(batch::failed(id, &fault)),
            Ok(prepared) => good.push((id, prepared)),
        }
    }
    let (limit, size) = (LARGEST_MESSAGE as usize, good.iter().map(|(_, prepared)| prepared.size).sum::<usize>());
    if size > limit {
        return Err(errors::batch_too_long(limit, size));
    }
    let sealing = queues.data_keys.sealing(&cx, &queues.store, &found).await?;
    let (mut posts, mut told) = (Vec::new(), Vec::new());
    for (id, prepared) in good {
        let (post, of_it) = prepared.post(sealing.as_deref())?;
        posts.push(post);
        told.push((id, of_it));
    }
    let (sent, ticket) = found.live.send(posts, queues.env.now())?;
    ticket.written().await?;
    let entry = |((id, told), sent): ((String, Told), Sent)| sdk::SendMessageBatchResultEntry {
        id,
        sequence_number: sequence(&found, &sent),
        message_id: sent.message_id,
        md5_of_message_body: told.body,
        md5_of_message_attributes: told.attributes,
        md5_of_message_system_attributes: told.system,
    };
    Ok(sdk::SendMessageBatchResult { successful: told.into_iter().zip(sent).map(entry).collect(), failed })
}

/// The digests that a sender is told.
struct Told {
    body: String,
    attributes: Option<String>,
    system: Option<String>,
}

impl Prepared {
    /// The message to be sent, sealed where it has to be.
    fn post(self, sealing: Option<&SealingKey>) -> Answer<(Post, Told)> {
        let Self { head, letter, delay, key, md5_of_attributes, md5_of_system_attributes, .. } = self;
        let told = Told { body: letter.md5.clone(), attributes: md5_of_attributes, system: md5_of_system_attributes };
        let content = match sealing {
            None => Content::Open(letter),
            Some(sealing) => {
                let sealed = sealing.seal(letter.encode());
                Content::Sealed(sealed.ok_or_else(|| Fault::internal("a message can't be sealed"))?)
            }
        };
        Ok((Post { message: Message { head, content }, delay, key }, told))
    }
}

/// Refuses one call more than a FIFO queue takes, where its quota is that of the whole queue.
fn admit(queues: &Queues, found: &Found) -> Answer<()> {
    super::admit(found, Call::Send, queues.env.now())
}

/// The groups to which one call sends: of each one's quota it takes one, however many messages it has for it.
#[derive(Default)]
struct Groups(HashMap<String, bool>);

impl Groups {
    /// Refuses a message to a group whose quota is used up, where groups have each their own.
    fn admit(&mut self, queues: &Queues, found: &Found, prepared: &Prepared) -> Answer<()> {
        let Some(group) = prepared.head.group.as_ref().filter(|_| found.spec.fifo.is_some_and(|fifo| fifo.limit_is_per_group))
        else {
            return Ok(());
        };
        let admitted = match self.0.entry(group.clone()) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => *new.insert(found.live.admits_to(group, queues.env.now())),
        };
        if admitted { Ok(()) } else { Err(errors::throttled()) }
    }
}

fn sequence(found: &Found, sent: &Sent) -> Option<String> {
    found.spec.fifo.map(|_| sent.number.sequence_number())
}

fn prepare(cx: &Cx, found: &Found, entry: sdk::SendMessageBatchRequestEntry) -> Answer<Prepared> {
    let body = entry.message_body;
    if body.is_empty() {
        return Err(errors::missing("MessageBody"));
    }
    content::check_text(&body, "message body")?;
    let attributes = content::attributes(entry.message_attributes)?;
    let trace = content::trace(entry.message_system_attributes)?;
    let size = content::size(&body, &attributes);
    if size > found.spec.largest as usize {
        return Err(errors::too_long(found.spec.largest));
    }
    let (group, deduplication) = (entry.message_group_id, entry.message_deduplication_id);
    group.iter().try_for_each(|id| content::check_id("MessageGroupId", id))?;
    deduplication.iter().try_for_each(|id| content::check_id("MessageDeduplicationId", id))?;
    let (delay, deduplication) = match &found.spec.fifo {
        None => (standard(found, entry.delay_seconds, deduplication.as_deref())?, None),
        Some(fifo) => {
            let deduplication = in_order(*fifo, entry.delay_seconds, group.as_deref(), deduplication, &body)?;
            (Duration::ZERO, Some(deduplication))
        }
    };
    let scope = group.as_deref().filter(|_| found.spec.fifo.is_some_and(|fifo| fifo.scope_is_group));
    let key = deduplication.as_deref().map(|id| history(scope, id));
    let md5 = md5_of_body(&body);
    let md5_of_attributes_ = md5_of_attributes(&attributes);
    let head = Head {
        id: cx.env.uuid(),
        sender: cx.principal.id(&cx.account),
        sent: cx.now,
        group,
        deduplication,
        // The header, where a client says it by that (X-Ray developer guide, "Amazon SQS and AWS X-Ray").
        trace: trace.as_ref().map(text_of).or_else(|| cx.trace.clone()),
        ..Head::default()
    };
    let system = trace.as_ref().map(|trace| ("AWSTraceHeader".to_owned(), trace.clone()));
    Ok(Prepared {
        head,
        letter: Letter { md5, attributes, body },
        delay,
        key,
        md5_of_attributes: md5_of_attributes_,
        md5_of_system_attributes: md5_of_attributes(system.as_ref().map(|(name, value)| (name, value))),
        size,
    })
}

fn text_of(attribute: &Attribute) -> String {
    String::from_utf8_lossy(attribute.value.bytes()).into_owned()
}

/// What a message to a standard queue has: its delay, and no deduplication id. A group is taken as the tenant whose message it is.
fn standard(found: &Found, delay: Option<i32>, deduplication: Option<&str>) -> Answer<Duration> {
    if let Some(id) = deduplication {
        let reason = "The request includes a parameter that is not valid for this queue type.";
        return Err(errors::invalid(id, "MessageDeduplicationId", reason));
    }
    let seconds = delay.map(check_delay).transpose()?.unwrap_or(found.spec.delay);
    Ok(Duration::from_secs(seconds.into()))
}

fn check_delay(seconds: i32) -> Answer<u32> {
    let reason = format!("DelaySeconds must be >= 0 and <= {LONGEST_DELAY}.");
    let good = u32::try_from(seconds).ok().filter(|_| seconds <= LONGEST_DELAY);
    good.ok_or_else(|| errors::invalid(seconds, "DelaySeconds", reason))
}

/// What a message to a FIFO queue has: a group, and a deduplication id, which may be made of the body.
fn in_order(fifo: Fifo, delay: Option<i32>, group: Option<&str>, id: Option<String>, body: &str) -> Answer<String> {
    if group.is_none() {
        return Err(errors::missing("MessageGroupId"));
    }
    if let Some(seconds) = delay.filter(|seconds| *seconds != 0) {
        let reason = "The request include parameter that is not valid for this queue type.";
        return Err(errors::invalid(seconds, "DelaySeconds", reason));
    }
    match id {
        Some(id) => Ok(id),
        None if fifo.content_based => Ok(hex::encode(digest(&SHA256, body.as_bytes()))),
        None => Err(errors::refused(
            "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
        )),
    }
}

//! `SendMessage` and `SendMessageBatch`.

use super::{
    super::{
        content, errors,
        live::Post,
        mail::{Attribute, Head, Message, md5_of_attributes, md5_of_body},
        names::find,
        queues::{Found, Queues},
        settings::LARGEST_MESSAGE,
    },
    batch,
};
use api::sqs as sdk;
use aws_lc_rs::digest::{SHA256, digest};
use front::{Answer, Cx};
use logic::queue::{Sent, history};
use model::sqs::Fifo;
use std::{sync::Arc, time::Duration};

/// The longest delay of a message, in seconds.
const LONGEST_DELAY: i32 = 900;

/// A message that is fit to be sent, and what its sender is told of it.
struct Prepared {
    post: Post,
    md5: String,
    md5_of_attributes: Option<String>,
    md5_of_system_attributes: Option<String>,
    size: usize,
}

/// `SendMessage`.
pub async fn one(cx: Cx, queues: Arc<Queues>, input: sdk::SendMessageRequest) -> Answer<sdk::SendMessageResult> {
    let found = find(&cx, &queues, &input.queue_url).await?;
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
    let (sent, ticket) = found.live.send(vec![prepared.post], queues.env.now())?;
    ticket.written().await?;
    let sent = sent.into_iter().next();
    Ok(sdk::SendMessageResult {
        md5_of_message_body: Some(prepared.md5),
        md5_of_message_attributes: prepared.md5_of_attributes,
        md5_of_message_system_attributes: prepared.md5_of_system_attributes,
        sequence_number: sent.as_ref().and_then(|sent| sequence(&found, sent)),
        message_id: sent.map(|sent| sent.message_id),
    })
}

/// `SendMessageBatch`.
pub async fn several(cx: Cx, queues: Arc<Queues>, input: sdk::SendMessageBatchRequest) -> Answer<sdk::SendMessageBatchResult> {
    let found = find(&cx, &queues, &input.queue_url).await?;
    batch::check("SendMessageBatchRequestEntry", input.entries.iter().map(|entry| &entry.id))?;
    let (mut good, mut posts, mut failed, mut size) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for entry in input.entries {
        let id = entry.id.clone();
        match prepare(&cx, &found, entry) {
            Err(fault) => failed.push(batch::failed(id, &fault)),
            Ok(Prepared { post, md5, md5_of_attributes, md5_of_system_attributes, size: one }) => {
                size += one;
                posts.push(post);
                good.push((id, md5, md5_of_attributes, md5_of_system_attributes));
            }
        }
    }
    let limit = LARGEST_MESSAGE as usize;
    if size > limit {
        return Err(errors::batch_too_long(limit, size));
    }
    let (sent, ticket) = found.live.send(posts, queues.env.now())?;
    ticket.written().await?;
    let entry = |((id, md5, attributes, system), sent): ((String, String, _, _), Sent)| sdk::SendMessageBatchResultEntry {
        id,
        sequence_number: sequence(&found, &sent),
        message_id: sent.message_id,
        md5_of_message_body: md5,
        md5_of_message_attributes: attributes,
        md5_of_message_system_attributes: system,
    };
    Ok(sdk::SendMessageBatchResult { successful: good.into_iter().zip(sent).map(entry).collect(), failed })
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
        md5: md5.clone(),
        group,
        deduplication,
        trace: trace.as_ref().map(text_of),
        attributes,
        ..Head::default()
    };
    let system = trace.as_ref().map(|trace| ("AWSTraceHeader".to_owned(), trace.clone()));
    Ok(Prepared {
        post: Post { message: Message { head, body }, delay, key },
        md5,
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

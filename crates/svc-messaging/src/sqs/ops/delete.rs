//! `DeleteMessage` and `DeleteMessageBatch`.

use super::{
    super::{
        errors,
        names::find,
        queues::{Found, Queues},
        receipt::Receipt,
    },
    admit, batch,
};
use api::sqs as sdk;
use front::{Answer, Cx};
use logic::queue::{Call, Number};
use model::Timestamp;
use std::sync::Arc;

/// `DeleteMessage`.
pub async fn one(cx: Cx, queues: Arc<Queues>, input: sdk::DeleteMessageRequest) -> Answer<()> {
    let found = find(&cx, &queues, &input.queue_url).await?;
    let now = queues.env.now();
    admit(&found, Call::Delete, now)?;
    let number = deletable(&found, &input.receipt_handle, now)?;
    delete(&found, number.as_slice(), now).await
}

/// `DeleteMessageBatch`.
pub async fn several(
    cx: Cx,
    queues: Arc<Queues>,
    input: sdk::DeleteMessageBatchRequest,
) -> Answer<sdk::DeleteMessageBatchResult> {
    let found = find(&cx, &queues, &input.queue_url).await?;
    let now = queues.env.now();
    admit(&found, Call::Delete, now)?;
    batch::check("DeleteMessageBatchRequestEntry", input.entries.iter().map(|entry| &entry.id))?;
    let (mut successful, mut failed, mut numbers) = (Vec::new(), Vec::new(), Vec::new());
    for entry in input.entries {
        match deletable(&found, &entry.receipt_handle, now) {
            Ok(number) => {
                numbers.extend(number);
                successful.push(sdk::DeleteMessageBatchResultEntry { id: entry.id });
            }
            Err(fault) => failed.push(batch::failed(entry.id, &fault)),
        }
    }
    delete(&found, &numbers, now).await?;
    Ok(sdk::DeleteMessageBatchResult { successful, failed })
}

/// In a FIFO queue a deletion is on the disk when it is acknowledged. In a standard queue it is with the kernel, and outlives the server; that a
/// machine without power may bring the last ones back is what at-least-once delivery allows (developer guide, "Amazon SQS at-least-once delivery").
async fn delete(found: &Found, numbers: &[Number], now: Timestamp) -> Answer<()> {
    match found.live.delete(numbers, found.spec.fifo.is_some(), now)? {
        Some(ticket) => Ok(ticket.written().await?),
        None => Ok(()),
    }
}

/// Which message a receipt deletes; none if it has been received again since, or was purged. In a FIFO queue a receipt is good only as
/// long as the message is invisible.
fn deletable(found: &Found, handle: &str, now: Timestamp) -> Answer<Option<Number>> {
    let Some(receipt) = receipt(found, handle)? else { return Ok(None) };
    let stands = found.live.receipts_of(receipt.number, now);
    match (found.spec.fifo, stands) {
        (Some(_), Some((count, in_flight))) if !in_flight || count != receipt.count => Err(errors::expired_receipt(handle)),
        (None, Some((count, _))) if count > receipt.count => Ok(None),
        _ => Ok(Some(receipt.number)),
    }
}

/// What a handle says; none if it is of a message that was purged.
pub fn receipt(found: &Found, handle: &str) -> Answer<Option<Receipt>> {
    let receipt = Receipt::parse(handle).ok_or_else(|| errors::bad_receipt(handle))?;
    match receipt.mailbox == found.spec.mailbox {
        true => Ok(Some(receipt)),
        false if found.spec.purged.is_some() => Ok(None),
        false => Err(errors::bad_receipt(handle)),
    }
}

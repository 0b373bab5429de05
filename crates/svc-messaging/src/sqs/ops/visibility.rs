//! `ChangeMessageVisibility` and `ChangeMessageVisibilityBatch`.

use super::{
    super::{
        errors,
        names::find,
        queues::{Found, Queues},
    },
    batch,
    delete::receipt,
    receive::keeps_receipts,
};
use api::sqs as sdk;
use front::{Answer, Cx};
use logic::queue::NotChanged;
use std::{sync::Arc, time::Duration};

/// `ChangeMessageVisibility`.
pub async fn one(cx: Cx, queues: Arc<Queues>, input: sdk::ChangeMessageVisibilityRequest) -> Answer<()> {
    let found = find(&cx, &queues, &input.queue_url).await?;
    change(&queues, &found, &input.receipt_handle, input.visibility_timeout).await
}

/// `ChangeMessageVisibilityBatch`.
pub async fn several(
    cx: Cx,
    queues: Arc<Queues>,
    input: sdk::ChangeMessageVisibilityBatchRequest,
) -> Answer<sdk::ChangeMessageVisibilityBatchResult> {
    let found = find(&cx, &queues, &input.queue_url).await?;
    batch::check("ChangeMessageVisibilityBatchRequestEntry", input.entries.iter().map(|entry| &entry.id))?;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in input.entries {
        let changed = match entry.visibility_timeout {
            Some(timeout) => change(&queues, &found, &entry.receipt_handle, timeout).await,
            None => Err(errors::missing("VisibilityTimeout")),
        };
        match changed {
            Ok(()) => successful.push(sdk::ChangeMessageVisibilityBatchResultEntry { id: entry.id }),
            Err(fault) => failed.push(batch::failed(entry.id, &fault)),
        }
    }
    Ok(sdk::ChangeMessageVisibilityBatchResult { successful, failed })
}

async fn change(queues: &Queues, found: &Found, handle: &str, timeout: i32) -> Answer<()> {
    let reason = "VisibilityTimeout must be an integer between 0 and 43200.";
    let seconds = u64::try_from(timeout).ok().filter(|seconds| *seconds <= 43_200);
    let invisible = Duration::from_secs(seconds.ok_or_else(|| errors::invalid(timeout, "VisibilityTimeout", reason))?);
    let receipt = receipt(found, handle)?.ok_or_else(|| errors::not_available(handle))?;
    let which = (receipt.number, receipt.count);
    let (changed, ticket) = found.live.change(which, invisible, keeps_receipts(found), queues.env.now())?;
    if let Some(ticket) = ticket {
        ticket.written().await?;
    }
    changed.map_err(|why| match why {
        NotChanged::Gone => errors::not_available(handle),
        NotChanged::NotInFlight => errors::not_in_flight(),
        NotChanged::TooLong => {
            let reason = "Total VisibilityTimeout for the message is beyond the limit [43200 seconds].";
            errors::invalid(timeout, "VisibilityTimeout", reason)
        }
    })
}

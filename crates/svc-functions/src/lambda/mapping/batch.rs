//! What becomes of a batch: messages that don't pass the filters are deleted, the others are handed to the function, and those that it has
//! done are deleted. The others come back when their visibility ends.

use super::{
    event::{Record, event},
    poll::Poll,
};
use crate::lambda::pool::{Call, NotRun};
use agent_proto::function::Answer as Answered;
use logic::mapping::{failures, passes};
use model::Timestamp;
use std::{collections::BTreeSet, time::Duration};
use wire::{Fault, Value};

/// How many messages are deleted by one call.
const DELETED_AT_ONCE: usize = 10;

/// For how long a batch that is throttled is tried again, and the first pause. Later its messages come back anyway.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(500);

/// `LastProcessingResult`.
const OK: &str = "OK";
const FAILED: &str = "PROBLEM: Function call failed";
const THROTTLED: &str = "PROBLEM: Function call was throttled";

impl Poll {
    /// Hands a batch on.
    pub(super) async fn process(&self, records: Vec<Record>) {
        let (wanted, unwanted): (Vec<_>, Vec<_>) = records.into_iter().partition(|record| passes(&self.patterns, &record.json));
        let dropped = self.delete(unwanted.iter()).await;
        let result = match wanted.is_empty() {
            true => dropped.map(|()| OK.to_owned()),
            false => self.invoke(wanted).await,
        };
        self.note(result.unwrap_or_else(|fault| format!("PROBLEM: {}", fault.message))).await;
    }

    async fn invoke(&self, records: Vec<Record>) -> Result<String, Fault> {
        let answer = match self.call(&records).await {
            Ok(answer) => answer,
            Err(NotRun::Throttled(_)) => return Ok(THROTTLED.to_owned()),
            Err(NotRun::Fault(fault)) => return Err(fault),
        };
        let Some(answer) = answer else { return Ok(FAILED.to_owned()) };
        let ids: BTreeSet<&str> = records.iter().map(|record| record.id.as_str()).collect();
        let failed = match self.spec.reports_failures {
            false => BTreeSet::new(),
            true => match failures(&answer, &ids) {
                Ok(failed) => failed,
                Err(_) => return Ok(FAILED.to_owned()),
            },
        };
        self.delete(records.iter().filter(|record| !failed.contains(&record.id))).await?;
        Ok(if failed.is_empty() { OK } else { FAILED }.to_owned())
    }

    /// The function's answer; none if it has failed. A function that is throttled is tried again for a while, ever less often.
    async fn call(&self, records: &[Record]) -> Result<Option<Vec<u8>>, NotRun> {
        let payload = bytes::Bytes::from(event(records));
        let (mut pause, ends): (Duration, Timestamp) = (PAUSE, self.env.now() + PATIENCE);
        loop {
            let (function, qualifier) = (self.key.function(&self.spec), self.spec.qualifier.clone());
            let call = Call {
                trace: records.iter().find_map(|record| record.trace.clone()),
                ..Call::new(function, qualifier, self.env.uuid(), payload.clone())
            };
            match self.invoker.run(call).await {
                Ok(ran) => {
                    return Ok(match ran.invoked.answer {
                        Answered::Whole(answer) => Some(answer.to_vec()),
                        Answered::Failed(_) | Answered::Pieces { .. } => None,
                    });
                }
                Err(NotRun::Throttled(_)) if self.env.now() + pause < ends => self.env.sleep(pause).await,
                Err(why) => return Err(why),
            }
            pause *= 2;
        }
    }

    /// Deletes messages. Those that can't be deleted come back.
    async fn delete(&self, records: impl Iterator<Item = &Record>) -> Result<(), Fault> {
        let records: Vec<&Record> = records.collect();
        for some in records.chunks(DELETED_AT_ONCE) {
            let entry = |(place, record): (usize, &&Record)| {
                Value::structure([("Id", Value::Str(place.to_string())), ("ReceiptHandle", Value::Str(record.receipt.clone()))])
            };
            let entries = some.iter().enumerate().map(entry).collect();
            self.ask("DeleteMessageBatch", [("Entries", Value::List(entries)), ("QueueUrl", self.url())]).await?;
        }
        Ok(())
    }
}

/// The patterns of a mapping's filters. They were checked when they were written.
pub(super) fn patterns(filters: &[String]) -> Vec<logic::event_pattern::Pattern> {
    filters.iter().filter_map(|filter| logic::event_pattern::Pattern::parse(filter).ok()).collect()
}

/// The size of a batch's records in its event.
pub(super) fn size(records: &[Record]) -> usize {
    const ENVELOPE: usize = "{\"Records\":[]}".len();
    ENVELOPE + records.iter().map(|record| record.size + 1).sum::<usize>()
}

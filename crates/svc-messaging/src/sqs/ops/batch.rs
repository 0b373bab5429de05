//! What all batches have in common: their ids, and what became of each entry.

use super::super::errors;
use api::sqs::BatchResultErrorEntry;
use front::Answer;
use std::collections::HashSet;
use wire::Fault;

/// The most entries.
const MOST: usize = 10;

/// Refuses a batch whose ids can't tell its entries apart. `entry` is the name of an entry's shape.
pub fn check<'a>(entry: &str, ids: impl ExactSizeIterator<Item = &'a String> + Clone) -> Answer<()> {
    if ids.len() == 0 {
        return Err(errors::empty_batch(entry));
    }
    if ids.len() > MOST {
        return Err(errors::too_many_entries(ids.len()));
    }
    let good = |id: &str| {
        (1..=80).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if !ids.clone().all(|id| good(id)) {
        return Err(errors::bad_entry_id());
    }
    let mut seen = HashSet::new();
    match ids.clone().find(|id| !seen.insert(*id)) {
        Some(repeated) => Err(errors::repeated_id(repeated)),
        None => Ok(()),
    }
}

/// An entry that has failed by itself.
pub fn failed(id: String, fault: &Fault) -> BatchResultErrorEntry {
    BatchResultErrorEntry {
        id,
        sender_fault: fault.sender,
        code: fault.code.to_string(),
        message: Some(fault.message.clone()).filter(|message| !message.is_empty()),
    }
}

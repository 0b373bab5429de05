//! Events in the store: the event itself, and its payload in pieces that a value can hold.

use crate::lambda::names::Named;
use bytes::Bytes;
use front::{Answer, Cx};
use model::{
    Key, Timestamp,
    lambda::{Event, EventPart, EventPartSpec, EventSpec, Function},
};
use spine::{Read, Store, StoreError, Tx};

/// The most bytes of a payload in one record. In JSON a text can become six times as long as it was, but not one that is JSON itself: what
/// would have to be escaped so, it has escaped already.
const LARGEST_PART: usize = 256 << 10;

/// Queues an event. When this returns, it is durable.
pub async fn accept(cx: &Cx, store: &Store, named: &Named, payload: Bytes) -> Answer<()> {
    let spec = EventSpec {
        qualifier: named.qualifier.clone(),
        request_id: cx.request_id.clone(),
        accepted: cx.now,
        trace: cx.trace.clone(),
        parts: 0,
    };
    let parts = split(std::str::from_utf8(&payload).unwrap_or("{}"));
    let key = key(&named.key, cx.now, &cx.request_id);
    store.transact(|tx| create(tx, &key, spec.clone(), &parts)).await
}

/// Events of a function stand in the order in which they were accepted.
fn key(function: &Key<Function>, at: Timestamp, request_id: &str) -> Key<Event> {
    Key::new(&function.account, &function.region, format!("{}:{:013}-{request_id}", function.id, at.0.max(0)))
}

fn create(tx: &mut Tx, key: &Key<Event>, spec: EventSpec, parts: &[String]) -> Answer<()> {
    let count = u32::try_from(parts.len()).unwrap_or(u32::MAX);
    tx.create(key, &EventSpec { parts: count, ..spec })?;
    for (number, text) in parts.iter().enumerate() {
        tx.create(&part(key, number), &EventPartSpec { text: text.clone() })?;
    }
    Ok(())
}

fn part(key: &Key<Event>, number: usize) -> Key<EventPart> {
    Key::new(&key.account, &key.region, format!("{}/{number}", key.id))
}

/// The payload of an event; none if it isn't whole any more.
pub fn payload(read: &impl Read, key: &Key<Event>, spec: &EventSpec) -> Result<Option<String>, StoreError> {
    let mut whole = String::new();
    for number in 0..spec.parts as usize {
        let Some(part) = read.spec(&part(key, number))? else { return Ok(None) };
        whole.push_str(&part.text);
    }
    Ok(Some(whole))
}

/// Takes an event out of the queue.
pub fn delete(tx: &mut Tx, key: &Key<Event>, spec: &EventSpec) -> Result<(), StoreError> {
    for number in 0..spec.parts as usize {
        tx.delete(&part(key, number))?;
    }
    tx.delete(key)
}

/// A text in pieces between characters.
fn split(text: &str) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (part, behind) = rest.split_at(rest.floor_char_boundary(LARGEST_PART));
        parts.push(part.to_owned());
        rest = behind;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_split_between_characters() {
        let text = "é".repeat(LARGEST_PART);
        let parts = split(&text);
        assert!(parts.len() >= 2 && parts.iter().all(|part| part.len() <= LARGEST_PART));
        assert_eq!(parts.concat(), text);
        assert_eq!(split("{}"), ["{}"]);
    }
}

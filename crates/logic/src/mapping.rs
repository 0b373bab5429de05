//! Event source mappings: what of a batch has failed, which messages pass the filters, and how fast a poller grows.
//!
//! Spec: Lambda developer guide, "Using Lambda with Amazon SQS".

use crate::event_pattern::Pattern;
use serde_json::Value;
use std::collections::BTreeSet;

/// How many batches are handed on at a time at first, and how many more after each second in which that wasn't enough
/// ("Scaling behavior of SQS event source mappings": five, and 300 more in a minute).
pub const AT_FIRST: usize = 5;
/// See [`AT_FIRST`].
pub const MORE_A_SECOND: usize = 5;
/// How many batches are handed on at a time at the most.
pub const AT_MOST: usize = 1250;

/// How many batches more may be handed on at a time, after a second in which all places were taken.
pub fn growth(places: usize, most: Option<u32>) -> usize {
    let most = most.map_or(AT_MOST, |most| most as usize);
    MORE_A_SECOND.min(most.saturating_sub(places))
}

/// How many batches are handed on at a time at first.
pub fn at_first(most: Option<u32>) -> usize {
    most.map_or(AT_FIRST, |most| AT_FIRST.min(most as usize))
}

/// A function's answer names failures in a way that counts for all of the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WholeBatch;

/// Which messages of a batch have failed, by the answer of a function that reports it ("Implementing partial batch responses").
///
/// # Errors
/// [`WholeBatch`] if the answer isn't one that Lambda understands.
pub fn failures(answer: &[u8], ids: &BTreeSet<&str>) -> Result<BTreeSet<String>, WholeBatch> {
    if answer.iter().all(u8::is_ascii_whitespace) {
        return Ok(BTreeSet::new());
    }
    let items = match serde_json::from_slice(answer).map_err(|_| WholeBatch)? {
        Value::Null => return Ok(BTreeSet::new()),
        Value::Object(mut answer) => match answer.remove("batchItemFailures") {
            Some(Value::Array(items)) => items,
            None | Some(Value::Null) => return Ok(BTreeSet::new()),
            Some(_) => return Err(WholeBatch),
        },
        _ => return Err(WholeBatch),
    };
    let id = |item: &Value| item.get("itemIdentifier").and_then(Value::as_str).filter(|id| ids.contains(id)).map(str::to_owned);
    items.iter().map(|item| id(item).ok_or(WholeBatch)).collect()
}

/// Whether a record passes: it matches one of the patterns, or there are none. A body of JSON is matched as what it means, any other as
/// text ("Properly filtering Amazon SQS messages").
pub fn passes(patterns: &[Pattern], record: &Value) -> bool {
    if patterns.is_empty() {
        return true;
    }
    let mut record = record.clone();
    if let Some(body) = record.get_mut("body") {
        let json = body.as_str().and_then(|body| serde_json::from_str::<Value>(body).ok());
        if let Some(json) = json.filter(Value::is_object) {
            *body = json;
        }
    }
    patterns.iter().any(|pattern| pattern.matches(&record))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn only_a_proper_answer_names_failures() {
        let ids = BTreeSet::from(["a", "b"]);
        let failed = |answer: &str| failures(answer.as_bytes(), &ids).map(|ids| ids.into_iter().collect::<Vec<_>>());
        for none in ["", " ", "null", "{}", "{\"batchItemFailures\":null}", "{\"batchItemFailures\":[]}"] {
            assert_eq!(failed(none), Ok(vec![]), "{none}");
        }
        assert_eq!(failed("{\"batchItemFailures\":[{\"itemIdentifier\":\"b\"}]}"), Ok(vec!["b".to_owned()]));
        for all in [
            "junk",
            "[]",
            "\"ok\"",
            "{\"batchItemFailures\":{}}",
            "{\"batchItemFailures\":[{\"itemIdentifier\":\"\"}]}",
            "{\"batchItemFailures\":[{\"itemIdentifier\":null}]}",
            "{\"batchItemFailures\":[{\"wrong\":\"a\"}]}",
            "{\"batchItemFailures\":[{\"itemIdentifier\":\"a\"},{\"itemIdentifier\":\"c\"}]}",
        ] {
            assert_eq!(failed(all), Err(WholeBatch), "{all}");
        }
    }

    #[test]
    fn filters_look_into_bodies_of_json() {
        let patterns = |text: &str| vec![Pattern::parse(text).unwrap()];
        let record = |body: &str| json!({"messageId": "1", "body": body});
        let json = patterns("{\"body\":{\"kind\":[\"a\"]}}");
        assert!(passes(&json, &record("{\"kind\":\"a\",\"n\":1}")));
        assert!(!passes(&json, &record("{\"kind\":\"b\"}")) && !passes(&json, &record("a")));
        let text = patterns("{\"body\":[\"a\"]}");
        assert!(passes(&text, &record("a")) && !passes(&text, &record("{\"kind\":\"a\"}")));
        assert!(passes(&[], &record("x")));
    }

    #[test]
    fn a_poller_grows_to_its_limit() {
        assert_eq!((at_first(None), at_first(Some(2))), (5, 2));
        assert_eq!((growth(5, None), growth(AT_MOST, None), growth(5, Some(7)), growth(7, Some(7))), (5, 0, 2, 0));
    }
}

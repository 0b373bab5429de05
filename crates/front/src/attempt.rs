//! The number of the attempt, which schedules can have in what they send (EventBridge Scheduler user guide, "Adding context attributes"). It is
//! known only when a call is made.

use base64::{Engine, engine::general_purpose::STANDARD};
use model::delivery::{Caller, Request};
use serde_json::Value;
use std::borrow::Cow;

const WORD: &str = "<aws.scheduler.attempt-number>";

/// A text with the number in the word's place, if a schedule has said it.
pub fn filled<'a>(text: &'a str, by: &Caller, attempt: u32) -> Cow<'a, str> {
    match is_schedule(by) && text.contains(WORD) {
        true => Cow::Owned(text.replace(WORD, &attempt.to_string())),
        false => Cow::Borrowed(text),
    }
}

fn is_schedule(by: &Caller) -> bool {
    matches!(by, Caller::Role { service, .. } if service == "scheduler.amazonaws.com")
}

/// A call with the number in the word's place. What a function gets stands in the call in base64.
pub fn numbered<'a>(call: &'a Request, by: &Caller, attempt: u32) -> Cow<'a, Request> {
    // Payloads of others aren't read: they may be large, and each delivery to a function comes by here.
    if is_schedule(by)
        && (call.service.as_str(), call.operation.as_str()) == ("lambda", "Invoke")
        && let Some(input) = payload(&call.input, by, attempt)
    {
        return Cow::Owned(Request { input, ..call.clone() });
    }
    match filled(&call.input, by, attempt) {
        Cow::Owned(input) => Cow::Owned(Request { input, ..call.clone() }),
        Cow::Borrowed(_) => Cow::Borrowed(call),
    }
}

fn payload(input: &str, by: &Caller, attempt: u32) -> Option<String> {
    let mut input: Value = serde_json::from_str(input).ok()?;
    let text = String::from_utf8(STANDARD.decode(input["Payload"].as_str()?).ok()?).ok()?;
    let Cow::Owned(text) = filled(&text, by, attempt) else { return None };
    input["Payload"] = STANDARD.encode(text).into();
    Some(input.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn by(service: &str) -> Caller {
        let (role, session) = ("arn:aws:iam::111122223333:role/r".to_owned(), "s".to_owned());
        let source = "arn:aws:scheduler:us-east-1:111122223333:schedule-group/default".parse().unwrap();
        Caller::Role { role, session, service: service.into(), source }
    }

    #[test]
    fn only_what_a_schedule_says_is_numbered() {
        let call = Request::new("sqs", "SendMessage", &json!({ "MessageBody": format!("try {WORD}") }));
        assert!(numbered(&call, &by("scheduler.amazonaws.com"), 3).input.contains("try 3"));
        assert_eq!(*numbered(&call, &by("events.amazonaws.com"), 3), call);
    }

    #[test]
    fn a_payload_is_numbered_inside() {
        let call = Request::new("lambda", "Invoke", &json!({ "Payload": STANDARD.encode(format!("{{\"n\":{WORD}}}")) }));
        let made: Value = serde_json::from_str(&numbered(&call, &by("scheduler.amazonaws.com"), 2).input).unwrap();
        assert_eq!(made["Payload"], STANDARD.encode("{\"n\":2}"));
        let plain = Request::new("lambda", "Invoke", &json!({ "Payload": STANDARD.encode("{}") }));
        assert_eq!(*numbered(&plain, &by("scheduler.amazonaws.com"), 2), plain);
    }
}

//! What an event may be: JSON, of no more than so many bytes (Lambda developer guide, "Lambda quotas").

use crate::lambda::errors;
use bytes::Bytes;
use front::Answer;
use serde::de::IgnoredAny;

/// The most bytes of an event that is waited for, and of an answer that isn't streamed.
pub const LARGEST: usize = 6 << 20;
/// The most bytes of an event that is queued.
pub const LARGEST_EVENT: usize = 1 << 20;

/// The event, if it is one. Nothing at all stands for an empty object.
///
/// # Errors
/// `RequestTooLargeException`; `InvalidRequestContentException` of what isn't JSON.
pub fn checked(payload: Bytes, limit: usize) -> Answer<Bytes> {
    if payload.len() > limit {
        return Err(errors::too_large_request(limit, "InvokeFunction"));
    }
    if payload.is_empty() {
        return Ok(Bytes::from_static(b"{}"));
    }
    let unreadable = |why: String| {
        errors::content(format!("Could not parse request body into json: Could not parse payload into json: {why}"))
    };
    let text = std::str::from_utf8(&payload).map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_str::<IgnoredAny>(text).map_err(|error| unreadable(error.to_string()))?;
    Ok(payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_json() {
        let of = |payload: &'static [u8]| checked(Bytes::from_static(payload), 10).map_err(|fault| fault.code.into_owned());
        assert_eq!(of(b""), Ok(Bytes::from_static(b"{}")));
        assert_eq!(of(b"\"x\""), Ok(Bytes::from_static(b"\"x\"")));
        for wrong in [&b"x"[..], b"{}}", b"\"\xff\"", b"'x'"] {
            assert_eq!(of(wrong), Err("InvalidRequestContentException".into()), "{wrong:?}");
        }
        assert_eq!(of(b"\"1234567890\""), Err("RequestTooLargeException".into()));
    }
}

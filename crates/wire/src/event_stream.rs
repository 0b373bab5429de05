//! Messages of event streams, `application/vnd.amazon.eventstream`, on their way out (Smithy, "Amazon Event Stream Specification").
//!
//! A message is its length, the length of its headers, a checksum of both, the headers, the payload, and a checksum of all that. Numbers are
//! big-endian, checksums CRC-32. Only headers that are strings are needed to answer.

use bytes::{BufMut, Bytes, BytesMut};

/// The media type of event streams.
pub const CONTENT_TYPE: &str = "application/vnd.amazon.eventstream";

/// Lengths and checksums: what a message has besides headers and payload.
const FRAME: usize = 16;
/// The type of a header that is a string.
const STRING: u8 = 7;

/// An event of that name, with a payload of that type.
pub fn event(name: &str, content_type: &str, payload: &[u8]) -> Bytes {
    message(&[(":message-type", "event"), (":event-type", name), (":content-type", content_type)], payload)
}

/// An event of that name without a payload of its own.
pub fn empty_event(name: &str) -> Bytes {
    message(&[(":message-type", "event"), (":event-type", name)], &[])
}

fn message(headers: &[(&str, &str)], payload: &[u8]) -> Bytes {
    let header_length: usize = headers.iter().map(|(name, value)| 4 + name.len() + value.len()).sum();
    let length = FRAME + header_length + payload.len();
    let mut out = BytesMut::with_capacity(length);
    out.put_u32(number(length));
    out.put_u32(number(header_length));
    out.put_u32(crc32fast::hash(&out));
    for (name, value) in headers {
        out.put_u8(u8::try_from(name.len()).unwrap_or(u8::MAX));
        out.put_slice(name.as_bytes());
        out.put_u8(STRING);
        out.put_u16(u16::try_from(value.len()).unwrap_or(u16::MAX));
        out.put_slice(value.as_bytes());
    }
    out.put_slice(payload);
    out.put_u32(crc32fast::hash(&out));
    out.freeze()
}

/// Messages are cut long before this could be too much.
fn number(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_without_headers_is_as_published() {
        // Smithy's vectors, `empty_message` and `payload_no_headers`.
        assert_eq!(hex(&message(&[], b"")), "000000100000000005c248eb7d98c8ff");
        let json = hex(&message(&[], br#"{'foo':'bar'}"#));
        assert_eq!(json, "0000001d00000000fd528c5a7b27666f6f273a27626172277dc3653936");
    }

    #[test]
    fn headers_are_names_and_strings() {
        let message = message(&[("a", "bc")], b"");
        assert_eq!(&message[..8], [0, 0, 0, 23, 0, 0, 0, 7]);
        assert_eq!(&message[12..19], [1, b'a', 7, 0, 2, b'b', b'c']);
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

//! A message as it is kept: a head in JSON, and the body as it is.

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Everything but the body.
    pub head: Head,
    /// The body.
    pub body: String,
}

/// What is known of a message besides its body.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Head {
    /// `MessageId`.
    pub id: String,
    /// `SenderId`.
    pub sender: String,
    /// `SentTimestamp`.
    pub sent: Timestamp,
    /// From when on it may be received, in a standard queue.
    pub from: Timestamp,
    /// `MD5OfBody`.
    pub md5: String,
    /// `MessageGroupId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// `MessageDeduplicationId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deduplication: Option<String>,
    /// `SequenceNumber`, in a FIFO queue.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sequence: Option<String>,
    /// `AWSTraceHeader`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// `DeadLetterQueueSourceArn`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dead_letter_source: Option<String>,
    /// The message attributes.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub attributes: BTreeMap<String, Attribute>,
}

/// A message attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attribute {
    /// `DataType`, such as `String` or `Number.float`.
    #[serde(rename = "type")]
    pub data_type: String,
    /// Its value.
    pub value: AttributeValue,
}

/// The value of a message attribute.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AttributeValue {
    /// `StringValue`.
    Text(String),
    /// `BinaryValue`.
    Binary(#[serde(with = "in_base64")] Vec<u8>),
}

impl AttributeValue {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Binary(bytes) => bytes,
        }
    }
}

impl Message {
    /// The bytes that are kept.
    pub fn encode(&self) -> Vec<u8> {
        // A head is made of strings and numbers, which always have JSON.
        let head = serde_json::to_vec(&self.head).unwrap_or_default();
        let length = u32::try_from(head.len()).unwrap_or(u32::MAX);
        [&length.to_be_bytes(), head.as_slice(), self.body.as_bytes()].concat()
    }

    /// The message of those bytes; none if they are no message.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (head, body) = rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
        Some(Self { head: serde_json::from_slice(head).ok()?, body: String::from_utf8(body.to_vec()).ok()? })
    }
}

/// The MD5 of a body, in hexadecimal digits.
pub fn md5_of_body(body: &str) -> String {
    hex::encode(Md5::digest(body))
}

/// The MD5 of message attributes; none where there are none (developer guide, "Calculating the MD5 message digest for message attributes").
pub fn md5_of_attributes<'a>(attributes: impl IntoIterator<Item = (&'a String, &'a Attribute)>) -> Option<String> {
    let mut digest = Md5::new();
    let mut any = false;
    for (name, attribute) in attributes {
        any = true;
        counted(&mut digest, name.as_bytes());
        counted(&mut digest, attribute.data_type.as_bytes());
        digest.update([match attribute.value {
            AttributeValue::Text(_) => 1,
            AttributeValue::Binary(_) => 2,
        }]);
        counted(&mut digest, attribute.value.bytes());
    }
    any.then(|| hex::encode(digest.finalize()))
}

fn counted(digest: &mut Md5, bytes: &[u8]) {
    digest.update(u32::try_from(bytes.len()).unwrap_or(u32::MAX).to_be_bytes());
    digest.update(bytes);
}

mod in_base64 {
    use super::{Engine, STANDARD};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(bytes))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        STANDARD.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(data_type: &str, value: AttributeValue) -> Attribute {
        Attribute { data_type: data_type.into(), value }
    }

    #[test]
    fn what_is_kept_is_found_again() {
        let attributes = BTreeMap::from([
            ("a".to_owned(), attribute("Binary", AttributeValue::Binary(vec![0, 255]))),
            ("b".to_owned(), attribute("String", AttributeValue::Text("é".into()))),
        ]);
        let head = Head { id: "1".into(), sent: Timestamp(5), attributes, group: Some("g".into()), ..Head::default() };
        let message = Message { head, body: "{\"x\":\"\u{1f600}\"}".into() };
        assert_eq!(Message::decode(&message.encode()), Some(message));
        assert_eq!(Message::decode(&[0, 0, 0, 9, 1]), None);
    }

    #[test]
    fn digests_are_those_that_sdks_check() {
        assert_eq!(md5_of_body("hello"), "5d41402abc4b2a76b9719d911017c592");
        // The test vector of boto's and moto's time: one String attribute.
        let one = BTreeMap::from([("timestamp".to_owned(), attribute("Number", AttributeValue::Text("1493147359900".into())))]);
        assert_eq!(md5_of_attributes(&one).as_deref(), Some("235c5c510d26fb653d073faed50ae77c"));
        assert_eq!(md5_of_attributes(&BTreeMap::new()), None);
    }
}

//! A message as it is kept: a head in JSON, by which its queue knows it, and what its sender has written, sealed or as it is.
//!
//! ```text
//! 2 | length of the head, 4 bytes | the head | 0 | the letter
//!                                            | 1 | length of the data key, 2 bytes | the data key | nonce, 12 bytes | the letter, sealed
//! ```

use base64::{Engine, engine::general_purpose::STANDARD};
use md5::{Digest, Md5};
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, sync::Arc};

/// The form of what is kept.
const FORM: u8 = 2;
const OPEN: u8 = 0;
const SEALED: u8 = 1;

/// How long an MD5 is in hexadecimal digits.
const MD5_DIGITS: usize = 32;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// What its queue knows of it.
    pub head: Head,
    /// What its sender has written.
    pub content: Content,
}

/// What a sender has written, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// As it is.
    Open(Letter),
    /// Sealed with a data key.
    Sealed(Sealed),
}

/// What a sender has written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Letter {
    /// `MD5OfBody`.
    pub md5: String,
    /// The message attributes.
    pub attributes: BTreeMap<String, Attribute>,
    /// The body.
    pub body: String,
}

/// Bytes that were sealed with AES-256-GCM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The data key, as it is kept.
    pub data_key: Arc<[u8]>,
    /// Never used twice with the data key.
    pub nonce: [u8; 12],
    /// What was sealed, and its tag.
    pub bytes: Vec<u8>,
}

/// What a queue knows of a message.
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
        let mut bytes = Vec::with_capacity(head.len() + self.content.size() + 8);
        bytes.push(FORM);
        put_length(&mut bytes, head.len());
        bytes.extend_from_slice(&head);
        match &self.content {
            Content::Open(letter) => {
                bytes.push(OPEN);
                letter.write(&mut bytes);
            }
            Content::Sealed(sealed) => {
                bytes.push(SEALED);
                bytes.extend(u16::try_from(sealed.data_key.len()).unwrap_or(u16::MAX).to_be_bytes());
                [&*sealed.data_key, &sealed.nonce, &sealed.bytes].into_iter().for_each(|part| bytes.extend_from_slice(part));
            }
        }
        bytes
    }

    /// The message of those bytes; none if they are no message.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (head, rest) = Head::split(bytes)?;
        let content = match rest.split_first()? {
            (&OPEN, rest) => Content::Open(Letter::decode(rest)?),
            (&SEALED, rest) => Content::Sealed(Sealed::decode(rest)?),
            _ => return None,
        };
        Some(Self { head, content })
    }
}

impl Content {
    /// About how many bytes it is kept in.
    fn size(&self) -> usize {
        match self {
            Self::Open(letter) => letter.body.len() + 128 * letter.attributes.len() + 64,
            Self::Sealed(sealed) => sealed.data_key.len() + sealed.bytes.len() + 32,
        }
    }
}

impl Head {
    /// The head of a message's bytes; none if they are no message.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        Self::split(bytes).map(|(head, _)| head)
    }

    fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (&[FORM], rest) = bytes.split_first_chunk()? else { return None };
        let (head, rest) = take_length(rest)?;
        Some((serde_json::from_slice(head).ok()?, rest))
    }
}

impl Letter {
    /// The bytes that are kept or sealed.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.body.len() + 128 * self.attributes.len() + 64);
        self.write(&mut bytes);
        bytes
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(self.md5.as_bytes());
        match self.attributes.is_empty() {
            true => put_length(bytes, 0),
            false => {
                let attributes = serde_json::to_vec(&self.attributes).unwrap_or_default();
                put_length(bytes, attributes.len());
                bytes.extend_from_slice(&attributes);
            }
        }
        bytes.extend_from_slice(self.body.as_bytes());
    }

    /// The letter of those bytes; none if they are none.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        let (md5, rest) = bytes.split_at_checked(MD5_DIGITS)?;
        let (attributes, body) = take_length(rest)?;
        let attributes = if attributes.is_empty() { BTreeMap::new() } else { serde_json::from_slice(attributes).ok()? };
        let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
        Some(Self { md5: text(md5)?, attributes, body: text(body)? })
    }
}

impl Sealed {
    fn decode(bytes: &[u8]) -> Option<Self> {
        let (length, rest) = bytes.split_first_chunk()?;
        let (data_key, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let (nonce, rest) = rest.split_first_chunk()?;
        Some(Self { data_key: data_key.into(), nonce: *nonce, bytes: rest.to_vec() })
    }
}

fn put_length(bytes: &mut Vec<u8>, length: usize) {
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
}

/// As many bytes as the four before them say, and the rest.
fn take_length(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::try_from(u32::from_be_bytes(*length)).ok()?)
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
        let head = Head { id: "1".into(), sent: Timestamp(5), group: Some("g".into()), ..Head::default() };
        let letter = Letter { md5: md5_of_body("x"), attributes, body: "{\"x\":\"\u{1f600}\"}".into() };
        let sealed = Sealed { data_key: Arc::from(&b"key"[..]), nonce: [3; 12], bytes: letter.encode() };
        for content in
            [Content::Open(letter), Content::Open(Letter { md5: md5_of_body(""), ..Letter::default() }), Content::Sealed(sealed)]
        {
            let message = Message { head: head.clone(), content };
            let bytes = message.encode();
            assert_eq!((Head::decode(&bytes), Message::decode(&bytes)), (Some(head.clone()), Some(message)));
            (0..bytes.len()).for_each(|cut| _ = Message::decode(&bytes[..cut]));
        }
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

//! What a server and a shim tell each other at the shim's socket.
//!
//! A connection carries orders one after the other, each followed by what comes of it. Everything is a frame: one byte that says what it is,
//! four bytes of length, big endian, and so many bytes. What is said is JSON; payloads are bytes as they are.

use agent_proto::function::Report;
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest frame: an event or an answer of 6 MB, and room for what is said of it.
const LONGEST: u32 = 16 << 20;
const SAID: u8 = b'{';
const DATA: u8 = b'=';

/// What a server asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Order {
    /// Become the environment of [`super::job::Job`]. Answered by [`Said::Begun`].
    Begin,
    /// Make an invocation, whose event is the data that follows. Answered by [`Said::Answer`] or [`Said::Failed`] with data behind, then
    /// [`Said::Done`] with the log's tail behind.
    Invoke(Head),
    /// How is it? Answered at once by [`Said::Looks`].
    Look,
    /// Tell the extensions and end. Answered by the end of the connection.
    Stop,
}

/// What an invocation is, but for its event.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// `Lambda-Runtime-Aws-Request-Id`.
    pub request_id: String,
    /// `Lambda-Runtime-Invoked-Function-Arn`.
    pub invoked_arn: String,
    /// `Lambda-Runtime-Trace-Id`.
    pub trace_id: String,
    /// `Lambda-Runtime-Client-Context`.
    pub client_context: Option<String>,
    /// `Lambda-Runtime-Cognito-Identity`.
    pub cognito_identity: Option<String>,
    /// The answer may come in pieces.
    pub streams: bool,
    /// The cloud's clock less the system's, in milliseconds: it may have been moved since the shim was started.
    pub clock_offset_ms: i64,
}

/// What comes of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Said {
    /// The initialization is over.
    Begun {
        /// What it took, in microseconds.
        micros: u64,
        /// What it failed by: an error type, whose JSON follows as data.
        failed: Option<String>,
    },
    /// The function answers: whole, as the data that follows; or in pieces, data until something else is said.
    Answer {
        /// In pieces.
        pieces: bool,
        /// `Content-Type` that it gave.
        content_type: Option<String>,
    },
    /// It has failed: an error type, whose JSON follows as data.
    Failed(String),
    /// The environment is ready for the next invocation. The tail of the log follows as data.
    Done(Report),
    /// How it is.
    Looks {
        /// It is in the middle of an invocation.
        busy: bool,
    },
    /// The order can't be carried out: a sentence for people.
    Refused(String),
}

/// A frame that was read.
#[derive(Debug)]
pub enum Frame {
    /// JSON.
    Said(Bytes),
    /// Bytes.
    Data(Bytes),
}

impl Frame {
    /// What was said.
    pub fn said<T: DeserializeOwned>(self) -> io::Result<T> {
        match self {
            Self::Said(text) => serde_json::from_slice(&text).map_err(io::Error::other),
            Self::Data(_) => Err(io::Error::other("data where something was to be said")),
        }
    }

    /// The bytes.
    pub fn data(self) -> io::Result<Bytes> {
        match self {
            Self::Data(bytes) => Ok(bytes),
            Self::Said(_) => Err(io::Error::other("something was said where data was to be")),
        }
    }
}

/// Reads a frame; `None` at the end of the connection.
pub async fn read(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Frame>> {
    let kind = match stream.read_u8().await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        kind => kind?,
    };
    let length = stream.read_u32().await?;
    if length > LONGEST {
        return Err(io::Error::other("a frame is too long"));
    }
    let mut bytes = BytesMut::zeroed(length as usize);
    stream.read_exact(&mut bytes).await?;
    match kind {
        SAID => Ok(Some(Frame::Said(bytes.freeze()))),
        DATA => Ok(Some(Frame::Data(bytes.freeze()))),
        _ => Err(io::Error::other("a frame of an unknown kind")),
    }
}

/// Reads a frame that has to come.
pub async fn expect(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Frame> {
    read(stream).await?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

/// Says something, with data behind it if there is any, in one go.
pub async fn say(stream: &mut (impl AsyncWrite + Unpin), what: &impl Serialize, data: Option<&[u8]>) -> io::Result<()> {
    let text = serde_json::to_vec(what).map_err(io::Error::other)?;
    let mut frames = Vec::with_capacity(10 + text.len() + data.map_or(0, <[u8]>::len));
    put(&mut frames, SAID, &text);
    if let Some(data) = data {
        put(&mut frames, DATA, data);
    }
    stream.write_all(&frames).await?;
    stream.flush().await
}

/// Sends data.
pub async fn send(stream: &mut (impl AsyncWrite + Unpin), data: &[u8]) -> io::Result<()> {
    let mut frame = Vec::with_capacity(5 + data.len());
    put(&mut frame, DATA, data);
    stream.write_all(&frame).await?;
    stream.flush().await
}

fn put(frames: &mut Vec<u8>, kind: u8, bytes: &[u8]) {
    frames.push(kind);
    frames.extend_from_slice(&(bytes.len() as u32).to_be_bytes());
    frames.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn what_is_said_comes_with_its_data() {
        let (mut here, mut there) = tokio::io::duplex(64);
        let head = Head { request_id: "r".into(), ..Head::default() };
        let order = Order::Invoke(head);
        let (said, heard) = tokio::join!(say(&mut here, &order, Some(&[7; 1000])), async {
            let order: Order = expect(&mut there).await?.said()?;
            Ok::<_, io::Error>((order, expect(&mut there).await?.data()?))
        });
        said.unwrap();
        assert_eq!(heard.unwrap(), (order, Bytes::from(vec![7; 1000])));
        drop(here);
        assert!(read(&mut there).await.unwrap().is_none());
    }

    #[tokio::test]
    async fn junk_is_refused() {
        assert!(read(&mut &b"{\xff\xff\xff\xff"[..]).await.is_err(), "too long");
        assert!(read(&mut &b"?\0\0\0\0"[..]).await.is_err(), "of no kind");
        assert!(read(&mut &b"=\0\0\0\x05abc"[..]).await.is_err(), "cut off");
    }
}

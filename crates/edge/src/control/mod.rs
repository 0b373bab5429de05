//! How the server and the edge speak: JSON messages, each after its length, over the socket `edge.sock`.
//!
//! Both begin with a [`Message::Hello`] that says which version they speak; versions that differ part again, and the server
//! starts its own edge in the place of the other. Tables go one way, acknowledgements and reports the other.

mod link;
mod log;
mod server;

pub use link::{Link, LinkConfig};
pub(crate) use server::{Orders, serve};

use agent_proto::edge::{Report, Table};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::{io, path::Path};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// Of the protocol and of the table's form. Raised when either changes.
pub(crate) const VERSION: u32 = 2;

/// The longest message that is read: a table of some ten thousand targets is a hundredth of it.
const LONGEST: u32 = 256 * 1024 * 1024;

/// What the server says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Order {
    /// The version that it speaks.
    Hello(u32),
    /// Serve from this table; acknowledge by this number.
    Apply { number: u64, table: Box<Table> },
    /// Finish what is under way, and end.
    ShutDown,
}

/// What the edge says.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Message {
    /// The version that it speaks.
    Hello(u32),
    /// The table of this number is on disk and served.
    Applied(u64),
    /// The table of this number could not be kept, and is not served.
    NotApplied { number: u64, reason: String },
    /// What it sees.
    Report(Box<Report>),
}

/// Where the edge listens for the server.
pub(crate) fn socket(runtime: &Path) -> std::path::PathBuf {
    runtime.join("edge.sock")
}

async fn write(stream: &mut (impl AsyncWrite + Unpin), message: &impl Serialize) -> io::Result<()> {
    let json = serde_json::to_vec(message)?;
    let length = u32::try_from(json.len()).ok().filter(|length| *length <= LONGEST).ok_or(io::ErrorKind::FileTooLarge)?;
    stream.write_all(&length.to_be_bytes()).await?;
    stream.write_all(&json).await?;
    stream.flush().await
}

/// None at the end of the stream.
async fn read<T: DeserializeOwned>(stream: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<T>> {
    let length = match stream.read_u32().await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        length => length?,
    };
    if length > LONGEST {
        return Err(io::ErrorKind::FileTooLarge.into());
    }
    let mut json = Vec::new();
    // Not allocated before it is there: the length may be nonsense.
    if stream.take(u64::from(length)).read_to_end(&mut json).await? < length as usize {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(Some(serde_json::from_slice(&json)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_arrive_as_they_were_sent() {
        let (mut here, mut there) = tokio::io::duplex(64);
        let sending = tokio::spawn(async move {
            write(&mut here, &Order::Hello(3)).await.unwrap();
            write(&mut here, &Order::Apply { number: 9, table: Box::default() }).await.unwrap();
        });
        assert!(matches!(read(&mut there).await.unwrap(), Some(Order::Hello(3))));
        assert!(matches!(read(&mut there).await.unwrap(), Some(Order::Apply { number: 9, .. })));
        assert!(read::<Order>(&mut there).await.unwrap().is_none());
        sending.await.unwrap();
    }

    #[tokio::test]
    async fn nonsense_is_an_error() {
        for bytes in [&b"\xff\xff\xff\xff"[..], b"\0\0\0\x05{", b"\0\0\0\x02{}"] {
            let mut bytes = bytes;
            assert!(read::<Order>(&mut bytes).await.is_err());
        }
    }
}

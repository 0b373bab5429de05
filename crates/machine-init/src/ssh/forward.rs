//! Forwarded ports: connections that the machine opens for a client (RFC 4254, section 7.2).

use super::{
    inbox::{Mail, Outlet},
    relay,
};
use russh::{
    ChannelOpenFailure, ChannelWriteHalf,
    server::{ChannelOpenHandle, Msg},
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpStream, tcp::OwnedWriteHalf},
    sync::OwnedSemaphorePermit,
};

/// Where a client wants to.
pub struct Target {
    /// A name or an address, as the machine understands it.
    pub host: String,
    /// The port.
    pub port: u32,
    /// One of those that a connection has; let go of at the end.
    pub permit: OwnedSemaphorePermit,
}

/// Connects, and carries bytes until the other side has ended, or the client is gone.
pub async fn direct(target: Target, read: Outlet, write: ChannelWriteHalf<Msg>, reply: ChannelOpenHandle) {
    let Target { host, port, permit } = target;
    let Ok(port) = u16::try_from(port) else { return reply.reject(ChannelOpenFailure::ConnectFailed).await };
    let Ok(stream) = TcpStream::connect((host.as_str(), port)).await else {
        return reply.reject(ChannelOpenFailure::ConnectFailed).await;
    };
    reply.accept().await;
    let (from, to) = stream.into_split();
    tokio::select! {
        () = relay::copy(from, write.make_writer()) => {}
        () = pass_on(read, to) => {}
    }
    let _ = write.eof().await;
    let _ = write.close().await;
    drop(permit);
}

/// Comes back when the client is gone; when it has merely ended, the other side is told and may go on.
async fn pass_on(mut read: Outlet, mut to: OwnedWriteHalf) {
    while let Some(mail) = read.next().await {
        let passed = match mail {
            Mail::Data(data) => to.write_all(&data).await,
            Mail::End => to.shutdown().await,
        };
        if passed.is_err() {
            return;
        }
    }
}

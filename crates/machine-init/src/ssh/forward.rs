//! Forwarded ports: connections that the machine opens for a client (RFC 4254, section 7.2).

use russh::{
    Channel, ChannelOpenFailure,
    server::{ChannelOpenHandle, Msg},
};
use tokio::{io::copy_bidirectional, net::TcpStream, sync::OwnedSemaphorePermit};

/// Connects to where the client wants to, and carries bytes until both sides have ended. `permit` is one of those that a connection has.
pub async fn direct(channel: Channel<Msg>, host: String, port: u32, reply: ChannelOpenHandle, permit: OwnedSemaphorePermit) {
    let _permit = permit;
    let Ok(port) = u16::try_from(port) else { return reply.reject(ChannelOpenFailure::ConnectFailed).await };
    match TcpStream::connect((host.as_str(), port)).await {
        Err(_) => reply.reject(ChannelOpenFailure::ConnectFailed).await,
        Ok(mut stream) => {
            reply.accept().await;
            let _ = copy_bidirectional(&mut channel.into_stream(), &mut stream).await;
        }
    }
}

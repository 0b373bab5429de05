//! The name server of a VPC: it answers the names of its zone (and of the VPC's load balancers) itself, and asks the host's own
//! resolvers for all others.

mod answer;
mod resolvers;

use crate::{routes::Names, shared::Shared};
use answer::Reply;
use nix::{
    libc,
    sys::socket::{ControlMessage, MsgFlags, SockaddrIn, sendmsg},
};
use std::{
    io::{self, IoSlice},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    os::fd::AsRawFd,
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, Interest},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::{Semaphore, watch},
};

/// A question by UDP is at most so long here; longer ones come by TCP.
const DATAGRAM: usize = 4096;
/// Questions that are worked on at the same time. More wait (TCP) or are lost (UDP), as they may be.
const MOST: usize = 512;
/// A TCP connection that asks nothing for so long is closed (RFC 7766, section 6.2.3).
const IDLE: Duration = Duration::from_secs(10);

/// How a question came.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    Udp,
    Tcp,
}

/// Answers questions until `closed` says so.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    vpc: Arc<str>,
    datagrams: UdpSocket,
    streams: TcpListener,
    mut closed: watch::Receiver<()>,
) {
    let server = Arc::new(Server { shared, vpc, permits: Semaphore::new(MOST) });
    let datagrams = Arc::new(datagrams);
    tokio::select! {
        () = by_udp(&server, &datagrams) => {}
        () = by_tcp(&server, &streams) => {}
        _ = closed.changed() => {}
    }
}

struct Server {
    shared: Arc<Shared>,
    vpc: Arc<str>,
    permits: Semaphore,
}

async fn by_udp(server: &Arc<Server>, socket: &Arc<UdpSocket>) {
    let mut buffer = [0; DATAGRAM];
    loop {
        match socket.recv_from(&mut buffer).await {
            Ok((length, from)) => {
                drop(tokio::spawn(answer_datagram(server.clone(), socket.clone(), buffer[..length].to_vec(), from)))
            }
            // An ICMP error about an earlier answer: nobody's concern.
            Err(error) => tracing::debug!(%error, "no question"),
        }
    }
}

async fn answer_datagram(server: Arc<Server>, socket: Arc<UdpSocket>, question: Vec<u8>, from: SocketAddr) {
    let Ok(_permit) = server.permits.try_acquire() else { return };
    if let Some(answer) = server.answer(&question, Transport::Udp).await {
        // If it is lost the client asks again.
        if let Err(error) = reply(&socket, &answer, from).await {
            tracing::debug!(%error, %from, vpc = %server.vpc, "an answer was not sent");
        }
    }
}

/// Sends an answer from the address that was asked. It is said with each one: an answer that came from another of the router's addresses would
/// belong to no connection that the packet filter knows, and such has been seen of a socket that was bound to one.
async fn reply(socket: &UdpSocket, answer: &[u8], to: SocketAddr) -> io::Result<()> {
    let (SocketAddr::V4(to), IpAddr::V4(from)) = (to, socket.local_addr()?.ip()) else {
        return socket.send_to(answer, to).await.map(drop);
    };
    let in_addr = |address: Ipv4Addr| libc::in_addr { s_addr: u32::from(address).to_be() };
    let source = libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: in_addr(from), ipi_addr: in_addr(Ipv4Addr::UNSPECIFIED) };
    let send = || {
        let parts = [IoSlice::new(answer)];
        let said = [ControlMessage::Ipv4PacketInfo(&source)];
        sendmsg(socket.as_raw_fd(), &parts, &said, MsgFlags::empty(), Some(&SockaddrIn::from(to))).map_err(io::Error::from)
    };
    socket.async_io(Interest::WRITABLE, send).await.map(drop)
}

async fn by_tcp(server: &Arc<Server>, listener: &TcpListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(converse(server.clone(), stream))),
            Err(_) => server.shared.env.sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn converse(server: Arc<Server>, mut stream: TcpStream) {
    let Ok(_permit) = server.permits.acquire().await else { return };
    loop {
        let question = tokio::select! {
            question = read(&mut stream) => question,
            () = server.shared.env.sleep(IDLE) => return,
        };
        let Ok(question) = question else { return };
        let Some(answer) = server.answer(&question, Transport::Tcp).await else { return };
        if write(&mut stream, &answer).await.is_err() {
            return;
        }
    }
}

/// Over TCP a message follows its length (RFC 1035, section 4.2.2).
async fn read(stream: &mut (impl AsyncReadExt + Unpin)) -> io::Result<Vec<u8>> {
    let mut message = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut message).await?;
    Ok(message)
}

async fn write(stream: &mut (impl AsyncWriteExt + Unpin), message: &[u8]) -> io::Result<()> {
    let length = u16::try_from(message.len()).map_err(io::Error::other)?;
    stream.write_all(&[&length.to_be_bytes(), message].concat()).await
}

impl Server {
    async fn answer(&self, question: &[u8], transport: Transport) -> Option<Vec<u8>> {
        match answer::answer(question, &self.names(), transport) {
            Reply::Known(answer) => Some(answer),
            Reply::AskOthers => match resolvers::ask(&self.shared.env, question, transport).await {
                Some(answer) => Some(answer),
                None => answer::failure(question),
            },
            Reply::None => None,
        }
    }

    fn names(&self) -> Arc<Names> {
        self.shared.routes().zones.get(&*self.vpc).cloned().unwrap_or_default()
    }
}

//! The DHCP server of a VPC: it tells systems with a kernel of their own which addresses their interfaces have. What it knows is in the table, so machines
//! get and keep their addresses while the server is away.

mod answer;
mod message;

use crate::shared::Shared;
use answer::{Reply, answer};
use nix::{
    cmsg_space,
    sys::socket::{
        ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, sendmsg, setsockopt,
        sockopt::{Broadcast, Ipv4PacketInfo},
    },
};
use std::{
    io::{self, IoSlice, IoSliceMut},
    net::{Ipv4Addr, SocketAddrV4},
    os::fd::AsRawFd,
    sync::Arc,
};
use tokio::{io::Interest, net::UdpSocket, sync::watch};

/// Where clients hear.
const CLIENT: u16 = 68;
/// Where servers hear.
pub(crate) const SERVER: u16 = 67;
/// The longest message that is listened to.
const DATAGRAM: usize = 1500;

/// Answers questions until `closed` says so.
pub(crate) async fn serve(shared: Arc<Shared>, vpc: Arc<str>, socket: UdpSocket, mut closed: watch::Receiver<()>) {
    if let Err(error) = prepare(&socket) {
        return tracing::warn!(%error, vpc = &*vpc, "no addresses can be given");
    }
    tokio::select! {
        () = answers(&shared, &vpc, &socket) => {}
        _ = closed.changed() => {}
    }
}

fn prepare(socket: &UdpSocket) -> io::Result<()> {
    setsockopt(socket, Broadcast, &true)?;
    Ok(setsockopt(socket, Ipv4PacketInfo, &true)?)
}

async fn answers(shared: &Shared, vpc: &str, socket: &UdpSocket) {
    loop {
        let (message, link) = match socket.async_io(Interest::READABLE, || hear(socket)).await {
            Ok(heard) => heard,
            // An ICMP error about an earlier answer: nobody's concern.
            Err(error) => {
                tracing::debug!(%error, "no question");
                continue;
            }
        };
        let routes = shared.routes();
        let reply = routes.leases.get(vpc).and_then(|leases| answer(&message, leases));
        if let Some(reply) = reply {
            // If it is lost the client asks again.
            let _ = socket.async_io(Interest::WRITABLE, || say(socket, &reply, link)).await;
        }
    }
}

/// A message, and the number of the link that it came by.
fn hear(socket: &UdpSocket) -> io::Result<(Vec<u8>, i32)> {
    let mut buffer = vec![0; DATAGRAM];
    let mut control = cmsg_space!(libc::in_pktinfo);
    let (length, link) = {
        let mut parts = [IoSliceMut::new(&mut buffer)];
        let heard = recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::MSG_DONTWAIT)?;
        let link = heard.cmsgs()?.find_map(|message| match message {
            ControlMessageOwned::Ipv4PacketInfo(info) => Some(info.ipi_ifindex),
            _ => None,
        });
        (heard.bytes, link.unwrap_or(0))
    };
    buffer.truncate(length);
    Ok((buffer, link))
}

fn say(socket: &UdpSocket, reply: &Reply, link: i32) -> io::Result<()> {
    let to = SockaddrIn::from(SocketAddrV4::new(reply.to.unwrap_or(Ipv4Addr::BROADCAST), CLIENT));
    let from = libc::in_addr { s_addr: u32::from_ne_bytes(reply.from.octets()) };
    let info = libc::in_pktinfo { ipi_ifindex: link, ipi_spec_dst: from, ipi_addr: libc::in_addr { s_addr: 0 } };
    let (parts, control) = ([IoSlice::new(&reply.message)], [ControlMessage::Ipv4PacketInfo(&info)]);
    sendmsg(socket.as_raw_fd(), &parts, &control, MsgFlags::MSG_DONTWAIT, Some(&to))?;
    Ok(())
}

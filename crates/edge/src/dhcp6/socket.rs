//! A packet socket (packet(7)) at which router solicitations and messages of DHCPv6 are heard, of all links of a network, and answered.

use libc::{sock_filter, sock_fprog, sockaddr_ll};
use nix::errno::Errno;
use std::{
    io, mem,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
};
use tokio::io::{Interest, unix::AsyncFd};

/// The longest packet that is listened to.
const PACKET: usize = 1500;
/// `ETH_P_IPV6`, as the kernel wants it.
const IPV6: u16 = (libc::ETH_P_IPV6 as u16).to_be();

/// Something that came by a link.
#[derive(Debug, PartialEq)]
pub(super) struct Frame {
    /// The packet of IPv6 in it.
    pub(super) packet: Vec<u8>,
    /// From whom.
    pub(super) mac: [u8; 6],
    /// The link's number.
    pub(super) link: i32,
}

/// The socket.
pub(crate) struct PacketSocket(AsyncFd<OwnedFd>);

impl PacketSocket {
    /// Opens a socket in the calling thread's network.
    pub(crate) fn open() -> io::Result<OwnedFd> {
        let flags = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: the call takes numbers. Of no protocol, it hears nothing yet.
        let fd = Errno::result(unsafe { libc::socket(libc::AF_PACKET, flags, 0) })?;
        // SAFETY: it was just opened, and nobody else has it.
        let socket = unsafe { OwnedFd::from_raw_fd(fd) };
        listen_for(&socket, &questions())?;
        let everywhere = address(0, [0; 6]);
        // SAFETY: the address is one, and outlives the call.
        Errno::result(unsafe { libc::bind(socket.as_raw_fd(), (&raw const everywhere).cast(), size(&everywhere)) })?;
        Ok(socket)
    }

    /// Of one that was opened.
    pub(crate) fn of(socket: OwnedFd) -> io::Result<Self> {
        // SAFETY: it is the socket's own descriptor, and stays so for as long as the socket is here.
        Ok(Self(unsafe { AsyncFd::register(socket) }?))
    }

    /// What comes next.
    pub(super) async fn hear(&self) -> io::Result<Frame> {
        self.0.async_io(Interest::READABLE, receive).await
    }

    /// Says something to who sent a frame.
    pub(super) async fn say(&self, packet: &[u8], to: &Frame) -> io::Result<()> {
        self.0.async_io(Interest::WRITABLE, |socket| send(socket, packet, &address(to.link, to.mac))).await
    }
}

fn receive(socket: &OwnedFd) -> io::Result<Frame> {
    let (mut packet, mut from) = (vec![0; PACKET], address(0, [0; 6]));
    let mut length = size(&from);
    // SAFETY: the buffer and the address are ours, and have the sizes that are said.
    let count = Errno::result(unsafe {
        libc::recvfrom(socket.as_raw_fd(), packet.as_mut_ptr().cast(), packet.len(), 0, (&raw mut from).cast(), &raw mut length)
    })?;
    packet.truncate(count as usize);
    let [a, b, c, d, e, f, ..] = from.sll_addr;
    Ok(Frame { packet, mac: [a, b, c, d, e, f], link: from.sll_ifindex })
}

fn send(socket: &OwnedFd, packet: &[u8], to: &sockaddr_ll) -> io::Result<()> {
    // SAFETY: the packet and the address outlive the call, and have the sizes that are said.
    let sent = unsafe {
        libc::sendto(
            socket.as_raw_fd(),
            packet.as_ptr().cast(),
            packet.len(),
            libc::MSG_NOSIGNAL,
            (&raw const *to).cast(),
            size(to),
        )
    };
    Ok(Errno::result(sent).map(drop)?)
}

fn address(link: i32, mac: [u8; 6]) -> sockaddr_ll {
    // SAFETY: all zeroes are an address.
    let mut address: sockaddr_ll = unsafe { mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = IPV6;
    address.sll_ifindex = link;
    address.sll_halen = 6;
    address.sll_addr[..6].copy_from_slice(&mac);
    address
}

fn size(address: &sockaddr_ll) -> libc::socklen_t {
    mem::size_of_val(address) as libc::socklen_t
}

/// The kernel drops everything but questions: a router's links carry a great deal else. (Places are those in a packet of IPv6 without further headers.)
fn questions() -> [sock_filter; 9] {
    let (byte, pair, is, answer) = (0x30, 0x28, 0x15, 0x06);
    let step = |code, jt, jf, k| sock_filter { code, jt, jf, k };
    [
        step(byte, 0, 0, 6),
        step(is, 0, 2, 58),
        step(byte, 0, 0, 40),
        step(is, 3, 4, 133),
        step(is, 0, 3, 17),
        step(pair, 0, 0, 42),
        step(is, 0, 1, 547),
        step(answer, 0, 0, PACKET as u32),
        step(answer, 0, 0, 0),
    ]
}

fn listen_for(socket: &OwnedFd, filter: &[sock_filter]) -> io::Result<()> {
    let program = sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
    // SAFETY: the kernel copies the program, which outlives the call, and writes nothing to it.
    let set = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_ATTACH_FILTER,
            (&raw const program).cast(),
            mem::size_of::<sock_fprog>() as libc::socklen_t,
        )
    };
    Ok(Errno::result(set).map(drop)?)
}

//! Sockets as an event loop wants them, opened on the calling thread (and so in its namespace).

use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrStorage, bind, setsockopt, socket, sockopt};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd;

/// Listens for TCP connections.
pub(crate) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// A TCP socket with its own address chosen.
pub(crate) fn bound(source: SocketAddr) -> io::Result<TcpStream> {
    let family = if source.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(family, SockType::Stream, flags, None)?;
    if source.port() == 0 {
        setsockopt(&fd, sockopt::IpBindAddressNoPort, &true)?;
    }
    bind(fd.as_raw_fd(), &SockaddrStorage::from(source))?;
    Ok(TcpStream::from(fd))
}

/// A UDP socket.
pub(crate) fn datagram(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

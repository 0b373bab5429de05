//! Sockets where they belong: on the host, or inside a VPC's network.

use std::{
    io,
    net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket},
    path::PathBuf,
};
use tokio::net::TcpSocket;

/// Where the networks of the VPCs are.
#[derive(Clone, Debug)]
pub enum Networks {
    /// Each VPC is the namespace `<folder>/<vpc id>`, kept by the host's agent. It may not be there yet.
    Namespaces(PathBuf),
    /// Every VPC is this process's own network: for tests, whose addresses are loopback addresses. Name servers listen at `dns_port`.
    Loopback {
        /// Instead of 53.
        dns_port: u16,
    },
}

/// Where a socket is opened.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Place {
    /// The network in which this process runs.
    Host,
    /// A VPC, by id.
    Vpc(String),
}

impl Networks {
    /// The port of the name servers.
    pub(crate) fn dns_port(&self) -> u16 {
        match self {
            Self::Namespaces(_) => 53,
            Self::Loopback { dns_port } => *dns_port,
        }
    }

    /// What tells a place from another that stood at the same path before; none if there is nothing.
    pub(crate) fn identity(&self, place: &Place) -> Option<(u64, u64)> {
        match self.namespace(place) {
            Ok(Some(namespace)) => namespace.identity().ok(),
            Ok(None) => Some((0, 0)),
            Err(_) => None,
        }
    }

    /// A listening socket. Blocks for a moment.
    pub(crate) fn listen(&self, place: &Place, address: SocketAddr) -> io::Result<TcpListener> {
        match self.namespace(place)? {
            Some(namespace) => namespace.tcp_listen(address).map_err(io::Error::other),
            None => {
                let listener = TcpListener::bind(address)?;
                listener.set_nonblocking(true)?;
                Ok(listener)
            }
        }
    }

    /// A bound datagram socket. Blocks for a moment.
    pub(crate) fn datagrams(&self, place: &Place, address: SocketAddr) -> io::Result<UdpSocket> {
        match self.namespace(place)? {
            Some(namespace) => namespace.udp_bind(address).map_err(io::Error::other),
            None => {
                let socket = UdpSocket::bind(address)?;
                socket.set_nonblocking(true)?;
                Ok(socket)
            }
        }
    }

    /// Does something in a place's network. Blocks for a moment.
    pub(crate) fn within<T: Send>(&self, place: &Place, work: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        match self.namespace(place)? {
            Some(namespace) => namespace.run(work).map_err(io::Error::other)?,
            None => work(),
        }
    }

    /// A socket at an address of ours inside the VPC, from which to connect to another.
    pub(crate) async fn socket(&self, vpc: &str, from: Ipv4Addr) -> io::Result<TcpSocket> {
        let (networks, place) = (self.clone(), Place::Vpc(vpc.to_owned()));
        let opened = tokio::task::spawn_blocking(move || networks.unconnected(&place, from));
        opened.await.map_err(io::Error::other)?
    }

    fn unconnected(&self, place: &Place, from: Ipv4Addr) -> io::Result<TcpSocket> {
        let from = SocketAddr::from((from, 0));
        match self.namespace(place)? {
            Some(namespace) => namespace.tcp_socket_bound(from).map(TcpSocket::from_std_stream).map_err(io::Error::other),
            None => {
                let socket = TcpSocket::new_v4()?;
                nix::sys::socket::setsockopt(&socket, nix::sys::socket::sockopt::IpBindAddressNoPort, &true)?;
                socket.bind(from)?;
                Ok(socket)
            }
        }
    }

    /// None is this process's own network. Opened anew each time: a VPC may be removed and come back, and an open one would be kept alive.
    fn namespace(&self, place: &Place) -> io::Result<Option<netns::Namespace>> {
        match (self, place) {
            (Self::Namespaces(folder), Place::Vpc(vpc)) => {
                netns::Namespace::open(&folder.join(vpc)).map(Some).map_err(io::Error::other)
            }
            _ => Ok(None),
        }
    }
}

//! The ways out of an environment that the shim itself keeps, in the network namespace that they share: where its APIs are, and where the
//! cloud's API is. The latter leads to the server's socket for workloads, at which nobody is taken for the owner.

use crate::{function::job::Place, function::variables::RUNTIME_API};
use logic::arrival::Arrival;
use nix::{
    errno::Errno,
    sys::socket::{AddressFamily, SockFlag, SockType, socket},
};
use std::{
    io,
    net::{Ipv4Addr, SocketAddrV4},
    os::fd::{AsRawFd, OwnedFd},
    path::PathBuf,
    rc::Rc,
    sync::Arc,
};
use tokio::{
    io::AsyncWriteExt,
    net::{TcpListener, TcpStream, UnixStream},
    sync::Semaphore,
};

/// The listeners.
pub struct Doors {
    /// Where the runtime asks for invocations.
    pub runtime: Rc<TcpListener>,
}

impl Doors {
    /// Brings loopback up and listens.
    pub async fn open(place: &Place) -> io::Result<Self> {
        let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
        bring_up(&socket, "lo")?;
        let runtime = Rc::new(TcpListener::bind(RUNTIME_API).await?);
        if let Some(api) = &place.api {
            add_address(&socket, "lo:1", crate::function::API)?;
            let listener = TcpListener::bind((crate::function::API, crate::function::API_PORT)).await?;
            tokio::task::spawn_local(pass_on(listener, api.clone()));
        }
        Ok(Self { runtime })
    }
}

/// Connections at once: the shim's memory isn't the function's.
const CONNECTIONS: usize = 256;

/// Passes connections on. While there is no server they are closed, and SDKs try again.
async fn pass_on(listener: TcpListener, server: PathBuf) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = room.clone().acquire_owned().await else { return };
        let Ok((mut stream, from)) = listener.accept().await else {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            continue;
        };
        let server = server.clone();
        let arrival = Arrival { source: from.ip(), endpoint: None };
        tokio::task::spawn_local(async move {
            let _place = place;
            pipe(&mut stream, &arrival, server).await
        });
    }
}

/// As the edge does, it tells the server before the first byte who has opened the connection.
async fn pipe(stream: &mut TcpStream, arrival: &Arrival, server: PathBuf) -> io::Result<()> {
    let _ = stream.set_nodelay(true);
    let mut server = UnixStream::connect(server).await?;
    server.write_all(&arrival.header(SocketAddrV4::new(crate::function::API, crate::function::API_PORT))).await?;
    tokio::io::copy_bidirectional(stream, &mut server).await.map(drop)
}

/// `struct ifreq` with the name of an interface (netdevice(7)).
fn request(name: &str) -> libc::ifreq {
    // SAFETY: zeros are a valid value of this structure of numbers.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
        *place = byte as libc::c_char;
    }
    request
}

fn bring_up(socket: &OwnedFd, name: &str) -> io::Result<()> {
    let mut request = request(name);
    request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
    call(socket, libc::SIOCSIFFLAGS, &request)
}

/// Gives an interface, by the name of an alias, an address of its own.
fn add_address(socket: &OwnedFd, name: &str, address: Ipv4Addr) -> io::Result<()> {
    for (what, address) in [(libc::SIOCSIFADDR, address), (libc::SIOCSIFNETMASK, Ipv4Addr::BROADCAST)] {
        let mut request = request(name);
        let address = libc::sockaddr_in {
            sin_family: libc::AF_INET as libc::sa_family_t,
            sin_port: 0,
            sin_addr: libc::in_addr { s_addr: u32::from(address).to_be() },
            sin_zero: [0; 8],
        };
        // SAFETY: both are sixteen bytes, of numbers only.
        request.ifr_ifru.ifru_addr = unsafe { std::mem::transmute::<libc::sockaddr_in, libc::sockaddr>(address) };
        call(socket, what, &request)?;
    }
    Ok(())
}

fn call(socket: &OwnedFd, what: libc::c_ulong, request: &libc::ifreq) -> io::Result<()> {
    // SAFETY: the structure lives until the call is over.
    Ok(Errno::result(unsafe { libc::ioctl(socket.as_raw_fd(), what as libc::Ioctl, &raw const *request) }).map(drop)?)
}

//! Asking the host's own resolvers, from the host's network, by passing a question on as it is.

use super::{DATAGRAM, Transport, read, write};
use model::Env;
use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use tokio::net::{TcpStream, UdpSocket};

/// For how long one resolver is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
/// Where the host's resolvers are named (resolv.conf(5)).
const CONFIGURATION: &str = "/etc/resolv.conf";

/// The answer of the first resolver that has one.
pub(super) async fn ask(env: &Env, question: &[u8], transport: Transport) -> Option<Vec<u8>> {
    let configuration = tokio::fs::read_to_string(CONFIGURATION).await.unwrap_or_default();
    for resolver in named_in(&configuration) {
        let asked = tokio::select! {
            asked = ask_one(resolver, question, transport) => asked,
            () = env.sleep(PATIENCE) => Err(io::ErrorKind::TimedOut.into()),
        };
        match asked {
            Ok(answer) => return Some(answer),
            Err(error) => tracing::debug!(%resolver, %error, "no answer"),
        }
    }
    None
}

fn named_in(configuration: &str) -> Vec<SocketAddr> {
    let servers = configuration.lines().filter_map(|line| line.trim().strip_prefix("nameserver"));
    servers.filter_map(|address| address.trim().parse::<IpAddr>().ok()).map(|address| (address, 53).into()).collect()
}

async fn ask_one(resolver: SocketAddr, question: &[u8], transport: Transport) -> io::Result<Vec<u8>> {
    match transport {
        Transport::Udp => by_udp(resolver, question).await,
        Transport::Tcp => by_tcp(resolver, question).await,
    }
}

async fn by_udp(resolver: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let any: IpAddr = if resolver.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(resolver).await?;
    socket.send(question).await?;
    let mut answer = vec![0; DATAGRAM];
    loop {
        let length = socket.recv(&mut answer).await?;
        // An answer has the question's id.
        if length > 12 && answer[..2] == question[..2] {
            answer.truncate(length);
            return Ok(answer);
        }
    }
}

async fn by_tcp(resolver: SocketAddr, question: &[u8]) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect(resolver).await?;
    write(&mut stream, question).await?;
    read(&mut stream).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolvers_are_found() {
        let found = named_in("# hi\nsearch example.com\nnameserver 192.0.2.1\n nameserver ::1 \nnameserver x\n");
        assert_eq!(found, ["192.0.2.1:53".parse().unwrap(), "[::1]:53".parse().unwrap()]);
    }
}

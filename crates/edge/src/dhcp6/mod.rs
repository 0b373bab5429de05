//! What systems with a kernel of their own are told of IPv6: that there is a router, by its advertisements, and which addresses their interfaces have, by
//! DHCPv6. As with DHCP, what is known is in the table.
//!
//! Both are heard and said on a packet socket: a frame says which interface asks by its hardware address, where DHCPv6 itself only has an identifier that a
//! system makes up, and nobody has to join the groups that both are sent to on each link that comes and goes.

mod advert;
mod answer;
mod message;
mod packet;
mod socket;

pub(crate) use socket::PacketSocket;

use crate::shared::Shared;
use agent_proto::edge::Lease;
use packet::{Heard, What};
use socket::Frame;
use std::sync::Arc;
use tokio::sync::watch;

/// Answers questions until `closed` says so.
pub(crate) async fn serve(shared: Arc<Shared>, vpc: Arc<str>, socket: PacketSocket, mut closed: watch::Receiver<()>) {
    tokio::select! {
        () = answers(&shared, &vpc, &socket) => {}
        _ = closed.changed() => {}
    }
}

async fn answers(shared: &Shared, vpc: &str, socket: &PacketSocket) {
    loop {
        let frame = match socket.hear().await {
            Ok(frame) => frame,
            Err(error) => return tracing::warn!(%error, vpc, "no addresses of IPv6 can be given"),
        };
        let mac: Vec<String> = frame.mac.iter().map(|byte| format!("{byte:02x}")).collect();
        let routes = shared.routes();
        let Some(lease) = routes.leases.get(vpc).and_then(|leases| leases.get(&mac.join(":"))) else { continue };
        for packet in replies(&frame, lease) {
            // If it is lost the client asks again.
            let _ = socket.say(&packet, &frame).await;
        }
    }
}

/// What is said to a frame. The router's advertisement goes with every lease, so that it is renewed as often as that.
fn replies(frame: &Frame, lease: &Lease) -> Vec<Vec<u8>> {
    if lease.ipv6.is_empty() {
        return Vec::new();
    }
    let advertisement = || packet::icmpv6(advert::ALL_NODES, advert::advertisement(lease.mtu));
    match packet::read(&frame.packet) {
        Some(Heard { what: What::Solicitation, .. }) => vec![advertisement()],
        Some(Heard { from, what: What::Dhcp(message) }) => match answer::answer(message, &lease.ipv6) {
            Some(answer) => vec![packet::udp(from, &answer), advertisement()],
            None => Vec::new(),
        },
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_without_ipv6_is_told_nothing() {
        let mut lease = Lease {
            address: [10, 0, 0, 7].into(),
            prefix: 20,
            gateway: [10, 0, 0, 1].into(),
            name_servers: Vec::new(),
            domain: None,
            host_name: "ip-10-0-0-7".into(),
            ntp_servers: Vec::new(),
            mtu: 1500,
            ipv6: Vec::new(),
        };
        let packet = packet::tests::solicitation();
        let frame = Frame { packet, mac: [2, 0, 0, 0, 0, 7], link: 1 };
        assert_eq!(replies(&frame, &lease), Vec::<Vec<u8>>::new());
        lease.ipv6 = vec!["2001:db8::7".parse().unwrap()];
        assert_eq!(replies(&frame, &lease).len(), 1);
    }
}

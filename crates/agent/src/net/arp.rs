//! Asks a link who has an address (RFC 826), as EC2's reachability check does.

use super::space::Mac;
use nix::{
    errno::Errno,
    sys::socket::{
        AddressFamily, LinkAddr, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrLike, SockaddrStorage, bind, recv, send,
        setsockopt, socket, sockopt::ReceiveTimeout,
    },
    sys::time::{TimeVal, TimeValLike},
};
use std::{io, net::Ipv4Addr, os::fd::AsRawFd};

/// How often is asked, and how long is waited each time.
const TRIES: usize = 2;
const WAIT_MS: i64 = 300;

/// A question.
#[derive(Clone, Copy)]
pub(crate) struct Question {
    /// Who asks.
    pub(crate) from: (Mac, Ipv4Addr),
    /// Whose hardware address is wanted.
    pub(crate) whose: Ipv4Addr,
}

/// Asks at an interface of the calling thread's namespace. Whether there was an answer.
pub(crate) fn ask(link: &str, question: &Question) -> io::Result<bool> {
    let socket = socket(AddressFamily::Packet, SockType::Raw, SockFlag::SOCK_CLOEXEC, SockProtocol::EthAll)?;
    setsockopt(&socket, ReceiveTimeout, &TimeVal::milliseconds(WAIT_MS))?;
    bind(socket.as_raw_fd(), &at(link)?)?;
    for _ in 0..TRIES {
        send(socket.as_raw_fd(), &frame(question), MsgFlags::empty())?;
        if hear(socket.as_raw_fd(), question)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Listens until there is an answer, or nothing more is said.
fn hear(socket: i32, question: &Question) -> io::Result<bool> {
    let mut buffer = [0; 64];
    // A link on which much is said is not listened to for ever.
    for _ in 0..256 {
        match recv(socket, &mut buffer, MsgFlags::MSG_TRUNC) {
            Ok(length) if is_answer(&buffer[..length.min(buffer.len())], question) => return Ok(true),
            Ok(_) => {}
            Err(Errno::EAGAIN) => return Ok(false),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}

fn at(link: &str) -> io::Result<LinkAddr> {
    let index = nix::net::if_::if_nametoindex(link)?;
    // SAFETY: all zeroes are an address, whose fields are then set.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (libc::ETH_P_ARP as u16).to_be();
    address.sll_ifindex = index as i32;
    let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
    // SAFETY: the address is one of that family, and as long as is said.
    let stored = unsafe { SockaddrStorage::from_raw((&raw const address).cast(), Some(length)) };
    stored.and_then(|stored| stored.as_link_addr().copied()).ok_or_else(|| io::Error::other("no address of a link"))
}

/// Ethernet, then ARP for IPv4 over it: a request.
fn frame(question: &Question) -> Vec<u8> {
    let (mac, address) = question.from;
    let ethernet = [&[0xff; 6][..], &mac, &[0x08, 0x06]].concat();
    let arp = [&[0, 1, 8, 0, 6, 4, 0, 1][..], &mac, &address.octets(), &[0; 6], &question.whose.octets()].concat();
    [ethernet, arp].concat()
}

/// A reply whose sender has the address.
fn is_answer(frame: &[u8], question: &Question) -> bool {
    frame.len() >= 42 && frame[12..14] == [0x08, 0x06] && frame[20..22] == [0, 2] && frame[28..32] == question.whose.octets()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_told_from_a_question() {
        let question = Question { from: ([2, 0, 0, 0, 0, 1], [10, 0, 0, 1].into()), whose: [10, 0, 0, 7].into() };
        let asked = frame(&question);
        assert!(asked.len() == 42 && !is_answer(&asked, &question));
        let back = Question { from: ([2, 0, 0, 0, 0, 7], [10, 0, 0, 7].into()), whose: [10, 0, 0, 1].into() };
        let mut answer = frame(&back);
        answer[21] = 2;
        assert!(is_answer(&answer, &question) && !is_answer(&answer[..41], &question));
        assert!(!is_answer(&answer, &Question { whose: [10, 0, 0, 8].into(), ..question }));
    }
}

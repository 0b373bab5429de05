//! The form of DHCP's messages (RFC 2131, section 2; options: RFC 2132). Pure.

use std::net::Ipv4Addr;

/// `BOOTREQUEST` and `BOOTREPLY`.
const REQUEST: u8 = 1;
const REPLY: u8 = 2;
/// Before options.
const COOKIE: [u8; 4] = [99, 130, 83, 99];
/// What comes before the cookie.
const FIXED: usize = 236;
/// Old relays and clients drop what is shorter (RFC 1542, section 2.1).
const LEAST: usize = 300;

const PAD: u8 = 0;
const END: u8 = 255;
const REQUESTED_ADDRESS: u8 = 50;
const MESSAGE_TYPE: u8 = 53;
const SERVER: u8 = 54;

/// A hardware address.
pub(super) type Mac = [u8; 6];

/// What a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question {
    /// [`Kind`], as a number.
    pub(super) kind: u8,
    /// What the answer is told by.
    pub(super) transaction: [u8; 4],
    /// The client hears only what is said to everybody.
    pub(super) broadcast: bool,
    /// The address that the client has.
    pub(super) has: Ipv4Addr,
    /// Who asks.
    pub(super) mac: Mac,
    /// The address that it wants.
    pub(super) wants: Option<Ipv4Addr>,
    /// Which server it means.
    pub(super) server: Option<Ipv4Addr>,
}

/// The kinds of messages (option 53).
pub(super) mod kind {
    pub(crate) const DISCOVER: u8 = 1;
    pub(crate) const OFFER: u8 = 2;
    pub(crate) const REQUEST: u8 = 3;
    pub(crate) const ACK: u8 = 5;
    pub(crate) const NAK: u8 = 6;
    pub(crate) const INFORM: u8 = 8;
}

impl Question {
    /// Reads a message; `None` if it is no question of an Ethernet client's.
    pub(super) fn read(message: &[u8]) -> Option<Self> {
        let fixed = message.get(..FIXED)?;
        let options = message.get(FIXED..)?.strip_prefix(&COOKIE)?;
        // Ethernet's addresses: type 1, 6 bytes.
        if fixed[..3] != [REQUEST, 1, 6] {
            return None;
        }
        Some(Self {
            kind: *option(options, MESSAGE_TYPE)?.first()?,
            transaction: fixed[4..8].try_into().ok()?,
            broadcast: fixed[10] & 0x80 != 0,
            has: address(&fixed[12..16])?,
            mac: fixed[28..34].try_into().ok()?,
            wants: option(options, REQUESTED_ADDRESS).and_then(address),
            server: option(options, SERVER).and_then(address),
        })
    }
}

/// The value of an option.
fn option(mut options: &[u8], wanted: u8) -> Option<&[u8]> {
    loop {
        let (code, rest) = options.split_first()?;
        match *code {
            PAD => options = rest,
            END => return None,
            code => {
                let (length, rest) = rest.split_first()?;
                let value = rest.get(..usize::from(*length))?;
                if code == wanted {
                    return Some(value);
                }
                options = &rest[value.len()..];
            }
        }
    }
}

fn address(bytes: &[u8]) -> Option<Ipv4Addr> {
    <[u8; 4]>::try_from(bytes).ok().map(Ipv4Addr::from)
}

/// An answer, as it is written.
pub(super) struct Answer(Vec<u8>);

impl Answer {
    /// The answer of a server to a question, with the address that it gives, if it does.
    pub(super) fn to(question: &Question, kind: u8, server: Ipv4Addr, gives: Option<Ipv4Addr>) -> Self {
        let mut bytes = vec![0; FIXED];
        bytes[..3].copy_from_slice(&[REPLY, 1, 6]);
        bytes[4..8].copy_from_slice(&question.transaction);
        bytes[10] = if question.broadcast { 0x80 } else { 0 };
        if kind == kind::ACK {
            bytes[12..16].copy_from_slice(&question.has.octets());
        }
        bytes[16..20].copy_from_slice(&gives.unwrap_or(Ipv4Addr::UNSPECIFIED).octets());
        bytes[28..34].copy_from_slice(&question.mac);
        bytes.extend(COOKIE);
        Self(bytes).with(MESSAGE_TYPE, &[kind]).with(SERVER, &server.octets())
    }

    /// Adds an option. An empty one is none; one that is too long is cut.
    pub(super) fn with(mut self, code: u8, value: &[u8]) -> Self {
        let value = &value[..value.len().min(255)];
        if !value.is_empty() {
            self.0.extend([code, value.len() as u8]);
            self.0.extend(value);
        }
        self
    }

    /// The message.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.0.push(END);
        self.0.resize(self.0.len().max(LEAST), PAD);
        self.0
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A client's message.
    pub(crate) fn question(kind: u8, options: &[(u8, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; FIXED];
        bytes[..8].copy_from_slice(&[REQUEST, 1, 6, 0, 1, 2, 3, 4]);
        bytes[28..34].copy_from_slice(&[2, 0, 0, 0, 0, 7]);
        bytes.extend(COOKIE);
        let mut answer = Answer(bytes).with(MESSAGE_TYPE, &[kind]);
        for (code, value) in options {
            answer = answer.with(*code, value);
        }
        answer.finish()
    }

    #[test]
    fn a_question_is_read() {
        let bytes = question(kind::REQUEST, &[(12, b"name"), (REQUESTED_ADDRESS, &[10, 0, 0, 7]), (SERVER, &[10, 0, 0, 1])]);
        let read = Question::read(&bytes).unwrap();
        assert_eq!((read.kind, read.transaction, read.mac), (kind::REQUEST, [1, 2, 3, 4], [2, 0, 0, 0, 0, 7]));
        assert_eq!((read.wants, read.server), (Some([10, 0, 0, 7].into()), Some([10, 0, 0, 1].into())));
        assert!(!read.broadcast && read.has.is_unspecified());
    }

    #[test]
    fn nothing_that_is_sent_is_trusted() {
        let whole = question(kind::DISCOVER, &[(61, &[1; 200])]);
        for length in 0..whole.len() {
            let _ = Question::read(&whole[..length]);
            let mut bent = whole.clone();
            bent[length] ^= 0xff;
            let _ = Question::read(&bent);
        }
        assert!(Question::read(&whole[..FIXED]).is_none() && Question::read(&[]).is_none());
        let mut reply = whole.clone();
        reply[0] = REPLY;
        assert!(Question::read(&reply).is_none());
    }
}

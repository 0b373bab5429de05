//! The form of DHCPv6's messages (RFC 8415, sections 8 and 21). Pure.

use std::net::Ipv6Addr;

/// The kinds of messages (section 7.3).
pub(super) mod kind {
    pub(crate) const SOLICIT: u8 = 1;
    pub(crate) const ADVERTISE: u8 = 2;
    pub(crate) const REQUEST: u8 = 3;
    pub(crate) const CONFIRM: u8 = 4;
    pub(crate) const RENEW: u8 = 5;
    pub(crate) const REBIND: u8 = 6;
    pub(crate) const REPLY: u8 = 7;
    pub(crate) const RELEASE: u8 = 8;
    pub(crate) const DECLINE: u8 = 9;
    pub(crate) const INFORMATION: u8 = 11;
}

/// What an answer says about how it went (section 21.13).
pub(super) mod status {
    pub(crate) const SUCCESS: u16 = 0;
    pub(crate) const NO_ADDRESSES: u16 = 2;
    pub(crate) const NOT_ON_LINK: u16 = 4;
}

const CLIENT: u16 = 1;
const SERVER: u16 = 2;
const ASSOCIATION: u16 = 3;
const ADDRESS: u16 = 5;
const STATUS: u16 = 13;
const RAPID: u16 = 14;

/// What a client asks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Question<'a> {
    /// One of [`kind`].
    pub(super) kind: u8,
    /// What the answer is told by.
    pub(super) transaction: [u8; 3],
    /// Whom the client takes itself for.
    pub(super) client: Option<&'a [u8]>,
    /// Which server it means.
    pub(super) server: Option<&'a [u8]>,
    /// What it wants addresses for.
    pub(super) associations: Vec<Association>,
    /// It takes the first answer for the last.
    pub(super) rapid: bool,
}

/// Something of a client's that has addresses (an IA_NA).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Association {
    /// What the client calls it.
    pub(super) id: [u8; 4],
    /// The addresses that it has, or would like.
    pub(super) addresses: Vec<Ipv6Addr>,
}

impl<'a> Question<'a> {
    /// Reads a message; `None` if it is none.
    pub(super) fn read(message: &'a [u8]) -> Option<Self> {
        let (head, rest) = message.split_at_checked(4)?;
        let transaction = [head[1], head[2], head[3]];
        let mut question =
            Self { kind: head[0], transaction, client: None, server: None, associations: Vec::new(), rapid: false };
        for (code, value) in options(rest)? {
            match code {
                CLIENT => question.client = Some(value),
                SERVER => question.server = Some(value),
                ASSOCIATION => question.associations.push(association(value)?),
                RAPID => question.rapid = true,
                _ => {}
            }
        }
        Some(question)
    }
}

fn association(value: &[u8]) -> Option<Association> {
    let id = value.get(..4)?.try_into().ok()?;
    let address = |(code, value): (u16, &[u8])| {
        let bytes: [u8; 16] = value.get(..16).filter(|_| code == ADDRESS)?.try_into().ok()?;
        Some(Ipv6Addr::from(bytes))
    };
    Some(Association { id, addresses: options(value.get(12..)?)?.into_iter().filter_map(address).collect() })
}

/// All options; `None` if they are cut off.
fn options(mut bytes: &[u8]) -> Option<Vec<(u16, &[u8])>> {
    let mut all = Vec::new();
    while !bytes.is_empty() {
        let (head, rest) = bytes.split_at_checked(4)?;
        let (value, rest) = rest.split_at_checked(u16::from_be_bytes([head[2], head[3]]).into())?;
        all.push((u16::from_be_bytes([head[0], head[1]]), value));
        bytes = rest;
    }
    Some(all)
}

/// An answer, as it is written.
pub(super) struct Answer(Vec<u8>);

impl Answer {
    /// The answer of a server to a question.
    pub(super) fn to(question: &Question, kind: u8, server: &[u8]) -> Self {
        let mut head = vec![kind];
        head.extend(question.transaction);
        Self(head).with(CLIENT, question.client.unwrap_or_default()).with(SERVER, server)
    }

    /// Adds an option, unless it is empty.
    fn with(mut self, code: u16, value: &[u8]) -> Self {
        if !value.is_empty() {
            option(&mut self.0, code, value);
        }
        self
    }

    /// Says that it is the last one.
    pub(super) fn rapid(mut self) -> Self {
        option(&mut self.0, RAPID, &[]);
        self
    }

    /// Says how it went.
    pub(super) fn status(self, status: u16) -> Self {
        self.with(STATUS, &status.to_be_bytes())
    }

    /// Says which addresses an association has, for so many seconds: preferred, and valid. Those that it has no more are of no seconds.
    pub(super) fn association(self, id: [u8; 4], addresses: &[(Ipv6Addr, (u32, u32))], renew: u32, rebind: u32) -> Self {
        let mut value = id.to_vec();
        value.extend([renew.to_be_bytes(), rebind.to_be_bytes()].concat());
        for (address, (preferred, valid)) in addresses {
            let seconds = [preferred.to_be_bytes(), valid.to_be_bytes()].concat();
            option(&mut value, ADDRESS, &[&address.octets()[..], &seconds].concat());
        }
        if addresses.is_empty() {
            option(&mut value, STATUS, &status::NO_ADDRESSES.to_be_bytes());
        }
        self.with(ASSOCIATION, &value)
    }

    /// The message.
    pub(super) fn finish(self) -> Vec<u8> {
        self.0
    }
}

fn option(message: &mut Vec<u8>, code: u16, value: &[u8]) {
    message.extend(code.to_be_bytes());
    message.extend((value.len() as u16).to_be_bytes());
    message.extend(value);
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A client's message.
    pub(crate) fn question(kind: u8, server: Option<&[u8]>, addresses: &[&str]) -> Vec<u8> {
        let mut message = vec![kind, 7, 8, 9];
        option(&mut message, CLIENT, b"somebody");
        if let Some(server) = server {
            option(&mut message, SERVER, server);
        }
        let mut association = vec![0, 0, 0, 3];
        association.extend([0; 8]);
        for address in addresses {
            let address: Ipv6Addr = address.parse().unwrap();
            option(&mut association, ADDRESS, &[&address.octets()[..], &[0; 8]].concat());
        }
        option(&mut message, ASSOCIATION, &association);
        message
    }

    #[test]
    fn a_question_is_read_and_what_is_cut_off_is_not() {
        let whole = question(kind::REQUEST, Some(b"server"), &["2001:db8::7", "2001:db8::8"]);
        let read = Question::read(&whole).unwrap();
        assert_eq!(
            (read.kind, read.transaction, read.client, read.server),
            (3, [7, 8, 9], Some(&b"somebody"[..]), Some(&b"server"[..]))
        );
        let addresses = vec!["2001:db8::7".parse().unwrap(), "2001:db8::8".parse().unwrap()];
        assert_eq!(read.associations, [Association { id: [0, 0, 0, 3], addresses }]);
        for length in 0..whole.len() {
            let _ = Question::read(&whole[..length]);
            let mut bent = whole.clone();
            bent[length] ^= 0xff;
            let _ = Question::read(&bent);
        }
        assert_eq!(Question::read(&whole[..whole.len() - 1]), None);
    }
}

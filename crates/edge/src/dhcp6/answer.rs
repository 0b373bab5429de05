//! What clients of DHCPv6 are told (RFC 8415, section 18.3). Pure: addresses are an interface's for as long as that has them, so there is nothing to
//! remember.

use super::message::{Answer, Question, kind, status};
use agent_proto::network::ROUTER_MAC;
use std::net::Ipv6Addr;

/// For how long addresses are given, in seconds: preferred, and valid. EC2's.
const LEASE: (u32, u32) = (140, 450);
/// After how long they are asked for again: of this server, and of any.
const RENEW: u32 = LEASE.0 / 2;
const REBIND: u32 = LEASE.0 * 4 / 5;
/// An address that the interface doesn't have any more.
const GONE: (u32, u32) = (0, 0);

/// The answer to a message of an interface that has these addresses; `None`: there is nothing to be said.
pub(super) fn answer(message: &[u8], own: &[Ipv6Addr]) -> Option<Vec<u8>> {
    let question = Question::read(message)?;
    let server = identifier();
    let is_meant = match question.kind {
        kind::SOLICIT | kind::CONFIRM | kind::REBIND => question.server.is_none(),
        kind::INFORMATION => question.server.is_none_or(|named| named == server),
        _ => question.server == Some(&server),
    };
    if !is_meant || (question.client.is_none() && question.kind != kind::INFORMATION) {
        return None;
    }
    let reply = || Answer::to(&question, kind::REPLY, &server);
    let answer = match question.kind {
        kind::SOLICIT if question.rapid => with_addresses(reply().rapid(), &question, own),
        kind::SOLICIT => with_addresses(Answer::to(&question, kind::ADVERTISE, &server), &question, own),
        kind::REQUEST | kind::RENEW | kind::REBIND => with_addresses(reply(), &question, own),
        kind::CONFIRM => reply().status(confirmed(&question, own)?),
        kind::RELEASE | kind::DECLINE => reply().status(status::SUCCESS),
        kind::INFORMATION => reply(),
        _ => return None,
    };
    Some(answer.finish())
}

/// By its hardware address (a DUID-LL, section 11.4), of Ethernet.
fn identifier() -> Vec<u8> {
    [&[0, 3, 0, 1][..], &ROUTER_MAC].concat()
}

/// The first association gets all addresses, and is told which of those that it names it has no more; there are none for others.
fn with_addresses(answer: Answer, question: &Question, own: &[Ipv6Addr]) -> Answer {
    let mut given = own;
    question.associations.iter().fold(answer, |answer, asked| {
        let gone = asked.addresses.iter().filter(|address| !given.contains(address));
        let all: Vec<_> = given.iter().map(|own| (*own, LEASE)).chain(gone.map(|gone| (*gone, GONE))).collect();
        given = &[];
        answer.association(asked.id, &all, RENEW, REBIND)
    })
}

/// Whether what a client has is right where it is now. One that has nothing is told nothing.
fn confirmed(question: &Question, own: &[Ipv6Addr]) -> Option<u16> {
    let mut has = question.associations.iter().flat_map(|asked| &asked.addresses).peekable();
    has.peek()?;
    Some(if has.all(|address| own.contains(address)) { status::SUCCESS } else { status::NOT_ON_LINK })
}

#[cfg(test)]
mod tests {
    use super::{super::message::tests::question, *};

    fn own() -> Vec<Ipv6Addr> {
        vec!["2001:db8::7".parse().unwrap(), "2001:db8::8".parse().unwrap()]
    }

    fn has(answer: &[u8], bytes: &[u8]) -> bool {
        answer.windows(bytes.len()).any(|part| part == bytes)
    }

    /// The option of an address with its seconds.
    fn address(text: &str, (preferred, valid): (u32, u32)) -> Vec<u8> {
        let address: Ipv6Addr = text.parse().unwrap();
        [&[0, 5, 0, 24][..], &address.octets(), &preferred.to_be_bytes(), &valid.to_be_bytes()].concat()
    }

    #[test]
    fn addresses_are_offered_given_and_renewed() {
        let offer = answer(&question(kind::SOLICIT, None, &[]), &own()).unwrap();
        assert_eq!(offer[..4], [kind::ADVERTISE, 7, 8, 9]);
        assert!(has(&offer, &address("2001:db8::7", LEASE)) && has(&offer, &address("2001:db8::8", LEASE)));
        assert!(has(&offer, b"somebody") && has(&offer, &identifier()));
        let id = identifier();
        let given = answer(&question(kind::REQUEST, Some(&id), &["2001:db8::7"]), &own()).unwrap();
        assert!(given[0] == kind::REPLY && has(&given, &address("2001:db8::7", LEASE)));
        let renewed = answer(&question(kind::RENEW, Some(&id), &["2001:db8::9"]), &own()).unwrap();
        assert!(has(&renewed, &address("2001:db8::9", GONE)) && has(&renewed, &address("2001:db8::7", LEASE)));
        let mut rapid = question(kind::SOLICIT, None, &[]);
        rapid.extend([0, 14, 0, 0]);
        assert_eq!(answer(&rapid, &own()).unwrap()[0], kind::REPLY);
    }

    #[test]
    fn each_address_is_given_once() {
        let mut twice = question(kind::SOLICIT, None, &[]);
        twice.extend([0, 3, 0, 12, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0]);
        let offer = answer(&twice, &own()).unwrap();
        let count = offer.windows(28).filter(|part| *part == address("2001:db8::7", LEASE)).count();
        assert!(count == 1 && has(&offer, &[0, 13, 0, 2, 0, 2]), "there are none for the other");
    }

    #[test]
    fn what_is_not_for_this_server_is_left_alone() {
        let id = identifier();
        for (kind, server) in [
            (kind::SOLICIT, Some(&id[..])),
            (kind::REQUEST, None),
            (kind::REQUEST, Some(b"another")),
            (kind::RENEW, Some(b"another")),
            (kind::REBIND, Some(&id)),
            (kind::REPLY, Some(&id)),
        ] {
            assert_eq!(answer(&question(kind, server, &["2001:db8::7"]), &own()), None, "{kind} {server:?}");
        }
        assert_eq!(answer(&[kind::SOLICIT, 1, 2, 3], &own()), None, "nobody in particular");
        assert_eq!(answer(&[kind::INFORMATION, 1, 2, 3], &own()).unwrap()[0], kind::REPLY);
    }

    #[test]
    fn addresses_of_elsewhere_are_not_confirmed() {
        let confirm = |addresses: &[&str]| answer(&question(kind::CONFIRM, None, addresses), &own());
        assert!(has(&confirm(&["2001:db8::8"]).unwrap(), &[0, 13, 0, 2, 0, 0]));
        assert!(has(&confirm(&["2001:db8::8", "2001:db8::9"]).unwrap(), &[0, 13, 0, 2, 0, 4]));
        assert_eq!(confirm(&[]), None);
    }
}

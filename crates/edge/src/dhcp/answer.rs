//! What clients are told (RFC 2131, section 4.3). Pure: an address is an interface's for as long as that has it, so there is nothing to remember.

use super::message::{Answer, Question, kind};
use agent_proto::edge::Lease;
use std::{collections::BTreeMap, net::Ipv4Addr};

/// For how long an address is given, in seconds: EC2's.
const LEASE: u32 = 3600;

/// An answer, and to whom.
#[derive(Debug, PartialEq)]
pub(super) struct Reply {
    /// The message.
    pub(super) message: Vec<u8>,
    /// From which of the router's addresses.
    pub(super) from: Ipv4Addr,
    /// The client's address; none, if it hears only what is said to everybody.
    pub(super) to: Option<Ipv4Addr>,
}

/// The answer to a message; `None`: there is nothing to be said.
pub(super) fn answer(message: &[u8], leases: &BTreeMap<String, Lease>) -> Option<Reply> {
    let question = Question::read(message)?;
    let mac: Vec<String> = question.mac.iter().map(|byte| format!("{byte:02x}")).collect();
    let lease = leases.get(&mac.join(":"))?;
    let is_its = |address: &Ipv4Addr| *address == lease.address;
    match question.kind {
        kind::DISCOVER => Some(reply(&question, lease, kind::OFFER)),
        // It has chosen another server.
        kind::REQUEST if question.server.is_some_and(|server| server != lease.gateway) => None,
        kind::REQUEST => match question.wants.or(Some(question.has)).filter(is_its) {
            Some(_) => Some(reply(&question, lease, kind::ACK)),
            None => Some(refusal(&question, lease)),
        },
        kind::INFORM => Some(reply(&question, lease, kind::ACK)),
        _ => None,
    }
}

fn reply(question: &Question, lease: &Lease, kind: u8) -> Reply {
    // One that only asks for the rest has its address from somewhere else.
    let gives = question.kind != kind::INFORM;
    let mut answer = Answer::to(question, kind, lease.gateway, gives.then_some(lease.address));
    if gives {
        answer = answer.with(51, &LEASE.to_be_bytes());
    }
    let mask = u32::MAX.checked_shl(32 - u32::from(lease.prefix.min(32))).unwrap_or(0);
    let addresses = |all: &[Ipv4Addr]| all.iter().flat_map(Ipv4Addr::octets).collect::<Vec<u8>>();
    answer = answer
        .with(1, &mask.to_be_bytes())
        .with(3, &lease.gateway.octets())
        .with(6, &addresses(&lease.name_servers))
        .with(12, lease.host_name.as_bytes())
        .with(15, lease.domain.as_deref().unwrap_or_default().as_bytes())
        .with(26, &lease.mtu.to_be_bytes())
        .with(42, &addresses(&lease.ntp_servers));
    Reply { message: answer.finish(), from: lease.gateway, to: (!question.broadcast).then_some(lease.address) }
}

fn refusal(question: &Question, lease: &Lease) -> Reply {
    Reply { message: Answer::to(question, kind::NAK, lease.gateway, None).finish(), from: lease.gateway, to: None }
}

#[cfg(test)]
mod tests {
    use super::{super::message::tests::question, *};

    fn leases() -> BTreeMap<String, Lease> {
        let lease = Lease {
            address: [10, 0, 0, 7].into(),
            prefix: 20,
            gateway: [10, 0, 0, 1].into(),
            name_servers: vec![[10, 0, 0, 2].into()],
            domain: Some("ec2.internal".into()),
            host_name: "ip-10-0-0-7".into(),
            ntp_servers: Vec::new(),
            mtu: 1500,
            ipv6: Vec::new(),
        };
        BTreeMap::from([("02:00:00:00:00:07".into(), lease)])
    }

    fn kind_of(reply: &Reply) -> u8 {
        reply.message[242]
    }

    fn has(reply: &Reply, option: &[u8]) -> bool {
        reply.message.windows(option.len()).any(|window| window == option)
    }

    #[test]
    fn an_address_is_offered_and_given() {
        let offer = answer(&question(kind::DISCOVER, &[]), &leases()).unwrap();
        assert_eq!((kind_of(&offer), offer.to), (kind::OFFER, Some([10, 0, 0, 7].into())));
        assert_eq!(offer.message[16..20], [10, 0, 0, 7]);
        for option in
            [&[1, 4, 255, 255, 240, 0][..], &[3, 4, 10, 0, 0, 1], &[6, 4, 10, 0, 0, 2], &[54, 4, 10, 0, 0, 1], &[26, 2, 5, 220]]
        {
            assert!(has(&offer, option), "{option:?}");
        }
        assert!(has(&offer, b"ec2.internal") && has(&offer, b"ip-10-0-0-7"));
        let given = answer(&question(kind::REQUEST, &[(50, &[10, 0, 0, 7]), (54, &[10, 0, 0, 1])]), &leases()).unwrap();
        assert_eq!((kind_of(&given), given.from), (kind::ACK, [10, 0, 0, 1].into()));
    }

    #[test]
    fn another_address_is_refused_and_others_are_left_alone() {
        let refused = answer(&question(kind::REQUEST, &[(50, &[10, 0, 0, 8])]), &leases()).unwrap();
        assert_eq!((kind_of(&refused), refused.to), (kind::NAK, None));
        assert_eq!(answer(&question(kind::REQUEST, &[(54, &[10, 0, 0, 9])]), &leases()), None);
        assert_eq!(answer(&question(kind::DISCOVER, &[]), &BTreeMap::new()), None);
        let informed = answer(&question(kind::INFORM, &[]), &leases()).unwrap();
        assert!(informed.message[16..20] == [0; 4] && !has(&informed, &[51, 4]));
    }
}

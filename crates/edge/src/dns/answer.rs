//! What is answered to a question, of what is known here. Pure.

use super::Transport;
use crate::routes::Names;
use hickory_proto::{
    op::{Message, MessageType, OpCode, Query, ResponseCode},
    rr::{
        DNSClass, Name, RData, Record, RecordType,
        rdata::{A, AAAA, PTR},
    },
};
use std::net::{Ipv4Addr, Ipv6Addr};

/// For how long an answer may be kept, in seconds. Short: targets and balancers come and go.
const TTL: u32 = 10;

/// What is to be done with a question.
#[derive(Debug)]
pub(super) enum Reply {
    /// This is the answer.
    Known(Vec<u8>),
    /// The name isn't ours.
    AskOthers,
    /// It is no question.
    None,
}

/// Answers a question out of the zone's names.
pub(super) fn answer(question: &[u8], names: &Names, transport: Transport) -> Reply {
    let Ok(message) = Message::from_vec(question) else { return Reply::None };
    if message.metadata.message_type != MessageType::Query {
        return Reply::None;
    }
    let [query] = message.queries.as_slice() else { return refusal(&message, ResponseCode::FormErr) };
    if message.metadata.op_code != OpCode::Query {
        return refusal(&message, ResponseCode::NotImp);
    }
    let name = query.name().to_lowercase().to_ascii();
    let name = name.trim_end_matches('.');
    if let Some(pointer) = pointed_at(name).and_then(|address| names.pointers.get(&address)) {
        return points(&message, query, pointer, transport);
    }
    match (names.addresses.get(name).or_else(|| wildcard(name, names)), names.ipv6.get(name)) {
        _ if query.query_class() != DNSClass::IN => Reply::AskOthers,
        (None, None) if name == "localhost" => known(&message, query, (&[Ipv4Addr::LOCALHOST], &[]), transport),
        // These names never leave a host (RFC 6761, section 6.3); a load balancer that isn't in this VPC isn't reached from it.
        (None, None) if name.ends_with(".localhost") => refusal(&message, ResponseCode::NXDomain),
        (None, None) => Reply::AskOthers,
        (ipv4, ipv6) => {
            let addresses = (ipv4.map(Vec::as_slice).unwrap_or_default(), ipv6.map(Vec::as_slice).unwrap_or_default());
            known(&message, query, addresses, transport)
        }
    }
}

/// What holds for all names below one (RFC 4592).
fn wildcard<'a>(name: &str, names: &'a Names) -> Option<&'a Vec<Ipv4Addr>> {
    let mut parents = std::iter::successors(name.split_once('.'), |(_, parent)| parent.split_once('.'));
    parents.find_map(|(_, parent)| names.addresses.get(&format!("*.{parent}")))
}

/// The answer when nobody could be asked.
pub(super) fn failure(question: &[u8]) -> Option<Vec<u8>> {
    let message = Message::from_vec(question).ok()?;
    encode(&response(&message, ResponseCode::ServFail))
}

/// The address that a name below `in-addr.arpa` is about (RFC 1035, section 3.5).
fn pointed_at(name: &str) -> Option<Ipv4Addr> {
    let reversed: Ipv4Addr = name.strip_suffix(".in-addr.arpa")?.parse().ok()?;
    let [a, b, c, d] = reversed.octets();
    Some([d, c, b, a].into())
}

fn points(message: &Message, query: &Query, pointer: &str, transport: Transport) -> Reply {
    let name = Name::from_ascii(format!("{}.", pointer.trim_end_matches('.')));
    let asked = matches!(query.query_type(), RecordType::PTR | RecordType::ANY);
    let data = name.ok().filter(|_| asked).map(|name| RData::PTR(PTR(name)));
    authoritative(message, query, data, transport)
}

fn known(message: &Message, query: &Query, (ipv4, ipv6): (&[Ipv4Addr], &[Ipv6Addr]), transport: Transport) -> Reply {
    let asked = |kind| [kind, RecordType::ANY].contains(&query.query_type());
    let ipv4 = ipv4.iter().filter(|_| asked(RecordType::A)).map(|address| RData::A(A(*address)));
    let ipv6 = ipv6.iter().filter(|_| asked(RecordType::AAAA)).map(|address| RData::AAAA(AAAA(*address)));
    authoritative(message, query, ipv4.chain(ipv6), transport)
}

fn authoritative(message: &Message, query: &Query, data: impl IntoIterator<Item = RData>, transport: Transport) -> Reply {
    let mut response = response(message, ResponseCode::NoError);
    response.metadata.authoritative = true;
    response.add_answers(data.into_iter().map(|data| Record::from_rdata(query.name().clone(), TTL, data)));
    let Some(encoded) = encode(&response) else { return Reply::None };
    if transport == Transport::Udp && encoded.len() > usize::from(message.max_payload()) {
        return encode(&response.truncate()).map_or(Reply::None, Reply::Known);
    }
    Reply::Known(encoded)
}

fn refusal(message: &Message, code: ResponseCode) -> Reply {
    encode(&response(message, code)).map_or(Reply::None, Reply::Known)
}

fn response(message: &Message, code: ResponseCode) -> Message {
    let mut response = Message::response(message.metadata.id, message.metadata.op_code);
    response.metadata.recursion_desired = message.metadata.recursion_desired;
    response.metadata.recursion_available = true;
    response.metadata.response_code = code;
    response.add_queries(message.queries.iter().cloned());
    response
}

fn encode(message: &Message) -> Option<Vec<u8>> {
    message.to_vec().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ask(name: &str, kind: RecordType) -> Reply {
        let names = Names {
            addresses: [
                ("web.internal".to_owned(), vec![Ipv4Addr::new(10, 0, 0, 5), Ipv4Addr::new(10, 0, 1, 5)]),
                ("*.s3.internal".to_owned(), vec![Ipv4Addr::new(192, 0, 2, 3)]),
            ]
            .into(),
            ipv6: [("i-1.internal".to_owned(), vec!["2001:db8::5".parse().unwrap()])].into(),
            pointers: [(Ipv4Addr::new(198, 19, 1, 2), "mail.example.com".to_owned())].into(),
        };
        answer(&question(name, kind), &names, Transport::Udp)
    }

    fn question(name: &str, kind: RecordType) -> Vec<u8> {
        let mut message = Message::new(7, MessageType::Query, OpCode::Query);
        message.add_query(Query::query(Name::from_ascii(name).unwrap(), kind));
        message.to_vec().unwrap()
    }

    fn decoded(reply: Reply) -> Message {
        let Reply::Known(bytes) = reply else { panic!("{reply:?}") };
        Message::from_vec(&bytes).unwrap()
    }

    #[test]
    fn known_names_are_answered_in_any_case() {
        let message = decoded(ask("WEB.Internal.", RecordType::A));
        assert_eq!(message.metadata.id, 7);
        let addresses: Vec<_> = message.answers.iter().map(|record| record.data.to_string()).collect();
        assert_eq!(addresses, ["10.0.0.5", "10.0.1.5"]);
    }

    #[test]
    fn a_known_name_has_no_other_records() {
        let message = decoded(ask("web.internal.", RecordType::AAAA));
        assert_eq!(message.metadata.response_code, ResponseCode::NoError);
        assert!(message.answers.is_empty());
    }

    #[test]
    fn a_name_may_have_addresses_of_ipv6_alone() {
        let addresses =
            |kind| decoded(ask("i-1.internal.", kind)).answers.iter().map(|it| it.data.to_string()).collect::<Vec<_>>();
        assert_eq!(addresses(RecordType::AAAA), ["2001:db8::5"]);
        assert!(addresses(RecordType::A).is_empty());
    }

    #[test]
    fn a_wildcard_is_of_all_names_below_it() {
        let first = |name| decoded(ask(name, RecordType::A)).answers[0].data.to_string();
        assert_eq!((first("photos.s3.internal."), first("my.photos.S3.internal.")), ("192.0.2.3".into(), "192.0.2.3".into()));
        for other in ["s3.internal.", "s3.internal.example.", "internal."] {
            assert!(matches!(ask(other, RecordType::A), Reply::AskOthers), "{other}");
        }
    }

    #[test]
    fn addresses_have_names() {
        let message = decoded(ask("2.1.19.198.in-addr.arpa.", RecordType::PTR));
        assert_eq!(message.answers.iter().map(|it| it.data.to_string()).collect::<Vec<_>>(), ["mail.example.com."]);
        assert!(decoded(ask("2.1.19.198.in-addr.arpa.", RecordType::A)).answers.is_empty());
        assert!(matches!(ask("3.1.19.198.in-addr.arpa.", RecordType::PTR), Reply::AskOthers));
    }

    #[test]
    fn other_names() {
        assert!(matches!(ask("example.com.", RecordType::A), Reply::AskOthers));
        assert_eq!(decoded(ask("gone.elb.localhost.", RecordType::A)).metadata.response_code, ResponseCode::NXDomain);
        assert_eq!(decoded(ask("localhost.", RecordType::A)).answers.len(), 1);
    }

    #[test]
    fn what_is_no_question_is_not_answered() {
        assert!(matches!(answer(b"hello", &Names::default(), Transport::Udp), Reply::None));
        let Reply::Known(response) = ask("web.internal.", RecordType::A) else { panic!() };
        assert!(matches!(answer(&response, &Names::default(), Transport::Udp), Reply::None), "answers are not answered");
    }

    #[test]
    fn long_answers_are_cut_short_on_udp_only() {
        let many = (0..100).map(|n| Ipv4Addr::new(10, 0, 0, n)).collect();
        let names = Names { addresses: [("many".to_owned(), many)].into(), ..Names::default() };
        let ask = |transport| decoded(answer(&question("many.", RecordType::A), &names, transport));
        assert!(ask(Transport::Udp).metadata.truncation);
        assert_eq!(ask(Transport::Tcp).answers.len(), 100);
    }
}

//! Input that is made to hurt: every parser refuses it or reads it, in bounded stack, memory and time.

#[path = "hostile/schema.rs"]
mod schema;

use http::HeaderMap;
use proptest::prelude::*;
use schema::{OPERATIONS, PROTOCOLS, SERVICE};
use wire::schema::Protocol;
use wire::{Dialect, Fault, Request, Value};

fn dialect(protocol: Protocol) -> Dialect {
    Dialect { service: &SERVICE, protocol, query_mode: true }
}

fn request(path: &str, query: &str, body: impl Into<Vec<u8>>) -> Request {
    let body: Vec<u8> = body.into();
    Request { method: http::Method::POST, path: path.into(), query: query.into(), headers: HeaderMap::new(), body: body.into() }
}

fn decode(protocol: Protocol, body: impl Into<Vec<u8>>) -> Result<Value, Fault> {
    dialect(protocol).decode(&OPERATIONS[0], &request("/put/x", "", body))
}

fn refused(protocol: Protocol, body: impl Into<Vec<u8>>) -> bool {
    decode(protocol, body).is_err_and(|fault| (400..500).contains(&fault.status))
}

#[test]
fn deep_json_is_refused() {
    let deep = |levels: usize| format!("{}{}{}", "{\"node\":".repeat(levels), "{}", "}".repeat(levels));
    assert!(decode(Protocol::AwsJson11, deep(50)).is_ok());
    for levels in [200, 1_000_000] {
        assert!(refused(Protocol::AwsJson11, deep(levels)), "{levels}");
        assert!(refused(Protocol::RestJson, format!("{{\"any\":{}", "[".repeat(levels))), "{levels}");
    }
}

#[test]
fn deep_xml_is_refused() {
    let deep = |levels: usize| format!("<Node>{}{}</Node>", "<node>".repeat(levels), "</node>".repeat(levels));
    assert!(decode(Protocol::RestXml, deep(50)).is_ok());
    assert!(refused(Protocol::RestXml, deep(200)));
    assert!(refused(Protocol::RestXml, deep(1_000_000)));
    assert!(refused(Protocol::RestXml, "<node>".repeat(1_000_000)));
}

#[test]
fn deep_forms_are_refused() {
    let deep = |levels: usize| format!("Action=Put&{}text=x", "node.".repeat(levels));
    assert!(decode(Protocol::AwsQuery, deep(50)).is_ok());
    for protocol in [Protocol::AwsQuery, Protocol::Ec2Query] {
        assert!(refused(protocol, deep(200)));
        assert!(refused(protocol, deep(1_000_000)));
        assert!(refused(protocol, format!("Action=Put&{}=x", ".".repeat(1_000_000))));
    }
}

#[test]
fn deep_cbor_is_refused() {
    let deep = |levels: usize| [b"\xbf\x64node".repeat(levels), b"\xbf\xff".to_vec(), b"\xff".repeat(levels)].concat();
    assert!(decode(Protocol::RpcV2Cbor, deep(50)).is_ok());
    assert!(refused(Protocol::RpcV2Cbor, deep(200)));
    assert!(refused(Protocol::RpcV2Cbor, deep(1_000_000)));
    let unknown = [b"\xbf\x61x".to_vec(), b"\x9f".repeat(1_000_000)].concat();
    assert!(refused(Protocol::RpcV2Cbor, unknown));
}

#[test]
fn lengths_that_are_lies_cost_nothing() {
    for head in [
        &b"\xbf\x64blob\x5b\x7f\xff\xff\xff\xff\xff\xff\xff"[..],
        b"\xbf\x65nodes\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
        b"\xbb\xff\xff\xff\xff\xff\xff\xff\xff",
    ] {
        assert!(refused(Protocol::RpcV2Cbor, head));
    }
}

#[test]
fn entities_are_not_expanded() {
    let laughs = "<!DOCTYPE x [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><Node><text>&b;</text></Node>";
    assert!(refused(Protocol::RestXml, laughs));
    assert!(refused(Protocol::RestXml, "<!DOCTYPE x SYSTEM \"file:///etc/passwd\"><Node/>"));
    assert!(refused(Protocol::RestXml, "<Node><text>&nbsp;</text></Node>"));
    let read = decode(Protocol::RestXml, "<Node><text>&lt;&#65;&#x42;<![CDATA[&amp;]]></text></Node>").unwrap();
    assert_eq!(read.get("text").and_then(Value::as_str), Some("<AB&amp;"));
}

/// A quadratic step anywhere would make this the slowest test by far.
#[test]
fn many_of_everything_is_read() {
    let attributes: String = (0..30_000).map(|at| format!(" a{at}=\"1\"")).collect();
    assert!(decode(Protocol::RestXml, format!("<Node{attributes}/>")).is_ok());
    assert!(decode(Protocol::RestXml, format!("<Node>{}</Node>", "<text>x</text>".repeat(30_000))).is_ok());
    let entries: String = (0..30_000).map(|at| format!("\"k{at}\":{{}},")).collect();
    assert!(decode(Protocol::AwsJson11, format!("{{\"byName\":{{{entries}\"last\":{{}}}}}}")).is_ok());
    assert!(decode(Protocol::AwsJson11, format!("{{{}\"text\":\"x\"}}", "\"text\":\"x\",".repeat(30_000))).is_ok());
    let form: String = (0..30_000).map(|at| format!("&nodes.member.{}.text=x", at + 1)).collect();
    assert!(decode(Protocol::AwsQuery, format!("Action=Put{form}")).is_ok());
    assert!(decode(Protocol::RpcV2Cbor, [b"\xbf".to_vec(), b"\x64text\x61x".repeat(30_000), b"\xff".to_vec()].concat()).is_ok());
}

#[test]
fn patterns_do_not_explode() {
    let value = Value::Struct(vec![("text", Value::Str("a".repeat(200_000)))]);
    assert!(dialect(Protocol::AwsJson11).validate(&OPERATIONS[0], &value).is_err());
}

#[test]
fn bodies_over_the_limit_are_refused() {
    let fault = decode(Protocol::AwsJson11, vec![b' '; wire::protocol::MAX_BODY + 1]).unwrap_err();
    assert_eq!(fault.status, 413);
}

#[test]
fn small_bodies_of_many_values_are_refused() {
    let many = 2_000_000;
    let bodies = [
        (Protocol::AwsJson11, format!("{{\"any\":[{}]}}", vec!["1"; many].join(",")).into_bytes()),
        (Protocol::RestXml, format!("<Node>{}</Node>", "<a/>".repeat(many)).into_bytes()),
        (Protocol::AwsQuery, format!("Action=Put{}", "&a=".repeat(many)).into_bytes()),
        (Protocol::RpcV2Cbor, [b"\xbf\x65nodes\x9f".to_vec(), b"\xf6".repeat(many), b"\xff\xff".to_vec()].concat()),
    ];
    for (protocol, body) in bodies {
        assert_eq!(decode(protocol, body).unwrap_err().status, 413, "{protocol:?}");
    }
}

#[test]
fn list_indices_that_are_none_are_refused() {
    for index in ["0", "-1", "x", "99999999999", ""] {
        assert!(refused(Protocol::AwsQuery, format!("Action=Put&nodes.member.{index}.text=x")), "{index}");
    }
}

#[test]
fn what_xml_cannot_say_does_not_break_it() {
    let output = Value::Struct(vec![("text", Value::Str("\0\u{1b}[31m\u{fffe}<&>\"\r\n".into()))]);
    for protocol in [Protocol::AwsQuery, Protocol::Ec2Query, Protocol::RestXml] {
        let response = dialect(protocol).encode(&OPERATIONS[0], "id", &output);
        let text = std::str::from_utf8(&response.body).unwrap();
        assert!(text.contains("\u{fffd}\u{fffd}[31m\u{fffd}&lt;&amp;&gt;\"&#xD;\n"), "{text:?}");
    }
}

#[test]
fn headers_can_not_be_split() {
    let fault = Fault::client("Bad\r\nSet-Cookie: x", "m");
    for protocol in PROTOCOLS {
        let response = dialect(protocol).encode_fault("id\r\nx: y", &fault);
        assert!(response.headers.values().all(|value| !value.as_bytes().contains(&b'\n')));
        assert!(!response.headers.contains_key("set-cookie"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    /// Any bytes at all are read or refused as the sender's fault, in every protocol, at any path and query.
    #[test]
    fn any_bytes_are_read_or_refused(body in prop::collection::vec(any::<u8>(), 0..256), path in "/[ -~]{0,32}", query in "[ -~]{0,32}") {
        for protocol in PROTOCOLS {
            let request = request(&path, &query, body.clone());
            let dialect = dialect(protocol);
            let matched = dialect.match_operation(&request).err();
            let read = dialect.decode(&OPERATIONS[0], &request).err();
            for fault in matched.into_iter().chain(read) {
                prop_assert!((400..500).contains(&fault.status), "{fault}");
            }
        }
    }

    /// Text that looks like the protocols' own reaches deeper than any bytes do.
    #[test]
    fn any_tokens_are_read_or_refused(tokens in prop::collection::vec(prop::sample::select(TOKENS), 0..48)) {
        let body = tokens.concat();
        for protocol in PROTOCOLS {
            if let Ok(value) = decode(protocol, body.clone()) {
                let _ = dialect(protocol).validate(&OPERATIONS[0], &value);
                dialect(protocol).encode(&OPERATIONS[0], "id", &value);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    /// What is written is read again as the same, where one side can read what the other writes.
    #[test]
    fn written_values_are_read_again(value in node(3)) {
        for protocol in [Protocol::AwsJson10, Protocol::AwsJson11, Protocol::RestJson, Protocol::RestXml, Protocol::RpcV2Cbor] {
            let body = dialect(protocol).encode(&OPERATIONS[0], "id", &value).body;
            let read = dialect(protocol).decode(&OPERATIONS[0], &request("/put", "", body.to_vec()));
            prop_assert_eq!(sorted(read.unwrap()), sorted(value.clone()), "{:?}: {}", protocol, String::from_utf8_lossy(&body));
        }
    }
}

const TOKENS: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "\"node\"",
    "\"nodes\"",
    "\"text\"",
    "\"any\"",
    "\"at\"",
    "\"blob\"",
    "null",
    "true",
    "1",
    "1e999",
    "-0.5",
    "\"NaN\"",
    "\"\\ud800\"",
    "<Node>",
    "</Node>",
    "<node>",
    "</node>",
    "<nodes>",
    "</nodes>",
    "<member>",
    "</member>",
    "<text>",
    "</text>",
    "<![CDATA[",
    "]]>",
    "&lt;",
    "&#0;",
    "&#xD800;",
    "<?x?>",
    "<!--",
    "-->",
    "Action=Put&",
    "nodes.member.",
    "node.",
    "1",
    ".",
    "text=",
    "&",
    "%ff",
    "%",
    "+",
    "\u{bf}",
    "\u{0}",
    "=",
    "\"",
];

/// A structure of what every protocol can say, `levels` deep.
fn node(levels: u32) -> BoxedStrategy<Value> {
    let leaf = (any::<i32>(), any::<bool>(), "[ -~é\u{2028}]{0,8}", any::<i32>(), prop::collection::vec(any::<u8>(), 0..8))
        .prop_map(|(number, on, text, seconds, blob)| {
            Value::Struct(vec![
                ("number", Value::Int(number.into())),
                ("on", Value::Bool(on)),
                ("text", Value::Str(text)),
                ("at", Value::Time(wire::Time(i64::from(seconds) * 1000 + 123))),
                ("blob", Value::Blob(blob.into())),
            ])
        });
    let inner = leaf.boxed();
    (0..levels).fold(inner, |inner, _| {
        let some =
            (inner.clone(), prop::collection::vec(inner.clone(), 1..3), prop::collection::btree_map("[a-z ]{1,4}", inner, 1..3));
        some.prop_map(|(node, nodes, by_name)| {
            Value::Struct(vec![("node", node), ("nodes", Value::List(nodes)), ("byName", Value::Map(by_name))])
        })
        .boxed()
    })
}

/// Members in the order of their names.
fn sorted(value: Value) -> Value {
    match value {
        Value::Struct(members) => {
            let mut members: Vec<_> = members.into_iter().map(|(name, value)| (name, sorted(value))).collect();
            members.sort_by_key(|(name, _)| *name);
            Value::Struct(members)
        }
        Value::List(items) => Value::List(items.into_iter().map(sorted).collect()),
        Value::Map(entries) => Value::Map(entries.into_iter().map(|(key, value)| (key, sorted(value))).collect()),
        other => other,
    }
}

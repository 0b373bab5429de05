//! The header fields by which a target learns of the client: `X-Forwarded-For` and `X-Amzn-Trace-Id`.
//!
//! Spec: "HTTP headers and Application Load Balancers"; "Request tracing for your Application Load Balancer".

use std::net::{IpAddr, SocketAddr};

/// `routing.http.xff_header_processing.mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The client's address is added at the end.
    Append,
    /// The field stays as it came.
    Preserve,
    /// The field is removed.
    Remove,
}

/// The `X-Forwarded-For` that the target gets; `came` is the client's own (several fields joined by `, `).
pub fn forwarded_for(came: Option<&str>, client: SocketAddr, mode: Mode, with_port: bool) -> Option<String> {
    let came = came.filter(|value| !value.trim().is_empty());
    match (mode, came) {
        (Mode::Remove, _) => None,
        (Mode::Preserve, came) => came.map(str::to_owned),
        (Mode::Append, None) => Some(client_text(client, with_port)),
        (Mode::Append, Some(came)) => Some(format!("{came}, {}", client_text(client, with_port))),
    }
}

/// With more addresses than this the load balancer answers 463 (a request that goes in circles).
pub const MOST_HOPS: usize = 30;

/// Whether `X-Forwarded-For` holds more addresses than are allowed.
pub fn goes_in_circles(came: &str) -> bool {
    came.split(',').count() > MOST_HOPS
}

fn client_text(client: SocketAddr, with_port: bool) -> String {
    match (client.ip().to_canonical(), with_port) {
        (address, false) => address.to_string(),
        (IpAddr::V4(address), true) => format!("{address}:{}", client.port()),
        (IpAddr::V6(address), true) => format!("[{address}]:{}", client.port()),
    }
}

/// The `X-Amzn-Trace-Id` that the target gets. The client's own root is kept and a `Self` put before it; without one a root
/// is made up of the time and the random bytes.
pub fn trace_id(came: Option<&str>, seconds: i64, random: [u8; 12]) -> String {
    let fresh = || {
        let digits: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        format!("1-{:08x}-{digits}", seconds & 0xffff_ffff)
    };
    let fields = || came.unwrap_or_default().split(';').map(str::trim).filter(|field| !field.is_empty());
    let others: Vec<&str> = fields().filter(|field| !field.starts_with("Self=")).collect();
    let own = match others.iter().any(|field| field.starts_with("Root=")) {
        true => format!("Self={}", fresh()),
        false => format!("Root={}", fresh()),
    };
    std::iter::once(own.as_str()).chain(others).collect::<Vec<_>>().join(";")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> SocketAddr {
        "203.0.113.9:4711".parse().unwrap()
    }

    #[test]
    fn clients_are_added() {
        let appended = |came, port| forwarded_for(came, client(), Mode::Append, port).unwrap();
        assert_eq!(appended(None, false), "203.0.113.9");
        assert_eq!(appended(Some(" "), false), "203.0.113.9");
        assert_eq!(appended(Some("10.0.0.1"), true), "10.0.0.1, 203.0.113.9:4711");
        let six = forwarded_for(None, "[2001:db8::1]:1".parse().unwrap(), Mode::Append, true);
        assert_eq!(six.as_deref(), Some("[2001:db8::1]:1"));
    }

    #[test]
    fn or_not() {
        assert_eq!(forwarded_for(Some("x"), client(), Mode::Preserve, true).as_deref(), Some("x"));
        assert_eq!(forwarded_for(None, client(), Mode::Preserve, true), None);
        assert_eq!(forwarded_for(Some("x"), client(), Mode::Remove, false), None);
    }

    #[test]
    fn circles() {
        assert!(!goes_in_circles(&["1.1.1.1"; 30].join(", ")));
        assert!(goes_in_circles(&["1.1.1.1"; 31].join(",")));
    }

    #[test]
    fn traces() {
        let id = |came| trace_id(came, 0x5759_e988, [0xab; 12]);
        let own = "1-5759e988-abababababababababababab";
        assert_eq!(id(None), format!("Root={own}"));
        assert_eq!(id(Some("Root=1-1-2;CalledFrom=app")), format!("Self={own};Root=1-1-2;CalledFrom=app"));
        assert_eq!(id(Some("Self=1-0-0;Root=1-1-2")), format!("Self={own};Root=1-1-2"));
        assert_eq!(id(Some("Self=1-0-0; TotalTimeSoFar=1ms ;")), format!("Root={own};TotalTimeSoFar=1ms"));
    }
}

//! `authorized_keys`, as `sshd(8)` describes it under AUTHORIZED_KEYS FILE FORMAT. Pure.
//!
//! A line with an option that isn't known lets nobody in: it may have been meant to restrict.

use russh::keys::PublicKey;
use std::net::IpAddr;

/// What a key that was found allows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// This is run, whatever the client asks for.
    pub forced: Option<String>,
    /// A terminal may be had.
    pub terminal: bool,
    /// Ports may be forwarded.
    pub forwarding: bool,
    /// The client's agent may be asked.
    pub agent: bool,
}

impl Grant {
    /// Everything.
    pub const FULL: Grant = Grant { forced: None, terminal: true, forwarding: true, agent: true };
}

/// What a file grants to a key that comes from an address; `None` if it isn't in it, or not for that address.
pub fn find(text: &str, key: &PublicKey, peer: IpAddr) -> Option<Grant> {
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let mut grants = lines.filter_map(|line| {
        let (options, known) = split(line)?;
        (known.key_data() == key.key_data()).then(|| grant(options, peer)).flatten()
    });
    grants.next()
}

/// The options of a line, and its key.
fn split(line: &str) -> Option<(&str, PublicKey)> {
    if let Ok(key) = PublicKey::from_openssh(line) {
        return Some(("", key));
    }
    let end = unquoted(line, |byte| byte == b' ' || byte == b'\t').next()?;
    Some((&line[..end], PublicKey::from_openssh(line[end..].trim_start()).ok()?))
}

/// Where bytes stand that aren't between quotes.
fn unquoted(text: &str, wanted: impl Fn(u8) -> bool) -> impl Iterator<Item = usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.bytes().enumerate().filter_map(move |(at, byte)| {
        let literal = escaped;
        escaped = quoted && byte == b'\\' && !literal;
        if byte == b'"' && !literal {
            quoted = !quoted;
        }
        (!quoted && wanted(byte)).then_some(at)
    })
}

fn grant(options: &str, peer: IpAddr) -> Option<Grant> {
    let mut grant = Grant::FULL;
    let mut start = 0;
    for end in unquoted(options, |byte| byte == b',').chain([options.len()]) {
        take(&mut grant, options.get(start..end)?, peer)?;
        start = end + 1;
    }
    Some(grant)
}

fn take(grant: &mut Grant, option: &str, peer: IpAddr) -> Option<()> {
    let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, unquote(value)));
    match (name.to_ascii_lowercase().as_str(), value) {
        ("", None) | ("no-x11-forwarding" | "no-user-rc" | "x11-forwarding" | "user-rc", None) => {}
        ("no-pty", None) => grant.terminal = false,
        ("pty", None) => grant.terminal = true,
        ("no-port-forwarding", None) => grant.forwarding = false,
        ("port-forwarding", None) => grant.forwarding = true,
        ("no-agent-forwarding", None) => grant.agent = false,
        ("agent-forwarding", None) => grant.agent = true,
        ("restrict", None) => (grant.terminal, grant.forwarding, grant.agent) = (false, false, false),
        ("command", Some(command)) => grant.forced = Some(command),
        // Only a server that permits it looks at these, and the default is not to.
        ("environment", Some(_)) => {}
        ("from", Some(patterns)) => return is_from(&patterns, peer).then_some(()),
        _ => return None,
    }
    Some(())
}

fn unquote(value: &str) -> Option<String> {
    let inner = value.strip_prefix('"')?.strip_suffix('"')?;
    Some(inner.replace("\\\"", "\""))
}

/// A list of addresses, ranges and patterns with `*` and `?`; one that begins with `!` and fits turns away. Names aren't looked up.
fn is_from(patterns: &str, peer: IpAddr) -> bool {
    let peer = peer.to_canonical();
    let mut found = false;
    for pattern in patterns.split(',') {
        let (turned, pattern) = pattern.strip_prefix('!').map_or((false, pattern), |pattern| (true, pattern));
        if in_range(pattern, peer) || fits(pattern.as_bytes(), peer.to_string().as_bytes()) {
            if turned {
                return false;
            }
            found = true;
        }
    }
    found
}

fn in_range(pattern: &str, peer: IpAddr) -> bool {
    let Some((base, length)) = pattern.split_once('/') else { return false };
    let (Ok(base), Ok(length)) = (base.parse::<IpAddr>(), length.parse::<u32>()) else { return false };
    let same = |a: u128, b: u128, bits: u32| length <= bits && (length == 0 || (a ^ b) >> (bits - length) == 0);
    match (base, peer) {
        (IpAddr::V4(base), IpAddr::V4(peer)) => same(u32::from(base).into(), u32::from(peer).into(), 32),
        (IpAddr::V6(base), IpAddr::V6(peer)) => same(base.into(), peer.into(), 128),
        _ => false,
    }
}

fn fits(pattern: &[u8], text: &[u8]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        ([b'*', rest @ ..], _) => fits(rest, text) || text.split_first().is_some_and(|(_, text)| fits(pattern, text)),
        ([b'?', rest @ ..], [_, text @ ..]) => fits(rest, text),
        ([one, rest @ ..], [other, text @ ..]) => one == other && fits(rest, text),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJdD7y3aLq454yWBdwLWbieU1ebz9/cu7/QEXn9OIeZJ";
    const PEER: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));

    fn of(text: &str) -> Option<Grant> {
        find(text, &PublicKey::from_openssh(KEY).unwrap(), PEER)
    }

    #[test]
    fn a_key_is_found_with_or_without_options() {
        assert_eq!(of(&format!("# me\n\n{KEY} a b c\n")), Some(Grant::FULL));
        assert_eq!(of("ssh-rsa AAAA\nnonsense\n"), None);
        let grant = of(&format!("no-pty,command=\"echo 'a, \\\"b\\\" c'\",no-port-forwarding {KEY} me")).unwrap();
        assert_eq!(grant, Grant { forced: Some("echo 'a, \"b\" c'".into()), terminal: false, forwarding: false, agent: true });
        assert_eq!(
            of(&format!("restrict,pty {KEY}")),
            Some(Grant { forced: None, terminal: true, forwarding: false, agent: false })
        );
    }

    #[test]
    fn what_roots_line_says_is_understood() {
        let line = crate::boot::courtesy_line(KEY, "ec2-user");
        let grant = of(&line).unwrap();
        assert!(grant.forced.unwrap().starts_with("echo 'Please login as the user \"ec2-user\" rather"), "{line}");
        assert!(!grant.forwarding && !grant.agent);
    }

    #[test]
    fn an_option_that_is_not_known_lets_nobody_in() {
        for options in ["cert-authority", "expiry-time=\"20200101\"", "command=ls", "pty=\"x\"", "tunnel=\"1\""] {
            assert_eq!(of(&format!("{options} {KEY}")), None, "{options}");
        }
    }

    #[test]
    fn a_key_may_be_bound_to_addresses() {
        for from in ["10.0.0.9", "10.0.0.*", "10.0.0.0/24", "0.0.0.0/0", "192.168.0.0/16,10.?.0.9"] {
            assert!(of(&format!("from=\"{from}\" {KEY}")).is_some(), "{from}");
        }
        for from in ["10.0.0.8", "10.0.1.0/24", "*,!10.0.0.9", "10.0.0.9/33", "::/0"] {
            assert!(of(&format!("from=\"{from}\" {KEY}")).is_none(), "{from}");
        }
    }

    proptest! {
        #[test]
        fn no_line_makes_it_panic(line in "[a-z\"\\\\, =é]{0,40}( ssh-ed25519 AAAA)?") {
            of(&line);
            of(&format!("{line} {KEY}"));
        }
    }
}

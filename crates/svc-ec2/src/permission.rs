//! What a security group's rule may allow: from the permissions of a request to one [`Permission`] for each peer. Pure.

use super::errors::{invalid_combination, invalid_value, missing_parameter};
use api::ec2::{IpPermission, UserIdGroupPair};
use model::{
    Cidr,
    ec2::{Peer, Permission},
};
use std::net::Ipv6Addr;
use wire::Fault;

/// A permission with what people wrote about it.
pub type Described = (Permission, Option<String>);

/// Finds the security group that a pair means: its id.
pub type FindGroup<'a> = &'a dyn Fn(&UserIdGroupPair) -> Result<String, Fault>;

/// The parameters with which early versions of the API gave a single permission.
#[derive(Clone, Copy, Debug, Default)]
pub struct Single<'a> {
    /// `CidrIp`.
    pub cidr: Option<&'a str>,
    /// `IpProtocol`.
    pub protocol: Option<&'a str>,
    /// `FromPort`.
    pub from_port: Option<i32>,
    /// `ToPort`.
    pub to_port: Option<i32>,
    /// `SourceSecurityGroupName`.
    pub group: Option<&'a str>,
    /// `SourceSecurityGroupOwnerId`.
    pub owner: Option<&'a str>,
}

impl Single<'_> {
    /// Whether none of them was given.
    pub fn is_empty(&self) -> bool {
        self.cidr.is_none() && self.protocol.is_none() && self.group.is_none() && self.owner.is_none() && self.from_port.is_none()
    }

    /// As permissions: a group without a protocol gets all of TCP, UDP and ICMP.
    fn expand(&self) -> Vec<IpPermission> {
        let group = self.group.map(|name| UserIdGroupPair {
            group_name: Some(name.into()),
            user_id: self.owner.map(Into::into),
            ..UserIdGroupPair::default()
        });
        let permission = |protocol: &str, from_port, to_port| IpPermission {
            ip_protocol: Some(protocol.into()),
            from_port,
            to_port,
            ip_ranges: self.cidr.map(|cidr| vec![api::ec2::IpRange { cidr_ip: Some(cidr.into()), description: None }]),
            user_id_group_pairs: group.clone().map(|group| vec![group]),
            ..IpPermission::default()
        };
        match self.protocol {
            Some(protocol) => vec![permission(protocol, self.from_port, self.to_port)],
            None if group.is_some() => {
                let all = [("tcp", 0, 65535), ("udp", 0, 65535), ("icmp", -1, -1)];
                all.map(|(protocol, from, to)| permission(protocol, Some(from), Some(to))).into()
            }
            None => vec![permission("", None, None)],
        }
    }
}

/// All permissions of a request, at least one.
pub fn permissions(given: Option<&[IpPermission]>, single: Single<'_>, find: FindGroup<'_>) -> Result<Vec<Described>, Fault> {
    let given = given.unwrap_or_default();
    if !given.is_empty() && !single.is_empty() {
        return Err(invalid_combination(
            "The parameter ipPermissions may not be used together with parameters of a single permission",
        ));
    }
    let legacy = if single.is_empty() { Vec::new() } else { single.expand() };
    let expanded = given.iter().chain(&legacy).map(|permission| expand(permission, find));
    let all: Vec<Described> = expanded.collect::<Result<Vec<_>, Fault>>()?.concat();
    if all.is_empty() { Err(missing_parameter("ipPermissions")) } else { Ok(all) }
}

fn expand(given: &IpPermission, find: FindGroup<'_>) -> Result<Vec<Described>, Fault> {
    let protocol = protocol(given.ip_protocol.as_deref())?;
    let (from_port, to_port) = ports(&protocol, given.from_port, given.to_port)?;
    let peers = peers(given, find)?;
    if peers.is_empty() {
        let message = "Missing source specification: include source security group or CIDR information";
        return Err(Fault::client("MissingParameter", message));
    }
    let permission = |peer| Permission { protocol: protocol.clone(), from_port, to_port, peer };
    Ok(peers.into_iter().map(|(peer, description)| (permission(peer), description)).collect())
}

fn peers(given: &IpPermission, find: FindGroup<'_>) -> Result<Vec<(Peer, Option<String>)>, Fault> {
    let mut peers = Vec::new();
    for range in given.ip_ranges.iter().flatten() {
        peers.push((ipv4(said(range.cidr_ip.as_deref())?)?, description(&range.description)?));
    }
    for range in given.ipv6_ranges.iter().flatten() {
        peers.push((ipv6_block(said(range.cidr_ipv6.as_deref())?).map(Peer::Ipv6)?, description(&range.description)?));
    }
    for pair in given.user_id_group_pairs.iter().flatten() {
        peers.push((Peer::Group(find(pair)?), description(&pair.description)?));
    }
    for list in given.prefix_list_ids.iter().flatten() {
        let id = list.prefix_list_id.clone().ok_or_else(|| missing_parameter("prefixListId"))?;
        peers.push((Peer::PrefixList(id), description(&list.description)?));
    }
    Ok(peers)
}

/// The block of a range of addresses. A rule that says of a range everything but its block is malformed.
fn said(block: Option<&str>) -> Result<&str, Fault> {
    let message = "The specified security group rule is malformed. A range of addresses has to be given in CIDR notation, such as \
                   203.0.113.0/24";
    block.filter(|block| !block.is_empty()).ok_or_else(|| Fault::client("InvalidPermission.Malformed", message))
}

/// A protocol under the name that EC2 shows: `-1`, `tcp`, `udp`, `icmp`, `icmpv6`, or a number.
fn protocol(given: Option<&str>) -> Result<String, Fault> {
    let given = given.filter(|it| !it.is_empty()).ok_or_else(|| missing_parameter("ipProtocol"))?;
    let name = match given.to_ascii_lowercase().as_str() {
        "-1" | "all" => "-1",
        "tcp" | "6" => "tcp",
        "udp" | "17" => "udp",
        "icmp" | "1" => "icmp",
        "icmpv6" | "58" => "icmpv6",
        number => match number.parse::<u8>() {
            Ok(number) => return Ok(number.to_string()),
            Err(_) => return Err(invalid_value(format!("Invalid value '{given}' for IP protocol. Unknown protocol."))),
        },
    };
    Ok(name.into())
}

fn ports(protocol: &str, from: Option<i32>, to: Option<i32>) -> Result<(Option<i32>, Option<i32>), Fault> {
    let both = |what: &str| {
        let message = format!("Invalid value 'Must specify both from and to ports with {what}.' for portRange.");
        from.zip(to).ok_or_else(|| invalid_value(message))
    };
    let within = |port: i32, least: i32, most: i32, what: &str| {
        let allowed = (least..=most).contains(&port);
        allowed.then_some(()).ok_or_else(|| invalid_value(format!("{what} ({port}) out of range")))
    };
    match protocol {
        "tcp" | "udp" => {
            let (from, to) = both("TCP/UDP")?;
            within(from, 0, 65535, "TCP/UDP port")?;
            within(to, 0, 65535, "TCP/UDP port")?;
            if from > to {
                return Err(invalid_value(format!("Invalid TCP/UDP port range ({from}:{to})")));
            }
            Ok((Some(from), Some(to)))
        }
        "icmp" | "icmpv6" => {
            let (kind, code) = if protocol == "icmpv6" { from.zip(to).unwrap_or((-1, -1)) } else { both("ICMP")? };
            within(kind, -1, 255, "ICMP type")?;
            within(code, -1, 255, "ICMP code")?;
            if kind == -1 && code != -1 {
                return Err(invalid_value(format!("ICMP code ({code}) must be -1 when the ICMP type is -1")));
            }
            Ok((Some(kind), Some(code)))
        }
        // Any range of ports that comes with another protocol has no meaning, and EC2 says so in its documentation.
        _ => Ok((None, None)),
    }
}

/// The block in its canonical form: host bits are cleared, as EC2 does.
fn ipv4(text: &str) -> Result<Peer, Fault> {
    let cidr: Cidr = text.parse().map_err(|_| malformed_block(text))?;
    Ok(Peer::Ipv4(Cidr::new(cidr.address, cidr.prefix)))
}

/// A block of IPv6 addresses in its canonical form.
pub fn ipv6_block(text: &str) -> Result<String, Fault> {
    let parse = || {
        let (address, prefix) = text.split_once('/')?;
        let prefix = prefix.parse::<u8>().ok().filter(|prefix| *prefix <= 128)?;
        let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
        Some(format!("{}/{prefix}", Ipv6Addr::from(u128::from(address.parse::<Ipv6Addr>().ok()?) & mask)))
    };
    parse().ok_or_else(|| malformed_block(text))
}

fn malformed_block(text: &str) -> Fault {
    invalid_value(format!("CIDR block {text} is malformed"))
}

/// What may stand in descriptions and names beside letters and digits.
pub const PUNCTUATION: &str = " ._-:/()#,@[]+=&;{}!$*";

/// Whether the text is made of letters, digits and [`PUNCTUATION`].
pub fn is_plain(text: &str) -> bool {
    text.chars().all(|it| it.is_ascii_alphanumeric() || PUNCTUATION.contains(it))
}

/// What people wrote, if anything.
pub fn description(given: &Option<String>) -> Result<Option<String>, Fault> {
    let given = given.clone().filter(|text| !text.is_empty());
    if given.as_ref().is_none_or(|text| text.len() <= 255 && is_plain(text)) {
        return Ok(given);
    }
    Err(invalid_value(
        "Invalid rule description. Valid descriptions are strings less than 256 characters from the following set:  \
         a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*",
    ))
}

/// How EC2's messages call a permission.
pub fn in_words(permission: &Permission) -> String {
    let peer = match &permission.peer {
        Peer::Ipv4(cidr) => cidr.to_string(),
        Peer::Ipv6(cidr) => cidr.clone(),
        Peer::Group(id) | Peer::PrefixList(id) => id.clone(),
    };
    let (from, to) = (permission.from_port.unwrap_or(-1), permission.to_port.unwrap_or(-1));
    let any = |number: i32| if number == -1 { "ALL".into() } else { number.to_string() };
    let protocol = match permission.protocol.as_str() {
        "-1" => "ALL".to_owned(),
        name @ ("tcp" | "udp") => format!("{}, from port: {from}, to port: {to}", name.to_uppercase()),
        name @ ("icmp" | "icmpv6") => format!("{}, type: {}, code: {}", name.to_uppercase(), any(from), any(to)),
        number => format!("protocol: {number}"),
    };
    format!("peer: {peer}, {protocol}, ALLOW")
}

#[cfg(test)]
mod tests {
    use super::*;
    use api::ec2::{IpRange, Ipv6Range, PrefixListId};

    fn tcp(from: Option<i32>, to: Option<i32>, cidr: &str) -> IpPermission {
        IpPermission {
            ip_protocol: Some("tcp".into()),
            from_port: from,
            to_port: to,
            ip_ranges: Some(vec![IpRange { cidr_ip: Some(cidr.into()), description: None }]),
            ..IpPermission::default()
        }
    }

    fn all(given: &[IpPermission]) -> Result<Vec<Described>, Fault> {
        permissions(Some(given), Single::default(), &|pair| Ok(pair.group_id.clone().unwrap_or_default()))
    }

    fn words(given: &[IpPermission]) -> Vec<String> {
        all(given).unwrap().iter().map(|(permission, _)| in_words(permission)).collect()
    }

    fn message(given: IpPermission) -> String {
        all(&[given]).unwrap_err().message
    }

    #[test]
    fn one_permission_for_each_peer_in_canonical_form() {
        let mut given = tcp(Some(80), Some(81), "10.1.2.3/8");
        given.ipv6_ranges = Some(vec![Ipv6Range { cidr_ipv6: Some("2001:DB8::1/32".into()), description: None }]);
        given.prefix_list_ids = Some(vec![PrefixListId { prefix_list_id: Some("pl-1".into()), description: None }]);
        given.user_id_group_pairs = Some(vec![UserIdGroupPair { group_id: Some("sg-1".into()), ..UserIdGroupPair::default() }]);
        let ports = "TCP, from port: 80, to port: 81, ALLOW";
        let peers = ["10.0.0.0/8", "2001:db8::/32", "sg-1", "pl-1"].map(|peer| format!("peer: {peer}, {ports}"));
        assert_eq!(words(&[given]), peers);
    }

    #[test]
    fn protocols_have_names_and_numbers() {
        for (given, expected) in [
            ("6", "TCP, from port: 1, to port: 2"),
            ("UDP", "UDP, from port: 1, to port: 2"),
            ("1", "ICMP, type: 1, code: 2"),
            ("-1", "ALL"),
            ("50", "protocol: 50"),
        ] {
            let permission = IpPermission { ip_protocol: Some(given.into()), ..tcp(Some(1), Some(2), "0.0.0.0/0") };
            assert_eq!(words(&[permission]), [format!("peer: 0.0.0.0/0, {expected}, ALLOW")]);
        }
    }

    #[test]
    fn refuses_what_ec2_refuses() {
        assert_eq!(message(tcp(Some(70000), Some(70000), "0.0.0.0/0")), "TCP/UDP port (70000) out of range");
        assert_eq!(message(tcp(Some(81), Some(80), "0.0.0.0/0")), "Invalid TCP/UDP port range (81:80)");
        assert_eq!(
            message(tcp(Some(81), None, "0.0.0.0/0")),
            "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."
        );
        assert_eq!(message(tcp(Some(1), Some(1), "10.0.0.0")), "CIDR block 10.0.0.0 is malformed");
        let unknown = IpPermission { ip_protocol: Some("gre?".into()), ..tcp(None, None, "0.0.0.0/0") };
        assert_eq!(message(unknown), "Invalid value 'gre?' for IP protocol. Unknown protocol.");
        let nobody = IpPermission { ip_ranges: None, ..tcp(Some(1), Some(1), "") };
        assert!(message(nobody).starts_with("Missing source specification"));
        assert_eq!(all(&[]).unwrap_err().code, "MissingParameter");
    }

    #[test]
    fn a_group_alone_means_all_of_the_three_protocols() {
        let single = Single { group: Some("web"), ..Single::default() };
        let found = permissions(None, single, &|pair| Ok(pair.group_name.clone().unwrap())).unwrap();
        let protocols: Vec<_> = found.iter().map(|(permission, _)| permission.protocol.as_str()).collect();
        assert_eq!(protocols, ["tcp", "udp", "icmp"]);
        assert!(permissions(Some(&[tcp(Some(1), Some(1), "0.0.0.0/0")]), single, &|_| Ok(String::new())).is_err());
    }
}

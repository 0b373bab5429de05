//! The lines of flow logs (VPC user guide, "Flow log records").

use agent_proto::flow::FlowRecord;
use std::net::IpAddr;

/// What flow logs have that aren't told otherwise: version 2.
pub const DEFAULT_FORMAT: &str = "${version} ${account-id} ${interface-id} ${srcaddr} ${dstaddr} ${srcport} ${dstport} ${protocol} \
                                  ${packets} ${bytes} ${start} ${end} ${action} ${log-status}";

/// What a record doesn't say of the interface that it is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Who owns the interface.
    pub account: String,
    /// Where it is.
    pub region: String,
    /// The id of its Availability Zone.
    pub zone_id: Option<String>,
    /// Its VPC's id.
    pub vpc: String,
    /// Its subnet's id.
    pub subnet: String,
    /// The instance that it is attached to.
    pub instance: Option<String>,
}

/// A field's name, and the version of the format that has it.
const FIELDS: [(&str, u8); 29] = [
    ("version", 2),
    ("account-id", 2),
    ("interface-id", 2),
    ("srcaddr", 2),
    ("dstaddr", 2),
    ("srcport", 2),
    ("dstport", 2),
    ("protocol", 2),
    ("packets", 2),
    ("bytes", 2),
    ("start", 2),
    ("end", 2),
    ("action", 2),
    ("log-status", 2),
    ("vpc-id", 3),
    ("subnet-id", 3),
    ("instance-id", 3),
    ("tcp-flags", 3),
    ("type", 3),
    ("pkt-srcaddr", 3),
    ("pkt-dstaddr", 3),
    ("region", 4),
    ("az-id", 4),
    ("sublocation-type", 4),
    ("sublocation-id", 4),
    ("pkt-src-aws-service", 5),
    ("pkt-dst-aws-service", 5),
    ("flow-direction", 5),
    ("traffic-path", 5),
];

/// The format has a field that there isn't, or something between its fields.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownField(pub String);

/// The fields of a format.
pub fn fields(format: &str) -> Result<Vec<&'static str>, UnknownField> {
    let field = |word: &str| {
        let name = word.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let found = FIELDS.iter().find(|(field, _)| Some(*field) == name).map(|(field, _)| *field);
        found.ok_or_else(|| UnknownField(word.to_owned()))
    };
    format.split_whitespace().map(field).collect()
}

/// A record as a line with those fields. What isn't known is a hyphen.
pub fn line(fields: &[&str], record: &FlowRecord, known: &Known) -> String {
    let version = fields.iter().filter_map(|name| FIELDS.iter().find(|(field, _)| field == name)).map(|(_, version)| *version);
    let version = version.max().unwrap_or(2);
    let texts = fields.iter().map(|field| text(field, record, known, version));
    texts.map(|text| text.unwrap_or_else(|| "-".into())).collect::<Vec<_>>().join(" ")
}

fn text(field: &str, record: &FlowRecord, known: &Known, version: u8) -> Option<String> {
    Some(match field {
        "version" => version.to_string(),
        "account-id" => known.account.clone(),
        "interface-id" => record.interface.clone(),
        "srcaddr" => record.source.to_string(),
        "dstaddr" => record.destination.to_string(),
        "srcport" => record.source_port.to_string(),
        "dstport" => record.destination_port.to_string(),
        "protocol" => record.protocol.to_string(),
        "packets" => record.packets.to_string(),
        "bytes" => record.bytes.to_string(),
        "start" => (record.start.0 / 1000).to_string(),
        "end" => (record.end.0 / 1000).to_string(),
        "action" => if record.accepted { "ACCEPT" } else { "REJECT" }.into(),
        "log-status" => "OK".into(),
        "vpc-id" => known.vpc.clone(),
        "subnet-id" => known.subnet.clone(),
        "instance-id" => known.instance.clone()?,
        "tcp-flags" => record.tcp_flags.to_string(),
        "type" => match record.packet_source {
            IpAddr::V4(_) => "IPv4".into(),
            IpAddr::V6(_) => "IPv6".into(),
        },
        "pkt-srcaddr" => record.packet_source.to_string(),
        "pkt-dstaddr" => record.packet_destination.to_string(),
        "region" => known.region.clone(),
        "az-id" => known.zone_id.clone()?,
        "flow-direction" => if record.egress { "egress" } else { "ingress" }.into(),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::Timestamp;

    fn record() -> FlowRecord {
        FlowRecord {
            log: "fl-1".into(),
            interface: "eni-1".into(),
            source: [10, 0, 0, 5].into(),
            destination: [10, 0, 1, 6].into(),
            packet_source: [10, 0, 0, 5].into(),
            packet_destination: [10, 0, 1, 7].into(),
            source_port: 40000,
            destination_port: 80,
            protocol: 6,
            packets: 4,
            bytes: 320,
            start: Timestamp(1_700_000_000_123),
            end: Timestamp(1_700_000_060_000),
            accepted: false,
            egress: true,
            tcp_flags: 2,
        }
    }

    #[test]
    fn the_default_line_is_that_of_version_2() {
        let known = Known { account: "111122223333".into(), ..Known::default() };
        let expected = "2 111122223333 eni-1 10.0.0.5 10.0.1.6 40000 80 6 4 320 1700000000 1700000060 REJECT OK";
        assert_eq!(line(&fields(DEFAULT_FORMAT).unwrap(), &record(), &known), expected);
    }

    #[test]
    fn a_line_of_ones_own_has_the_highest_version_of_its_fields() {
        let known = Known { vpc: "vpc-1".into(), ..Known::default() };
        let fields = fields("${version} ${vpc-id} ${instance-id} ${pkt-dstaddr} ${flow-direction} ${traffic-path}").unwrap();
        assert_eq!(line(&fields, &record(), &known), "5 vpc-1 - 10.0.1.7 egress -");
    }

    #[test]
    fn unknown_fields_are_named() {
        assert_eq!(fields("${version} ${colour}"), Err(UnknownField("${colour}".into())));
        assert_eq!(fields("version"), Err(UnknownField("version".into())));
    }
}

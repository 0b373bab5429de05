//! What is left of EC2's past: the lengths of ids, and ClassicLink.

use crate::{access, errors::invalid_value};
use api::ec2::{
    self, DescribeIdFormatRequest, DescribeIdFormatResult, DescribeVpcClassicLinkDnsSupportRequest,
    DescribeVpcClassicLinkDnsSupportResult, DescribeVpcClassicLinkRequest, DescribeVpcClassicLinkResult, IdFormat,
};
use front::{Cx, Service};
use spine::Tx;
use wire::Fault;

/// The kinds of resources whose ids once were short (EC2 user guide, "Manage ID format").
const KINDS: [&str; 31] = [
    "bundle",
    "conversion-task",
    "customer-gateway",
    "dhcp-options",
    "elastic-ip-allocation",
    "elastic-ip-association",
    "export-task",
    "flow-log",
    "image",
    "import-task",
    "instance",
    "internet-gateway",
    "network-acl",
    "network-acl-association",
    "network-interface",
    "network-interface-attachment",
    "prefix-list",
    "reservation",
    "route-table",
    "route-table-association",
    "security-group",
    "snapshot",
    "subnet",
    "subnet-cidr-block-association",
    "volume",
    "vpc",
    "vpc-cidr-block-association",
    "vpc-endpoint",
    "vpc-peering-connection",
    "vpn-connection",
    "vpn-gateway",
];

/// The rows of these operations.
pub fn rows(service: Service) -> Service {
    service
        .op::<ec2::DescribeIdFormat>(access::all(), id_format)
        .op::<ec2::DescribeVpcClassicLink>(access::all(), classic_link)
        .op::<ec2::DescribeVpcClassicLinkDnsSupport>(access::all(), classic_link_dns)
}

/// `DescribeIdFormat`: all ids are long ones.
fn id_format(_: &Cx, _: &mut Tx, input: &DescribeIdFormatRequest) -> Result<DescribeIdFormatResult, Fault> {
    let wanted = input.resource.as_deref();
    if let Some(wanted) = wanted.filter(|wanted| !KINDS.contains(wanted)) {
        let message = format!("Value ({wanted}) for parameter resource is invalid.");
        return Err(invalid_value(message));
    }
    let shown = KINDS.into_iter().filter(|kind| wanted.is_none_or(|wanted| wanted == *kind));
    let format = |kind: &str| IdFormat { deadline: None, resource: Some(kind.into()), use_long_ids: Some(true) };
    Ok(DescribeIdFormatResult { statuses: Some(shown.map(format).collect()) })
}

/// `DescribeVpcClassicLink`, as regions answer that never had EC2-Classic.
fn classic_link(_: &Cx, _: &mut Tx, _: &DescribeVpcClassicLinkRequest) -> Result<DescribeVpcClassicLinkResult, Fault> {
    Err(unavailable())
}

/// `DescribeVpcClassicLinkDnsSupport`, likewise.
fn classic_link_dns(
    _: &Cx,
    _: &mut Tx,
    _: &DescribeVpcClassicLinkDnsSupportRequest,
) -> Result<DescribeVpcClassicLinkDnsSupportResult, Fault> {
    Err(unavailable())
}

fn unavailable() -> Fault {
    Fault::client("UnsupportedOperation", "The functionality you requested is not available in this region.")
}

//! Reads the counters of a router's packet filter, for flow logs.

use super::error::{Error, Result};
use super::names;
use super::space::Space;
use super::tool::NFT;
use agent_proto::network::{Attachment, Vpc};
use logic::flow_log::{Flow, Reading, watched};
use logic::packet_filter::{FlowKind, FlowSet, flow_sets};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::IpAddr;

/// The VPC's network interfaces that are watched, by what the router calls them. Load balancers' are the router itself, and are not.
pub(crate) fn links(vpc: &Vpc) -> BTreeMap<String, &str> {
    watched(vpc).filter(|it| it.attachment != Attachment::Edge).map(|it| (names::port(&it.id), it.id.as_str())).collect()
}

/// All counters of the VPC's watched interfaces.
pub(crate) async fn read(router: &Space, vpc: &Vpc) -> Result<Vec<Reading>> {
    let sets: BTreeMap<_, _> = flow_sets().map(|set| (set.name(), set)).collect();
    let text = NFT.must(router.namespace(), ["-jn", "list", "sets", "inet"].map(str::to_owned).to_vec(), String::new()).await?;
    let links = links(vpc);
    let mut readings = vec![];
    let answer: Value =
        serde_json::from_str(&text).map_err(|error| Error::Program { program: NFT.program, output: error.to_string() })?;
    for set in answer["nftables"].as_array().into_iter().flatten().map(|it| &it["set"]) {
        let Some(kind) = set["name"].as_str().and_then(|name| sets.get(name)) else { continue };
        let elements = set["elem"].as_array().into_iter().flatten();
        readings.extend(elements.filter_map(|element| reading(*kind, &element["elem"], &links)));
    }
    Ok(readings)
}

fn reading(set: FlowSet, element: &Value, links: &BTreeMap<String, &str>) -> Option<Reading> {
    let key = element["val"]["concat"].as_array()?;
    let address = |place: usize| key.get(place)?.as_str()?.parse::<IpAddr>().ok();
    let number = |place: usize| key.get(place)?.as_u64().and_then(|it| u16::try_from(it).ok());
    let (protocol, source_port, destination_port) = match (set.kind, set.kind.protocol()) {
        (FlowKind::Other, _) | (_, None) => (u8::try_from(number(3)?).ok()?, 0, 0),
        (_, Some(protocol)) => (protocol, number(3)?, number(4)?),
    };
    let interface = (*links.get(key.first()?.as_str()?)?).to_owned();
    let flow = Flow { interface, source: address(1)?, destination: address(2)?, source_port, destination_port, protocol };
    Some(Reading { set, flow, packets: element["counter"]["packets"].as_u64()?, bytes: element["counter"]["bytes"].as_u64()? })
}

//! Loads packet filters. The namespace itself says which one is loaded, by the text's fingerprint in a note on its loopback interface: so a
//! filter is left alone while it is right, also by a server that has just been restarted. (`nft` would read all of it back to say so.)

use super::error::{Error, Result};
use super::names::fingerprint;
use super::space::Space;
use super::tool::NFT;
use logic::packet_filter::TABLE;
use netns::Namespace;
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;

/// A port at an instance: protocol (`tcp`, `udp`) and number.
pub(crate) type Mapped = (String, u16);

/// A ruleset for a namespace.
pub(crate) struct Ruleset {
    text: String,
    mark: String,
}

impl Ruleset {
    /// The ruleset of this text.
    pub(crate) fn of(text: String) -> Self {
        Self { mark: format!("filter {:016x}", fingerprint(&text)), text }
    }

    /// Whether it is the one that is loaded.
    pub(crate) async fn is_loaded(&self, space: &Space) -> Result<bool> {
        Ok(space.note().await?.as_ref() == Some(&self.mark))
    }

    /// Loads it.
    pub(crate) async fn load(self, space: &Space) -> Result<()> {
        NFT.must(space.namespace(), words("-f -"), self.text).await?;
        space.set_note(&self.mark).await
    }
}

/// Loads the ruleset, unless it is the one that is loaded.
pub(crate) async fn load(space: &Space, ruleset: String) -> Result<()> {
    let ruleset = Ruleset::of(ruleset);
    if ruleset.is_loaded(space).await? { Ok(()) } else { ruleset.load(space).await }
}

/// The port mappings of an instance: its port, and the container's address and port.
pub(crate) async fn ports(instance: &Arc<Namespace>) -> Result<BTreeMap<Mapped, (Ipv4Addr, u16)>> {
    let text = NFT.must(instance, words(&format!("-j list map {TABLE} ports")), String::new()).await?;
    let answer: Value =
        serde_json::from_str(&text).map_err(|error| Error::Program { program: NFT.program, output: error.to_string() })?;
    let maps = answer["nftables"].as_array().into_iter().flatten().map(|it| &it["map"]);
    let elements = maps.filter_map(|map| map["elem"].as_array()).flatten();
    Ok(elements.filter_map(element).collect())
}

fn element(pair: &Value) -> Option<(Mapped, (Ipv4Addr, u16))> {
    let (key, value) = (&pair[0]["concat"], &pair[1]["concat"]);
    let port = |it: &Value| it.as_u64().and_then(|port| u16::try_from(port).ok());
    let address = value[0].as_str()?.parse().ok()?;
    Some(((key[0].as_str()?.to_owned(), port(&key[1])?), (address, port(&value[1])?)))
}

/// Adds port mappings to an instance, all or none.
pub(crate) async fn map_ports(instance: &Arc<Namespace>, added: &BTreeMap<Mapped, (Ipv4Addr, u16)>) -> Result<()> {
    let elements = added.iter().map(|((protocol, port), (address, inner))| format!("{protocol} . {port} : {address} . {inner}"));
    change_ports(instance, "add", elements.collect()).await
}

/// Takes port mappings from an instance, all or none.
pub(crate) async fn unmap_ports(instance: &Arc<Namespace>, removed: &[Mapped]) -> Result<()> {
    let elements = removed.iter().map(|(protocol, port)| format!("{protocol} . {port}"));
    change_ports(instance, "delete", elements.collect()).await
}

async fn change_ports(instance: &Arc<Namespace>, verb: &str, elements: Vec<String>) -> Result<()> {
    if elements.is_empty() {
        return Ok(());
    }
    let text = format!("{verb} element {TABLE} ports {{ {} }}\n", elements.join(", "));
    NFT.must(instance, words("-f -"), text).await.map(drop)
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

//! Reads what the rules of security groups have counted: the packets with which they have let flows begin. (What belongs to a flow that is
//! known passes without asking them.)

use super::error::{Error, Result};
use super::space::Space;
use super::tool::NFT;
use agent_proto::network::Count;
use logic::packet_filter::TABLE;
use serde_json::Value;
use std::collections::BTreeMap;

/// Counts by rule.
pub(crate) type Counts = BTreeMap<String, Count>;

/// All counters of a router, since its filter was loaded.
pub(crate) async fn read(router: &Space) -> Result<Counts> {
    let words = format!("-j list counters table {TABLE}");
    let text = NFT.must(router.namespace(), words.split(' ').map(str::to_owned).collect(), String::new()).await?;
    let answer: Value =
        serde_json::from_str(&text).map_err(|error| Error::Program { program: NFT.program, output: error.to_string() })?;
    let all = answer["nftables"].as_array().into_iter().flatten().map(|it| &it["counter"]);
    Ok(all.filter_map(counter).collect())
}

fn counter(it: &Value) -> Option<(String, Count)> {
    let count = Count { packets: it["packets"].as_u64()?, bytes: it["bytes"].as_u64()? };
    Some((it["name"].as_str()?.to_owned(), count))
}

/// Adds the counts to what was counted before.
pub(crate) fn add(total: &mut Counts, counts: Counts) {
    for (rule, count) in counts {
        let sum = total.entry(rule).or_default();
        sum.packets += count.packets;
        sum.bytes += count.bytes;
    }
}

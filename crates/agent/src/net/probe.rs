//! What the host lacks for a whole network, found by trying it in a namespace that is thrown away.

use super::error::Error;
use super::internet::no_egress;
use super::names::Places;
use super::tool::{NFT, PASTA};
use agent_proto::Missing;
use logic::packet_filter::{Vpc, instance_ruleset, internet_ruleset, nat_ruleset, vpc_ruleset};
use model::Cidr;
use netns::Namespace;
use std::path::Path;

/// What is missing. Takes some milliseconds.
pub(crate) fn missing(places: &Places) -> Vec<Missing> {
    let filter = match filters(places) {
        Ok(()) => None,
        Err(error) => Some(no_network(&error)),
    };
    filter.into_iter().chain(PASTA.find().err().map(|error| no_egress(&error))).collect()
}

/// The names of namespaces to try things in: this, and the process that tries.
const PROBE: &str = "probe-";

/// Removes the namespaces of processes that were killed while they tried.
pub(crate) fn collect(places: &Places) -> Result<(), Error> {
    let dead = |name: &String| name.strip_prefix(PROBE).is_some_and(|pid| !Path::new("/proc").join(pid).exists());
    let left = places.list(PROBE).into_iter().filter(dead);
    left.map(|name| places.folder().join(name)).try_for_each(|path| Ok(Namespace::remove(&path)?))
}

/// Makes a namespace and loads each kind of packet filter into it.
fn filters(places: &Places) -> Result<(), Error> {
    let path = places.folder().join(format!("{PROBE}{}", std::process::id()));
    Namespace::remove(&path)?;
    let tried = Namespace::create(&path).map_err(Error::from).and_then(|namespace| {
        let vpc = Vpc {
            cidrs: vec![Cidr::ANY.into()],
            subnets: vec![],
            interfaces: vec![],
            groups: vec![],
            neighbours: vec![],
            gateways: vec![],
            logged: vec![],
        };
        [vpc_ruleset(&vpc), instance_ruleset(), internet_ruleset("a", "b"), nat_ruleset(&[])]
            .into_iter()
            .try_for_each(|text| NFT.load_now(&namespace, text))
    });
    Namespace::remove(&path)?;
    tried
}

fn no_network(error: &Error) -> Missing {
    let (what, remedy) = match error {
        Error::Absent { package, .. } => ("nft", format!("install the package `{package}`")),
        Error::Namespace(netns::Error::Denied(_)) => ("network namespaces", "run as root".to_owned()),
        _ => ("the packet filter", error.to_string()),
    };
    Missing {
        what: what.into(),
        costs: "no workload can have a network, so no task but in network mode `none` starts".into(),
        remedy,
        fatal: true,
    }
}

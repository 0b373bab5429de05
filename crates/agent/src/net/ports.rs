//! Which port of an instance a container gets in `bridge` mode. Pure.

use super::error::{Error, Result};
use super::filter::Mapped;
use agent_proto::workload::PortMapping;
use std::collections::{BTreeMap, BTreeSet};

/// Where the search for a free port begins: Linux's ephemeral ports, from which ECS has them chosen.
const FIRST_FREE: u16 = 32768;

/// The protocol and port at the instance.
pub(crate) fn at_instance(mapping: &PortMapping) -> Mapped {
    (if mapping.udp { "udp" } else { "tcp" }.to_owned(), mapping.host_port)
}

/// The wanted mappings with free ports chosen.
///
/// `own` are the container's mappings that stand already, with the port in the container: they are kept. `taken` are all that
/// stand at the instance, and `is_free` says whether a port that is not mapped is free otherwise.
pub(crate) fn choose(
    wanted: &[PortMapping],
    own: &BTreeMap<Mapped, u16>,
    taken: &BTreeSet<Mapped>,
    is_free: impl Fn(&Mapped) -> bool,
) -> Result<Vec<PortMapping>> {
    let mut own = own.clone();
    let mut taken: BTreeSet<_> = taken.iter().filter(|port| !own.contains_key(*port)).cloned().collect();
    wanted.iter().map(|mapping| choose_one(mapping, &mut own, &mut taken, &is_free)).collect()
}

fn choose_one(
    wanted: &PortMapping,
    own: &mut BTreeMap<Mapped, u16>,
    taken: &mut BTreeSet<Mapped>,
    is_free: impl Fn(&Mapped) -> bool,
) -> Result<PortMapping> {
    let (protocol, fixed) = at_instance(wanted);
    let stands = own
        .iter()
        .find(|((p, port), inner)| *p == protocol && **inner == wanted.container_port && (fixed == 0 || *port == fixed));
    if let Some(port) = stands.map(|(port, _)| port.clone()) {
        own.remove(&port);
        taken.insert(port.clone());
        return Ok(PortMapping { host_port: port.1, ..wanted.clone() });
    }
    let mut candidates = if fixed == 0 { FIRST_FREE..=u16::MAX } else { fixed..=fixed };
    let found = candidates.find(|port| {
        let port = (protocol.clone(), *port);
        !taken.contains(&port) && !own.contains_key(&port) && is_free(&port)
    });
    let port = found.ok_or_else(|| refusal(fixed))?;
    taken.insert((protocol, port));
    Ok(PortMapping { host_port: port, ..wanted.clone() })
}

/// In Docker's words, which ECS passes on.
fn refusal(port: u16) -> Error {
    Error::Refused(match port {
        0 => "all dynamically allocated ports are in use".into(),
        port => format!("Bind for 0.0.0.0:{port} failed: port is already allocated"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(container_port: u16, host_port: u16) -> PortMapping {
        PortMapping { container_port, host_port, udp: false }
    }

    fn at(protocol: &str, port: u16) -> Mapped {
        (protocol.into(), port)
    }

    fn hosts(chosen: Result<Vec<PortMapping>>) -> std::result::Result<Vec<u16>, String> {
        chosen.map(|it| it.iter().map(|mapping| mapping.host_port).collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn free_ports_are_chosen_around_what_is_taken() {
        let taken = [at("tcp", 32768), at("udp", 32769)].into();
        let wanted = [tcp(80, 0), tcp(80, 0), tcp(81, 8080), PortMapping { udp: true, ..tcp(53, 0) }];
        let chosen = choose(&wanted, &BTreeMap::new(), &taken, |port| port.1 != 32770);
        assert_eq!(hosts(chosen), Ok(vec![32769, 32771, 8080, 32768]));
    }

    #[test]
    fn a_port_in_use_is_refused() {
        let refused = Err("Bind for 0.0.0.0:80 failed: port is already allocated".to_owned());
        let none = BTreeMap::new();
        assert_eq!(hosts(choose(&[tcp(80, 80)], &none, &[at("tcp", 80)].into(), |_| true)), refused);
        assert_eq!(hosts(choose(&[tcp(80, 80)], &none, &BTreeSet::new(), |_| false)), refused);
        assert_eq!(hosts(choose(&[tcp(80, 80), tcp(81, 80)], &none, &BTreeSet::new(), |_| true)), refused);
        assert_eq!(hosts(choose(&[tcp(80, 80)], &none, &[at("udp", 80)].into(), |_| true)), Ok(vec![80]));
    }

    #[test]
    fn what_stands_is_kept() {
        let own = BTreeMap::from([(at("tcp", 40000), 80), (at("tcp", 8080), 81)]);
        let taken = own.keys().cloned().collect();
        let chosen = choose(&[tcp(80, 0), tcp(81, 8080), tcp(80, 0)], &own, &taken, |port| port.1 >= 40000);
        assert_eq!(hosts(chosen), Ok(vec![40000, 8080, 40001]));
    }
}

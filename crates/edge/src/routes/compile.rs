//! From the table to the form that is served from.

use super::{Action, Balancer, Door, Group, Listener, Names, Routes, Rule, Target, tls};
use crate::target::{Shelf, TargetKey};
use agent_proto::{
    edge::{self as table, Table},
    network::Cidr,
};
use logic::{
    balancer::{choice, redirect::Redirect},
    route_match::{Case, Condition, Network, Pattern},
};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    net::{Ipv4Addr, SocketAddrV4},
    sync::{Arc, atomic::AtomicU64},
};

/// Compiles a table. What is known of targets that are still in it is kept, by the shelf.
pub(crate) fn compile(table: &Table, shelf: &Shelf) -> Routes {
    let mut compiling = Compiling { table, shelf, routes: Routes::default() };
    for balancer in table.balancers.values() {
        compiling.balancer(balancer);
    }
    for (vpc, zone) in &table.zones {
        compiling.zone(vpc, zone);
    }
    for (vpc, metadata) in &table.metadata {
        compiling.metadata(vpc, metadata);
    }
    for (vpc, service) in &table.instances {
        compiling.instances(vpc, service);
    }
    for (vpc, leases) in &table.leases {
        let vpc: Arc<str> = vpc.as_str().into();
        let ipv6 = leases.values().any(|lease| !lease.ipv6.is_empty()).then(|| Door::Ipv6Leases { vpc: vpc.clone() });
        let doors = [Door::Leases { vpc }].into_iter().chain(ipv6);
        compiling.routes.doors.extend(doors.map(|door| (door, Vec::new())));
    }
    compiling.routes.leases = table.leases.clone();
    for (vpc, addresses) in &table.endpoints {
        let door = |it: &table::EndpointDoor| {
            let endpoint = Some(it.endpoint.as_str().into());
            (Door::Api { vpc: vpc.as_str().into(), address: it.address, endpoint }, Vec::new())
        };
        compiling.routes.doors.extend(addresses.iter().map(door));
    }
    for (vpc, door) in &table.gateways {
        let door = Door::Api { vpc: vpc.as_str().into(), address: door.address, endpoint: None };
        compiling.routes.doors.entry(door).or_default();
    }
    compiling.routes.gateways = table.gateways.clone();
    for listeners in compiling.routes.doors.values_mut() {
        listeners.sort_by_key(|listener| listener.port);
    }
    compiling.routes.doors.entry(Door::Front).or_default();
    shelf.keep_only(compiling.routes.groups.values().flat_map(|group| &group.targets).map(|target| &target.live));
    compiling.routes
}

struct Compiling<'a> {
    table: &'a Table,
    shelf: &'a Shelf,
    routes: Routes,
}

impl Compiling<'_> {
    fn balancer(&mut self, from: &table::Balancer) {
        let balancer = Arc::new(Balancer {
            dns_name: from.dns_name.to_ascii_lowercase(),
            vpc: from.vpc.as_str().into(),
            addresses: from.addresses.clone(),
            idle_timeout: from.idle_timeout,
            attributes: from.attributes.clone(),
        });
        for (arn, listener) in &from.listeners {
            let listener = Arc::new(self.listener(arn, listener, &balancer));
            for door in doors(&balancer, from.internet_facing, &listener) {
                self.routes.doors.entry(door).or_default().push(listener.clone());
            }
        }
    }

    fn listener(&mut self, arn: &str, from: &table::Listener, balancer: &Arc<Balancer>) -> Listener {
        let rules: Vec<Rule> = from.rules.iter().map(|rule| self.rule(rule, balancer)).collect();
        let conditions = rules.iter().flat_map(|rule| &rule.conditions);
        let host_patterns = conditions.filter_map(|condition| match condition {
            Condition::HostHeader(patterns) => Some(patterns.clone()),
            _ => None,
        });
        Listener {
            arn: arn.into(),
            port: from.port,
            balancer: balancer.clone(),
            tls: self.tls(arn, from, balancer),
            host_patterns: host_patterns.flatten().collect(),
            rules,
        }
    }

    fn tls(&mut self, arn: &str, from: &table::Listener, balancer: &Balancer) -> Option<Arc<rustls::ServerConfig>> {
        if from.certificates.is_empty() {
            return None;
        }
        match tls::server_config(&from.certificates, balancer.attributes.http2) {
            Ok(config) => Some(config),
            Err(fault) => {
                self.routes.faults.insert(arn.into(), fault);
                // Without a certificate every handshake fails, as it should: an HTTPS listener never serves plain text.
                tls::server_config(&[], balancer.attributes.http2).ok()
            }
        }
    }

    fn rule(&mut self, from: &table::Rule, balancer: &Arc<Balancer>) -> Rule {
        Rule { conditions: from.conditions.iter().map(condition).collect(), action: self.action(&from.action, balancer) }
    }

    fn action(&mut self, from: &table::Action, balancer: &Arc<Balancer>) -> Action {
        match from.clone() {
            table::Action::Forward { groups, stickiness } => {
                let groups = groups.iter().filter_map(|(arn, weight)| Some((self.group(arn, balancer)?, *weight)));
                Action::Forward { groups: groups.collect(), stickiness }
            }
            table::Action::Redirect { permanent, protocol, host, port, path, query } => {
                Action::Redirect { permanent, to: Redirect { protocol, host, port, path, query } }
            }
            table::Action::FixedResponse { status, content_type, body } => Action::FixedResponse { status, content_type, body },
        }
    }

    fn group(&mut self, arn: &str, balancer: &Balancer) -> Option<Arc<Group>> {
        let from = self.table.target_groups.get(arn)?;
        let dialled_from = *balancer.addresses.first()?;
        Some(match self.routes.groups.entry(arn.into()) {
            Entry::Occupied(group) => group.get().clone(),
            Entry::Vacant(place) => place.insert(Arc::new(group(arn, from, dialled_from, self.shelf))).clone(),
        })
    }

    fn zone(&mut self, vpc: &str, from: &table::Zone) {
        for address in &from.servers {
            self.routes.doors.entry(Door::Names { vpc: vpc.into(), address: *address }).or_default();
        }
        let balancers = self.table.balancers.values().filter(|balancer| balancer.vpc == vpc);
        let mut names: BTreeMap<String, Vec<Ipv4Addr>> =
            balancers.map(|balancer| (balancer.dns_name.clone(), balancer.addresses.clone())).collect();
        names.extend(from.names.clone());
        let (addresses, ipv6) = (in_lower_case(names), in_lower_case(from.ipv6.clone()));
        self.routes.zones.insert(vpc.into(), Arc::new(Names { addresses, ipv6, pointers: from.pointers.clone() }));
    }

    fn metadata(&mut self, vpc: &str, from: &table::Metadata) {
        let doors = [
            Door::Credentials { vpc: vpc.into(), address: from.credentials_at },
            Door::Api { vpc: vpc.into(), address: from.api_at, endpoint: None },
        ];
        self.routes.doors.extend(doors.map(|door| (door, Vec::new())));
        self.routes.metadata.insert(vpc.into(), Arc::new(from.clone()));
    }

    fn instances(&mut self, vpc: &str, from: &table::InstanceMetadataService) {
        let api = Door::Api { vpc: vpc.into(), address: from.api_at, endpoint: None };
        let doors = [Door::Instances { vpc: vpc.into(), address: from.at }, api];
        self.routes.doors.extend(doors.map(|door| (door, Vec::new())));
        self.routes.instances.insert(vpc.into(), Arc::new(from.clone()));
    }
}

/// At an internet-facing balancer without TLS the front's door leads also to it.
fn doors(balancer: &Balancer, internet_facing: bool, listener: &Listener) -> Vec<Door> {
    let inside = balancer
        .addresses
        .iter()
        .map(|address| Door::Inside { vpc: balancer.vpc.clone(), address: SocketAddrV4::new(*address, listener.port) });
    let host = internet_facing.then_some(Door::Host(listener.port));
    let front = (internet_facing && listener.tls.is_none()).then_some(Door::Front);
    inside.chain(host).chain(front).collect()
}

fn group(arn: &str, from: &table::TargetGroup, dialled_from: Ipv4Addr, shelf: &Shelf) -> Group {
    let target = |target: &table::Target| {
        let address = SocketAddrV4::new(target.address, target.port);
        let live = shelf.find(TargetKey { group: arn.into(), id: target.id.clone(), address });
        live.set_draining(target.draining);
        Arc::new(Target { id: target.id.clone(), address, live })
    };
    Group {
        arn: arn.into(),
        vpc: from.vpc.as_str().into(),
        tls: from.tls,
        http2: from.http2,
        algorithm: match from.algorithm {
            table::Algorithm::RoundRobin => choice::Algorithm::RoundRobin,
            table::Algorithm::LeastOutstandingRequests => choice::Algorithm::LeastOutstandingRequests,
            table::Algorithm::WeightedRandom => choice::Algorithm::WeightedRandom,
        },
        stickiness: from.stickiness,
        slow_start: from.slow_start,
        check: from.health_check.clone(),
        targets: from.targets.iter().map(target).collect(),
        dialled_from,
        turn: AtomicU64::new(0),
    }
}

/// Names, in which case makes no difference.
fn in_lower_case<A>(names: BTreeMap<String, Vec<A>>) -> BTreeMap<String, Vec<A>> {
    names.into_iter().map(|(name, addresses)| (name.to_ascii_lowercase(), addresses)).collect()
}

fn condition(from: &table::Condition) -> Condition {
    let patterns = |texts: &[String], case| texts.iter().map(|text| Pattern::new(text, case)).collect();
    let part = |text: &String| Pattern::with_escapes(text, Case::Insensitive);
    match from {
        table::Condition::HostHeader(hosts) => Condition::HostHeader(patterns(hosts, Case::Insensitive)),
        table::Condition::PathPattern(paths) => Condition::PathPattern(patterns(paths, Case::Sensitive)),
        table::Condition::HttpHeader { name, values } => {
            Condition::HttpHeader { name: name.to_ascii_lowercase(), values: patterns(values, Case::Insensitive) }
        }
        table::Condition::HttpRequestMethod(methods) => Condition::HttpRequestMethod(methods.clone()),
        table::Condition::QueryString(pairs) => {
            Condition::QueryString(pairs.iter().map(|(key, value)| (key.as_ref().map(part), part(value))).collect())
        }
        table::Condition::SourceIp(networks) => {
            Condition::SourceIp(networks.iter().map(|Cidr { address, prefix }| Network::new(*address, *prefix)).collect())
        }
    }
}

//! What the edge serves: from records to its table. Pure.

use super::{
    attributes::{self, BALANCER, GROUP},
    parse::health_check::ranges,
    reach::Reaches,
    usage::{Usage, balancer_of, listener_of},
    views::default_rule_key,
};
use agent_proto::edge;
use model::{
    Cidr, Key,
    ec2::{AttachedTo, Instance, InstanceSpec, NetworkInterface, NetworkInterfaceSpec, Vpc, VpcSpec},
    elbv2::{
        Action, Condition, HealthCheck, Listener, ListenerSpec, LoadBalancer, LoadBalancerSpec, Rule, Target, TargetGroup,
        TargetGroupSpec, TargetSpec,
    },
};
use spine::{Read, Scope, Specs, StoreError};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr},
    time::Duration,
};

/// The name server's address beside the VPC's own (VPC user guide, "Amazon DNS server").
const LINK_LOCAL_SERVER: Ipv4Addr = Ipv4Addr::new(169, 254, 169, 253);

/// The kinds of records that [`table`] reads the specs of.
pub const KINDS: &[&str] = {
    use model::Record;
    &[
        LoadBalancer::KIND,
        Listener::KIND,
        Rule::KIND,
        TargetGroup::KIND,
        Target::KIND,
        NetworkInterface::KIND,
        Vpc::KIND,
        model::ec2::Subnet::KIND,
        Instance::KIND,
    ]
};

/// The edge's balancers, target groups and names, of all accounts and regions.
pub fn table(read: &impl Read) -> Result<edge::Table, StoreError> {
    let world = World::read(read)?;
    let balancers = world.balancers.iter().map(|(key, spec)| (key.arn().to_string(), world.balancer(key, spec)));
    let used = world.groups.iter().filter(|(key, _)| world.usage.is_used(key));
    let groups = used.map(|(key, spec)| (key.arn().to_string(), world.group(key, spec)));
    let zones = world.vpcs.iter().filter_map(|(key, spec)| Some((key.id.clone(), world.zone(key, spec)?)));
    Ok(edge::Table {
        balancers: balancers.collect(),
        target_groups: groups.collect(),
        zones: zones.collect(),
        ..edge::Table::default()
    })
}

struct World {
    balancers: Specs<LoadBalancer>,
    listeners: Specs<Listener>,
    rules: Specs<Rule>,
    groups: Specs<TargetGroup>,
    targets: Specs<Target>,
    interfaces: Specs<NetworkInterface>,
    vpcs: Specs<Vpc>,
    instances: Specs<Instance>,
    usage: Usage,
    reaches: Reaches,
}

impl World {
    fn read(read: &impl Read) -> Result<Self, StoreError> {
        let (listeners, rules) = (read.specs(Scope::All)?, read.specs(Scope::All)?);
        Ok(Self {
            balancers: read.specs(Scope::All)?,
            usage: Usage::of(&listeners, &rules),
            reaches: Reaches::read(read)?,
            listeners,
            rules,
            groups: read.specs(Scope::All)?,
            targets: read.specs(Scope::All)?,
            interfaces: read.specs(Scope::All)?,
            vpcs: read.specs(Scope::All)?,
            instances: read.specs(Scope::All)?,
        })
    }

    /// The balancer's interfaces.
    fn interfaces(&self, balancer: &LoadBalancerSpec) -> impl Iterator<Item = &NetworkInterfaceSpec> {
        let ids = balancer.zones.iter().map(|zone| &zone.interface);
        ids.filter_map(|id| self.interfaces.iter().find(|(key, _)| key.id == *id)).map(|(_, spec)| &**spec)
    }

    fn balancer(&self, key: &Key<LoadBalancer>, spec: &LoadBalancerSpec) -> edge::Balancer {
        let own = self.listeners.iter().filter(|(listener, _)| balancer_of(listener).as_ref() == Some(key));
        edge::Balancer {
            dns_name: spec.dns_name.clone(),
            vpc: spec.vpc.clone(),
            addresses: self.interfaces(spec).map(|interface| interface.address).collect(),
            internet_facing: spec.internet_facing,
            idle_timeout: seconds(attributes::number(BALANCER, &spec.attributes, attributes::IDLE_TIMEOUT)),
            listeners: own.map(|(key, spec)| (key.arn().to_string(), self.listener(key, spec))).collect(),
            attributes: balancer_attributes(spec),
        }
    }

    fn listener(&self, key: &Key<Listener>, spec: &ListenerSpec) -> edge::Listener {
        let mut rules: Vec<_> = self.rules.iter().filter(|(rule, _)| listener_of(rule).as_ref() == Some(key)).collect();
        rules.sort_by_key(|(_, rule)| rule.priority);
        let ordered = rules.into_iter().map(|(rule, spec)| edge::Rule {
            arn: rule.arn().to_string(),
            conditions: spec.conditions.iter().map(condition).collect(),
            action: action(key, &spec.action),
        });
        let last = edge::Rule {
            arn: default_rule_key(key, spec).arn().to_string(),
            conditions: Vec::new(),
            action: action(key, &spec.default_action),
        };
        edge::Listener { port: spec.port, certificates: Vec::new(), rules: ordered.chain([last]).collect() }
    }

    fn group(&self, key: &Key<TargetGroup>, spec: &TargetGroupSpec) -> edge::TargetGroup {
        let number = |name| attributes::number(GROUP, &spec.attributes, name);
        let sticky = attributes::is_on(GROUP, &spec.attributes, attributes::STICKINESS);
        let slow = number(attributes::SLOW_START);
        edge::TargetGroup {
            vpc: spec.vpc.clone(),
            tls: spec.protocol == "HTTPS",
            http2: spec.protocol_version == "HTTP2",
            algorithm: algorithm(attributes::value(GROUP, &spec.attributes, attributes::ALGORITHM)),
            stickiness: sticky.then(|| seconds(number(attributes::STICKINESS_DURATION))),
            targets: self.targets.iter().filter_map(|(target, it)| self.target(key, target, it)).collect(),
            health_check: health_check(&spec.health_check),
            slow_start: (slow > 0).then(|| seconds(slow)),
        }
    }

    /// The target, if it is a member of the group that a balancer can reach.
    fn target(&self, group: &Key<TargetGroup>, key: &Key<Target>, spec: &TargetSpec) -> Option<edge::Target> {
        let (of, id, port) = key.parts()?;
        let here = of == *group && self.reaches.zone_is_enabled(group, spec, &self.usage);
        let draining = spec.deregistered_at.is_some();
        here.then(|| edge::Target { id: id.into(), address: spec.address, port, draining })
    }

    /// The names that a VPC's own name server knows; none if the VPC has no interface yet, or no name server.
    fn zone(&self, key: &Key<Vpc>, spec: &VpcSpec) -> Option<edge::Zone> {
        let own: Vec<_> = self.interfaces.iter().filter(|(_, it)| it.vpc == key.id && it.attachment.is_some()).collect();
        if own.is_empty() || !spec.dns_support {
            return None;
        }
        let addresses = own.iter().flat_map(|(at, it)| it.addresses().map(|one| (&at.region, one.address)));
        let hosts = addresses.map(|(region, address)| (logic::vpc::private_dns_name(address, region), vec![address]));
        let balancers = self.balancers.iter().map(|(_, it)| (it.dns_name.clone(), self.addresses_from(&key.id, it)));
        let servers = spec.cidr.nth(2).into_iter().chain([LINK_LOCAL_SERVER]).collect();
        let mut names: BTreeMap<_, _> = hosts.chain(balancers.filter(|(_, addresses)| !addresses.is_empty())).collect();
        let mut ipv6 = BTreeMap::new();
        for (instance, spec) in self.instances.iter().filter(|(_, instance)| instance.vpc == key.id) {
            self.resource_name(instance, spec, &mut names, &mut ipv6);
        }
        Some(edge::Zone { servers, names, ipv6, pointers: BTreeMap::new() })
    }

    /// The name of an instance by its id, with the records that it is to have: they lead to its primary interface.
    fn resource_name(
        &self,
        key: &Key<Instance>,
        spec: &InstanceSpec,
        names: &mut BTreeMap<String, Vec<Ipv4Addr>>,
        ipv6: &mut BTreeMap<String, Vec<Ipv6Addr>>,
    ) {
        let options = &spec.private_dns;
        if !options.a_record && !options.aaaa_record {
            return;
        }
        let is_primary = |it: &NetworkInterfaceSpec| {
            let attachment = it.attachment.as_ref().filter(|attachment| attachment.device_index == 0);
            attachment.is_some_and(|attachment| attachment.to == AttachedTo::Instance(key.id.clone()))
        };
        let Some((_, primary)) = self.interfaces.iter().find(|(_, it)| is_primary(it)) else { return };
        let name = logic::vpc::resource_dns_name(&key.id, &key.region);
        if options.a_record {
            names.insert(name.clone(), vec![primary.address]);
        }
        if options.aaaa_record
            && let Some(address) = primary.ipv6.first()
        {
            ipv6.insert(name, vec![*address]);
        }
    }

    /// The addresses at which a balancer is reached from a VPC: its own inside its VPC, its public ones elsewhere.
    fn addresses_from(&self, vpc: &str, balancer: &LoadBalancerSpec) -> Vec<Ipv4Addr> {
        match balancer.vpc == vpc {
            true => self.interfaces(balancer).map(|interface| interface.address).collect(),
            false => self.interfaces(balancer).filter_map(|interface| interface.public_address).collect(),
        }
    }
}

fn seconds(count: u32) -> Duration {
    Duration::from_secs(count.into())
}

fn balancer_attributes(spec: &LoadBalancerSpec) -> edge::BalancerAttributes {
    let is_on = |name| attributes::is_on(BALANCER, &spec.attributes, name);
    edge::BalancerAttributes {
        drop_invalid_headers: is_on(attributes::DROP_INVALID_HEADERS),
        preserve_host: is_on(attributes::PRESERVE_HOST),
        forwarded_for: match attributes::value(BALANCER, &spec.attributes, attributes::FORWARDED_FOR) {
            "preserve" => edge::ForwardedFor::Preserve,
            "remove" => edge::ForwardedFor::Remove,
            _ => edge::ForwardedFor::Append,
        },
        forwarded_client_port: is_on(attributes::FORWARDED_CLIENT_PORT),
        http2: is_on(attributes::HTTP2),
    }
}

fn algorithm(name: &str) -> edge::Algorithm {
    match name {
        "least_outstanding_requests" => edge::Algorithm::LeastOutstandingRequests,
        "weighted_random" => edge::Algorithm::WeightedRandom,
        _ => edge::Algorithm::RoundRobin,
    }
}

fn health_check(check: &HealthCheck) -> edge::HealthCheck {
    edge::HealthCheck {
        enabled: check.enabled,
        port: check.port,
        tls: check.protocol == "HTTPS",
        path: check.path.clone(),
        interval: seconds(check.interval_seconds),
        timeout: seconds(check.timeout_seconds),
        healthy_threshold: check.healthy_threshold,
        unhealthy_threshold: check.unhealthy_threshold,
        matcher: ranges(&check.matcher).unwrap_or_default(),
    }
}

fn action(listener: &Key<Listener>, action: &Action) -> edge::Action {
    match action.clone() {
        Action::Forward { groups, stickiness_seconds } => {
            let arn = |id: &str| Key::<TargetGroup>::new(&listener.account, &listener.region, id).arn().to_string();
            let groups = groups.iter().map(|(id, weight)| (arn(id), *weight)).collect();
            edge::Action::Forward { groups, stickiness: stickiness_seconds.map(seconds) }
        }
        Action::Redirect { permanent, protocol, host, port, path, query } => {
            edge::Action::Redirect { permanent, protocol, host, port, path, query }
        }
        Action::FixedResponse { status, content_type, body } => {
            edge::Action::FixedResponse { status, content_type, body: body.unwrap_or_default() }
        }
    }
}

fn condition(condition: &Condition) -> edge::Condition {
    match condition.clone() {
        Condition::HostHeader(values) => edge::Condition::HostHeader(values),
        Condition::PathPattern(values) => edge::Condition::PathPattern(values),
        Condition::HttpHeader { name, values } => edge::Condition::HttpHeader { name, values },
        Condition::HttpRequestMethod(values) => edge::Condition::HttpRequestMethod(values),
        Condition::QueryString(pairs) => edge::Condition::QueryString(pairs),
        Condition::SourceIp(blocks) => {
            edge::Condition::SourceIp(blocks.into_iter().map(|it| Cidr::new(it.address, it.prefix)).collect())
        }
    }
}

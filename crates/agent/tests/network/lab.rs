//! A host to try networks on, and words for VPCs.

use agent::net::{NetWorld, Settings};
use agent::network::{ContainerNetwork, Network as _};
use agent_proto::network::{
    Attachment, Cidr, Instance, Interface, Peer, Protocol, Route, Rule, SecurityGroup, Subnet, Target, Vpc,
};
use agent_proto::workload::{Container, Image, ImageSource, Limits, Network, PortMapping, Workload};
use netns::Namespace;
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

/// Long enough for anything that is going to happen.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough for a packet to have come, if it was going to.
pub const SILENCE: Duration = Duration::from_millis(400);

/// A host of its own.
pub struct Lab {
    folder: PathBuf,
    tag: String,
    pub world: NetWorld,
}

impl Lab {
    /// `None`, said loudly, where namespaces can't be made.
    pub fn new(test: &str) -> Option<Self> {
        let folder = std::env::temp_dir().join(format!("hillfog-net-{}-{test}", std::process::id()));
        let host = match Namespace::create(&folder.join("host")) {
            Err(netns::Error::Denied(what)) => {
                eprintln!("SKIPPED {test}: not allowed to {what}; run the tests as root");
                std::fs::remove_dir_all(&folder).ok();
                return None;
            }
            made => made.expect("a namespace for the host"),
        };
        command(&host, "ip link set lo up");
        let tag = format!("{:08x}", std::process::id());
        let lab = Self { world: world(&folder, &tag), folder, tag };
        let lacking: Vec<_> = lab.world.missing().into_iter().filter(|it| it.fatal).collect();
        if !lacking.is_empty() {
            eprintln!("SKIPPED {test}: {lacking:?}");
            return None;
        }
        std::fs::remove_dir(folder_of(&lab)).ok();
        Some(lab)
    }

    /// Another cloud on the same host.
    pub fn neighbour(&self) -> NetWorld {
        world_at(&self.folder, &self.folder.join("neighbour"), "neighbour")
    }

    /// The same host after its server was killed and started again.
    pub fn restart(&mut self) {
        self.world = world(&self.folder, &self.tag);
    }

    pub fn host(&self) -> Namespace {
        Namespace::open(&self.folder.join("host")).expect("the host")
    }

    /// What the router of a VPC sees.
    pub fn router(&self, vpc: &str) -> Namespace {
        Namespace::open(&self.world.router_path(vpc)).expect("the router")
    }

    pub async fn ensure(&self, vpcs: &[&Vpc]) {
        let vpcs: Vec<_> = vpcs.iter().map(|vpc| (*vpc).clone()).collect();
        assert_eq!(self.world.ensure(&vpcs).await, BTreeMap::new());
    }

    /// Plugs in the workload of that interface (`eni-x` is plugged into the workload `x`).
    pub async fn join(&self, vpc: &Vpc, name: &str) -> Namespace {
        let network = Network::Interface { vpc: vpc.id.clone(), interface: format!("eni-{name}") };
        let join = self.world.join(&workload(name, network, &[])).await.expect("it joins");
        Namespace::open(&join.containers["main"].netns).expect("its namespace")
    }

    /// What is on the host, in words.
    pub fn traces(&self) -> String {
        let mounts = std::fs::read_to_string("/proc/self/mountinfo").expect("the mount table");
        let place = self.folder.to_string_lossy().into_owned();
        let mounts =
            mounts.lines().filter(|line| line.contains(&place)).map(|line| line.split(' ').nth(4).unwrap_or_default().to_owned());
        let files = std::fs::read_dir(&self.folder)
            .expect("the folder")
            .flatten()
            .map(|it| it.file_name().to_string_lossy().into_owned());
        let mut lines: Vec<_> = mounts.chain(files).collect();
        lines.sort();
        let host = self.host();
        let seen = ["ip -o link", "ip -o addr", "ip route show table all", "ip neigh", "nft list ruleset"]
            .map(|line| command(&host, line));
        format!("{lines:#?}\n{}", seen.join("\n"))
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let world = world(&self.folder, &self.tag);
        let runtime = tokio::runtime::Runtime::new();
        let down = std::thread::spawn(move || runtime.map(|runtime| runtime.block_on(world.teardown()))).join();
        Namespace::remove(&self.folder.join("host")).ok();
        std::fs::remove_dir_all(&self.folder).ok();
        if !std::thread::panicking() {
            down.expect("no panic").expect("a runtime").expect("the network is taken down");
        }
    }
}

/// Where the network keeps its namespaces.
pub fn folder_of(lab: &Lab) -> PathBuf {
    lab.folder.join("netns")
}

fn world(folder: &std::path::Path, tag: &str) -> NetWorld {
    world_at(folder, folder, tag)
}

fn world_at(folder: &std::path::Path, runtime: &std::path::Path, tag: &str) -> NetWorld {
    let host = Namespace::open(&folder.join("host")).expect("the host");
    NetWorld::on(host, Settings { runtime: runtime.to_owned(), tag: tag.into(), domain: Some("ec2.internal".into()) })
}

/// Gives the host a way beyond itself, 203.0.113.1 being its own address there; false, said loudly, without the program that uses it.
pub fn has_far_side(lab: &Lab) -> bool {
    if lab.world.missing().iter().any(|it| it.what == "pasta") {
        eprintln!("SKIPPED: pasta is not installed (package passt)");
        return false;
    }
    for line in [
        "link add out type veth peer name far",
        "addr add 203.0.113.1/24 dev out",
        "link set out up",
        "link set far up",
        "route add default via 203.0.113.2",
    ] {
        command(&lab.host(), &format!("ip {line}"));
    }
    true
}

/// What the command says in the namespace; it has to succeed.
pub fn command(namespace: &Namespace, line: &str) -> String {
    let mut words = line.split(' ');
    let mut command = Command::new(words.next().expect("a program"));
    let output = namespace.run(|| command.args(words).output()).expect("entered").expect("it is installed");
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Tries to connect from within the namespace.
pub fn connect(from: &Namespace, to: impl Into<SocketAddr>, patience: Duration) -> io::Result<TcpStream> {
    let to = to.into();
    from.run(|| TcpStream::connect_timeout(&to, patience)).expect("entered")
}

pub fn reaches(from: &Namespace, to: impl Into<SocketAddr>) -> bool {
    connect(from, to, PATIENCE).is_ok()
}

/// Whether nothing at all comes back. (A refusal would be an answer.)
pub fn is_silent(from: &Namespace, to: impl Into<SocketAddr>) -> bool {
    matches!(connect(from, to, SILENCE), Err(error) if error.kind() == io::ErrorKind::TimedOut)
}

/// 10.0.1.`last`.
pub fn at(last: u8) -> Ipv4Addr {
    Ipv4Addr::new(10, 0, 1, last)
}

/// A VPC 10.0.0.0/16 with one public subnet, 10.0.1.0/24.
pub fn vpc(id: &str) -> Vpc {
    let internet = Route { destination: cidr("0.0.0.0/0").into(), target: Target::InternetGateway };
    let subnet = Subnet { routes: vec![internet], ..Subnet::new("subnet-1", cidr("10.0.1.0/24")) };
    Vpc { subnets: vec![subnet], ..Vpc::new(id, cidr("10.0.0.0/16")) }
}

pub trait Words {
    fn with(self, name: &str, last: u8, groups: &[&str]) -> Self;
    fn with_edge(self, name: &str, last: u8, groups: &[&str]) -> Self;
    fn with_instance(self, id: &str, last: u8, groups: &[&str]) -> Self;
    fn public(self, last: u8) -> Self;
    fn placed(self, subnet: &str, address: [u8; 4]) -> Self;
    fn subnet(self, id: &str, addresses: &str, routes: &[(&str, Target)]) -> Self;
    fn group(self, id: &str, ingress: &[(Protocol, &str)]) -> Self;
    fn closed_group(self, id: &str, ingress: &[(Protocol, &str)], egress: &[(Protocol, &str)]) -> Self;
}

impl Words for Vpc {
    /// The interface `eni-<name>` of the workload `name`.
    fn with(self, name: &str, last: u8, groups: &[&str]) -> Self {
        plugged(self, name, last, groups, Attachment::Workload(name.into()))
    }

    fn with_edge(self, name: &str, last: u8, groups: &[&str]) -> Self {
        plugged(self, name, last, groups, Attachment::Edge)
    }

    fn with_instance(mut self, id: &str, last: u8, groups: &[&str]) -> Self {
        self.instances.push(Instance { id: id.into() });
        plugged(self, id, last, groups, Attachment::Instance(id.into()))
    }

    /// Gives the last interface the public address 198.18.0.`last`.
    fn public(mut self, last: u8) -> Self {
        self.interfaces.last_mut().expect("an interface").public_address = Some(Ipv4Addr::new(198, 18, 0, last));
        self
    }

    /// Puts the last interface elsewhere.
    fn placed(mut self, subnet: &str, address: [u8; 4]) -> Self {
        let [a, b, c, d] = address;
        let last = self.interfaces.last_mut().expect("an interface");
        *last = Interface {
            subnet: subnet.into(),
            address: address.into(),
            mac: format!("02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}"),
            ..last.clone()
        };
        self
    }

    fn subnet(mut self, id: &str, addresses: &str, routes: &[(&str, Target)]) -> Self {
        let routes = routes
            .iter()
            .map(|(to, target)| Route { destination: to.parse().expect("a network"), target: target.clone() })
            .collect();
        self.subnets.push(Subnet { routes, ..Subnet::new(id, cidr(addresses)) });
        self
    }

    /// A group that lets everything out.
    fn group(self, id: &str, ingress: &[(Protocol, &str)]) -> Self {
        self.closed_group(id, ingress, &[(Protocol::All, "0.0.0.0/0")])
    }

    fn closed_group(mut self, id: &str, ingress: &[(Protocol, &str)], egress: &[(Protocol, &str)]) -> Self {
        let rules = |rules: &[(Protocol, &str)]| {
            rules.iter().map(|(protocol, peer)| Rule { id: None, protocol: *protocol, peer: peer_of(peer) }).collect()
        };
        self.groups.push(SecurityGroup { id: id.into(), ingress: rules(ingress), egress: rules(egress) });
        self
    }
}

fn peer_of(text: &str) -> Peer {
    text.parse().map(Peer::Cidr).unwrap_or_else(|_| Peer::Group(text.into()))
}

/// The interface `eni-<name>`.
pub fn plugged(mut vpc: Vpc, name: &str, last: u8, groups: &[&str], attachment: Attachment) -> Vpc {
    vpc.interfaces.push(Interface {
        id: format!("eni-{name}"),
        subnet: "subnet-1".into(),
        address: at(last),
        public_address: None,
        secondary: vec![],
        ipv6: vec![],
        source_dest_check: true,
        mac: format!("02:00:0a:00:01:{last:02x}"),
        groups: groups.iter().map(|id| id.to_string()).collect(),
        attachment,
    });
    vpc
}

pub fn cidr(text: &str) -> Cidr {
    text.parse().expect("a network")
}

/// TCP to one port.
pub fn tcp(port: u16) -> Protocol {
    Protocol::Tcp(port, port)
}

/// A workload of one container, `main`.
pub fn workload(id: &str, network: Network, ports: &[PortMapping]) -> Workload {
    Workload {
        id: id.into(),
        label: id.into(),
        run: true,
        network,
        containers: vec![container("main", ports)],
        volumes: vec![],
        limits: Limits::default(),
    }
}

pub fn container(name: &str, ports: &[PortMapping]) -> Container {
    Container {
        name: name.into(),
        image: Image { reference: "none".into(), source: ImageSource::Unresolved { reason: "none".into() } },
        entry_point: None,
        command: None,
        environment: BTreeMap::new(),
        working_directory: None,
        user: None,
        hostname: None,
        essential: true,
        depends_on: vec![],
        health_check: None,
        start_timeout: None,
        stop_timeout: Duration::from_secs(1),
        limits: Limits::default(),
        ulimits: vec![],
        read_only_root: false,
        privileged: false,
        add_capabilities: vec![],
        drop_capabilities: vec![],
        init: false,
        interactive: false,
        pseudo_terminal: false,
        mounts: vec![],
        tmpfs: vec![],
        shared_memory_mib: None,
        sysctls: BTreeMap::new(),
        extra_hosts: vec![],
        dns_servers: vec![],
        dns_search: vec![],
        ports: ports.to_vec(),
        keep_output: false,
    }
}

/// Opens what a container found.
pub fn namespace(network: &ContainerNetwork) -> Namespace {
    Namespace::open(&network.netns).expect("the container's namespace")
}

pub fn any(port: u16) -> SocketAddr {
    (IpAddr::V4(Ipv4Addr::UNSPECIFIED), port).into()
}

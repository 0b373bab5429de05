//! The sockets that are open: those that the routes ask for, no others.
//!
//! A door that is no longer asked for stops taking connections; those that came through it finish their requests. One that
//! can't be opened (its VPC's network isn't there yet, another program has the port) is tried again until it can.

pub(crate) mod accept;
mod connection;
mod courtesy;

use crate::{
    dhcp,
    dhcp6::{self, PacketSocket},
    dns, metadata,
    networks::Place,
    relay,
    routes::{Door, Routes},
    shared::Shared,
};
use std::{
    collections::{BTreeMap, HashMap},
    io,
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, UdpSocket, UnixListener},
    sync::watch,
};

/// How often doors are looked after at the least: their networks may have been removed and made anew, and some could not be opened.
const LOOK: Duration = Duration::from_secs(1);
/// After how long that is done first when others are wanted, doubled from look to look: what changes is most often a network that is just being
/// made, and a machine that boots in it waits for its doors.
const SOON: Duration = Duration::from_millis(50);

/// Keeps the right doors open. Ends, with all of them closed, when `closing` says so.
pub(crate) struct Doors {
    shared: Arc<Shared>,
    sockets: Sockets,
    open: HashMap<Door, Open>,
}

/// The socket files by which the edge and the server meet.
pub(crate) struct Sockets {
    /// Made here, for requests that the front hands over.
    pub(crate) from_front: PathBuf,
    /// Made by the server, for what workloads send to the cloud's API.
    pub(crate) to_front: PathBuf,
}

/// An open door. It closes when this is dropped.
struct Open {
    /// The network in which it was opened: a VPC can be removed and come back.
    identity: Option<(u64, u64)>,
    _closing: watch::Sender<()>,
}

impl Doors {
    /// No doors are open yet.
    pub(crate) fn new(shared: Arc<Shared>, sockets: Sockets) -> Self {
        Self { shared, sockets, open: HashMap::new() }
    }

    /// See the type.
    pub(crate) async fn keep(mut self, mut closing: watch::Receiver<bool>) {
        let mut replaced = self.shared.replaced.subscribe();
        let mut pause = SOON;
        loop {
            let number = *replaced.borrow_and_update();
            self.adjust().await;
            self.shared.settled.send_replace(number);
            tokio::select! {
                _ = replaced.changed() => pause = SOON,
                () = self.shared.env.sleep(pause) => pause = (pause * 2).min(LOOK),
                _ = closing.wait_for(|closing| *closing) => return,
            }
        }
    }

    /// Closes and opens.
    async fn adjust(&mut self) {
        let routes = self.shared.routes();
        let identities = self.identities(&routes).await;
        let of = |door: &Door| identities.get(&place(door)).copied().flatten();
        self.open.retain(|door, open| routes.doors.contains_key(door) && of(door) == open.identity);
        let mut faults = BTreeMap::new();
        for (door, listeners) in routes.doors.iter().filter(|(door, _)| !self.open.contains_key(door)).collect::<Vec<_>>() {
            match self.open(door).await {
                Ok(closing) => drop(self.open.insert(door.clone(), Open { identity: of(door), _closing: closing })),
                Err(error) => {
                    let fault = format!("{}: {error}", described(door));
                    tracing::debug!("{fault}");
                    faults.extend(listeners.iter().map(|listener| (listener.arn.clone(), fault.clone())));
                }
            }
        }
        self.shared.set_door_faults(faults);
    }

    /// What stands at the places now.
    async fn identities(&self, routes: &Routes) -> HashMap<Place, Option<(u64, u64)>> {
        let places: Vec<Place> = routes.doors.keys().map(place).collect();
        let networks = self.shared.networks.clone();
        let look = move || places.into_iter().map(|place| (place.clone(), networks.identity(&place))).collect();
        tokio::task::spawn_blocking(look).await.unwrap_or_default()
    }

    async fn open(&self, door: &Door) -> io::Result<watch::Sender<()>> {
        let closing = watch::Sender::new(());
        let (shared, closed) = (self.shared.clone(), closing.subscribe());
        match door {
            Door::Front => {
                let listener = front_socket(&self.sockets.from_front)?;
                tokio::spawn(accept::unix(shared, door.clone(), listener, closed));
            }
            Door::Names { vpc, address } => {
                let (datagrams, streams) = self.name_sockets(door, *address).await?;
                tokio::spawn(dns::serve(shared, vpc.clone(), datagrams, streams, closed));
            }
            Door::Leases { vpc } => {
                let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, dhcp::SERVER));
                let (networks, place) = (self.shared.networks.clone(), place(door));
                let socket = tokio::task::spawn_blocking(move || networks.datagrams(&place, address)).await;
                let socket = UdpSocket::from_std(socket.map_err(io::Error::other)??)?;
                tokio::spawn(dhcp::serve(shared, vpc.clone(), socket, closed));
            }
            Door::Ipv6Leases { vpc } => {
                let (networks, place) = (self.shared.networks.clone(), place(door));
                let socket = tokio::task::spawn_blocking(move || networks.within(&place, PacketSocket::open)).await;
                let socket = PacketSocket::of(socket.map_err(io::Error::other)??)?;
                tokio::spawn(dhcp6::serve(shared, vpc.clone(), socket, closed));
            }
            Door::Credentials { vpc, address } => {
                let listener = self.listen(door, (*address).into()).await?;
                tokio::spawn(metadata::serve_tasks(shared, vpc.clone(), listener, closed));
            }
            Door::Instances { vpc, address } => {
                let listener = self.listen(door, (*address).into()).await?;
                tokio::spawn(metadata::serve_instances(shared, vpc.clone(), listener, closed));
            }
            Door::Api { vpc, address, endpoint } => {
                let listener = self.listen(door, (*address).into()).await?;
                let server = self.sockets.to_front.clone();
                let way = relay::Way { server, vpc: vpc.clone(), at: *address, endpoint: endpoint.clone() };
                tokio::spawn(relay::serve(shared, way, listener, closed));
            }
            Door::Inside { address, .. } => {
                let listener = self.listen(door, (*address).into()).await?;
                tokio::spawn(accept::tcp(shared, door.clone(), listener, closed));
            }
            Door::Host(port) => {
                let listener = self.listen(door, (Ipv4Addr::LOCALHOST, *port).into()).await?;
                tokio::spawn(accept::tcp(shared, door.clone(), listener, closed));
            }
        }
        Ok(closing)
    }

    async fn listen(&self, door: &Door, address: SocketAddr) -> io::Result<TcpListener> {
        let (networks, place) = (self.shared.networks.clone(), place(door));
        let listener = tokio::task::spawn_blocking(move || networks.listen(&place, address)).await;
        TcpListener::from_std(listener.map_err(io::Error::other)??)
    }

    async fn name_sockets(&self, door: &Door, address: Ipv4Addr) -> io::Result<(UdpSocket, TcpListener)> {
        let address = SocketAddr::from((address, self.shared.networks.dns_port()));
        let (networks, place) = (self.shared.networks.clone(), place(door));
        let datagrams = tokio::task::spawn_blocking(move || networks.datagrams(&place, address)).await;
        Ok((UdpSocket::from_std(datagrams.map_err(io::Error::other)??)?, self.listen(door, address).await?))
    }
}

/// The socket file of a process that was killed is in the way of a new one. That no other edge lives was made sure of at the start.
fn front_socket(path: &PathBuf) -> io::Result<UnixListener> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => UnixListener::bind(path),
    }
}

fn place(door: &Door) -> Place {
    match door {
        Door::Inside { vpc, .. }
        | Door::Names { vpc, .. }
        | Door::Leases { vpc }
        | Door::Ipv6Leases { vpc }
        | Door::Credentials { vpc, .. }
        | Door::Instances { vpc, .. }
        | Door::Api { vpc, .. } => Place::Vpc(vpc.to_string()),
        Door::Host(_) | Door::Front => Place::Host,
    }
}

fn described(door: &Door) -> String {
    match door {
        Door::Inside { vpc, address } => format!("can't listen at {address} in {vpc}"),
        Door::Host(port) => format!("can't listen at 127.0.0.1:{port} on this machine"),
        Door::Front => "can't listen at the front's socket".into(),
        Door::Names { vpc, address } => format!("can't answer names at {address} in {vpc}"),
        Door::Leases { vpc } => format!("can't give addresses in {vpc}"),
        Door::Ipv6Leases { vpc } => format!("can't give addresses of IPv6 in {vpc}"),
        Door::Credentials { vpc, address } => format!("can't give credentials at {address} in {vpc}"),
        Door::Instances { vpc, address } => format!("can't give instances their metadata at {address} in {vpc}"),
        Door::Api { vpc, address, .. } => format!("can't take calls to the API at {address} in {vpc}"),
    }
}

//! Taking connections at a door, until it is closed.

use super::connection;
use crate::{proxy::Client, quiet::Activity, routes::Door, shared::Shared};
use futures::FutureExt;
use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream, UnixListener},
    sync::{Semaphore, watch},
};

/// When connections can't be taken (no file descriptors are left), a pause gives others time to end.
const BREATH: Duration = Duration::from_millis(100);

/// Takes connections at an address.
pub(super) async fn tcp(shared: Arc<Shared>, door: Door, listener: TcpListener, closed: watch::Receiver<()>) {
    let on_closed = closed.clone();
    take(
        &shared,
        on_closed,
        || listener.accept(),
        |(stream, address)| {
            // Small answers shall not wait for more; where this fails they do.
            let _ = stream.set_nodelay(true);
            let arrived_at = stream.local_addr().ok().and_then(|address| inside(&door, address));
            let client = client(&shared, &door, address, arrived_at);
            tokio::spawn(connection::tcp(client, stream, closed.clone()));
        },
    )
    .await;
}

/// Takes connections of the front.
pub(super) async fn unix(shared: Arc<Shared>, door: Door, listener: UnixListener, closed: watch::Receiver<()>) {
    let on_closed = closed.clone();
    take(
        &shared,
        on_closed,
        || listener.accept(),
        |(stream, _)| {
            let client = client(&shared, &door, SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), None);
            tokio::spawn(connection::plain(client, stream, closed.clone()));
        },
    )
    .await;
}

/// Takes connections of workloads until `closed` says so, `most` at the same time; more wait. Those that are open end then, too: they
/// would keep the network of a VPC that is gone.
pub(crate) async fn bounded<F: Future<Output = ()> + Send + 'static>(
    shared: &Shared,
    listener: TcpListener,
    most: usize,
    mut closed: watch::Receiver<()>,
    serve: impl Fn(TcpStream, IpAddr) -> F,
) {
    let permits = Arc::new(Semaphore::new(most));
    loop {
        let Ok(permit) = permits.clone().acquire_owned().await else { return };
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, from)) => {
                    let (serving, mut closed) = (serve(stream, from.ip()), closed.clone());
                    tokio::spawn(async move {
                        tokio::select! {
                            () = serving => {}
                            _ = closed.changed() => {}
                        }
                        drop(permit);
                    });
                }
                Err(_) => shared.env.sleep(BREATH).await,
            },
            _ = closed.changed() => return,
        }
    }
}

async fn take<T, A: Future<Output = io::Result<T>>>(
    shared: &Shared,
    mut closed: watch::Receiver<()>,
    accept: impl Fn() -> A,
    serve: impl Fn(T),
) {
    loop {
        tokio::select! {
            accepted = accept() => match accepted {
                Ok(accepted) => serve(accepted),
                Err(error) => {
                    tracing::warn!(%error, "can't take a connection");
                    shared.env.sleep(BREATH).await;
                }
            },
            // Nothing is ever sent: the other end goes away.
            _ = closed.changed() => break,
        }
    }
    // Who has connected already is served; the kernel would reset them.
    while let Some(Ok(accepted)) = accept().now_or_never() {
        serve(accepted);
    }
}

fn client(shared: &Arc<Shared>, door: &Door, address: SocketAddr, arrived_at: Option<Ipv4Addr>) -> Client {
    Client {
        shared: shared.clone(),
        door: door.clone(),
        address,
        arrived_at,
        secure: false,
        activity: Activity::new(shared.env.clone()),
    }
}

fn inside(door: &Door, address: SocketAddr) -> Option<Ipv4Addr> {
    match (door, address.ip()) {
        (Door::Inside { .. }, IpAddr::V4(address)) => Some(address),
        _ => None,
    }
}

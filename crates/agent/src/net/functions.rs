//! The network of function environments: one router namespace for all of them, to which each has a link of its own, and from which `pasta` leads
//! beyond the host where the host itself gets there. They don't reach each other, nor the host's loopback.
//!
//! The rules name links by the beginning of their names, so nothing is loaded when an environment comes or goes. An environment's namespace is
//! its shim's, and has no file: it ends with the shim, and its link with it.

use super::{
    Settings, filter,
    names::{EGRESS_LINK, INNER, Places},
    parameters,
    pasta::Pasta,
    space::{End, Space, Way, pair},
    tool::PASTA,
};
use crate::function::NAME_SERVER;
use logic::packet_filter::functions_ruleset;
use model::Cidr;
use netns::Namespace;
use std::{net::Ipv4Addr, path::PathBuf, sync::Arc};

/// The router's address on each link.
const ROUTER: Ipv4Addr = Ipv4Addr::new(169, 254, 64, 0);

/// The network of a host's functions.
pub struct FunctionNet {
    places: Places,
    host: Arc<Namespace>,
    pid_file: PathBuf,
    router: tokio::sync::Mutex<Option<Arc<Space>>>,
}

impl FunctionNet {
    /// Of the host whose namespace the calling thread is in. Nothing is made before it is asked for.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let host = Arc::new(Namespace::current().map_err(text)?);
        let (places, pid_file) = (Places::under(&settings.runtime), settings.runtime.join("functions-pasta.pid"));
        Ok(Self { places, host, pid_file, router: tokio::sync::Mutex::default() })
    }

    /// Gives the namespace of a process a link to the router.
    pub async fn join(&self, number: u32, pid: u32) -> Result<(), String> {
        self.join_router(number, pid).await.map_err(text)
    }

    async fn join_router(&self, number: u32, pid: u32) -> super::error::Result<()> {
        let router = self.router().await?;
        let inside = Space::of(Arc::new(Namespace::open(format!("/proc/{pid}/ns/net").as_ref())?))?;
        parameters::prepare_container(inside.namespace())?;
        let name = format!("f{number}");
        router.delete_link(&name).await?;
        let port = pair(End { space: &router, name: &name, mac: None }, End { space: &inside, name: INNER, mac: None }).await?;
        let own = address(number);
        router.add_detached_address(port, host(ROUTER)).await?;
        router.set_route(host(own), Way::Link(port)).await?;
        let eth0 = inside.need(INNER).await?;
        inside.add_detached_address(eth0, host(own)).await?;
        inside.set_route(host(ROUTER), Way::Link(eth0)).await?;
        inside.set_route(Cidr::ANY, Way::Gateway(eth0, ROUTER.into())).await
    }

    async fn router(&self) -> super::error::Result<Arc<Space>> {
        let mut router = self.router.lock().await;
        if let Some(router) = &*router {
            return Ok(router.clone());
        }
        let (space, _) = Space::ensure(&self.places.functions())?;
        parameters::prepare_router(space.namespace())?;
        parameters::check_sources(space.namespace())?;
        filter::load(&space, functions_ruleset(EGRESS_LINK)).await?;
        space.loopback().await?;
        if let Err(error) = self.reach_beyond().await {
            tracing::warn!(%error, "functions do not reach what is beyond this host");
        }
        parameters::forward(space.namespace())?;
        Ok(router.insert(Arc::new(space)).clone())
    }

    async fn reach_beyond(&self) -> super::error::Result<()> {
        let online = Space::of(self.host.clone())?.routes().await?.iter().any(|(network, _)| *network == Cidr::ANY);
        match PASTA.find() {
            Ok(_) if online => self.pasta().ensure(&self.host).await,
            _ => Ok(()),
        }
    }

    fn pasta(&self) -> Pasta {
        Pasta { namespace: self.places.functions(), pid_file: self.pid_file.clone(), name_server: Some(NAME_SERVER) }
    }

    /// Removes the router, and all links with it.
    pub async fn teardown(&self) -> Result<(), String> {
        self.pasta().end().await.map_err(text)?;
        self.router.lock().await.take();
        Namespace::remove(&self.places.functions()).map_err(text)
    }
}

fn host(address: Ipv4Addr) -> Cidr {
    Cidr { address, prefix: 32 }
}

/// The address of an environment, of which there may be 16,383.
fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(ROUTER) + (number & 0x3fff))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

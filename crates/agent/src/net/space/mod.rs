//! A namespace with a netlink socket in it: what is asked of the kernel about interfaces, addresses and routes.
//!
//! Everything here may be done again: what is there already is left as it is.

mod ipv6;
mod routes;

pub(crate) use routes::{Family, MAIN, Way};

use super::error::{Error, Result};
use futures::{TryStream, TryStreamExt};
use model::Cidr;
use netns::Namespace;
use nix::errno::Errno;
use rtnetlink::packet_route::address::{AddressAttribute, AddressFlags};
use rtnetlink::packet_route::link::LinkMessage;
use rtnetlink::packet_route::link::{InfoData, InfoVeth, LinkAttribute, LinkFlags};
use rtnetlink::{Handle, LinkMessageBuilder, LinkUnspec, LinkVeth};
use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::{AsFd, AsRawFd};
use std::path::Path;
use std::sync::Arc;

/// The loopback interface's index in every namespace.
const LOOPBACK: u32 = 1;

/// A hardware address.
pub(crate) type Mac = [u8; 6];

/// A namespace, opened for work.
pub(crate) struct Space {
    namespace: Arc<Namespace>,
    netlink: Handle,
    /// Held by who goes through a list.
    lists: tokio::sync::Mutex<()>,
    driver: tokio::task::AbortHandle,
}

/// One end of a pair of virtual Ethernet interfaces.
pub(crate) struct End<'a> {
    /// Where it is.
    pub(crate) space: &'a Space,
    /// What it is called.
    pub(crate) name: &'a str,
    /// `None` lets the kernel choose one.
    pub(crate) mac: Option<Mac>,
}

impl Space {
    /// The namespace at `path`, which is made if there is none. True if it was.
    pub(crate) fn ensure(path: &Path) -> Result<(Self, bool)> {
        let (namespace, new) = Namespace::ensure(path)?;
        Ok((Self::of(Arc::new(namespace))?, new))
    }

    /// The namespace at `path`; `None` if there is none.
    pub(crate) fn open(path: &Path) -> Result<Option<Self>> {
        match Namespace::open(path) {
            Ok(namespace) => Self::of(Arc::new(namespace)).map(Some),
            Err(netns::Error::Missing(_)) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a netlink socket in the namespace.
    pub(crate) fn of(namespace: Arc<Namespace>) -> Result<Self> {
        let runtime = tokio::runtime::Handle::current();
        let opened = namespace.run(|| {
            let _entered = runtime.enter();
            rtnetlink::new_connection()
        })?;
        let (connection, netlink, _) = opened.map_err(|cause| Error::Link { what: "open a netlink socket".into(), cause })?;
        let driver = runtime.spawn(connection).abort_handle();
        Ok(Self { namespace, netlink, lists: tokio::sync::Mutex::default(), driver })
    }

    /// The namespace itself.
    pub(crate) fn namespace(&self) -> &Arc<Namespace> {
        &self.namespace
    }

    /// What the kernel lists when it is asked so. Of one socket it goes through one list at a time, and says EBUSY to who asks for another.
    async fn list<T, S>(&self, what: &str, ask: impl FnOnce() -> S) -> Result<Vec<T>>
    where
        S: TryStream<Ok = T, Error = rtnetlink::Error>,
    {
        let _alone = self.lists.lock().await;
        ask().try_collect().await.map_err(|error| refused(format!("list {what}"), error))
    }

    /// The indices of the interfaces by name.
    pub(crate) async fn links(&self) -> Result<BTreeMap<String, u32>> {
        self.links_that(|_| true).await
    }

    /// The indices of the interfaces that are up, by name. The others have no routes and take none.
    pub(crate) async fn links_up(&self) -> Result<BTreeMap<String, u32>> {
        self.links_that(|link| link.header.flags.contains(LinkFlags::Up)).await
    }

    async fn links_that(&self, holds: fn(&LinkMessage) -> bool) -> Result<BTreeMap<String, u32>> {
        let found = self.list("interfaces", || self.netlink.link().get().execute()).await?;
        let name = |attributes: &[LinkAttribute]| {
            attributes.iter().find_map(|attribute| match attribute {
                LinkAttribute::IfName(name) => Some(name.clone()),
                _ => None,
            })
        };
        Ok(found
            .iter()
            .filter(|link| holds(link))
            .filter_map(|link| Some((name(&link.attributes)?, link.header.index)))
            .collect())
    }

    /// The index of an interface.
    pub(crate) async fn link(&self, name: &str) -> Result<Option<u32>> {
        Ok(self.find(name).await?.map(|link| link.header.index))
    }

    /// The index of an interface, the index that its other end has in its own namespace, and its hardware address.
    pub(crate) async fn ends(&self, name: &str) -> Result<Option<(u32, Option<u32>, Vec<u8>)>> {
        let Some(link) = self.find(name).await? else { return Ok(None) };
        let (mut other, mut mac) = (None, vec![]);
        for attribute in link.attributes {
            match attribute {
                LinkAttribute::Link(index) => other = Some(index),
                LinkAttribute::Address(address) => mac = address,
                _ => {}
            }
        }
        Ok(Some((link.header.index, other, mac)))
    }

    /// An interface. (Only this one is asked for: a router may have thousands.)
    async fn find(&self, name: &str) -> Result<Option<LinkMessage>> {
        let found: std::result::Result<Vec<_>, _> = self.netlink.link().get().match_name(name).execute().try_collect().await;
        match found {
            Ok(links) => Ok(links.into_iter().next()),
            Err(rtnetlink::Error::NetlinkError(error)) if error.raw_code() == -(Errno::ENODEV as i32) => Ok(None),
            Err(error) => Err(refused(format!("find the interface {name}"), error)),
        }
    }

    /// The index of an interface that has to be there.
    pub(crate) async fn need(&self, name: &str) -> Result<u32> {
        self.link(name).await?.ok_or_else(|| Error::Refused(format!("the interface {name} has gone")))
    }

    /// Whether an interface is there and up.
    pub(crate) async fn is_up(&self, name: &str) -> Result<bool> {
        Ok(self.find(name).await?.is_some_and(|link| link.header.flags.contains(LinkFlags::Up)))
    }

    /// Brings an interface up.
    pub(crate) async fn up(&self, index: u32) -> Result<()> {
        let wish = LinkUnspec::new_with_index(index).up().build();
        self.netlink.link().set(wish).execute().await.map_err(|error| refused("bring an interface up", error))
    }

    /// Gives an interface a hardware address.
    pub(crate) async fn set_mac(&self, index: u32, mac: Mac) -> Result<()> {
        let wish = LinkUnspec::new_with_index(index).address(mac.to_vec()).build();
        self.netlink.link().set(wish).execute().await.map_err(|error| refused("give an interface its hardware address", error))
    }

    /// Brings the loopback interface up and answers its index.
    pub(crate) async fn loopback(&self) -> Result<u32> {
        self.up(LOOPBACK).await?;
        Ok(LOOPBACK)
    }

    /// What was last noted on the loopback interface (its alias, which nothing but us cares about).
    pub(crate) async fn note(&self) -> Result<Option<String>> {
        let found = self.netlink.link().get().match_index(LOOPBACK).execute();
        let found: Vec<_> = found.try_collect().await.map_err(|error| refused("read the loopback interface", error))?;
        let mut attributes = found.into_iter().flat_map(|link| link.attributes);
        Ok(attributes.find_map(|attribute| match attribute {
            LinkAttribute::IfAlias(note) => Some(note),
            _ => None,
        }))
    }

    /// Notes something on the loopback interface, where it lives as long as the namespace does.
    pub(crate) async fn set_note(&self, note: &str) -> Result<()> {
        let wish = LinkUnspec::new_with_index(LOOPBACK).alias(note).build();
        self.netlink.link().set(wish).execute().await.map_err(|error| refused("note on the loopback interface", error))
    }

    /// Deletes an interface, and its other end with it.
    pub(crate) async fn delete_link(&self, name: &str) -> Result<()> {
        let Some(index) = self.link(name).await? else { return Ok(()) };
        let deleted = self.netlink.link().del(index).execute().await;
        unless(deleted, Errno::ENODEV).map_err(|error| refused(format!("delete the interface {name}"), error))
    }

    /// The IPv4 addresses of an interface.
    pub(crate) async fn addresses(&self, index: u32) -> Result<Vec<Cidr>> {
        let found = self.list("addresses", || self.netlink.address().get().set_link_index_filter(index).execute()).await?;
        let local = |attribute: &AddressAttribute| match attribute {
            AddressAttribute::Local(IpAddr::V4(address)) => Some(*address),
            _ => None,
        };
        let pairs = found.iter().filter_map(|it| Some((it.attributes.iter().find_map(local)?, it.header.prefix_len)));
        Ok(pairs.map(|(address, prefix)| Cidr { address, prefix }).collect())
    }

    /// Gives an interface exactly these addresses; loopback's own one, 127.0.0.1, is left alone.
    pub(crate) async fn set_addresses(&self, index: u32, wanted: &[Cidr]) -> Result<()> {
        self.set(index, wanted, AddressFlags::empty()).await
    }

    /// Gives an interface exactly these addresses, with the mask of their network but without the route that comes with it: the network's
    /// other addresses are not on the link.
    pub(crate) async fn set_detached_addresses(&self, index: u32, wanted: &[Cidr]) -> Result<()> {
        self.set(index, wanted, AddressFlags::Noprefixroute).await
    }

    /// Gives a new interface such an address. (To find out what it has, the addresses of all interfaces would be gone through.)
    pub(crate) async fn add_detached_address(&self, index: u32, address: Cidr) -> Result<()> {
        self.add_address(index, address, AddressFlags::Noprefixroute).await
    }

    async fn set(&self, index: u32, wanted: &[Cidr], flags: AddressFlags) -> Result<()> {
        let present = self.addresses(index).await?;
        for address in present.iter().filter(|it| !wanted.contains(it) && !it.address.is_loopback()) {
            self.delete_address(index, *address).await?;
        }
        for address in wanted.iter().filter(|it| !present.contains(it)) {
            self.add_address(index, *address, flags).await?;
        }
        Ok(())
    }

    async fn add_address(&self, index: u32, address: Cidr, flags: AddressFlags) -> Result<()> {
        let mut wish = self.netlink.address().add(index, address.address.into(), address.prefix);
        wish.message_mut().attributes.push(AddressAttribute::Flags(flags));
        unless(wish.execute().await, Errno::EEXIST).map_err(|error| refused(format!("add the address {address}"), error))
    }

    async fn delete_address(&self, index: u32, address: Cidr) -> Result<()> {
        let message =
            rtnetlink::AddressMessageBuilder::<Ipv4Addr>::new().index(index).address(address.address, address.prefix).build();
        let deleted = self.netlink.address().del(message).execute().await;
        unless(deleted, Errno::EADDRNOTAVAIL).map_err(|error| refused(format!("delete the address {address}"), error))
    }

    /// Tells an interface the hardware address of a neighbour for good, so that nobody has to be asked.
    pub(crate) async fn set_neighbour(&self, index: u32, address: IpAddr, mac: Mac) -> Result<()> {
        let wish = self.netlink.neighbours().add(index, address).link_layer_address(&mac).replace();
        wish.execute().await.map_err(|error| refused(format!("set the neighbour {address}"), error))
    }
}

impl Drop for Space {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Makes a pair of virtual Ethernet interfaces with an end in each namespace, both up, and answers the index of the near end.
///
/// The far end is made where it belongs and with its final name, so that pairs can be made at the same time. (The kernel refuses
/// to make it and bring it up in one go.)
pub(crate) async fn pair(near: End<'_>, far: End<'_>) -> Result<u32> {
    let peer = named::<LinkUnspec>(far.name, far.mac).setns_by_fd(far.space.namespace.as_fd().as_raw_fd()).build();
    let wish = match near.mac {
        Some(mac) => LinkMessageBuilder::<LinkVeth>::new(near.name, far.name).address(mac.to_vec()),
        None => LinkMessageBuilder::<LinkVeth>::new(near.name, far.name),
    };
    let wish = wish.set_info_data(InfoData::Veth(InfoVeth::Peer(peer))).up().build();
    let made = near.space.netlink.link().add(wish).execute().await;
    made.map_err(|error| refused(format!("make the interfaces {} and {}", near.name, far.name), error))?;
    far.space.up(far.space.need(far.name).await?).await?;
    near.space.need(near.name).await
}

fn named<T: Default>(name: &str, mac: Option<Mac>) -> LinkMessageBuilder<T> {
    let link = LinkMessageBuilder::<T>::default().name(name);
    match mac {
        Some(mac) => link.address(mac.to_vec()),
        None => link,
    }
}

/// The result, with one kind of refusal counted as success.
fn unless(result: std::result::Result<(), rtnetlink::Error>, harmless: Errno) -> std::result::Result<(), rtnetlink::Error> {
    match result {
        Err(rtnetlink::Error::NetlinkError(error)) if error.raw_code() == -(harmless as i32) => Ok(()),
        result => result,
    }
}

fn refused(what: impl Into<String>, error: rtnetlink::Error) -> Error {
    Error::Link { what: what.into(), cause: cause(error) }
}

fn cause(error: rtnetlink::Error) -> io::Error {
    match error {
        rtnetlink::Error::NetlinkError(error) => error.to_io(),
        other => io::Error::other(other),
    }
}

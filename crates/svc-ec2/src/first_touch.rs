//! What an account finds in a region before its first call: the default network.

use super::records::key;
use front::Cx;
use logic::vpc::{DefaultNetwork, default_network};
use model::ec2::{DhcpOptions, InternetGateway, NetworkAcl, RouteTable, SecurityGroup, Subnet, Vpc};
use spine::{Read, Tx};
use wire::Fault;

/// Creates the default network, unless it is there. Its ids are a function of account and region.
pub fn first_touch(cx: &Cx, tx: &mut Tx) -> Result<(), Fault> {
    let network = default_network(&cx.account, &cx.region);
    if tx.exists(&key::<Vpc>(cx, &network.vpc.0))? {
        return Ok(());
    }
    lay_down(cx, tx, network)
}

/// Writes the records of a default network. The DHCP options may be there already.
pub fn lay_down(cx: &Cx, tx: &mut Tx, network: DefaultNetwork) -> Result<(), Fault> {
    tx.create(&key::<Vpc>(cx, network.vpc.0), &network.vpc.1)?;
    for (id, subnet) in network.subnets {
        tx.create(&key::<Subnet>(cx, id), &subnet)?;
    }
    tx.create(&key::<SecurityGroup>(cx, network.group.0), &network.group.1)?;
    tx.create(&key::<RouteTable>(cx, network.route_table.0), &network.route_table.1)?;
    tx.create(&key::<NetworkAcl>(cx, network.acl.0), &network.acl.1)?;
    tx.create(&key::<InternetGateway>(cx, network.gateway.0), &network.gateway.1)?;
    let options = key::<DhcpOptions>(cx, network.dhcp_options.0);
    if tx.exists(&options)? {
        return Ok(());
    }
    Ok(tx.create(&options, &network.dhcp_options.1)?)
}

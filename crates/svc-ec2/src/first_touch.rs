//! What an account finds in a region before its first call: the default network.

use super::records::key;
use front::Cx;
use logic::vpc::default_network;
use model::ec2::{InternetGateway, RouteTable, SecurityGroup, Subnet, Vpc};
use spine::{Read, Tx};
use wire::Fault;

/// Creates the default network, unless it is there. Its ids are a function of account and region.
pub fn first_touch(cx: &Cx, tx: &mut Tx) -> Result<(), Fault> {
    let network = default_network(&cx.account, &cx.region);
    let vpc = key::<Vpc>(cx, network.vpc.0);
    if tx.exists(&vpc)? {
        return Ok(());
    }
    tx.create(&vpc, &network.vpc.1)?;
    for (id, subnet) in network.subnets {
        tx.create(&key::<Subnet>(cx, id), &subnet)?;
    }
    tx.create(&key::<SecurityGroup>(cx, network.group.0), &network.group.1)?;
    tx.create(&key::<RouteTable>(cx, network.route_table.0), &network.route_table.1)?;
    Ok(tx.create(&key::<InternetGateway>(cx, network.gateway.0), &network.gateway.1)?)
}

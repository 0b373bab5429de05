//! Which route table a subnet has, and whether it leads to the internet.

use model::{
    Cidr,
    ec2::{Destination, InternetGatewaySpec, RouteTableSpec, RouteTarget, SubnetSpec},
};

/// The VPC's main route table.
pub fn main_table<'a>(vpc: &str, tables: impl IntoIterator<Item = &'a RouteTableSpec>) -> Option<&'a RouteTableSpec> {
    tables.into_iter().find(|table| table.vpc == vpc && table.main_association.is_some())
}

/// The subnet's route table: the one associated with it, else its VPC's main one.
pub fn table_of<'a, I>(subnet_id: &str, subnet: &SubnetSpec, tables: I) -> Option<&'a RouteTableSpec>
where
    I: IntoIterator<Item = &'a RouteTableSpec> + Clone,
{
    let own = |table: &&RouteTableSpec| table.associations.iter().any(|(id, _)| id == subnet_id);
    tables.clone().into_iter().find(own).or_else(|| main_table(&subnet.vpc, tables))
}

/// Whether the table's default route ends at an internet gateway that is attached to its VPC.
pub fn reaches_internet<'a>(
    table: &RouteTableSpec,
    gateways: impl IntoIterator<Item = (&'a str, &'a InternetGatewaySpec)>,
) -> bool {
    let default = table.routes.iter().find(|route| route.destination == Destination::Ipv4(Cidr::ANY));
    let Some(RouteTarget::InternetGateway(wanted)) = default.map(|route| &route.target) else { return false };
    gateways.into_iter().any(|(id, gateway)| id == wanted && gateway.vpc.as_deref() == Some(table.vpc.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vpc::default_network;
    use model::{AccountId, Region};

    #[test]
    fn the_default_subnets_reach_the_internet_until_their_gateway_is_detached() {
        let account = AccountId::parse(AccountId::DEFAULT).unwrap();
        let mut network = default_network(&account, &Region::parse("eu-west-1").unwrap());
        let (id, subnet) = &network.subnets[0];
        let table = table_of(id, subnet, [&network.route_table.1]).unwrap();
        assert!(reaches_internet(table, [(network.gateway.0.as_str(), &network.gateway.1)]));
        network.gateway.1.vpc = None;
        assert!(!reaches_internet(table, [(network.gateway.0.as_str(), &network.gateway.1)]));
    }

    #[test]
    fn a_subnets_own_table_goes_before_the_main_one() {
        let account = AccountId::parse(AccountId::DEFAULT).unwrap();
        let network = default_network(&account, &Region::parse("eu-west-1").unwrap());
        let (id, subnet) = &network.subnets[0];
        let main = network.route_table.1.clone();
        let own = RouteTableSpec {
            routes: Vec::new(),
            main_association: None,
            associations: vec![(id.clone(), "rtbassoc-1".into())],
            ..main.clone()
        };
        assert_eq!(table_of(id, subnet, [&main, &own]), Some(&own));
        assert_eq!(table_of("subnet-other", subnet, [&main, &own]), Some(&main));
    }
}

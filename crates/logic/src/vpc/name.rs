//! The names of addresses inside a VPC (EC2 user guide, "EC2 instance hostnames and domains").

use model::{Region, ec2::PrivateDnsOptions};
use std::net::Ipv4Addr;

/// The domain of private names in a region.
pub fn internal_domain(region: &Region) -> String {
    match region.as_str() {
        "us-east-1" => "ec2.internal".into(),
        region => format!("{region}.compute.internal"),
    }
}

/// The name of a private address: `ip-172-31-1-2.eu-west-1.compute.internal`, `ip-172-31-1-2.ec2.internal` in us-east-1.
pub fn private_dns_name(address: Ipv4Addr, region: &Region) -> String {
    let [a, b, c, d] = address.octets();
    format!("ip-{a}-{b}-{c}-{d}.{}", internal_domain(region))
}

/// The name of an instance by its id: `i-0123456789abcdef0.ec2.internal`.
pub fn resource_dns_name(instance: &str, region: &Region) -> String {
    format!("{instance}.{}", internal_domain(region))
}

/// What an instance is called inside its VPC: by its id where its options say so, else by the address of its primary interface.
pub fn instance_dns_name(options: &PrivateDnsOptions, instance: &str, primary: Ipv4Addr, region: &Region) -> String {
    match options.resource_name {
        true => resource_dns_name(instance, region),
        false => private_dns_name(primary, region),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_differ_in_the_oldest_region() {
        let address = Ipv4Addr::new(172, 31, 1, 2);
        let name = |region| private_dns_name(address, &Region::parse(region).unwrap());
        assert_eq!(name("eu-west-1"), "ip-172-31-1-2.eu-west-1.compute.internal");
        assert_eq!(name("us-east-1"), "ip-172-31-1-2.ec2.internal");
    }

    #[test]
    fn an_instance_is_called_by_its_address_or_by_its_id() {
        let (address, region) = (Ipv4Addr::new(172, 31, 1, 2), Region::parse("eu-west-1").unwrap());
        let name = |resource_name| {
            let options = PrivateDnsOptions { resource_name, ..PrivateDnsOptions::default() };
            instance_dns_name(&options, "i-1", address, &region)
        };
        assert_eq!(name(false), "ip-172-31-1-2.eu-west-1.compute.internal");
        assert_eq!(name(true), "i-1.eu-west-1.compute.internal");
    }
}

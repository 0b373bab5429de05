//! The names of addresses inside a VPC (EC2 user guide, "EC2 instance hostnames and domains").

use model::Region;
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
}

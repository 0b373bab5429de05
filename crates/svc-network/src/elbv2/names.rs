//! The names of load balancers in the DNS. Pure.

use logic::vpc::fingerprint;
use model::Region;

/// The domain of all balancers' names. Browsers and `curl` resolve what is under `localhost` to the loopback address by themselves
/// (RFC 6761, section 6.3).
const DOMAIN: &str = "elb.localhost";

/// A balancer's DNS name; `digits` makes it unique.
pub fn dns_name(name: &str, digits: &str, region: &Region, internet_facing: bool) -> String {
    let prefix = if internet_facing { "" } else { "internal-" };
    format!("{prefix}{}-{digits}.{region}.{DOMAIN}", name.to_ascii_lowercase())
}

/// The Route 53 hosted zone of a region's balancers (AWS General Reference, "Elastic Load Balancing endpoints"). Regions that AWS has
/// no zone for get an id of the same form.
pub fn hosted_zone(region: &Region) -> String {
    let known = match region.as_str() {
        "af-south-1" => "Z268VQBMOI5EKX",
        "ap-east-1" => "Z3DQVH9N71FHZ0",
        "ap-northeast-1" => "Z14GRHDCWA56QT",
        "ap-northeast-2" => "ZWKZPGTI48KDX",
        "ap-northeast-3" => "Z5LXEXXYW11ES",
        "ap-south-1" => "ZP97RAFLXTNZK",
        "ap-southeast-1" => "Z1LMS91P8CMLE5",
        "ap-southeast-2" => "Z1GM3OXH4ZPM65",
        "ca-central-1" => "ZQSVJUPU6J1EY",
        "eu-central-1" => "Z215JYRZR1TBD5",
        "eu-north-1" => "Z23TAZ6LKFMNIO",
        "eu-south-1" => "Z3ULH7SSC9OV64",
        "eu-west-1" => "Z32O12XQLNTSW2",
        "eu-west-2" => "ZHURV8PSTC4K8",
        "eu-west-3" => "Z3Q77PNBQS71R4",
        "me-south-1" => "ZS929ML54UICD",
        "sa-east-1" => "Z2P70J7HTTTPLU",
        "us-east-1" => "Z35SXDOTRQ7X7K",
        "us-east-2" => "Z3AADJGX6KTTL2",
        "us-west-1" => "Z368ELLRRE2KJ0",
        "us-west-2" => "Z1H1FL5HABSF5",
        other => return format!("Z{}", fingerprint(other, 13).to_ascii_uppercase()),
    };
    known.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_whether_they_are_internal() {
        let region = Region::parse("eu-west-1").unwrap();
        assert_eq!(dns_name("Web", "1234567890", &region, true), "web-1234567890.eu-west-1.elb.localhost");
        assert_eq!(dns_name("web", "1", &region, false), "internal-web-1.eu-west-1.elb.localhost");
    }

    #[test]
    fn every_region_has_a_zone() {
        let zone = |region| hosted_zone(&Region::parse(region).unwrap());
        assert_eq!(zone("us-east-1"), "Z35SXDOTRQ7X7K");
        assert_eq!(zone("mars-north-1").len(), 14);
    }
}

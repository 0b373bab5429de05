//! DHCP options.

use crate::{Record, ec2::Tags};
use serde::{Deserialize, Serialize};

records! {
    /// What machines of a VPC are told about their network, under `dopt-…`. Written by EC2's handlers and by `first_touch`.
    DhcpOptions(DhcpOptionsSpec) = "ec2/dhcp-options";
}

/// What [`DhcpOptions`] are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DhcpOptionsSpec {
    /// The options' names and values, in the order in which they were given: `domain-name-servers`, `domain-name`, `ntp-servers`, ….
    pub options: Vec<(String, Vec<String>)>,
    /// Their tags.
    pub tags: Tags,
}

impl DhcpOptionsSpec {
    /// The values of an option.
    pub fn get(&self, name: &str) -> Option<&[String]> {
        self.options.iter().find(|(it, _)| it == name).map(|(_, values)| values.as_slice())
    }
}

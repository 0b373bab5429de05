//! Who the machine is, as the metadata service tells it.

use super::imds::Imds;
use std::{io, net::Ipv4Addr};

/// What a boot needs to know.
#[derive(Clone, Debug, Default)]
pub struct Identity {
    /// `i-…`.
    pub instance_id: String,
    /// The private DNS name.
    pub host: Option<String>,
    /// The primary private address.
    pub address: Option<Ipv4Addr>,
    /// The VPC's primary range.
    pub range: Option<String>,
    /// Public keys of the key pair, lines of `authorized_keys`.
    pub keys: Vec<String>,
    /// As they were given.
    pub user_data: Vec<u8>,
}

impl Identity {
    /// Asks for everything; an error if the service isn't there or doesn't know the machine.
    pub fn ask() -> io::Result<Self> {
        let imds = Imds::connect()?;
        let instance_id = imds.text("meta-data/instance-id")?.filter(|id| is_plain(id));
        let instance_id = instance_id.ok_or_else(|| io::Error::other("the metadata service names no instance"))?;
        Ok(Identity {
            instance_id,
            host: imds.text("meta-data/local-hostname")?,
            address: imds.text("meta-data/local-ipv4")?.and_then(|text| text.parse().ok()),
            range: range(&imds)?,
            keys: keys(&imds)?,
            user_data: imds.get("user-data")?.unwrap_or_default(),
        })
    }
}

/// An id becomes a folder's name.
fn is_plain(id: &str) -> bool {
    id.len() <= 64 && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// A list of `<index>=<name>`, each with the key in OpenSSH's words below it.
fn keys(imds: &Imds) -> io::Result<Vec<String>> {
    let list = imds.text("meta-data/public-keys/")?.unwrap_or_default();
    let mut keys = Vec::new();
    for index in list.lines().filter_map(|line| line.split('=').next()) {
        keys.extend(imds.text(&format!("meta-data/public-keys/{index}/openssh-key"))?);
    }
    Ok(keys.iter().flat_map(|text| text.lines()).map(str::to_owned).collect())
}

fn range(imds: &Imds) -> io::Result<Option<String>> {
    let Some(mac) = imds.text("meta-data/mac")? else { return Ok(None) };
    imds.text(&format!("meta-data/network/interfaces/macs/{mac}/vpc-ipv4-cidr-block"))
}

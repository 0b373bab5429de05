//! What things are called: namespaces by path, network interfaces by names of at most 15 characters.

use std::path::{Path, PathBuf};

/// The only network interface that containers have beside `lo`, and the first one of machines.
pub(crate) const INNER: &str = "eth0";
/// The internet's end of the link to the host.
pub(crate) const HOST_LINK: &str = "host0";
/// The internet's link beyond the host, which `pasta` makes.
pub(crate) const EGRESS_LINK: &str = "egress0";

/// The folder of a host's namespaces, and what is in it.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    folder: PathBuf,
}

impl Places {
    /// The namespaces under this runtime folder.
    pub(crate) fn under(runtime: &Path) -> Self {
        Self { folder: runtime.join("netns") }
    }

    /// A VPC's router.
    pub(crate) fn vpc(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    /// An instance.
    pub(crate) fn instance(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    /// A NAT gateway, `nat-…`.
    pub(crate) fn nat_gateway(&self, id: &str) -> PathBuf {
        self.folder.join(id)
    }

    /// What all containers of a workload share.
    pub(crate) fn workload(&self, id: &str) -> PathBuf {
        self.folder.join(format!("w-{id}"))
    }

    /// What one container has for itself, by its place in the workload.
    pub(crate) fn container(&self, workload: &str, place: usize) -> PathBuf {
        self.folder.join(format!("w-{workload}.{place}"))
    }

    /// Where the VPCs meet the internet.
    pub(crate) fn internet(&self) -> PathBuf {
        self.folder.join("inet")
    }

    /// What function environments are linked to.
    pub(crate) fn functions(&self) -> PathBuf {
        self.folder.join("functions")
    }

    /// The folder itself.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The names in the folder that begin with `prefix`, in order.
    pub(crate) fn list(&self, prefix: &str) -> Vec<String> {
        let entries = std::fs::read_dir(&self.folder).into_iter().flatten().flatten();
        let mut names: Vec<_> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| name.starts_with(prefix)).collect();
        names.sort();
        names
    }

    /// The namespaces of one workload: its shared one and those of its containers.
    pub(crate) fn of_workload(&self, id: &str) -> Vec<String> {
        self.list("w-").into_iter().filter(|name| workload_of(name) == Some(id)).collect()
    }
}

/// The workload whose namespace has this name.
pub(crate) fn workload_of(name: &str) -> Option<&str> {
    let id = name.strip_prefix("w-")?;
    Some(id.split_once('.').map_or(id, |(id, _)| id))
}

/// The router's end of an elastic network interface.
pub(crate) fn port(interface: &str) -> String {
    format!("h{}", short(interface))
}

/// The instance's end of the interface of a container in `bridge` mode, whose namespace has this name.
pub(crate) fn bridge_port(namespace: &str) -> String {
    format!("b{}", short(namespace))
}

/// The internet's end of the link to a VPC's router.
pub(crate) fn internet_port(vpc: &str) -> String {
    format!("v{}", short(vpc))
}

/// Either end of the link between the routers of two peered VPCs.
pub(crate) fn peering(id: &str) -> String {
    format!("p{}", short(id))
}

/// The host's end of the link to the internet.
pub(crate) fn host_end(tag: &str) -> String {
    format!("hf-{}", &tag[..tag.len().min(8)])
}

/// 48 bits of the FNV-1a hash, in hex: what of an id fits into an interface's name. (Two of a million ids meet with a
/// probability of 0.2 %.)
fn short(id: &str) -> String {
    format!("{:012x}", fingerprint(id) & 0xffff_ffff_ffff)
}

/// The 64-bit FNV-1a hash: stable over versions and machines, which the standard library's is not.
pub(crate) fn fingerprint(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interface_names_fit() {
        for name in [
            port("eni-0123456789abcdef0"),
            bridge_port("w-x.0"),
            internet_port("vpc-1"),
            peering("pcx-1"),
            host_end("0123456789"),
        ] {
            assert!(name.len() <= 15 && name.is_ascii(), "{name}");
        }
        assert_eq!(port("eni-1"), port("eni-1"));
        assert_ne!(port("eni-1"), port("eni-2"));
    }

    #[test]
    fn a_name_tells_its_workload() {
        assert_eq!(workload_of("w-task-1"), Some("task-1"));
        assert_eq!(workload_of("w-task-1.2"), Some("task-1"));
        assert_eq!(workload_of("vpc-1"), None);
    }
}

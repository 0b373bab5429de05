//! What the machine is called, and how it finds others by name.

use super::{cloud_config::CloudConfig, identity::Identity};
use nix::unistd::{gethostname, sethostname};
use std::{fs, io, net::Ipv4Addr};

const HOSTNAME: &str = "/etc/hostname";
const HOSTS: &str = "/etc/hosts";
const RESOLVER: &str = "/etc/resolv.conf";

/// The name that the disk holds, or else the kernel.
pub fn on_disk() -> String {
    let written = fs::read_to_string(HOSTNAME).unwrap_or_default().trim().to_owned();
    match written.is_empty() {
        false => written,
        true => gethostname().map_or("localhost".into(), |name| name.to_string_lossy().into_owned()),
    }
}

/// The full name: the user's, or the metadata's.
pub fn name_of(config: &CloudConfig, identity: &Identity) -> String {
    let wished = config.hostname.clone().filter(|name| is_name(name));
    wished.or_else(|| identity.host.clone().filter(|name| is_name(name))).unwrap_or_else(on_disk)
}

/// Gives the machine a name, in the kernel and on the disk, and makes it resolve to its own address.
pub fn set(full: &str, identity: &Identity) -> io::Result<()> {
    replace(HOSTNAME, &format!("{full}\n"))?;
    let hosts = fs::read_to_string(HOSTS).unwrap_or_default();
    replace(HOSTS, &with_name(&hosts, full, identity.address.unwrap_or(Ipv4Addr::LOCALHOST)))?;
    set_kernel_name(full)
}

/// In the kernel alone.
pub fn set_kernel_name(full: &str) -> io::Result<()> {
    match gethostname().is_ok_and(|now| now == full) {
        true => Ok(()),
        false => Ok(sethostname(full)?),
    }
}

/// Names the VPC's resolver, the second address of its range, unless somebody has named one already.
pub fn resolver(identity: &Identity) -> io::Result<()> {
    let there = fs::read_to_string(RESOLVER).unwrap_or_default();
    if there.lines().any(|line| line.trim_start().starts_with("nameserver")) {
        return Ok(());
    }
    let Some(address) = identity.range.as_deref().and_then(second_address) else { return Ok(()) };
    let search = identity.host.as_deref().and_then(|host| host.split_once('.')).map(|(_, domain)| format!("search {domain}\n"));
    replace(RESOLVER, &format!("{}nameserver {address}\n", search.unwrap_or_default()))
}

/// What the console shows where other machines have their login prompt.
pub fn banner(host: &str, user: &str) -> String {
    let release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    let system = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or("Linux").trim_matches('"');
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{system}, kernel {}\n{host} takes SSH with the key pair's private key, as {user}", kernel.trim())
}

/// Writes a file if it is to be another one than it is.
fn replace(path: &str, text: &str) -> io::Result<()> {
    match fs::read_to_string(path).is_ok_and(|there| there == text) {
        true => Ok(()),
        false => fs::write(path, text),
    }
}

/// The line that this program wrote the last time ends so.
const OURS: &str = "# this machine";

/// A `hosts` file with one line for the machine itself.
fn with_name(hosts: &str, full: &str, address: Ipv4Addr) -> String {
    let mut text: String = hosts.lines().filter(|line| !line.ends_with(OURS)).map(|line| format!("{line}\n")).collect();
    if !text.contains("localhost") {
        text.push_str("127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n");
    }
    let short = full.split('.').next().unwrap_or(full);
    let names = if short == full { full.to_owned() } else { format!("{full} {short}") };
    text + &format!("{address} {names} {OURS}\n")
}

/// A host name (RFC 1123): it goes into files of lines.
fn is_name(name: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    name.len() <= 64 && name.split('.').all(label)
}

fn second_address(range: &str) -> Option<Ipv4Addr> {
    let base: Ipv4Addr = range.split('/').next()?.parse().ok()?;
    Some(Ipv4Addr::from(u32::from(base).checked_add(2)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_finds_itself() {
        let address = Ipv4Addr::new(10, 0, 0, 7);
        let once = with_name("", "ip-10-0-0-7.ec2.internal", address);
        assert!(once.starts_with("127.0.0.1 localhost\n"));
        assert!(once.ends_with("10.0.0.7 ip-10-0-0-7.ec2.internal ip-10-0-0-7 # this machine\n"));
        let renamed = with_name(&once, "web", address);
        assert!(renamed.ends_with("10.0.0.7 web # this machine\n") && renamed.lines().count() == 3, "{renamed}");
    }

    #[test]
    fn the_users_name_goes_before_the_metadatas() {
        let identity = Identity { host: Some("ip-10-0-0-7.ec2.internal".into()), ..Default::default() };
        assert_eq!(name_of(&CloudConfig::default(), &identity), "ip-10-0-0-7.ec2.internal");
        let named = |name: &str| CloudConfig { hostname: Some(name.into()), ..Default::default() };
        assert_eq!(name_of(&named("web"), &identity), "web");
        assert_eq!(name_of(&named("a\nb"), &identity), "ip-10-0-0-7.ec2.internal");
    }

    #[test]
    fn the_resolver_is_the_second_address() {
        assert_eq!(second_address("172.31.0.0/16"), Some(Ipv4Addr::new(172, 31, 0, 2)));
        assert_eq!(second_address("x"), None);
    }
}

//! What tells a machine's resolver where its name servers are: what DHCP would have said.

use super::super::job::Job;
use std::{fs, io, io::Write, os::unix::fs::OpenOptionsExt};

/// Writes it for those who read `/etc/resolv.conf` and for systemd-resolved. Called in the machine, as its root: no link leads anywhere else.
///
/// A machine whose own `/etc/resolv.conf` is a link has somebody who writes it.
pub fn write(job: &Job) -> io::Result<()> {
    if job.name_servers.is_empty() {
        return Ok(());
    }
    fs::create_dir_all("/run/systemd/resolved.conf.d")?;
    fs::write("/run/systemd/resolved.conf.d/hillfog.conf", resolved_file(job))?;
    let is_file = fs::symlink_metadata("/etc/resolv.conf").map_or(true, |found| found.is_file());
    if !is_file || fs::read("/etc/resolv.conf").is_ok_and(|content| content == resolver_file(job).as_bytes()) {
        return Ok(());
    }
    let file =
        fs::File::options().write(true).create(true).truncate(true).custom_flags(libc::O_NOFOLLOW).open("/etc/resolv.conf");
    // A root without `/etc` needs none.
    let _ = file.and_then(|mut file| file.write_all(resolver_file(job).as_bytes()));
    Ok(())
}

fn resolver_file(job: &Job) -> String {
    let servers: String = job.name_servers.iter().map(|server| format!("nameserver {server}\n")).collect();
    match job.search.is_empty() {
        true => servers,
        false => format!("search {}\n{servers}", job.search.join(" ")),
    }
}

fn resolved_file(job: &Job) -> String {
    let servers: Vec<String> = job.name_servers.iter().map(ToString::to_string).collect();
    format!("[Resolve]\nDNS={}\nDomains={}\n", servers.join(" "), job.search.join(" "))
}

//! The way beyond the host: `pasta`, a network stack in user space, which needs no change of the host's firewall or routes.
//!
//! It opens ordinary sockets on the host for what comes out of the namespace. It is a process of its own that goes on when the server
//! is killed, and is found again by its pid file and its command line. It is told not to map its gateway to the host's loopback
//! address, so that workloads do not reach what listens there.

use super::error::{Error, Result};
use super::names::EGRESS_LINK;
use super::tool::PASTA;
use crate::process::{PidFd, ProcessId};
use netns::Namespace;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

/// The namespace's own address towards pasta, its prefix, and the address that pasta answers for.
const ADDRESSES: [&str; 3] = ["198.19.255.249", "30", "198.19.255.250"];

/// The helper process of one namespace.
pub(crate) struct Pasta {
    /// The namespace that it serves.
    pub(crate) namespace: PathBuf,
    /// Where it writes its process id.
    pub(crate) pid_file: PathBuf,
    /// At this address it passes questions for names on to the host's own resolver.
    pub(crate) name_server: Option<Ipv4Addr>,
}

impl Pasta {
    /// Starts it, unless it runs. Its sockets are opened in `host`.
    pub(crate) async fn ensure(&self, host: &Arc<Namespace>) -> Result<()> {
        if self.running().is_some() {
            return Ok(());
        }
        fs::remove_file(&self.pid_file).ok();
        PASTA.must(host, self.arguments(), String::new()).await.map(drop)
    }

    /// Ends it, and waits until it has gone.
    pub(crate) async fn end(&self) -> Result<()> {
        if let Some(process) = self.running() {
            process.kill().await.map_err(not_ended)?;
        }
        fs::remove_file(&self.pid_file).ok();
        Ok(())
    }

    /// Its process, if it is alive and really serves this namespace. (It is opened before it is looked at, so it can't become another.)
    fn running(&self) -> Option<PidFd> {
        let pid = fs::read_to_string(&self.pid_file).ok()?.trim().parse().ok()?;
        let process = ProcessId::of(pid).ok()?.open()?;
        let command = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let namespace = self.namespace.as_os_str().as_encoded_bytes();
        command.split(|byte| *byte == 0).any(|word| word == namespace).then_some(process)
    }

    /// As `nobody`, its default, it could not enter the namespace, which belongs to root.
    fn arguments(&self) -> Vec<String> {
        let [own, prefix, other] = ADDRESSES;
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let files = ["--netns".into(), path(&self.namespace), "--pid".into(), path(&self.pid_file)];
        let dns = self.name_server.map_or_else(|| "--dns none".to_owned(), |address| format!("--dns-forward {address}"));
        let words = format!(
            "--runas 0 --quiet --ipv4-only --config-net --ns-ifname {EGRESS_LINK} --address {own} --netmask {prefix} --gateway {other} \
             --no-map-gw {dns} --no-dhcp --no-dhcpv6 --no-ndp --no-ra --tcp-ports none --udp-ports none --tcp-ns none --udp-ns none"
        );
        words.split_whitespace().map(str::to_owned).chain(files).collect()
    }
}

fn not_ended(cause: io::Error) -> Error {
    Error::Program { program: PASTA.program, output: format!("cannot be ended: {cause}") }
}

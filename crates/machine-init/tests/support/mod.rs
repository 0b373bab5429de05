//! What the tests need around a machine: a network with a metadata service, namespaces to run it in, and OpenSSH's client.

pub mod imds;
pub mod machine;
pub mod people;

use std::{
    process::{Command, Output},
    time::{Duration, Instant},
};

/// Polls for something that takes a while.
pub fn wait_for<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} didn't come");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Runs a tool that has to succeed.
pub fn tool(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output().unwrap_or_else(|error| panic!("{program}: {error}"));
    assert!(output.status.success(), "{program} {args:?}: {}", said(&output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Both streams of a program.
pub fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Whether machines can be run here; says so loudly if not.
pub fn can_run() -> bool {
    let root = nix::unistd::geteuid().is_root();
    let missing: Vec<&str> = ["ssh", "sftp", "scp", "ssh-keygen", "unshare", "nsenter", "ip", "mkfs.ext4", "debugfs"]
        .into_iter()
        .filter(|tool| !Command::new("sh").args(["-c", &format!("command -v {tool}")]).output().unwrap().status.success())
        .collect();
    if !root || !missing.is_empty() {
        eprintln!(
            "SKIPPED: machines are run as root with OpenSSH's client, util-linux, iproute2 and e2fsprogs; missing: {missing:?}"
        );
    }
    root && missing.is_empty()
}

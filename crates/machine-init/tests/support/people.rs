//! People with keys and OpenSSH's client.

use super::{machine::World, said, tool};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

/// A key pair.
pub struct Person {
    key: PathBuf,
}

impl Person {
    /// One with a new key of a type.
    pub fn new(folder: &Path, name: &str, kind: &str) -> Self {
        let key = folder.join(name);
        let file = key.to_string_lossy().into_owned();
        let bits: &[&str] = if kind == "rsa" { &["-b", "2048"] } else { &[] };
        tool("ssh-keygen", &[&["-q", "-t", kind, "-N", "", "-C", name, "-f", &file], bits].concat());
        Person { key }
    }

    /// The public half, a line.
    pub fn public(&self) -> String {
        std::fs::read_to_string(self.key.with_extension("pub")).unwrap()
    }

    /// A program of OpenSSH's, as this person, that knows the machine by `known_hosts` and nothing of the tester's own settings.
    pub fn client(&self, world: &World, program: &str) -> Command {
        let mut command = world.command(program);
        command.args([
            "-F",
            "none",
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "BatchMode=yes",
            "-o",
            "StrictHostKeyChecking=yes",
            "-o",
            "ConnectTimeout=20",
        ]);
        command.arg("-o").arg(format!("UserKnownHostsFile={}", world.path("known_hosts").display())).arg("-i").arg(&self.key);
        command.env_remove("SSH_AUTH_SOCK");
        command
    }

    /// Runs a command in the machine, with an input.
    pub fn run(&self, world: &World, user: &str, options: &[&str], command: &str, input: &[u8]) -> Output {
        let mut ssh = self.client(world, "ssh");
        ssh.args(options).arg(format!("{user}@127.0.0.1")).arg(command);
        let mut child = ssh.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap();
        output
    }

    /// Gives the key to an agent.
    pub fn add_to(&self, agent: &Path) {
        let added = Command::new("ssh-add").arg("-q").arg(&self.key).env("SSH_AUTH_SOCK", agent).output().unwrap();
        assert!(added.status.success(), "{}", said(&added));
    }

    /// Runs a command that may ask an agent; what it printed.
    pub fn agent_lent(&self, world: &World, agent: &Path, command: &str) -> String {
        let mut ssh = self.client(world, "ssh");
        let output = ssh.arg("-A").arg("ec2-user@127.0.0.1").arg(command).env("SSH_AUTH_SOCK", agent).output().unwrap();
        said(&output)
    }

    /// The same for a command that has to succeed; what it printed.
    pub fn ask(&self, world: &World, user: &str, command: &str) -> String {
        let output = self.run(world, user, &[], command, b"");
        assert!(output.status.success(), "{command}: {:?} {}", output.status, said(&output));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }
}

/// Believes in the keys that the console shows, and in no others.
pub fn believe(world: &World, console: &str) {
    let keys = console.rsplit("-----BEGIN SSH HOST KEY KEYS-----").next().unwrap().split("-----END").next().unwrap();
    let lines: String = keys.lines().filter(|line| !line.is_empty()).map(|line| format!("127.0.0.1 {line}\n")).collect();
    assert_eq!(lines.lines().count(), 2, "{console}");
    std::fs::write(world.path("known_hosts"), lines).unwrap();
}

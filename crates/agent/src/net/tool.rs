//! Programs of the host that the network needs.

use super::error::{Error, Result};
use netns::Namespace;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

/// Where administrators' programs are, whether the search path says so or not.
const ALSO: &str = "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin";

/// A program, and the package in which distributions have it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Tool {
    /// Its name.
    pub(crate) program: &'static str,
    /// Its package.
    pub(crate) package: &'static str,
}

/// The packet filter's front end.
pub(crate) const NFT: Tool = Tool { program: "nft", package: "nftables" };
/// A network stack in user space, by which namespaces reach beyond the host without any change to it.
pub(crate) const PASTA: Tool = Tool { program: "pasta", package: "passt" };

impl Tool {
    /// Where it is.
    pub(crate) fn find(self) -> Result<PathBuf> {
        let path = std::env::var("PATH").unwrap_or_default() + ":" + ALSO;
        let found = std::env::split_paths(&path).map(|folder| folder.join(self.program)).find(|file| file.is_file());
        found.ok_or(Error::Absent { program: self.program, package: self.package })
    }

    /// Runs it in the namespace with `input` at its standard input, and answers what became of it.
    pub(crate) async fn run(self, namespace: &Arc<Namespace>, arguments: Vec<String>, input: String) -> Result<Output> {
        let (program, namespace) = (self.find()?, namespace.clone());
        let run = move || namespace.run(|| feed(Command::new(program).args(arguments), input));
        let finished = tokio::task::spawn_blocking(run).await.map_err(|panic| self.failed(panic.to_string()))?;
        finished?.map_err(|cause| self.failed(cause.to_string()))
    }

    /// As [`run`](Self::run), with its failure as an error.
    pub(crate) async fn must(self, namespace: &Arc<Namespace>, arguments: Vec<String>, input: String) -> Result<String> {
        let output = self.run(namespace, arguments, input).await?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(self.failed(said(&output))),
        }
    }

    /// Has it read `text` as commands (`nft -f -`), on the calling thread.
    pub(crate) fn load_now(self, namespace: &Namespace, text: String) -> Result<()> {
        let program = self.find()?;
        let finished = namespace.run(|| feed(Command::new(program).args(["-f", "-"]), text))?;
        let output = finished.map_err(|cause| self.failed(cause.to_string()))?;
        if output.status.success() { Ok(()) } else { Err(self.failed(said(&output))) }
    }

    fn failed(self, output: String) -> Error {
        Error::Program { program: self.program, output }
    }
}

/// What it complained about, in at most a few lines. (That there is no system log, `pasta` says before each of its own.)
fn said(output: &Output) -> String {
    let text = String::from_utf8_lossy(&output.stderr);
    let text = text.lines().filter(|line| !line.ends_with("bytes to syslog")).take(6).collect::<Vec<_>>().join("; ");
    if text.is_empty() { output.status.to_string() } else { text }
}

fn feed(command: &mut Command, input: String) -> std::io::Result<Output> {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).env("LC_ALL", "C").spawn()?;
    let mut stdin = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || stdin.as_mut().map(|stdin| stdin.write_all(input.as_bytes())));
        child.wait_with_output()
    })
}

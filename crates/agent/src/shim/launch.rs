//! How the agent starts a shim, and finds those that it has no record of.

use crate::process::ProcessId;
use model::Env;
use std::{
    fs,
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};
use tokio::{io::AsyncReadExt, process::Command};

/// A start that takes longer than this has failed.
const TIMEOUT: Duration = Duration::from_secs(60);
/// In a shim's folder: what it says in its need. Every stage of it holds a lock on the file, from the launch to its end.
const LOG: &str = "shim.log";
/// Between two looks at whether the shims of a folder have ended, and how many there are.
const LOOK: Duration = Duration::from_millis(2);
const LOOKS: u32 = 2500;

/// Starts shims.
#[derive(Clone)]
pub struct Launcher {
    /// The program that has the `shim` subcommand.
    pub program: PathBuf,
    /// The clock that a start is timed by.
    pub env: Env,
}

impl Launcher {
    /// A shim's command line.
    pub fn command(&self, what: &str, folder: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["shim", what]).arg(folder).env_clear().current_dir("/");
        command
    }

    /// Runs the first stage of a shim and reads what it and its child say: `ok`, or why not.
    pub async fn launch(&self, what: &str, folder: &Path) -> Result<(), String> {
        let log = fs::File::create(folder.join(LOG)).map_err(text)?;
        // An earlier one that is about to end may have it.
        let _ = log.try_lock();
        let mut command = self.command(what, folder);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn().map_err(text)?;
        drop(command);
        let mut said = String::new();
        let mut out = child.stdout.take().ok_or("the shim has no output")?;
        let heard = tokio::select! {
            read = out.read_to_string(&mut said) => read.map(drop).map_err(text),
            () = self.env.sleep(TIMEOUT) => Err("it did not start in time".to_owned()),
        };
        let _ = child.wait().await;
        let failure = match heard {
            Ok(()) if said.ends_with("ok\n") => return Ok(()),
            Ok(()) if said.trim().is_empty() => "the shim ended without a word".into(),
            Ok(()) => said.trim().to_owned(),
            Err(why) => why,
        };
        self.end_shims(folder).await;
        Err(failure)
    }

    /// Kills the shims of a folder, found by their command lines, and waits for them. What they have started ends with them.
    pub async fn end_shims(&self, folder: &Path) {
        let log = fs::File::open(folder.join(LOG)).ok();
        for _ in 0..LOOKS {
            for process in shims_of(folder) {
                if let Some(process) = process.open() {
                    let _ = process.kill().await;
                }
            }
            // One that is just being forked, or becoming its second stage, has no command line that could be found.
            match log.as_ref().map(fs::File::try_lock) {
                Some(Err(fs::TryLockError::WouldBlock)) => self.env.sleep(LOOK).await,
                _ => return,
            }
        }
        tracing::warn!(folder = %folder.display(), "what was started in a folder doesn't end");
    }
}

/// The shims of a folder.
fn shims_of(folder: &Path) -> Vec<ProcessId> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let matches = |pid: &u32| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words: Vec<&[u8]> = line.split(|byte| *byte == 0).collect();
        matches!(words[..], [_, b"shim", _, last, ..] if last == folder.as_os_str().as_bytes())
    };
    pids.filter(matches).filter_map(|pid| ProcessId::of(pid).ok()).collect()
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

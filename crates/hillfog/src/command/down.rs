//! `hillfog down`: stops the server and everything that it runs, and leaves nothing of it on the host but its data.

use crate::{
    client::Server,
    cloud,
    folders::{DataArg, Folders},
};
use anyhow::{Result, bail};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    process::ExitCode,
    time::{Duration, Instant},
};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    data: DataArg,
}

/// The server finishes the calls that it has begun.
const SERVER_STOP: Duration = Duration::from_secs(20);

pub fn run(args: Args) -> Result<ExitCode> {
    let folders = Folders::of(&args.data)?;
    stop_server(&folders)?;
    teardown(&folders)?;
    println!("The cloud on {} is down. `hillfog up` brings it back.", folders.data.display());
    Ok(ExitCode::SUCCESS)
}

/// Ends the server, if one runs, and waits for it.
fn stop_server(folders: &Folders) -> Result<()> {
    let Some(server) = Server::running(folders) else { return Ok(()) };
    let pid = Pid::from_raw(server.pid);
    kill(pid, Signal::SIGTERM)?;
    let deadline = Instant::now() + SERVER_STOP;
    while server.is_alive() {
        if Instant::now() > deadline {
            bail!(
                "The server (process {pid}) does not stop. See {}, or end it with `kill -9 {pid}` and run this again",
                folders.log_file().display()
            );
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Ends what a server has left running, however the server itself ended: containers, the edge, namespaces, mounts, cgroups.
pub fn teardown(folders: &Folders) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(cloud::teardown(folders))
}

//! The shim of an environment: a small process with one thread that outlives the server.
//!
//! It is started before anybody needs it, and makes all that takes long: namespaces, control groups, `/tmp`, process 1. When it is told
//! what it is to be, it mounts the rest and starts the function's processes. It serves them the Runtime, Extensions and Telemetry APIs at
//! `127.0.0.1:9001` of the environment's own network namespace, in which it lives itself, and a way to the cloud's API; it writes down what
//! they write, measures, ends them when their time is up, and freezes them between invocations.

mod api;
mod command;
mod conductor;
mod desk;
mod door;
mod enter;
mod faults;
mod freezer;
mod keeper;
mod logs;
mod orders;
mod root;
mod storage;
mod telemetry;
mod usage;
mod users;
mod words;

pub(crate) use storage::make_template;

use super::job::{PLACE, Place, SHIM, SOCKET, load, save};
use crate::{
    cgroup::Cgroups,
    machine::shimmed::bounds,
    process::ProcessId,
    shim::{Clock, Failure},
};
use agent_proto::workload::Limits;
use keeper::Keeper;
use nix::{
    sched::{CloneFlags, unshare},
    unistd::setgroups,
};
use std::{fs, os::unix::net::UnixListener, path::Path};

/// The subcommand of the second stage.
pub const DETACHED: &str = "function-detached";

/// The first stage: leaves the server's process group and mount table, then becomes the second.
pub fn detach(folder: &Path) -> Result<(), Failure> {
    crate::shim::detach(&place(folder)?.runtime, DETACHED, folder)
}

/// The second stage: makes an environment, says so, and stays to its end.
pub fn run(folder: &Path) -> Result<(), Failure> {
    let place = place(folder)?;
    let cgroups = Cgroups::detect()?;
    cgroups.enter(&place.shim_cgroup, std::process::id())?;
    setgroups(&[])?;
    crate::shim::ignore_signals()?;
    let served = serve(&place, &cgroups);
    clean_up(&place, &cgroups);
    served
}

fn place(folder: &Path) -> Result<Place, Failure> {
    Ok(load(folder, PLACE)?.ok_or("there is no place for an environment in the folder")?)
}

fn serve(place: &Place, cgroups: &Cgroups) -> Result<(), Failure> {
    crate::shim::release_namespaces();
    unshare(CloneFlags::CLONE_NEWNET)?;
    if let Some(template) = &place.storage {
        storage::mount_copy(template, &place.runtime, &place.runtime.join(root::STORAGE))?;
    }
    let users = users::Users::make(place.user)?;
    cgroups.create(&place.cgroup, &Limits::default())?;
    let keeper = Keeper::start(place, &users, |pid| bounds::enter(cgroups, &place.cgroup, pid))?;
    let clock = Clock::moved_by(place.clock_offset_ms);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let tasks = tokio::task::LocalSet::new();
    tasks.block_on(&runtime, async {
        let doors = door::Doors::open(place).await?;
        let control = UnixListener::bind(place.runtime.join(SOCKET))?;
        save(&place.folder, SHIM, &ProcessId::of(std::process::id())?)?;
        crate::shim::say_ok()?;
        // The kernel shall sooner end what the user runs than what watches it.
        let _ = fs::write("/proc/self/oom_score_adj", "-500");
        Ok(orders::serve(place, cgroups, keeper, clock, doors, control).await?)
    })
}

/// Everything on the host that was made for the environment, but its folder.
fn clean_up(place: &Place, cgroups: &Cgroups) {
    crate::shim::remove_group(cgroups, &place.cgroup);
    let _ = crate::disk::remove_all(&place.runtime);
}

//! What the host lacks for running containers, found by trying each thing once.

use agent_proto::Missing;
use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
};
use std::{fs, io, path::Path};

/// Tries everything that a container needs.
pub fn missing(data: &Path, controllers: &[&str]) -> Vec<Missing> {
    let mut missing = Vec::new();
    if !nix::unistd::geteuid().is_root() {
        missing.push(fatal("root", "containers can't be run", "start it with sudo"));
        return missing;
    }
    let namespaces = "use a kernel with namespaces, and not inside a container that forbids them";
    if let Err(error) = aside(|| Ok(unshare(all_namespaces())?)) {
        missing.push(fatal(&format!("namespaces ({error})"), "containers can't be run", namespaces));
    }
    let folder = data.join("probe");
    let tried = folder.clone();
    if let Err(error) = aside(move || try_overlay(&tried)) {
        let remedy = "load the kernel's `overlay` module, or put the data folder on ext4, xfs or btrfs";
        missing.push(fatal(&format!("overlay mounts ({error})"), "images can't be used", remedy));
    }
    let _ = fs::remove_dir_all(folder);
    missing.extend(controllers.iter().copied().map(controller));
    missing
}

fn controller(name: &str) -> Missing {
    let remedy = match name {
        "memory" => "boot with cgroup_enable=memory",
        _ => "use a kernel with this controller; inside a container, run that container with the host's control groups",
    };
    let costs = format!("{name} limits of tasks and containers have no effect");
    Missing { what: format!("cgroup {name} controller"), costs, remedy: remedy.into(), fatal: false }
}

fn fatal(what: &str, costs: &str, remedy: &str) -> Missing {
    Missing { what: what.into(), costs: costs.into(), remedy: remedy.into(), fatal: true }
}

fn all_namespaces() -> CloneFlags {
    CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWCGROUP
        | CloneFlags::CLONE_NEWPID
}

/// Tries something in a thread of its own, whose namespaces end with it.
fn aside(trial: impl FnOnce() -> io::Result<()> + Send + 'static) -> io::Result<()> {
    std::thread::spawn(trial).join().unwrap_or_else(|_| Err(io::Error::other("the trial panicked")))
}

fn try_overlay(folder: &Path) -> io::Result<()> {
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)?;
    let path = |name: &str| folder.join(name).display().to_string();
    for name in ["lower", "upper", "work", "root"] {
        fs::create_dir_all(path(name))?;
    }
    let options = format!("lowerdir={},upperdir={},workdir={}", path("lower"), path("upper"), path("work"));
    mount(Some("overlay"), path("root").as_str(), Some("overlay"), MsFlags::empty(), Some(options.as_str()))?;
    fs::write(Path::new(&path("root")).join("written"), "")
}

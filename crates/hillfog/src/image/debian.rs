//! Debian and its kin, installed out of packages into a folder by `mmdebstrap` or `debootstrap`, with the small init or with cloud-init.

use super::{pack, progress::Progress, source::Disk, work::Work};
use anyhow::{Context, Result, bail};
use model::Env;
use std::{
    fs,
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
};

/// What every image has: a machine without these is a riddle to its owner.
const BASE: &[&str] = &["ca-certificates", "curl", "iproute2", "less", "netbase", "procps", "sudo"];
/// What boots and is configured as a cloud's machine. Without recommended packages its login service would miss the D-Bus.
const CLOUD_INIT: &[&str] =
    &["cloud-init", "dbus", "libpam-systemd", "openssh-server", "systemd", "systemd-sysv", "systemd-timesyncd"];

/// Where cloud-init finds its data, and what it leaves alone.
const CLOUD_CONFIG: &str = include_str!("cloud_init/90_hillfog.cfg");
/// What tells it that this is EC2.
const DATA_SOURCE: &str = include_str!("cloud_init/DataSourceEc2.py");
/// Where Debian's Python looks for packages.
const PYTHON: &str = "usr/lib/python3/dist-packages";

/// What is to be installed.
pub struct Choice {
    /// Such as `bookworm`.
    pub release: String,
    /// Besides what every image has.
    pub packages: Vec<String>,
    /// With systemd and cloud-init.
    pub cloud_init: bool,
    /// Instead of the tool's own.
    pub mirror: Option<String>,
}

/// Installs, and makes a disk of it.
///
/// # Errors
/// If the tool is missing or fails: its last words.
pub fn build(choice: &Choice, gib: Option<u32>, env: &Env, progress: &Progress) -> Result<Disk> {
    if !nix::unistd::geteuid().is_root() {
        bail!("Packages are installed as root: run it with sudo");
    }
    check(choice)?;
    let work = Work::new(env)?;
    let root = work.path().join("root");
    progress.step(format!("Installing {}", choice.release));
    install(tool(choice, &root)?, progress)?;
    settle(&root, choice.cloud_init)?;
    let image = pack::folder(&root, gib, &work, progress)?;
    Disk::of_raw(image, Some(work))
}

/// They become words of a command, which nobody should take for options.
fn check(choice: &Choice) -> Result<()> {
    let plain = |word: &&String| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "+-.:".contains(c)) && !word.starts_with('-')
    };
    match choice.packages.iter().chain([&choice.release]).find(|word| !plain(word)) {
        Some(odd) => bail!("{odd:?} is no name of a release or a package"),
        None => Ok(()),
    }
}

fn tool(choice: &Choice, root: &Path) -> Result<Command> {
    let extra = if choice.cloud_init { CLOUD_INIT } else { &[] };
    let chosen = choice.packages.iter().map(String::as_str);
    let packages = BASE.iter().chain(extra).copied().chain(chosen).collect::<Vec<_>>().join(",");
    let name = ["mmdebstrap", "debootstrap"].into_iter().find(|name| is_there(name));
    let name = name.context("Neither mmdebstrap nor debootstrap is installed: install the package mmdebstrap")?;
    let mut command = Command::new(name);
    command.arg("--variant=minbase").arg(format!("--include={packages}"));
    if name == "mmdebstrap" {
        command.arg("--mode=root").arg("--format=directory");
    }
    command.arg(&choice.release).arg(root).args(&choice.mirror);
    Ok(command)
}

fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).chain(["/usr/sbin".into()]).any(|folder| folder.join(program).is_file())
}

/// Runs the tool, shows what it is at, and keeps its last words.
fn install(mut command: Command, progress: &Progress) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let mut tool = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).env("LC_ALL", "C.UTF-8").spawn()?;
    let mut last = Vec::new();
    if let Some(words) = tool.stderr.take() {
        for line in BufReader::new(words).lines().map_while(Result::ok).filter(|line| !line.trim().is_empty()) {
            progress.detail(&line);
            last.push(line);
            if last.len() > 8 {
                last.remove(0);
            }
        }
    }
    let status = tool.wait()?;
    if !status.success() {
        bail!("{name} failed ({status}):\n{}", last.join("\n"));
    }
    Ok(())
}

/// Takes away what would be the same on all machines, or was needed for the installation alone.
fn settle(root: &Path, cloud_init: bool) -> Result<()> {
    let empty = |path: &str| -> Result<()> {
        let Ok(entries) = fs::read_dir(root.join(path)) else { return Ok(()) };
        for entry in entries {
            let path = entry?.path();
            if path.symlink_metadata()?.is_dir() { fs::remove_dir_all(path)? } else { fs::remove_file(path)? }
        }
        Ok(())
    };
    empty("var/lib/apt/lists")?;
    empty("var/cache/apt")?;
    for entry in fs::read_dir(root.join("etc/ssh")).into_iter().flatten() {
        let path = entry?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("ssh_host_")) {
            fs::remove_file(path)?;
        }
    }
    // What is empty is made at the first boot (machine-id(5)).
    if root.join("etc/machine-id").symlink_metadata().is_ok() {
        fs::write(root.join("etc/machine-id"), "")?;
    }
    // The build host's own, where the tool has copied them.
    for copied in ["etc/resolv.conf", "etc/hostname"] {
        let _ = fs::remove_file(root.join(copied));
    }
    if cloud_init {
        fs::write(root.join("etc/cloud/cloud.cfg.d/90_hillfog.cfg"), CLOUD_CONFIG)?;
        let package = root.join(PYTHON).join("hillfog");
        fs::create_dir_all(&package)?;
        fs::write(package.join("__init__.py"), "")?;
        fs::write(package.join("DataSourceEc2.py"), DATA_SOURCE)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(release: &str, packages: &[&str]) -> Choice {
        let packages = packages.iter().map(|name| (*name).to_owned()).collect();
        Choice { release: release.into(), packages, cloud_init: false, mirror: None }
    }

    #[test]
    fn what_is_no_package_does_not_reach_the_tool() {
        assert!(check(&choice("bookworm", &["nginx", "g++", "libc6:amd64"])).is_ok());
        for (release, package) in
            [("bookworm", "--hook"), ("-x", "nginx"), ("bookworm", "a b"), ("", "a"), ("bookworm", "/etc/passwd")]
        {
            assert!(check(&choice(release, &[package])).is_err(), "{release} {package}");
        }
    }

    #[test]
    fn nothing_that_should_differ_stays() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("etc/ssh/ssh_host_ed25519_key", "secret");
        write("etc/ssh/sshd_config", "");
        write("etc/machine-id", "0123");
        write("etc/cloud/cloud.cfg.d/05_logging.cfg", "");
        write("var/lib/apt/lists/partial/one", "");
        settle(root.path(), true).unwrap();
        assert!(!root.path().join("etc/ssh/ssh_host_ed25519_key").exists());
        assert!(root.path().join("etc/ssh/sshd_config").exists());
        assert_eq!(fs::read(root.path().join("etc/machine-id")).unwrap(), b"");
        assert!(!root.path().join("var/lib/apt/lists/partial").exists());
        assert!(root.path().join("etc/cloud/cloud.cfg.d/90_hillfog.cfg").exists());
        assert!(root.path().join(PYTHON).join("hillfog/DataSourceEc2.py").exists());
    }
}

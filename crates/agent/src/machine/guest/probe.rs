//! What the host has for virtual machines, found by trying.

use super::job::Firmware;
use crate::{driver::container::Places, process::ProcessId};
use agent_proto::Missing;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::{
    os::fd::AsFd,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// The subcommand of the process that tries KVM.
pub const TRY_KVM: &str = "try-kvm";
/// Many times what a processor needs for it, in milliseconds.
const PATIENCE: u16 = 500;

/// Where programs are looked for.
const FOLDERS: [&str; 3] = ["/usr/local/bin", "/usr/bin", "/usr/libexec"];
/// Where distributions put UEFI for virtual machines: Debian, Fedora, Arch.
const FIRMWARE: [(&str, &str); 4] = [
    ("/usr/share/OVMF/OVMF_CODE_4M.fd", "/usr/share/OVMF/OVMF_VARS_4M.fd"),
    ("/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd"),
    ("/usr/share/edk2/ovmf/OVMF_CODE.fd", "/usr/share/edk2/ovmf/OVMF_VARS.fd"),
    ("/usr/share/edk2/x64/OVMF_CODE.4m.fd", "/usr/share/edk2/x64/OVMF_VARS.4m.fd"),
];

/// The monitor's program, if it is installed.
pub fn monitor() -> Result<PathBuf, String> {
    let name = format!("qemu-system-{}", std::env::consts::ARCH);
    let found = FOLDERS.iter().map(|folder| Path::new(folder).join(&name)).find(|path| path.exists());
    found.ok_or_else(|| "virtual machines need QEMU: install the package qemu-system-x86".into())
}

/// UEFI, if it is installed.
pub fn firmware() -> Result<Firmware, String> {
    let found = FIRMWARE.iter().find(|(code, variables)| Path::new(code).exists() && Path::new(variables).exists());
    let found = found.map(|(code, variables)| Firmware { code: code.into(), variables: variables.into() });
    found.ok_or_else(|| "machines that boot by UEFI need its firmware: install the package ovmf".into())
}

/// Whether KVM runs guests. Takes a moment.
pub fn kvm(places: &Places) -> bool {
    if !Path::new("/dev/kvm").exists() {
        return false;
    }
    let mut command = Command::new(&places.program);
    command.args(["shim", TRY_KVM]).env_clear().stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let Ok(mut child) = command.spawn() else { return false };
    let process = ProcessId::of(child.id()).ok().and_then(|process| process.open());
    if let Some(process) = process {
        let mut polled = [PollFd::new(process.fd().as_fd(), PollFlags::POLLIN)];
        let _ = poll(&mut polled, PollTimeout::from(PATIENCE));
    }
    // One that has ended takes no notice.
    let _ = child.kill();
    child.wait().is_ok_and(|status| status.success())
}

/// What is missing, and what that costs.
pub fn missing(places: &Places) -> Vec<Missing> {
    let lack = |what: &str, costs: &str, remedy: &str| Missing {
        what: what.into(),
        costs: costs.into(),
        remedy: remedy.into(),
        fatal: false,
    };
    if monitor().is_err() {
        let costs = "images that boot by a boot loader can't be run as instances";
        return vec![lack("QEMU (qemu-system)", costs, "apt-get install qemu-system-x86")];
    }
    let uefi = firmware()
        .is_err()
        .then(|| lack("UEFI for virtual machines (OVMF)", "images with the boot mode uefi can't be run", "apt-get install ovmf"));
    let kvm = (!kvm(places)).then(|| {
        let remedy = "run on a processor with virtualisation that is switched on, and not inside a virtual machine without it";
        lack("KVM (a guest's instructions were tried)", "virtual machines are emulated, and slow", remedy)
    });
    uefi.into_iter().chain(kvm).collect()
}

//! QEMU's command line. Pure.
//!
//! Files, devices and sockets are given by descriptors: QEMU can open nothing of ours. All names below are QEMU's own; a disk at port 3 is `disk3` over `file3`,
//! descriptor set 3, and the device `device3`.

use super::super::{
    job::Job,
    ports::{BUS, slot},
};
use std::os::fd::RawFd;

/// The descriptor set of UEFI's variables; those of disks have their ports' numbers.
const NVRAM_SET: u32 = 1000;
/// For code that emulation has translated, in MiB; otherwise QEMU takes up to a GiB.
const TRANSLATED_MIB: u32 = 128;

/// What the monitor is given.
pub struct Given {
    /// One end of the connection for QMP.
    pub qmp: RawFd,
    /// One end of the connection that is the serial port.
    pub serial: RawFd,
    /// The disks, in the job's order.
    pub disks: Vec<RawFd>,
    /// The interfaces' taps, in the job's order.
    pub taps: Vec<RawFd>,
    /// UEFI's variables.
    pub nvram: Option<RawFd>,
}

/// The arguments for a guest that stands still until it is told to go. With `incoming`, its memory is told after that.
pub fn arguments(job: &Job, given: &Given, incoming: bool) -> Vec<String> {
    let mut all = Arguments::default();
    all.flags(&["-nodefaults", "-no-user-config", "-S"]);
    all.add("-name", "guest");
    all.add("-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny");
    board(&mut all, job, given);
    identity(&mut all, &job.machine);
    all.add("-chardev", format!("socket,id=qmp,fd={}", given.qmp));
    all.add("-mon", "chardev=qmp,mode=control");
    all.add("-chardev", format!("socket,id=serial,fd={}", given.serial));
    all.add("-serial", "chardev:serial");
    all.add("-display", "none");
    all.add("-device", "VGA,id=screen,addr=0x1,vgamem_mb=8");
    all.add("-object", "rng-builtin,id=random");
    all.add("-device", "virtio-rng-pci,rng=random,addr=0x2");
    // All come and go on one bus by ACPI. With a PCI Express port for each, the firmware sets up as many buses before it boots: 75 ms under emulation.
    all.add("-device", format!("pcie-pci-bridge,id={BUS},bus=pcie.0,addr=0x3"));
    for (disk, fd) in job.disks.iter().zip(&given.disks) {
        let (port, boot) = (disk.port, if disk.root { ",bootindex=0" } else { "" });
        all.add("-add-fd", format!("fd={fd},set={port}"));
        all.add(
            "-blockdev",
            format!("driver=host_device,node-name=file{port},filename=/dev/fdset/{port},locking=off,discard=unmap"),
        );
        all.add("-blockdev", format!("driver=raw,node-name=disk{port},file=file{port},discard=unmap"));
        all.add("-device", format!("{},{}{boot}", disk_device(port), disk_properties(port, &disk.serial)));
    }
    for (interface, fd) in job.interfaces.iter().zip(&given.taps) {
        let port = interface.port;
        all.add("-netdev", format!("tap,id=net{port},fd={fd}"));
        // It shall boot from its disk: no program for the network is loaded.
        all.add(
            "-device",
            format!("virtio-net-pci,id=device{port},{},netdev=net{port},mac={},romfile=", place(port), interface.mac),
        );
    }
    if incoming {
        all.add("-incoming", "defer");
    }
    all.0
}

/// The driver and place of a disk's device.
fn disk_device(port: u32) -> String {
    format!("virtio-blk-pci,id=device{port},{}", place(port))
}

/// A device's place on the bus, and that it is of the new kind, which the drivers of systems of this decade speak.
fn place(port: u32) -> String {
    format!("bus={BUS},addr={:#x},disable-legacy=on", slot(port))
}

/// What is reported to the guest is what a disk of EC2 would report: an error, not a machine that stands still.
fn disk_properties(port: u32, serial: &str) -> String {
    format!("drive=disk{port},serial={serial},werror=report,rerror=report")
}

fn board(all: &mut Arguments, job: &Job, given: &Given) {
    let build = &job.build;
    let flash = if build.firmware.is_some() { ",pflash0=firmware,pflash1=nvram" } else { "" };
    all.add("-machine", format!("q35,usb=off,sata=off,smbus=off,vmport=off,dump-guest-core=off{flash}"));
    match build.kvm {
        true => {
            all.add("-accel", "kvm");
            all.add("-cpu", "host");
        }
        false => {
            all.add("-accel", format!("tcg,thread=multi,tb-size={TRANSLATED_MIB}"));
            all.add("-cpu", "max,la57=off");
        }
    }
    all.add("-smp", build.vcpus.to_string());
    all.add("-m", format!("{}M", build.memory_mib));
    // What follows when the guest switches itself off is decided by the shim.
    all.add("-action", "shutdown=pause,reboot=reset");
    if let (Some(firmware), Some(fd)) = (&build.firmware, given.nvram) {
        all.add("-blockdev", format!("driver=file,node-name=firmware,filename={},read-only=on", firmware.code.display()));
        all.add("-add-fd", format!("fd={fd},set={NVRAM_SET}"));
        all.add("-blockdev", format!("driver=file,node-name=nvram,filename=/dev/fdset/{NVRAM_SET},locking=off"));
    }
}

/// By what a system tells that it runs on EC2 ("Identify EC2 instances" of the user guide; cloud-init's `ds-identify` looks at the same).
fn identity(all: &mut Arguments, machine: &str) {
    let uuid = uuid(machine);
    all.add("-uuid", uuid.clone());
    all.add("-smbios", "type=0,vendor=Amazon EC2,version=1.0");
    all.add("-smbios", format!("type=1,manufacturer=Amazon EC2,serial={uuid},uuid={uuid}"));
    all.add("-smbios", format!("type=2,manufacturer=Amazon EC2,asset={machine}"));
    all.add("-smbios", "type=3,manufacturer=Amazon EC2,asset=Amazon EC2");
}

/// A UUID that begins with `ec2` and is the instance's own.
fn uuid(machine: &str) -> String {
    let digits: String = machine.chars().filter(char::is_ascii_hexdigit).take(29).collect();
    let all = format!("ec2{digits:0>29}");
    format!("{}-{}-{}-{}-{}", &all[..8], &all[8..12], &all[12..16], &all[16..20], &all[20..])
}

#[derive(Default)]
struct Arguments(Vec<String>);

impl Arguments {
    fn flags(&mut self, flags: &[&str]) {
        self.0.extend(flags.iter().map(|flag| (*flag).to_owned()));
    }

    fn add(&mut self, name: &str, value: impl Into<String>) {
        self.0.extend([name.to_owned(), value.into()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_is_known_as_one_of_ec2() {
        assert_eq!(uuid("i-0123456789abcdef0"), "ec200000-0000-0000-1234-56789abcdef0");
        assert!(uuid("i-1").starts_with("ec2") && uuid("i-1").len() == 36);
    }
}

//! Whether KVM really runs a guest, found by running one: some instructions in real mode.
//!
//! That `/dev/kvm` opens says little. Where a host is itself a guest, KVM may be there without the processor's help: it then interprets one instruction after the
//! other, or crashes. So a loop is run that takes a processor a few thousandths of a second, by a process that is killed when it takes a hundred times as long.

use nix::errno::Errno;
use std::{
    fs::File,
    io,
    os::fd::{AsRawFd, FromRawFd, OwnedFd},
};

/// How often the loop goes round.
const ROUNDS: u32 = 5_000_000;
/// `mov ecx, ROUNDS; again: dec ecx; jnz again; hlt`, in real mode.
const PROGRAM: [u8; 11] = {
    let n = ROUNDS.to_le_bytes();
    [0x66, 0xb9, n[0], n[1], n[2], n[3], 0x66, 0x49, 0x75, 0xfc, 0xf4]
};

// linux/kvm.h, for x86.
const CREATE_VM: libc::c_ulong = 0xae01;
const RUN_SIZE: libc::c_ulong = 0xae04;
const CREATE_VCPU: libc::c_ulong = 0xae41;
const SET_MEMORY: libc::c_ulong = 0x4020_ae46;
const RUN: libc::c_ulong = 0xae80;
const SET_REGISTERS: libc::c_ulong = 0x4090_ae82;
const GET_SPECIAL: libc::c_ulong = 0x8138_ae83;
const SET_SPECIAL: libc::c_ulong = 0x4138_ae84;
/// `kvm_run.exit_reason`, and its value when the guest has halted.
const EXIT_REASON: usize = 8;
const HALTED: u32 = 5;

const PAGE: usize = 4096;

/// Runs the loop to its end.
pub fn run_guest() -> io::Result<()> {
    if !cfg!(target_arch = "x86_64") {
        return Err(io::Error::other("not known on this processor"));
    }
    let kvm = File::options().read(true).write(true).open("/dev/kvm")?;
    let vm = made(call(&kvm, CREATE_VM, 0)?);
    let memory = Mapping::anonymous()?;
    memory.write(0, &PROGRAM);
    // struct kvm_userspace_memory_region: slot, flags, guest address, size, our address.
    let region = [0u64, 0, PAGE as u64, memory.address as u64];
    call(&vm, SET_MEMORY, region.as_ptr() as libc::c_ulong)?;
    let vcpu = made(call(&vm, CREATE_VCPU, 0)?);
    let size = call(&kvm, RUN_SIZE, 0)?;
    let state = Mapping::of(&vcpu, usize::try_from(size).map_err(io::Error::other)?)?;
    // The code segment begins at 0: the first field of struct kvm_sregs, its base (8 bytes) and its selector (at 12).
    let mut special = [0u8; 312];
    call(&vcpu, GET_SPECIAL, special.as_mut_ptr() as libc::c_ulong)?;
    special[..8].fill(0);
    special[12..14].fill(0);
    call(&vcpu, SET_SPECIAL, special.as_ptr() as libc::c_ulong)?;
    // struct kvm_regs: the last two are the instruction's address and the flags.
    let mut registers = [0u64; 18];
    registers[17] = 2;
    call(&vcpu, SET_REGISTERS, registers.as_ptr() as libc::c_ulong)?;
    call(&vcpu, RUN, 0)?;
    match state.read_u32(EXIT_REASON) {
        HALTED => Ok(()),
        other => Err(io::Error::other(format!("the guest ended for the reason {other}"))),
    }
}

fn call(fd: &impl AsRawFd, request: libc::c_ulong, argument: libc::c_ulong) -> io::Result<i32> {
    // SAFETY: the argument is a number or the address of what the request reads or fills, in its size.
    Ok(Errno::result(unsafe { libc::ioctl(fd.as_raw_fd(), request, argument) })?)
}

fn made(fd: i32) -> OwnedFd {
    // SAFETY: the descriptor is new and nobody else's.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Mapped memory; it is never unmapped, since the process ends next.
struct Mapping {
    address: *mut u8,
}

impl Mapping {
    fn anonymous() -> io::Result<Self> {
        Self::map(PAGE, libc::MAP_ANONYMOUS | libc::MAP_SHARED, -1)
    }

    fn of(fd: &OwnedFd, size: usize) -> io::Result<Self> {
        Self::map(size, libc::MAP_SHARED, fd.as_raw_fd())
    }

    fn map(size: usize, flags: i32, fd: i32) -> io::Result<Self> {
        // SAFETY: the kernel chooses the place.
        let address = unsafe { libc::mmap(std::ptr::null_mut(), size, libc::PROT_READ | libc::PROT_WRITE, flags, fd, 0) };
        match address == libc::MAP_FAILED {
            true => Err(io::Error::last_os_error()),
            false => Ok(Self { address: address.cast() }),
        }
    }

    fn write(&self, at: usize, bytes: &[u8]) {
        // SAFETY: a page is longer than the few bytes that are written into it.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), self.address.add(at), bytes.len()) }
    }

    fn read_u32(&self, at: usize) -> u32 {
        // SAFETY: the mapping is longer than this, and aligned.
        unsafe { self.address.add(at).cast::<u32>().read_volatile() }
    }
}

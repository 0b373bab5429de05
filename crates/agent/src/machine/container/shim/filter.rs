//! Which system calls a machine may not make, and which are asked for: a filter of process 1 and all that come of it.
//!
//! The user namespace takes away what the host's root could do. What is denied here besides is what would reach the host's kernel for no good: its
//! modules, its next kernel, its log; and the control of loop devices, since a machine that freed one of its disks' would still have the node when the
//! number is given to someone else. The new mount API says that it doesn't exist: its arguments are spread over several calls, so programs are sent to
//! mount(2), which is asked for (see `intercept`).
//!
//! Written as bare instructions: the library that makes the containers' filters knows no notification.

use nix::errno::Errno;
use std::{
    io,
    os::fd::{FromRawFd, OwnedFd},
};

#[cfg(target_arch = "x86_64")]
const ARCHITECTURE: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const ARCHITECTURE: u32 = 0xc000_00b7;

/// Calls of x32 on x86-64 have this bit in their number.
const X32: u32 = 0x4000_0000;

/// Refused, and with what.
const DENIED: [(libc::c_long, Errno); 21] = [
    (libc::SYS_kexec_load, Errno::EPERM),
    (libc::SYS_kexec_file_load, Errno::EPERM),
    (libc::SYS_init_module, Errno::EPERM),
    (libc::SYS_finit_module, Errno::EPERM),
    (libc::SYS_delete_module, Errno::EPERM),
    (libc::SYS_open_by_handle_at, Errno::EPERM),
    (libc::SYS_swapon, Errno::EPERM),
    (libc::SYS_swapoff, Errno::EPERM),
    (libc::SYS_acct, Errno::EPERM),
    (libc::SYS_syslog, Errno::EPERM),
    (libc::SYS_bpf, Errno::EPERM),
    (libc::SYS_perf_event_open, Errno::EPERM),
    (libc::SYS_userfaultfd, Errno::EPERM),
    (libc::SYS_io_uring_setup, Errno::EPERM),
    (libc::SYS_quotactl, Errno::EPERM),
    (libc::SYS_clock_settime, Errno::EPERM),
    (libc::SYS_settimeofday, Errno::EPERM),
    (libc::SYS_lookup_dcookie, Errno::ENOSYS),
    (libc::SYS_nfsservctl, Errno::ENOSYS),
    (libc::SYS_fsopen, Errno::ENOSYS),
    (libc::SYS_fspick, Errno::ENOSYS),
];

/// Flags of mount(2) with which nothing is asked of a file system: the kernel alone judges. (`MS_REMOUNT` without `MS_BIND` isn't among them.)
const NOTHING_NEW: u32 =
    (libc::MS_BIND | libc::MS_MOVE | libc::MS_SHARED | libc::MS_PRIVATE | libc::MS_SLAVE | libc::MS_UNBINDABLE) as u32;

/// `EXT4_IOC_RESIZE_FS`: a file system grows while it is mounted. The host's root alone may ask for it.
pub const GROW_EXT4: u32 = 0x4008_6610;
/// `XFS_IOC_FSGROWFSDATA`, likewise.
pub const GROW_XFS: u32 = 0x4010_586e;

/// `BLKBSZSET`: the size of the blocks in which a disk is buffered. `mkfs.xfs` insists on it, and the host's root alone may set it.
pub const BLOCK_SIZE: u32 = 0x4008_1271;
/// `BLKFLSBUF`: what is buffered of a disk is written to it. Likewise.
pub const FLUSH: u32 = 0x1261;

/// Requests of ioctl(2) that are asked for.
const ASKED: [u32; 4] = [GROW_EXT4, GROW_XFS, BLOCK_SIZE, FLUSH];

/// The upper half of the flags that programs from before Linux 2.4, and libmount still, say: it means nothing, but looks like flags.
pub const MAGIC: (u32, u32) = (0xffff_0000, 0xc0ed_0000);

/// Loop devices' requests are 0x4c00 and those after it.
const LOOP: (u32, u32) = (0xffff_ff00, 0x4c00);

/// Offsets in `struct seccomp_data`; of arguments, their lower half.
const NUMBER: u32 = 0;
const ARCH: u32 = 4;
const fn argument(index: u32) -> u32 {
    16 + 8 * index
}

type Program = Vec<libc::sock_filter>;

/// The filter's instructions. Each test is followed by what is done if it holds, and jumps over it if not.
fn program() -> Program {
    let mut program = vec![load(ARCH), skip_if_equal(ARCHITECTURE, 1), refuse(Errno::ENOSYS), load(NUMBER)];
    if cfg!(target_arch = "x86_64") {
        program.extend([unless(libc::BPF_JGE, X32, 1), refuse(Errno::ENOSYS)]);
    }
    for (call, errno) in DENIED {
        program.extend([unless(libc::BPF_JEQ, call as u32, 1), refuse(errno)]);
    }
    let socket = [load(argument(0)), unless(libc::BPF_JEQ, libc::AF_VSOCK as u32, 1), refuse(Errno::EAFNOSUPPORT), allow()];
    let mut ioctl = vec![load(argument(1))];
    ioctl.extend(ASKED.into_iter().flat_map(|request| [unless(libc::BPF_JEQ, request, 1), ask()]));
    ioctl.extend([and(LOOP.0), unless(libc::BPF_JEQ, LOOP.1, 1), refuse(Errno::EPERM), allow()]);
    let mount = [
        load(argument(3)),
        and(MAGIC.0),
        unless(libc::BPF_JEQ, MAGIC.1, 1),
        ask(),
        load(argument(3)),
        unless(libc::BPF_JSET, NOTHING_NEW, 1),
        allow(),
        ask(),
    ];
    for (call, judged) in [(libc::SYS_socket, &socket[..]), (libc::SYS_ioctl, &ioctl), (libc::SYS_mount, &mount)] {
        program.push(unless(libc::BPF_JEQ, call as u32, judged.len() as u8));
        program.extend(judged);
    }
    program.push(allow());
    program
}

/// Applies the filter to the calling process, which needs `CAP_SYS_ADMIN` in its user namespace. Gives where calls are asked for.
pub fn apply() -> io::Result<OwnedFd> {
    let mut program = program();
    let whole = libc::sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
    let apply = |flags: libc::c_ulong| {
        // SAFETY: the program and its length are as the kernel wants them, and live until the call is over.
        Errno::result(unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_SET_MODE_FILTER, flags, &raw const whole) })
    };
    // While it is answered, a call is broken off by deadly signals only: a mount isn't done twice. (Linux 5.19.)
    let patient = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    let fd = match apply(patient) {
        Err(Errno::EINVAL) => apply(libc::SECCOMP_FILTER_FLAG_NEW_LISTENER)?,
        other => other?,
    };
    // SAFETY: the kernel has just made the descriptor for us.
    Ok(unsafe { OwnedFd::from_raw_fd(fd as i32) })
}

fn statement(code: u32, k: u32) -> libc::sock_filter {
    libc::sock_filter { code: code as u16, jt: 0, jf: 0, k }
}

fn load(offset: u32) -> libc::sock_filter {
    statement(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, offset)
}

fn and(mask: u32) -> libc::sock_filter {
    statement(libc::BPF_ALU | libc::BPF_AND | libc::BPF_K, mask)
}

/// Skips so many instructions unless the test holds.
fn unless(test: u32, value: u32, skip: u8) -> libc::sock_filter {
    libc::sock_filter { jf: skip, ..statement(libc::BPF_JMP | test | libc::BPF_K, value) }
}

fn skip_if_equal(value: u32, skip: u8) -> libc::sock_filter {
    libc::sock_filter { jt: skip, ..statement(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K, value) }
}

fn refuse(errno: Errno) -> libc::sock_filter {
    statement(libc::BPF_RET, libc::SECCOMP_RET_ERRNO | errno as u32)
}

fn allow() -> libc::sock_filter {
    statement(libc::BPF_RET, libc::SECCOMP_RET_ALLOW)
}

fn ask() -> libc::sock_filter {
    statement(libc::BPF_RET, libc::SECCOMP_RET_USER_NOTIF)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the kernel would do: as much of classic BPF as is used.
    fn judge(arch: u32, call: u32, arguments: [u32; 6]) -> u32 {
        let program = program();
        let word = |at: u32| match at {
            NUMBER => call,
            ARCH => arch,
            at => arguments[(at as usize - 16) / 8],
        };
        let (mut at, mut accumulator) = (0, 0);
        loop {
            let step = program[at];
            at += 1;
            let code = u32::from(step.code);
            let jump = |holds: bool| usize::from(if holds { step.jt } else { step.jf });
            match code & 7 {
                libc::BPF_LD => accumulator = word(step.k),
                libc::BPF_ALU => accumulator &= step.k,
                libc::BPF_RET => return step.k,
                _ => match code & 0xf0 {
                    libc::BPF_JEQ => at += jump(accumulator == step.k),
                    libc::BPF_JGE => at += jump(accumulator >= step.k),
                    _ => at += jump(accumulator & step.k != 0),
                },
            }
        }
    }

    fn native(call: libc::c_long, arguments: [u32; 6]) -> u32 {
        judge(ARCHITECTURE, call as u32, arguments)
    }

    #[test]
    fn each_call_meets_its_judgement() {
        let refused = |errno: Errno| libc::SECCOMP_RET_ERRNO | errno as u32;
        for (call, errno) in DENIED {
            assert_eq!(native(call, [0; 6]), refused(errno));
        }
        assert_eq!(native(libc::SYS_reboot, [0; 6]), libc::SECCOMP_RET_ALLOW);
        assert_eq!(native(libc::SYS_mount, [0; 6]), libc::SECCOMP_RET_USER_NOTIF);
        assert_eq!(native(libc::SYS_mount, [0, 0, 0, libc::MS_BIND as u32, 0, 0]), libc::SECCOMP_RET_ALLOW);
        assert_eq!(native(libc::SYS_mount, [0, 0, 0, MAGIC.1 | libc::MS_RDONLY as u32, 0, 0]), libc::SECCOMP_RET_USER_NOTIF);
        for request in ASKED {
            assert_eq!(native(libc::SYS_ioctl, [3, request, 0, 0, 0, 0]), libc::SECCOMP_RET_USER_NOTIF);
        }
        for request in [0x4c00, 0x4c01, 0x4c82] {
            assert_eq!(native(libc::SYS_ioctl, [3, request, 0, 0, 0, 0]), refused(Errno::EPERM));
        }
        assert_eq!(native(libc::SYS_ioctl, [3, 0x5401, 0, 0, 0, 0]), libc::SECCOMP_RET_ALLOW);
        assert_eq!(native(libc::SYS_socket, [libc::AF_VSOCK as u32, 0, 0, 0, 0, 0]), refused(Errno::EAFNOSUPPORT));
        assert_eq!(native(libc::SYS_socket, [2, 0, 0, 0, 0, 0]), libc::SECCOMP_RET_ALLOW);
    }

    #[test]
    fn other_numberings_of_the_calls_are_not_there() {
        assert_eq!(judge(0x4000_0003, 21, [0; 6]), libc::SECCOMP_RET_ERRNO | Errno::ENOSYS as u32);
        if cfg!(target_arch = "x86_64") {
            assert_eq!(native(libc::c_long::from(X32) + 165, [0; 6]), libc::SECCOMP_RET_ERRNO | Errno::ENOSYS as u32);
        }
    }
}

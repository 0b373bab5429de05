//! Which system calls a container may make: an allow list, in the spirit of Docker's default, in `seccomp.json`.
//!
//! What is not listed fails with `EPERM`. `clone3` fails with `ENOSYS`, because a filter can't look into its argument: C libraries
//! fall back to `clone`, whose flags can be checked for namespaces. Calls of another ABI (32-bit programs) end the process.

use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// A filter program, as the kernel takes it.
pub type Program = seccompiler::BpfProgram;

#[derive(Deserialize)]
struct Profile {
    allow: Vec<String>,
    with_capability: BTreeMap<String, Vec<String>>,
}

const PROFILE: &str = include_str!("seccomp.json");
/// `CLONE_NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET | NEWNS` and `CLONE_NEWTIME` doesn't fit in `clone`.
const NAMESPACES: u64 = 0x7e02_0000;
/// `personality(2)`: Linux, Linux32, each with and without `UNAME26`, and the question.
const PERSONALITIES: [u64; 5] = [0, 8, 0x2_0000, 0x2_0008, 0xffff_ffff];
const AF_VSOCK: u64 = 40;

/// The programs for a container with these capabilities (without `CAP_`), to be applied in this order.
///
/// # Errors
/// The profile names a system call that this architecture is not known to have, or the architecture isn't supported.
pub fn programs(capabilities: &[String], arch: &str) -> Result<Vec<Program>, String> {
    let target = arch.try_into().map_err(|error| format!("{error}"))?;
    let profile: Profile = serde_json::from_str(PROFILE).map_err(|error| error.to_string())?;
    let mut names: BTreeSet<&str> = profile.allow.iter().map(String::as_str).collect();
    for capability in capabilities {
        names.extend(profile.with_capability.get(capability).into_iter().flatten().map(String::as_str));
    }
    if arch != "x86_64" {
        names.retain(|name| !ONLY_X86_64.contains(name));
    }
    let compile = |filter: Value| {
        let text = json!({"main": filter}).to_string();
        let mut compiled = seccompiler::compile_from_json(text.as_bytes(), target).map_err(|error| error.to_string())?;
        compiled.remove("main").ok_or_else(|| "no filter came of the profile".to_owned())
    };
    let mut filters = vec![compile(allow_list(&names))?];
    if !names.contains("clone3") {
        filters.push(compile(no_clone3())?);
    }
    Ok(filters)
}

fn allow_list(names: &BTreeSet<&str>) -> Value {
    let mut rules: Vec<Value> = names.iter().map(|name| json!({"syscall": name})).collect();
    let mut only_if = |name: &str, op: Value, value: u64| {
        if !names.contains(name) {
            rules.push(json!({"syscall": name, "args": [{"index": 0, "type": "dword", "op": op, "val": value}]}));
        }
    };
    only_if("clone", json!({"masked_eq": NAMESPACES}), 0);
    only_if("socket", json!("ne"), AF_VSOCK);
    PERSONALITIES.into_iter().for_each(|persona| only_if("personality", json!("eq"), persona));
    if !names.contains("clone3") {
        rules.push(json!({"syscall": "clone3"}));
    }
    json!({"mismatch_action": {"errno": libc::EPERM}, "match_action": "allow", "filter": rules})
}

/// Of two filters that both refuse, the kernel gives the errno of the one that was applied last.
fn no_clone3() -> Value {
    json!({"mismatch_action": "allow", "match_action": {"errno": libc::ENOSYS}, "filter": [{"syscall": "clone3"}]})
}

/// System calls that newer architectures have left out.
const ONLY_X86_64: [&str; 44] = [
    "access",
    "alarm",
    "arch_prctl",
    "chmod",
    "chown",
    "creat",
    "dup2",
    "epoll_create",
    "epoll_wait",
    "eventfd",
    "fork",
    "futimesat",
    "get_thread_area",
    "getdents",
    "getpgrp",
    "inotify_init",
    "ioperm",
    "iopl",
    "lchown",
    "link",
    "lstat",
    "mkdir",
    "mknod",
    "modify_ldt",
    "open",
    "pause",
    "pipe",
    "poll",
    "readlink",
    "rename",
    "rmdir",
    "select",
    "set_thread_area",
    "signalfd",
    "stat",
    "symlink",
    "time",
    "unlink",
    "utime",
    "utimes",
    "vfork",
    "ustat",
    "sysfs",
    "uselib",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_profile_compiles_for_every_architecture_and_capability() {
        let profile: Profile = serde_json::from_str(PROFILE).unwrap();
        let all: Vec<String> = profile.with_capability.into_keys().collect();
        for arch in ["x86_64", "aarch64"] {
            assert_eq!(programs(&[], arch).unwrap().len(), 2, "without SYS_ADMIN, clone3 isn't there");
            assert_eq!(programs(&all, arch).unwrap().len(), 1);
        }
    }
}

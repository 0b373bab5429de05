//! The OCI runtime specification's `config.json` of a container: what its definition, its image and Docker's defaults come to. Pure.

use super::{job::Job, user::Identity};
use agent_proto::workload::{Container, Limits};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// What of the host changes the specification.
#[derive(Clone, Debug)]
pub struct HostFacts {
    /// The `devices` controller can be had. Without it, nobody may make device nodes.
    pub controls_devices: bool,
    /// Swap can be bounded.
    pub controls_swap: bool,
    /// The capabilities that the shim itself has, without `CAP_`: it can't give others.
    pub capabilities: Vec<String>,
}

/// Docker's default set.
const CAPABILITIES: [&str; 14] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "NET_RAW",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// All that Linux has, up to `CAP_CHECKPOINT_RESTORE`.
const ALL_CAPABILITIES: [&str; 41] = [
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYSLOG",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "WAKE_ALARM",
];

const MASKED: [&str; 11] = [
    "/proc/acpi",
    "/proc/asound",
    "/proc/interrupts",
    "/proc/kcore",
    "/proc/keys",
    "/proc/latency_stats",
    "/proc/sched_debug",
    "/proc/scsi",
    "/proc/timer_list",
    "/sys/devices/virtual/powercap",
    "/sys/firmware",
];

const READ_ONLY: [&str; 5] = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

const PATH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// A capability that the definition adds by name and that this host can't give.
pub fn unavailable_capability(container: &Container, facts: &HostFacts) -> Option<String> {
    let given = capabilities(container, facts);
    container.add_capabilities.iter().map(|name| plain(name)).find(|name| name != "ALL" && !given.contains(name))
}

fn plain(name: &str) -> String {
    name.to_uppercase().trim_start_matches("CAP_").to_owned()
}

/// The capabilities that a container has, without `CAP_`, sorted.
pub fn capabilities(container: &Container, facts: &HostFacts) -> Vec<String> {
    let drop: Vec<String> = container.drop_capabilities.iter().map(|name| plain(name)).collect();
    let add: Vec<String> = container.add_capabilities.iter().map(|name| plain(name)).collect();
    let all = |names: &[String]| names.iter().any(|name| name == "ALL");
    // As in Docker: what is added by name stays when all are dropped, what is dropped by name goes when all are added.
    let has = |name: &str| {
        let added = add.iter().any(|a| a == name) || (all(&add) && !drop.iter().any(|d| d == name));
        let default = CAPABILITIES.contains(&name) && !all(&drop) && !drop.iter().any(|d| d == name);
        (added || default) && (name != "MKNOD" || facts.controls_devices)
    };
    let can_have = |name: &&str| facts.capabilities.iter().any(|own| own == name);
    ALL_CAPABILITIES.into_iter().filter(can_have).filter(|name| container.privileged || has(name)).map(str::to_owned).collect()
}

/// The command line: the definition's, else the image's; an entry point in the definition puts the image's command away, too.
pub fn command_line(job: &Job) -> Vec<String> {
    let definition = &job.container;
    let entry_point = definition.entry_point.as_ref().unwrap_or(&job.image.entry_point);
    let image_command = match definition.entry_point {
        Some(_) => &[][..],
        None => &job.image.command[..],
    };
    let command = definition.command.as_deref().unwrap_or(image_command);
    entry_point.iter().chain(command).cloned().collect()
}

/// The folder that process 1 starts in.
pub fn working_directory(job: &Job) -> &str {
    let asked = job.container.working_directory.as_deref().unwrap_or(&job.image.working_directory);
    if asked.starts_with('/') { asked } else { "/" }
}

/// The environment, as `NAME=value`.
pub fn environment(job: &Job, home: Option<&str>) -> Vec<String> {
    let mut variables: BTreeMap<&str, String> = BTreeMap::from([("HOSTNAME", format!("HOSTNAME={}", job.hostname))]);
    variables.insert("PATH", PATH.into());
    variables.insert("HOME", format!("HOME={}", home.unwrap_or("/")));
    if job.container.pseudo_terminal {
        variables.insert("TERM", "TERM=xterm".into());
    }
    for variable in &job.image.environment {
        variables.insert(variable.split('=').next().unwrap_or(variable), variable.clone());
    }
    for (name, value) in &job.container.environment {
        variables.insert(name, format!("{name}={value}"));
    }
    let well_formed = |variable: &String| variable.find('=').is_some_and(|at| at > 0) && !variable.contains('\0');
    variables.into_values().filter(well_formed).collect()
}

/// The specification of a container.
pub fn runtime_spec(job: &Job, who: &Identity, facts: &HostFacts) -> Value {
    let container = &job.container;
    let capabilities: Vec<String> = capabilities(container, facts).iter().map(|name| format!("CAP_{name}")).collect();
    json!({
        "ociVersion": "1.0.2",
        "root": {"path": "rootfs", "readonly": container.read_only_root},
        "hostname": job.hostname,
        "process": {
            "terminal": container.pseudo_terminal,
            "user": {"uid": who.uid, "gid": who.gid, "additionalGids": who.groups},
            "args": command_line(job),
            "env": environment(job, who.home.as_deref()),
            "cwd": working_directory(job),
            "capabilities": {"bounding": capabilities, "effective": capabilities, "permitted": capabilities,
                "inheritable": [], "ambient": []},
            "rlimits": rlimits(container),
            "noNewPrivileges": !container.privileged,
        },
        "mounts": mounts(job),
        "linux": {
            "namespaces": namespaces(job),
            "cgroupsPath": format!("/{}", job.cgroup),
            "resources": resources(container, facts),
            "sysctl": container.sysctls,
            "maskedPaths": if container.privileged { vec![] } else { MASKED.to_vec() },
            "readonlyPaths": if container.privileged { vec![] } else { READ_ONLY.to_vec() },
        },
    })
}

fn namespaces(job: &Job) -> Value {
    json!([{"type": "mount"}, {"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "cgroup"},
        {"type": "network", "path": job.network.netns}])
}

fn rlimits(container: &Container) -> Vec<Value> {
    let rlimit = |(name, soft, hard): &(String, u64, u64)| json!({"type": format!("RLIMIT_{}", name.to_uppercase()), "soft": soft, "hard": hard});
    container.ulimits.iter().map(rlimit).collect()
}

fn resources(container: &Container, facts: &HostFacts) -> Value {
    let Limits { cpu_quota, cpu_shares, memory_mib, memory_reservation_mib, pids } = &container.limits;
    let mut resources = Map::new();
    let mut cpu = Map::new();
    if let Some(quota) = cpu_quota {
        cpu.insert("quota".into(), json!(crate::cgroup::micros(*quota)));
        cpu.insert("period".into(), json!(100_000));
    }
    cpu.extend(cpu_shares.map(|shares| ("shares".into(), json!(shares.max(2)))));
    resources.insert("cpu".into(), cpu.into());
    let mut memory = Map::new();
    if let Some(limit) = memory_mib {
        memory.insert("limit".into(), json!(limit << 20));
        if facts.controls_swap {
            // Memory and swap together: there is no swap beyond the limit.
            memory.insert("swap".into(), json!(limit << 20));
        }
    }
    memory.extend(memory_reservation_mib.map(|mib| ("reservation".into(), json!(mib << 20))));
    resources.insert("memory".into(), memory.into());
    resources.extend(pids.map(|pids| ("pids".into(), json!({"limit": pids}))));
    // The runtime library adds the harmless ones: null, zero, full, random, urandom, tty, ptmx.
    resources.insert("devices".into(), json!([{"allow": container.privileged, "access": "rwm"}]));
    resources.into()
}

fn mounts(job: &Job) -> Vec<Value> {
    let sys = if job.container.privileged { "rw" } else { "ro" };
    let shared_memory = job.container.shared_memory_mib.unwrap_or(64);
    let mut mounts = vec![
        mount("/proc", "proc", "proc", &["nosuid", "noexec", "nodev"]),
        mount("/dev", "tmpfs", "tmpfs", &["nosuid", "strictatime", "mode=755", "size=65536k"]),
        mount("/dev/pts", "devpts", "devpts", &["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
        mount("/sys", "sysfs", "sysfs", &["nosuid", "noexec", "nodev", sys]),
        mount("/sys/fs/cgroup", "cgroup", "cgroup", &["nosuid", "noexec", "nodev", "relatime", sys]),
        mount("/dev/mqueue", "mqueue", "mqueue", &["nosuid", "noexec", "nodev"]),
        mount("/dev/shm", "tmpfs", "shm", &["nosuid", "noexec", "nodev", "mode=1777", &format!("size={shared_memory}m")]),
    ];
    for file in ["hosts", "hostname", "resolv.conf"] {
        let source = job.folder.join("etc").join(file);
        mounts.push(json!({"destination": format!("/etc/{file}"), "type": "bind", "source": source, "options": ["rbind", "rw"]}));
    }
    for (path, size, options) in &job.container.tmpfs {
        let size = format!("size={size}m");
        let mut all = vec!["nosuid", "nodev", "noexec", size.as_str()];
        all.extend(options.iter().map(String::as_str));
        mounts.push(mount(path, "tmpfs", "tmpfs", &all));
    }
    for wanted in &job.container.mounts {
        let Some(source) = job.volumes.get(&wanted.volume) else { continue };
        let access = if wanted.read_only { "ro" } else { "rw" };
        mounts.push(
            json!({"destination": wanted.path, "type": "bind", "source": source, "options": ["rbind", "rprivate", access]}),
        );
    }
    // A mount hides what was mounted below it before.
    let fixed = 7;
    mounts[fixed..].sort_by_key(|mount| mount["destination"].as_str().map_or(0, |path| path.matches('/').count()));
    mounts
}

fn mount(destination: &str, kind: &str, source: &str, options: &[&str]) -> Value {
    json!({"destination": destination, "type": kind, "source": source, "options": options})
}

/// `/etc/hosts`.
pub fn hosts_file(job: &Job) -> String {
    let mut text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n".to_owned();
    if let Some(address) = job.network.address {
        text += &format!("{address} {}\n", job.hostname);
    }
    for (name, address) in &job.container.extra_hosts {
        text += &format!("{address} {name}\n");
    }
    text
}

/// `/etc/resolv.conf`: the definition's servers and domains, else the network's.
pub fn resolver_file(job: &Job) -> String {
    let network: Vec<String> = job.network.name_servers.iter().map(ToString::to_string).collect();
    let or = |own: &Vec<String>, network: &Vec<String>| if own.is_empty() { network.clone() } else { own.clone() };
    let servers = or(&job.container.dns_servers, &network);
    let search = or(&job.container.dns_search, &job.network.search);
    let mut text: String = servers.iter().map(|server| format!("nameserver {server}\n")).collect();
    if !search.is_empty() {
        text += &format!("search {}\n", search.join(" "));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(json: Value) -> Container {
        let mut whole = json!({
            "name": "c", "image": {"reference": "r", "source": {"unresolved": {"reason": ""}}}, "entry_point": null,
            "command": null, "environment": {}, "working_directory": null, "user": null, "hostname": null, "essential": true,
            "depends_on": [], "health_check": null, "start_timeout": null, "stop_timeout": {"secs": 30, "nanos": 0},
            "limits": {"cpu_quota": null, "cpu_shares": null, "memory_mib": null, "memory_reservation_mib": null, "pids": null},
            "ulimits": [], "read_only_root": false, "privileged": false, "add_capabilities": [], "drop_capabilities": [],
            "init": false, "interactive": false, "pseudo_terminal": false, "mounts": [], "tmpfs": [], "shared_memory_mib": null,
            "sysctls": {}, "extra_hosts": [], "dns_servers": [], "dns_search": [], "ports": [], "keep_output": true,
        });
        whole.as_object_mut().unwrap().extend(json.as_object().unwrap().clone());
        serde_json::from_value(whole).unwrap()
    }

    fn job(definition: Value, entry_point: &[&str], command: &[&str]) -> Job {
        let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Job {
            runtime_id: "0".repeat(64),
            folder: "/data/c".into(),
            runtime: "/run/c".into(),
            container: container(definition),
            image: crate::image::ImageConfig {
                entry_point: owned(entry_point),
                command: owned(command),
                environment: vec!["A=image".into(), "B=image".into()],
                ..Default::default()
            },
            layers: vec![],
            network: Default::default(),
            hostname: "h".into(),
            volumes: BTreeMap::from([("v".to_owned(), "/host/v".into())]),
            cgroup: "g".into(),
            shim_cgroup: "s".into(),
            clock_offset_ms: 0,
            output_bytes: 0,
        }
    }

    fn facts() -> HostFacts {
        HostFacts { controls_devices: true, controls_swap: true, capabilities: ALL_CAPABILITIES.map(str::to_owned).to_vec() }
    }

    #[test]
    fn the_command_line_is_put_together_as_in_docker() {
        let line = |definition: Value| command_line(&job(definition, &["/entry"], &["image"])).join(" ");
        assert_eq!(line(json!({})), "/entry image");
        assert_eq!(line(json!({"command": ["own"]})), "/entry own");
        assert_eq!(line(json!({"entry_point": ["/own"]})), "/own");
        assert_eq!(line(json!({"entry_point": ["/own"], "command": ["x"]})), "/own x");
    }

    #[test]
    fn the_definition_wins_over_the_image_in_the_environment() {
        let environment = environment(&job(json!({"environment": {"A": "own", "C": "x=y"}}), &[], &[]), Some("/root"));
        assert_eq!(environment, ["A=own", "B=image", "C=x=y", "HOME=/root", "HOSTNAME=h", PATH]);
    }

    #[test]
    fn capabilities_are_added_and_dropped() {
        let of = |definition: Value| capabilities(&container(definition), &facts());
        assert_eq!(of(json!({})), CAPABILITIES);
        assert_eq!(of(json!({"drop_capabilities": ["ALL"]})), [] as [&str; 0]);
        assert_eq!(of(json!({"drop_capabilities": ["ALL"], "add_capabilities": ["CAP_NET_ADMIN"]})), ["NET_ADMIN"]);
        assert_eq!(of(json!({"add_capabilities": ["ALL"], "drop_capabilities": ["sys_admin"]})).len(), 40);
        assert_eq!(of(json!({"privileged": true})).len(), 41);
    }

    #[test]
    fn nobody_makes_devices_where_devices_are_not_controlled() {
        let facts = HostFacts { controls_devices: false, ..facts() };
        assert!(!capabilities(&container(json!({"add_capabilities": ["ALL"]})), &facts).contains(&"MKNOD".to_owned()));
        let asked = container(json!({"add_capabilities": ["cap_mknod"]}));
        assert_eq!(
            unavailable_capability(&asked, &facts).as_deref(),
            Some("MKNOD"),
            "by name, it is refused rather than left out"
        );
    }

    #[test]
    fn a_mount_comes_after_those_above_it() {
        let mounts =
            json!([{"volume": "v", "path": "/a/b", "read_only": true}, {"volume": "v", "path": "/a", "read_only": false}]);
        let spec = runtime_spec(
            &job(json!({"mounts": mounts}), &["x"], &[]),
            &super::super::user::identify("", "", "").unwrap(),
            &facts(),
        );
        let paths: Vec<_> = spec["mounts"].as_array().unwrap().iter().map(|m| m["destination"].as_str().unwrap()).collect();
        let place = |path| paths.iter().position(|p| *p == path).unwrap();
        assert!(place("/a") < place("/a/b"), "{paths:?}");
        assert_eq!(spec["linux"]["resources"]["devices"][0]["allow"], false);
    }

    #[test]
    fn hosts_and_resolver_say_what_the_network_says() {
        let mut job = job(json!({"extra_hosts": [["db", "10.0.0.9"]], "dns_search": ["x.internal"]}), &[], &[]);
        job.network.address = Some("10.0.0.4".parse().unwrap());
        job.network.name_servers = vec!["10.0.0.2".parse().unwrap()];
        assert!(hosts_file(&job).ends_with("10.0.0.4 h\n10.0.0.9 db\n"));
        assert_eq!(resolver_file(&job), "nameserver 10.0.0.2\nsearch x.internal\n");
    }
}

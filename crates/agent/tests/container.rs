//! What a real container is allowed, given and denied. Each test runs small scripts in a tiny busybox.

mod support;

use agent::{
    driver::{ContainerDriver, ContainerId, Driver, Seen, StopSignal},
    shim::{Exit, State},
};
use agent_proto::workload::{Container, Image, Limits, LogPosition, Mount, Volume, VolumeKind, Workload};
use serde_json::json;
use std::{sync::Arc, time::Duration};
use support::{
    MemoryBlobs,
    real::Machine,
    workload::{can_run, image, sh, workload},
};

/// A machine with a driver and one image.
struct Bench {
    machine: Machine,
    driver: ContainerDriver,
    image: Image,
}

impl Bench {
    fn new() -> Self {
        Self::bounded(64 << 20)
    }

    fn bounded(output_bytes: u64) -> Self {
        let mut blobs = MemoryBlobs::default();
        let image = image(&mut blobs, json!({"Env": ["PATH=/bin", "FROM=image"]}));
        let machine = Machine::new();
        Self { driver: machine.bounded(Arc::new(blobs), output_bytes), machine, image }
    }

    fn sh(&self, script: &str) -> Container {
        sh("main", &self.image, script)
    }

    async fn start(&self, workload: &Workload) -> Result<ContainerId, String> {
        let container = &workload.containers[0];
        let pulled = self.driver.pull(&container.image).await?;
        self.driver.prepare(workload).await?;
        self.driver.start(workload, container, &pulled, &self.machine.netns.network).await?;
        Ok(ContainerId::new(&workload.id, &container.name))
    }

    /// Runs a container to its end: its exit and what it wrote.
    async fn run(&self, container: Container) -> (Exit, String) {
        self.run_workload(workload("w", vec![container])).await
    }

    async fn run_workload(&self, workload: Workload) -> (Exit, String) {
        let id = self.start(&workload).await.unwrap();
        let exit = self.driver.exited(&id).await.unwrap();
        let (text, _) = self.read_all(&id, LogPosition(0)).await;
        self.driver.forget("w").await.unwrap();
        (exit, text)
    }

    async fn read_all(&self, id: &ContainerId, mut from: LogPosition) -> (String, LogPosition) {
        let mut text = String::new();
        loop {
            let chunk = self.driver.read_log(id, from).await.unwrap().unwrap();
            chunk.lines.iter().for_each(|line| text += &format!("{}\n", line.text));
            from = chunk.next;
            self.driver.release_log(id, from).await.unwrap();
            if chunk.end {
                return (text, from);
            }
            tokio::task::yield_now().await;
        }
    }

    async fn text(&self, container: Container) -> String {
        let (exit, text) = self.run(container).await;
        assert_eq!(exit.code, Some(0), "{text}");
        text
    }

    async fn leave(self) {
        self.machine.leave(&self.driver).await;
    }
}

#[tokio::test]
async fn users_groups_and_environment_are_the_images_and_the_definitions() {
    if !can_run("users_groups_and_environment_are_the_images_and_the_definitions") {
        return;
    }
    let bench = Bench::new();
    let who = "id -u; id -g; id -G; echo $HOME; pwd; echo $FROM-$OWN";
    assert_eq!(bench.text(bench.sh(who)).await, "0\n0\n0\n/root\n/\nimage-\n");
    let mut container = bench.sh(who);
    container.user = Some("web".into());
    container.working_directory = Some("/made/for/it".into());
    container.environment.insert("OWN".into(), "x".into());
    assert_eq!(bench.text(container).await, "33\n34\n34 77\n/srv\n/made/for/it\nimage-x\n");
    let mut container = bench.sh("true");
    container.user = Some("nobody".into());
    let error = bench.start(&workload("w", vec![container])).await.unwrap_err();
    assert_eq!(error, "unable to find user nobody: no matching entries in passwd file");
    bench.driver.forget("w").await.unwrap();
    bench.leave().await;
}

#[tokio::test]
async fn the_kernel_is_out_of_reach() {
    if !can_run("the_kernel_is_out_of_reach") {
        return;
    }
    let bench = Bench::new();
    let script = "
        grep -E 'CapEff|CapAmb|NoNewPrivs|Seccomp:' /proc/self/status | tr '\\t' ' '
        mount -t tmpfs x /tmp 2>&1 | grep -o 'denied'
        unshare -m true 2>/dev/null || echo 'no unshare'
        echo 1 2>&1 >/proc/sys/kernel/domainname || echo 'no sysctl'
        cat /proc/kcore 2>/dev/null | wc -c
        ls /sys/firmware | wc -l
        mknod /tmp/null c 1 3 && head -c1 /tmp/null 2>&1 | grep -o 'denied'
        mknod /dev/disk b 8 0; dd if=/dev/disk count=1 2>&1 | grep -o 'Operation not permitted\\|No such device'
        grep -c . /proc/1/mountinfo >/dev/null && grep -c hillfog /proc/mounts
        true";
    let text = bench.text(bench.sh(script)).await;
    let expected = [
        "CapEff: 00000000a80425fb",
        "CapAmb: 0000000000000000",
        "NoNewPrivs: 1",
        "Seccomp: 2",
        "denied",
        "no unshare",
        "no sysctl",
        "0",
        "0",
        "denied",
        "Operation not permitted",
    ];
    let lines: Vec<&str> = text.lines().filter(|line| !line.contains("can't create")).collect();
    assert_eq!(lines[..expected.len()], expected, "{text}");
    bench.leave().await;
}

#[tokio::test]
async fn capabilities_and_privilege_are_given_when_asked_for() {
    if !can_run("capabilities_and_privilege_are_given_when_asked_for") {
        return;
    }
    let bench = Bench::new();
    let mut container = bench.sh("mount -t tmpfs x /tmp && echo mounted; grep CapEff /proc/self/status | tr '\\t' ' '");
    container.add_capabilities = vec!["SYS_ADMIN".into()];
    container.drop_capabilities = vec!["ALL".into()];
    assert_eq!(bench.text(container).await, "mounted\nCapEff: 0000000000200000\n");
    let mut container = bench.sh("mount -t tmpfs x /tmp && echo mounted; grep Seccomp: /proc/self/status | tr '\\t' ' '");
    container.privileged = true;
    assert_eq!(bench.text(container).await, "mounted\nSeccomp: 0\n");
    bench.leave().await;
}

#[tokio::test]
async fn file_systems_are_as_defined() {
    if !can_run("file_systems_are_as_defined") {
        return;
    }
    let bench = Bench::new();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("file"), "from outside").unwrap();
    let mut container = bench.sh("touch /root-file 2>/dev/null || echo 'root is read-only'
         touch /tmp/x && echo 'tmpfs can be written'
         touch /scratch/x && echo 'scratch can be written'
         cat /host/file; echo
         touch /host/new 2>/dev/null || echo 'host is read-only'
         grep ' /dev/shm ' /proc/mounts | grep -o 'size=[0-9]*k'
         ls /dev/null /dev/pts/ptmx /dev/stdin");
    container.read_only_root = true;
    container.tmpfs = vec![("/tmp".into(), 8, vec![])];
    container.shared_memory_mib = Some(12);
    let mount = |volume: &str, path: &str, read_only| Mount { volume: volume.into(), path: path.into(), read_only };
    container.mounts = vec![mount("s", "/scratch", false), mount("h", "/host", true)];
    let mut workload = workload("w", vec![container]);
    let host = VolumeKind::HostPath(outside.path().to_str().unwrap().into());
    workload.volumes = vec![Volume { name: "s".into(), kind: VolumeKind::Scratch }, Volume { name: "h".into(), kind: host }];
    let (_, text) = bench.run_workload(workload).await;
    let expected = "root is read-only\ntmpfs can be written\nscratch can be written\nfrom outside\nhost is read-only\n\
                    size=12288k\n/dev/null\n/dev/pts/ptmx\n/dev/stdin\n";
    assert_eq!(text, expected);
    bench.leave().await;
}

#[tokio::test]
async fn names_limits_and_kernel_parameters_are_as_defined() {
    if !can_run("names_limits_and_kernel_parameters_are_as_defined") {
        return;
    }
    let bench = Bench::new();
    let mut container = bench.sh("hostname; cat /etc/hostname; ulimit -n; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; grep db /etc/hosts; cat /etc/resolv.conf");
    container.hostname = Some("web-1".into());
    container.ulimits = vec![("nofile".into(), 123, 456)];
    container.sysctls.insert("net.ipv4.ip_unprivileged_port_start".into(), "77".into());
    container.extra_hosts = vec![("db".into(), "10.1.2.3".into())];
    container.dns_servers = vec!["10.0.0.2".into()];
    assert_eq!(bench.text(container).await, "web-1\nweb-1\n123\n77\n10.1.2.3 db\nnameserver 10.0.0.2\n");
    bench.leave().await;
}

#[tokio::test]
async fn too_much_memory_is_an_out_of_memory_error() {
    if !can_run("too_much_memory_is_an_out_of_memory_error") {
        return;
    }
    let bench = Bench::new();
    let greedy = "dd if=/dev/zero of=/dev/null bs=200M count=1";
    let mut container = bench.sh(&format!("exec {greedy}"));
    container.limits = Limits { memory_mib: Some(32), ..Limits::default() };
    let (exit, _) = bench.run(container).await;
    assert_eq!(exit.code, Some(137));
    assert_eq!(exit.reason.as_deref(), Some("OutOfMemoryError: Container killed due to memory usage"));

    let mut bounded = workload("w", vec![bench.sh(&format!("exec {greedy}"))]);
    bounded.limits = Limits { memory_mib: Some(32), ..Limits::default() };
    assert_eq!(bench.run_workload(bounded).await.0.code, Some(137), "the workload's bound counts, too");

    let mut container = bench.sh("for i in $(seq 50); do sleep 1 & done 2>&1; true");
    container.limits = Limits { pids: Some(10), ..Limits::default() };
    let (_, text) = bench.run(container).await;
    assert!(text.contains("can't fork"), "{text}");
    bench.leave().await;
}

#[tokio::test]
async fn ends_are_told_apart() {
    if !can_run("ends_are_told_apart") {
        return;
    }
    let bench = Bench::new();
    for (script, code) in [("exit 0", 0), ("exit 42", 42), ("kill -9 $$; sleep 5 & exec kill -TERM 1", 0), ("yes | head -n1", 0)]
    {
        assert_eq!(bench.run(bench.sh(script)).await.0.code, Some(code), "{script}");
    }
    // An ignored SIGPIPE would make `yes` complain.
    assert_eq!(bench.text(bench.sh("yes 2>&1 | head -n1; sleep 0.1")).await, "y\n");
    let mut container = bench.sh("sleep 300");
    container.stop_timeout = Duration::from_secs(1);
    let id = bench.start(&workload("w", vec![container])).await.unwrap();
    bench.driver.stop(&id, StopSignal::Kill).await.unwrap();
    assert_eq!(bench.driver.exited(&id).await.unwrap().code, Some(137));
    bench.driver.forget("w").await.unwrap();
    bench.leave().await;
}

#[tokio::test]
async fn a_small_init_reaps_and_passes_signals_on() {
    if !can_run("a_small_init_reaps_and_passes_signals_on") {
        return;
    }
    let bench = Bench::new();
    let mut container = bench.sh("(sleep 0.1 & exec true) & sleep 0.5; echo $$; ps -o pid,stat | grep -c Z; trap 'exit 9' TERM; echo up; while :; do sleep 0.01; done");
    container.init = true;
    let id = bench.start(&workload("w", vec![container])).await.unwrap();
    let mut position = LogPosition(0);
    let mut text = String::new();
    while !text.contains("up\n") {
        let chunk = bench.driver.read_log(&id, position).await.unwrap().unwrap();
        chunk.lines.iter().for_each(|line| text += &format!("{}\n", line.text));
        position = chunk.next;
        tokio::task::yield_now().await;
    }
    assert_eq!(text, "2\n0\nup\n");
    bench.driver.stop(&id, StopSignal::Ask).await.unwrap();
    assert_eq!(bench.driver.exited(&id).await.unwrap().code, Some(9));
    bench.driver.forget("w").await.unwrap();
    bench.leave().await;
}

#[tokio::test]
async fn a_terminal_is_one() {
    if !can_run("a_terminal_is_one") {
        return;
    }
    let bench = Bench::new();
    let mut container = bench.sh("tty; echo $TERM");
    container.pseudo_terminal = true;
    container.interactive = true;
    assert_eq!(bench.text(container).await.replace('\r', ""), "/dev/pts/0\nxterm\n");
    bench.leave().await;
}

#[tokio::test]
async fn output_waits_when_nobody_collects_it_and_loses_nothing() {
    if !can_run("output_waits_when_nobody_collects_it_and_loses_nothing") {
        return;
    }
    let bench = Bench::bounded(2 << 20);
    // About 11 MB, far more than may be kept.
    let id = bench.start(&workload("w", vec![bench.sh("seq 1000000; echo done >&2")])).await.unwrap();
    let (text, _) = bench.read_all(&id, LogPosition(0)).await;
    assert_eq!(bench.driver.exited(&id).await.unwrap().code, Some(0));
    let mut lines: Vec<&str> = text.lines().collect();
    let done = lines.iter().position(|line| *line == "done").expect("standard error is kept, too");
    lines.remove(done);
    assert_eq!(lines.len(), 1_000_000);
    assert!(lines.iter().zip(1..).all(|(line, n)| line.parse() == Ok(n)), "in order, no gap, no double");
    bench.driver.forget("w").await.unwrap();
    bench.leave().await;
}

#[tokio::test]
async fn a_container_does_not_outlive_its_shim() {
    if !can_run("a_container_does_not_outlive_its_shim") {
        return;
    }
    let bench = Bench::new();
    let id = bench.start(&workload("w", vec![bench.sh("sleep 300")])).await.unwrap();
    let state = State::load(&bench.machine.places().data.join("containers/w/c/main")).unwrap().unwrap();
    let (shim, init) = (state.shim, state.init.unwrap());
    shim.open().unwrap().signal(nix::sys::signal::Signal::SIGKILL).unwrap();
    let exit = bench.driver.exited(&id).await.unwrap();
    assert_eq!((exit.code, init.is_alive()), (None, false));
    assert_eq!(bench.driver.recover().await.unwrap().len(), 0);
    assert!(matches!(bench.driver.inspect(&id).await, Some(Seen::Exited { .. })));
    bench.driver.remove("w").await.unwrap();
    bench.driver.forget("w").await.unwrap();
    bench.leave().await;
}

#[tokio::test]
async fn commands_inside_are_confined_and_end_in_time() {
    if !can_run("commands_inside_are_confined_and_end_in_time") {
        return;
    }
    let bench = Bench::new();
    let mut container = bench.sh("sleep 300");
    container.user = Some("web".into());
    let id = bench.start(&workload("w", vec![container])).await.unwrap();
    let exec = async |script: &str, timeout| {
        let command = ["/bin/sh", "-c", script].map(str::to_owned);
        bench.driver.exec(&id, &command, timeout).await.unwrap()
    };
    let long = Duration::from_secs(60);
    let result = exec("id -u; id -G; grep -E 'CapBnd|Seccomp:' /proc/self/status | tr '\\t' ' '; echo $FROM; exit 5", long).await;
    assert_eq!((result.code, &*result.output), (Some(5), "33\n34 77\nCapBnd: 00000000a80425fb\nSeccomp: 2\nimage\n"));
    let result = exec("echo begun; sleep 300", Duration::from_millis(300)).await;
    assert_eq!((result.code, &*result.output), (None, "begun\n"));
    let result = exec("yes | head -c 1000000", long).await;
    assert_eq!((result.code, result.output.len()), (Some(0), 64 << 10));
    assert!(bench.driver.exec(&id, &["/no/such".to_owned()], long).await.is_err());
    bench.driver.stop(&id, StopSignal::Kill).await.unwrap();
    assert_eq!(bench.driver.exited(&id).await.unwrap().code, Some(137));
    bench.driver.forget("w").await.unwrap();
    bench.leave().await;
}

#[tokio::test]
async fn what_was_being_started_when_the_server_died_is_removed() {
    if !can_run("what_was_being_started_when_the_server_died_is_removed") {
        return;
    }
    let bench = Bench::new();
    let id = bench.start(&workload("w", vec![bench.sh("sleep 300")])).await.unwrap();
    // As if the server had died before the shim wrote its state.
    let folder = bench.machine.places().data.join("containers/w/c/main");
    let init = State::load(&folder).unwrap().unwrap().init.unwrap();
    std::fs::remove_file(folder.join("state.json")).unwrap();
    assert!(bench.driver.recover().await.unwrap().is_empty());
    assert!(!init.is_alive());
    assert_eq!(bench.driver.inspect(&id).await, None);
    bench.driver.forget("w").await.unwrap();
    bench.leave().await;
}

/// Not a test of speed: none of many starts may hang, and what they take is printed. `cargo test -p agent --test container many -- --ignored --nocapture`.
#[tokio::test]
#[ignore = "takes a minute; run when the shim or the runtime library changes"]
async fn many_starts_never_hang() {
    if !can_run("many_starts_never_hang") {
        return;
    }
    let bench = Bench::new();
    let clock = model::Env::system();
    let mut times = Vec::new();
    for _ in 0..400 {
        let workload = workload("w", vec![bench.sh("echo up")]);
        let pulled = bench.driver.pull(&bench.image).await.unwrap();
        bench.driver.prepare(&workload).await.unwrap();
        let before = clock.now();
        bench.driver.start(&workload, &workload.containers[0], &pulled, &bench.machine.netns.network).await.unwrap();
        times.push(clock.now().since(before).as_millis());
        let (text, _) = bench.read_all(&ContainerId::new("w", "main"), LogPosition(0)).await;
        assert_eq!(text, "up\n");
        bench.driver.forget("w").await.unwrap();
    }
    times.sort_unstable();
    println!("start to running in ms: best {}, median {}, p95 {}, worst {}", times[0], times[200], times[380], times[399]);
    bench.leave().await;
}

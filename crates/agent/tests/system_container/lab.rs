//! A host with one driver, its disks, and machines that obey at their consoles.

use agent::{
    driver::container::Places,
    machine::{BootOrder, Life, MachineDriver, OpenDisk, Seen, container::SystemContainers},
};
use agent_proto::machine::{Backing, Disk, Halt, Kind, OffCause};
use model::Env;
use std::{
    fs,
    io::{ErrorKind, Read, Write},
    os::unix::{fs::symlink, net::UnixStream},
    path::{Path, PathBuf},
    process::Command,
    sync::Once,
    time::Duration,
};

/// Process 1 of the test machines: it carries out what is typed, and ends when it is asked to.
const INIT: &str = r#"#!/bin/sh
export PATH=/usr/sbin:/usr/bin
trap 'echo asked to power off; exit 0' PWR
trap 'echo asked to reboot; exit 133' INT
stty -echo -onlcr </dev/console
echo "booted $(hostname)"
[ -f /at-boot ] && . /at-boot
sh -c 'while read -r line; do eval "$line" 2>&1; echo "=$?="; done' </dev/console &
while :; do wait; sleep 1; done
"#;

/// Where each test's loop devices, folders and groups are; removed with everything in it.
pub struct Lab {
    pub folder: tempfile::TempDir,
    pub tag: String,
    pub driver: SystemContainers,
    loops: Vec<PathBuf>,
}

impl Lab {
    /// `None` where it can't be: said loudly.
    pub fn new(test: &str) -> Option<Self> {
        static PATH: Once = Once::new();
        // SAFETY: nothing else of this process reads the environment meanwhile: it is the first thing that a test does.
        PATH.call_once(|| unsafe { std::env::set_var("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin") });
        if !super::support::is_root(test) {
            return None;
        }
        for program in ["/usr/sbin/mkfs.ext4", "/usr/sbin/losetup", "/usr/bin/perl"] {
            if !Path::new(program).exists() {
                eprintln!("SKIPPED {test}: it needs {program}");
                return None;
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let tag = format!("test-{}", Env::system().hex(8));
        let driver = SystemContainers::new(places(folder.path(), &tag), Env::system()).unwrap();
        if let Some(missing) = driver.probe().first() {
            eprintln!("SKIPPED {test}: this host lacks {}", missing.what);
            return None;
        }
        Some(Self { folder, tag, driver, loops: Vec::new() })
    }

    /// The driver of a server that has come back.
    pub fn again(&self) -> SystemContainers {
        SystemContainers::new(places(self.folder.path(), &self.tag), Env::system()).unwrap()
    }

    /// A disk with the root of a test machine, `at_boot` being what process 1 does first.
    pub fn root(&mut self, at_boot: &str) -> OpenDisk {
        let tree = self.folder.path().join(format!("tree-{}", self.loops.len()));
        for name in ["usr", "sbin", "proc", "sys", "dev", "run", "etc", "tmp", "mnt", ".hillfog/usr-work"] {
            fs::create_dir_all(tree.join(name)).unwrap();
        }
        for name in ["bin", "lib", "lib64"] {
            symlink(format!("usr/{name}"), tree.join(name)).unwrap();
        }
        fs::write(tree.join("etc/passwd"), "root:x:0:0::/:/bin/sh\nuser:x:1000:1000::/:/bin/sh\n").unwrap();
        fs::write(tree.join("sbin/init"), INIT).unwrap();
        fs::write(tree.join("at-boot"), at_boot).unwrap();
        run("chmod", &["755", tree.join("sbin/init").to_str().unwrap()]);
        let image = self.folder.path().join(format!("root-{}.img", self.loops.len()));
        run("truncate", &["-s", "64M", image.to_str().unwrap()]);
        run("mkfs.ext4", &["-q", "-d", tree.to_str().unwrap(), image.to_str().unwrap()]);
        self.open("/dev/xvda", "vol-0000000000000000a", &image, true)
    }

    /// An empty disk.
    pub fn disk(&mut self, device: &str) -> OpenDisk {
        self.sized_disk(device, "64M")
    }

    /// An empty disk of a size.
    pub fn sized_disk(&mut self, device: &str, size: &str) -> OpenDisk {
        let image = self.folder.path().join(format!("disk-{}.img", self.loops.len()));
        run("truncate", &["-s", size, image.to_str().unwrap()]);
        self.open(device, "vol-0123456789abcdef0", &image, false)
    }

    /// The host's quick start image.
    pub fn quick_start(&mut self) -> OpenDisk {
        let image = self.folder.path().join("quick-start.img");
        machine_init::quick_start::build(self.folder.path(), &image, 1 << 30).unwrap();
        self.open("/dev/xvda", "vol-0000000000000000a", &image, true)
    }

    /// A root without any program.
    pub fn bare_root(&mut self) -> OpenDisk {
        let image = self.folder.path().join("bare.img");
        run("truncate", &["-s", "64M", image.to_str().unwrap()]);
        run("mkfs.ext4", &["-q", image.to_str().unwrap()]);
        self.open("/dev/xvda", "vol-0000000000000000b", &image, true)
    }

    /// Makes a disk larger.
    pub fn grow(&self, disk: &OpenDisk, size: &str) {
        let device = disk.device.to_str().unwrap();
        let image = Command::new("losetup").args(["-n", "-O", "BACK-FILE", device]).output().unwrap();
        run("truncate", &["-s", size, String::from_utf8(image.stdout).unwrap().trim()]);
        run("losetup", &["-c", device]);
    }

    /// A disk with the root that a tar archive holds.
    pub fn unpacked(&mut self, archive: &Path) -> OpenDisk {
        let (tree, image) = (self.folder.path().join("unpacked"), self.folder.path().join("unpacked.img"));
        fs::create_dir(&tree).unwrap();
        run("tar", &["-C", tree.to_str().unwrap(), "--exclude=./dev/*", "-xf", archive.to_str().unwrap()]);
        run("truncate", &["-s", "2G", image.to_str().unwrap()]);
        run("mkfs.ext4", &["-q", "-d", tree.to_str().unwrap(), image.to_str().unwrap()]);
        self.open("/dev/xvda", "vol-0000000000000000c", &image, true)
    }

    fn open(&mut self, device: &str, volume: &str, image: &Path, root: bool) -> OpenDisk {
        let made = Command::new("losetup").args(["-f", "--show"]).arg(image).output().unwrap();
        let path = PathBuf::from(String::from_utf8(made.stdout).unwrap().trim());
        assert!(made.status.success());
        self.loops.push(path.clone());
        let disk = Disk { device: device.into(), backing: Backing::Volume(volume.into()), root };
        OpenDisk { disk, device: path, size: fs::metadata(image).unwrap().len() }
    }

    /// Starts a machine and waits until it obeys.
    pub async fn start(&self, id: &str, disks: Vec<OpenDisk>) -> Obeying {
        self.start_with(order(id, disks)).await.unwrap()
    }

    pub async fn start_with(&self, order: BootOrder) -> Result<Obeying, String> {
        self.driver.prepare(&order.machine).await?;
        self.driver.start(&order).await?;
        Ok(self.connect(&order.machine.id))
    }

    /// The serial console of a machine that runs.
    pub fn connect(&self, id: &str) -> Obeying {
        let socket = self.driver.console_socket(id).unwrap();
        let stream = UnixStream::connect(&socket).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let mut obeying = Obeying { stream, heard: String::new() };
        // What is typed before the loop reads is read by it.
        obeying.stream.write_all(b"\necho here\n").unwrap();
        obeying.until("here\n=0=\n");
        obeying
    }

    /// How a machine is, when it has ended.
    pub async fn ended(&self, id: &str) -> OffCause {
        let mut seen = self.driver.inspect(id).await.unwrap();
        loop {
            if let Life::Ended { cause, .. } = seen.life {
                return cause;
            }
            seen = self.driver.changed(id, &seen).await.unwrap();
        }
    }

    /// How a machine is, when that is so.
    pub async fn seen(&self, id: &str, so: impl Fn(&Seen) -> bool) -> Seen {
        let mut seen = self.driver.inspect(id).await.unwrap();
        while !so(&seen) {
            seen = self.driver.changed(id, &seen).await.unwrap();
        }
        seen
    }

    pub async fn console(&self, id: &str) -> String {
        String::from_utf8_lossy(&self.driver.console(id).await.unwrap().unwrap_or_default()).into_owned()
    }

    /// Process 1 of a machine.
    pub fn process(&self, id: &str) -> i32 {
        self.recorded(id, "init")
    }

    /// The shim of a machine.
    pub fn shim(&self, id: &str) -> i32 {
        self.recorded(id, "shim")
    }

    fn recorded(&self, id: &str, which: &str) -> i32 {
        let state = fs::read(self.folder.path().join("data/system-containers").join(id).join("state.json")).unwrap();
        let state: serde_json::Value = serde_json::from_slice(&state).unwrap();
        state[which]["pid"].as_i64().unwrap() as i32
    }

    /// Ends a machine's shim, and has its record say that it was started before this host was.
    pub fn forget_boot(&self, id: &str) {
        let path = self.folder.path().join("data/system-containers").join(id).join("state.json");
        let mut state: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        let shim = nix::unistd::Pid::from_raw(self.shim(id));
        nix::sys::signal::kill(shim, nix::sys::signal::Signal::SIGKILL).unwrap();
        state["shim"]["boot"] = "another".into();
        fs::write(&path, state.to_string()).unwrap();
    }

    pub async fn kill(&self, id: &str) -> OffCause {
        self.driver.halt(id, Halt::Force).await.unwrap();
        self.ended(id).await
    }

    /// Ends everything and asserts that nothing is left.
    pub async fn leave(self) {
        self.driver.teardown().await.unwrap();
        assert_eq!(self.traces(), Vec::<String>::new());
    }

    /// What is on the host because of this lab, outside its folder.
    pub fn traces(&self) -> Vec<String> {
        let folder = self.folder.path().to_str().unwrap();
        let mut traces = Vec::new();
        let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
        traces.extend(mounts.lines().filter(|line| line.contains(folder)).map(str::to_owned));
        for hierarchy in fs::read_dir("/sys/fs/cgroup").unwrap().flatten() {
            let group = hierarchy.path().join(format!("hillfog-{}/machines", self.tag));
            traces.extend(group.exists().then(|| group.display().to_string()));
        }
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let line = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
            traces.extend(line.contains(folder).then(|| line.replace('\0', " ")));
        }
        let runtime = self.folder.path().join("run");
        traces.extend(fs::read_dir(runtime).into_iter().flatten().flatten().map(|entry| entry.path().display().to_string()));
        // Free to be given to others: nothing has them mounted.
        let exclusive = |path: &PathBuf| {
            use std::os::unix::fs::OpenOptionsExt;
            fs::File::options().read(true).custom_flags(libc::O_EXCL).open(path).is_ok()
        };
        traces.extend(self.loops.iter().filter(|path| !exclusive(path)).map(|path| path.display().to_string()));
        traces
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // A test that failed leaves its machines: they end with their shims.
        let folder = self.folder.path().to_str().unwrap();
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let line = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
            let pid = process.file_name().to_str().and_then(|name| name.parse().ok());
            if let (true, Some(pid)) = (line.contains("shim") && line.contains(folder), pid) {
                let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
            }
        }
        for entry in fs::read_dir(self.folder.path().join("run/system-containers")).into_iter().flatten().flatten() {
            for name in ["net", "user"] {
                let _ = nix::mount::umount2(&entry.path().join(name), nix::mount::MntFlags::MNT_DETACH);
            }
        }
        for path in &self.loops {
            let _ = Command::new("losetup").arg("-d").arg(path).status();
        }
        for hierarchy in fs::read_dir("/sys/fs/cgroup").unwrap().flatten() {
            let group = hierarchy.path().join(format!("hillfog-{}", self.tag));
            for below in ["shims", "machines"] {
                let _ = fs::remove_dir(group.join(below));
            }
            let _ = fs::remove_dir(group);
        }
    }
}

fn places(folder: &Path, tag: &str) -> Places {
    Places {
        data: folder.join("data"),
        runtime: folder.join("run"),
        tag: tag.into(),
        program: env!("CARGO_BIN_EXE_hillfog-shim").into(),
    }
}

/// The order for a small machine.
pub fn order(id: &str, disks: Vec<OpenDisk>) -> BootOrder {
    super::support::contract::order(id, Kind::SystemContainer { host_userland: true }, disks)
}

/// A machine at its serial console.
pub struct Obeying {
    stream: UnixStream,
    heard: String,
}

impl Obeying {
    /// Has a shell's line carried out; its exit code and what it said.
    pub fn run(&mut self, line: &str) -> (i32, String) {
        self.stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        loop {
            let end = self.heard.match_indices('=').find_map(|(at, _)| {
                let rest = &self.heard[at + 1..];
                let (code, _) = rest.split_once("=\n")?;
                Some((at, code.parse::<i32>().ok()?, at + code.len() + 3))
            });
            if let Some((at, code, next)) = end {
                let said = self.heard[..at].to_owned();
                self.heard.drain(..next);
                return (code, said);
            }
            self.hear();
        }
    }

    /// What a line says that has to succeed.
    pub fn ok(&mut self, line: &str) -> String {
        let (code, said) = self.run(line);
        assert_eq!(code, 0, "{line}: {said}");
        said
    }

    /// What a line says that has to fail.
    pub fn fails(&mut self, line: &str) -> String {
        let (code, said) = self.run(line);
        assert_ne!(code, 0, "{line}: {said}");
        said
    }

    /// Types something without waiting for its end.
    pub fn types(&mut self, line: &str) {
        self.stream.write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    fn until(&mut self, text: &str) {
        while !self.heard.contains(text) {
            self.hear();
        }
        let at = self.heard.find(text).unwrap() + text.len();
        self.heard.drain(..at);
    }

    fn hear(&mut self) {
        let mut buffer = [0; 4096];
        let count = loop {
            match self.stream.read(&mut buffer) {
                // A socket with a time limit is interrupted by any signal, such as that of a child that has ended.
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read.unwrap_or_else(|error| panic!("{error}; heard: {}", self.heard)),
            }
        };
        assert_ne!(count, 0, "the console has ended; heard: {}", self.heard);
        self.heard += &String::from_utf8_lossy(&buffer[..count]).replace('\r', "");
    }
}

pub fn run(program: &str, arguments: &[&str]) {
    let done = Command::new(program).args(arguments).output().unwrap();
    assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

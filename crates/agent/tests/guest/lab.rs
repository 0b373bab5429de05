//! A host with one driver, its disks, and guests that obey at their serial ports.

use super::support::contract;
use agent::{
    driver::container::Places,
    machine::{BootOrder, Life, MachineDriver, OpenDisk, guest::Guests},
};
use agent_proto::machine::{Backing, Disk, Halt, Kind, OffCause};
use blocks::{BlockStore, Client, Create, DataKey, Keys, Limits, Start, Volume};
use model::Env;
use std::{
    fs,
    io::{Read, Write},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// Where each test's loop devices, folders and groups are; removed with everything in it.
pub struct Lab {
    pub folder: tempfile::TempDir,
    pub tag: String,
    pub driver: Guests,
    loops: Vec<PathBuf>,
    volumes: Vec<(Client, nix::unistd::Pid)>,
}

impl Lab {
    /// `None` where it can't be: said loudly.
    pub fn new(test: &str) -> Option<Self> {
        if !super::support::is_root(test) {
            return None;
        }
        for program in ["/usr/bin/qemu-system-x86_64", "/usr/sbin/losetup", "/usr/bin/as", "/usr/bin/ld"] {
            if !Path::new(program).exists() {
                eprintln!("SKIPPED {test}: it needs {program}");
                return None;
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let tag = format!("test-{}", Env::system().hex(8));
        let driver = Guests::new(places(folder.path(), &tag), Env::system()).unwrap();
        Some(Self { folder, tag, driver, loops: Vec::new(), volumes: Vec::new() })
    }

    /// The driver of a server that has come back.
    pub fn again(&self) -> Guests {
        Guests::new(places(self.folder.path(), &self.tag), Env::system()).unwrap()
    }

    /// A disk with the system in its boot sector.
    pub fn root(&mut self) -> OpenDisk {
        let image = self.system();
        self.open("/dev/xvda", "vol-0000000000000000a", &image, true)
    }

    /// The order for a guest whose root disk is a volume of so many bytes, which can keep its memory.
    pub async fn sleeper(&mut self, key: Option<DataKey>, size: u64) -> BootOrder {
        let (folder, runtime) = (self.volume(), self.folder.path().join("serving"));
        let (store, keys) = (BlockStore::open(&self.folder.path().join("store")).unwrap(), Keys { own: key, source: None });
        Volume::create(&folder, &Create { id: "vol-1", size, key: keys.own.as_ref(), source: None }, &store).unwrap();
        let volume = Volume::open(&folder, &store, &keys).unwrap();
        volume.write_at(0, &fs::read(self.system()).unwrap()[..512]).unwrap();
        volume.close().unwrap();
        let (program, store) = (Path::new(env!("CARGO_BIN_EXE_hillfog-shim")), self.folder.path().join("store"));
        let start = Start { program, folder: &folder, runtime: &runtime, store: &store, keys: &keys, limits: Limits::NONE };
        let (client, attached) = Client::start(&start).await.unwrap();
        self.volumes.push((client, nix::unistd::Pid::from_raw(attached.pid as i32)));
        let disk = Disk { device: "/dev/xvda".into(), backing: Backing::Volume("vol-1".into()), root: true };
        let order = order("i-1", vec![OpenDisk { disk, device: attached.device, size }]);
        BootOrder { memory: Some(runtime), ..order }
    }

    /// The folder of that volume.
    pub fn volume(&self) -> PathBuf {
        self.folder.path().join("volumes/vol-1")
    }

    /// What is in a guest's memory from when it was read from its disk: the system's code.
    pub fn boot_sector(&self) -> Vec<u8> {
        fs::read(self.folder.path().join("root.img")).unwrap()[..64].to_vec()
    }

    /// A file with the system in its boot sector.
    fn system(&self) -> PathBuf {
        let (object, image) = (self.folder.path().join("tiny.o"), self.folder.path().join("root.img"));
        let (object, path) = (object.to_str().unwrap(), image.to_str().unwrap());
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guest/tiny.s");
        run("as", &["--32", "-o", object, source.to_str().unwrap()]);
        run("ld", &["-m", "elf_i386", "-Ttext", "0x7c00", "--oformat", "binary", "-e", "_start", "-o", path, object]);
        run("truncate", &["-s", "1M", path]);
        image
    }

    /// An empty disk.
    pub fn disk(&mut self, device: &str) -> OpenDisk {
        let image = self.folder.path().join(format!("disk-{}.img", self.loops.len()));
        run("truncate", &["-s", "8M", image.to_str().unwrap()]);
        self.open(device, "vol-0123456789abcdef0", &image, false)
    }

    fn open(&mut self, device: &str, volume: &str, image: &Path, root: bool) -> OpenDisk {
        let made = Command::new("/usr/sbin/losetup").args(["-f", "--show"]).arg(image).output().unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let path = PathBuf::from(String::from_utf8(made.stdout).unwrap().trim());
        self.loops.push(path.clone());
        let disk = Disk { device: device.into(), backing: Backing::Volume(volume.into()), root };
        OpenDisk { disk, device: path, size: fs::metadata(image).unwrap().len() }
    }

    /// Makes a disk larger.
    pub fn grow(&self, disk: &OpenDisk, size: &str) {
        let device = disk.device.to_str().unwrap();
        let image = Command::new("/usr/sbin/losetup").args(["-n", "-O", "BACK-FILE", device]).output().unwrap();
        run("truncate", &["-s", size, String::from_utf8(image.stdout).unwrap().trim()]);
        run("losetup", &["-c", device]);
    }

    /// Starts a guest and waits until it obeys.
    pub async fn start(&self, order: &BootOrder) -> Obeying {
        self.driver.prepare(&order.machine).await.unwrap();
        self.driver.start(order).await.unwrap();
        self.connect(&order.machine.id)
    }

    /// The serial port of a guest that runs.
    pub fn connect(&self, id: &str) -> Obeying {
        let stream = UnixStream::connect(self.driver.console_socket(id).unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
        Obeying { stream }
    }

    /// How a guest ended, when it has.
    pub async fn ended(&self, id: &str) -> OffCause {
        let mut seen = self.driver.inspect(id).await.unwrap();
        loop {
            if let Life::Ended { cause, .. } = seen.life {
                return cause;
            }
            seen = self.driver.changed(id, &seen).await.unwrap();
        }
    }

    pub async fn kill(&self, id: &str) {
        self.driver.halt(id, Halt::Force).await.unwrap();
        self.ended(id).await;
        self.driver.release(id).await.unwrap();
    }

    /// A guest's folder.
    pub fn data(&self, id: &str) -> PathBuf {
        self.folder.path().join("data/guests").join(id)
    }

    /// The process `shim`, or `init`: its monitor.
    pub fn process(&self, id: &str, which: &str) -> nix::unistd::Pid {
        let state: serde_json::Value = serde_json::from_slice(&fs::read(self.data(id).join("state.json")).unwrap()).unwrap();
        nix::unistd::Pid::from_raw(state[which]["pid"].as_i64().unwrap() as i32)
    }

    /// Ends everything and asserts that nothing is left.
    pub async fn leave(mut self) {
        self.driver.teardown().await.unwrap();
        for (volume, _) in std::mem::take(&mut self.volumes) {
            volume.stop(false).await.unwrap();
        }
        assert_eq!(self.traces(), Vec::<String>::new());
    }

    /// What is on the host because of this lab, outside its folder.
    pub fn traces(&self) -> Vec<String> {
        let folder = self.folder.path().to_str().unwrap();
        let mut traces = Vec::new();
        for hierarchy in fs::read_dir("/sys/fs/cgroup").unwrap().flatten() {
            let group = hierarchy.path().join(format!("hillfog-{}/guests", self.tag));
            traces.extend(group.exists().then(|| group.display().to_string()));
        }
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let line = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
            traces.extend(line.contains(folder).then(|| line.replace('\0', " ")));
        }
        let runtime = self.folder.path().join("run");
        traces.extend(fs::read_dir(runtime).into_iter().flatten().flatten().map(|entry| entry.path().display().to_string()));
        traces
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        // A test that failed leaves its guests: they end with their shims.
        let folder = self.folder.path().to_str().unwrap();
        for process in fs::read_dir("/proc").unwrap().flatten() {
            let line = fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
            let pid = process.file_name().to_str().and_then(|name| name.parse().ok());
            if let (true, Some(pid)) = (line.contains("shim") && line.contains(folder), pid) {
                let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
            }
        }
        // A volume's device is freed when its server is gone.
        for (_, server) in &self.volumes {
            let _ = nix::sys::signal::kill(*server, nix::sys::signal::Signal::SIGKILL);
        }
        for path in &self.loops {
            let _ = Command::new("/usr/sbin/losetup").arg("-d").arg(path).status();
        }
        for hierarchy in fs::read_dir("/sys/fs/cgroup").unwrap().flatten() {
            let group = hierarchy.path().join(format!("hillfog-{}", self.tag));
            for below in ["shims", "guests"] {
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

/// The order for a small guest.
pub fn order(id: &str, disks: Vec<OpenDisk>) -> BootOrder {
    contract::order(id, Kind::Guest { uefi: false }, disks)
}

/// A guest at its serial port.
pub struct Obeying {
    stream: UnixStream,
}

impl Obeying {
    /// How often its clock has ticked since it booted.
    pub fn ticks(&mut self) -> u32 {
        self.ask(b'n')
    }

    /// How many sectors its first other disk had when it booted.
    pub fn sectors(&mut self) -> u32 {
        self.ask(b'd')
    }

    /// Switches itself off.
    pub fn power_off(&mut self) {
        self.stream.write_all(b"q").unwrap();
    }

    /// Reboots itself.
    pub fn reboot(&mut self) {
        self.stream.write_all(b"r").unwrap();
    }

    /// Asks until it answers: what is typed while it boots is lost.
    fn ask(&mut self, letter: u8) -> u32 {
        for _ in 0..60 {
            self.stream.write_all(&[letter]).unwrap();
            while let Some(line) = self.line() {
                if let Ok(number) = u32::from_str_radix(&line, 16) {
                    return number;
                }
            }
        }
        panic!("it doesn't answer");
    }

    /// `None`: it is silent.
    fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let mut byte = [0];
        loop {
            match self.stream.read_exact(&mut byte) {
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return None,
                other => other.unwrap(),
            }
            match byte[0] {
                b'\n' => return Some(String::from_utf8_lossy(&line).into_owned()),
                other => line.push(other),
            }
        }
    }
}

pub fn run(program: &str, arguments: &[&str]) {
    let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
    let done = Command::new(program).args(arguments).env("PATH", path).output().unwrap();
    assert!(done.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
}

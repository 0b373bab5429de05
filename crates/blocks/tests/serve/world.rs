//! A store, volumes in it, their servers, and what is done to them from outside.

use blocks::{Attached, BlockStore, Client, Create, DataKey, Error, Keys, Limits, SnapshotStatus, Source, Stored, Volume};
use nix::{
    mount::{MntFlags, MsFlags, mount, umount2},
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    ffi::OsStr,
    fs::{self, File},
    io,
    os::{
        fd::AsRawFd,
        unix::fs::{FileExt, OpenOptionsExt},
    },
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

/// A store and one volume of it.
pub struct World {
    root: Arc<tempfile::TempDir>,
    pub folder: PathBuf,
    pub runtime: PathBuf,
    pub keys: Keys,
    id: String,
}

impl World {
    /// `None`, and a loud word, where there can be no volumes.
    pub fn new(name: &str, key: Option<DataKey>) -> Option<World> {
        let able = nix::unistd::geteuid().is_root() && Path::new("/dev/fuse").exists() && Path::new("/dev/loop-control").exists();
        if !able {
            eprintln!("SKIPPED: a volume's device needs root, /dev/fuse and /dev/loop-control");
            return None;
        }
        let root = Arc::new(tempfile::Builder::new().prefix(&format!("hf-blocks-{name}-")).tempdir().unwrap());
        Some(World::of(root, "vol-1", Keys { own: key, source: None }))
    }

    fn of(root: Arc<tempfile::TempDir>, id: &str, keys: Keys) -> World {
        let (folder, runtime) = (root.path().join("volumes").join(id), root.path().join("run").join(id));
        World { folder, runtime, keys, id: id.to_owned(), root }
    }

    /// Another volume of the same store.
    pub fn at(&self, id: &str) -> World {
        World::of(self.root.clone(), id, self.keys.clone())
    }

    pub fn clone_paths(&self) -> World {
        self.at(&self.id)
    }

    pub fn store(&self) -> BlockStore {
        BlockStore::open(&self.root.path().join("store")).unwrap()
    }

    pub fn create(&self, size: u64, snapshot: Option<&str>) {
        let key = self.keys.own.as_ref();
        let source = snapshot.map(|snapshot| Source { snapshot, key });
        Volume::create(&self.folder, &Create { id: &self.id, size, key, source }, &self.store()).unwrap();
    }

    /// Opens the volume without a server.
    pub fn open(&self) -> Volume {
        Volume::open(&self.folder, &self.store(), &self.keys).unwrap()
    }

    pub async fn start(&self) -> Attached {
        self.try_start().await.unwrap().1
    }

    pub async fn try_start(&self) -> Result<(Client, Attached), Error> {
        let store = self.root.path().join("store");
        let start = blocks::Start {
            program: Path::new(env!("CARGO_BIN_EXE_hillfog-volume")),
            folder: &self.folder,
            runtime: &self.runtime,
            store: &store,
            keys: &self.keys,
            limits: Limits::NONE,
        };
        Client::start(&start).await
    }

    pub fn client(&self) -> Client {
        Client::at(&self.runtime)
    }

    /// Waits until a snapshot is stored.
    pub async fn completed(&self, name: &str) -> Stored {
        loop {
            match self.client().progress(name).await.unwrap() {
                SnapshotStatus::Completed(stored) => return stored,
                SnapshotStatus::Failed { why } => panic!("{name} failed: {why}"),
                SnapshotStatus::Pending(progress) => assert!(progress.percent() <= 100),
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub fn mount(&self, device: &Path) -> Mounted {
        let at = tempfile::Builder::new().prefix("mnt-").tempdir_in(self.root.path()).unwrap();
        mount(Some(device), at.path(), Some("ext4"), MsFlags::empty(), None::<&str>).unwrap();
        Mounted(at)
    }

    /// A small disk in memory.
    pub fn tmpfs(&self, name: &str, bytes: u64) -> Mounted {
        let at = tempfile::Builder::new().prefix(name).tempdir_in(self.root.path()).unwrap();
        mount(Some("tmpfs"), at.path(), Some("tmpfs"), MsFlags::empty(), Some(format!("size={bytes}").as_str())).unwrap();
        Mounted(at)
    }

    pub fn is_alive(&self, pid: u32) -> bool {
        // A zombie, which it can be where nobody collects orphans, has ended.
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(')').is_some_and(|(_, rest)| !rest.trim_start().starts_with(['Z', 'X']))
    }

    pub fn has_device(&self, attached: &Attached) -> bool {
        let file = format!("/sys/block/loop{}/loop/backing_file", attached.minor);
        fs::read_to_string(file).is_ok_and(|name| name.contains(&self.file_name()))
    }

    fn file_name(&self) -> String {
        blocks::serve::file_name(&self.runtime).unwrap()
    }

    pub fn signal(&self, pid: u32, signal: Signal) {
        kill(Pid::from_raw(pid as i32), signal).unwrap();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        // Nothing of a failed test stays. The last to go has the folder removed.
        let state = fs::read(self.runtime.join("state.json")).ok();
        if let Some(attached) = state.and_then(|state| serde_json::from_slice::<Attached>(&state).ok())
            && self.is_alive(attached.pid)
        {
            let _ = kill(Pid::from_raw(attached.pid as i32), Signal::SIGKILL);
        }
    }
}

pub struct Mounted(tempfile::TempDir);

impl Mounted {
    pub fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        if umount2(self.0.path(), MntFlags::empty()).is_err() {
            let _ = umount2(self.0.path(), MntFlags::MNT_DETACH);
        }
    }
}

/// A device past the page cache.
pub struct Direct(File);

pub fn direct(device: &Path) -> Direct {
    Direct(File::options().read(true).write(true).custom_flags(nix::libc::O_DIRECT).open(device).unwrap())
}

impl Direct {
    pub fn read(&self, from: u64, length: usize) -> io::Result<Vec<u8>> {
        let mut buffer = Aligned::new(length);
        self.0.read_exact_at(buffer.bytes(), from)?;
        Ok(buffer.bytes().to_vec())
    }

    pub fn write(&self, from: u64, data: &[u8]) -> io::Result<()> {
        let mut buffer = Aligned::new(data.len());
        buffer.bytes().copy_from_slice(data);
        self.0.write_all_at(buffer.bytes(), from)
    }

    pub fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// Memory that a device can reach directly.
struct Aligned {
    memory: Vec<u8>,
    length: usize,
}

impl Aligned {
    fn new(length: usize) -> Aligned {
        Aligned { memory: vec![0; length + 4096], length }
    }

    fn bytes(&mut self) -> &mut [u8] {
        let from = self.memory.as_ptr().align_offset(4096);
        &mut self.memory[from..from + self.length]
    }
}

pub fn mkfs(device: &Path) {
    run("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), device.as_os_str()]);
}

pub fn run(program: &str, arguments: &[&OsStr]) -> String {
    let output = Command::new(program).args(arguments).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program}: {told}");
    told
}

pub fn size_of(device: &Path) -> u64 {
    use std::io::{Seek, SeekFrom};
    File::open(device).unwrap().seek(SeekFrom::End(0)).unwrap()
}

pub fn discard(device: &File, from: u64, length: u64) {
    const BLKDISCARD: nix::libc::Ioctl = 0x1277;
    let range = [from, length];
    // SAFETY: the request reads two numbers.
    assert_eq!(unsafe { nix::libc::ioctl(device.as_raw_fd(), BLKDISCARD, range.as_ptr()) }, 0, "{}", io::Error::last_os_error());
}

/// Bytes that nothing compresses.
pub fn noise(seed: u64, length: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut word = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    (0..length.div_ceil(8)).flat_map(|_| word()).take(length).collect()
}

pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..2000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what}: not within 10 s");
}

//! The real driver in folders of its own, which are removed with everything in them.
#![allow(dead_code, missing_docs)]

use super::MemoryBlobs;
use agent::{
    driver::{ContainerDriver, Driver, container::Places},
    image::{ImageLimits, ImageStore},
    network::ContainerNetwork,
};
use model::Env;
use std::{path::Path, sync::Arc, sync::mpsc};

/// A network namespace of a test's own. The thread that has it goes when this is dropped.
pub struct Netns {
    pub network: ContainerNetwork,
    _thread: mpsc::Sender<()>,
}

impl Netns {
    pub fn new() -> Self {
        let (say, hear) = mpsc::channel();
        let (end, ended) = mpsc::channel::<()>();
        std::thread::spawn(move || {
            nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWNET).unwrap();
            say.send(nix::unistd::gettid()).unwrap();
            let _ = ended.recv();
        });
        let netns = format!("/proc/{}/task/{}/ns/net", std::process::id(), hear.recv().unwrap());
        Self { network: ContainerNetwork { netns: netns.into(), ..Default::default() }, _thread: end }
    }
}

/// A machine's folders.
pub struct Machine {
    pub folder: tempfile::TempDir,
    pub tag: String,
    pub netns: Netns,
}

impl Machine {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), tag: format!("test-{}", Env::system().hex(8)), netns: Netns::new() }
    }

    pub fn places(&self) -> Places {
        Places {
            data: self.folder.path().join("data"),
            runtime: self.folder.path().join("run"),
            tag: self.tag.clone(),
            program: env!("CARGO_BIN_EXE_hillfog-shim").into(),
        }
    }

    pub fn driver(&self, blobs: Arc<MemoryBlobs>) -> ContainerDriver {
        self.bounded(blobs, 64 << 20)
    }

    pub fn bounded(&self, blobs: Arc<MemoryBlobs>, output_bytes: u64) -> ContainerDriver {
        let places = self.places();
        let images = ImageStore::open(&places.data.join("images"), ImageLimits::default()).unwrap();
        ContainerDriver::new(places, images, blobs, Env::system(), output_bytes).unwrap()
    }

    /// Ends everything and asserts that nothing is left.
    pub async fn leave(self, driver: &dyn Driver) {
        driver.teardown().await.unwrap();
        assert_eq!(self.traces(), Vec::<String>::new());
    }

    /// What is on the host because of this machine, outside its folder.
    pub fn traces(&self) -> Vec<String> {
        let mut traces = Vec::new();
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        let folder = self.folder.path().to_str().unwrap();
        traces.extend(mounts.lines().filter(|line| line.contains(folder)).map(str::to_owned));
        for hierarchy in std::fs::read_dir("/sys/fs/cgroup").unwrap().flatten() {
            let group = hierarchy.path().join(format!("hillfog-{}", self.tag));
            traces.extend(group.exists().then(|| group.display().to_string()));
        }
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let line = std::fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
            traces.extend(line.contains(folder).then(|| line.replace('\0', " ")));
        }
        let shims = Path::new(folder).join("run/shims");
        traces.extend(std::fs::read_dir(shims).into_iter().flatten().flatten().map(|e| e.path().display().to_string()));
        traces
    }
}

/// A network that is one namespace.
pub struct OneNetns(pub Netns);

#[async_trait::async_trait]
impl agent::network::Network for OneNetns {
    fn missing(&self) -> Vec<agent_proto::Missing> {
        Vec::new()
    }
    async fn recover(&self, _: &std::collections::BTreeSet<String>) -> Result<(), String> {
        Ok(())
    }
    async fn ensure(&self, _: &[agent_proto::network::Vpc]) -> std::collections::BTreeMap<String, String> {
        Default::default()
    }
    async fn join(&self, workload: &agent_proto::workload::Workload) -> Result<agent::network::NetworkJoin, String> {
        Ok(agent::network::NetworkJoin::shared(workload, self.0.network.clone()))
    }
    async fn leave(&self, _: &str) -> Result<(), String> {
        Ok(())
    }
    async fn plug(
        &self,
        _: &agent_proto::machine::Machine,
        _: &agent_proto::machine::Interface,
        _: &agent::machine::Door,
    ) -> Result<agent::network::Plugged, String> {
        Err("machines have no network here".into())
    }
    async fn unplug(
        &self,
        _: &agent_proto::machine::Machine,
        _: &agent_proto::machine::Interface,
        _: &agent::machine::Door,
    ) -> Result<(), String> {
        Ok(())
    }
    async fn reaches(&self, _: &agent_proto::machine::Machine, _: &agent::machine::Door) -> bool {
        false
    }
    async fn teardown(&self) -> Result<(), String> {
        Ok(())
    }
}

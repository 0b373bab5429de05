//! A cloud, the machine and the edge that it works with, and the disk that outlives its server.

use crate::{Crashes, User, crashes::Fate};
use agent::{FakeHost, driver::FakeDriver, machine::FakeMachines, volume::FakeVolumes};
use agent_proto::{
    function::Nowhere,
    record::{Hosted, HostedMachine, HostedVolume},
};
use blocks::BlockStore;
use cloud::{Cloud, Parts};
use front::{Config, testing::START};
use logic::placement::hosts::Rules;
use model::{Env, Key, Record, elbv2};
use spine::{Read, Snapshot, Store, StoreError};
use std::{path::Path, sync::Arc, time::Duration};
use svc_containers::ecr::{Blobs, Ecr};
use svc_ec2::{ImageMaker, MadeImage, direct::Ebs};
use svc_functions::lambda::CodeStore;
use svc_messaging::sqs::{Queues, mail::MailStore};
use svc_observe::{cloudtrail::TrailStore, logs::store::LogStore};
use tokio::task::yield_now;

/// Where the cloud is told to be.
pub const ENDPOINT: &str = "localhost:4566";

/// The clock never moves further at once, so that containers whose time has come are seen in time.
const STEP: Duration = Duration::from_secs(60);

/// The clock moves at least so far, if only to have done with it: what looks for news every half second would make an hour long.
const TICK: Duration = Duration::from_secs(5);

/// So many turns everybody has before it is believed that nothing goes on.
const TURNS: usize = 100;

/// A world that has not come to rest after so many looks never does.
const MOST_LOOKS: usize = 1000;

/// So many turns whoever was told to end may take for it.
const LONGEST_END: usize = 1_000_000;

/// What is written by others than reconcilers and handlers: the links' listeners.
const REPORTED: &[&str] = &[Hosted::KIND, HostedMachine::KIND, HostedVolume::KIND, elbv2::Target::KIND, elbv2::Listener::KIND];

/// A cloud and all that it stands on.
pub struct World {
    /// When its server dies by itself.
    pub crashes: Crashes,
    /// What serves the load balancers; a process of its own, which outlives the server.
    pub edge: Arc<edge::Fake>,
    env: Env,
    records: Records,
    events: Arc<LogStore>,
    messages: Arc<MailStore>,
    trail: Arc<TrailStore>,
    disk: tempfile::TempDir,
    /// `None` only while it is being killed.
    server: Option<Server>,
}

/// Where records outlive the server.
enum Records {
    Memory(Store),
    Disk,
}

/// What dies with the server.
struct Server {
    cloud: Cloud,
    store: Store,
    host: Arc<FakeHost>,
}

/// Written and waited for to know that everything has been written that was before it.
enum Barrier {}

impl Record for Barrier {
    const KIND: &'static str = "sim/barrier";
    type Spec = ();
    type Plan = ();
    type Observed = ();
}

impl World {
    /// An empty world whose records are in memory.
    pub async fn new() -> Self {
        Self::with(Records::Memory(Store::ephemeral()), Crashes::never()).await
    }

    /// An empty world whose records are on a disk, from which they are read again after each crash.
    pub async fn on_disk(crashes: Crashes) -> Self {
        Self::with(Records::Disk, crashes).await
    }

    async fn with(records: Records, crashes: Crashes) -> Self {
        let (env, _) = Env::manual(START, 1);
        let disk = folder();
        let host = FakeHost::new(env.clone()).await.expect("a machine in memory");
        let edge = Arc::new(edge::Fake::healthy());
        let events = Arc::new(LogStore::new(&disk.path().join("logs")));
        let trail = Arc::new(TrailStore::new(&disk.path().join("trail")));
        let messages = Arc::new(MailStore::new(&disk.path().join("messages")));
        let mut world = Self { crashes, edge, env, records, events, messages, trail, disk, server: None };
        world.start(host).await;
        world
    }

    /// The root of an account, in `us-east-1`.
    pub fn user(&self, account: &str) -> User {
        let server = self.server();
        User::new(&server.cloud.front, &server.store, account)
    }

    /// The records as they are.
    pub fn snapshot(&self) -> Snapshot {
        self.server().store.snapshot()
    }

    /// The assembled cloud.
    pub fn cloud(&self) -> &Cloud {
        &self.server().cloud
    }

    /// What runs containers; a machine that outlives the server.
    pub fn machine(&self) -> FakeDriver {
        self.server().host.driver.clone()
    }

    /// What runs instances; machines that outlive the server.
    pub fn machines(&self) -> FakeMachines {
        self.server().host.machines.clone()
    }

    /// What keeps volumes; disks that outlive the server.
    pub fn volumes(&self) -> FakeVolumes {
        self.server().host.volumes.clone()
    }

    /// Kills the server in whatever it is doing, and starts another in its place.
    pub async fn crash(&mut self) {
        self.crash_while(|_| {}).await;
    }

    /// Kills the server, and starts another once `meanwhile` has happened to the machine.
    pub async fn crash_while(&mut self, meanwhile: impl FnOnce(&FakeDriver)) {
        self.crashes.count();
        let Server { cloud, store, host } = self.server.take().expect("a server");
        drop((cloud, store));
        let host = alone(host).await;
        meanwhile(&host.driver);
        let host = host.restart().await.expect("the machine is still there");
        self.start(host).await;
    }

    /// Lets time pass, with whatever happens in it: reconcilers run at the moments that they asked for or a little later, and the
    /// server dies as often as it may.
    pub async fn pass(&mut self, time: Duration) {
        self.rest().await;
        let end = self.env.now() + time;
        while self.env.now() < end {
            let latest = end.min(self.env.now() + STEP);
            let stop = self.cloud().runner.next_wake().map_or(latest, |wake| wake.max(self.env.now() + TICK).min(latest));
            self.env.clock.advance(stop.since(self.env.now()));
            self.rest().await;
        }
    }

    /// Ends when everything is done that can be done at this moment, however often the server dies.
    async fn rest(&mut self) {
        while let Some(fate) = self.crashes.next() {
            let died = tokio::select! {
                biased;
                () = self.doom(fate) => true,
                () = self.settle() => false,
            };
            if !died {
                return;
            }
            self.crash().await;
        }
        self.settle().await;
    }

    /// Ends when the server's time has come.
    async fn doom(&self, fate: Fate) {
        let runs = || self.cloud().runner.status().iter().map(|status| status.runs).sum::<u64>();
        while runs() < fate.runs {
            yield_now().await;
        }
        for _ in 0..fate.yields {
            yield_now().await;
        }
    }

    /// Ends when everything is done that can be done at this moment. Reconcilers say so themselves. The machine, which is made of
    /// tasks in this thread, has done its part when many turns and all commits that were under way have brought no news.
    ///
    /// # Panics
    /// If there is no end of it.
    pub async fn settle(&self) {
        let Server { cloud, store, .. } = self.server();
        let mut news = store.watch(REPORTED);
        for _ in 0..MOST_LOOKS {
            if let Err(error) = cloud.runner.settle().await {
                panic!("{error}: {:#?}", cloud.runner.status());
            }
            for _ in 0..TURNS {
                yield_now().await;
            }
            pass_barrier(store).await;
            if !news.pending() {
                return;
            }
            news.mark_seen();
        }
        panic!("the world doesn't come to rest: {:#?}", cloud.runner.status());
    }

    async fn start(&mut self, host: FakeHost) {
        let store = match &self.records {
            Records::Memory(store) => store.clone(),
            Records::Disk => open(&self.disk.path().join("store")).await,
        };
        let blobs = Blobs::open(&self.disk.path().join("blobs")).expect("a folder");
        let code = CodeStore::open(&self.disk.path().join("code")).expect("a folder");
        let blocks = BlockStore::open(&self.disk.path().join("blocks")).expect("a folder");
        let objects = svc_storage::s3::Blobs::open(&self.disk.path().join("objects")).expect("a folder");
        let host = Arc::new(host);
        let parts = Parts {
            store: store.clone(),
            env: self.env.clone(),
            host: host.clone(),
            functions: Arc::new(Nowhere),
            edge: self.edge.clone(),
            ecr: Arc::new(Ecr { store: store.clone(), blobs }),
            code: Arc::new(code),
            objects,
            images: Arc::new(NoBlocks),
            ebs: Arc::new(Ebs { store: store.clone(), blocks }),
            events: self.events.clone(),
            trail: self.trail.clone(),
            queues: Queues::new(store.clone(), self.env.clone(), self.messages.clone()),
            placement: Rules::default(),
            front: Config::loopback(ENDPOINT),
        };
        self.server = Some(Server { cloud: Cloud::assemble(parts, None), store, host });
    }

    fn server(&self) -> &Server {
        self.server.as_ref().expect("a server")
    }
}

/// Images that have no blocks: the hosts here are fakes.
struct NoBlocks;

#[async_trait::async_trait]
impl ImageMaker for NoBlocks {
    async fn quick_start(&self, _: &str, _: u32) -> Result<MadeImage, String> {
        Ok(MadeImage { bytes: 0 })
    }
}

/// A folder in memory where there is such a thing: these worlds lose servers, not power.
fn folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

async fn pass_barrier(store: &Store) {
    let (account, region) = crate::state::place(User::FIRST);
    let key = Key::<Barrier>::new(&account, &region, "barrier");
    let written = store.transact(|tx| if tx.exists(&key)? { tx.delete(&key) } else { tx.create(&key, &()) });
    written.await.expect("a commit");
}

/// The machine, once the tasks of the dead server have let go of it.
async fn alone(mut host: Arc<FakeHost>) -> FakeHost {
    for _ in 0..LONGEST_END {
        match Arc::try_unwrap(host) {
            Ok(host) => return host,
            Err(held) => host = held,
        }
        yield_now().await;
    }
    panic!("somebody of the dead server still lives");
}

/// The store, once the tasks of the dead server have let go of it.
async fn open(folder: &Path) -> Store {
    for _ in 0..LONGEST_END {
        match Store::open(folder) {
            Err(StoreError::InUse { .. }) => yield_now().await,
            opened => return opened.expect("the store opens again"),
        }
    }
    panic!("somebody of the dead server still has the store");
}

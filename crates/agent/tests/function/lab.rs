//! A host of functions in folders of its own, which leaves nothing.

use crate::support::MemoryBlobs;
use agent::{
    driver::container::Places,
    function::{Config, Functions, Host},
    image::{Digest, ImageLimits, ImageStore},
    net::{self, functions::FunctionNet},
};
use agent_proto::{
    function::{
        Answer, Code, Credentials, Environment, FunctionError, FunctionFault, FunctionHost, Invocation, Invoked, Log, Zip,
    },
    workload::{ImageSource, LogPosition},
};
use model::Env;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    io::{Cursor, Write},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::runtime::{self, Runtime};
use zip::{ZipWriter, write::SimpleFileOptions};

/// A host, and what it is made of.
pub struct Lab {
    pub folder: tempfile::TempDir,
    pub tag: String,
    pub env: Env,
    blobs: MemoryBlobs,
    host: Option<Host>,
    /// What the server's tasks run in: they end with it.
    server: Option<Runtime>,
}

impl Lab {
    pub fn new() -> Self {
        let env = Env::system();
        // Short: a socket's path has room for 108 bytes.
        Self {
            folder: tempfile::tempdir().unwrap(),
            tag: format!("fn{}", env.hex(6)),
            env,
            blobs: MemoryBlobs::default(),
            host: None,
            server: None,
        }
    }

    /// A host with one function whose code has these files, started once with these settings changed.
    pub async fn with(runtime: &str, handler: &str, files: &[(&str, &str)]) -> (Self, Environment) {
        Self::changed(runtime, handler, files, |_| {}).await
    }

    pub async fn changed(
        runtime: &str,
        handler: &str,
        files: &[(&str, &str)],
        change: impl FnOnce(&mut Environment),
    ) -> (Self, Environment) {
        let mut lab = Self::new();
        let zip = lab.zip(files);
        let mut environment = lab.environment(runtime, handler, zip);
        change(&mut environment);
        lab.open().await;
        lab.start(&environment).await.unwrap();
        (lab, environment)
    }

    /// A zip among the blobs.
    pub fn zip(&mut self, files: &[(&str, &str)]) -> Zip {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in files {
            writer.start_file(*name, SimpleFileOptions::default().unix_permissions(0o755)).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
        let digest: Digest = self.blobs.add(writer.finish().unwrap().into_inner());
        Zip { sha256: digest.hex().to_owned() }
    }

    /// The digest of an image of busybox.
    pub fn image(&mut self, config: Value) -> String {
        match crate::support::workload::image(&mut self.blobs, config).source {
            ImageSource::Registry { digest, .. } => digest,
            other => panic!("{other:?}"),
        }
    }

    pub fn environment(&self, runtime: &str, handler: &str, zip: Zip) -> Environment {
        let id = self.env.hex(32);
        Environment {
            serves: "test".into(),
            name: "work".into(),
            version: "$LATEST".into(),
            arn: "arn:aws:lambda:us-east-1:000000000000:function:work".into(),
            region: "us-east-1".into(),
            runtime: Some(runtime.into()),
            handler: Some(handler.into()),
            code: Code::Zip(zip),
            layers: Vec::new(),
            memory_mib: 128,
            storage_mib: 512,
            timeout: Duration::from_secs(20),
            variables: BTreeMap::from([("COLOUR".into(), "blue".into())]),
            credentials: Credentials { access_key_id: "AKIA".into(), secret_access_key: "secret".into(), token: "token".into() },
            log: Log {
                group: "/aws/lambda/work".into(),
                stream: format!("2026/01/01/[$LATEST]{id}"),
                json: false,
                application_level: None,
                system_level: None,
            },
            provisioned: false,
            id,
        }
    }

    fn places(&self) -> Places {
        Places {
            data: self.folder.path().join("data"),
            runtime: self.folder.path().join("run"),
            tag: self.tag.clone(),
            program: env!("CARGO_BIN_EXE_hillfog-shim").into(),
        }
    }

    /// A server begins, or one comes back that is killed in the middle of what it does.
    pub async fn open(&mut self) {
        self.host = None;
        if let Some(killed) = self.server.take() {
            tokio::task::spawn_blocking(move || drop(killed)).await.unwrap();
        }
        let server = runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let places = self.places();
        let settings = net::Settings { runtime: places.runtime.clone(), tag: self.tag.clone(), domain: None };
        let config = Config {
            env: self.env.clone(),
            net: FunctionNet::new(&settings).unwrap(),
            blobs: Arc::new(std::mem::take(&mut self.blobs)),
            images: Arc::new(ImageStore::open(&places.data.join("images"), ImageLimits::default()).unwrap()),
            runtime_images: BTreeMap::new(),
            most_environments: None,
            api: Some(self.api()),
            output_bytes: 8 << 20,
            places,
        };
        self.host = Some(Host(server.spawn(Functions::new(config)).await.unwrap().unwrap()));
        self.server = Some(server);
    }

    /// Where the environments' way to the cloud's API leads.
    pub fn api(&self) -> PathBuf {
        self.folder.path().join("api")
    }

    pub fn host(&self) -> &Host {
        self.host.as_ref().unwrap()
    }

    pub async fn start(&self, environment: &Environment) -> Result<Duration, FunctionFault> {
        let (host, environment) = (Host(self.host().0.clone()), environment.clone());
        self.server.as_ref().unwrap().spawn(async move { host.start(environment).await }).await.unwrap()
    }

    pub fn invocation(&self, event: &Value) -> Invocation {
        Invocation {
            request_id: self.env.uuid(),
            payload: event.to_string().into(),
            invoked_arn: "arn:aws:lambda:us-east-1:000000000000:function:work".into(),
            trace_id: "Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0".into(),
            client_context: None,
            cognito_identity: None,
            streams: false,
        }
    }

    pub async fn invoke(&self, environment: &Environment, event: Value) -> Invoked {
        self.host().invoke(&environment.id, self.invocation(&event)).await.unwrap()
    }

    /// What a function answers that doesn't fail.
    pub async fn answer(&self, environment: &Environment, event: Value) -> Value {
        match self.invoke(environment, event).await.answer {
            Answer::Whole(payload) => serde_json::from_slice(&payload).unwrap(),
            other => panic!("{other:?}\n{}", self.log(environment).join("\n")),
        }
    }

    /// How a function fails: the type that is told beside, and the JSON.
    pub async fn failure(&self, environment: &Environment, event: Value) -> (String, Value) {
        match self.invoke(environment, event).await.answer {
            Answer::Failed(FunctionError { kind, payload }) => (kind, serde_json::from_slice(&payload).unwrap()),
            other => panic!("{other:?}"),
        }
    }

    /// All lines that an environment has written.
    pub fn log(&self, environment: &Environment) -> Vec<String> {
        let (mut lines, mut at) = (Vec::new(), LogPosition(0));
        while let Some(chunk) = self.host().0.read_log(&environment.id, at).unwrap() {
            if chunk.lines.is_empty() {
                break;
            }
            at = chunk.next;
            lines.extend(chunk.lines.into_iter().map(|line| line.text));
        }
        lines
    }

    /// Ends everything, and asserts that nothing is left.
    pub async fn leave(mut self) {
        let host = self.host.take().unwrap();
        host.0.teardown().await.unwrap();
        assert_eq!(self.traces(), Vec::<String>::new());
    }

    /// What is on the host because of it, outside its folder.
    pub fn traces(&self) -> Vec<String> {
        let folder = self.folder.path().to_str().unwrap();
        let mounts = std::fs::read_to_string("/proc/self/mounts").unwrap();
        let mut traces: Vec<String> = mounts.lines().filter(|line| line.contains(folder)).map(str::to_owned).collect();
        for hierarchy in std::fs::read_dir("/sys/fs/cgroup").unwrap().flatten() {
            let group = hierarchy.path().join(format!("hillfog-{}/functions", self.tag));
            traces.extend(group.exists().then(|| group.display().to_string()));
        }
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let line = std::fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
            traces.extend(line.contains(folder).then(|| line.replace('\0', " ")));
        }
        traces
    }
}

impl Drop for Lab {
    /// A test that has failed leaves nothing either: environments end with their shims.
    fn drop(&mut self) {
        self.server.take().into_iter().for_each(Runtime::shutdown_background);
        let folder = self.folder.path().to_str().unwrap().to_owned();
        for process in std::fs::read_dir("/proc").unwrap().flatten() {
            let line = std::fs::read_to_string(process.path().join("cmdline")).unwrap_or_default();
            if line.contains(&folder)
                && let Ok(pid) = process.file_name().to_string_lossy().parse()
            {
                let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL);
            }
        }
        let _ = netns::Namespace::remove(&self.folder.path().join("run/netns/functions"));
    }
}

//! A cloud that has Lambda, IAM and KMS, and a host that runs Python and nothing else.

use agent_proto::function::{Environment, Found, FunctionFault, FunctionHost, Invocation, Invoked};
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use front::{
    calls::Calls,
    testing::{Bench, Reply, Signer},
};
use serde_json::{Value, json};
use spine::{
    Store,
    reconcile::{ReconcileCx, Reconciler},
};
use std::{
    io::{Cursor, Write},
    sync::Arc,
    time::Duration,
};
use svc_functions::lambda::{
    self, CodeStore, Downloads, Lambda, Releases, Sweeper,
    invoke::Invoker,
    pool::{self, Pool},
};
use svc_identity::iam;
use svc_secrets::kms;
use tokio::sync::mpsc;
use zip::{ZipWriter, write::SimpleFileOptions};

pub const ROLE: &str = "arn:aws:iam::111122223333:role/runs";
pub const FUNCTION: &str = "arn:aws:lambda:us-east-1:111122223333:function:f";

/// Functions of that date's API.
const OLD: &str = "/2015-03-31/functions";

/// A host that runs Python.
struct Snakes;

#[async_trait]
impl FunctionHost for Snakes {
    fn refuses(&self, runtime: Option<&str>) -> Option<String> {
        let runs = runtime.is_none_or(|runtime| runtime.starts_with("python"));
        (!runs).then(|| "This host has nothing that runs it.".to_owned())
    }
    fn room_mib(&self) -> u64 {
        0
    }
    async fn start(&self, environment: Environment) -> Result<Duration, FunctionFault> {
        Err(FunctionFault::NoRoom(environment.id))
    }
    async fn invoke(&self, environment: &str, _: Invocation) -> Result<Invoked, FunctionFault> {
        Err(FunctionFault::Gone(environment.to_owned()))
    }
    async fn stop(&self, _: &str) -> Result<(), FunctionFault> {
        Ok(())
    }
    async fn found(&self) -> Vec<Found> {
        Vec::new()
    }
    fn ended(&self) -> Option<mpsc::UnboundedReceiver<String>> {
        None
    }
}

#[derive(Clone)]
pub struct Cloud {
    pub bench: Bench,
    pub folder: Arc<tempfile::TempDir>,
    releases: Arc<Releases>,
    sweeper: Arc<Sweeper>,
}

impl Cloud {
    /// With the role of all functions.
    pub async fn new() -> Self {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let code = Arc::new(CodeStore::open(folder.path()).unwrap());
        let host = Arc::new(Snakes);
        let bench = Bench::on(Store::ephemeral(), |front, store, env| {
            let pool = Pool::new(store.clone(), env.clone(), host.clone(), pool::rules(&*host));
            let invoker = Invoker::new(store.clone(), env.clone(), pool);
            let lambda = Lambda { store: store.clone(), code: code.clone(), calls: Calls::default() };
            front
                .service(iam::service())
                .service(kms::service(&Arc::new(store.clone())))
                .service(lambda::service(&Arc::new(lambda), &invoker))
                .mount(Arc::new(Downloads::new(store.clone(), code.clone())))
        });
        let releases = Arc::new(Releases::new(host, "amd64"));
        let cloud = Self { bench, folder, releases, sweeper: Arc::new(Sweeper::new(code)) };
        cloud.role("runs", "lambda.amazonaws.com").await;
        cloud
    }

    /// With a function `f`.
    pub async fn with_function() -> Self {
        let cloud = Self::new().await;
        cloud.create("f", json!({})).await;
        cloud.settle().await;
        cloud
    }

    pub async fn role(&self, name: &str, service: &str) {
        let trust = json!({"Version": "2012-10-17", "Statement": [
            {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}]});
        let trust = trust.to_string();
        self.iam("CreateRole", &[("RoleName", name), ("AssumeRolePolicyDocument", &trust)]).await;
    }

    pub async fn iam(&self, operation: &str, parameters: &[(&str, &str)]) -> Reply {
        let reply = self.bench.form("iam", operation, parameters).await;
        assert_eq!(reply.status, 200, "{operation}: {}", reply.text());
        reply
    }

    /// The same cloud, called by a new user who may do what the statements say.
    pub async fn user(&self, name: &str, statements: Value) -> Self {
        let document = json!({"Version": "2012-10-17", "Statement": statements}).to_string();
        self.iam("CreateUser", &[("UserName", name)]).await;
        self.iam("PutUserPolicy", &[("UserName", name), ("PolicyName", "p"), ("PolicyDocument", &document)]).await;
        let key = self.iam("CreateAccessKey", &[("UserName", name)]).await;
        let signer =
            Signer { access_key_id: key.element("AccessKeyId"), secret_access_key: key.element("SecretAccessKey"), token: None };
        Self { bench: self.bench.signed_by(signer), ..self.clone() }
    }

    /// The same cloud, called by the root of another account.
    pub fn account(&self, account: &str) -> Self {
        Self { bench: self.bench.account(account), ..self.clone() }
    }

    /// Has releases brought into service.
    pub async fn settle(&self) {
        self.reconcile(&*self.releases).await;
    }

    /// Has the bytes swept.
    pub async fn sweep(&self) {
        self.bench.advance(Duration::from_secs(3600));
        self.reconcile(&*self.sweeper).await;
    }

    async fn reconcile(&self, reconciler: &dyn Reconciler) {
        reconciler.reconcile(&ReconcileCx::new(self.bench.store.clone(), self.bench.env.clone())).await.unwrap();
    }

    /// As many files of code as there are.
    pub fn files(&self) -> usize {
        std::fs::read_dir(self.folder.path()).unwrap().count()
    }

    pub async fn call(&self, method: &str, path: &str, input: Value) -> Reply {
        self.bench.rest("lambda", method, path, input).await
    }

    /// A call that has to succeed.
    pub async fn ok(&self, method: &str, path: &str, input: Value) -> Value {
        let reply = self.call(method, path, input).await;
        assert!((200..300).contains(&reply.status), "{method} {path}: {} {}", reply.status, reply.text());
        reply.json()
    }

    /// A call that has to fail with the code, without changing anything; the error's message.
    pub async fn fails(&self, method: &str, path: &str, input: Value, code: &str) -> String {
        // The first call of all is noted: the account in the region, the use of the key.
        self.call("GET", OLD, Value::Null).await;
        let before = self.bench.store.snapshot().revision();
        let reply = self.call(method, path, input).await;
        let given = reply.headers.get("x-amzn-errortype").and_then(|code| code.to_str().ok()).unwrap_or_default();
        assert_eq!(given, code, "{method} {path}: {} {}", reply.status, reply.text());
        assert_eq!(self.bench.store.snapshot().revision(), before, "{method} {path} changed something");
        reply.message()
    }

    pub async fn get(&self, path: &str) -> Value {
        self.ok("GET", &at(path), Value::Null).await
    }

    /// Makes a function, of Python unless it is said otherwise.
    pub async fn create(&self, name: &str, more: Value) -> Value {
        self.ok("POST", OLD, wish(name, more)).await
    }

    /// Fails to make a function.
    pub async fn refused(&self, more: Value, code: &str) -> String {
        self.fails("POST", OLD, wish("g", more), code).await
    }

    /// Changes the configuration of `f`, and has it settled.
    pub async fn configure(&self, wish: Value) -> Value {
        let made = self.ok("PUT", &at("f/configuration"), wish).await;
        self.settle().await;
        made
    }

    /// Publishes `f`; the version's number.
    pub async fn publish(&self) -> String {
        let version = self.ok("POST", &at("f/versions"), json!({})).await;
        self.settle().await;
        version["Version"].as_str().unwrap().to_owned()
    }
}

/// What is under a function.
pub fn at(path: &str) -> String {
    format!("{OLD}/{path}")
}

/// What makes a function.
pub fn wish(name: &str, more: Value) -> Value {
    let mut wish = json!({
        "FunctionName": name,
        "Role": ROLE,
        "Runtime": "python3.12",
        "Handler": "app.handler",
        "Code": {"ZipFile": base64(&zip("app.py", b"def handler(event, context): return event"))},
    });
    wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    wish.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    wish
}

/// A zip of one file.
pub fn zip(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    writer.start_file(name, SimpleFileOptions::default()).unwrap();
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap().into_inner()
}

pub fn base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

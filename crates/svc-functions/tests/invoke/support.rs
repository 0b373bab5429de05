//! A cloud of functions in the process of a test.

use bytes::Bytes;
use front::{
    calls::Calls,
    testing::{Bench, Reply},
};
use http::{Method, Request};
use logic::function::fleet::Rules;
use model::{
    AccountId, Key, Region,
    lambda::{
        Architecture, Archive, Code, Configuration, Function, FunctionSpec, LATEST, LogFormat, Logging, RecursiveLoop, Release,
        VersionPlan, VersionSpec,
    },
};
use serde_json::Value;
use spine::{Store, reconcile::Runner};
use std::{sync::Arc, time::Duration};
use svc_functions::{
    lambda::{self, CodeStore, Lambda, invoke::Invoker, pool, pool::Pool, queue::Queue, urls::Urls},
    testing::{FakeHost, Handler},
};

pub const TRUST: &str = r#"{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"},
    "Action": "sts:AssumeRole"}]}"#;

pub struct Cloud {
    pub bench: Bench,
    pub host: Arc<FakeHost>,
    pub invoker: Arc<Invoker>,
    pub runner: Runner,
    _code: tempfile::TempDir,
}

impl Cloud {
    /// A cloud whose functions do that; with a role `run`, that Lambda can assume.
    pub async fn new(handler: Handler) -> Self {
        Self::on(Store::ephemeral(), FakeHost::new(64 << 10, handler), |rules| rules).await
    }

    pub async fn on(store: Store, host: Arc<FakeHost>, change: impl FnOnce(Rules) -> Rules) -> Self {
        let code = tempfile::tempdir().unwrap();
        let (mut made, calls) = (None, Calls::default());
        let lambda = Lambda { store: store.clone(), code: Arc::new(CodeStore::open(code.path()).unwrap()), calls };
        let rules = change(pool::rules(&*host));
        let functions = host.clone();
        let bench = Bench::on(store, |front, store, env| {
            let pool = Pool::new(store.clone(), env.clone(), functions, rules);
            let invoker = Invoker::new(store.clone(), env.clone(), pool);
            made = Some(invoker.clone());
            front
                .service(svc_identity::iam::service())
                .service(lambda::service(&Arc::new(lambda), &invoker))
                .mount(Urls::new(invoker))
        });
        let invoker = made.unwrap();
        let runner = Runner::new(bench.store.clone(), bench.env.clone());
        runner.spawn(pool::Keeper::new(invoker.pool().clone()));
        runner.spawn(Queue::new(invoker.clone()));
        bench.form("iam", "CreateRole", &[("RoleName", "run"), ("AssumeRolePolicyDocument", TRUST)]).await;
        Self { bench, host, invoker, runner, _code: code }
    }

    /// Time goes on, and what has to be done by then is done.
    pub async fn pass(&self, time: Duration) {
        self.runner.run_for(time).await.unwrap();
    }

    pub fn function(&self, name: &str) -> Key<Function> {
        key(name)
    }

    /// A function that is active.
    pub async fn create(&self, name: &str) {
        self.create_with(name, |_| {}, |_| {}).await;
    }

    pub async fn create_with(&self, name: &str, spec: impl Fn(&mut FunctionSpec), configuration: impl Fn(&mut Configuration)) {
        let function = key(name);
        let mut record = FunctionSpec {
            created: self.bench.env.now(),
            id: self.bench.env.uuid(),
            last_version: 0,
            reserved_concurrency: None,
            recursion: RecursiveLoop::Terminate,
            tags: Default::default(),
        };
        spec(&mut record);
        self.bench.store.transact::<_, spine::StoreError>(|tx| tx.create(&function, &record)).await.unwrap();
        self.release(name, LATEST, configuration).await;
    }

    /// A version serves a new release.
    pub async fn release(&self, name: &str, version: &str, change: impl Fn(&mut Configuration)) {
        let mut configuration = configuration(name);
        change(&mut configuration);
        let archive = Archive { sha256: "0".repeat(64), size: 1, unzipped: 1 };
        let (revision, modified) = (self.bench.env.uuid(), self.bench.env.now());
        let release = Release { revision, modified, code: Code::Zip(archive), configuration };
        let (key, spec) = (key(name).version(version), VersionSpec { release: release.clone() });
        let plan = VersionPlan { settled: Some(release.revision.clone()), failure: None, serving: Some(release) };
        let write = self.bench.store.transact::<_, spine::StoreError>(|tx| {
            tx.set_spec(&key, &spec)?;
            tx.put_plan(&key, &plan)
        });
        write.await.unwrap();
    }

    /// Invoke, with headers without their `X-Amz-`.
    pub async fn invoke(&self, name: &str, payload: impl Into<Bytes>, headers: &[(&str, &str)]) -> Reply {
        let headers: Vec<(String, &str)> = headers.iter().map(|(name, value)| (format!("x-amz-{name}"), *value)).collect();
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        self.send(Method::POST, &format!("/2015-03-31/functions/{name}/invocations"), payload, &headers).await
    }

    pub async fn event(&self, name: &str, payload: &Value) {
        let reply = self.invoke(name, payload.to_string(), &[("invocation-type", "Event")]).await;
        assert_eq!(reply.status, 202, "{}", reply.text());
    }

    /// A request of the account's root.
    pub async fn send(&self, method: Method, path: &str, payload: impl Into<Bytes>, headers: &[(&str, &str)]) -> Reply {
        let scope = "111122223333/20260101/us-east-1/lambda/aws4_request";
        let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=00");
        let mut request = Request::builder().method(method).uri(path).header("host", "localhost:4566");
        request = request.header("x-amz-date", "20260101T000000Z").header("authorization", authorization);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.bench.send(request.body(payload.into()).unwrap()).await
    }
}

pub fn key(name: &str) -> Key<Function> {
    Key::new(&AccountId::parse("111122223333").unwrap(), &Region::parse("us-east-1").unwrap(), name)
}

fn configuration(name: &str) -> Configuration {
    Configuration {
        role: "arn:aws:iam::111122223333:role/run".into(),
        description: String::new(),
        runtime: Some("python3.12".into()),
        handler: Some("app.handler".into()),
        timeout: 3,
        memory: 128,
        ephemeral_storage: 512,
        architecture: Architecture::X86_64,
        environment: None,
        kms_key: None,
        layers: Vec::new(),
        image_config: None,
        dead_letter: None,
        logging: Logging {
            format: LogFormat::Text,
            application_level: None,
            system_level: None,
            group: format!("/aws/lambda/{name}"),
        },
    }
}

//! Functions on a host: environments that are started, handed one invocation at a time, and ended.
//!
//! Environments aren't desired the way that workloads are: they come and go with demand, within milliseconds, and nobody was told of any of
//! them. So the pools of the control plane drive them directly, and what a server that comes back has to know it asks the host
//! ([`FunctionHost::found`]).

use async_trait::async_trait;
use bytes::Bytes;
use model::Timestamp;
use serde::{Deserialize, Serialize};
use std::{collections::BTreeMap, time::Duration};
use tokio::sync::mpsc;

/// What an environment is made of. Nothing in it changes while the environment lives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// 32 hexadecimal digits, unique for ever; the last part of its log stream's name.
    pub id: String,
    /// What its pool knows it by: the function's version, and which of its configurations.
    pub serves: String,
    /// `AWS_LAMBDA_FUNCTION_NAME`.
    pub name: String,
    /// `AWS_LAMBDA_FUNCTION_VERSION`: `$LATEST` or a number.
    pub version: String,
    /// The function's ARN, without a qualifier.
    pub arn: String,
    /// `AWS_REGION`.
    pub region: String,
    /// Such as `python3.12`; none for a container image.
    pub runtime: Option<String>,
    /// Such as `app.handler`; none for a container image.
    pub handler: Option<String>,
    /// What it runs.
    pub code: Code,
    /// The layers, the lowest first: zips that are laid over each other at `/opt`.
    pub layers: Vec<Zip>,
    /// In MiB. The processor's share follows from it: 1,769 MiB is one vCPU (Lambda developer guide, "Configure Lambda function memory").
    pub memory_mib: u32,
    /// The size of `/tmp`, in MiB.
    pub storage_mib: u32,
    /// How long an invocation may take.
    pub timeout: Duration,
    /// The variables that the function's owner has set, decrypted.
    pub variables: BTreeMap<String, String>,
    /// The credentials of its execution role, for as long as it lives.
    pub credentials: Credentials,
    /// Where its output goes; `AWS_LAMBDA_LOG_GROUP_NAME` and `AWS_LAMBDA_LOG_STREAM_NAME`.
    pub log: Log,
    /// `AWS_LAMBDA_INITIALIZATION_TYPE`: it is kept ready before anybody asks.
    pub provisioned: bool,
}

/// A zip that was checked when it came.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Zip {
    /// SHA-256 of its bytes, in hexadecimal digits: its file's name in the code store.
    pub sha256: String,
}

/// The code of a function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Code {
    /// Unpacked at `/var/task`.
    Zip(Zip),
    /// A container image.
    Image {
        /// As its owner has written it, for messages.
        reference: String,
        /// Where in the blob store its blobs are, as in [`crate::workload::ImageSource::Registry`].
        namespace: String,
        /// `sha256:…`, of the manifest or index.
        digest: String,
        /// `ImageConfig.EntryPoint`.
        entry_point: Option<Vec<String>>,
        /// `ImageConfig.Command`.
        command: Option<Vec<String>>,
        /// `ImageConfig.WorkingDirectory`.
        working_directory: Option<String>,
    },
}

/// Temporary credentials.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credentials {
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key_id: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_access_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub token: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Credentials").field("access_key_id", &self.access_key_id).finish_non_exhaustive()
    }
}

/// Where an environment's output goes, and in which form.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Log {
    /// The log group.
    pub group: String,
    /// The log stream.
    pub stream: String,
    /// `LogFormat` is `JSON` and not `Text`.
    pub json: bool,
    /// `ApplicationLogLevel`, of JSON logs.
    pub application_level: Option<String>,
    /// `SystemLogLevel`, of JSON logs.
    pub system_level: Option<String>,
}

/// One invocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Invocation {
    /// `Lambda-Runtime-Aws-Request-Id`.
    pub request_id: String,
    /// The event.
    pub payload: Bytes,
    /// `Lambda-Runtime-Invoked-Function-Arn`: with the qualifier by which it was called.
    pub invoked_arn: String,
    /// `Lambda-Runtime-Trace-Id`.
    pub trace_id: String,
    /// `Lambda-Runtime-Client-Context`: JSON.
    pub client_context: Option<String>,
    /// `Lambda-Runtime-Cognito-Identity`: JSON.
    pub cognito_identity: Option<String>,
    /// Whoever asks can take a stream. Otherwise a function that streams is answered for when it is done.
    pub streams: bool,
}

/// What came of an invocation.
#[derive(Debug)]
pub struct Invoked {
    /// What the function answered.
    pub answer: Answer,
    /// What it took. Of an answer in pieces it is known behind the last one.
    pub report: Option<Report>,
    /// The last 4 KiB of what it has written. Of an answer in pieces it is known behind the last one.
    pub tail: Bytes,
    /// The environment is over: it has exited, or was ended for its time-out, and takes no more.
    pub over: bool,
}

/// What a function answers.
#[derive(Debug)]
pub enum Answer {
    /// A payload, whole.
    Whole(Bytes),
    /// A payload as it comes.
    Pieces {
        /// `Content-Type` that the function gave.
        content_type: Option<String>,
        /// The pieces; the last one is the end, unless the environment was lost.
        pieces: mpsc::Receiver<Piece>,
    },
    /// It failed: `X-Amz-Function-Error: Unhandled`.
    Failed(FunctionError),
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Bytes.
    Data(Bytes),
    /// It went wrong in the midst of it. What follows is the end.
    Failed(FunctionError),
    /// It is done.
    End {
        /// What it took.
        report: Report,
        /// The last 4 KiB of what was written.
        tail: Bytes,
    },
}

/// How a function failed.
#[derive(Clone, Debug, PartialEq)]
pub struct FunctionError {
    /// Such as `Runtime.ExitError` or `Sandbox.Timedout`; the type that the runtime has told of an error of the handler's own.
    pub kind: String,
    /// The JSON that is answered.
    pub payload: Bytes,
}

/// What an invocation took, as its `REPORT` line says it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// The time of the handler.
    pub duration: Duration,
    /// What is billed: rounded up to the millisecond, with the initialization where that counts.
    pub billed: Duration,
    /// The most memory that was used, in MiB.
    pub memory_used_mib: u32,
    /// The time of the initialization, if the invocation was the environment's first one.
    pub init: Option<Duration>,
}

/// Why an environment couldn't be started, or an invocation not be made.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum FunctionFault {
    /// The function's own fault: its initialization failed, or took too long. It is the answer to whoever has invoked it.
    #[error("the function can't be initialized: {}", .0.kind)]
    Function(FunctionError),
    /// The host has no room for it now.
    #[error("the host has no room: {0}")]
    NoRoom(String),
    /// There is no such environment, or it has gone meanwhile; the invocation has not begun.
    #[error("there is no environment {0}")]
    Gone(String),
    /// The host tried and failed.
    #[error("{0}")]
    Failed(String),
}

/// An environment that was there before the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Found {
    /// The environment.
    pub environment: Environment,
    /// When it was started.
    pub started: Timestamp,
    /// It is in the middle of an invocation whose answer nobody waits for.
    pub busy: bool,
}

/// A host that runs functions.
#[async_trait]
pub trait FunctionHost: Send + Sync {
    /// Why nothing with that runtime identifier (`None` stands for a container image) can run here, in a sentence for people; `None` if it can.
    fn refuses(&self, runtime: Option<&str>) -> Option<String>;
    /// How much memory environments may have together, in MiB.
    fn room_mib(&self) -> u64;
    /// How many environments there may be, if its owner has said so.
    fn most_environments(&self) -> Option<usize> {
        None
    }
    /// Starts an environment and returns once it asks for its first invocation, with the time that its initialization took. One that fails is gone.
    async fn start(&self, environment: Environment) -> Result<Duration, FunctionFault>;
    /// Hands an invocation to an environment that has none, and returns with the answer or with the beginning of it. An invocation that
    /// is dropped while it runs goes on; its answer is lost.
    async fn invoke(&self, environment: &str, invocation: Invocation) -> Result<Invoked, FunctionFault>;
    /// Ends an environment: its extensions are told, and it is gone when this returns. One that isn't there is no error.
    async fn stop(&self, environment: &str) -> Result<(), FunctionFault>;
    /// The environments that were there before the server. Asked once, at its start.
    async fn found(&self) -> Vec<Found>;
    /// The id of each environment that ends by itself while it has no invocation.
    fn ended(&self) -> Option<mpsc::UnboundedReceiver<String>>;
    /// Removes what is left of an environment that is gone: its output, which has been collected. None there is no error.
    async fn forget(&self, _environment: &str) {}
    /// What runs functions here, by runtime identifier, in words for people: `python3.12` by `Python 3.12.1 of this host`.
    fn runtimes(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }
}

/// A host that runs no functions, and says so.
pub struct Nowhere;

#[async_trait]
impl FunctionHost for Nowhere {
    fn refuses(&self, _: Option<&str>) -> Option<String> {
        Some("this host runs no functions".to_owned())
    }
    fn room_mib(&self) -> u64 {
        0
    }
    async fn start(&self, environment: Environment) -> Result<Duration, FunctionFault> {
        Err(FunctionFault::NoRoom(format!("no place for {}", environment.id)))
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

//! How the commands find the running server and speak to it: plain HTTP to its `/_hillfog/` paths.

use crate::folders::Folders;
use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// A running server, as it says of itself in [`Folders::server_file`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Server {
    /// Its process id.
    pub pid: i32,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Its version.
    pub version: String,
}

impl Server {
    /// The server of a cloud, if one runs.
    pub fn running(folders: &Folders) -> Option<Self> {
        let text = std::fs::read(folders.server_file()).ok()?;
        let server: Server = serde_json::from_slice(&text).ok()?;
        (server.listens() && server.is_alive()).then_some(server)
    }

    /// Whether it takes connections.
    pub fn listens(&self) -> bool {
        std::net::TcpStream::connect(self.address()).is_ok()
    }

    /// As [`Server::running`], with an error that says how to start it.
    pub fn expect(folders: &Folders) -> Result<Self> {
        Self::running(folders).with_context(|| {
            format!("No cloud runs on {}. Start it with `hillfog up --detach --data {0}`", folders.data.display())
        })
    }

    /// Whether the process is there.
    pub fn is_alive(&self) -> bool {
        nix::sys::signal::kill(nix::unistd::Pid::from_raw(self.pid), None).is_ok()
    }

    /// Where a client on this machine reaches it.
    pub fn address(&self) -> SocketAddr {
        let ip = match self.listen.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        SocketAddr::new(ip, self.listen.port())
    }

    /// The endpoint for AWS clients.
    pub fn url(&self) -> String {
        format!("http://{}", self.address())
    }

    /// `GET`s a path.
    pub fn get(&self, path: &str) -> Result<Value> {
        self.ask(http::Method::GET, path, &Value::Null)
    }

    /// `POST`s a JSON body to a path.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.ask(http::Method::POST, path, body)
    }

    fn ask(&self, method: http::Method, path: &str, body: &Value) -> Result<Value> {
        let body = if body.is_null() { Bytes::new() } else { Bytes::from(body.to_string()) };
        let request = http::Request::builder()
            .method(method)
            .uri(format!("{}{path}", self.url()))
            .header("content-type", "application/json")
            .body(Full::new(body))?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (status, bytes) = runtime.block_on(async {
            let client = Client::builder(TokioExecutor::new()).build_http();
            let answer = client.request(request).await.with_context(|| format!("The server at {} doesn't answer", self.url()))?;
            let status = answer.status();
            anyhow::Ok((status, answer.into_body().collect().await?.to_bytes()))
        })?;
        if !status.is_success() {
            bail!("The server answered {status}: {}", String::from_utf8_lossy(&bytes).trim());
        }
        Ok(if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes)? })
    }
}

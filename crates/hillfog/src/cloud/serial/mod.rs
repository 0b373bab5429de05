//! The serial consoles of instances, over SSH: `ssh -p PORT i-….port0@127.0.0.1` with a key that `ec2-instance-connect
//! send-serial-console-ssh-public-key` has pushed less than a minute ago. AWS has the same at
//! `serial-console.ec2-instance-connect.REGION.aws`.
//!
//! Who may sit at which console says `svc_ec2::connect::serial`; which bytes are whose, the host.

mod visitor;

use agent::LocalHost;
use anyhow::{Context, Result};
use model::Env;
use russh::{
    MethodKind, MethodSet, SshId,
    keys::{PrivateKey, ssh_key::LineEnding, ssh_key::private::Ed25519Keypair},
    server::{Config, run_stream},
};
use spine::Store;
use std::{borrow::Cow, io::Write, net::SocketAddr, os::unix::fs::OpenOptionsExt, path::Path, sync::Arc, time::Duration};
use svc_ec2::connect::serial;
use tokio::{net::TcpListener, net::TcpStream, sync::Semaphore, task::JoinHandle};
use visitor::Visitor;

/// How many connections there may be at once.
const CONNECTIONS: usize = 64;
/// After so long, one that nobody types in is closed.
const IDLE: Duration = Duration::from_secs(3600);

/// What those who serve consoles need.
#[derive(Clone)]
pub struct Desk {
    /// The records: who may sit where.
    pub store: Store,
    /// The cloud's clock, by which keys expire.
    pub env: Env,
    /// What has the machines.
    pub host: Arc<LocalHost>,
}

/// The server of the consoles, for as long as this is kept.
pub struct Consoles {
    address: SocketAddr,
    serving: JoinHandle<()>,
}

impl Consoles {
    /// Begins to serve; nobody sits anywhere yet. The key of the server is kept in a file.
    pub async fn serve(desk: Desk, at: SocketAddr, key: &Path) -> Result<Self> {
        serial::clear(&desk.store).await?;
        let listener = TcpListener::bind(at).await.with_context(|| {
            format!("{at} can't be listened at. If something else does, choose another address with --serial-console")
        })?;
        let config = Arc::new(config(host_key(key, &desk.env)?));
        Ok(Self { address: listener.local_addr()?, serving: tokio::spawn(listen(desk, listener, config)) })
    }

    /// Where it listens.
    pub fn address(&self) -> String {
        self.address.to_string()
    }
}

impl Drop for Consoles {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn config(key: PrivateKey) -> Config {
    Config {
        server_id: SshId::Standard(Cow::Borrowed("SSH-2.0-Hillfog")),
        methods: MethodSet::from(&[MethodKind::PublicKey][..]),
        auth_rejection_time: Duration::from_millis(50),
        auth_rejection_time_initial: Some(Duration::ZERO),
        keys: vec![key],
        inactivity_timeout: Some(IDLE),
        nodelay: true,
        ..Config::default()
    }
}

async fn listen(desk: Desk, listener: TcpListener, config: Arc<Config>) {
    let seats = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Ok(permit) = seats.clone().try_acquire_owned() {
                    let (desk, config) = (desk.clone(), config.clone());
                    tokio::spawn(async move {
                        attend(desk, stream, config).await;
                        drop(permit);
                    });
                }
            }
            Err(error) => {
                // Out of descriptors, say: those who are here go on, and some will leave.
                tracing::warn!(%error, "nobody can come to the serial consoles");
                desk.env.sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

/// One connection, from its first byte to its last. What goes wrong in it is the client's affair.
async fn attend(desk: Desk, stream: TcpStream, config: Arc<Config>) {
    if let Ok(session) = run_stream(config, stream, Visitor::new(desk)).await {
        let _ = session.await;
    }
}

/// The key in the file; made when it is first needed.
fn host_key(path: &Path, env: &Env) -> Result<PrivateKey> {
    if let Ok(key) = PrivateKey::read_openssh_file(path) {
        return Ok(key);
    }
    let seed: [u8; 32] = env.bytes();
    let key = PrivateKey::from(Ed25519Keypair::from_seed(&seed));
    let text = key.to_openssh(LineEnding::LF)?;
    let mut file = std::fs::OpenOptions::new().create(true).truncate(true).write(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_keeps_its_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = host_key(&path, &Env::system()).unwrap();
        assert_eq!(host_key(&path, &Env::system()).unwrap().public_key(), made.public_key());
    }
}

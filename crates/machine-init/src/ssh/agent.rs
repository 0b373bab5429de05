//! The client's agent, as programs in the machine find it: a socket whose connections are passed on to the client ("ssh -A").

use crate::accounts::User;
use model::Env;
use russh::server::Handle;
use std::{
    fs::{self, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt, chown},
    path::{Path, PathBuf},
};
use tokio::{
    io::copy_bidirectional,
    net::{UnixListener, UnixStream},
    task::JoinHandle,
};

/// The socket of a connection. It is gone with this value.
pub struct Agent {
    folder: PathBuf,
    socket: PathBuf,
    listens: JoinHandle<()>,
}

impl Agent {
    /// Listens at a socket of the user's, in a folder in which the user can change nothing.
    pub fn listen(env: &Env, user: &User, session: Handle) -> io::Result<Self> {
        let folder = Path::new("/tmp").join(format!("ssh-{}", env.hex(16)));
        fs::DirBuilder::new().mode(0o711).create(&folder)?;
        let socket = folder.join("agent");
        let listener = UnixListener::bind(&socket)?;
        fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
        chown(&socket, Some(user.uid), Some(user.gid))?;
        let listens = tokio::spawn(accept(listener, session));
        Ok(Agent { folder, socket, listens })
    }

    /// For `SSH_AUTH_SOCK`.
    pub fn socket(&self) -> &Path {
        &self.socket
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        self.listens.abort();
        let _ = fs::remove_file(&self.socket);
        let _ = fs::remove_dir(&self.folder);
    }
}

async fn accept(listener: UnixListener, session: Handle) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(pass_on(stream, session.clone()));
    }
}

/// Questions and answers of agents are small: the library's own queue is never full of them.
async fn pass_on(mut stream: UnixStream, session: Handle) {
    if let Ok(channel) = session.channel_open_agent().await {
        let _ = copy_bidirectional(&mut channel.into_stream(), &mut stream).await;
    }
}

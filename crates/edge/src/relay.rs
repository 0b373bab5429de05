//! The way of workloads to the cloud's API: connections at a link-local address, passed on to the server byte by byte.
//!
//! Nothing is read on the way. The server tells these connections from its owner's by the socket at which they arrive.

use crate::{doors::accept, shared::Shared};
use std::{path::PathBuf, sync::Arc};
use tokio::{
    io::{AsyncWriteExt, copy, sink},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};

/// Connections at the same time in one VPC. More wait.
const MOST: usize = 1024;
/// Passes connections on to the socket `server` until `closed` says so; those that are open end then, too.
pub(crate) async fn serve(shared: Arc<Shared>, server: PathBuf, listener: TcpListener, closed: watch::Receiver<()>) {
    let server = Arc::new(server);
    accept::bounded(&shared, listener, MOST, closed, |stream, _| {
        let server = server.clone();
        async move { pass_on(stream, &server).await }
    })
    .await;
}

/// While no server is there a connection is reset at once, so that its client knows.
async fn pass_on(mut client: TcpStream, server: &PathBuf) {
    let Ok(mut server) = UnixStream::connect(server).await else {
        let _ = client.set_zero_linger();
        return;
    };
    // Small answers shall not wait for more; where this fails they do.
    let _ = client.set_nodelay(true);
    let ((mut asking, mut answered), (mut answering, mut asked)) = (client.split(), server.split());
    let ask = async {
        let _ = copy(&mut asking, &mut asked).await;
        let _ = asked.shutdown().await;
        // A server may answer and close before it has read everything. What is left is read here: if it weren't, the system would
        // reset the connection, and the client would lose the answer.
        let _ = copy(&mut asking, &mut sink()).await;
        std::future::pending::<()>().await;
    };
    let answer = async {
        let _ = copy(&mut answering, &mut answered).await;
        let _ = answered.shutdown().await;
    };
    // The server's end is the end for both.
    tokio::select! {
        () = ask => {}
        () = answer => {}
    }
}

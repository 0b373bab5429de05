//! The way of workloads to the cloud's API: connections at a link-local address or at an endpoint's, passed on to the server byte by byte.
//!
//! Nothing is read on the way. The server tells these connections from its owner's by the socket at which they arrive. Before the first byte it is told of each
//! connection who opened it, and by which endpoint it came ([`logic::arrival`]).

use crate::{doors::accept, shared::Shared};
use logic::arrival::Arrival;
use std::{
    net::{IpAddr, SocketAddrV4},
    path::PathBuf,
    sync::Arc,
};
use tokio::{
    io::{AsyncWriteExt, copy, sink},
    net::{TcpListener, TcpStream, UnixStream},
    sync::watch,
};

/// Connections at the same time in one VPC. More wait.
const MOST: usize = 1024;

/// Where connections lead, and where they come from.
#[derive(Clone)]
pub(crate) struct Way {
    /// The server's socket.
    pub(crate) server: PathBuf,
    /// The VPC in which they are taken.
    pub(crate) vpc: Arc<str>,
    /// The address at which they are taken.
    pub(crate) at: SocketAddrV4,
    /// The endpoint whose that is; by which gateway endpoint they came, their source tells.
    pub(crate) endpoint: Option<Arc<str>>,
}

/// Passes connections on until `closed` says so; those that are open end then, too.
pub(crate) async fn serve(shared: Arc<Shared>, way: Way, listener: TcpListener, closed: watch::Receiver<()>) {
    accept::bounded(&shared, listener, MOST, closed, |stream, from| {
        let way = way.clone();
        let gateway = shared.routes().gateway(&way.vpc, way.at, from).map(Arc::from);
        let way = Way { endpoint: gateway.or(way.endpoint), ..way };
        async move { pass_on(stream, from, &way).await }
    })
    .await;
}

/// While no server is there a connection is reset at once, so that its client knows.
async fn pass_on(mut client: TcpStream, from: IpAddr, way: &Way) {
    let Ok(mut server) = greeted(from, way).await else {
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

/// A connection to the server, which knows by now whose it is.
async fn greeted(from: IpAddr, way: &Way) -> std::io::Result<UnixStream> {
    let mut server = UnixStream::connect(&way.server).await?;
    let arrival = Arrival { source: from, endpoint: way.endpoint.as_deref().map(Into::into) };
    server.write_all(&arrival.header(way.at)).await?;
    Ok(server)
}

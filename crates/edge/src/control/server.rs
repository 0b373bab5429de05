//! The edge's end: it does what it is told, and reports.

use super::{Message, Order, VERSION, read, write};
use crate::{keep::Keep, report, shared::Shared};
use agent_proto::edge::Table;
use std::{io, sync::Arc, time::Duration};
use tokio::{
    net::{
        UnixListener, UnixStream,
        unix::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Mutex, mpsc, watch},
};

/// Opening sockets takes less than this.
const SETTLING: Duration = Duration::from_secs(2);

/// What orders are carried out on.
pub(crate) struct Orders {
    pub(crate) shared: Arc<Shared>,
    /// Held while a table is kept and put into effect, so that both are in the same order.
    pub(crate) keep: Mutex<Keep>,
    /// Becomes true when the edge shall end.
    pub(crate) closing: watch::Sender<bool>,
}

/// Takes connections of servers, for ever.
pub(crate) async fn serve(orders: Arc<Orders>, listener: UnixListener) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(converse(orders.clone(), stream))),
            Err(error) => {
                tracing::warn!(%error, "can't take the server's connection");
                orders.shared.env.sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn converse(orders: Arc<Orders>, stream: UnixStream) {
    let (reading, writing) = stream.into_split();
    let (say, said) = mpsc::channel(16);
    let ended = tokio::select! {
        ended = listen(&orders, reading, say) => ended,
        ended = speak(&orders.shared, writing, said) => ended,
    };
    if let Err(error) = ended {
        tracing::warn!(%error, "the server's connection broke off");
    }
}

async fn listen(orders: &Orders, mut stream: OwnedReadHalf, say: mpsc::Sender<Message>) -> io::Result<()> {
    while let Some(order) = read(&mut stream).await? {
        let said = match order {
            Order::Hello(VERSION) => continue,
            Order::Hello(version) => {
                return Err(io::Error::other(format!("the server speaks version {version}, this is {VERSION}")));
            }
            Order::Apply { number, table } => orders.apply(number, &table).await,
            Order::ShutDown => {
                orders.closing.send_replace(true);
                continue;
            }
        };
        say.send(said).await.map_err(io::Error::other)?;
    }
    Ok(())
}

async fn speak(shared: &Shared, mut stream: OwnedWriteHalf, mut said: mpsc::Receiver<Message>) -> io::Result<()> {
    let mut report = shared.report.subscribe();
    report.mark_changed();
    write(&mut stream, &Message::Hello(VERSION)).await?;
    loop {
        let message = tokio::select! {
            // Reports first: who has the acknowledgement of a table has a report that is of this table, or a later one.
            biased;
            Ok(()) = report.changed() => Message::Report(Box::new((**report.borrow_and_update()).clone())),
            Some(message) = said.recv() => message,
            else => return Ok(()),
        };
        write(&mut stream, &message).await?;
    }
}

impl Orders {
    async fn apply(&self, number: u64, table: &Table) -> Message {
        match self.keep_and_serve(table).await {
            Ok(replacement) => {
                self.settled(replacement).await;
                report::refresh(&self.shared);
                Message::Applied(number)
            }
            Err(error) => Message::NotApplied { number, reason: format!("the edge can't keep its table: {error}") },
        }
    }

    /// First kept, then served: what was acknowledged is there after a restart.
    async fn keep_and_serve(&self, table: &Table) -> io::Result<u64> {
        let keep = self.keep.lock().await;
        keep.store(table)?;
        Ok(self.shared.replace(table))
    }

    /// Waits until the doors are open that can be opened, so that whoever is told of a listener can use it; but not for ever.
    async fn settled(&self, replacement: u64) {
        let mut settled = self.shared.settled.subscribe();
        tokio::select! {
            _ = settled.wait_for(|settled| *settled >= replacement) => {}
            () = self.shared.env.sleep(SETTLING) => {}
        }
    }
}

//! What a client has sent to a channel and nobody has taken yet.
//!
//! `russh` grants a channel's window again as soon as data arrive, and hands them over on the task that also writes: to wait there for a slow program would keep the program's
//! own output from leaving, and a program that echoes would wait for ever. So everything is taken at once, and only who sends on while much is waiting is slowed, the
//! more the more there is.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::sync::{Notify, mpsc};

/// So much may wait without anybody being slowed.
const FREE: usize = 4 << 20;

/// The pause after a packet when more than that waits; doubled for each time that the same again waits.
const PAUSE: Duration = Duration::from_millis(1);

/// Pauses get no longer: whatever else goes by the same connection has to go on.
const LONGEST: u32 = 10;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub enum Mail {
    /// Bytes.
    Data(Vec<u8>),
    /// The client has nothing more to say, but listens.
    End,
}

/// Where the connection puts it. Dropped when the client has closed the channel, or is gone.
pub struct Inbox {
    sender: mpsc::UnboundedSender<Mail>,
    waiting: Arc<Waiting>,
}

/// Where it is taken from.
pub struct Outlet {
    receiver: mpsc::UnboundedReceiver<Mail>,
    waiting: Arc<Waiting>,
}

#[derive(Default)]
struct Waiting {
    bytes: AtomicUsize,
    taken: Notify,
}

/// Both ends.
pub fn inbox() -> (Inbox, Outlet) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let waiting = Arc::new(Waiting::default());
    (Inbox { sender, waiting: waiting.clone() }, Outlet { receiver, waiting })
}

impl Inbox {
    /// Puts bytes in. The result is how long whoever brought them should wait, unless something is [taken](Self::taken) before.
    pub fn put(&self, data: &[u8]) -> Duration {
        let before = self.waiting.bytes.fetch_add(data.len(), SeqCst);
        match self.sender.send(Mail::Data(data.to_vec())) {
            Ok(()) => pause(before + data.len()),
            Err(_) => Duration::ZERO, // nobody takes it any more
        }
    }

    /// Nothing more will come.
    pub fn end(&self) {
        let _ = self.sender.send(Mail::End);
    }

    /// Whether somebody may still take something.
    pub fn is_open(&self) -> bool {
        !self.sender.is_closed()
    }

    /// Ends when something has been taken.
    pub async fn taken(&self) {
        self.waiting.taken.notified().await;
    }
}

impl Outlet {
    /// The next; `None` when the client is gone.
    pub async fn next(&mut self) -> Option<Mail> {
        let mail = self.receiver.recv().await?;
        if let Mail::Data(data) = &mail {
            self.waiting.bytes.fetch_sub(data.len(), SeqCst);
            // Kept for who hasn't come to wait yet: one out, one in.
            self.waiting.taken.notify_one();
        }
        Some(mail)
    }
}

fn pause(waiting: usize) -> Duration {
    match waiting / FREE {
        0 => Duration::ZERO,
        times => PAUSE * (1 << (times as u32 - 1).min(LONGEST)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_more_waits_the_longer_is_the_pause() {
        let (inbox, mut outlet) = inbox();
        let packet = vec![7; 1 << 20];
        let pauses: Vec<u128> = (0..16).map(|_| inbox.put(&packet).as_millis()).collect();
        assert_eq!(pauses, [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 4, 4, 4, 4, 8]);
        for _ in 0..16 {
            assert_eq!(outlet.next().await, Some(Mail::Data(packet.clone())));
        }
        assert_eq!(inbox.put(&packet), Duration::ZERO);
        assert!(pause(usize::MAX) <= Duration::from_secs(2));
        inbox.end();
        drop(inbox);
        outlet.next().await;
        assert_eq!(outlet.next().await, Some(Mail::End));
        assert_eq!(outlet.next().await, None);
    }
}

//! Work that may block, on one batch after another: while one is worked on, the next may come.

use std::{io, mem};
use tokio::task::{JoinHandle, spawn_blocking};

/// Something that works, idle or in the midst of it.
pub enum Lane<T> {
    /// Nothing is under way.
    Idle(T),
    /// A batch is under way.
    Busy(JoinHandle<io::Result<T>>),
    /// A batch has failed, and what worked on it is gone.
    Failed,
}

impl<T: Send + 'static> Lane<T> {
    /// Begins with a batch as soon as the one before is done.
    ///
    /// # Errors
    /// What has come of the one before.
    pub async fn run(&mut self, work: impl FnOnce(&mut T) -> io::Result<()> + Send + 'static) -> io::Result<()> {
        let mut worker = self.idle().await?;
        *self = Self::Busy(spawn_blocking(move || {
            work(&mut worker)?;
            Ok(worker)
        }));
        Ok(())
    }

    /// The worker, once it is done. It has to be given back before the next batch.
    ///
    /// # Errors
    /// What has come of the last batch, or of one before it.
    pub async fn idle(&mut self) -> io::Result<T> {
        match mem::replace(self, Self::Failed) {
            Self::Idle(worker) => Ok(worker),
            Self::Busy(work) => work.await.map_err(io::Error::other)?,
            Self::Failed => Err(io::Error::other("the batch before has failed")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn batches_are_worked_on_in_order_until_one_fails() {
        let mut lane = Lane::Idle(Vec::new());
        for number in 0..10 {
            let push = move |all: &mut Vec<i32>| {
                all.push(number);
                Ok(())
            };
            lane.run(push).await.unwrap();
        }
        let all = lane.idle().await.unwrap();
        assert_eq!(all, (0..10).collect::<Vec<_>>());
        lane = Lane::Idle(all);
        lane.run(|_| Err(io::Error::other("full"))).await.unwrap();
        assert!(lane.run(|_| Ok(())).await.is_err());
        assert!(lane.idle().await.is_err());
    }
}

//! Waits for something to happen in folders (inotify(7)).
//!
//! All folders are watched through one descriptor: a host gives a user few of them (`fs.inotify.max_user_instances`, 128 by default), and far more
//! watches.

use nix::{
    errno::Errno,
    sys::inotify::{AddWatchFlags, InitFlags, Inotify, WatchDescriptor},
};
use std::{
    collections::HashMap,
    io,
    os::fd::{AsFd, AsRawFd, RawFd},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::{
    io::{Interest, unix::AsyncFd},
    sync::{OnceCell, watch},
    task::JoinHandle,
};

/// Watches folders. It takes its descriptor with the first one.
#[derive(Default)]
pub struct Watcher(OnceCell<Reader>);

impl Watcher {
    /// Watches the files of a folder from now on: those that come, go or are replaced.
    ///
    /// # Errors
    /// If the folder isn't there, or the host has no more descriptors or watches.
    pub async fn watch(&self, folder: &Path) -> io::Result<Watch> {
        let reader = self.0.get_or_try_init(|| async { Reader::start() }).await?;
        reader.shared.watch(folder)
    }
}

/// What happens in a folder from when this is made.
pub struct Watch {
    shared: Arc<Shared>,
    at: WatchDescriptor,
    news: watch::Receiver<()>,
}

impl Watch {
    /// Waits for something that has not been waited for yet.
    pub async fn changed(&mut self) {
        if self.news.changed().await.is_err() {
            // Nobody reads any more: there is no news to come.
            std::future::pending().await
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut watched = self.shared.watched();
        let Some(one) = watched.get_mut(&self.at) else { return };
        one.watches -= 1;
        if one.watches == 0 {
            watched.remove(&self.at);
            // A folder that is gone has taken its watch with it.
            let _ = self.shared.source.get_ref().0.rm_watch(self.at);
        }
    }
}

/// The task that reads what happens.
struct Reader {
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Reader {
    fn start() -> io::Result<Self> {
        let source = Source(Inotify::init(InitFlags::IN_CLOEXEC | InitFlags::IN_NONBLOCK)?);
        // SAFETY: the descriptor is owned by what is registered, and closed after it.
        let source = unsafe { AsyncFd::register_with_interest(source, Interest::READABLE) }?;
        let shared = Arc::new(Shared { source, watched: Mutex::default() });
        let reading = shared.clone();
        let task = tokio::spawn(async move {
            if let Err(error) = reading.read().await {
                tracing::error!(%error, "folders can't be watched any more");
            }
        });
        Ok(Self { shared, task })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Source(Inotify);

impl AsRawFd for Source {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

struct Shared {
    source: AsyncFd<Source>,
    watched: Mutex<HashMap<WatchDescriptor, Watched>>,
}

/// A folder, which may be watched several times.
struct Watched {
    watches: usize,
    news: watch::Sender<()>,
}

impl Shared {
    /// The reader finds the watch when it reads of it: both hold the lock.
    fn watch(self: &Arc<Self>, folder: &Path) -> io::Result<Watch> {
        let what =
            AddWatchFlags::IN_CREATE | AddWatchFlags::IN_MOVED_TO | AddWatchFlags::IN_DELETE | AddWatchFlags::IN_DELETE_SELF;
        let mut watched = self.watched();
        let at = self.source.get_ref().0.add_watch(folder, what)?;
        let one = watched.entry(at).or_insert_with(|| Watched { watches: 0, news: watch::Sender::default() });
        one.watches += 1;
        Ok(Watch { shared: self.clone(), at, news: one.news.subscribe() })
    }

    async fn read(&self) -> io::Result<()> {
        loop {
            let mut ready = self.source.readable().await?;
            match self.source.get_ref().0.read_events() {
                Ok(events) => {
                    let watched = self.watched();
                    events.iter().filter_map(|event| watched.get(&event.wd)).for_each(|one| one.news.send_replace(()));
                }
                Err(Errno::EAGAIN) => ready.clear_ready(),
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn watched(&self) -> MutexGuard<'_, HashMap<WatchDescriptor, Watched>> {
        self.watched.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[tokio::test]
    async fn far_more_folders_are_watched_than_a_user_has_descriptors() {
        let (all, watcher) = (tempfile::tempdir().unwrap(), Watcher::default());
        let mut watches = Vec::new();
        for number in 0..300 {
            let folder = all.path().join(number.to_string());
            fs::create_dir(&folder).unwrap();
            watches.push(watcher.watch(&folder).await.unwrap());
        }
        fs::write(all.path().join("299/state"), "").unwrap();
        watches[299].changed().await;
        assert!(!watches[7].news.has_changed().unwrap(), "nothing has happened there");
    }

    #[tokio::test]
    async fn a_folder_is_watched_until_the_last_one_goes() {
        let (folder, watcher) = (tempfile::tempdir().unwrap(), Watcher::default());
        let first = watcher.watch(folder.path()).await.unwrap();
        let mut second = watcher.watch(folder.path()).await.unwrap();
        drop(first);
        fs::write(folder.path().join("state"), "").unwrap();
        second.changed().await;
        let shared = second.shared.clone();
        drop(second);
        assert!(shared.watched().is_empty());
    }
}

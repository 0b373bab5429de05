//! A machine on this host: the loop that carries out what `logic::machine` decides.
//!
//! Nothing is decided here. Each step runs in a task of its own; how far the machine has come is kept before a step is begun, so that an
//! agent that comes back knows of everything that may have been done.

use super::hands::{Hands, Means};
use crate::{alarm::due, keep::Keeper};
use agent_proto::machine::{Kind, Machine, MachineStatus};
use logic::machine::{Gain, Progress, Seen, Step, Wish};
use model::{Env, Timestamp};
use std::sync::Arc;
use tokio::{
    sync::watch,
    task::{AbortHandle, JoinSet},
};

/// What a machine's loop works with.
#[derive(Clone)]
pub struct Outside {
    /// What machines are made of.
    pub means: Means,
    /// Keeps how far it has come.
    pub keeper: Keeper<Machine>,
    /// Time.
    pub env: Env,
}

/// Lives a machine, from where it is to where nothing is left of it, or until nobody wishes anything of it any more: then it is left as it is.
/// `true` when nothing is left. `report` is called with each change of its status.
pub(crate) async fn live(
    outside: Outside,
    progress: Progress,
    mut wish: watch::Receiver<Wish>,
    report: impl Fn(MachineStatus) + Send,
) -> bool {
    let id = wish.borrow().machine.id.clone();
    let hands = Arc::new(Hands::new(outside.means.clone(), &id));
    let mut machine = Living { outside, id, hands, progress, tasks: JoinSet::new(), watch: None, kept: None };
    let mut reported = None;
    loop {
        let wished = wish.borrow_and_update().clone();
        let looked_at = machine.step(&wished);
        if machine.progress.forgotten {
            machine.outside.keeper.forget(&machine.id);
            return true;
        }
        let status = machine.progress.status();
        if reported.as_ref() != Some(&status) {
            report(status.clone());
            reported = Some(status);
        }
        if !machine.wait(looked_at, &mut wish).await {
            return false;
        }
    }
}

/// What a task has brought.
enum News {
    Done(Box<Step>, Result<Gain, String>),
    Seen(Option<Seen>),
}

struct Living {
    outside: Outside,
    id: String,
    hands: Arc<Hands>,
    progress: Progress,
    /// Those that carry out steps, and the one that watches the machine. They end with this.
    tasks: JoinSet<News>,
    /// The watch over a running machine.
    watch: Option<AbortHandle>,
    /// What was kept last.
    kept: Option<(Machine, String)>,
}

impl Living {
    /// Begins all that is to be done; gives the moment at which there was nothing more.
    fn step(&mut self, wish: &Wish) -> Timestamp {
        let now = self.outside.env.now();
        let steps = self.progress.next(wish, now);
        self.keep(&wish.machine);
        for step in steps {
            tracing::debug!(machine = self.id, ?step, "begun");
            let (hands, wish, progress) = (self.hands.clone(), wish.clone(), self.progress.clone());
            self.tasks.spawn(async move {
                let result = hands.carry_out(&step, &wish, &progress).await;
                News::Done(Box::new(step), result)
            });
        }
        self.watch_over(&wish.machine.kind);
        now
    }

    /// Waits for something to happen, or for what has become due since `looked_at`; `false` if nobody looks after the machine any more.
    async fn wait(&mut self, looked_at: Timestamp, wish: &mut watch::Receiver<Wish>) -> bool {
        let (wake, clock) = (self.progress.wake(looked_at), self.outside.env.clock.clone());
        let alarm = due(&clock, wake);
        tokio::select! {
            Some(news) = self.tasks.join_next() => match news {
                Ok(news) => self.take(news),
                Err(error) if error.is_cancelled() => {}
                Err(error) => tracing::error!(machine = self.id, %error, "a step was lost"),
            },
            changed = wish.changed() => return changed.is_ok(),
            () = alarm => {}
        }
        true
    }

    fn take(&mut self, news: News) {
        let now = self.outside.env.now();
        match news {
            News::Done(step, result) => {
                if let Err(error) = &result {
                    tracing::warn!(machine = self.id, ?step, error, "did not succeed");
                }
                self.progress.done(*step, result, now);
            }
            News::Seen(seen) => {
                self.watch = None;
                self.progress.see(seen, now);
            }
        }
    }

    /// Watches over the machine for as long as it runs.
    fn watch_over(&mut self, kind: &Kind) {
        match (self.progress.seen(), &self.watch) {
            (Some(from), None) => {
                let (hands, kind, id) = (self.hands.clone(), kind.clone(), self.id.clone());
                self.watch = Some(self.tasks.spawn(async move {
                    match hands.driver(&kind) {
                        Ok(driver) => News::Seen(driver.changed(&id, &from).await),
                        Err(_) => std::future::pending().await,
                    }
                }));
            }
            (None, Some(watch)) => {
                watch.abort();
                self.watch = None;
            }
            _ => {}
        }
    }

    fn keep(&mut self, machine: &Machine) {
        // What can be said of it is plain data, which can always be written.
        let text = serde_json::to_string(&self.progress).unwrap_or_default();
        let new = Some((machine.clone(), text));
        if self.kept != new {
            self.outside.keeper.keep(machine, &self.progress);
            self.kept = new;
        }
    }
}

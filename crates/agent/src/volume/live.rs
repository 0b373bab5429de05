//! A volume on this host: the loop that carries out what `logic::volume` decides. Nothing is decided here.

use super::hub::{Slot, Volumes};
use crate::alarm::due;
use agent_proto::volume::{Volume, VolumeStatus};
use logic::volume::{Gain, Progress, Step};
use model::Env;
use std::sync::Arc;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
};

/// Lives a volume until it is deleted, or until `alive` is dropped by whoever looks after it: then it is left as it is. `true` when it is deleted.
/// `report` is called with each change of its status.
pub(crate) async fn live(
    volumes: Arc<Volumes>,
    id: String,
    env: Env,
    mut alive: watch::Receiver<()>,
    report: impl Fn(VolumeStatus) + Send,
) -> bool {
    let slot = volumes.slot(&id);
    let mut situation = slot.situation.subscribe();
    let (tell, mut percents) = mpsc::unbounded_channel();
    let (mut progress, mut steps, mut reported) = (Progress::default(), JoinSet::new(), None);
    loop {
        let now = env.now();
        let current = situation.borrow_and_update().clone();
        for step in progress.next(current.wish.as_ref(), !current.users.is_empty(), now) {
            tracing::debug!(volume = id, ?step, "begun");
            steps.spawn(carry_out(volumes.clone(), slot.clone(), step, current.wish.clone(), tell.clone()));
        }
        let status = progress.status(current.users);
        if progress.deleted {
            volumes.remove(&id);
            return true;
        }
        if reported.as_ref() != Some(&status) {
            report(status.clone());
            reported = Some(status);
        }
        let alarm = due(&env.clock, progress.wake(now));
        tokio::select! {
            Some(done) = steps.join_next() => match done {
                Ok((step, result)) => {
                    if let Err(error) = &result {
                        tracing::warn!(volume = id, ?step, error, "did not succeed");
                    }
                    progress.done(&step, result, env.now());
                }
                Err(error) => tracing::error!(volume = id, %error, "a step was lost"),
            },
            Some((snapshot, percent)) = percents.recv() => progress.stored(&snapshot, percent),
            _ = situation.changed() => {}
            left = alive.changed() => if left.is_err() { return false },
            () = alarm => {}
        }
    }
}

type Percents = mpsc::UnboundedSender<(String, u8)>;

async fn carry_out(
    volumes: Arc<Volumes>,
    slot: Arc<Slot>,
    step: Step,
    wish: Option<Volume>,
    percents: Percents,
) -> (Step, Result<Gain, String>) {
    let result = match (&step, wish) {
        (Step::Delete, _) => volumes.delete(&slot).await.map(|()| Gain::Nothing),
        (Step::Store(snapshot), Some(volume)) => store(&volumes, &volume, snapshot, &percents).await,
        (_, Some(volume)) => {
            let _alone = slot.alone().await;
            change(&volumes, &volume, &step).await
        }
        (_, None) => Err("it isn't wanted any more".into()),
    };
    (step, result)
}

async fn change(volumes: &Volumes, volume: &Volume, step: &Step) -> Result<Gain, String> {
    let driver = volumes.driver();
    match step {
        Step::Ensure => {
            let made = driver.ensure(volume).await?;
            return Ok(Gain::Made { size_gib: made.size_gib, snapshots: made.snapshots });
        }
        Step::Freeze(snapshot) => driver.freeze(volume, snapshot).await?,
        Step::ForgetSnapshot(snapshot) => driver.forget_snapshot(&volume.id, snapshot).await?,
        Step::Grow(size_gib) => driver.grow(&Volume { size_gib: *size_gib, ..volume.clone() }).await?,
        Step::Limit(limits) => driver.limit(&volume.id, *limits).await?,
        Step::Store(_) | Step::Delete => {}
    }
    Ok(Gain::Nothing)
}

async fn store(volumes: &Volumes, volume: &Volume, snapshot: &str, percents: &Percents) -> Result<Gain, String> {
    let (percent, mut told) = watch::channel(0);
    let mut storing = volumes.driver().store(volume, snapshot, &percent);
    loop {
        tokio::select! {
            result = &mut storing => {
                return result.map(|bytes| Gain::Stored { stored_bytes: bytes.stored, full_bytes: bytes.full });
            }
            Ok(()) = told.changed() => {
                // Whoever looks after the volume may have gone.
                let _ = percents.send((snapshot.to_owned(), *told.borrow_and_update()));
            }
        }
    }
}

//! Moves the messages of dead-letter queues, as move tasks ask for it.

use super::super::{
    live::Moving,
    mail::Message,
    ops::receive::delay,
    queues::{Found, Queues},
};
use async_trait::async_trait;
use logic::queue::{Number, Past, Wish};
use model::{
    Arn, Env, Key, Record, Timestamp,
    sqs::{MoveState, MoveTask, MoveTaskPlan, MoveTaskSpec, Queue},
};
use spine::{
    Read, Row, Scope,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use wire::Fault;

/// How many messages are moved between two looks at the task.
const PIECE: usize = 100;

/// How many finished tasks of a queue are remembered (API reference, `ListMessageMoveTasks`).
const REMEMBERED: usize = 10;

/// Moves messages. It writes the `Plan` of move tasks, and deletes old ones.
pub struct Mover {
    queues: Arc<Queues>,
}

/// What came of moving a piece.
enum Moved {
    /// So many messages.
    Some(usize),
    /// There is nothing to move.
    Nothing,
    /// It can't go on.
    Failed(&'static str),
}

impl Mover {
    /// A mover of those queues' messages.
    pub fn new(queues: Arc<Queues>) -> Self {
        Self { queues }
    }

    /// Goes on with a task; when it wants to be looked at again.
    async fn go_on(&self, cx: &ReconcileCx, key: &Key<MoveTask>, row: &Row<MoveTask>) -> anyhow::Result<Wake> {
        let mut plan = (*row.plan).clone();
        let piece = row.spec.rate.map_or(PIECE, |rate| rate as usize);
        let wake = match self.piece(&cx.env, key, row, piece).await.map_err(anyhow::Error::new)? {
            _ if row.spec.cancelled => {
                plan.state = MoveState::Cancelled;
                Wake::Idle
            }
            Moved::Some(count) => {
                plan.moved += count as u64;
                let pause = Duration::from_secs(u64::from(row.spec.rate.is_some()));
                Wake::At(cx.env.now() + pause)
            }
            Moved::Nothing => {
                plan.state = MoveState::Completed;
                Wake::Idle
            }
            Moved::Failed(why) => {
                (plan.state, plan.failure) = (MoveState::Failed, Some(why.to_owned()));
                Wake::Idle
            }
        };
        let written: Result<(), spine::StoreError> =
            cx.store.transact(|tx| if tx.exists(key)? { tx.put_plan(key, &plan) } else { Ok(()) }).await;
        written?;
        Ok(wake)
    }

    async fn piece(&self, env: &Env, key: &Key<MoveTask>, row: &Row<MoveTask>, most: usize) -> Result<Moved, Fault> {
        if row.spec.cancelled {
            return Ok(Moved::Nothing);
        }
        let source = Key::<Queue>::new(&key.account, &key.region, &row.spec.source);
        let Some(source) = self.queues.at(&source.arn()).await? else {
            return Ok(Moved::Failed("AWS.SimpleQueueService.NonExistentQueue"));
        };
        let left = left(&row.spec, &row.plan);
        let now = env.now();
        let wish = Wish { most: most.min(left), invisible: Duration::from_secs(30), delay: delay(&source), most_receives: None };
        let messages = source.live.take(wish, None, false, now)?.messages;
        if messages.is_empty() {
            return Ok(Moved::Nothing);
        }
        let count = messages.len();
        let mut by_target: BTreeMap<String, Vec<(Number, Past, Message)>> = BTreeMap::new();
        for (number, past, message) in messages {
            let target = row.spec.destination.as_ref().map(Arn::to_string).or_else(|| message.head.dead_letter_source.clone());
            let Some(target) = target else { return Ok(Moved::Failed("CouldNotDetermineMessageSource")) };
            by_target.entry(target).or_default().push((number, past, message));
        }
        for (target, messages) in by_target {
            let target = match target.parse() {
                Ok(arn) => self.queues.at(&arn).await?,
                Err(_) => None,
            };
            let Some(target) = target else { return Ok(Moved::Failed("AWS.SimpleQueueService.NonExistentQueue")) };
            hand_over(env, &source, &target, messages, now).await?;
        }
        Ok(Moved::Some(count))
    }
}

/// What was there when the task was started is moved; what came after it stays.
fn left(spec: &MoveTaskSpec, plan: &MoveTaskPlan) -> usize {
    usize::try_from(spec.to_move.saturating_sub(plan.moved)).unwrap_or(usize::MAX)
}

/// Moved messages are new ones: they have a new id, a new age, and were never received (developer guide, "Configure a dead-letter queue
/// redrive").
async fn hand_over(
    env: &Env,
    source: &Found,
    target: &Found,
    messages: Vec<(Number, Past, Message)>,
    now: Timestamp,
) -> Result<(), Fault> {
    let anew = |(number, _, mut message): (Number, Past, Message)| {
        message.head.id = env.uuid();
        message.head.sent = now;
        message.head.dead_letter_source = None;
        Moving { number, past: None, message, anew: true }
    };
    let moving = messages.into_iter().map(anew).collect();
    Ok(source.live.move_to(&target.live, moving, now)?.written().await?)
}

#[async_trait]
impl Reconciler for Mover {
    fn name(&self) -> &'static str {
        "sqs/mover"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[MoveTask::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let mut wake = Wake::Idle;
        let mut finished: BTreeMap<(String, String, String), Vec<(Timestamp, Key<MoveTask>)>> = BTreeMap::new();
        for (key, row) in cx.store.snapshot().list::<MoveTask>(Scope::All)? {
            if row.plan.state == MoveState::Running {
                wake = wake.min(self.go_on(cx, &key, &row).await?);
            } else {
                let queue = (key.account.to_string(), key.region.to_string(), row.spec.source.clone());
                finished.entry(queue).or_default().push((row.spec.started, key));
            }
        }
        for tasks in finished.values_mut() {
            tasks.sort_by_key(|(started, _)| std::cmp::Reverse(*started));
            let old: Vec<_> = tasks.iter().skip(REMEMBERED).collect();
            if !old.is_empty() {
                cx.store.transact(|tx| old.iter().try_for_each(|(_, key)| tx.delete::<MoveTask>(key))).await?;
            }
        }
        Ok(wake)
    }
}

//! An edge without sockets, for simulations: it takes every table, and targets become healthy as a script says.

use agent_proto::{
    HostError,
    edge::{Edge, Report, Table, Target, TargetHealth, TargetReport},
};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// What is seen of a target: its group's ARN and the target in, its health and the requests under way out.
pub type Script = Box<dyn Fn(&str, &Target) -> (TargetHealth, u32) + Send + Sync>;

/// See the module.
pub struct Fake(Mutex<State>);

struct State {
    script: Script,
    table: Table,
    report: watch::Sender<Arc<Report>>,
    unreachable: bool,
}

impl Fake {
    /// Every target is healthy at once, and serves no requests.
    pub fn healthy() -> Self {
        Self::new(Box::new(|_, _| (TargetHealth::Healthy, 0)))
    }

    /// Targets are as the script says.
    pub fn new(script: Script) -> Self {
        Self(Mutex::new(State { script, table: Table::default(), report: watch::Sender::default(), unreachable: false }))
    }

    /// Follows another script from now on.
    pub fn follow(&self, script: Script) {
        let mut state = self.state();
        state.script = script;
        state.report_again();
    }

    /// While it is unreachable it takes no tables, and its report stands still.
    pub fn set_unreachable(&self, unreachable: bool) {
        let mut state = self.state();
        state.unreachable = unreachable;
        state.report_again();
    }

    /// The table that was applied last.
    pub fn table(&self) -> Table {
        self.state().table.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn report_again(&self) {
        if !self.unreachable {
            let groups = self.table.target_groups.iter();
            let targets =
                groups.map(|(arn, group)| (arn.clone(), group.targets.iter().map(|target| self.seen(arn, target)).collect()));
            self.report.send_replace(Arc::new(Report { targets: targets.collect(), ..Report::default() }));
        }
    }

    fn seen(&self, group: &str, target: &Target) -> TargetReport {
        let (health, in_flight) = (self.script)(group, target);
        TargetReport { id: target.id.clone(), port: target.port, health, in_flight }
    }
}

#[async_trait::async_trait]
impl Edge for Fake {
    async fn apply(&self, table: Table) -> Result<(), HostError> {
        let mut state = self.state();
        if state.unreachable {
            return Err(HostError::Unreachable("the script says so".into()));
        }
        state.table = table;
        state.report_again();
        Ok(())
    }

    fn report(&self) -> watch::Receiver<Arc<Report>> {
        self.state().report.subscribe()
    }
}

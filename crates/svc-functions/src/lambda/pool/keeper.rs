//! Sees to what invocations don't see to: environments that nobody needs any more, those that are kept ready, those of releases that are
//! over, those that were there before the server, and the sources of their output.

use super::{
    Pool, logs,
    state::{Deployed, State},
};
use agent_proto::function::Found;
use async_trait::async_trait;
use logic::function::fleet::{Census, EnvironmentId, ReleaseId};
use model::{
    AccountId, Key, Record, Region, Timestamp,
    lambda::{Alias, Function, Provisioned, ProvisionedObserved, ProvisionedSpec, Version},
    logs::LogSource,
};
use spine::{
    Read, Row, Scope, Snapshot,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Between two looks while there are environments: what invocations do to them, no record tells.
const PERIOD: Duration = Duration::from_secs(30);
/// Between two looks while something is about to be ready.
const SOON: Duration = Duration::from_millis(200);
/// After so long an environment has initialized, or never will (Lambda developer guide, "Init phase": ten seconds).
const SETTLED: Duration = Duration::from_secs(15);
/// How long an environment may go on with what it did when the server died, beyond its function's time.
const GRACE: Duration = Duration::from_secs(10);

/// The reconciler of the pool.
pub struct Keeper {
    pool: Arc<Pool>,
    /// Whether the host has been asked what was there before; and the environments that were busy, with the time at which they must be done.
    strays: Mutex<Option<Vec<(EnvironmentId, Timestamp)>>>,
}

impl Keeper {
    /// The one of that pool.
    pub fn new(pool: Arc<Pool>) -> Self {
        Self { pool, strays: Mutex::new(None) }
    }

    /// Takes over what was there before the server.
    async fn recover(&self, snapshot: &Snapshot) -> anyhow::Result<()> {
        if self.strays.lock().unwrap_or_else(PoisonError::into_inner).is_some() {
            return Ok(());
        }
        let mut strays = Vec::new();
        for found in self.pool.host.found().await {
            match self.adopt(snapshot, &found).await? {
                Some(environment) if found.busy => {
                    strays.push((environment, self.pool.env.now() + found.environment.timeout + GRACE));
                }
                Some(_) => {}
                None => self.pool.host.stop(&found.environment.id).await?,
            }
        }
        *self.strays.lock().unwrap_or_else(PoisonError::into_inner) = Some(strays);
        self.listen();
        Ok(())
    }

    /// Puts an environment into the pool, if the release that it is of is served still, and it was there long enough to be sure that it
    /// wasn't just being started when the server died.
    async fn adopt(&self, snapshot: &Snapshot, found: &Found) -> anyhow::Result<Option<EnvironmentId>> {
        let Some((version, revision)) = served(&found.environment.serves) else { return Ok(None) };
        let Some(row) = snapshot.get(&version)? else { return Ok(None) };
        let Some(release) = row.plan.serving.as_ref().filter(|release| release.revision == revision) else { return Ok(None) };
        let deployed = Deployed { version: version.clone(), plan: row.plan.clone() };
        self.pool.open_log(&deployed, &found.environment).await.map_err(|fault| anyhow::anyhow!("{fault}"))?;
        if !found.busy && self.pool.env.now().since(found.started) < SETTLED {
            return Ok(None);
        }
        let id = release_of(&mut self.pool.lock(), deployed, release, snapshot)?;
        Ok(Some(self.pool.act(|state, now| {
            let environment = state.fleet.found(id, found.started, found.busy, now);
            state.environments.insert(environment, found.environment.id.as_str().into());
            environment
        })))
    }

    /// Hears of environments that end by themselves.
    fn listen(&self) {
        let Some(mut ended) = self.pool.host.ended() else { return };
        let pool = Arc::downgrade(&self.pool);
        tokio::spawn(async move {
            while let Some(id) = ended.recv().await {
                let Some(pool) = pool.upgrade() else { return };
                pool.act(|state, _| {
                    let environment =
                        state.environments.iter().find(|(_, known)| ***known == *id).map(|(environment, _)| *environment);
                    environment.into_iter().for_each(|environment| state.gone(environment));
                });
            }
        });
    }

    /// Environments whose busy past is over, or never will be.
    fn end_strays(&self, state: &mut State, now: Timestamp) -> Wake {
        let mut strays = self.strays.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(strays) = strays.as_mut() else { return Wake::Idle };
        strays.retain(|(environment, until)| {
            let waits = now < *until;
            if !waits {
                state.fleet.end(*environment);
            }
            waits
        });
        strays.iter().fold(Wake::Idle, |wake, (_, until)| wake.min(Wake::At(*until)))
    }
}

/// What [`super::equip::serves`] has put together.
fn served(serves: &str) -> Option<(Key<Version>, &str)> {
    let mut parts = serves.splitn(4, '/');
    let (account, region) = (AccountId::parse(parts.next()?).ok()?, Region::parse(parts.next()?).ok()?);
    let (id, revision) = (parts.next()?, parts.next()?);
    Some((Key::new(&account, &region, id), revision))
}

fn release_of(
    state: &mut State,
    deployed: Deployed,
    release: &model::lambda::Release,
    read: &Snapshot,
) -> anyhow::Result<ReleaseId> {
    let current = state.current.get(&deployed.version).filter(|current| current.revision == release.revision);
    match current {
        Some(current) => Ok(current.release),
        None => Ok(state.deploy(deployed, release, read)?.0),
    }
}

/// Releases that aren't served any more go; of the others as many environments are kept ready as were asked for.
fn adjust(state: &mut State, snapshot: &Snapshot, wanted: &HashMap<Key<Version>, u32>) -> anyhow::Result<()> {
    state.recount(snapshot)?;
    let versions: Vec<Key<Version>> = state.current.keys().cloned().collect();
    for version in versions {
        let row = snapshot.get(&version)?;
        let serving = row.as_ref().and_then(|row| row.plan.serving.as_ref());
        let same = serving.is_some_and(|release| state.current.get(&version).is_some_and(|it| it.revision == release.revision));
        if !same {
            state.withdraw(&version);
        }
    }
    for version in wanted.keys() {
        let Some(row) = snapshot.get(version)? else { continue };
        let Some(release) = &row.plan.serving else { continue };
        release_of(state, Deployed { version: version.clone(), plan: row.plan.clone() }, release, snapshot)?;
    }
    let kept: Vec<(ReleaseId, u32)> =
        state.current.iter().map(|(version, it)| (it.release, wanted.get(version).copied().unwrap_or_default())).collect();
    for (release, count) in kept {
        // One that couldn't be started is not tried again and again; another release is.
        let count = if state.failures.contains_key(&release) { state.fleet.census(release).ready.min(count) } else { count };
        state.fleet.keep(release, count);
    }
    state.forget();
    Ok(())
}

/// The version that a configuration of provisioned concurrency is about.
fn version_of(snapshot: &Snapshot, key: &Key<Provisioned>) -> anyhow::Result<Key<Version>> {
    let function: Key<Function> = key.function();
    let alias = snapshot.spec(&function.alias(key.qualifier()))?;
    Ok(function.version(alias.as_ref().map_or(key.qualifier(), |alias| &alias.version)))
}

type Configured = (Key<Provisioned>, Row<Provisioned>, Key<Version>);

fn configured(snapshot: &Snapshot) -> anyhow::Result<Vec<Configured>> {
    let rows = snapshot.list::<Provisioned>(Scope::All)?;
    rows.into_iter().map(|(key, row)| Ok((key.clone(), row, version_of(snapshot, &key)?))).collect()
}

/// What there is of a configuration.
fn observed(spec: &ProvisionedSpec, census: Census, failure: Option<String>) -> ProvisionedObserved {
    let allocated = census.ready.min(spec.requested);
    ProvisionedObserved { allocated, available: census.idle.min(allocated), failure }
}

impl Keeper {
    /// Writes what there is of what was asked to be kept ready; whether some of it is about to come.
    async fn report(&self, cx: &ReconcileCx, configured: &[Configured]) -> anyhow::Result<bool> {
        let mut coming = false;
        for (key, row, version) in configured {
            let (seen, starting) = {
                let state = self.pool.lock();
                let release = state.current.get(version).map(|current| current.release);
                let census = release.map(|release| state.fleet.census(release)).unwrap_or_default();
                let failure = release.and_then(|release| state.failures.get(&release)).cloned();
                (observed(&row.spec, census, failure), census.starting)
            };
            coming |= seen.allocated < row.spec.requested && starting > 0;
            if *row.observed != seen {
                cx.store.transact(|tx| if tx.exists(key)? { tx.put_observed(key, &seen) } else { Ok(()) }).await?;
            }
        }
        Ok(coming)
    }

    /// Deletes the sources of environments that are gone, once all was read.
    async fn sweep(&self, cx: &ReconcileCx, snapshot: &Snapshot) -> anyhow::Result<()> {
        let alive = self.pool.lock().alive();
        for (key, row) in snapshot.list::<LogSource>(Scope::All)? {
            let Some(id) = logs::environment_of(&key).filter(|id| !alive.contains(*id)) else { continue };
            if row.plan.drained {
                cx.store.transact(|tx| tx.delete(&key)).await?;
                self.pool.host.forget(id).await;
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Reconciler for Keeper {
    fn name(&self) -> &'static str {
        "lambda/pool"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Function::KIND, Version::KIND, Alias::KIND, Provisioned::KIND, LogSource::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let snapshot = cx.store.snapshot();
        self.recover(&snapshot).await?;
        let configured = configured(&snapshot)?;
        let mut wanted: HashMap<Key<Version>, u32> = HashMap::new();
        for (_, row, version) in &configured {
            *wanted.entry(version.clone()).or_default() += row.spec.requested;
        }
        let now = cx.env.now();
        let (strays, orders) = {
            let mut state = self.pool.lock();
            adjust(&mut state, &snapshot, &wanted)?;
            let strays = self.end_strays(&mut state, now);
            (strays, state.fleet.tidy(now))
        };
        self.pool.obey(orders, Some(cx));
        self.pool.credentials.forget(now);
        self.sweep(cx, &snapshot).await?;
        let coming = self.report(cx, &configured).await?;
        Ok(self.wake(now, coming).min(strays))
    }
}

impl Keeper {
    fn wake(&self, now: Timestamp, coming: bool) -> Wake {
        let state = self.pool.lock();
        let next = state.fleet.next_tidy(now).map_or(Wake::Idle, Wake::At);
        let look = if coming { SOON } else { PERIOD };
        if state.fleet.size() > 0 { next.min(Wake::At(now + look)) } else { next }
    }
}

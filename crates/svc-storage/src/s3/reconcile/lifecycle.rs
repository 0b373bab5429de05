//! Does once a day, at midnight UTC, what the buckets' lifecycle rules say, and whenever rules were set.

use crate::s3::{
    Storage,
    notify::{self, About, Actor, Happened},
    ops::{configure, delete, multipart},
    rules::lifecycle::{self as rules, Due, Rules, Subject},
    versions::{self, Deleted, Place},
};
use api::s3 as sdk;
use async_trait::async_trait;
use model::{
    Env, Key, Record, Region, Timestamp,
    s3::{self as records, Bucket, BucketSpec, Object, Upload, Version, VersionSpec},
};
use spine::{
    Read, Scope, Snapshot, Tx,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::sync::Arc;

/// How many records are read at a time.
const BATCH: usize = 1000;

/// Sees to the lifecycle.
pub struct Lifecycle(Arc<Storage>);

impl Lifecycle {
    /// One for that storage.
    pub fn new(s3: &Arc<Storage>) -> Self {
        Self(s3.clone())
    }
}

#[async_trait]
impl Reconciler for Lifecycle {
    fn name(&self) -> &'static str {
        "s3/lifecycle"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[Bucket::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let snapshot = cx.store.snapshot();
        let mut wake = Wake::Idle;
        for (key, bucket) in snapshot.specs::<Bucket>(Scope::All)? {
            let Some(set) = configure::lifecycle_rules(&bucket)? else { continue };
            let run = Run { s3: &self.0, cx, now: cx.env.now(), name: &key.id, rules: &set };
            run.objects(&snapshot).await?;
            run.uploads(&snapshot).await?;
            wake = Wake::At(rules::next_midnight(run.now));
        }
        Ok(wake)
    }
}

/// One look at one bucket.
struct Run<'a> {
    s3: &'a Arc<Storage>,
    cx: &'a ReconcileCx,
    now: Timestamp,
    name: &'a str,
    rules: &'a Rules,
}

impl Run<'_> {
    async fn objects(&self, read: &Snapshot) -> anyhow::Result<()> {
        let (account, region, prefix) = (records::account(), Region::global(), format!("{}/", self.name));
        let mut after = prefix.clone();
        loop {
            let batch = read.specs::<Object>(Scope::After(&account, &region, &after, BATCH))?;
            for (at, current) in &batch {
                let Some(key) = at.id.strip_prefix(&prefix) else { return Ok(()) };
                self.key(read, key, current).await?;
            }
            match batch.last() {
                Some((last, _)) if batch.len() == BATCH => after = last.id.clone(),
                _ => return Ok(()),
            }
        }
    }

    async fn key(&self, read: &Snapshot, key: &str, current: &Arc<VersionSpec>) -> anyhow::Result<()> {
        let earlier =
            read.specs::<Version>(Scope::Prefix(&records::account(), &Region::global(), &Version::prefix(self.name, key)))?;
        let due = self.rules.current(Subject { key, version: current }, earlier.is_empty(), self.now);
        if let Some(due) = due {
            self.apply(key, current, true, due).await?;
        }
        let mut replaced = current.modified;
        for (newer, (_, version)) in earlier.iter().enumerate() {
            if let Some(due) = self.rules.noncurrent(Subject { key, version }, replaced, newer, self.now) {
                self.apply(key, version, false, due).await?;
            }
            replaced = version.modified;
        }
        Ok(())
    }

    async fn apply(&self, key: &str, version: &Arc<VersionSpec>, current: bool, due: Due) -> anyhow::Result<()> {
        let (name, key, version) = (self.name.to_owned(), key.to_owned(), version.clone());
        let (now, env) = (self.now, self.cx.env.clone());
        let by = Actor::itself(now, env.uuid());
        let done = self.s3.commit(Vec::new(), move |tx, _, gone| {
            let Some(bucket) = unchanged(tx, &name, &key, &version, current)? else { return Ok(()) };
            let place = Place { name: &name, bucket: &bucket, key: &key };
            let deleted = match due {
                Due::Transition(class) => return transition(tx, place, &version, current, class, &by, &env),
                Due::Expire if current => versions::delete(tx, place, now, &env, gone)?,
                Due::Expire | Due::RemoveMarker if versions::is_locked(&version, now, false) => Deleted::Nothing,
                Due::Expire | Due::RemoveMarker => versions::delete_version(tx, place, version.id(), now, false, gone)?,
            };
            delete::tell(tx, (&name, &bucket), &key, &deleted, &by, delete::EXPIRED, &env)
        });
        done.await.map_err(|fault| anyhow::anyhow!("{fault}"))
    }

    async fn uploads(&self, read: &Snapshot) -> anyhow::Result<()> {
        let prefix = format!("{}/", self.name);
        let all = read.specs::<Upload>(Scope::Prefix(&records::account(), &Region::global(), &prefix))?;
        for (at, upload) in all {
            let Some((key, id)) = at.id[prefix.len()..].rsplit_once('\0') else { continue };
            if !self.rules.aborts(key, upload.initiated, self.now) {
                continue;
            }
            let (name, key, id) = (self.name.to_owned(), key.to_owned(), id.to_owned());
            let done = self.s3.commit(Vec::new(), move |tx, _, gone| multipart::end(tx, (&name, &key, &id), None, gone));
            done.await.map_err(|fault| anyhow::anyhow!("{fault}"))?;
        }
        Ok(())
    }
}

/// The bucket, if the version still is what was decided on.
fn unchanged(
    tx: &Tx,
    name: &str,
    key: &str,
    version: &VersionSpec,
    current: bool,
) -> Result<Option<Arc<BucketSpec>>, wire::Fault> {
    let there = match current {
        true => tx.spec(&Object::key(name, key))?,
        false => tx.spec(&Version::key(name, key, version.order))?,
    };
    let bucket_key: Key<Bucket> = records::key(name);
    let bucket = tx.spec(&bucket_key)?;
    Ok(bucket.filter(|_| there.is_some_and(|there| *there == *version)))
}

fn transition(
    tx: &mut Tx,
    place: Place<'_>,
    version: &VersionSpec,
    current: bool,
    class: sdk::TransitionStorageClass,
    by: &Actor,
    env: &Env,
) -> Result<(), wire::Fault> {
    versions::update(tx, place, version, current, |version| {
        if let Some(content) = &mut version.content {
            content.class = class.as_str().to_owned();
        }
    })?;
    let happened = Happened {
        event: "LifecycleTransition",
        detail_type: "Object Storage Class Changed",
        key: place.key,
        version,
        about: About::Moved(class.as_str()),
    };
    notify::tell(tx, (place.name, place.bucket), happened, by, env)
}

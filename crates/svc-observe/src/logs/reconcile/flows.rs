//! Makes log events of what hosts count for flow logs.
//!
//! Hosts keep their records in memory and a bounded number of them, and so is kept in memory how far they were read: flow logs are
//! gathered as well as can be, as at AWS. Each interface has a stream in the flow log's group; group and stream are made when they are
//! needed.

use super::super::store::{Event, LogStore};
use agent_proto::{
    Host,
    flow::{FlowPosition, FlowRecord},
};
use async_trait::async_trait;
use logic::flow_log::line::{Known, fields, line};
use model::{
    Key, Record,
    ec2::{AttachedTo, FlowLog, FlowLogSpec, FlowTraffic, NetworkInterface, Subnet},
    logs::{LogGroup, LogGroupSpec, LogStream, LogStreamSpec, stream_id},
};
use spine::{
    Read, Scope, Snapshot, Specs, StoreError,
    reconcile::{ReconcileCx, Reconciler, Wake},
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// Between two looks at what hosts have counted.
const PERIOD: Duration = Duration::from_secs(5);

/// Reads what this host has counted.
pub struct Flows {
    host: Arc<dyn Host>,
    events: Arc<LogStore>,
    position: Mutex<FlowPosition>,
}

impl Flows {
    /// From a host to the log store.
    pub fn new(host: Arc<dyn Host>, events: Arc<LogStore>) -> Self {
        Self { host, events, position: Mutex::default() }
    }

    async fn write(
        &self,
        cx: &ReconcileCx,
        log: &Key<FlowLog>,
        spec: &FlowLogSpec,
        records: &[&FlowRecord],
    ) -> anyhow::Result<()> {
        let Ok(fields) = fields(&spec.format) else { return Ok(()) };
        let snapshot = cx.store.snapshot();
        let mut streams = BTreeMap::<&str, Vec<Event>>::new();
        for record in records {
            let known = known(&snapshot, log, &record.interface)?;
            let event = Event { timestamp: record.start, message: line(&fields, record, &known) };
            streams.entry(&record.interface).or_default().push(event);
        }
        for (interface, events) in streams {
            let uid = stream(cx, log, spec, interface).await?;
            let (store, now) = (self.events.clone(), cx.env.now());
            tokio::task::spawn_blocking(move || store.append(&uid, &events, now)).await??;
        }
        Ok(())
    }
}

/// What is known of an interface; of one that is gone by now, where it was.
fn known(snapshot: &Snapshot, log: &Key<FlowLog>, interface: &str) -> Result<Known, StoreError> {
    let place = Known { account: log.account.to_string(), region: log.region.to_string(), ..Known::default() };
    let key = Key::<NetworkInterface>::new(&log.account, &log.region, interface);
    let Some(found) = snapshot.spec(&key)? else { return Ok(place) };
    let subnet = snapshot.spec(&Key::<Subnet>::new(&log.account, &log.region, &found.subnet))?;
    let instance = found.attachment.as_ref().and_then(|attachment| match &attachment.to {
        AttachedTo::Instance(id) | AttachedTo::ContainerHost(id) => Some(id.clone()),
        AttachedTo::Workload(_) | AttachedTo::Edge | AttachedTo::NatGateway(_) => None,
    });
    Ok(Known {
        vpc: found.vpc.clone(),
        subnet: found.subnet.clone(),
        zone_id: subnet.map(|subnet| subnet.zone_id.clone()),
        instance,
        ..place
    })
}

/// The log store's name of an interface's stream.
async fn stream(cx: &ReconcileCx, log: &Key<FlowLog>, spec: &FlowLogSpec, interface: &str) -> Result<String, StoreError> {
    let traffic = match spec.traffic {
        FlowTraffic::Accept => "accept",
        FlowTraffic::Reject => "reject",
        FlowTraffic::All => "all",
    };
    let group = Key::<LogGroup>::new(&log.account, &log.region, &spec.group);
    let id = stream_id(&spec.group, &format!("{interface}-{traffic}"));
    let stream = Key::<LogStream>::new(&log.account, &log.region, id);
    let (uids, created) = ([cx.env.hex(32), cx.env.hex(32)], cx.env.now());
    cx.store
        .transact(|tx| {
            if let Some(found) = tx.spec(&stream)? {
                return Ok(found.uid.clone());
            }
            let [group_uid, uid] = uids.clone();
            if !tx.exists(&group)? {
                let new = LogGroupSpec {
                    uid: group_uid,
                    created,
                    retention_days: None,
                    deletion_protected: false,
                    tags: BTreeMap::new(),
                };
                tx.create(&group, &new)?;
            }
            tx.create(&stream, &LogStreamSpec { uid: uid.clone(), created })?;
            Ok(uid)
        })
        .await
}

#[async_trait]
impl Reconciler for Flows {
    fn name(&self) -> &'static str {
        "logs/flows"
    }

    fn watches(&self) -> &'static [&'static str] {
        &[FlowLog::KIND]
    }

    async fn reconcile(&self, cx: &ReconcileCx) -> anyhow::Result<Wake> {
        let logs: Specs<FlowLog> = cx.store.snapshot().specs(Scope::All)?;
        if logs.is_empty() {
            return Ok(Wake::Idle);
        }
        let from = *self.position.lock().unwrap_or_else(PoisonError::into_inner);
        let chunk = self.host.flows(from).await?;
        for (key, spec) in &logs {
            let own: Vec<_> = chunk.records.iter().filter(|record| record.log == key.id).collect();
            self.write(cx, key, spec, &own).await?;
        }
        *self.position.lock().unwrap_or_else(PoisonError::into_inner) = chunk.next;
        Ok(Wake::At(cx.env.now() + PERIOD))
    }
}

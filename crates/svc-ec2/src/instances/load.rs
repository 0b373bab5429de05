//! Instances with what belongs to them, as they are read from the store.

use crate::{
    records::{Named, key},
    resource::Resource,
};
use front::{Answer, Cx};
use logic::ebs::{AttachmentState, attachments};
use model::{
    Key,
    ec2::{
        AttachedTo, Instance, InstancePlan, InstanceSpec, InstanceState, NetworkInterface, SecurityGroup, Volume,
        VolumeAttachment, VolumePlan, VolumeSpec,
    },
};
use spine::{Read, Row};
use std::{collections::BTreeMap, sync::Arc};

/// An instance's record.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// `i-…`.
    pub id: String,
    /// What was asked for.
    pub spec: Arc<InstanceSpec>,
    /// What was decided.
    pub plan: Arc<InstancePlan>,
}

impl Loaded {
    /// A row of the store.
    pub fn of(id: &str, row: &Row<Instance>) -> Self {
        Self { id: id.into(), spec: row.spec.clone(), plan: row.plan.clone() }
    }

    /// The state that is shown.
    pub fn state(&self) -> InstanceState {
        logic::instance::state(&self.spec, &self.plan)
    }

    /// Whether it has ended for good, or is about to.
    pub fn is_ending(&self) -> bool {
        matches!(self.state(), InstanceState::ShuttingDown | InstanceState::Terminated)
    }
}

/// The instance with that id, which has to be there.
pub fn instance(cx: &Cx, read: &impl Read, id: &str) -> Answer<Loaded> {
    Resource::INSTANCE.check(id)?;
    let row = read.get(&key::<Instance>(cx, id))?.ok_or_else(|| Resource::INSTANCE.not_found(id))?;
    Ok(Loaded::of(id, &row))
}

/// The instance with that id, which has to be there and not to have ended.
pub fn living(cx: &Cx, read: &impl Read, id: &str) -> Answer<Loaded> {
    let found = instance(cx, read, id)?;
    if found.is_ending() {
        let message = format!("The instance '{id}' is not in a valid state for this operation.");
        return Err(super::errors::incorrect_state(message));
    }
    Ok(found)
}

/// The instances with those ids, all of which have to be there: each once, in the order of the request.
pub fn instances(cx: &Cx, read: &impl Read, ids: &[String]) -> Answer<Vec<Loaded>> {
    ids.iter().try_for_each(|id| Resource::INSTANCE.check(id))?;
    let (mut found, mut missing) = (Vec::<Loaded>::new(), Vec::new());
    for id in ids {
        match read.get(&key::<Instance>(cx, id))? {
            _ if found.iter().any(|it| it.id == *id) => {}
            Some(row) => found.push(Loaded::of(id, &row)),
            None => missing.push(id.as_str()),
        }
    }
    match missing.as_slice() {
        [] => Ok(found),
        [one] => Err(Resource::INSTANCE.not_found(one)),
        many => {
            let message = format!("The instance IDs '{}' do not exist", many.join(", "));
            Err(wire::Fault::client("InvalidInstanceID.NotFound", message))
        }
    }
}

/// What belongs to an instance.
#[derive(Clone, Debug, Default)]
pub struct Belongings {
    /// The interfaces that are attached to it, the primary one first.
    pub interfaces: Vec<Named<NetworkInterface>>,
    /// The volumes that are attached to it.
    pub volumes: Vec<Disk>,
    /// The names of the security groups that its interfaces are in, by id.
    pub groups: BTreeMap<String, String>,
}

/// A volume of an instance.
#[derive(Clone, Debug)]
pub struct Disk {
    /// `vol-…`.
    pub id: String,
    /// What was asked for.
    pub spec: Arc<VolumeSpec>,
    /// What was decided.
    pub plan: Arc<VolumePlan>,
}

impl Disk {
    /// Its attachment to an instance, and how far that is.
    pub fn attachment(&self, instance: &str) -> Option<(&VolumeAttachment, AttachmentState)> {
        attachments(&self.spec, &self.plan).find(|(attachment, _)| attachment.instance == instance)
    }
}

/// What belongs to the instance under that key. Nothing is read but what it names.
pub fn belongings(read: &impl Read, key: &Key<Instance>, spec: &InstanceSpec) -> Result<Belongings, spine::StoreError> {
    let mut found = Belongings { volumes: disks(read, key, spec)?, ..Belongings::default() };
    for id in &spec.interfaces {
        let Some(interface) = read.spec(&beside::<NetworkInterface>(key, id))? else { continue };
        let attached = interface.attachment.as_ref().is_some_and(|it| it.to == AttachedTo::Instance(key.id.clone()));
        if attached {
            found.interfaces.push((id.clone(), interface));
        }
    }
    found.interfaces.sort_by_key(|(_, interface)| interface.attachment.as_ref().map_or(0, |it| it.device_index));
    for id in found.interfaces.iter().flat_map(|(_, interface)| &interface.groups) {
        if let Some(group) = read.spec(&beside::<SecurityGroup>(key, id))? {
            found.groups.insert(id.clone(), group.name.clone());
        }
    }
    Ok(found)
}

/// The volumes that are attached to an instance, or are to be.
pub fn disks(read: &impl Read, key: &Key<Instance>, spec: &InstanceSpec) -> Result<Vec<Disk>, spine::StoreError> {
    let mut disks = Vec::new();
    for id in &spec.volumes {
        let Some(Row { spec, plan, .. }) = read.get(&beside::<Volume>(key, id))? else { continue };
        let disk = Disk { id: id.clone(), spec, plan };
        if disk.attachment(&key.id).is_some() {
            disks.push(disk);
        }
    }
    Ok(disks)
}

/// The key of a record in the same account and region.
pub fn beside<R: model::Record>(key: &Key<Instance>, id: &str) -> Key<R> {
    Key::new(&key.account, &key.region, id)
}

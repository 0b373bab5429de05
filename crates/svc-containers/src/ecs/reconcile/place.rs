//! The first step of a task: its credentials, its interface, its images, its log streams, and its workload on a host.

use super::logs;
use crate::ecs::{
    environment, images,
    load::{LoadedTask, hosted_key},
    roles,
    workload::{Making, workload},
};
use agent_proto::{
    Capabilities,
    record::{HostedSpec, LOCAL_HOST},
    workload::{ImageSource, Network},
};
use logic::{placement, vpc};
use model::{
    Env, Key, Timestamp,
    ec2::{AttachedTo, Attachment, InterfaceKind, NetworkInterface, NetworkInterfaceSpec, Subnet, Vpc},
    ecs::{AwsVpc, ContainerInstance, ContainerInstanceSpec, NetworkMode, Stop, StopCode, TaskInterface, TaskPlan},
};
use spine::{Read, Scope, StoreError, Tx};
use std::{collections::BTreeMap, sync::Arc};

/// A task that is to be placed.
pub struct Placing<'a> {
    /// The dice for ids.
    pub env: &'a Env,
    /// What the host can do.
    pub machine: &'a Capabilities,
    /// The cloud's own `host:port`.
    pub endpoint: &'a str,
    /// The task.
    pub task: &'a LoadedTask,
    /// The present moment.
    pub now: Timestamp,
    /// Why its execution role doesn't do, in the words of `stoppedReason`.
    pub refusal: Option<String>,
}

/// Where a task meets the network, and the interface that was made for it.
struct Placed {
    network: Network,
    interface: Option<TaskInterface>,
}

/// Why a task can't be placed, in the words of `stoppedReason`.
type Refused = String;

impl Placing<'_> {
    /// Places the task, or notes why that can't be.
    pub fn place(&self, tx: &mut Tx) -> Result<(), StoreError> {
        if let Err(reason) = self.check_machine() {
            return self.fail(tx, reason);
        }
        if let Some(reason) = &self.refusal {
            return self.fail(tx, reason.clone());
        }
        let credentials = match self.credentials(tx)? {
            Ok(credentials) => credentials,
            Err(reason) => return self.fail(tx, reason),
        };
        let placed = match self.network(tx)? {
            Ok(placed) => placed,
            Err(reason) => return self.fail(tx, reason),
        };
        if let Err(reason) = logs::open(tx, self.task, self.env, self.now)? {
            self.release(tx, &placed)?;
            return self.fail(tx, reason);
        }
        self.host(tx, placed, credentials)
    }

    fn fail(&self, tx: &mut Tx, reason: Refused) -> Result<(), StoreError> {
        let failure = Some(Stop { at: self.now, code: StopCode::TaskFailedToStart, reason });
        tx.put_plan(&self.task.key, &TaskPlan { failure, ..TaskPlan::clone(&self.task.plan) })
    }

    fn check_machine(&self) -> Result<(), Refused> {
        let (definition, overrides) = (&self.task.definition, &self.task.spec.overrides);
        if !placement::same_architecture(definition, &self.machine.architecture) {
            let wanted = definition.cpu_architecture.as_deref().unwrap_or_default();
            let host = &self.machine.architecture;
            return Err(format!("The task's CPU architecture {wanted} is not that of this host ({host})."));
        }
        let memory = overrides.memory.or(definition.memory).unwrap_or_default();
        if u64::from(memory) > self.machine.memory_mib && self.machine.memory_mib > 0 {
            return Err("Capacity is unavailable at this time. Please try again later or in a different availability zone".into());
        }
        Ok(())
    }

    /// Issues the credentials of the task's role, if it has one; their id.
    fn credentials(&self, tx: &mut Tx) -> Result<Result<Option<String>, Refused>, StoreError> {
        let Some(role) = self.task.task_role() else { return Ok(Ok(None)) };
        let given = roles::give(tx, self.env, &self.task.key, role)?;
        Ok(given.map(Some))
    }

    fn network(&self, tx: &mut Tx) -> Result<Result<Placed, Refused>, StoreError> {
        let mode = self.task.definition.network_mode;
        if let (NetworkMode::Awsvpc, Some(network)) = (mode, &self.task.spec.network) {
            return self.interface(tx, network);
        }
        if mode == NetworkMode::None {
            return Ok(Ok(Placed { network: Network::None, interface: None }));
        }
        let Some(spec) = self.instance(tx)? else { return Ok(Err("The task's container instance is gone.".into())) };
        let (vpc, instance) = (spec.vpc.clone(), spec.instance.clone());
        let network = if mode == NetworkMode::Host { Network::Host { vpc, instance } } else { Network::Bridge { vpc, instance } };
        Ok(Ok(Placed { network, interface: None }))
    }

    fn instance(&self, tx: &Tx) -> Result<Option<Arc<ContainerInstanceSpec>>, StoreError> {
        let key = &self.task.key;
        let (Some((cluster, _)), Some(id)) = (key.id.split_once('/'), &self.task.spec.container_instance) else {
            return Ok(None);
        };
        tx.spec(&Key::<ContainerInstance>::new(&key.account, &key.region, format!("{cluster}/{id}")))
    }

    /// An interface in the first of the subnets that has an address left.
    fn interface(&self, tx: &mut Tx, network: &AwsVpc) -> Result<Result<Placed, Refused>, StoreError> {
        let key = &self.task.key;
        let existing: Vec<Arc<NetworkInterfaceSpec>> =
            tx.specs::<NetworkInterface>(Scope::All)?.into_iter().map(|(_, spec)| spec).collect();
        for subnet_id in &network.subnets {
            let subnet_key = Key::<Subnet>::new(&key.account, &key.region, subnet_id.clone());
            let Some(subnet) = tx.spec(&subnet_key)? else { continue };
            let (id, attachment) = (format!("eni-{}", self.env.hex(17)), self.env.uuid());
            let new = vpc::NewInterface {
                id: &id,
                subnet_id,
                subnet: &subnet,
                kind: InterfaceKind::Interface,
                addresses: vpc::WantedAddresses::default(),
                ipv6: Vec::new(),
                groups: network.security_groups.clone(),
                description: model::Arn::new("ecs", &key.region, &key.account, format!("attachment/{attachment}")).to_string(),
                requester_managed: true,
                requester: "amazon-ecs".into(),
                attachment: Some(Attachment {
                    id: format!("ela-attach-{}", self.env.hex(17)),
                    owner: "amazon-ecs".into(),
                    to: AttachedTo::Workload(self.task.id().into()),
                    device_index: 1,
                    delete_on_termination: false,
                    at: self.now,
                }),
                public: network.assign_public_ip,
                now: self.now,
            };
            if let Ok(made) = vpc::new_interface(new, existing.iter().map(|spec| &**spec)) {
                tx.create(&Key::<NetworkInterface>::new(&key.account, &key.region, id.clone()), &made)?;
                return self.attached(tx, id, attachment, &made).map(Ok);
            }
        }
        Ok(Err("The specified subnet does not have enough free addresses to satisfy the request.".into()))
    }

    fn attached(&self, tx: &Tx, id: String, attachment: String, made: &NetworkInterfaceSpec) -> Result<Placed, StoreError> {
        let key = &self.task.key;
        let vpc = tx.spec(&Key::<Vpc>::new(&key.account, &key.region, made.vpc.clone()))?;
        let named = vpc.is_some_and(|vpc| vpc.dns_hostnames);
        let interface = TaskInterface {
            attachment,
            subnet: made.subnet.clone(),
            zone: made.zone.clone(),
            address: made.address,
            mac: made.mac.clone(),
            dns_name: named.then(|| vpc::private_dns_name(made.address, &key.region)),
            id: id.clone(),
        };
        Ok(Placed { network: Network::Interface { vpc: made.vpc.clone(), interface: id }, interface: Some(interface) })
    }

    fn release(&self, tx: &mut Tx, placed: &Placed) -> Result<(), StoreError> {
        match &placed.interface {
            Some(interface) => {
                tx.delete(&Key::<NetworkInterface>::new(&self.task.key.account, &self.task.key.region, interface.id.clone()))
            }
            None => Ok(()),
        }
    }

    fn host(&self, tx: &mut Tx, placed: Placed, credentials: Option<String>) -> Result<(), StoreError> {
        let task = self.task;
        let making = Making {
            id: task.id(),
            arn: task.key.arn().to_string(),
            definition: &task.definition,
            overrides: &task.spec.overrides,
            network: placed.network,
            images: self.images(tx)?,
            environment: environment::defaults(task.spec.launch_type, task.definition.network_mode, &task.key.region),
            credentials,
        };
        let hosted = HostedSpec { host: LOCAL_HOST.into(), workload: workload(&making) };
        tx.create(&hosted_key(&task.key), &hosted)?;
        let plan = TaskPlan { placed_at: Some(self.now), interface: placed.interface, ..TaskPlan::clone(&task.plan) };
        tx.put_plan(&task.key, &plan)
    }

    fn images(&self, tx: &Tx) -> Result<BTreeMap<String, ImageSource>, StoreError> {
        let (account, region) = (&self.task.key.account, &self.task.key.region);
        let by_role = self.task.execution_role().is_some();
        let one = |container: &model::ecs::ContainerDefinition| {
            let source = images::source(tx, &container.image, self.endpoint, (account, region), by_role)?;
            Ok((container.name.clone(), source))
        };
        self.task.definition.containers.iter().map(one).collect()
    }
}

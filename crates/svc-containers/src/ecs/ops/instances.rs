//! Container instances: describe, list; and the one that a cluster gets when it first needs one.

use crate::ecs::{
    errors::{invalid, refuse_unbuilt},
    launch,
    load::{self, LoadedTask},
    names, paging, views,
};
use agent_proto::{Capabilities, record::LOCAL_HOST};
use api::ecs as aws;
use front::{Answer, Cx};
use logic::{
    placement::{self, Refusal},
    vpc,
};
use model::{
    AccountId, Env, Key, Region, Timestamp,
    ec2::{AttachedTo, Attachment, ContainerHost, ContainerHostSpec, InterfaceKind, NetworkInterface, Subnet, Tags, Vpc},
    ecs::{Cluster, ContainerInstance, ContainerInstanceSpec, Definition, TaskOverride, short_id},
};
use spine::{Read, Scope, StoreError, Tx};
use std::sync::Arc;
use wire::Fault;

/// Whose network a machine is put into, and when.
pub struct Place<'a> {
    /// The account.
    pub account: &'a AccountId,
    /// The region.
    pub region: &'a Region,
    /// The present moment.
    pub now: Timestamp,
    /// The dice for ids.
    pub env: &'a Env,
}

impl<'a> Place<'a> {
    /// That of a call.
    pub fn of(cx: &'a Cx) -> Self {
        Self { account: &cx.account, region: &cx.region, now: cx.now, env: &cx.env }
    }
}

/// A cluster's container instance.
pub type Found = (Key<ContainerInstance>, Arc<ContainerInstanceSpec>);

/// The container instance of a cluster, if it has one.
pub fn find(tx: &impl Read, cluster: &Key<Cluster>) -> Result<Option<Found>, StoreError> {
    let prefix = format!("{}/", cluster.id);
    Ok(tx.specs::<ContainerInstance>(Scope::Prefix(&cluster.account, &cluster.region, &prefix))?.into_iter().next())
}

/// The container instance of a cluster, which joins it now if it has none: the host, as a machine in the default VPC.
///
/// `None` if there is no default VPC with a subnet for it.
pub fn ensure(tx: &mut Tx, cluster: &Key<Cluster>, machine: &Capabilities, place: &Place) -> Result<Option<Found>, StoreError> {
    if let Some(found) = find(tx, cluster)? {
        return Ok(Some(found));
    }
    let Some((subnet_key, subnet)) = default_subnet(tx, place)? else { return Ok(None) };
    let Some(group) = default_group(tx, place, &subnet.vpc)? else { return Ok(None) };
    let (instance, interface) = (format!("i-{}", place.env.hex(17)), format!("eni-{}", place.env.hex(17)));
    let new = vpc::NewInterface {
        id: &interface,
        subnet_id: &subnet_key.id,
        subnet: &subnet,
        kind: InterfaceKind::Interface,
        addresses: vpc::WantedAddresses::default(),
        ipv6: Vec::new(),
        groups: vec![group],
        description: String::new(),
        requester_managed: false,
        requester: place.account.to_string(),
        attachment: Some(Attachment {
            id: format!("eni-attach-{}", place.env.hex(17)),
            owner: place.account.to_string(),
            to: AttachedTo::ContainerHost(instance.clone()),
            device_index: 0,
            delete_on_termination: true,
            at: place.now,
        }),
        public: subnet.map_public_ip,
        now: place.now,
    };
    let existing = tx.specs::<NetworkInterface>(Scope::All)?;
    let Ok(made) = vpc::new_interface(new, existing.iter().map(|(_, spec)| &**spec)) else { return Ok(None) };
    let spec = ContainerInstanceSpec {
        host: LOCAL_HOST.into(),
        instance: instance.clone(),
        vpc: subnet.vpc.clone(),
        subnet: subnet_key.id.clone(),
        zone: subnet.zone.clone(),
        address: made.address,
        interface: interface.clone(),
        architecture: machine.architecture.clone(),
        cpu: machine.cpus.saturating_mul(1024),
        memory: u32::try_from(machine.memory_mib).unwrap_or(u32::MAX),
        registered_at: place.now,
    };
    tx.create(&Key::<NetworkInterface>::new(place.account, place.region, interface.clone()), &made)?;
    let ec2 = ContainerHostSpec {
        interface,
        vpc: spec.vpc.clone(),
        subnet: spec.subnet.clone(),
        launched_at: place.now,
        tags: Tags::new(),
    };
    tx.create(&Key::<ContainerHost>::new(place.account, place.region, instance), &ec2)?;
    let key = Key::<ContainerInstance>::new(place.account, place.region, format!("{}/{}", cluster.id, place.env.hex(32)));
    tx.create(&key, &spec)?;
    Ok(Some((key, Arc::new(spec))))
}

type FoundSubnet = (Key<Subnet>, Arc<model::ec2::SubnetSpec>);

fn default_subnet(tx: &impl Read, place: &Place) -> Result<Option<FoundSubnet>, StoreError> {
    let scope = Scope::Region(place.account, place.region);
    let vpcs = tx.specs::<Vpc>(scope)?;
    let Some((vpc, _)) = vpcs.into_iter().find(|(_, vpc)| vpc.is_default) else { return Ok(None) };
    let subnets = tx.specs::<Subnet>(scope)?;
    Ok(subnets.into_iter().filter(|(_, subnet)| subnet.vpc == vpc.id).min_by(|a, b| a.1.zone.cmp(&b.1.zone)))
}

fn default_group(tx: &impl Read, place: &Place, vpc: &str) -> Result<Option<String>, StoreError> {
    launch::group_named_default(tx, place.account, place.region, vpc)
}

/// How many tasks of a kind have room on an instance, `at_most` being asked for, and why no more.
pub fn fitting(
    (definition, overrides): (&Definition, &TaskOverride),
    (key, spec): &Found,
    machine: &Capabilities,
    tasks: &[LoadedTask],
    at_most: u32,
) -> (u32, Option<Refusal>) {
    if machine.missing.iter().any(|missing| missing.fatal) {
        return (0, Some(Refusal::Agent));
    }
    if !placement::same_architecture(definition, &spec.architecture) {
        return (0, Some(Refusal::Attribute));
    }
    let left = views::left(key, spec, tasks.iter());
    placement::how_many(&placement::required(definition, overrides), &left, at_most)
}

/// Takes the container instance out of a cluster, with its machine and interface.
pub fn remove(tx: &mut Tx, cluster: &Key<Cluster>) -> Result<(), StoreError> {
    let Some((key, spec)) = find(tx, cluster)? else { return Ok(()) };
    tx.delete(&Key::<ContainerHost>::new(&key.account, &key.region, spec.instance.clone()))?;
    tx.delete(&Key::<NetworkInterface>::new(&key.account, &key.region, spec.interface.clone()))?;
    tx.delete(&key)
}

/// `DescribeContainerInstances`.
pub fn describe(
    cx: &Cx,
    tx: &mut Tx,
    input: &aws::DescribeContainerInstancesRequest,
) -> Answer<aws::DescribeContainerInstancesResponse> {
    let (cluster, _) = names::active_cluster(cx, tx, input.cluster.as_deref())?;
    if input.container_instances.is_empty() {
        return Err(invalid("Container instances cannot be empty."));
    }
    if input.container_instances.len() > 100 {
        return Err(invalid("containerInstances can have at most 100 items."));
    }
    let (mut instances, mut failures) = (Vec::new(), Vec::new());
    let (found, tasks) = (find(tx, &cluster)?, load::tasks(tx, &cluster)?);
    for text in &input.container_instances {
        match found.as_ref().filter(|(key, _)| short_id(&key.id) == short_id(text)) {
            Some((key, spec)) => instances.push(views::instance(key, spec, &tasks)),
            None => failures.push(views::failure(arn_of(&cluster, text)?, "MISSING")),
        }
    }
    Ok(aws::DescribeContainerInstancesResponse { container_instances: Some(instances), failures: Some(failures) })
}

fn arn_of(cluster: &Key<Cluster>, text: &str) -> Result<String, Fault> {
    let short = short_id(text);
    if !names::is_name(short) {
        return Err(invalid("Invalid identifier of a container instance."));
    }
    let key = Key::<ContainerInstance>::new(&cluster.account, &cluster.region, format!("{}/{short}", cluster.id));
    Ok(key.arn().to_string())
}

/// `ListContainerInstances`.
pub fn list(cx: &Cx, tx: &mut Tx, input: &aws::ListContainerInstancesRequest) -> Answer<aws::ListContainerInstancesResponse> {
    refuse_unbuilt(&[("filter", input.filter.as_ref().is_some_and(|filter| !filter.is_empty()))])?;
    let (cluster, _) = names::active_cluster(cx, tx, input.cluster.as_deref())?;
    let active = input.status.is_none_or(|status| status == aws::ContainerInstanceStatus::Active);
    let found = find(tx, &cluster)?.filter(|_| active);
    let items = found.into_iter().map(|(key, _)| (key.id.clone(), key.arn().to_string()));
    let (arns, next_token) = paging::page(items, false, input.max_results, input.next_token.as_deref())?;
    Ok(aws::ListContainerInstancesResponse { container_instance_arns: Some(arns), next_token })
}

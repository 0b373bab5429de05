//! The values of one instance's metadata, by their paths (EC2 user guide, "Instance metadata categories").
//!
//! **Not there**, and so answered with 404: `public-hostname`, since there is no public name server in which an instance could have a name (none
//! is shown by `DescribeInstances` either); `identity-credentials`, the credentials of a role of the instance itself, `aws:ec2-instance`,
//! which nothing here would accept; and what instances have that are launched in ways that aren't built (Spot, Auto Scaling, dedicated hosts).

use super::{events, role_of};
use logic::vpc::{instance_dns_name, zone_id_of};
use model::{
    Cidr, Ipv6Cidr, Key,
    ec2::{
        Instance, InstanceIdentity, InstanceIdentitySpec, InstanceSpec, Ipv6CidrAssociation, NetworkInterface,
        NetworkInterfaceSpec, PushedKey, SecurityGroup, Subnet, Volume, Vpc,
    },
};
use serde_json::json;
use spine::{Read, Row, Scope, Specs, StoreError};
use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc};
use wire::Time;

/// An instance, with all that its metadata tells.
pub struct Tree<'a> {
    key: &'a Key<Instance>,
    spec: Arc<InstanceSpec>,
    interfaces: Vec<Interface<'a>>,
    /// Names of volumes' devices, without the root's.
    devices: Vec<String>,
    identity: Option<Arc<InstanceIdentitySpec>>,
    /// The ids of the scheduled events that were carried out.
    events_done: Vec<String>,
    /// The name of the profile's role.
    role: Option<String>,
    /// Keys that were pushed, by user.
    pushed: BTreeMap<String, String>,
}

struct Interface<'a> {
    id: &'a str,
    spec: &'a NetworkInterfaceSpec,
    subnet: Option<Cidr>,
    /// All blocks of its VPC, the primary one first.
    vpc: Vec<Cidr>,
    subnet_ipv6: Vec<Ipv6Cidr>,
    vpc_ipv6: Vec<Ipv6Cidr>,
    /// Names of its security groups.
    groups: Vec<String>,
}

/// Which of an instance's interfaces it is.
pub fn device(interface: &NetworkInterfaceSpec) -> i32 {
    interface.attachment.as_ref().map_or(0, |attachment| attachment.device_index)
}

impl<'a> Tree<'a> {
    /// Reads what belongs to an instance. `interfaces` are its own, in their order.
    pub fn of(
        read: &impl Read,
        key: &'a Key<Instance>,
        row: &Row<Instance>,
        interfaces: &'a Specs<NetworkInterface>,
    ) -> Result<Self, StoreError> {
        let role = match &row.spec.profile {
            Some(profile) => role_of(read, key, &profile.name)?.map(|(name, _)| name),
            None => None,
        };
        Ok(Self {
            key,
            spec: row.spec.clone(),
            interfaces: interfaces.iter().map(|(id, spec)| Interface::of(read, key, &id.id, spec)).collect::<Result<_, _>>()?,
            devices: devices(read, key, &row.spec)?,
            identity: read.spec(&Key::<InstanceIdentity>::new(&key.account, &key.region, key.id.clone()))?,
            events_done: row.plan.events_done.clone(),
            role,
            pushed: pushed(read, key)?,
        })
    }

    /// Folders that list something else than what is in them.
    pub fn listings(&self) -> BTreeMap<String, String> {
        let key = self.spec.key.iter().map(|key| ("meta-data/public-keys".to_owned(), format!("0={}", key.name)));
        key.collect()
    }

    /// All values, by path. `has_credentials`: those of its role could be issued.
    pub fn values(&self, has_credentials: bool) -> BTreeMap<String, String> {
        let mut values = Values::default();
        self.itself(&mut values);
        self.place(&mut values);
        self.disks(&mut values);
        self.network(&mut values);
        self.profile(has_credentials, &mut values);
        self.keys(&mut values);
        self.dynamic(&mut values);
        values.0
    }

    fn itself(&self, values: &mut Values) {
        let spec = &self.spec;
        values.meta("ami-id", &spec.image);
        values.meta("ami-launch-index", spec.launch.index);
        values.meta("ami-manifest-path", "(unknown)");
        values.meta("instance-action", "none");
        values.meta("instance-id", &self.key.id);
        values.meta("instance-life-cycle", spec.purchase.name());
        values.meta("instance-type", &spec.instance_type);
        values.meta("profile", "default-hvm");
        values.meta("reservation-id", &spec.launch.reservation);
        values.meta("system", "nitro");
        values.meta("services/domain", "amazonaws.com");
        values.meta("services/partition", self.key.region.partition());
        values.meta("events/maintenance/history", events::history(spec, &self.events_done));
        values.meta("events/maintenance/scheduled", events::scheduled(spec, &self.events_done));
        values.meta("metrics/vhostmd", r#"<?xml version="1.0" encoding="UTF-8"?>"#);
        if spec.metadata.tags {
            spec.tags.iter().for_each(|(key, value)| values.meta(&format!("tags/instance/{key}"), value));
        }
    }

    fn place(&self, values: &mut Values) {
        let placement = &self.spec.placement;
        values.meta("placement/availability-zone", &placement.zone);
        if let Some(id) = zone_id_of(&self.key.region, &placement.zone) {
            values.meta("placement/availability-zone-id", id);
        }
        values.meta("placement/region", &self.key.region);
        if let Some(group) = &placement.group {
            values.meta("placement/group-name", group);
        }
        if let Some(partition) = placement.partition {
            values.meta("placement/partition-number", partition);
        }
    }

    fn disks(&self, values: &mut Values) {
        let root = &self.spec.boot.root_device;
        values.meta("block-device-mapping/ami", root.trim_start_matches("/dev/"));
        values.meta("block-device-mapping/root", root);
        for (place, device) in self.devices.iter().enumerate() {
            values.meta(&format!("block-device-mapping/ebs{}", place + 1), device.trim_start_matches("/dev/"));
        }
        for (place, (device, _)) in self.spec.instance_store.iter().enumerate() {
            values.meta(&format!("block-device-mapping/ephemeral{place}"), device.trim_start_matches("/dev/"));
        }
    }

    fn network(&self, values: &mut Values) {
        if let Some(primary) = self.interfaces.first() {
            let name = self.name_by(primary.spec.address);
            values.meta("hostname", &name);
            values.meta("local-hostname", &name);
            values.meta("local-ipv4", primary.spec.address);
            values.meta("mac", &primary.spec.mac);
            values.meta("security-groups", primary.groups.join("\n"));
            if let Some(address) = primary.spec.public_address {
                values.meta("public-ipv4", address);
            }
            if let Some(address) = primary.spec.ipv6.first() {
                values.meta("ipv6", address);
            }
        }
        self.interfaces.iter().for_each(|interface| self.interface(interface, values));
    }

    /// What it is called, or would be with that primary address.
    fn name_by(&self, address: Ipv4Addr) -> String {
        instance_dns_name(&self.spec.private_dns, &self.key.id, address, &self.key.region)
    }

    fn interface(&self, it: &Interface<'_>, values: &mut Values) {
        let mut tell = |name: &str, value: String| {
            values.meta(&format!("network/interfaces/macs/{}/{name}", it.spec.mac), value);
        };
        tell("device-number", device(it.spec).to_string());
        tell("interface-id", it.id.to_owned());
        tell("local-hostname", self.name_by(it.spec.address));
        tell("local-ipv4s", it.spec.addresses().map(|own| own.address.to_string()).collect::<Vec<_>>().join("\n"));
        tell("mac", it.spec.mac.clone());
        tell("network-card", "0".into());
        tell("owner-id", self.key.account.to_string());
        tell("security-group-ids", it.spec.groups.join("\n"));
        tell("security-groups", it.groups.join("\n"));
        tell("subnet-id", it.spec.subnet.clone());
        tell("vpc-id", it.spec.vpc.clone());
        if let Some(subnet) = it.subnet {
            tell("subnet-ipv4-cidr-block", subnet.to_string());
        }
        if let Some(primary) = it.vpc.first() {
            tell("vpc-ipv4-cidr-block", primary.to_string());
            tell("vpc-ipv4-cidr-blocks", lines(&it.vpc));
        }
        if !it.spec.ipv6.is_empty() {
            tell("ipv6s", lines(&it.spec.ipv6));
            tell("subnet-ipv6-cidr-blocks", lines(&it.subnet_ipv6));
            tell("vpc-ipv6-cidr-blocks", lines(&it.vpc_ipv6));
        }
        let public: Vec<_> = it.spec.addresses().filter_map(|own| Some((own.public_address?, own.address))).collect();
        if !public.is_empty() {
            tell("public-ipv4s", public.iter().map(|(public, _)| public.to_string()).collect::<Vec<_>>().join("\n"));
        }
        for (public, private) in public {
            tell(&format!("ipv4-associations/{public}"), private.to_string());
        }
    }

    /// What it is told of its profile, and why it has no credentials.
    fn profile(&self, has_credentials: bool, values: &mut Values) {
        let Some(profile) = &self.spec.profile else { return };
        let at = Time(profile.at.0).to_the_second();
        let (code, message) = match &self.role {
            _ if has_credentials => ("Success", None),
            Some(role) => {
                let message = format!(
                    "EC2 cannot assume the role {role}. Please see documentation at https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html."
                );
                let refusal = json!({"Code": "AssumeRoleUnauthorizedAccess", "Message": message, "LastUpdated": at});
                values.meta(&format!("iam/security-credentials/{role}"), pretty(&refusal));
                ("AssumeRoleUnauthorizedAccess", Some(message))
            }
            None => (
                "InstanceProfileNotFound",
                Some(format!(
                    "Instance Profile with ID {} cannot be found. Please see documentation at https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_iam-ec2.html.",
                    profile.profile_id
                )),
            ),
        };
        let mut info =
            json!({"Code": code, "LastUpdated": at, "InstanceProfileArn": profile.arn, "InstanceProfileId": profile.profile_id});
        if let Some(message) = message {
            info["Message"] = message.into();
        }
        values.meta("iam/info", pretty(&info));
    }

    fn keys(&self, values: &mut Values) {
        if let Some(key) = &self.spec.key {
            values.meta("public-keys/0/openssh-key", &key.public_key);
        }
        for (user, keys) in &self.pushed {
            values.meta(&format!("managed-ssh-keys/active-keys/{user}"), keys);
        }
    }

    fn dynamic(&self, values: &mut Values) {
        let monitoring = if self.spec.attributes.detailed_monitoring { "enabled" } else { "disabled" };
        values.put("dynamic/fws/instance-monitoring", monitoring);
        if let Some(identity) = &self.identity {
            values.put("dynamic/instance-identity/document", &identity.document);
            values.put("dynamic/instance-identity/signature", &identity.signature);
            values.put("dynamic/instance-identity/pkcs7", &identity.pkcs7);
            values.put("dynamic/instance-identity/rsa2048", &identity.rsa2048);
        }
    }
}

impl<'a> Interface<'a> {
    fn of(read: &impl Read, instance: &Key<Instance>, id: &'a str, spec: &'a NetworkInterfaceSpec) -> Result<Self, StoreError> {
        let (account, region) = (&instance.account, &instance.region);
        let mut groups = Vec::new();
        for group in &spec.groups {
            let found = read.spec(&Key::<SecurityGroup>::new(account, region, group.clone()))?;
            groups.extend(found.map(|group| group.name.clone()));
        }
        let subnet = read.spec(&Key::<Subnet>::new(account, region, spec.subnet.clone()))?;
        let vpc = read.spec(&Key::<Vpc>::new(account, region, spec.vpc.clone()))?;
        let blocks = |own: &Ipv6CidrAssociation| own.cidr;
        Ok(Self {
            id,
            spec,
            subnet_ipv6: subnet.iter().flat_map(|it| &it.ipv6).map(blocks).collect(),
            vpc_ipv6: vpc.iter().flat_map(|it| &it.ipv6).map(blocks).collect(),
            subnet: subnet.map(|subnet| subnet.cidr),
            vpc: vpc.map(|vpc| vpc.cidrs().collect()).unwrap_or_default(),
            groups,
        })
    }
}

/// The names of its volumes' devices but the root's, in order.
fn devices(read: &impl Read, key: &Key<Instance>, spec: &InstanceSpec) -> Result<Vec<String>, StoreError> {
    let mut devices = Vec::new();
    for id in &spec.volumes {
        let Some(volume) = read.spec(&Key::<Volume>::new(&key.account, &key.region, id.clone()))? else { continue };
        let own = volume.attachments.iter().filter(|attachment| attachment.instance == key.id);
        devices.extend(own.map(|attachment| attachment.device.clone()));
    }
    devices.retain(|device| *device != spec.boot.root_device);
    devices.sort();
    Ok(devices)
}

/// The keys that were pushed to it, by user, each on a line.
fn pushed(read: &impl Read, key: &Key<Instance>) -> Result<BTreeMap<String, String>, StoreError> {
    let prefix = format!("{}/", key.id);
    let mut found: BTreeMap<String, String> = BTreeMap::new();
    for (_, pushed) in read.specs::<PushedKey>(Scope::Prefix(&key.account, &key.region, &prefix))? {
        let keys = found.entry(pushed.user.clone()).or_default();
        keys.push_str(&pushed.public_key);
        keys.push('\n');
    }
    Ok(found)
}

fn lines(all: &[impl ToString]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

#[derive(Default)]
struct Values(BTreeMap<String, String>);

impl Values {
    fn meta(&mut self, path: &str, value: impl ToString) {
        self.put(&format!("meta-data/{path}"), value);
    }

    fn put(&mut self, path: &str, value: impl ToString) {
        self.0.insert(path.to_owned(), value.to_string());
    }
}

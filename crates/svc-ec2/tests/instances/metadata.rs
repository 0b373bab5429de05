//! What a launched instance finds at its metadata service, beside what the user guide lists.

use crate::world::{World, image, key};
use agent_proto::edge::InstanceMetadata;
use model::ec2::{EventKind, ImageSpec, Instance, InstanceIdentity, MachineKind, PurchaseOption};
use serde_json::{Value, json};
use spine::{
    Read,
    reconcile::{ReconcileCx, Reconciler},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

/// Categories that an instance with a key pair, a name, a second disk, a public address and a partition has (EC2 user guide, "Instance metadata
/// categories"), with `mac`, `public-ip` and their like for what differs; and `profile`, which the guide leaves out.
const THERE: &[&str] = &[
    "dynamic/fws/instance-monitoring",
    "dynamic/instance-identity/document",
    "dynamic/instance-identity/pkcs7",
    "dynamic/instance-identity/rsa2048",
    "dynamic/instance-identity/signature",
    "meta-data/ami-id",
    "meta-data/ami-launch-index",
    "meta-data/ami-manifest-path",
    "meta-data/block-device-mapping/ami",
    "meta-data/block-device-mapping/ebs1",
    "meta-data/block-device-mapping/root",
    "meta-data/events/maintenance/history",
    "meta-data/events/maintenance/scheduled",
    "meta-data/hostname",
    "meta-data/instance-action",
    "meta-data/instance-id",
    "meta-data/instance-life-cycle",
    "meta-data/instance-type",
    "meta-data/local-hostname",
    "meta-data/local-ipv4",
    "meta-data/mac",
    "meta-data/metrics/vhostmd",
    "meta-data/network/interfaces/macs/mac/device-number",
    "meta-data/network/interfaces/macs/mac/interface-id",
    "meta-data/network/interfaces/macs/mac/ipv4-associations/public-ip",
    "meta-data/network/interfaces/macs/mac/local-hostname",
    "meta-data/network/interfaces/macs/mac/local-ipv4s",
    "meta-data/network/interfaces/macs/mac/mac",
    "meta-data/network/interfaces/macs/mac/network-card",
    "meta-data/network/interfaces/macs/mac/owner-id",
    "meta-data/network/interfaces/macs/mac/public-ipv4s",
    "meta-data/network/interfaces/macs/mac/security-group-ids",
    "meta-data/network/interfaces/macs/mac/security-groups",
    "meta-data/network/interfaces/macs/mac/subnet-id",
    "meta-data/network/interfaces/macs/mac/subnet-ipv4-cidr-block",
    "meta-data/network/interfaces/macs/mac/vpc-id",
    "meta-data/network/interfaces/macs/mac/vpc-ipv4-cidr-block",
    "meta-data/network/interfaces/macs/mac/vpc-ipv4-cidr-blocks",
    "meta-data/placement/availability-zone",
    "meta-data/placement/availability-zone-id",
    "meta-data/placement/group-name",
    "meta-data/placement/partition-number",
    "meta-data/placement/region",
    "meta-data/profile",
    "meta-data/public-ipv4",
    "meta-data/public-keys/0/openssh-key",
    "meta-data/reservation-id",
    "meta-data/security-groups",
    "meta-data/services/domain",
    "meta-data/services/partition",
    "meta-data/system",
    "meta-data/tags/instance/Name",
];

/// What the guide lists besides: of other instances (with IPv6, a profile or an instance store), of ways to launch that aren't built, and what
/// `metadata/tree.rs` says of `public-hostname` and `identity-credentials`.
const NOT_THERE: &[&str] = &[
    "ancestor-ami-ids",
    "autoscaling/target-lifecycle-state",
    "block-device-mapping/ephemeral0",
    "block-device-mapping/swap",
    "elastic-inference/associations",
    "events/recommendations/rebalance",
    "iam/info",
    "iam/security-credentials",
    "identity-credentials/ec2/info",
    "identity-credentials/ec2/security-credentials/ec2-instance",
    "ipv6",
    "kernel-id",
    "network/interfaces/macs/mac/ipv6-prefix",
    "network/interfaces/macs/mac/ipv6s",
    "network/interfaces/macs/mac/public-hostname",
    "network/interfaces/macs/mac/subnet-ipv6-cidr-blocks",
    "network/interfaces/macs/mac/vpc-ipv6-cidr-blocks",
    "placement/host-id",
    "product-codes",
    "public-hostname",
    "ramdisk-id",
    "spot/instance-action",
    "spot/termination-time",
];

impl World {
    fn metadata(&self, id: &str) -> InstanceMetadata {
        let all = svc_ec2::instance_metadata(&self.bench.store.snapshot()).unwrap();
        all.into_values().find_map(|service| service.instances.get(id).cloned()).unwrap()
    }

    /// Documents are written and signed.
    async fn sign(&self) {
        let cx = ReconcileCx::new(self.bench.store.clone(), self.bench.env.clone());
        svc_ec2::Identities.reconcile(&cx).await.unwrap();
    }
}

fn categories(values: &BTreeMap<String, String>) -> BTreeSet<String> {
    let (mac, public) = (&values["meta-data/mac"], &values["meta-data/public-ipv4"]);
    values.keys().map(|path| path.replace(mac, "mac").replace(public, "public-ip")).collect()
}

#[tokio::test]
async fn an_instance_finds_what_the_guide_lists() {
    let world = World::new().await;
    world.ok("CreateKeyPair", &[("KeyName", "mine")]).await;
    world.ok("CreatePlacementGroup", &[("GroupName", "parts"), ("Strategy", "partition")]).await;
    let vpc = world.ok("DescribeVpcs", &[]).await.one("vpcSet/item/vpcId").to_owned();
    world.ok("AssociateVpcCidrBlock", &[("VpcId", &vpc), ("CidrBlock", "172.30.0.0/16")]).await;
    let id = world
        .running(&[
            ("KeyName", "mine"),
            ("Placement.GroupName", "parts"),
            ("MetadataOptions.InstanceMetadataTags", "enabled"),
            ("TagSpecification.1.ResourceType", "instance"),
            ("TagSpecification.1.Tag.1.Key", "Name"),
            ("TagSpecification.1.Tag.1.Value", "web"),
            ("BlockDeviceMapping.1.DeviceName", "/dev/sdf"),
            ("BlockDeviceMapping.1.Ebs.VolumeSize", "1"),
        ])
        .await;
    world.sign().await;
    let values = world.metadata(&id).values;
    let found = categories(&values);
    let listed: BTreeSet<String> = THERE.iter().map(|path| (*path).to_owned()).collect();
    assert_eq!(found.difference(&listed).collect::<Vec<_>>(), Vec::<&String>::new(), "not listed");
    assert_eq!(listed.difference(&found).collect::<Vec<_>>(), Vec::<&String>::new(), "missing");
    let also = |path: &&&str| found.iter().any(|it| it.starts_with(&format!("meta-data/{path}")));
    assert_eq!(NOT_THERE.iter().filter(also).collect::<Vec<_>>(), Vec::<&&str>::new());
    let mac = format!("meta-data/network/interfaces/macs/{}", values["meta-data/mac"]);
    assert_eq!(values[&format!("{mac}/vpc-ipv4-cidr-blocks")], "172.31.0.0/16\n172.30.0.0/16");
    assert_eq!(values[&format!("{mac}/vpc-ipv4-cidr-block")], "172.31.0.0/16");
    assert_eq!(values["meta-data/instance-life-cycle"], "on-demand");
}

#[tokio::test]
async fn the_document_is_signed_in_three_ways() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    world.sign().await;
    let values = world.metadata(&id).values;
    let signed = |name: &str| values[&format!("dynamic/instance-identity/{name}")].clone();
    let (signature, pkcs7, rsa2048) = (signed("signature"), signed("pkcs7"), signed("rsa2048"));
    assert!(signature != pkcs7 && pkcs7 != rsa2048);
    // One that was signed before there were three is signed again.
    world.write(|tx| tx.update_spec(&key::<InstanceIdentity>(&id), |spec| spec.rsa2048.clear())).await;
    world.sign().await;
    assert_eq!(world.metadata(&id).values["dynamic/instance-identity/rsa2048"], rsa2048, "RSA signs alike each time");
}

#[tokio::test]
async fn it_finds_what_is_planned_and_what_was_done() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    let read = |world: &World, name: &str| -> Value {
        serde_json::from_str(&world.metadata(&id).values[&format!("meta-data/events/maintenance/{name}")]).unwrap()
    };
    assert_eq!((read(&world, "scheduled"), read(&world, "history")), (json!([]), json!([])));
    let (store, env, day) = (&world.bench.store, &world.bench.env, Duration::from_secs(86_400));
    let event = svc_ec2::schedule_for(store, env, &id, EventKind::InstanceReboot, day).await.unwrap().unwrap();
    let mut shown = json!({
        "NotBefore": "02 Jan 2026 00:00:00 GMT", "NotAfter": "02 Jan 2026 02:00:00 GMT", "Code": "instance-reboot",
        "Description": "scheduled reboot", "EventId": event.id, "State": "active",
    });
    assert_eq!((read(&world, "scheduled"), read(&world, "history")), (json!([shown]), json!([])));
    world.write(|tx| tx.update_plan(&key::<Instance>(&id), |plan| plan.events_done.push(event.id.clone()))).await;
    shown["Description"] = "[Completed] scheduled reboot".into();
    shown["State"] = "completed".into();
    assert_eq!((read(&world, "scheduled"), read(&world, "history")), (json!([]), json!([shown])));
}

#[tokio::test]
async fn all_agree_on_what_an_instance_is_called() {
    let world = World::new().await;
    let guest = ImageSpec { name: "guest".into(), machine: MachineKind::Guest, boot_mode: Some("legacy-bios".into()), ..image() };
    world.image("ami-0000000000000000b", guest, true).await;
    let by_id = [
        ("ImageId", "ami-0000000000000000b"),
        ("PrivateDnsNameOptions.HostnameType", "resource-name"),
        ("PrivateDnsNameOptions.EnableResourceNameDnsARecord", "true"),
        ("PrivateDnsNameOptions.EnableResourceNameDnsAAAARecord", "true"),
    ];
    for (parameters, is_by_id) in [(&by_id[..], true), (&by_id[..1], false)] {
        let id = world.running(parameters).await;
        let shown = world.shown(&id).await;
        let address = shown.all("instancesSet/item/privateIpAddress")[0].replace('.', "-");
        let first = if is_by_id { id.clone() } else { format!("ip-{address}") };
        let whole = format!("{first}.ec2.internal");
        assert_eq!(shown.all("instancesSet/item/privateDnsName"), [&*whole]);
        assert_eq!(shown.one("privateDnsNameOptions/enableResourceNameDnsAAAARecord"), is_by_id.to_string());
        let values = world.metadata(&id).values;
        let of_interface = format!("meta-data/network/interfaces/macs/{}/local-hostname", values["meta-data/mac"]);
        for path in ["meta-data/hostname", "meta-data/local-hostname", &*of_interface] {
            assert_eq!(values[path], whole, "{path}");
        }
        assert_eq!(world.machine(&id).unwrap().machine.hostname, first);
        let leases = svc_ec2::leases(&world.bench.store.snapshot()).unwrap();
        let lease = leases.values().find_map(|vpc| vpc.get(&values["meta-data/mac"])).unwrap();
        assert_eq!((&*lease.host_name, lease.domain.as_deref()), (&*first, Some("ec2.internal")));
    }
}

#[tokio::test]
async fn what_a_launch_says_nothing_of_its_subnet_says() {
    let world = World::new().await;
    let by_address = world.running(&[]).await;
    let subnet = world.shown(&by_address).await.all("instancesSet/item/subnetId")[0].to_owned();
    let says = [
        ("SubnetId", subnet.as_str()),
        ("PrivateDnsHostnameTypeOnLaunch", "resource-name"),
        ("EnableResourceNameDnsARecordOnLaunch.Value", "true"),
    ];
    world.ok("ModifySubnetAttribute", &says).await;
    let by_id = world.running(&[]).await;
    let otherwise = world.running(&[("PrivateDnsNameOptions.HostnameType", "ip-name")]).await;
    for (id, kind, record) in
        [(&by_address, "ip-name", "false"), (&by_id, "resource-name", "true"), (&otherwise, "ip-name", "true")]
    {
        let shown = world.shown(id).await;
        assert_eq!(shown.one("privateDnsNameOptions/hostnameType"), kind);
        assert_eq!(shown.one("privateDnsNameOptions/enableResourceNameDnsARecord"), record);
    }
    assert_eq!(world.machine(&by_id).unwrap().machine.hostname, by_id);
}

#[tokio::test]
async fn how_it_is_bought_is_read_wherever_it_is_shown() {
    let world = World::new().await;
    let spot = [("InstanceMarketOptions.MarketType", "spot")];
    let (code, message) = world.fails("RunInstances", &crate::world::launch(&spot)).await;
    assert_eq!(code, "NotImplemented");
    assert!(message.contains("InstanceMarketOptions"), "{message}");
    let (bought, other) = (world.running(&[]).await, world.running(&[]).await);
    world.write(|tx| tx.update_spec(&key::<Instance>(&bought), |spec| spec.purchase = PurchaseOption::Spot)).await;
    assert_eq!(world.shown(&bought).await.all("item/instanceLifecycle"), ["spot"]);
    assert!(world.shown(&other).await.all("item/instanceLifecycle").is_empty(), "nothing is shown of what is on demand");
    let filter = [("Filter.1.Name", "instance-lifecycle"), ("Filter.1.Value.1", "spot")];
    assert_eq!(world.ok("DescribeInstances", &filter).await.all("instancesSet/item/instanceId"), [&*bought]);
    assert_eq!(world.metadata(&bought).values["meta-data/instance-life-cycle"], "spot");
    let kept = world.bench.store.snapshot().spec(&key::<Instance>(&other)).unwrap().unwrap();
    assert_eq!(kept.purchase, PurchaseOption::OnDemand);
}

//! Attributes and options of instances, and what holds for all of an account.

use crate::world::{World, key};
use agent_proto::machine::OffCause;
use model::{
    Key, Region, Timestamp,
    ec2::{EventKind, Instance},
    iam::{InstanceProfile, InstanceProfileSpec},
};
use spine::Read;

async fn stop(world: &World, id: &str) {
    world.ok("StopInstances", &[("InstanceId.1", id)]).await;
    world.is_off(id, OffCause::Told).await;
}

async fn attribute(world: &World, id: &str, name: &str) -> Option<String> {
    let answer = world.ok("DescribeInstanceAttribute", &[("InstanceId", id), ("Attribute", name)]).await;
    answer.all(&format!("{name}/value")).first().map(|value| value.to_string())
}

async fn modify(world: &World, id: &str, parameters: &[(&str, &str)]) {
    let all: Vec<_> = std::iter::once(("InstanceId", id)).chain(parameters.iter().copied()).collect();
    world.ok("ModifyInstanceAttribute", &all).await;
}

async fn refused(world: &World, id: &str, parameters: &[(&str, &str)]) -> (String, String) {
    let all: Vec<_> = std::iter::once(("InstanceId", id)).chain(parameters.iter().copied()).collect();
    world.fails("ModifyInstanceAttribute", &all).await
}

#[tokio::test]
async fn attributes_are_changed_one_at_a_time() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    for (parameter, value, name) in [
        ("DisableApiTermination.Value", "true", "disableApiTermination"),
        ("DisableApiStop.Value", "true", "disableApiStop"),
        ("InstanceInitiatedShutdownBehavior.Value", "terminate", "instanceInitiatedShutdownBehavior"),
        ("SourceDestCheck.Value", "false", "sourceDestCheck"),
    ] {
        assert_ne!(attribute(&world, &id, name).await.as_deref(), Some(value), "{name}");
        modify(&world, &id, &[(parameter, value)]).await;
        assert_eq!(attribute(&world, &id, name).await.as_deref(), Some(value), "{name}");
    }
    modify(&world, &id, &[("Attribute", "disableApiStop"), ("Value", "false")]).await;
    assert_eq!(attribute(&world, &id, "disableApiStop").await.as_deref(), Some("false"));
    world.ok("ResetInstanceAttribute", &[("InstanceId", &id), ("Attribute", "sourceDestCheck")]).await;
    assert_eq!(attribute(&world, &id, "sourceDestCheck").await.as_deref(), Some("true"));
    assert_eq!(attribute(&world, &id, "rootDeviceName").await.as_deref(), Some("/dev/xvda"));
    assert_eq!(attribute(&world, &id, "instanceType").await.as_deref(), Some("t3.micro"));
    let devices = [("BlockDeviceMapping.1.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "false")];
    modify(&world, &id, &devices).await;
    assert_eq!(world.shown(&id).await.one("ebs/deleteOnTermination"), "false");
}

#[tokio::test]
async fn bad_changes_change_nothing() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    let spec = || world.bench.store.snapshot().spec(&key::<Instance>(&id)).unwrap();
    let before = spec();
    for (code, parameters) in [
        ("InvalidParameterCombination", vec![]),
        ("InvalidParameterCombination", vec![("DisableApiStop.Value", "true"), ("DisableApiTermination.Value", "true")]),
        ("IncorrectInstanceState", vec![("InstanceType.Value", "t3.small")]),
        ("IncorrectInstanceState", vec![("UserData.Value", "aGVsbG8=")]),
        ("IncorrectInstanceState", vec![("EbsOptimized.Value", "true")]),
        ("InvalidParameterValue", vec![("InstanceInitiatedShutdownBehavior.Value", "explode")]),
        ("InvalidGroup.NotFound", vec![("GroupId.1", "sg-00000000")]),
        (
            "InvalidInstanceAttributeValue",
            vec![("BlockDeviceMapping.1.DeviceName", "/dev/sdz"), ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "true")],
        ),
        ("NotImplemented", vec![("Kernel.Value", "aki-1")]),
        ("NotImplemented", vec![("SriovNetSupport.Value", "simple")]),
        ("DryRunOperation", vec![("DisableApiStop.Value", "true"), ("DryRun", "true")]),
    ] {
        assert_eq!(refused(&world, &id, &parameters).await.0, code, "{parameters:?}");
    }
    assert_eq!(
        refused(&world, &id, &[("InstanceType.Value", "t3.small")]).await.1,
        format!("The instance '{id}' is not in the 'stopped' state.")
    );
    let wrong = world.fails("ResetInstanceAttribute", &[("InstanceId", &id), ("Attribute", "instanceType")]).await;
    assert_eq!(wrong.0, "InvalidParameterValue");
    assert_eq!(spec(), before);
}

#[tokio::test]
async fn a_stopped_instance_gets_another_type_and_other_user_data() {
    let world = World::new().await;
    let id = world.running(&[("UserData", "aGVsbG8=")]).await;
    assert_eq!(attribute(&world, &id, "userData").await.as_deref(), Some("aGVsbG8="));
    stop(&world, &id).await;
    modify(&world, &id, &[("InstanceType.Value", "m5d.large")]).await;
    modify(&world, &id, &[("UserData.Value", "d29ybGQ=")]).await;
    assert_eq!(attribute(&world, &id, "userData").await.as_deref(), Some("d29ybGQ="));
    for (code, name) in [("InvalidInstanceAttributeValue", "t3.colossal"), ("InvalidInstanceAttributeValue", "t4g.micro")] {
        assert_eq!(refused(&world, &id, &[("InstanceType.Value", name)]).await.0, code);
    }
    modify(&world, &id, &[("Attribute", "userData"), ("Value", "")]).await;
    assert_eq!(attribute(&world, &id, "userData").await, None, "an empty text is none");
    let three = [
        ("InstanceType", "t3.medium"),
        ("NetworkInterface.1.DeviceIndex", "0"),
        ("NetworkInterface.1.SecondaryPrivateIpAddressCount", "2"),
    ];
    let wide = world.running(&three).await;
    stop(&world, &wide).await;
    let (code, _) = refused(&world, &wide, &[("InstanceType.Value", "t3.micro")]).await;
    assert_eq!(code, "PrivateIpAddressLimitExceeded", "of two addresses, it has three");
    world.ok("StartInstances", &[("InstanceId.1", &id)]).await;
    world.settle().await;
    let machine = world.machine(&id).unwrap();
    assert_eq!((machine.machine.hardware.vcpus, machine.machine.hardware.memory_mib), (2, 8192));
    assert_eq!(machine.machine.disks.len(), 2, "its own disk comes with the type");
}

#[tokio::test]
async fn groups_of_a_running_instance_are_changed() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    let group = world.ok("CreateSecurityGroup", &[("GroupName", "web"), ("GroupDescription", "web")]).await;
    modify(&world, &id, &[("GroupId.1", group.one("groupId"))]).await;
    assert_eq!(world.shown(&id).await.one("groupSet/item/groupName"), "web");
    let shown = world.ok("DescribeInstanceAttribute", &[("InstanceId", &id), ("Attribute", "groupSet")]).await;
    assert_eq!(shown.one("groupSet/item/groupId"), group.one("groupId"));
}

#[tokio::test]
async fn options_have_operations_of_their_own() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    let one = ("InstanceId", id.as_str());
    assert_eq!(world.ok("MonitorInstances", &[("InstanceId.1", &id)]).await.one("monitoring/state"), "pending");
    assert_eq!(world.shown(&id).await.one("monitoring/state"), "enabled");
    assert_eq!(world.ok("UnmonitorInstances", &[("InstanceId.1", &id)]).await.one("monitoring/state"), "disabling");
    let metadata = [one, ("HttpTokens", "required"), ("HttpPutResponseHopLimit", "3"), ("InstanceMetadataTags", "enabled")];
    assert_eq!(world.ok("ModifyInstanceMetadataOptions", &metadata).await.one("state"), "pending");
    let shown = world.shown(&id).await;
    assert_eq!((shown.one("metadataOptions/state"), shown.one("metadataOptions/httpTokens")), ("applied", "required"));
    assert_eq!((shown.one("httpPutResponseHopLimit"), shown.one("instanceMetadataTags")), ("3", "enabled"));
    let recovery = world.ok("ModifyInstanceMaintenanceOptions", &[one, ("AutoRecovery", "disabled")]).await;
    assert_eq!(recovery.one("autoRecovery"), "disabled");
    for (operation, parameters) in [
        ("ModifyInstancePlacement", vec![one, ("GroupName", "")]),
        ("ModifyInstanceCpuOptions", vec![one, ("CoreCount", "1"), ("ThreadsPerCore", "1")]),
        ("ModifyPrivateDnsNameOptions", vec![one, ("PrivateDnsHostnameType", "resource-name")]),
    ] {
        assert_eq!(world.fails(operation, &parameters).await.0, "IncorrectInstanceState", "{operation}");
    }
    stop(&world, &id).await;
    world.ok("CreatePlacementGroup", &[("GroupName", "apart"), ("Strategy", "spread")]).await;
    world.ok("ModifyInstancePlacement", &[one, ("GroupName", "apart")]).await;
    world.ok("ModifyInstanceCpuOptions", &[one, ("CoreCount", "1"), ("ThreadsPerCore", "1")]).await;
    world.ok("ModifyPrivateDnsNameOptions", &[one, ("PrivateDnsHostnameType", "resource-name")]).await;
    let shown = world.shown(&id).await;
    assert_eq!((shown.one("placement/groupName"), shown.one("cpuOptions/threadsPerCore")), ("apart", "1"));
    assert_eq!(shown.one("instancesSet/item/privateDnsName"), format!("{id}.ec2.internal"));
    let three = [one, ("CoreCount", "3"), ("ThreadsPerCore", "1")];
    assert_eq!(world.fails("ModifyInstanceCpuOptions", &three).await.0, "InvalidParameterValue");
    world.ok("ModifyInstancePlacement", &[one, ("GroupName", "")]).await;
    assert!(world.shown(&id).await.all("placement/groupName").is_empty());
    world.ok("StartInstances", &[("InstanceId.1", &id)]).await;
    world.settle().await;
    let machine = world.machine(&id).unwrap();
    assert_eq!((machine.machine.hardware.vcpus, machine.machine.hostname.as_str()), (1, id.as_str()));
}

#[tokio::test]
async fn credits_are_set_for_each_instance_and_for_families() {
    let world = World::new().await;
    let (burst, other) = (world.running(&[]).await, world.running(&[("InstanceType", "m5.large")]).await);
    let described = world.ok("DescribeInstanceCreditSpecifications", &[]).await;
    assert_eq!((described.all("item/instanceId"), described.one("item/cpuCredits")), (vec![burst.as_str()], "unlimited"));
    let changed = world
        .ok(
            "ModifyInstanceCreditSpecification",
            &[
                ("InstanceCreditSpecification.1.InstanceId", &burst),
                ("InstanceCreditSpecification.1.CpuCredits", "standard"),
                ("InstanceCreditSpecification.2.InstanceId", &other),
                ("InstanceCreditSpecification.2.CpuCredits", "standard"),
                ("InstanceCreditSpecification.3.InstanceId", "i-00000000000000000"),
                ("InstanceCreditSpecification.3.CpuCredits", "standard"),
            ],
        )
        .await;
    assert_eq!(changed.all("successfulInstanceCreditSpecificationSet/item/instanceId"), [burst.as_str()]);
    assert_eq!(changed.all("error/code"), ["InstanceCreditSpecification.NotSupported", "InvalidInstanceID.NotFound"]);
    assert!(world.ok("DescribeInstanceCreditSpecifications", &[]).await.all("item/instanceId").is_empty());
    assert_eq!(
        world.fails("DescribeInstanceCreditSpecifications", &[("InstanceId.1", &other)]).await.0,
        "InstanceCreditSpecification.NotSupported"
    );
    let family = ("InstanceFamily", "t3");
    assert_eq!(world.ok("GetDefaultCreditSpecification", &[family]).await.one("cpuCredits"), "unlimited");
    world.ok("ModifyDefaultCreditSpecification", &[family, ("CpuCredits", "standard")]).await;
    assert_eq!(world.ok("GetDefaultCreditSpecification", &[family]).await.one("cpuCredits"), "standard");
    assert_eq!(world.ok("GetDefaultCreditSpecification", &[("InstanceFamily", "t2")]).await.one("cpuCredits"), "standard");
    world.pending(&[]).await;
    assert!(world.ok("DescribeInstanceCreditSpecifications", &[]).await.all("item/instanceId").is_empty());
    let wrong = world.fails("ModifyDefaultCreditSpecification", &[family, ("CpuCredits", "many")]).await;
    assert_eq!(wrong.0, "InvalidCpuCredits.Malformed");
}

#[tokio::test]
async fn defaults_hold_for_what_is_launched_later() {
    let world = World::new().await;
    let set = [("HttpTokens", "required"), ("HttpPutResponseHopLimit", "5"), ("InstanceMetadataTags", "enabled")];
    world.ok("ModifyInstanceMetadataDefaults", &set).await;
    let defaults = world.ok("GetInstanceMetadataDefaults", &[]).await;
    assert_eq!((defaults.one("httpTokens"), defaults.one("httpPutResponseHopLimit")), ("required", "5"));
    let id = world.pending(&[]).await;
    let shown = world.shown(&id).await;
    assert_eq!(
        (shown.one("httpTokens"), shown.one("httpPutResponseHopLimit"), shown.one("instanceMetadataTags")),
        ("required", "5", "enabled")
    );
    world.ok("ModifyInstanceMetadataDefaults", &[("HttpTokens", "no-preference"), ("HttpPutResponseHopLimit", "-1")]).await;
    assert!(world.ok("GetInstanceMetadataDefaults", &[]).await.all("httpTokens").is_empty());
    assert_eq!(
        world.fails("ModifyInstanceMetadataDefaults", &[("HttpPutResponseHopLimit", "65")]).await.0,
        "InvalidParameterValue"
    );
    let enabled = |answer: crate::common::Answer| answer.one("serialConsoleAccessEnabled").to_owned();
    assert_eq!(enabled(world.ok("GetSerialConsoleAccessStatus", &[]).await), "false");
    assert_eq!(enabled(world.ok("EnableSerialConsoleAccess", &[]).await), "true");
    assert_eq!(enabled(world.ok("GetSerialConsoleAccessStatus", &[]).await), "true");
    assert_eq!(enabled(world.ok("DisableSerialConsoleAccess", &[]).await), "false");
}

#[tokio::test]
async fn a_profile_comes_and_goes() {
    let world = World::new().await;
    let profile = |name: &str| InstanceProfileSpec {
        name: name.into(),
        path: "/".into(),
        id: "AIPA1".into(),
        created_at: Timestamp(0),
        role: None,
        tags: Default::default(),
    };
    for name in ["web", "db"] {
        let account = model::AccountId::parse("111122223333").unwrap();
        let key = Key::<InstanceProfile>::new(&account, &Region::global(), name);
        world.write(|tx| tx.create(&key, &profile(name))).await;
    }
    let id = world.running(&[]).await;
    let made = world.ok("AssociateIamInstanceProfile", &[("InstanceId", &id), ("IamInstanceProfile.Name", "web")]).await;
    assert_eq!(made.one("state"), "associating");
    let again = [("InstanceId", id.as_str()), ("IamInstanceProfile.Name", "db")];
    assert_eq!(world.fails("AssociateIamInstanceProfile", &again).await.0, "IncorrectInstanceState");
    let there =
        world.ok("DescribeIamInstanceProfileAssociations", &[("Filter.1.Name", "instance-id"), ("Filter.1.Value.1", &id)]).await;
    assert_eq!((there.one("item/associationId"), there.one("item/state")), (made.one("associationId"), "associated"));
    let arn = "arn:aws:iam::111122223333:instance-profile/db";
    let other = [("AssociationId", made.one("associationId")), ("IamInstanceProfile.Arn", arn)];
    let replaced = world.ok("ReplaceIamInstanceProfileAssociation", &other).await;
    assert_eq!(world.shown(&id).await.one("iamInstanceProfile/arn"), arn);
    assert_eq!(
        world.fails("DisassociateIamInstanceProfile", &[("AssociationId", made.one("associationId"))]).await.0,
        "InvalidAssociationID.NotFound"
    );
    world.ok("DisassociateIamInstanceProfile", &[("AssociationId", replaced.one("associationId"))]).await;
    assert!(world.ok("DescribeIamInstanceProfileAssociations", &[]).await.all("item/associationId").is_empty());
    for (parameter, value) in
        [("IamInstanceProfile.Name", "nobody"), ("IamInstanceProfile.Arn", "arn:aws:iam::444455556666:instance-profile/web")]
    {
        let wrong = [("InstanceId", id.as_str()), (parameter, value)];
        assert_eq!(world.fails("AssociateIamInstanceProfile", &wrong).await.0, "InvalidParameterValue");
    }
}

#[tokio::test]
async fn the_console_is_read() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    let one = ("InstanceId", id.as_str());
    let output = world.ok("GetConsoleOutput", &[one, ("Latest", "true")]).await;
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.decode(output.one("output")).unwrap();
    assert_eq!(text, format!("{id} login: ").into_bytes());
    assert_eq!(world.fails("GetConsoleScreenshot", &[one]).await.0, "NotImplemented");
    assert!(world.ok("GetPasswordData", &[one]).await.all("passwordData").is_empty());
    let old = world.running(&[("InstanceType", "t2.micro")]).await;
    let latest = [("InstanceId", old.as_str()), ("Latest", "true")];
    assert_eq!(world.fails("GetConsoleOutput", &latest).await.0, "UnsupportedOperation");
}

#[tokio::test]
async fn events_are_shown_put_off_and_carried_out() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    let start = world.bench.env.now() + std::time::Duration::from_secs(3600);
    let env = world.bench.env.clone();
    world.write(|tx| svc_ec2::schedule(tx, &env, &key::<Instance>(&id), EventKind::InstanceReboot, start).map(drop)).await;
    let status = world.ok("DescribeInstanceStatus", &[]).await;
    let event = status.one("eventsSet/item/instanceEventId").to_owned();
    assert_eq!(
        (status.one("eventsSet/item/code"), status.one("eventsSet/item/description")),
        ("instance-reboot", "scheduled reboot")
    );
    let by_code =
        world.ok("DescribeInstanceStatus", &[("Filter.1.Name", "event.code"), ("Filter.1.Value.1", "instance-*")]).await;
    assert_eq!(by_code.one("item/instanceId"), id);
    let put_off = |at| [("InstanceId", id.as_str()), ("InstanceEventId", event.as_str()), ("NotBefore", at)];
    world.ok("ModifyInstanceEventStartTime", &put_off("2026-01-01T02:00:00Z")).await;
    for (code, at) in
        [("InvalidInstanceEventStartTime", "2025-01-01T02:00:00Z"), ("InvalidInstanceEventStartTime", "2027-01-01T02:00:00Z")]
    {
        assert_eq!(world.fails("ModifyInstanceEventStartTime", &put_off(at)).await.0, code);
    }
    let nothing = [("InstanceId", id.as_str()), ("InstanceEventId", "instance-event-0"), ("NotBefore", "2026-01-01T02:00:00Z")];
    assert_eq!(world.fails("ModifyInstanceEventStartTime", &nothing).await.0, "InvalidInstanceEventIDNotFound");
    world.advance(3600).await;
    assert_eq!(world.machine(&id).unwrap().machine.reboots, 0);
    world.advance(3600).await;
    assert_eq!(world.machine(&id).unwrap().machine.reboots, 1);
    let status = world.ok("DescribeInstanceStatus", &[]).await;
    assert_eq!(status.one("eventsSet/item/description"), "[Completed] scheduled reboot");
    world.ok("ReportInstanceStatus", &[("InstanceId.1", &id), ("Status", "impaired"), ("ReasonCode.1", "other")]).await;
}

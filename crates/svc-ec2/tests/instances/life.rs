//! The states of an instance, from its launch to when it is forgotten.

use crate::world::{World, key};
use agent_proto::machine::{Halt, OffCause, Power};
use model::{
    ec2::{InstanceUsage, NetworkInterface, Volume},
    kms::KmsKey,
};
use spine::{Read, Scope, reconcile::Wake};

#[tokio::test]
async fn it_is_pending_until_its_machine_runs() {
    let world = World::new().await;
    let id = world.pending(&[]).await;
    assert_eq!(world.state(&id).await, "pending");
    world.settle().await;
    let machine = world.machine(&id).unwrap();
    assert_eq!((machine.machine.power, machine.machine.hardware.vcpus), (Power::On { boot: 1 }, 2));
    assert_eq!(machine.machine.disks.len(), 1);
    assert!(machine.machine.disks[0].root);
    assert_eq!(world.state(&id).await, "pending");
    world.runs(&id).await;
    let shown = world.shown(&id).await;
    assert_eq!((shown.one("instanceState/name"), shown.one("instanceState/code")), ("running", "16"));
    assert!(shown.one("privateDnsName").starts_with("ip-172-31-"));
}

#[tokio::test]
async fn it_stops_and_starts_with_the_same_disks_and_another_public_address() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    let before = world.shown(&id).await;
    let stopping = world.ok("StopInstances", &[("InstanceId.1", &id)]).await;
    assert_eq!((stopping.one("previousState/name"), stopping.one("currentState/name")), ("running", "stopping"));
    let shown = world.shown(&id).await;
    assert_eq!(shown.one("stateReason/code"), "Client.UserInitiatedShutdown");
    assert_eq!(shown.one("stateReason/message"), "Client.UserInitiatedShutdown: User initiated shutdown");
    assert_eq!(shown.one("item/reason"), "User initiated (2026-01-01 00:00:00 GMT)");
    world.settle().await;
    assert_eq!(world.power(&id), Power::Off { boot: 1, how: Halt::Ask });
    world.is_off(&id, OffCause::Told).await;
    let stopped = world.shown(&id).await;
    assert_eq!(stopped.one("instanceState/name"), "stopped");
    assert!(stopped.all("item/ipAddress").is_empty());
    assert_eq!(stopped.one("item/privateIpAddress"), before.one("item/privateIpAddress"));
    let starting = world.ok("StartInstances", &[("InstanceId.1", &id)]).await;
    assert_eq!((starting.one("previousState/name"), starting.one("currentState/name")), ("stopped", "pending"));
    world.settle().await;
    assert_eq!(world.power(&id), Power::On { boot: 2 });
    assert_eq!(world.state(&id).await, "pending");
    world.runs(&id).await;
    let after = world.shown(&id).await;
    assert_eq!(after.one("instanceState/name"), "running");
    assert_eq!(after.one("ebs/volumeId"), before.one("ebs/volumeId"));
    assert_ne!(after.one("item/ipAddress"), before.one("item/ipAddress"));
    assert!(after.all("stateReason/code").is_empty());
}

#[tokio::test]
async fn what_ends_takes_its_own_with_it_and_is_shown_for_an_hour() {
    let world = World::new().await;
    let keep = [
        ("BlockDeviceMapping.1.DeviceName", "/dev/sdf"),
        ("BlockDeviceMapping.1.Ebs.VolumeSize", "1"),
        ("BlockDeviceMapping.1.Ebs.DeleteOnTermination", "false"),
    ];
    let id = world.running(&keep).await;
    let ending = world.ok("TerminateInstances", &[("InstanceId.1", &id)]).await;
    assert_eq!(ending.one("currentState/name"), "shutting-down");
    world.settle().await;
    assert_eq!(world.power(&id), Power::Off { boot: 1, how: Halt::Ask });
    world.is_off(&id, OffCause::Told).await;
    let shown = world.shown(&id).await;
    assert_eq!((shown.one("instanceState/name"), shown.one("instanceState/code")), ("terminated", "48"));
    assert!(shown.all("networkInterfaceId").is_empty() && shown.all("ebs/volumeId").is_empty());
    assert!(world.machine(&id).is_none());
    let snapshot = world.bench.store.snapshot();
    assert!(snapshot.specs::<NetworkInterface>(Scope::All).unwrap().is_empty());
    let volumes = snapshot.specs::<Volume>(Scope::All).unwrap();
    assert_eq!(volumes.iter().map(|(_, volume)| volume.size).collect::<Vec<_>>(), [1]);
    assert_eq!(world.ok("DescribeVolumes", &[]).await.all("attachmentSet/item/instanceId").len(), 0);
    world.advance(3599).await;
    assert_eq!(world.state(&id).await, "terminated");
    world.advance(1).await;
    let (code, message) = world.fails("DescribeInstances", &[("InstanceId.1", &id)]).await;
    assert_eq!((code.as_str(), message), ("InvalidInstanceID.NotFound", format!("The instance ID '{id}' does not exist")));
}

#[tokio::test]
async fn what_was_never_booted_ends_at_once() {
    let world = World::new().await;
    let id = world.pending(&[]).await;
    world.ok("TerminateInstances", &[("InstanceId.1", &id)]).await;
    world.settle().await;
    assert_eq!(world.state(&id).await, "terminated");
    assert!(world.machine(&id).is_none());
}

#[tokio::test]
async fn a_system_that_shuts_itself_down_stops_or_ends() {
    let world = World::new().await;
    let stops = world.running(&[]).await;
    let ends = world.running(&[("InstanceInitiatedShutdownBehavior", "terminate")]).await;
    for (id, state) in [(&stops, "stopped"), (&ends, "terminated")] {
        world.is_off(id, OffCause::Itself).await;
        let shown = world.shown(id).await;
        assert_eq!(shown.one("instanceState/name"), state);
        assert_eq!(shown.one("stateReason/message"), "Client.InstanceInitiatedShutdown: Instance initiated shutdown");
    }
    world.ok("StartInstances", &[("InstanceId.1", &stops)]).await;
    world.runs(&stops).await;
    assert_eq!(world.state(&stops).await, "running");
}

#[tokio::test]
async fn what_cannot_be_started_ends_first_and_stops_later() {
    let world = World::new().await;
    let first = world.pending(&[]).await;
    world.is_off(&first, OffCause::NotStarted("The disk has no file system".into())).await;
    let shown = world.shown(&first).await;
    assert_eq!(shown.one("instanceState/name"), "terminated");
    assert_eq!(shown.one("stateReason/message"), "Server.InternalError: The disk has no file system");
    assert_eq!(shown.one("item/reason"), "Server.InternalError");
    let later = world.running(&[]).await;
    world.ok("StopInstances", &[("InstanceId.1", &later)]).await;
    world.is_off(&later, OffCause::Told).await;
    world.ok("StartInstances", &[("InstanceId.1", &later)]).await;
    world.is_off(&later, OffCause::NotStarted("No".into())).await;
    assert_eq!(world.state(&later).await, "stopped");
}

#[tokio::test]
async fn a_volume_that_cannot_be_made_ends_the_launch() {
    let world = World::new().await;
    let id = world.pending(&[]).await;
    let volume = world.shown(&id).await.one("ebs/volumeId").to_owned();
    world.write(|tx| tx.update_plan(&key::<Volume>(&volume), |plan| plan.failure = Some("its snapshot is gone".into()))).await;
    world.settle().await;
    let shown = world.shown(&id).await;
    assert_eq!(shown.one("instanceState/name"), "terminated");
    assert_eq!(shown.one("stateReason/code"), "Client.InvalidSnapshot.NotFound");
}

#[tokio::test]
async fn a_key_that_cannot_be_used_ends_the_launch() {
    let world = World::new().await;
    let encrypted = [("BlockDeviceMapping.1.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.1.Ebs.Encrypted", "true")];
    let id = world.pending(&encrypted).await;
    let kms_key = world.bench.store.snapshot().specs::<KmsKey>(Scope::All).unwrap().remove(0).0;
    world.write(|tx| tx.update_spec(&kms_key, |spec| spec.enabled = false)).await;
    world.settle().await;
    let shown = world.shown(&id).await;
    assert_eq!(shown.one("instanceState/name"), "terminated");
    let message = "Client.InvalidKMSKey.InvalidState: The KMS key provided is in an incorrect state";
    assert_eq!(shown.one("stateReason/message"), message);
}

#[tokio::test]
async fn what_dies_is_recovered_three_times() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    for boot in 2..=4 {
        world.is_off(&id, OffCause::Died("its monitor was killed".into())).await;
        assert_eq!(world.state(&id).await, "running");
        assert_eq!(world.power(&id), Power::On { boot });
        world.runs(&id).await;
    }
    world.is_off(&id, OffCause::Died("its monitor was killed".into())).await;
    let shown = world.shown(&id).await;
    assert_eq!(shown.one("instanceState/name"), "stopped");
    assert_eq!(shown.one("stateReason/code"), "Server.InternalError");
}

#[tokio::test]
async fn a_reboot_changes_no_state() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    world.ok("RebootInstances", &[("InstanceId.1", &id)]).await;
    world.settle().await;
    assert_eq!(world.machine(&id).unwrap().machine.reboots, 1);
    assert_eq!(world.state(&id).await, "running");
}

#[tokio::test]
async fn a_stop_can_be_forced_while_it_is_under_way() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    world.ok("StopInstances", &[("InstanceId.1", &id)]).await;
    world.settle().await;
    world.ok("StopInstances", &[("InstanceId.1", &id), ("Force", "true")]).await;
    world.settle().await;
    assert_eq!(world.power(&id), Power::Off { boot: 1, how: Halt::Force });
}

#[tokio::test]
async fn states_forbid_what_they_forbid() {
    let world = World::new().await;
    let id = world.pending(&[]).await;
    let not = |to: &str| {
        ("IncorrectInstanceState".to_owned(), format!("The instance '{id}' is not in a state from which it can be {to}."))
    };
    let one = [("InstanceId.1", id.as_str())];
    assert_eq!(world.fails("StopInstances", &one).await, not("stopped"));
    assert_eq!(world.fails("RebootInstances", &one).await, not("rebooted"));
    world.runs(&id).await;
    assert_eq!(world.ok("StartInstances", &one).await.one("currentState/name"), "running");
    world.ok("StopInstances", &one).await;
    assert_eq!(world.fails("StartInstances", &one).await, not("started"));
    world.is_off(&id, OffCause::Told).await;
    assert_eq!(world.ok("StopInstances", &one).await.one("currentState/name"), "stopped");
    world.ok("TerminateInstances", &one).await;
    world.settle().await;
    assert_eq!(world.fails("StartInstances", &one).await, not("started"));
    assert_eq!(world.fails("StopInstances", &one).await, not("stopped"));
    assert_eq!(world.ok("TerminateInstances", &one).await.one("currentState/name"), "terminated");
    for operation in ["StartInstances", "StopInstances", "RebootInstances", "TerminateInstances"] {
        let nobody = [("InstanceId.1", "i-00000000000000000")];
        assert_eq!(world.fails(operation, &nobody).await.0, "InvalidInstanceID.NotFound", "{operation}");
        assert_eq!(world.fails(operation, &[("InstanceId.1", "web")]).await.0, "InvalidInstanceID.Malformed", "{operation}");
    }
}

#[tokio::test]
async fn protection_holds_until_it_is_taken_away() {
    let world = World::new().await;
    let id = world.running(&[("DisableApiTermination", "true"), ("DisableApiStop", "true")]).await;
    let one = [("InstanceId.1", id.as_str())];
    for (operation, done, attribute) in
        [("TerminateInstances", "terminated", "disableApiTermination"), ("StopInstances", "stopped", "disableApiStop")]
    {
        let message =
            format!("The instance '{id}' may not be {done}. Modify its '{attribute}' instance attribute and try again.");
        assert_eq!(world.fails(operation, &one).await, ("OperationNotPermitted".into(), message));
    }
    assert_eq!(world.state(&id).await, "running");
}

#[tokio::test]
async fn a_dry_run_does_nothing() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    for operation in ["StopInstances", "RebootInstances", "TerminateInstances"] {
        let (code, _) = world.fails(operation, &[("InstanceId.1", &id), ("DryRun", "true")]).await;
        assert_eq!(code, "DryRunOperation");
    }
    assert_eq!(world.state(&id).await, "running");
}

#[tokio::test]
async fn running_is_paid_by_the_second_and_a_minute_at_least() {
    let world = World::new().await;
    let id = world.pending(&[]).await;
    world.advance(100).await;
    world.runs(&id).await;
    world.advance(10).await;
    world.ok("StopInstances", &[("InstanceId.1", &id)]).await;
    world.settle().await;
    world.advance(30).await;
    world.is_off(&id, OffCause::Told).await;
    world.advance(1000).await;
    world.ok("StartInstances", &[("InstanceId.1", &id)]).await;
    world.runs(&id).await;
    world.advance(90).await;
    world.ok("TerminateInstances", &[("InstanceId.1", &id)]).await;
    world.is_off(&id, OffCause::Told).await;
    let usage = world.bench.store.snapshot().specs::<InstanceUsage>(Scope::All).unwrap();
    let seconds: Vec<_> = usage.iter().map(|(_, it)| (it.instance_type.as_str(), it.seconds, it.to.is_some())).collect();
    assert_eq!(seconds, [("t3.micro", 60, true), ("t3.micro", 90, true)]);
    world.advance(3600).await;
    assert_eq!(world.bench.store.snapshot().specs::<InstanceUsage>(Scope::All).unwrap().len(), 2);
}

#[tokio::test]
async fn what_is_spent_without_credits_is_throttled() {
    let world = World::new().await;
    let id = world.running(&[("CreditSpecification.CpuCredits", "standard")]).await;
    world.advance(60).await;
    world.sees(&id, |seen| seen.cpu_ms = 60_000).await;
    assert!(matches!(world.settle().await, Wake::At(_)));
    world.advance(60).await;
    // 12 credits an hour are a fifth of a processor.
    assert_eq!(world.machine(&id).unwrap().machine.hardware.cpu_quota, Some(204));
    world.advance(60).await;
    assert_eq!(world.machine(&id).unwrap().machine.hardware.cpu_quota, Some(204));
    for _ in 0..6 {
        world.advance(60).await;
    }
    assert_eq!(world.machine(&id).unwrap().machine.hardware.cpu_quota, None);
    let unlimited = world.running(&[]).await;
    world.sees(&unlimited, |seen| seen.cpu_ms = 6_000_000).await;
    world.advance(60).await;
    assert_eq!(world.machine(&unlimited).unwrap().machine.hardware.cpu_quota, None);
}

#[tokio::test]
async fn checks_begin_pass_and_fail() {
    let world = World::new().await;
    let id = world.pending(&[]).await;
    assert!(world.ok("DescribeInstanceStatus", &[]).await.all("instanceId").is_empty());
    let all = world.ok("DescribeInstanceStatus", &[("IncludeAllInstances", "true")]).await;
    assert_eq!(all.one("instanceStatus/status"), "initializing");
    let since = world.bench.env.now();
    world.sees(&id, |seen| seen.state = agent_proto::machine::MachineState::Running { since }).await;
    let one = [("InstanceId.1", id.as_str())];
    let status = || world.ok("DescribeInstanceStatus", &one);
    assert_eq!(status().await.one("instanceStatus/status"), "initializing");
    world.runs(&id).await;
    let passed = status().await;
    assert_eq!((passed.one("instanceStatus/status"), passed.one("systemStatus/status")), ("ok", "ok"));
    assert_eq!(passed.one("instanceStatus/details/item/status"), "passed");
    world.advance(10).await;
    world.sees(&id, |seen| seen.reachable = false).await;
    assert_eq!(status().await.one("instanceStatus/status"), "ok");
    world.advance(61).await;
    let failed = status().await;
    assert_eq!((failed.one("instanceStatus/status"), failed.one("systemStatus/status")), ("impaired", "ok"));
    assert_eq!(failed.one("instanceStatus/details/item/impairedSince"), "2026-01-01T00:00:10Z");
    world.runs(&id).await;
    assert_eq!(status().await.one("instanceStatus/status"), "ok");
}

#[tokio::test]
async fn memory_is_kept_of_machines_that_have_one() {
    let world = World::new().await;
    let guest = model::ec2::ImageSpec { machine: model::ec2::MachineKind::Guest, ..crate::world::image() };
    world.image("ami-0000000000000000b", guest, true).await;
    let launch = [("ImageId", "ami-0000000000000000b"), ("HibernationOptions.Configured", "true")];
    let refused = async |more: &[(&str, &str)]| {
        let answer = world.fails("RunInstances", &crate::world::launch(&[&launch[..], more].concat())).await;
        assert_eq!(answer.0, "UnsupportedHibernationConfiguration", "{more:?}: {}", answer.1);
        answer.1
    };
    assert_eq!(refused(&[]).await, "For hibernation, the root device volume must be encrypted.");
    let device = [("BlockDeviceMapping.1.DeviceName", "/dev/sdf"), ("BlockDeviceMapping.1.Ebs.VolumeSize", "1")];
    refused(&[device[0], device[1], ("BlockDeviceMapping.1.Ebs.Encrypted", "true")]).await;
    let root = [("BlockDeviceMapping.1.DeviceName", "/dev/xvda"), ("BlockDeviceMapping.1.Ebs.Encrypted", "true")];
    assert!(refused(&[root[0], root[1], ("InstanceType", "m5.large")]).await.contains("large enough"), "8 GiB in 8 GiB");
    world
        .run(&[&launch[..], &root[..], &[("InstanceType", "m5.large"), ("BlockDeviceMapping.1.Ebs.VolumeSize", "9")]].concat())
        .await;
    world.ok("EnableEbsEncryptionByDefault", &[]).await;
    let id = world.pending(&launch).await;
    let since = world.bench.env.now();
    world.sees(&id, |seen| seen.state = agent_proto::machine::MachineState::Running { since }).await;
    let hibernate = [("InstanceId.1", id.as_str()), ("Hibernate", "true")];
    assert_eq!(world.fails("StopInstances", &hibernate).await.0, "UnsupportedOperation", "its system doesn't answer yet");
    world.runs(&id).await;
    let forced = [hibernate[0], hibernate[1], ("Force", "true")];
    assert_eq!(world.fails("StopInstances", &forced).await.0, "InvalidParameterCombination");
    world.ok("StopInstances", &hibernate).await;
    world.settle().await;
    assert_eq!(world.power(&id), Power::Off { boot: 1, how: Halt::Hibernate });
    assert_eq!(world.shown(&id).await.one("stateReason/message"), "Client.UserInitiatedHibernate: User initiated hibernate");
    world.advance(100).await;
    world.is_off(&id, OffCause::Hibernated).await;
    assert_eq!(world.state(&id).await, "stopped");
    let usage = world.bench.store.snapshot().specs::<InstanceUsage>(Scope::All).unwrap();
    assert_eq!(usage[0].1.seconds, 100, "what goes to sleep is paid until it sleeps");
    let resize = [("InstanceId", id.as_str()), ("InstanceType.Value", "t3.small")];
    assert_eq!(world.fails("ModifyInstanceAttribute", &resize).await.0, "UnsupportedOperation", "its memory has a size");
    let other = world.running(&[]).await;
    let (code, _) = world.fails("StopInstances", &[("InstanceId.1", &other), ("Hibernate", "true")]).await;
    assert_eq!(code, "UnsupportedHibernationConfiguration");
}

#[tokio::test]
async fn what_has_lost_its_root_is_not_started() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    let volume = world.shown(&id).await.one("ebs/volumeId").to_owned();
    world.ok("StopInstances", &[("InstanceId.1", &id)]).await;
    world.is_off(&id, OffCause::Told).await;
    world.ok("DetachVolume", &[("VolumeId", &volume)]).await;
    world.settle().await;
    let (code, message) = world.fails("StartInstances", &[("InstanceId.1", &id)]).await;
    let expected = format!("Invalid value '{id}' for instanceId. Instance does not have a volume attached at root (/dev/xvda)");
    assert_eq!((code.as_str(), message), ("InvalidParameterValue", expected));
}

#[tokio::test]
async fn an_interface_that_was_there_stays_when_its_instance_goes() {
    let world = World::new().await;
    let (_, subnets) = crate::common::network(&world.bench).await;
    let interface = world.ok("CreateNetworkInterface", &[("SubnetId", &subnets[0])]).await.one("networkInterfaceId").to_owned();
    let with = [("NetworkInterface.1.DeviceIndex", "0"), ("NetworkInterface.1.NetworkInterfaceId", interface.as_str())];
    let id = world.running(&with).await;
    assert_eq!(world.shown(&id).await.one("networkInterfaceId"), interface);
    let again = crate::world::launch(&with);
    assert_eq!(world.fails("RunInstances", &again).await.0, "InvalidNetworkInterface.InUse");
    world.ok("TerminateInstances", &[("InstanceId.1", &id)]).await;
    world.is_off(&id, OffCause::Told).await;
    let left = world.ok("DescribeNetworkInterfaces", &[("NetworkInterfaceId.1", &interface)]).await;
    assert_eq!(left.one("item/status"), "available");
}

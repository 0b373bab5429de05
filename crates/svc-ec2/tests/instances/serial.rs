//! The serial console: who may sit at it.

use crate::world::{World, key};
use front::testing::{Bench, Reply};
use model::ec2::{Instance, PushedKey, SerialConsoleKey};
use serde_json::json;
use spine::{
    Read, Scope,
    reconcile::{ReconcileCx, Reconciler},
};
use std::time::Duration;
use svc_ec2::connect::{PushedKeys, serial};

const KEY: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJx4uAlbm0SwzVmfNFQDS8oSRJbwYPzmC3lZEn1FzjkJ me";
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKSUTyz1HwHReFVvD5obVsALAgJRNarH4TRpNePnAS me";

async fn push(bench: &Bench, id: &str, public: &str) -> Reply {
    bench.json("ec2-instance-connect", "SendSerialConsoleSSHPublicKey", json!({"InstanceId": id, "SSHPublicKey": public})).await
}

/// Whose console a name and a key open now.
fn opened(world: &World, name: &str, public: &str) -> Option<String> {
    let found = serial::console_of(&world.bench.store.snapshot(), name, public, world.bench.env.now()).unwrap();
    found.map(|console| console.id)
}

#[tokio::test]
async fn a_key_opens_one_console_for_a_minute() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    let code = |reply: Reply| reply.code();
    assert_eq!(code(push(&world.bench, &id, KEY).await), "SerialConsoleAccessDisabledException");
    world.ok("EnableSerialConsoleAccess", &[]).await;
    assert_eq!(code(push(&world.bench, &id, &"x".repeat(80)).await), "InvalidArgsException");
    assert_eq!(code(push(&world.bench, "i-0123456789abcdef0", KEY).await), "EC2InstanceNotFoundException");
    let old = world.running(&[("InstanceType", "t2.micro")]).await;
    assert_eq!(code(push(&world.bench, &old, KEY).await), "EC2InstanceTypeInvalidException");
    let new = world.pending(&[]).await;
    assert_eq!(code(push(&world.bench, &new, KEY).await), "EC2InstanceStateInvalidException");

    assert_eq!(push(&world.bench, &id, KEY).await.json()["Success"], true);
    let name = format!("{id}.port0");
    assert_eq!(opened(&world, &name, KEY), Some(id.clone()));
    for (name, public) in
        [(name.as_str(), OTHER), (id.as_str(), KEY), (&format!("{id}.port1"), KEY), ("x.port0", KEY), (&name, "x")]
    {
        assert_eq!(opened(&world, name, public), None, "{name} {public}");
    }
    world.advance(60).await;
    assert_eq!(opened(&world, &name, KEY), None, "the minute is over");
    let cx = ReconcileCx::new(world.bench.store.clone(), world.bench.env.clone());
    PushedKeys.reconcile(&cx).await.unwrap();
    assert!(world.bench.store.snapshot().specs::<SerialConsoleKey>(Scope::All).unwrap().is_empty());
}

#[tokio::test]
async fn a_console_has_one_seat() {
    let world = World::new().await;
    let id = world.running(&[]).await;
    world.ok("EnableSerialConsoleAccess", &[]).await;
    let (store, now, console) = (&world.bench.store, world.bench.env.now(), key::<Instance>(&id));
    assert!(serial::sit_down(store, &console, now).await.unwrap());
    assert!(!serial::sit_down(store, &console, now).await.unwrap());
    assert_eq!(push(&world.bench, &id, KEY).await.code(), "SerialConsoleSessionLimitExceededException");
    serial::stand_up(store, &console).await.unwrap();
    assert_eq!(push(&world.bench, &id, KEY).await.status, 200);
    assert!(serial::sit_down(store, &console, now + Duration::from_secs(1)).await.unwrap());
    serial::clear(store).await.unwrap();
    assert!(serial::sit_down(store, &console, now).await.unwrap(), "a new server knows of nobody");
}

#[tokio::test]
async fn a_key_for_a_login_is_refused_in_five_cases() {
    let world = World::new().await;
    let (running, pending) = (world.running(&[]).await, world.pending(&[]).await);
    let send = async |id: &str, user: &str, public: &str, zone: Option<&str>| {
        let mut input = json!({"InstanceId": id, "InstanceOSUser": user, "SSHPublicKey": public});
        if let Some(zone) = zone {
            input["AvailabilityZone"] = zone.into();
        }
        world.bench.json("ec2-instance-connect", "SendSSHPublicKey", input).await
    };
    let (user, zone) = ("ec2-user", world.shown(&running).await.one("placement/availabilityZone").to_owned());
    for (id, user, public, zone, code) in [
        (&*running, user, &*"x".repeat(80), None, "InvalidArgsException"),
        (&running, "-root", KEY, None, "InvalidArgsException"),
        ("i-0123456789abcdef0", user, KEY, None, "EC2InstanceNotFoundException"),
        (&running, user, KEY, Some("us-east-1f"), "EC2InstanceNotFoundException"),
        (&pending, user, KEY, None, "EC2InstanceStateInvalidException"),
    ] {
        assert_eq!(send(id, user, public, zone).await.code(), code, "{id} {user} {zone:?}");
    }
    assert!(world.bench.store.snapshot().specs::<PushedKey>(Scope::All).unwrap().is_empty());
    let sent = send(&running, user, KEY, Some(&zone)).await;
    assert_eq!((sent.status, sent.json()["Success"].as_bool()), (200, Some(true)));
    let pushed = world.bench.store.snapshot().specs::<PushedKey>(Scope::All).unwrap();
    assert_eq!((&*pushed[0].1.user, &*pushed[0].1.public_key), (user, KEY));
}

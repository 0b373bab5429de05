//! The contract of all drivers, kept by the fake one and by system containers.

use super::{
    lab::Lab,
    support::contract::{Subject, contract},
};
use agent::machine::{FakeMachines, OpenDisk};
use agent_proto::machine::Kind;
use model::Env;

const CONTAINER: Kind = Kind::SystemContainer { host_userland: true };

#[tokio::test]
async fn the_fake_driver_keeps_the_contract() {
    let fake = FakeMachines::new(Env::system());
    let disk =
        |device: &str| OpenDisk { disk: super::support::machine::disk(device, "vol-1"), device: "/dev/fake".into(), size: 1 };
    let subject = Subject { kind: CONTAINER, driver: &fake, again: &fake, root: disk("/dev/xvda"), data: disk("/dev/sdf") };
    contract(&subject).await;
}

#[tokio::test]
async fn system_containers_keep_the_contract() {
    let Some(mut lab) = Lab::new("system_containers_keep_the_contract") else { return };
    let (root, data, again) = (lab.root(""), lab.disk("/dev/sdf"), lab.again());
    contract(&Subject { kind: CONTAINER, driver: &lab.driver, again: &again, root, data }).await;
    lab.leave().await;
}

//! The contract of all drivers, and what a guest does by itself.

use super::{
    lab::{Lab, order},
    support::contract::{Subject, contract},
};
use agent::machine::{Life, MachineDriver};
use agent_proto::machine::{Kind, OffCause};

#[tokio::test]
async fn virtual_machines_keep_the_contract() {
    let Some(mut lab) = Lab::new("virtual_machines_keep_the_contract") else { return };
    let (root, data, again) = (lab.root(), lab.disk("/dev/sdf"), lab.again());
    let kind = Kind::Guest { uefi: false };
    contract(&Subject { kind, driver: &lab.driver, again: &again, root, data }).await;
    lab.leave().await;
}

#[tokio::test]
async fn a_guest_reboots_and_switches_off_by_itself() {
    let Some(mut lab) = Lab::new("a_guest_reboots_and_switches_off_by_itself") else { return };
    let root = lab.root();
    let mut guest = lab.start(&order("i-1", vec![root])).await;
    // Its firmware begins anew by itself at once; a system takes longer.
    while guest.ticks() < 25 {}
    let first = lab.driver.inspect("i-1").await.unwrap();
    guest.reboot();
    let second = lab.driver.changed("i-1", &first).await.unwrap();
    assert!(second.reboots == 0 && matches!(second.life, Life::Running { since } if first.life != Life::Running { since }));
    while guest.ticks() < 25 {}
    // Told to, it does so by its power button.
    lab.driver.reboot("i-1", 1, false).await.unwrap();
    let third = lab.driver.changed("i-1", &second).await.unwrap();
    assert_eq!(third.reboots, 1);
    guest.ticks();
    let picture = lab.driver.screenshot("i-1").await.unwrap().unwrap();
    assert!(picture.starts_with(&[0xff, 0xd8]), "it is a JPEG");
    guest.power_off();
    assert_eq!(lab.ended("i-1").await, OffCause::Itself);
    assert_eq!(lab.driver.screenshot("i-1").await.unwrap(), None);
    lab.leave().await;
}

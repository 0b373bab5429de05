//! Hibernation: what a guest remembers, and what it does when it can't.

use super::lab::{Lab, order, run};
use agent::machine::{BootOrder, MachineDriver};
use agent_proto::machine::{Halt, OffCause};
use std::fs;

#[tokio::test]
async fn a_guest_goes_on_where_it_fell_asleep() {
    let Some(mut lab) = Lab::new("a_guest_goes_on_where_it_fell_asleep") else { return };
    let (root, data) = (lab.root(), lab.disk("/dev/sdf"));
    let first = order("i-1", vec![root, data.clone()]);
    let mut guest = lab.start(&first).await;
    let mut before = guest.ticks();
    while before < 20 {
        before = guest.ticks();
    }
    lab.driver.halt("i-1", Halt::Hibernate).await.unwrap();
    assert_eq!(lab.ended("i-1").await, OffCause::Hibernated);
    lab.driver.release("i-1").await.unwrap();
    // The host gives the disks in another order, and other hands take them.
    let mut second = BootOrder { boot: 2, resume: true, ..first.clone() };
    second.disks.reverse();
    let again = lab.again();
    again.recover().await.unwrap();
    let mut guest = lab.start(&second).await;
    let after = guest.ticks();
    assert!(after >= before, "{after} ticks after {before}: its memory is gone");
    assert!(!lab.data("i-1").join("memory").exists(), "no memory is used twice");
    // What it has can still be taken from it.
    lab.driver.detach_disk("i-1", &data, false).await.unwrap();
    lab.kill("i-1").await;
    // Killed since, it boots afresh, whatever was asked.
    let third = BootOrder { boot: 3, disks: vec![first.disks[0].clone()], ..second };
    assert!(lab.start(&third).await.ticks() < before);
    lab.leave().await;
}

#[tokio::test]
async fn a_memory_that_is_no_good_is_left_alone() {
    let Some(mut lab) = Lab::new("a_memory_that_is_no_good_is_left_alone") else { return };
    let first = order("i-1", vec![lab.root()]);
    let mut guest = lab.start(&first).await;
    while guest.ticks() < 20 {}
    lab.driver.halt("i-1", Halt::Hibernate).await.unwrap();
    assert_eq!(lab.ended("i-1").await, OffCause::Hibernated);
    let memory = lab.data("i-1").join("memory");
    let whole = fs::read(&memory).unwrap();
    fs::write(&memory, &whole[..whole.len() / 2]).unwrap();
    let torn = BootOrder { boot: 2, resume: true, ..first.clone() };
    assert!(lab.start(&torn).await.ticks() < 20, "it boots afresh");
    assert!(!memory.exists());
    lab.driver.halt("i-1", Halt::Hibernate).await.unwrap();
    lab.ended("i-1").await;
    let mut larger = BootOrder { boot: 3, ..torn };
    larger.machine.hardware.memory_mib = 320;
    lab.start(&larger).await.ticks();
    assert!(!memory.exists(), "a machine with other hardware boots afresh");
    lab.leave().await;
}

#[tokio::test]
async fn a_guest_whose_memory_finds_no_room_goes_on() {
    let Some(mut lab) = Lab::new("a_guest_whose_memory_finds_no_room_goes_on") else { return };
    let first = order("i-1", vec![lab.root()]);
    lab.driver.prepare(&first.machine).await.unwrap();
    let place = lab.data("i-1");
    // Enough for what is noted, not for what a guest remembers.
    let user = fs::read(place.join("user")).unwrap();
    run("mount", &["-t", "tmpfs", "-o", "size=256k", "tmpfs", place.to_str().unwrap()]);
    fs::write(place.join("user"), user).unwrap();
    let mut guest = lab.start(&first).await;
    let before = guest.ticks();
    let refused = lab.driver.halt("i-1", Halt::Hibernate).await.unwrap_err();
    assert!(refused.contains("can't be kept"), "{refused}");
    assert!(guest.ticks() >= before && !place.join("memory").exists() && !place.join("memory.new").exists());
    lab.driver.halt("i-1", Halt::Ask).await.unwrap();
    let cause = lab.ended("i-1").await;
    run("umount", &["-l", place.to_str().unwrap()]);
    assert_eq!(cause, OffCause::Itself);
}

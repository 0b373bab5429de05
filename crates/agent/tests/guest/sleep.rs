//! Hibernation: what a guest remembers, and what it does when it can't.

use super::lab::{Lab, order, run};
use agent::machine::{BootOrder, MachineDriver};
use agent_proto::machine::{Halt, OffCause};
use blocks::DataKey;
use std::fs;

/// More than the guest's memory.
const ROOM: u64 = 1 << 30;

#[tokio::test]
async fn a_guest_goes_on_where_it_fell_asleep() {
    let Some(mut lab) = Lab::new("a_guest_goes_on_where_it_fell_asleep") else { return };
    let mut first = lab.sleeper(Some(DataKey::new([6; 32])), ROOM).await;
    let (memory, data) = (lab.volume().join("memory"), lab.disk("/dev/sdf"));
    first.disks.push(data.clone());
    let mut guest = lab.start(&first).await;
    let mut before = guest.ticks();
    while before < 20 {
        before = guest.ticks();
    }
    lab.driver.halt("i-1", Halt::Hibernate).await.unwrap();
    assert_eq!(lab.ended("i-1").await, OffCause::Hibernated);
    lab.driver.release("i-1").await.unwrap();
    assert!(!holds(&memory, &lab.boot_sector()), "it is encrypted as the volume is");
    // The host gives the disks in another order, and other hands take them.
    let mut second = BootOrder { boot: 2, resume: true, ..first.clone() };
    second.disks.reverse();
    let again = lab.again();
    again.recover().await.unwrap();
    let mut guest = lab.start(&second).await;
    let after = guest.ticks();
    assert!(after >= before, "{after} ticks after {before}: its memory is gone");
    assert!(!memory.exists(), "no memory is used twice");
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
    let first = lab.sleeper(None, ROOM).await;
    let memory = lab.volume().join("memory");
    let mut guest = lab.start(&first).await;
    while guest.ticks() < 20 {}
    lab.driver.halt("i-1", Halt::Hibernate).await.unwrap();
    assert_eq!(lab.ended("i-1").await, OffCause::Hibernated);
    assert!(holds(&memory, &lab.boot_sector()), "the volume isn't encrypted, and nor is the memory");
    let half = fs::metadata(&memory).unwrap().len() / 2;
    fs::File::options().write(true).open(&memory).unwrap().set_len(half).unwrap();
    let torn = BootOrder { boot: 2, resume: true, ..first.clone() };
    assert!(lab.start(&torn).await.ticks() < 20, "it boots afresh");
    assert!(!memory.exists());
    lab.driver.halt("i-1", Halt::Hibernate).await.unwrap();
    lab.ended("i-1").await;
    let mut larger = BootOrder { boot: 3, ..torn };
    larger.machine.hardware.memory_mib = 320;
    let mut guest = lab.start(&larger).await;
    while guest.ticks() < 20 {}
    assert!(!memory.exists(), "a machine with other hardware boots afresh");
    lab.driver.halt("i-1", Halt::Hibernate).await.unwrap();
    lab.ended("i-1").await;
    let disk = fs::File::options().write(true).open(&first.disks[0].device).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&disk, b"another disk", 1 << 20).unwrap();
    disk.sync_all().unwrap();
    drop(disk);
    assert!(lab.start(&BootOrder { boot: 4, ..larger }).await.ticks() < 20, "somebody has written to its disk");
    lab.kill("i-1").await;
    lab.leave().await;
}

#[tokio::test]
async fn a_guest_whose_memory_finds_no_room_goes_on() {
    let Some(mut lab) = Lab::new("a_guest_whose_memory_finds_no_room_goes_on") else { return };
    let place = lab.volume().parent().unwrap().to_owned();
    fs::create_dir_all(&place).unwrap();
    // Enough for what is on the disk, not for what a guest remembers.
    run("mount", &["-t", "tmpfs", "-o", "size=400k", "tmpfs", place.to_str().unwrap()]);
    let first = lab.sleeper(None, ROOM).await;
    let mut guest = lab.start(&first).await;
    let before = guest.ticks();
    let refused = lab.driver.halt("i-1", Halt::Hibernate).await.unwrap_err();
    assert!(refused.contains("can't be kept"), "{refused}");
    assert!(guest.ticks() >= before && !lab.volume().join("memory").exists() && !lab.volume().join("memory.new").exists());
    lab.driver.halt("i-1", Halt::Ask).await.unwrap();
    let cause = lab.ended("i-1").await;
    run("umount", &["-l", place.to_str().unwrap()]);
    assert_eq!(cause, OffCause::Itself);
}

#[tokio::test]
async fn a_disk_that_is_smaller_than_the_memory_keeps_none() {
    let Some(mut lab) = Lab::new("a_disk_that_is_smaller_than_the_memory_keeps_none") else { return };
    let small = lab.sleeper(None, 64 << 20).await;
    let elsewhere = order("i-2", vec![lab.root()]);
    for (order, why) in [(small, "has no room for a memory"), (elsewhere, "has no place for it")] {
        let mut guest = lab.start(&order).await;
        let before = guest.ticks();
        let refused = lab.driver.halt(&order.machine.id, Halt::Hibernate).await.unwrap_err();
        assert!(refused.contains(why), "{refused}");
        assert!(guest.ticks() >= before, "it goes on");
        lab.kill(&order.machine.id).await;
    }
    lab.leave().await;
}

/// Whether the file has these bytes somewhere.
fn holds(file: &std::path::Path, bytes: &[u8]) -> bool {
    fs::read(file).unwrap().windows(bytes.len()).any(|part| part == bytes)
}

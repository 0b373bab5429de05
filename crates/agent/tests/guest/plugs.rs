//! Disks that come, grow and go while a guest runs.

use super::lab::{Lab, order};
use agent::machine::MachineDriver;
use std::fs;

/// What has a block device open.
fn holders(lab: &Lab, id: &str, device: &std::path::Path) -> usize {
    let open = fs::read_dir(format!("/proc/{}/fd", lab.process(id, "init"))).unwrap().flatten();
    open.filter(|entry| fs::read_link(entry.path()).is_ok_and(|to| to == device)).count()
}

#[tokio::test]
async fn a_disk_is_there_at_boot_and_comes_and_goes() {
    let Some(mut lab) = Lab::new("a_disk_is_there_at_boot_and_comes_and_goes") else { return };
    let (root, data) = (lab.root(), lab.disk("/dev/sdf"));
    let mut guest = lab.start(&order("i-1", vec![data.clone(), root.clone()])).await;
    assert_eq!(guest.sectors(), 16 << 10);
    assert!(holders(&lab, "i-1", &data.device) > 0);
    lab.driver.detach_disk("i-1", &data, false).await.unwrap();
    assert_eq!(holders(&lab, "i-1", &data.device), 0);
    lab.driver.attach_disk("i-1", &data).await.unwrap();
    lab.grow(&data, "16M");
    lab.driver.grow_disk("i-1", &agent::machine::OpenDisk { size: 16 << 20, ..data.clone() }).await.unwrap();
    // A system that has just booted finds the disk where it was plugged in, in its new size.
    lab.driver.reboot("i-1", 1, true).await.unwrap();
    while guest.sectors() != 32 << 10 {}
    lab.driver.detach_disk("i-1", &data, true).await.unwrap();
    assert_eq!(holders(&lab, "i-1", &data.device), 0, "taken by force, it is let go at once");
    lab.driver.attach_disk("i-1", &data).await.unwrap();
    assert!(holders(&lab, "i-1", &data.device) > 0);
    assert_eq!(lab.driver.detach_disk("i-1", &root, true).await, Ok(()), "so is the root");
    lab.leave().await;
}

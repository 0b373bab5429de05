//! Disks as machines have them.

use super::lab::Lab;
use agent::machine::MachineDriver;

#[tokio::test]
async fn disks_come_are_used_and_go() {
    let Some(mut lab) = Lab::new("disks_come_are_used_and_go") else { return };
    let (root, disk, other) = (lab.root(""), lab.disk("/dev/sdf"), lab.disk("/dev/xvdg"));
    let mut machine = lab.start("i-1", vec![root]).await;
    machine.fails("test -b /dev/sdf");
    for _ in 0..2 {
        lab.driver.attach_disk("i-1", &disk).await.unwrap();
    }
    assert_eq!(
        machine.ok("readlink /dev/xvdf; readlink -f /dev/disk/by-id/nvme-Amazon_Elastic_Block_Store_vol0123456789abcdef0"),
        "sdf\n/dev/sdf\n"
    );
    machine.ok("mkfs.ext4 -q /dev/xvdf");
    machine.ok("mkdir -p /data && mount /dev/xvdf /data && echo precious >/data/file && chown user /data/file");
    assert_eq!(machine.ok("stat -c '%U %a' /data/file"), "user 644\n");
    let busy = lab.driver.detach_disk("i-1", &disk, false).await.unwrap_err();
    assert!(busy.contains("mounted"), "{busy}");
    machine.ok("umount /data");
    lab.driver.detach_disk("i-1", &disk, false).await.unwrap();
    lab.driver.detach_disk("i-1", &disk, false).await.unwrap();
    machine.fails("ls /dev/sdf /dev/xvdf");
    // Again, and taken by force.
    lab.driver.attach_disk("i-1", &disk).await.unwrap();
    lab.driver.attach_disk("i-1", &other).await.unwrap();
    machine.ok("mount -o ro,noatime /dev/sdf /data && cat /data/file");
    machine.fails("touch /data/file");
    lab.driver.detach_disk("i-1", &disk, true).await.unwrap();
    machine.fails("ls /data/file /dev/sdf");
    // What is attached is there after a reboot.
    lab.driver.reboot("i-1", 1, true).await.unwrap();
    lab.seen("i-1", |seen| seen.reboots == 1).await;
    let mut machine = lab.connect("i-1");
    machine.ok("test -b /dev/xvdg && test -b /dev/sdg && ! test -e /dev/sdf");
    lab.leave().await;
}

#[tokio::test]
async fn a_disk_that_was_taken_cannot_be_kept() {
    let Some(mut lab) = Lab::new("a_disk_that_was_taken_cannot_be_kept") else { return };
    let (root, disk) = (lab.root(""), lab.disk("/dev/sdf"));
    let mut machine = lab.start("i-1", vec![root, disk.clone()]).await;
    machine.ok("ln /dev/sdf /dev/kept && mv /dev/sdf /dev/moved && touch /bound && mount --bind /dev/kept /bound");
    machine.ok("head -c 1 /dev/kept >/dev/null && head -c 1 /bound >/dev/null");
    lab.driver.detach_disk("i-1", &disk, false).await.unwrap();
    for name in ["/dev/kept", "/dev/moved", "/bound"] {
        machine.fails(&format!("head -c 1 {name}"));
        machine.fails(&format!("chmod 666 {name}"));
    }
    lab.leave().await;
}

#[tokio::test]
async fn file_systems_are_remounted_and_grow() {
    let Some(mut lab) = Lab::new("file_systems_are_remounted_and_grow") else { return };
    let (root, disk) = (lab.root(""), lab.sized_disk("/dev/sdf", "400M"));
    let mut machine = lab.start("i-1", vec![root, disk.clone()]).await;
    machine.ok("mount -o remount,ro / && ! touch /file && mount -o remount,rw,noexec / && touch /file");
    assert!(machine.ok("grep ' / / ' /proc/self/mountinfo").contains("rw,nodev,noexec"));
    machine.ok("mount -o remount,exec,commit=30 /");
    machine.fails("mount -o remount,errors=panic /");
    machine.fails("setpriv --reuid 1000 --regid 1000 --clear-groups mount -o remount,ro /");
    if !std::path::Path::new("/usr/sbin/mkfs.xfs").exists() {
        eprintln!("SKIPPED file_systems_are_remounted_and_grow: in part, it needs mkfs.xfs");
    } else {
        machine.ok("mkfs.xfs -q /dev/sdf && mkdir -p /data && mount /dev/sdf /data");
        let blocks = "stat -f -c %b /data";
        let before: u64 = machine.ok(blocks).trim().parse().unwrap();
        lab.grow(&disk, "500M");
        lab.driver.grow_disk("i-1", &disk).await.unwrap();
        machine.fails("setpriv --reuid 1000 --regid 1000 --clear-groups xfs_growfs /data");
        machine.ok("xfs_growfs /data");
        assert!(machine.ok(blocks).trim().parse::<u64>().unwrap() > before + before / 10);
        machine.ok("umount /data");
    }
    lab.leave().await;
}

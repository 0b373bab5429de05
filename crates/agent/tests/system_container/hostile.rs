//! What root in a machine tries, and does not get.

use super::lab::{Lab, order, run};
use agent::machine::MachineDriver;
use std::process::Command;

#[tokio::test]
async fn the_host_is_out_of_sight() {
    let Some(mut lab) = Lab::new("the_host_is_out_of_sight") else { return };
    let (root, theirs) = (lab.root(""), lab.disk("/dev/sdx"));
    let number = nix::sys::stat::stat(&theirs.device).unwrap().st_rdev;
    let mut machine = lab.start("i-1", vec![root]).await;
    let map = machine.ok("cat /proc/self/uid_map");
    let base: u32 = map.split_whitespace().nth(1).unwrap().parse().unwrap();
    assert!(base >= 0x7000_0000, "{map}");
    assert_eq!(machine.ok("ls -d /proc/[0-9]* | wc -l").trim().parse::<u32>().unwrap() / 10, 0, "only its own processes");
    let table = machine.ok("cut -d' ' -f5 /proc/self/mountinfo");
    let known = ["/", "/usr", "/run", "/dev", "/proc", "/sys", "/mnt"];
    assert!(table.lines().all(|place| place == "/" || known[1..].iter().any(|known| place.starts_with(known))), "{table}");
    let nodes = format!("mknod /tmp/x b 7 {}", nix::sys::stat::minor(number));
    for line in [
        nodes.as_str(),
        "mknod /dev/x b 254 0",
        "mount -o remount,bind,dev /",
        "umount /usr",
        "umount /dev",
        "echo b >/proc/sysrq-trigger",
        "echo 1 >/proc/sys/kernel/panic",
        "head -c 1 /proc/kcore",
        "date -s 2001-01-01",
        "perl -e 'exit(syscall(246, 0, 0, 0, 0) == 0 ? 0 : 1)'",
        "perl -e 'exit(syscall(321, 0, 0, 0) == 0 ? 0 : 1)'",
        "echo 1 >/sys/fs/cgroup/cgroup.freeze",
    ] {
        machine.fails(line);
    }
    machine.ok("mount -o remount,dev /");
    assert!(machine.ok("grep ' / / ' /proc/self/mountinfo").contains("nodev"), "a remount leaves that as it is");
    // Nothing of the shim's is left open: the standard streams, and what a shell has open itself.
    let open = machine.ok("ls /proc/1/fd");
    assert!(open.split_whitespace().all(|fd| ["0", "1", "2", "10"].contains(&fd)), "{open}");
    // It is master of what is its own.
    machine.ok("ip link add v0 type veth peer name v1 && ip addr add 10.9.9.1/24 dev v0 && sysctl -qw net.ipv4.ip_forward=1");
    machine.ok("hostname other && mkdir /sys/fs/cgroup/mine && mount -t tmpfs none /mnt && unshare -m true");
    lab.leave().await;
}

#[tokio::test]
async fn only_own_disks_are_mounted_and_only_by_root() {
    let Some(mut lab) = Lab::new("only_own_disks_are_mounted_and_only_by_root") else { return };
    let (root, disk, theirs) = (lab.root(""), lab.disk("/dev/sdf"), lab.disk("/dev/sdg"));
    for disk in [&disk, &theirs] {
        run("mkfs.ext4", &["-q", disk.device.to_str().unwrap()]);
    }
    let mut machine = lab.start("i-1", vec![root, disk.clone()]).await;
    machine.ok("mkdir /data; mount -t ext4 /dev/sdf /data; umount /data");
    for line in [
        "setpriv --reuid 1000 --regid 1000 --clear-groups mount -t ext4 /dev/sdf /data",
        "unshare -U -r -m mount -t ext4 /dev/sdf /data",
        "mount -t ext4 /dev/null /data",
        "mount -t ext4 /etc/passwd /data",
        "mount -t ext4 /dev/no-such /data",
        "mount -t ext4 /dev/sdf /no-such",
        "mount -t ext4 -o errors=panic /dev/sdf /data",
        "mount -t ext4 -o journal_path=/dev/sdf /dev/sdf /data",
        "mount -t xfs /dev/sdf /data",
        "mount -t btrfs /dev/sdf /data",
        "losetup -d /dev/sdf",
        "perl -e 'open F, \"<\", \"/dev/sdf\" or exit 0; exit(ioctl(F, 0x4c01, 0) ? 0 : 1)'",
        // Pointers to nowhere.
        "perl -e 'exit(syscall(165, 1, 1, 1, 0, 1) == 0 ? 0 : 1)'",
        // The new way of mounting isn't there, but for what concerns nobody.
        "perl -e 'my $t = \"ext4\\0\"; exit(syscall(430, $t, 0) >= 0 ? 0 : 1)'",
    ] {
        machine.fails(line);
    }
    // Links lead nowhere outside: neither a source nor a target.
    machine.ok("ln -s /../../../../dev/sdf /link && ln -s /data /target && mount -t ext4 /link /target && mountpoint -q /data && umount /data");
    // In a root and a mount namespace of its own.
    machine.ok("unshare -m sh -c 'mount -t ext4 /dev/sdf /data && mountpoint -q /data' && ! mountpoint -q /data");
    machine.ok("cd / && mount -t ext4 dev/sdf ./data && umount data");
    let mounted = Command::new("findmnt").args(["-n", "-S", theirs.device.to_str().unwrap()]).output().unwrap();
    assert!(mounted.stdout.is_empty());
    lab.leave().await;
}

#[tokio::test]
async fn images_bring_no_devices_and_no_panic() {
    let Some(mut lab) = Lab::new("images_bring_no_devices_and_no_panic") else { return };
    let (root, disk) = (lab.root(""), lab.disk("/dev/sdf"));
    // A file system whose maker has put the host's disk into it, readable by all, and wants a panic on errors.
    let device = disk.device.to_str().unwrap();
    run("mkfs.ext4", &["-q", device]);
    run("tune2fs", &["-e", "panic", device]);
    run("debugfs", &["-w", "-R", "mknod vda b 254 0", device]);
    run("debugfs", &["-w", "-R", "set_inode_field vda mode 060666", device]);
    let mut machine = lab.start("i-1", vec![root, disk]).await;
    machine.ok("mkdir /data; mount -t ext4 -o dev,suid /dev/sdf /data; test -b /data/vda");
    machine.fails("head -c 1 /data/vda");
    machine.fails("mount -o remount,bind,dev /data");
    machine.fails("head -c 1 /data/vda");
    assert!(machine.ok("grep ' /data ' /proc/self/mountinfo").contains("nodev"));
    let options = machine.ok("grep ' /data ' /proc/self/mountinfo");
    assert!(options.contains("errors=remount-ro"), "{options}");
    lab.leave().await;
}

#[tokio::test]
async fn the_program_that_is_laid_into_a_machine_is_only_read() {
    let Some(mut lab) = Lab::new("the_program_that_is_laid_into_a_machine_is_only_read") else { return };
    let root = lab.quick_start();
    lab.driver.prepare(&order("i-1", vec![root.clone()]).machine).await.unwrap();
    lab.driver.start(&order("i-1", vec![root])).await.unwrap();
    let pid = lab.process("i-1");
    let inside = |line: &str| {
        let pid = pid.to_string();
        let entered = ["-t", &pid, "-U", "-m", "-p", "-n", "-S", "0", "-G", "0", "--", "/bin/sh", "-c", line];
        Command::new("nsenter").args(entered).status().unwrap().success()
    };
    assert!(inside("test -x /run/hillfog/init && test $(id -u) = 0"));
    for line in [
        "echo >>/run/hillfog/init",
        "mount -o remount,bind,rw /run/hillfog/init",
        "umount /run/hillfog/init",
        "rm /run/hillfog/init",
    ] {
        assert!(!inside(line), "{line}");
    }
    lab.leave().await;
}

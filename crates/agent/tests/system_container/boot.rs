//! How machines begin, are asked, and end.

use super::lab::{Lab, order};
use agent::machine::{Door, Life, MachineDriver};
use agent_proto::machine::{Halt, Kind, OffCause};

#[tokio::test]
async fn a_machine_boots_and_is_asked_to_power_off() {
    let Some(mut lab) = Lab::new("a_machine_boots_and_is_asked_to_power_off") else { return };
    let root = lab.root("");
    let order = order("i-1", vec![root]);
    let Door::Namespace(net) = lab.driver.prepare(&order.machine).await.unwrap() else { panic!("it has a namespace") };
    assert!(netns::Namespace::exists(&net));
    assert!(lab.driver.inspect("i-1").await.is_none());
    let mut machine = lab.start_with(order.clone()).await.unwrap();
    let seen = lab.driver.inspect("i-1").await.unwrap();
    assert!(matches!(seen.life, Life::Running { .. }) && seen.boot == 1 && seen.reboots == 0, "{seen:?}");
    lab.driver.start(&order).await.unwrap();
    assert_eq!(lab.driver.inspect("i-1").await.unwrap(), seen, "one that runs under the order's number is left alone");
    assert_eq!(machine.ok("hostname"), "ip-10-0-0-7\n");
    assert_eq!(machine.ok("echo $$ $(id -u); echo $container").lines().last(), Some("hillfog"));
    assert!(lab.console("i-1").await.contains("booted ip-10-0-0-7"));
    lab.driver.halt("i-1", Halt::Hibernate).await.unwrap_err();
    lab.driver.halt("i-1", Halt::Ask).await.unwrap();
    assert_eq!(lab.ended("i-1").await, OffCause::Itself);
    assert!(lab.console("i-1").await.contains("asked to power off"));
    lab.driver.halt("i-1", Halt::Ask).await.unwrap();
    lab.driver.release("i-1").await.unwrap();
    assert!(lab.driver.inspect("i-1").await.is_none());
    assert!(lab.console("i-1").await.contains("booted"), "the console outlives a release");
    lab.driver.forget("i-1").await.unwrap();
    assert_eq!(lab.driver.console("i-1").await.unwrap(), None);
    lab.leave().await;
}

#[tokio::test]
async fn it_reboots_from_inside_and_when_it_is_told() {
    let Some(mut lab) = Lab::new("it_reboots_from_inside_and_when_it_is_told") else { return };
    let root = lab.root("");
    let mut machine = lab.start("i-2", vec![root]).await;
    machine.ok("echo kept >/kept; echo lost >/run/lost");
    let first = lab.driver.inspect("i-2").await.unwrap();
    // reboot(2), LINUX_REBOOT_CMD_RESTART.
    machine.types("sync; perl -e 'syscall(169, 0xfee1dead, 672274793, 0x01234567)'");
    let second = lab.seen("i-2", |seen| *seen != first).await;
    assert!(matches!(second.life, Life::Running { .. }) && second.boot == 1 && second.reboots == 0, "{second:?}");
    let mut machine = lab.connect("i-2");
    assert_eq!(machine.ok("cat /kept; ls /run/lost 2>/dev/null || true"), "kept\n");
    lab.driver.reboot("i-2", 1, false).await.unwrap();
    assert!(lab.seen("i-2", |seen| seen.reboots == 1).await.boot == 1);
    // Up again before its power is cut: what it says at its boot is counted below.
    lab.connect("i-2");
    lab.driver.reboot("i-2", 1, false).await.unwrap();
    lab.driver.reboot("i-2", 2, true).await.unwrap();
    lab.seen("i-2", |seen| seen.reboots == 2).await;
    let mut machine = lab.connect("i-2");
    assert_eq!(lab.console("i-2").await.matches("booted ip").count(), 4);
    // LINUX_REBOOT_CMD_POWER_OFF.
    machine.types("sync; perl -e 'syscall(169, 0xfee1dead, 672274793, 0x4321fedc)'");
    assert_eq!(lab.ended("i-2").await, OffCause::Itself);
    lab.leave().await;
}

#[tokio::test]
async fn another_boot_has_the_same_disk_and_what_cannot_boot_says_why() {
    let Some(mut lab) = Lab::new("another_boot_has_the_same_disk") else { return };
    let (root, empty) = (lab.root(""), lab.disk("/dev/xvda"));
    let mut machine = lab.start("i-3", vec![root.clone()]).await;
    machine.ok("echo kept >/kept; touch /usr/mine; stat -c %u /usr/bin/perl /usr/mine");
    assert!(matches!(lab.kill("i-3").await, OffCause::Died(_)));
    let mut next = order("i-3", vec![root]);
    next.boot = 2;
    let mut machine = lab.start_with(next).await.unwrap();
    assert_eq!(machine.ok("cat /kept; ls /usr/mine; stat -c %u /usr/mine"), "kept\n/usr/mine\n0\n");
    assert_eq!(lab.driver.inspect("i-3").await.unwrap().boot, 2);
    let mut bare = order("i-4", vec![empty]);
    bare.disks[0].disk.root = true;
    let why = lab.start_with(bare).await.err().unwrap();
    assert!(why.contains("there is no ext4 or xfs file system"), "{why}");
    assert!(lab.driver.inspect("i-4").await.is_none());
    lab.leave().await;
}

#[tokio::test]
async fn a_machine_gets_what_its_type_says() {
    let Some(mut lab) = Lab::new("a_machine_gets_what_its_type_says") else { return };
    let root = lab.root("");
    let mut machine = lab.start("i-5", vec![root]).await;
    // More than its 256 MiB: the kernel ends who asks for it, not the machine.
    machine.fails("perl -e '$x = \"x\" x (400 << 20); print length $x'");
    let bomb = "while (@p < 9000 && defined($p = fork)) { if (!$p) { sleep 600; exit } push @p, $p } print scalar @p; kill 9, @p; wait for @p";
    let most: u32 = machine.ok(&format!("perl -e '{bomb}'")).parse().unwrap();
    assert!((500..1024).contains(&most), "{most}");
    machine.ok("true");
    let before = lab.driver.cpu_ms("i-5").await;
    machine.ok("perl -e '1 while (times)[0] < 0.3'");
    assert!(lab.driver.cpu_ms("i-5").await >= before + 200);
    let quota = || std::fs::read_to_string(format!("/sys/fs/cgroup/cpu/hillfog-{}/machines/i-5/cpu.cfs_quota_us", lab.tag));
    if quota().is_ok() {
        for (wish, micros) in [(Some(102), "9960"), (None, "200000")] {
            lab.driver.set_cpu_quota("i-5", wish).await.unwrap();
            assert_eq!(quota().unwrap().trim(), micros);
        }
    }
    lab.kill("i-5").await;
    lab.leave().await;
}

#[tokio::test]
async fn the_small_init_is_laid_into_machines_without_one() {
    let Some(mut lab) = Lab::new("the_small_init_is_laid_into_machines_without_one") else { return };
    let (quick, bare) = (lab.quick_start(), lab.bare_root());
    let quick = order("i-quick", vec![quick]);
    let mut bare = order("i-bare", vec![bare]);
    bare.machine.kind = Kind::SystemContainer { host_userland: false };
    for order in [quick, bare] {
        let id = &order.machine.id;
        lab.driver.prepare(&order.machine).await.unwrap();
        lab.driver.start(&order).await.unwrap();
        lab.driver.halt(id, Halt::Ask).await.unwrap();
        assert_eq!(lab.ended(id).await, OffCause::Itself, "{}", lab.console(id).await);
        assert!(lab.console(id).await.contains("init: the machine powers off"));
    }
    lab.leave().await;
}

//! Monitors and shims that die, and what a monitor may do.

use super::lab::{Lab, order};
use agent::machine::{BootOrder, MachineDriver};
use agent_proto::machine::OffCause;
use nix::sys::signal::{Signal, kill};
use std::fs;

#[tokio::test]
async fn a_monitor_or_a_shim_that_is_killed_has_died() {
    let Some(mut lab) = Lab::new("a_monitor_or_a_shim_that_is_killed_has_died") else { return };
    let first = order("i-1", vec![lab.root()]);
    lab.start(&first).await.ticks();
    kill(lab.process("i-1", "init"), Signal::SIGKILL).unwrap();
    assert!(matches!(lab.ended("i-1").await, OffCause::Died(why) if why.contains("SIGKILL")));
    let second = BootOrder { boot: 2, ..first };
    lab.start(&second).await.ticks();
    let monitor = lab.process("i-1", "init");
    kill(lab.process("i-1", "shim"), Signal::SIGKILL).unwrap();
    assert!(matches!(lab.ended("i-1").await, OffCause::Died(_)));
    // Who is dead and not yet buried has no program any more.
    assert!(fs::read_link(format!("/proc/{monitor}/exe")).is_err(), "the guest ends with its shim");
    lab.leave().await;
}

#[tokio::test]
async fn a_monitor_is_nobody_and_may_nothing() {
    let Some(mut lab) = Lab::new("a_monitor_is_nobody_and_may_nothing") else { return };
    let order = order("i-1", vec![lab.root()]);
    lab.start(&order).await.ticks();
    let monitor = lab.process("i-1", "init");
    let status = fs::read_to_string(format!("/proc/{monitor}/status")).unwrap();
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap().split_whitespace().collect::<Vec<_>>();
    let user: u32 = fs::read_to_string(lab.data("i-1").join("user")).unwrap().parse().unwrap();
    assert!(user >= 0x7fff_0000);
    assert_eq!(field("Uid:"), vec![user.to_string(); 4]);
    assert_eq!(field("Gid:"), vec![user.to_string(); 4]);
    assert!(field("Groups:").is_empty());
    assert_eq!(field("CapEff:"), ["0000000000000000"]);
    assert_eq!((field("NoNewPrivs:"), field("Seccomp:")), (vec!["1"], vec!["2"]));
    let network = |pid: &str| fs::read_link(format!("/proc/{pid}/ns/net")).unwrap();
    assert_ne!(network(&monitor.to_string()), network("self"));
    lab.leave().await;
}

#[tokio::test]
async fn what_does_not_boot_says_why() {
    let Some(mut lab) = Lab::new("what_does_not_boot_says_why") else { return };
    let mut order = order("i-1", vec![lab.root()]);
    order.disks[0].device = "/dev/null".into();
    lab.driver.prepare(&order.machine).await.unwrap();
    assert!(lab.driver.start(&order).await.unwrap_err().contains("no block device"));
    assert!(lab.driver.inspect("i-1").await.is_none());
    lab.leave().await;
}

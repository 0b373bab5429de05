//! Debian with systemd, from an archive that `mmdebstrap` makes: `HILLFOG_DEBIAN_ROOT` names it. Making one takes minutes, so there is none by default.

use super::lab::{Lab, order};
use agent::machine::MachineDriver;
use agent_proto::machine::{Halt, Kind, OffCause};
use std::{path::PathBuf, time::Duration};

#[tokio::test]
#[ignore = "it needs a distribution"]
async fn debian_boots_with_systemd() {
    let Some(mut lab) = Lab::new("debian_boots_with_systemd") else { return };
    let Some(archive) = std::env::var_os("HILLFOG_DEBIAN_ROOT").map(PathBuf::from) else {
        eprintln!("SKIPPED debian_boots_with_systemd: HILLFOG_DEBIAN_ROOT names no archive");
        return;
    };
    let root = lab.unpacked(&archive);
    let mut order = order("i-1", vec![root]);
    order.machine.kind = Kind::SystemContainer { host_userland: false };
    order.machine.hardware.memory_mib = 1024;
    lab.driver.prepare(&order.machine).await.unwrap();
    lab.driver.start(&order).await.unwrap();
    wait_for(&lab, "login:").await;
    let first = lab.driver.inspect("i-1").await.unwrap();
    lab.driver.reboot("i-1", 1, false).await.unwrap();
    lab.seen("i-1", |seen| seen.reboots > first.reboots).await;
    wait_for(&lab, "login:").await;
    lab.driver.halt("i-1", Halt::Ask).await.unwrap();
    assert_eq!(lab.ended("i-1").await, OffCause::Itself, "{}", lab.console("i-1").await);
    println!("{}", lab.console("i-1").await);
    lab.leave().await;
}

async fn wait_for(lab: &Lab, text: &str) {
    for _ in 0..600 {
        if lab.console("i-1").await.trim_end().ends_with(text) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{}", lab.console("i-1").await);
}

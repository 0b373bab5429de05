//! Servers and shims that die.

use super::lab::Lab;
use agent::machine::{Life, MachineDriver};
use agent_proto::machine::OffCause;
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

#[tokio::test]
async fn a_server_that_comes_back_finds_its_machines() {
    let Some(mut lab) = Lab::new("a_server_that_comes_back_finds_its_machines") else { return };
    let (root, other) = (lab.root(""), lab.root(""));
    lab.start("i-1", vec![root]).await;
    lab.start("i-2", vec![other]).await;
    lab.kill("i-2").await;
    let before = lab.driver.inspect("i-1").await;
    let again = lab.again();
    assert_eq!(again.recover().await.unwrap().into_iter().collect::<Vec<_>>(), ["i-1", "i-2"]);
    assert_eq!(again.inspect("i-1").await, before, "it is the same boot");
    assert!(matches!(again.inspect("i-2").await.unwrap().life, Life::Ended { .. }));
    lab.driver = again;
    assert_eq!(lab.connect("i-1").ok("hostname"), "ip-10-0-0-7\n");
    lab.leave().await;
}

#[tokio::test]
async fn a_machine_dies_with_its_shim() {
    let Some(mut lab) = Lab::new("a_machine_dies_with_its_shim") else { return };
    let root = lab.root("");
    let mut machine = lab.start("i-1", vec![root.clone()]).await;
    machine.ok("sync");
    kill(Pid::from_raw(lab.shim("i-1")), Signal::SIGKILL).unwrap();
    let OffCause::Died(why) = lab.ended("i-1").await else { panic!("it has died") };
    assert!(why.contains("lost"), "{why}");
    let mut order = super::lab::order("i-1", vec![root]);
    order.boot = 2;
    lab.start_with(order).await.unwrap().ok("true");
    lab.leave().await;
}

#[tokio::test]
async fn a_host_that_begins_anew_has_switched_its_machines_off() {
    let Some(mut lab) = Lab::new("a_host_that_begins_anew_has_switched_its_machines_off") else { return };
    let root = lab.root("");
    lab.start("i-1", vec![root]).await.ok("sync");
    lab.forget_boot("i-1");
    lab.driver = lab.again();
    lab.driver.recover().await.unwrap();
    assert_eq!(lab.ended("i-1").await, OffCause::Told);
    lab.leave().await;
}

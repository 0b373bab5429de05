//! How long a boot takes beside the bare monitor's, and how long a guest takes to go on. Run by hand, or by `bench/guest.sh`: it proves nothing.

use super::lab::Lab;
use agent::machine::{BootOrder, MachineDriver};
use agent_proto::machine::Halt;
use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const TIMES: u32 = 15;

#[tokio::test]
#[ignore = "a measurement"]
async fn a_boot_beside_the_bare_monitor() {
    let Some(mut lab) = Lab::new("a_boot_beside_the_bare_monitor") else { return };
    let first = lab.sleeper(None, 1 << 30).await;
    let (mut ours, mut bare, mut resumed) = (Vec::new(), Vec::new(), Vec::new());
    // Whether there is KVM is tried once, before the first.
    lab.start(&first).await;
    lab.kill("i-1").await;
    for round in 0..TIMES {
        bare.push(bare_boot(first.disks[0].device.to_str().unwrap()));
        let boot = BootOrder { boot: 2 * round + 2, ..first.clone() };
        let (before, begun) = (boots(&lab).await, Instant::now());
        lab.start(&boot).await;
        while boots(&lab).await == before {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        ours.push(begun.elapsed());
        lab.driver.halt("i-1", Halt::Hibernate).await.unwrap();
        lab.ended("i-1").await;
        lab.driver.release("i-1").await.unwrap();
        let begun = Instant::now();
        lab.start(&BootOrder { boot: boot.boot + 1, resume: true, ..boot }).await;
        resumed.push(begun.elapsed());
        lab.kill("i-1").await;
    }
    let (ours, bare, resumed) = (median(ours), median(bare), median(resumed));
    println!("medians of {TIMES}; the bare monitor to the system's first word {bare:?}, ours {ours:?}");
    below("guest: added to the bare monitor's boot", Duration::from_millis(150), ours.saturating_sub(bare));
    below("guest: resume from hibernation, 256 MiB", Duration::from_millis(500), resumed);
    lab.leave().await;
}

/// As `bench/aims.py` says it.
fn below(what: &str, bound: Duration, measured: Duration) {
    let met = if measured < bound { "met" } else { "NOT MET" };
    println!("  {what:62}{:>12}{:>12}   {met}", format!("< {} ms", bound.as_millis()), format!("{} ms", measured.as_millis()));
}

/// How often the guest has said that it has booted.
async fn boots(lab: &Lab) -> usize {
    let console = lab.driver.console("i-1").await.unwrap().unwrap_or_default();
    String::from_utf8_lossy(&console).matches("boot").count()
}

fn bare_boot(disk: &str) -> Duration {
    let begun = Instant::now();
    let drive = format!("file={disk},format=raw,if=virtio");
    let mut monitor = Command::new("qemu-system-x86_64")
        .args(["-nodefaults", "-machine", "q35", "-accel", "tcg", "-m", "256", "-smp", "2", "-display", "none", "-vga", "std"])
        .args(["-serial", "stdio", "-drive", &drive])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(monitor.stdout.take().unwrap()).lines();
    lines.find(|line| line.as_ref().is_ok_and(|line| line.contains("boot"))).unwrap().unwrap();
    let taken = begun.elapsed();
    monitor.kill().unwrap();
    monitor.wait().unwrap();
    taken
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

//! How long a start takes, beside what others take for less. Run by hand: it proves nothing and takes a minute.

use super::lab::{Lab, order};
use agent::machine::MachineDriver;
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const TIMES: u32 = 30;

#[tokio::test]
#[ignore = "a measurement"]
async fn a_start_beside_others() {
    let Some(mut lab) = Lab::new("a_start_beside_others") else { return };
    let root = lab.root("");
    let bundle = lab.folder.path().join("bundle");
    let runc = write_bundle(&bundle);
    let (mut ours, mut prepared, mut bare, mut theirs) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for boot in 1..=TIMES {
        let mut order = order("i-1", vec![root.clone()]);
        order.boot = boot;
        let begun = Instant::now();
        lab.driver.prepare(&order.machine).await.unwrap();
        prepared.push(begun.elapsed());
        let begun = Instant::now();
        lab.driver.start(&order).await.unwrap();
        ours.push(begun.elapsed());
        lab.kill("i-1").await;
        bare.push(timed(Command::new("unshare").args(["-Urmpinuf", "--mount-proc", "true"])));
        if runc {
            theirs.push(timed(Command::new("runc").args(["run", "-b"]).arg(&bundle).arg(&lab.tag)));
        }
    }
    for (name, times) in [("start to process 1", ours), ("prepare", prepared), ("unshare", bare), ("runc run true", theirs)] {
        println!("{name}: {}", median(times));
    }
    lab.leave().await;
}

/// A container of the host's programs that ends at once; `false` without runc.
fn write_bundle(bundle: &Path) -> bool {
    fs::create_dir_all(bundle.join("rootfs")).unwrap();
    let made = Command::new("runc").arg("spec").current_dir(bundle).status().is_ok_and(|status| status.success());
    if made {
        let path = bundle.join("config.json");
        let mut spec: serde_json::Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        spec["process"]["terminal"] = false.into();
        spec["process"]["args"] = serde_json::json!(["/usr/bin/true"]);
        let bind =
            |name: &str| serde_json::json!({"destination": name, "type": "bind", "source": name, "options": ["rbind", "ro"]});
        let mounts = spec["mounts"].as_array_mut().unwrap();
        mounts.extend(["/usr", "/lib", "/lib64"].map(bind));
        fs::write(path, spec.to_string()).unwrap();
    }
    made
}

fn timed(command: &mut Command) -> Duration {
    let begun = Instant::now();
    let done = command.stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> String {
    times.sort();
    match times.len() {
        0 => "not there".into(),
        count => format!("median {:?}, best {:?}", times[count / 2], times[0]),
    }
}

//! How fast a volume is, beside a plain file on a loop device. `cargo nextest run -p blocks --release --run-ignored only measure`

use crate::world::{self, World};
use std::{path::Path, process::Command, time::Instant};

const SIZE: u64 = 1 << 30;
const PART: usize = 1 << 20;

#[tokio::test]
#[ignore = "measures"]
async fn a_volume_beside_a_plain_file() {
    let Some(world) = World::new("measure", None) else { return };
    world.create(SIZE, None);
    let begin = Instant::now();
    let attached = world.start().await;
    println!("attach: {:?}", begin.elapsed());
    let sealed = World::new("measure-key", Some(blocks::DataKey::new([1; 32]))).unwrap();
    sealed.create(SIZE, None);
    let encrypted = sealed.start().await;
    let plain = PlainLoop::new(&world.folder.join("plain"));
    for (name, device) in
        [("plain file", plain.0.as_path()), ("volume", &attached.device), ("encrypted volume", &encrypted.device)]
    {
        // The first time, places are found on the disk; the second time they are there.
        for round in ["first", "again"] {
            let measured = measure(device);
            println!("{name:17} {round}: {measured}");
        }
    }
    world.client().stop(false).await.unwrap();
    sealed.client().stop(false).await.unwrap();
}

fn measure(device: &Path) -> String {
    let direct = world::direct(device);
    let data = world::noise(1, PART);
    let write = timed(|| {
        (0..512).for_each(|at| direct.write(at * PART as u64, &data).unwrap());
        direct.sync().unwrap();
    });
    let read = timed(|| (0..512).for_each(|at| drop(direct.read(at * PART as u64, PART).unwrap())));
    let small = timed(|| (0..4000).for_each(|at| drop(direct.read(at * 7919 % 100_000 * 4096, 4096).unwrap())));
    let synced = timed(|| {
        (0..300).for_each(|at| {
            direct.write(at * 7919 % 100_000 * 4096, &data[..4096]).unwrap();
            direct.sync().unwrap();
        });
    });
    format!(
        "write {:5.0} MiB/s, read {:5.0} MiB/s, 4 KiB read {:4.0} µs, 4 KiB write and flush {:5.0} µs",
        512.0 / write,
        512.0 / read,
        small / 4000.0 * 1e6,
        synced / 300.0 * 1e6
    )
}

fn timed(what: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    what();
    begin.elapsed().as_secs_f64()
}

/// A plain file on a loop device, as `losetup` makes it.
struct PlainLoop(std::path::PathBuf);

impl PlainLoop {
    fn new(file: &Path) -> PlainLoop {
        std::fs::File::create(file).unwrap().set_len(SIZE).unwrap();
        let output = Command::new("losetup").args(["--find", "--show"]).arg(file).output().unwrap();
        PlainLoop(String::from_utf8(output.stdout).unwrap().trim().into())
    }
}

impl Drop for PlainLoop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").arg("--detach").arg(&self.0).status();
    }
}

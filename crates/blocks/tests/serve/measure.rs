//! How fast a volume is, beside a plain file on a loop device: medians of rounds in which each has its turn.
//!
//! `cargo nextest run -p blocks --test serve --run-ignored only --no-capture measure`

use crate::world::{self, World};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

const SIZE: u64 = 1 << 30;
const PART: usize = 1 << 20;
const PARTS: u64 = 128;
const ROUNDS: usize = 7;

#[tokio::test]
#[ignore = "measures"]
async fn a_volume_beside_a_plain_file() {
    let Some(world) = World::new("measure", None) else { return };
    let Some(sealed) = World::new("measure-key", Some(blocks::DataKey::new([1; 32]))) else { return };
    world.create(SIZE, None);
    sealed.create(SIZE, None);
    println!("attach and detach: {:?}", attach(&world).await);
    let (volume, encrypted) = (world.start().await, sealed.start().await);
    let (plain, direct) =
        (PlainLoop::new(&world.folder.join("plain"), "off"), PlainLoop::new(&world.folder.join("direct"), "on"));
    let devices = [
        ("plain file, cached", plain.0.as_path()),
        ("plain file, direct", direct.0.as_path()),
        ("volume", &volume.device),
        ("encrypted volume", &encrypted.device),
    ];
    let mut rounds: Vec<Vec<[f64; 4]>> = vec![Vec::new(); devices.len()];
    for _ in 0..ROUNDS {
        devices.iter().zip(&mut rounds).for_each(|((_, device), rounds)| rounds.push(measure(device)));
    }
    for ((name, _), rounds) in devices.iter().zip(rounds) {
        let [write, read, small, synced] = [0, 1, 2, 3].map(|which| median(rounds.iter().map(|round| round[which]).collect()));
        println!(
            "{name:18} write {write:5.0} MiB/s, read {read:5.0} MiB/s, 4 KiB read {small:5.0} µs, write and flush {synced:5.0} µs"
        );
    }
    println!("memory of a server: {} KiB of its own", private(volume.pid));
    snapshots(&world, &volume.device).await;
    world.client().stop(false).await.unwrap();
    sealed.client().stop(false).await.unwrap();
}

/// Medians.
async fn attach(world: &World) -> (Duration, Duration) {
    let mut times = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let begin = Instant::now();
        world.start().await;
        times.0.push(begin.elapsed());
        let begin = Instant::now();
        world.client().stop(false).await.unwrap();
        times.1.push(begin.elapsed());
    }
    (median(times.0), median(times.1))
}

/// The first snapshot, and one after a hundredth was changed.
async fn snapshots(world: &World, device: &Path) {
    for (name, changed) in [("snap-1", 0), ("snap-2", 5)] {
        let direct = world::direct(device);
        (0..changed).for_each(|at| direct.write(at * 20 * PART as u64, &world::noise(at + 2, 4096)).unwrap());
        drop(direct);
        let begin = Instant::now();
        world.client().snapshot(name).await.unwrap();
        let begun = begin.elapsed();
        let stored = world.completed(name).await;
        println!("{name}: begun in {begun:?}, stored in {:?}: {stored:?}", begin.elapsed());
    }
}

/// Memory that ends with the process, in KiB (proc(5)).
fn private(pid: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap();
    let lines = text.lines().filter(|line| line.starts_with("Private_"));
    lines.filter_map(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).sum()
}

/// MiB/s written and read, µs for a small read, and for a small write with its flush.
fn measure(device: &Path) -> [f64; 4] {
    let direct = world::direct(device);
    let data = world::noise(1, PART);
    let write = timed(|| {
        (0..PARTS).for_each(|at| direct.write(at * PART as u64, &data).unwrap());
        direct.sync().unwrap();
    });
    let read = timed(|| (0..PARTS).for_each(|at| drop(direct.read(at * PART as u64, PART).unwrap())));
    let place = |at: u64| at * 7919 % (PARTS * 256) * 4096;
    let small = timed(|| (0..1000).for_each(|at| drop(direct.read(place(at), 4096).unwrap())));
    let synced = timed(|| {
        (0..100).for_each(|at| {
            direct.write(place(at), &data[..4096]).unwrap();
            direct.sync().unwrap();
        });
    });
    [PARTS as f64 / write, PARTS as f64 / read, small / 1000.0 * 1e6, synced / 100.0 * 1e6]
}

fn median<T: PartialOrd + Copy>(mut all: Vec<T>) -> T {
    all.sort_by(|one, other| one.partial_cmp(other).unwrap());
    all[all.len() / 2]
}

fn timed(what: impl FnOnce()) -> f64 {
    let begin = Instant::now();
    what();
    begin.elapsed().as_secs_f64()
}

/// A plain file on a loop device, as `losetup` makes it.
struct PlainLoop(PathBuf);

impl PlainLoop {
    fn new(file: &Path, direct: &str) -> PlainLoop {
        std::fs::File::create(file).unwrap().set_len(SIZE).unwrap();
        let direct = format!("--direct-io={direct}");
        let output = Command::new("losetup").args(["--find", "--show", &direct]).arg(file).output().unwrap();
        assert!(output.status.success());
        PlainLoop(String::from_utf8(output.stdout).unwrap().trim().into())
    }
}

impl Drop for PlainLoop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").arg("--detach").arg(&self.0).status();
    }
}

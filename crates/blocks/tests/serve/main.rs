//! Volumes as block devices: a server of its own, the kernel's loop device, a file system. They need root, `/dev/fuse` and a free loop
//! device, and say so where they can't run.

mod crash;
mod measure;
mod world;

use blocks::{BLOCK, Client, DataKey, Limits, MemoryPlace, SnapshotStatus, Stopped};
use std::{
    fs::{self, File},
    io::{Read, Write},
    os::unix::fs::FileExt,
};
use world::{World, eventually, noise};

const SIZE: u64 = 64 << 20;

#[tokio::test]
async fn a_file_system_on_a_volume_is_there_again() {
    let Some(world) = World::new("again", None) else { return };
    world.create(SIZE, None);
    let attached = world.start().await;
    assert_eq!(attached.size, SIZE);
    world::mkfs(&attached.device);
    {
        let mounted = world.mount(&attached.device);
        fs::write(mounted.path().join("file"), noise(7, 3_000_000)).unwrap();
        // In use: it goes on until it isn't.
        assert_eq!(world.client().stop(false).await.unwrap(), Stopped::Busy);
        assert!(world.client().status().await.unwrap().stopping);
        assert_eq!(fs::read(mounted.path().join("file")).unwrap(), noise(7, 3_000_000));
    }
    eventually("the server ends", || !world.is_alive(attached.pid)).await;
    assert!(Client::adopt(&world.runtime).await.unwrap().is_none());
    assert!(!world.has_device(&attached));
    let attached = world.start().await;
    {
        let mounted = world.mount(&attached.device);
        assert_eq!(fs::read(mounted.path().join("file")).unwrap(), noise(7, 3_000_000));
    }
    assert_eq!(world.client().stop(false).await.unwrap(), Stopped::Detached);
    assert!(!world.has_device(&attached) && !world.is_alive(attached.pid));
}

#[tokio::test]
async fn it_is_found_again_and_only_one_serves_it() {
    let Some(world) = World::new("adopt", None) else { return };
    world.create(SIZE, None);
    assert!(Client::adopt(&world.runtime).await.unwrap().is_none());
    let attached = world.start().await;
    let (client, found) = Client::adopt(&world.runtime).await.unwrap().unwrap();
    assert_eq!(found, attached);
    assert!(matches!(world.try_start().await, Err(blocks::Error::Busy(_))));
    assert_eq!(client.stop(false).await.unwrap(), Stopped::Detached);
}

#[tokio::test]
async fn a_volume_that_cannot_be_opened_says_why() {
    let Some(world) = World::new("why", Some(DataKey::new([1; 32]))) else { return };
    world.create(SIZE, None);
    let mut other = world.clone_paths();
    other.keys.own = None;
    assert!(matches!(other.try_start().await, Err(blocks::Error::WrongKey(_))));
    assert!(matches!(world.at("none").try_start().await, Err(blocks::Error::NotFound(_))));
}

#[tokio::test]
async fn a_snapshot_of_a_volume_in_use_is_of_one_moment() {
    for key in [None, Some(DataKey::new([4; 32]))] {
        let Some(world) = World::new("moment", key) else { return };
        world.create(SIZE, None);
        let attached = world.start().await;
        let device = File::options().read(true).write(true).open(&attached.device).unwrap();
        let before = noise(1, 40 * BLOCK);
        device.write_all_at(&before, 0).unwrap();
        device.sync_all().unwrap();
        world.client().snapshot("snap-1").await.unwrap();
        // While it is stored, all of it is overwritten.
        device.write_all_at(&noise(2, 40 * BLOCK), 0).unwrap();
        device.sync_all().unwrap();
        let stored = world.completed("snap-1").await;
        assert_eq!((stored.looked_at, stored.new_blocks), (40, 40));
        let image = tempfile::tempfile().unwrap();
        blocks::export(&world.store(), "snap-1", &image, world.keys.own.as_ref()).unwrap();
        let mut content = vec![0; before.len()];
        image.read_exact_at(&mut content, 0).unwrap();
        assert!(content == before);
        assert!(matches!(world.client().progress("snap-none").await, Err(blocks::Error::NotFound(_))));
        drop(device);
        assert_eq!(world.client().stop(false).await.unwrap(), Stopped::Detached);
        // A volume of it, fetched as it is read.
        let copy = world.at("copy");
        copy.create(SIZE, Some("snap-1"));
        let attached = copy.start().await;
        let mut content = Vec::new();
        File::open(&attached.device).unwrap().take(before.len() as u64).read_to_end(&mut content).unwrap();
        assert!(content == before);
        assert!(copy.client().status().await.unwrap().local_bytes >= before.len() as u64);
        copy.client().stop(false).await.unwrap();
    }
}

#[tokio::test]
async fn it_grows_while_it_is_mounted() {
    let Some(world) = World::new("grow", None) else { return };
    world.create(SIZE, None);
    let attached = world.start().await;
    world::mkfs(&attached.device);
    {
        let mounted = world.mount(&attached.device);
        fs::write(mounted.path().join("small"), b"small").unwrap();
        let grown = world.client().grow(4 * SIZE).await.unwrap();
        assert_eq!((grown.size, world::size_of(&attached.device)), (4 * SIZE, 4 * SIZE));
    }
    // ext4 grows while it is mounted, too, but only for who may do more than tests may.
    world::run("e2fsck", &["-fp".as_ref(), attached.device.as_os_str()]);
    world::run("resize2fs", &[attached.device.as_os_str()]);
    let mounted = world.mount(&attached.device);
    assert_eq!(fs::read(mounted.path().join("small")).unwrap(), b"small");
    fs::write(mounted.path().join("large"), noise(3, 100 << 20)).unwrap();
    assert!(matches!(world.client().grow(SIZE).await, Err(blocks::Error::Invalid(_))));
}

#[tokio::test]
async fn discarded_blocks_take_no_room() {
    let Some(world) = World::new("discard", None) else { return };
    world.create(SIZE, None);
    let attached = world.start().await;
    let device = File::options().write(true).open(&attached.device).unwrap();
    device.write_all_at(&noise(1, 8 * BLOCK), 0).unwrap();
    device.sync_all().unwrap();
    assert_eq!(world.client().status().await.unwrap().local_bytes, 8 * BLOCK as u64);
    world::discard(&device, BLOCK as u64, 5 * BLOCK as u64);
    assert_eq!(world.client().status().await.unwrap().local_bytes, 3 * BLOCK as u64);
    let mut content = vec![9; 8 * BLOCK];
    File::open(&attached.device).unwrap().read_exact_at(&mut content, 0).unwrap();
    assert!(content[BLOCK..6 * BLOCK].iter().all(|byte| *byte == 0) && content[6 * BLOCK..] == noise(1, 8 * BLOCK)[6 * BLOCK..]);
}

#[tokio::test]
async fn limits_hold_while_they_are_set() {
    let Some(world) = World::new("limits", None) else { return };
    world.create(SIZE, None);
    let attached = world.start().await;
    let limits = Limits { iops: Some(50), ..Limits::NONE };
    world.client().limit(limits).await.unwrap();
    assert_eq!(world.client().status().await.unwrap().limits, limits);
    let device = world::direct(&attached.device);
    // 30 operations at 50 a second take 0.6 s, less what may be ahead; without limits a thousandth of it.
    let begin = std::time::Instant::now();
    (0..30).for_each(|at| drop(device.read(at * 4096, 4096)));
    assert!(begin.elapsed().as_millis() >= 500, "{:?}", begin.elapsed());
    world.client().limit(Limits::NONE).await.unwrap();
    (0..3000).for_each(|at| drop(device.read(at % 1000 * 4096, 4096)));
}

#[tokio::test]
async fn many_come_and_go_at_once() {
    let Some(world) = World::new("many", None) else { return };
    let mut tasks = tokio::task::JoinSet::new();
    for number in 0..12 {
        let world = world.at(&format!("vol-{number}"));
        tasks.spawn(async move {
            world.create(SIZE, None);
            for round in 0..3 {
                let attached = world.start().await;
                let device = world::direct(&attached.device);
                if round > 0 {
                    assert!(device.read(0, 65536).unwrap() == noise(number * 10 + round - 1, 65536));
                }
                device.write(0, &noise(number * 10 + round, 65536)).unwrap();
                drop(device);
                assert_eq!(world.client().stop(false).await.unwrap(), Stopped::Detached);
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

#[tokio::test]
async fn a_server_that_is_told_to_end_by_a_signal_ends_clean() {
    let Some(world) = World::new("signal", None) else { return };
    world.create(SIZE, None);
    let attached = world.start().await;
    File::options().write(true).open(&attached.device).unwrap().write_all_at(b"kept", 0).unwrap();
    world.signal(attached.pid, nix::sys::signal::Signal::SIGTERM);
    eventually("the server ends", || !world.is_alive(attached.pid)).await;
    assert!(!world.has_device(&attached) && !world.folder.join("open").exists());
    let attached = world.start().await;
    let mut content = [0; 4];
    File::open(&attached.device).unwrap().read_exact_at(&mut content, 0).unwrap();
    assert_eq!(&content, b"kept");
}

#[tokio::test]
async fn by_force_it_ends_though_it_is_in_use() {
    let Some(world) = World::new("force", None) else { return };
    world.create(SIZE, None);
    let attached = world.start().await;
    let device = world::direct(&attached.device);
    device.write(0, &[7; 4096]).unwrap();
    assert_eq!(world.client().stop(true).await.unwrap(), Stopped::Detached);
    assert!(device.read(0, 4096).is_err());
    drop(device);
    eventually("the device is free", || !world.has_device(&attached)).await;
    assert!(matches!(world.client().progress("x").await, Err(blocks::Error::NotFound(_))));
    let attached = world.start().await;
    assert_eq!(world::direct(&attached.device).read(0, 4096).unwrap(), [7; 4096]);
}

#[test]
fn what_a_snapshot_is_called_when_it_ended() {
    // The agent's records keep these words.
    let failed = SnapshotStatus::Failed { why: "full".into() };
    assert_eq!(serde_json::to_string(&failed).unwrap(), r#"{"state":"failed","why":"full"}"#);
}

#[tokio::test]
async fn a_memory_is_handed_over_and_taken_back() {
    let Some(world) = World::new("memory", Some(DataKey::new([9; 32]))) else { return };
    world.create(SIZE, None);
    let attached = world.start().await;
    let place = MemoryPlace::at(&world.runtime);
    assert!(matches!(place.keep(SIZE + 1), Err(blocks::Error::Invalid(_))));
    assert!(matches!(place.recall(), Err(blocks::Error::NotFound(_))));
    let (memory, mut found) = (noise(5, 5_000_001), Vec::new());
    let (handover, order) = (place.keep(8 << 20).unwrap(), b"{\"do\":\"stop\",\"force\":true}\n");
    // What looks like an order is part of the stream.
    handover.stream().write_all(order).unwrap();
    handover.stream().write_all(&memory).unwrap();
    assert_eq!(handover.seal().unwrap(), (order.len() + memory.len()) as u64);
    place.recall().unwrap().read_to_end(&mut found).unwrap();
    assert!(found[order.len()..] == memory[..]);
    // Half of one doesn't count, and nor does what was before it.
    drop(place.keep(8 << 20).unwrap());
    assert!(matches!(place.recall(), Err(blocks::Error::NotFound(_))));
    let handover = place.keep(8 << 20).unwrap();
    handover.stream().write_all(&memory).unwrap();
    handover.seal().unwrap();
    let device = File::options().write(true).open(&attached.device).unwrap();
    device.write_all_at(b"another disk", 0).unwrap();
    device.sync_all().unwrap();
    assert!(matches!(place.recall(), Err(blocks::Error::NotFound(_))), "the disk has changed since");
    place.forget().unwrap();
    drop(device);
    assert_eq!(world.client().stop(false).await.unwrap(), Stopped::Detached);
}

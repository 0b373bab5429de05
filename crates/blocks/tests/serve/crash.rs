//! Servers that are killed.

use crate::world::{self, World, eventually, noise};
use blocks::{BLOCK, Client, DataKey, SnapshotStatus};
use nix::sys::signal::Signal;
use std::{fs, os::unix::fs::FileExt, sync::mpsc, thread};

const SIZE: u64 = 64 << 20;

/// One thread writes numbered sectors, each flushed before its number is told; the server is killed meanwhile.
#[tokio::test]
async fn what_was_flushed_is_there_after_a_kill() {
    for key in [None, Some(DataKey::new([4; 32]))] {
        let Some(world) = World::new("flushed", key) else { return };
        world.create(SIZE, None);
        for round in 1..=3u8 {
            let attached = world.start().await;
            let (tell, told) = mpsc::channel();
            let device = world::direct(&attached.device);
            let writer = thread::spawn(move || {
                for number in 0.. {
                    let at = number * 7919 % (SIZE / 4096);
                    if device.write(at * 4096, &[round; 4096]).and_then(|()| device.sync()).is_err() || tell.send(at).is_err() {
                        return;
                    }
                }
            });
            let mut flushed: Vec<u64> = told.iter().take(60).collect();
            world.signal(attached.pid, Signal::SIGKILL);
            writer.join().unwrap();
            flushed.extend(told.try_iter());
            // The keeper frees the device.
            eventually("the device is free", || !world.has_device(&attached)).await;
            assert!(Client::adopt(&world.runtime).await.unwrap().is_none());
            let volume = world.open();
            for at in flushed {
                let mut sector = [0; 4096];
                volume.read_at(at * 4096, &mut sector).unwrap();
                assert!(sector == [round; 4096], "sector {at} of round {round}");
            }
            volume.close().unwrap();
        }
    }
}

#[tokio::test]
async fn a_file_system_recovers_and_has_what_was_synced() {
    let Some(world) = World::new("ext4", None) else { return };
    world.create(SIZE, None);
    let attached = world.start().await;
    world::mkfs(&attached.device);
    {
        let mounted = world.mount(&attached.device);
        for number in 0..20 {
            let path = mounted.path().join(format!("synced-{number}"));
            fs::write(&path, noise(number, 50_000)).unwrap();
            fs::File::open(&path).unwrap().sync_all().unwrap();
            fs::write(mounted.path().join(format!("loose-{number}")), noise(number, 50_000)).unwrap();
        }
        fs::File::open(mounted.path()).unwrap().sync_all().unwrap();
        world.signal(attached.pid, Signal::SIGKILL);
        eventually("the server is dead", || !world.is_alive(attached.pid)).await;
    }
    eventually("the device is free", || !world.has_device(&attached)).await;
    let attached = world.start().await;
    {
        let mounted = world.mount(&attached.device);
        for number in 0..20 {
            assert_eq!(fs::read(mounted.path().join(format!("synced-{number}"))).unwrap(), noise(number, 50_000));
        }
    }
    world::run("e2fsck", &["-fn".as_ref(), attached.device.as_os_str()]);
}

#[tokio::test]
async fn a_snapshot_under_way_is_gone_on_with() {
    let Some(world) = World::new("resume", None) else { return };
    world.create(SIZE, None);
    let attached = world.start().await;
    let device = fs::File::options().write(true).open(&attached.device).unwrap();
    let before = noise(1, 100 * BLOCK);
    device.write_all_at(&before, 0).unwrap();
    device.sync_all().unwrap();
    let other = noise(2, 10 * BLOCK);
    world.client().snapshot("snap-1").await.unwrap();
    // Overwritten from its end, which is stored last.
    device.write_all_at(&other, 90 * BLOCK as u64).unwrap();
    device.sync_all().unwrap();
    let status = world.client().progress("snap-1").await.unwrap();
    world.signal(attached.pid, Signal::SIGKILL);
    eventually("the server is dead", || !world.is_alive(attached.pid)).await;
    drop(device);
    assert!(matches!(status, SnapshotStatus::Pending(_)), "{status:?}: it was stored before it could be killed");
    world.start().await;
    world.completed("snap-1").await;
    let image = tempfile::tempfile().unwrap();
    blocks::export(&world.store(), "snap-1", &image, None).unwrap();
    let mut content = vec![0; before.len()];
    image.read_exact_at(&mut content, 0).unwrap();
    assert!(content == before);
}

/// Both processes are killed: nobody frees the device, until somebody looks.
#[tokio::test]
async fn a_stale_device_is_freed() {
    let Some(world) = World::new("stale", None) else { return };
    world.create(SIZE, None);
    let attached = world.start().await;
    let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", attached.pid)).unwrap();
    let keeper = children.split_whitespace().next().unwrap().parse().unwrap();
    world.signal(keeper, Signal::SIGKILL);
    world.signal(attached.pid, Signal::SIGKILL);
    eventually("both are dead", || !world.is_alive(attached.pid) && !world.is_alive(keeper)).await;
    assert!(world.has_device(&attached));
    assert!(Client::adopt(&world.runtime).await.unwrap().is_none());
    assert!(!world.has_device(&attached));
    world.start().await;
}

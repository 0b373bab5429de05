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

/// The machine loses power: the volume's own file system stands on a disk that is torn away, with all that the host's kernel hadn't
/// written to it yet.
#[tokio::test]
async fn what_was_flushed_is_there_after_a_loss_of_power() {
    let Some(disk) = World::new("power", None) else { return };
    disk.create(4 * SIZE, None);
    let attached_disk = disk.start().await;
    world::mkfs(&attached_disk.device);
    let mut world = disk.at("inner");
    let mounted = disk.mount(&attached_disk.device);
    world.folder = mounted.path().join("vol");
    world.create(SIZE, None);
    let attached = world.start().await;
    let (tell, told) = mpsc::channel();
    let device = world::direct(&attached.device);
    let writer = thread::spawn(move || {
        for number in 0.. {
            let at = number * 7919 % (SIZE / 8192);
            // Its neighbour is written to and never flushed on purpose.
            let written = device.write(at * 8192, &[7; 4096]).and_then(|()| device.sync());
            if written.and_then(|()| device.write(at * 8192 + 4096, &[9; 4096])).is_err() || tell.send(at).is_err() {
                return;
            }
        }
    });
    let mut flushed: Vec<u64> = told.iter().take(100).collect();
    disk.signal(attached_disk.pid, Signal::SIGKILL);
    eventually("the disk is gone", || !disk.is_alive(attached_disk.pid)).await;
    world.signal(attached.pid, Signal::SIGKILL);
    writer.join().unwrap();
    flushed.extend(told.try_iter());
    eventually("the device is free", || !world.has_device(&attached)).await;
    drop(mounted);
    eventually("the disk's device is free", || !disk.has_device(&attached_disk)).await;
    let attached_disk = disk.start().await;
    let mounted = disk.mount(&attached_disk.device);
    world.folder = mounted.path().join("vol");
    fs::write(world.folder.join("open"), "another start of the machine").unwrap();
    let volume = world.open();
    for at in flushed {
        let mut sectors = [0; 8192];
        volume.read_at(at * 8192, &mut sectors).unwrap();
        assert!(sectors[..4096] == [7; 4096], "sector {at}");
        assert!(sectors[4096..] == [0; 4096] || sectors[4096..] == [9; 4096], "the neighbour of {at}");
    }
    volume.close().unwrap();
}

/// The host's disk is full: writes fail, what was flushed stays, and when there is room again it goes on.
#[test]
fn a_full_disk_loses_nothing() {
    let Some(mut world) = World::new("full", None) else { return };
    let small = world.tmpfs("small", 8 << 20);
    world.folder = small.path().join("vol");
    world.create(SIZE, None);
    let volume = world.open();
    let filler = small.path().join("filler");
    fs::write(&filler, vec![1; 2 << 20]).unwrap();
    let block = |index: u64| noise(index + 1, BLOCK);
    let full =
        (0..100).find(|index| volume.write_at(index * BLOCK as u64, &block(*index)).and_then(|()| volume.flush()).is_err());
    let full = full.expect("8 MiB don't hold 50");
    assert!(full > 4, "{full}");
    volume.begin_snapshot("snap-1").unwrap_err();
    let mut content = vec![0; BLOCK];
    for index in 0..full {
        volume.read_at(index * BLOCK as u64, &mut content).unwrap();
        assert!(content == block(index));
    }
    fs::remove_file(filler).unwrap();
    volume.write_at(full * BLOCK as u64, &block(full)).unwrap();
    volume.flush().unwrap();
    drop(volume);
    let volume = world.open();
    for index in 0..=full {
        volume.read_at(index * BLOCK as u64, &mut content).unwrap();
        assert!(content == block(index));
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
    // So many that they take longer to store than the few below to overwrite.
    let blocks = 400;
    world.create(blocks * BLOCK as u64, None);
    let attached = world.start().await;
    let device = fs::File::options().write(true).open(&attached.device).unwrap();
    let before = noise(1, blocks as usize * BLOCK);
    device.write_all_at(&before, 0).unwrap();
    device.sync_all().unwrap();
    let other = noise(2, 10 * BLOCK);
    world.client().snapshot("snap-1").await.unwrap();
    // Overwritten from its end, which is stored last.
    device.write_all_at(&other, (blocks - 10) * BLOCK as u64).unwrap();
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

//! The contract that everything that keeps volumes keeps, run on the fake one and on the block engine.

mod support;

use agent::volume::{BlockPlaces, BlockVolumes, FakeVolumes, VolumeDriver};
use agent_proto::volume::{IoLimits, Source, Volume};
use model::Env;
use std::{os::unix::fs::FileExt, path::Path};
use support::machine::volume;
use tokio::sync::watch;

/// What the contract is tried with: the same behaviour by other means.
struct Subject {
    driver: Box<dyn VolumeDriver>,
    /// The driver of a server that has come back.
    again: Box<dyn VolumeDriver>,
    /// Its devices can be read and written.
    real: bool,
}

impl Subject {
    fn write(&self, device: &Path, text: &[u8]) {
        if self.real {
            let file = std::fs::File::options().write(true).open(device).unwrap();
            file.write_all_at(text, 0).unwrap();
            file.sync_all().unwrap();
        }
    }

    fn begins_with(&self, device: &Path, text: &[u8]) {
        if self.real {
            let mut found = vec![0; text.len()];
            std::fs::File::open(device).unwrap().read_exact_at(&mut found, 0).unwrap();
            assert_eq!(found, text);
        }
    }
}

async fn contract(subject: &Subject) {
    a_volume_is_made_once_opened_closed_and_deleted(subject).await;
    it_grows_open_or_not(subject).await;
    what_is_open_is_found_again(subject).await;
    a_snapshot_is_of_its_moment_and_has_one_end(subject).await;
    what_cannot_be_made_says_why(subject).await;
    what_is_unknown_is_no_error_to_remove(subject).await;
}

async fn a_volume_is_made_once_opened_closed_and_deleted(subject: &Subject) {
    let (driver, vol) = (&subject.driver, volume("vol-life"));
    for _ in 0..2 {
        assert_eq!(driver.ensure(&vol).await.unwrap().size_gib, 1);
    }
    driver.limit(&vol.id, vol.limits).await.unwrap();
    let device = driver.open(&vol).await.unwrap();
    assert_eq!(device.size, 1 << 30);
    assert_eq!(driver.open(&vol).await.unwrap(), device, "it is the same as long as it is open");
    assert_eq!(driver.ensure(&vol).await.unwrap().size_gib, 1, "an open one is there, too");
    driver.limit(&vol.id, IoLimits::default()).await.unwrap();
    subject.write(&device.path, b"kept");
    driver.close(&vol.id).await.unwrap();
    driver.close(&vol.id).await.unwrap();
    let device = driver.open(&vol).await.unwrap();
    subject.begins_with(&device.path, b"kept");
    driver.close(&vol.id).await.unwrap();
    driver.delete(&vol.id).await.unwrap();
    assert!(driver.recover().await.unwrap().is_empty());
}

async fn it_grows_open_or_not(subject: &Subject) {
    let (driver, vol) = (&subject.driver, volume("vol-grows"));
    driver.ensure(&vol).await.unwrap();
    driver.grow(&Volume { size_gib: 2, ..vol.clone() }).await.unwrap();
    assert_eq!(driver.ensure(&vol).await.unwrap().size_gib, 2);
    assert_eq!(driver.open(&vol).await.unwrap().size, 2 << 30);
    driver.grow(&Volume { size_gib: 3, ..vol.clone() }).await.unwrap();
    assert_eq!(driver.open(&vol).await.unwrap().size, 3 << 30);
    driver.grow(&vol).await.unwrap();
    assert_eq!(driver.ensure(&vol).await.unwrap().size_gib, 3, "it never shrinks");
    driver.close(&vol.id).await.unwrap();
    driver.delete(&vol.id).await.unwrap();
}

async fn what_is_open_is_found_again(subject: &Subject) {
    let vol = volume("vol-found");
    subject.driver.ensure(&vol).await.unwrap();
    let device = subject.driver.open(&vol).await.unwrap();
    assert_eq!(subject.again.recover().await.unwrap().into_iter().collect::<Vec<_>>(), ["vol-found"]);
    assert_eq!(subject.again.open(&vol).await.unwrap(), device);
    subject.again.close(&vol.id).await.unwrap();
    subject.again.delete(&vol.id).await.unwrap();
}

async fn a_snapshot_is_of_its_moment_and_has_one_end(subject: &Subject) {
    let mut vol = volume("vol-snap");
    let (driver, percent) = (&subject.driver, watch::channel(0).0);
    driver.ensure(&vol).await.unwrap();
    vol.snapshots.insert("snap-1".into(), None);
    let device = driver.open(&vol).await.unwrap();
    subject.write(&device.path, b"before");
    driver.freeze(&vol, "snap-1").await.unwrap();
    subject.write(&device.path, b"after!");
    driver.freeze(&vol, "snap-1").await.unwrap();
    // The machine is ended meanwhile.
    driver.close(&vol.id).await.unwrap();
    assert!(driver.ensure(&vol).await.unwrap().snapshots.contains("snap-1"));
    let first = subject.again.store(&vol, "snap-1", &percent).await.unwrap();
    assert!(first.stored > 0 && first.full > 0, "{first:?}");
    assert_eq!(driver.store(&vol, "snap-1", &percent).await.unwrap(), first, "asked again, it says the same");
    driver.forget_snapshot(&vol.id, "snap-1").await.unwrap();
    assert!(driver.ensure(&vol).await.unwrap().snapshots.is_empty());

    let source = Some(Source { snapshot: "snap-1".into(), key: None });
    let copy = Volume { source, ..volume("vol-copy") };
    driver.ensure(&copy).await.unwrap();
    let device = driver.open(&copy).await.unwrap();
    subject.begins_with(&device.path, b"before");
    for id in ["vol-snap", "vol-copy"] {
        driver.close(id).await.unwrap();
        driver.delete(id).await.unwrap();
    }
}

async fn what_cannot_be_made_says_why(subject: &Subject) {
    if !subject.real {
        return;
    }
    let source = Some(Source { snapshot: "snap-none".into(), key: None });
    let broken = Volume { source, ..volume("vol-broken") };
    let error = subject.driver.ensure(&broken).await.unwrap_err();
    assert!(error.contains("snap-none"), "{error}");
    subject.driver.delete(&broken.id).await.unwrap();
}

async fn what_is_unknown_is_no_error_to_remove(subject: &Subject) {
    subject.driver.close("vol-unknown").await.unwrap();
    subject.driver.delete("vol-unknown").await.unwrap();
    assert!(subject.driver.recover().await.unwrap().is_empty());
}

#[tokio::test]
async fn fake_volumes_keep_the_contract() {
    let fake = FakeVolumes::default();
    contract(&Subject { driver: Box::new(fake.clone()), again: Box::new(fake), real: false }).await;
}

#[tokio::test]
async fn the_block_engine_keeps_the_contract() {
    let able = support::is_root("the_block_engine_keeps_the_contract") && Path::new("/dev/fuse").exists();
    if !able || !Path::new("/dev/loop-control").exists() {
        eprintln!("SKIPPED the_block_engine_keeps_the_contract: it needs root, /dev/fuse and /dev/loop-control");
        return;
    }
    let folder = tempfile::Builder::new().prefix("hf-volumes-").tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let places = BlockPlaces { data: at("data"), runtime: at("run"), store: at("store") };
    let driver = || {
        let program = env!("CARGO_BIN_EXE_hillfog-shim").into();
        Box::new(BlockVolumes::new(places.clone(), program, Env::system()))
    };
    let subject = Subject { driver: driver(), again: driver(), real: true };
    contract(&subject).await;
    let left = volume("vol-left");
    subject.driver.ensure(&left).await.unwrap();
    subject.driver.open(&left).await.unwrap();
    subject.driver.teardown().await.unwrap();
    assert!(!at("run").exists(), "nothing is left outside the data folder");
    assert_eq!(subject.again.recover().await.unwrap().len(), 1);
}

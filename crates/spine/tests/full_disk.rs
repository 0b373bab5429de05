//! A disk that is really full: a file system of two megabytes. It needs the right to mount, and says so if it is missing.

mod common;

use common::*;
use spine::{Read, Scope, Store, StoreError};
use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
};

struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", "size=2m", "spine-test"]).arg(folder.path());
        let mounted = mount.stderr(Stdio::null()).status().is_ok_and(|status| status.success());
        mounted.then_some(Self(folder))
    }

    fn path(&self) -> &Path {
        self.0.path()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.path()).status();
    }
}

#[tokio::test]
async fn a_full_disk_fails_the_write_and_nothing_else() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("SKIPPED: mounting a small file system needs root");
        return;
    };
    let data = disk.path().join("data");
    let store = Store::open(&data).unwrap();
    fs::write(disk.path().join("ballast"), vec![0; 1 << 20]).unwrap();
    let text = "x".repeat(50_000);
    let mut written = 0;
    let error = loop {
        let note = key::<Note>(&format!("{written:04}"));
        match store.transact(|tx| tx.create(&note, &text)).await {
            Ok(()) => written += 1,
            Err(error) => break error,
        }
        assert!(written < 100, "the disk never became full");
    };
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    assert_eq!(store.snapshot().list::<Note>(Scope::All).unwrap().len(), written, "readers see what is durable");
    fs::remove_file(disk.path().join("ballast")).unwrap();
    store.transact(|tx| tx.create(&key::<Note>("after"), &text)).await.unwrap();
    drop(store);
    assert_eq!(Store::open(&data).unwrap().snapshot().list::<Note>(Scope::All).unwrap().len(), written + 1);
}

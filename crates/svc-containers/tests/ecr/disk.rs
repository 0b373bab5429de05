//! A disk that is full.

use super::cloud::{Cloud, digest};
use std::{path::Path, process::Command, sync::Arc};

/// A small file system of its own, which is gone when this is dropped.
struct SmallDisk(Arc<tempfile::TempDir>);

impl SmallDisk {
    fn new(megabytes: u32) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let size = format!("size={megabytes}m");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).status();
        mounted.is_ok_and(|status| status.success()).then(|| Self(Arc::new(folder)))
    }

    fn files(folder: &Path) -> usize {
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        entries.map(|path| if path.is_dir() { Self::files(&path) } else { 1 }).sum()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[tokio::test]
async fn what_does_not_fit_is_refused_and_nothing_of_it_kept() {
    let Some(disk) = SmallDisk::new(2) else {
        eprintln!("SKIPPED: a tmpfs can't be mounted (not root?), so no disk was full");
        return;
    };
    let cloud = Cloud::on(spine::Store::ephemeral(), disk.0.clone());
    cloud.ok("CreateRepository", serde_json::json!({"repositoryName": "web"})).await;
    let before = cloud.image("web", "v1", "one").await;
    let files = SmallDisk::files(disk.0.path());

    let begun = cloud.registry("POST", "/v2/web/blobs/uploads/", &[], "").await;
    let location = begun.headers["location"].to_str().unwrap().to_owned();
    let large = vec![1; 3 << 20];
    let refused = cloud.registry("PATCH", &location, &[], large.clone()).await;
    assert_eq!(refused.status, 507, "{}", refused.text());
    assert!(refused.text().contains("no space is left"), "{}", refused.text());
    assert_eq!(cloud.registry("GET", &location, &[], "").await.headers["range"], "0-0", "nothing is kept of it");

    let fits = cloud.registry("PUT", &format!("{location}?digest={}", digest(b"two")), &[], "two").await;
    assert_eq!(fits.status, 201, "the cloud goes on: {}", fits.text());
    assert_eq!(SmallDisk::files(disk.0.path()), files + 1);
    assert_eq!(cloud.registry("GET", &format!("/v2/web/manifests/{before}"), &[], "").await.status, 200);
}

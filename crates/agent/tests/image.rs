//! Images on a real disk: what becomes of each kind of entry, and that hostile ones are refused and leave nothing.

mod support;

use agent::image::{Digest, ImageError, ImageLimits, ImageStore};
use serde_json::json;
use std::{
    collections::BTreeSet,
    fs,
    os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::atomic::Ordering::SeqCst,
};
use support::{Layer, MemoryBlobs, Packing, is_root};

fn store(folder: &Path) -> ImageStore {
    ImageStore::open(folder, ImageLimits::default()).unwrap()
}

/// Pulls an image of one layer and gives the layer's folder.
async fn unpack(folder: &Path, limits: ImageLimits, packing: Packing, tar: Vec<u8>) -> Result<PathBuf, ImageError> {
    let mut blobs = MemoryBlobs::default();
    let digest = blobs.image(&[(packing, tar)], json!({}));
    let store = ImageStore::open(folder, limits).unwrap();
    let pulled = store.pull(&blobs, "x", &digest).await?;
    Ok(store.layer_paths(&pulled).remove(0))
}

fn layers_in(folder: &Path) -> usize {
    fs::read_dir(folder.join("layers")).unwrap().count()
}

fn attribute(path: &Path, name: &str) -> Option<Vec<u8>> {
    let path = std::ffi::CString::new(path.to_str().unwrap()).unwrap();
    let name = std::ffi::CString::new(name).unwrap();
    let mut value = vec![0; 256];
    // SAFETY: both strings end in a zero byte and the buffer's length is given.
    let length = unsafe { libc::lgetxattr(path.as_ptr(), name.as_ptr(), value.as_mut_ptr().cast(), value.len()) };
    value.truncate(usize::try_from(length).ok()?);
    Some(value)
}

#[tokio::test]
async fn every_kind_of_entry_becomes_what_it_should() {
    if !is_root("every_kind_of_entry_becomes_what_it_should") {
        return;
    }
    let long = format!("{}/{}", "d".repeat(120), "f".repeat(200));
    let mut layer = Layer::new()
        .folder("./", 0o755)
        .folder("bin/", 0o555)
        .program("bin/tool", b"#!/bin/sh\n")
        .entry(tar::EntryType::Regular, "bin/setuid", "", 0o4755, b"x")
        .symlink("bin/sh", "/usr/bin/tool")
        .hard_link("bin/again", "bin/tool")
        .file("no/parents/here", b"deep")
        .file("etc/.wh.gone", b"")
        .folder("opaque/", 0o700)
        .file("opaque/.wh..wh..opq", b"")
        .entry(tar::EntryType::Fifo, "pipe", "", 0o600, b"")
        .pax(&[("SCHILY.xattr.user.note", b"hi"), ("SCHILY.xattr.trusted.overlay.redirect", b"/etc"), ("uid", b"3000000000")])
        .file("attributed", b"");
    let mut header = tar::Header::new_gnu();
    header.set_size(4);
    header.set_mode(0o640);
    header.set_uid(0);
    header.set_gid(0);
    layer.builder().append_data(&mut header, &long, &b"long"[..]).unwrap();
    let tar = layer.tar();

    for packing in [Packing::Plain, Packing::Gzip, Packing::Zstd] {
        let folder = tempfile::tempdir().unwrap();
        let root = unpack(folder.path(), ImageLimits::default(), packing, tar.clone()).await.unwrap();
        let meta = |name: &str| fs::symlink_metadata(root.join(name)).unwrap();
        assert_eq!(meta("bin").permissions().mode() & 0o7777, 0o555, "a mode that forbids writing comes last");
        assert_eq!(meta("bin").mtime(), 1_000_000_000);
        assert_eq!(meta("bin/setuid").permissions().mode() & 0o7777, 0o4755);
        assert_eq!(fs::read_link(root.join("bin/sh")).unwrap(), Path::new("/usr/bin/tool"));
        assert_eq!(meta("bin/again").ino(), meta("bin/tool").ino());
        assert_eq!(fs::read(root.join("no/parents/here")).unwrap(), b"deep");
        assert_eq!(fs::read(root.join(&long)).unwrap(), b"long");
        assert!(meta("etc/gone").file_type().is_char_device() && meta("etc/gone").rdev() == 0, "a whiteout");
        assert!(!root.join("etc/.wh.gone").exists());
        assert_eq!(attribute(&root.join("opaque"), "trusted.overlay.opaque").unwrap(), b"y");
        assert!(meta("pipe").file_type().is_fifo());
        assert_eq!(attribute(&root.join("attributed"), "user.note").unwrap(), b"hi");
        assert_eq!(attribute(&root.join("attributed"), "trusted.overlay.redirect"), None);
        assert_eq!(meta("attributed").uid(), 3_000_000_000);
    }
}

#[tokio::test]
async fn a_name_that_leads_out_is_refused_and_leaves_nothing() {
    let outside = tempfile::tempdir().unwrap();
    let victim = outside.path().join("victim");
    fs::write(&victim, "whole").unwrap();
    let out = outside.path().to_str().unwrap();
    let absolute = format!("{out}/victim");
    let up = format!("{}{}", "../".repeat(15), &absolute[1..]);
    let hostile = [
        ("dots", Layer::new().file(&up, b"broken")),
        ("dots within", Layer::new().file(&format!("a/b/{up}"), b"broken")),
        ("absolute", Layer::new().file(&absolute, b"broken")),
        ("through an absolute symlink", Layer::new().symlink("a", out).file("a/victim", b"broken")),
        ("through a relative symlink", Layer::new().symlink("a", &up[..up.len() - 7]).file("a/victim", b"broken")),
        ("a folder through a symlink", Layer::new().symlink("a", out).folder("a/new/", 0o777)),
        ("a link through a symlink", Layer::new().symlink("a", out).symlink("a/new", "x")),
        ("hard link by dots", Layer::new().hard_link("a", &up)),
        ("absolute hard link", Layer::new().hard_link("a", &absolute)),
        ("hard link through a symlink", Layer::new().symlink("s", out).hard_link("a", "s/victim")),
        ("whiteout by dots", Layer::new().file(&format!("{}.wh.victim", &up[..up.len() - 6]), b"")),
        ("whiteout of the parent", Layer::new().file("a/.wh...", b"")),
        ("opaque through a symlink", Layer::new().symlink("a", out).file("a/b/.wh..wh..opq", b"")),
    ];
    for (what, layer) in hostile {
        let folder = tempfile::tempdir().unwrap();
        let result = unpack(folder.path(), ImageLimits::default(), Packing::Gzip, layer.tar()).await;
        assert!(matches!(result, Err(ImageError::Refused(_))), "{what}: {result:?}");
        assert_eq!(layers_in(folder.path()), 0, "{what} left something");
    }
    assert_eq!(fs::read_to_string(&victim).unwrap(), "whole");
    assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn a_hard_link_to_a_symlink_does_not_follow_it() {
    let folder = tempfile::tempdir().unwrap();
    let tar = Layer::new().symlink("s", "/etc/passwd").hard_link("a", "s").tar();
    let root = unpack(folder.path(), ImageLimits::default(), Packing::Plain, tar).await.unwrap();
    assert_eq!(fs::read_link(root.join("a")).unwrap(), Path::new("/etc/passwd"));
}

#[tokio::test]
async fn an_entry_replaces_what_had_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let tar = Layer::new()
        .symlink("a", "/etc")
        .folder("a/", 0o755)
        .file("a/x", b"1")
        .file("b/c/d", b"1")
        .file("b", b"2")
        .file("same", b"3")
        .hard_link("same", "same")
        .tar();
    let root = unpack(folder.path(), ImageLimits::default(), Packing::Plain, tar).await.unwrap();
    assert_eq!(fs::read(root.join("a/x")).unwrap(), b"1");
    assert_eq!(fs::read(root.join("b")).unwrap(), b"2");
    assert_eq!(fs::read(root.join("same")).unwrap(), b"3");
}

#[tokio::test]
async fn a_bomb_is_refused() {
    let zeros = Layer::new().file("zeros", &vec![0; 8 << 20]).tar();
    let many = (0..200).fold(Layer::new(), |layer, n| layer.file(&n.to_string(), b"")).tar();
    let header = Layer::new().pax(&[("comment", &vec![b'x'; 6 << 20])]).file("a", b"").tar();
    let default = ImageLimits::default();
    let bombs = [
        ("bytes", ImageLimits { layer_bytes: 1 << 20, ..default.clone() }, &zeros),
        ("ratio", ImageLimits { ratio_from: 1 << 20, ..default.clone() }, &zeros),
        ("entries", ImageLimits { layer_entries: 100, ..default.clone() }, &many),
        ("header", default, &header),
    ];
    for (what, limits, tar) in bombs {
        for packing in [Packing::Gzip, Packing::Zstd] {
            let folder = tempfile::tempdir().unwrap();
            let result = unpack(folder.path(), limits.clone(), packing, tar.clone()).await;
            assert!(matches!(result, Err(ImageError::Refused(_))), "{what}: {result:?}");
            assert_eq!(layers_in(folder.path()), 0, "{what} left something");
        }
    }
}

#[tokio::test]
async fn what_is_not_what_its_digest_says_is_refused() {
    let tar = Layer::new().file("a", b"1").tar();
    let other = Layer::new().file("a", b"2").tar();
    let folder = tempfile::tempdir().unwrap();

    let mut blobs = MemoryBlobs::default();
    let image = blobs.image(&[(Packing::Gzip, tar.clone())], json!({}));
    blobs.forge(&Digest::sha256(&Packing::Gzip.pack(&tar)), Packing::Gzip.pack(&other));
    let error = store(folder.path()).pull(&blobs, "x", &image).await.unwrap_err();
    assert!(matches!(error, ImageError::Digest { .. }), "a forged blob: {error}");

    let mut blobs = MemoryBlobs::default();
    let image = blobs.image(&[(Packing::Plain, tar)], json!({}));
    blobs.forge(&image, b"{}".to_vec());
    let error = store(folder.path()).pull(&blobs, "x", &image).await.unwrap_err();
    assert!(matches!(error, ImageError::Digest { .. }), "a forged manifest: {error}");
    assert_eq!(layers_in(folder.path()), 0);
}

#[tokio::test]
async fn a_blob_that_breaks_off_or_is_garbage_is_refused() {
    let tar = Layer::new().file("a", &[7; 100_000]).tar();
    let whole = Packing::Gzip.pack(&tar);
    let garbage: Vec<u8> = (0..5000_u32).map(|n| ((n * 7919) >> 3) as u8).collect();
    for blob in [whole[..whole.len() / 2].to_vec(), garbage, vec![]] {
        let folder = tempfile::tempdir().unwrap();
        let mut blobs = MemoryBlobs::default();
        let layer = blobs.add(blob);
        let config = json!({"architecture": agent::image::Platform::host().architecture, "os": "linux",
            "rootfs": {"diff_ids": [Digest::sha256(&tar)]}});
        let config = blobs.add(config.to_string().into_bytes());
        let manifest = json!({"config": {"digest": config}, "layers": [{"digest": layer}]});
        let image = blobs.add(manifest.to_string().into_bytes());
        let result = store(folder.path()).pull(&blobs, "x", &image).await;
        assert!(matches!(result, Err(ImageError::Malformed(_) | ImageError::Digest { .. })), "{result:?}");
        assert_eq!(layers_in(folder.path()), 0);
    }
}

#[tokio::test]
async fn a_missing_image_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let digest = Digest::sha256(b"nothing");
    let error = store(folder.path()).pull(&MemoryBlobs::default(), "x", &digest).await.unwrap_err();
    assert_eq!(error.to_string(), format!("{digest}: not found"));
}

#[tokio::test]
async fn an_image_for_another_machine_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let mut blobs = MemoryBlobs::default();
    let image = blobs.image_for("s390x", &[], json!({}));
    let error = store(folder.path()).pull(&blobs, "x", &image).await.unwrap_err().to_string();
    let host = agent::image::Platform::host();
    assert_eq!(error, format!("image Manifest does not contain descriptor matching platform '{host}'"));
}

#[tokio::test]
async fn a_layer_is_fetched_once_however_many_ask() {
    let folder = tempfile::tempdir().unwrap();
    let mut blobs = MemoryBlobs::default();
    let shared = (Packing::Gzip, Layer::new().file("a", &[1; 200_000]).tar());
    let first = blobs.image(std::slice::from_ref(&shared), json!({"Cmd": ["1"]}));
    let second = blobs.image(&[shared], json!({"Cmd": ["2"]}));
    let store = store(folder.path());
    let (one, two, again) =
        tokio::join!(store.pull(&blobs, "x", &first), store.pull(&blobs, "x", &second), store.pull(&blobs, "x", &second));
    assert_eq!(one.unwrap().layers, two.unwrap().layers);
    again.unwrap();
    assert_eq!(layers_in(folder.path()), 1);
    let before = blobs.opened.load(SeqCst);
    store.pull(&blobs, "x", &first).await.unwrap();
    assert_eq!(blobs.opened.load(SeqCst), before, "an image that is there is not fetched again");
}

#[tokio::test]
async fn what_no_image_needs_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    let mut blobs = MemoryBlobs::default();
    let shared = (Packing::Gzip, Layer::new().file("a", b"1").tar());
    let own = (Packing::Gzip, Layer::new().file("b", b"2").tar());
    let kept = blobs.image(std::slice::from_ref(&shared), json!({}));
    let dropped = blobs.image(&[shared, own], json!({}));
    let store = store(folder.path());
    store.pull(&blobs, "x", &kept).await.unwrap();
    store.pull(&blobs, "x", &dropped).await.unwrap();
    store.gc(&BTreeSet::new()).await.unwrap();
    assert_eq!(layers_in(folder.path()), 2, "what was just pulled is about to be used");
    store.gc(&BTreeSet::from([kept.clone()])).await.unwrap();
    assert_eq!(layers_in(folder.path()), 1);
    assert_eq!(fs::read_dir(folder.path().join("manifests")).unwrap().count(), 1);
    store.pull(&blobs, "x", &dropped).await.unwrap();
    assert_eq!(layers_in(folder.path()), 2);
}

#[tokio::test]
async fn a_half_unpacked_layer_of_a_killed_process_is_removed() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir_all(folder.path().join("layers/.unpacking-0/etc")).unwrap();
    store(folder.path());
    assert_eq!(layers_in(folder.path()), 0);
}

#[tokio::test]
async fn a_full_disk_is_said_and_leaves_no_half_layer() {
    if !is_root("a_full_disk_is_said_and_leaves_no_half_layer") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mount = |data| nix::mount::mount(Some("tmpfs"), folder.path(), Some("tmpfs"), nix::mount::MsFlags::empty(), data);
    mount(Some("size=1m")).unwrap();
    let tar = Layer::new().file("a", &[1; 4 << 20]).tar();
    let result = unpack(folder.path(), ImageLimits::default(), Packing::Gzip, tar).await;
    let left = layers_in(folder.path());
    nix::mount::umount2(folder.path(), nix::mount::MntFlags::MNT_DETACH).unwrap();
    assert_eq!(result.unwrap_err().to_string(), "no space left on device");
    assert_eq!(left, 0);
}

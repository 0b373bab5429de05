//! The store: images in and out, drafts, and a collector that is busy while others upload.

use super::*;
use crate::{BLOCK, Draft, Stored};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    os::unix::fs::FileExt,
    sync::atomic::{AtomicBool, Ordering::SeqCst},
    thread,
};

fn store() -> (tempfile::TempDir, BlockStore) {
    let folder = tempfile::tempdir().unwrap();
    let store = BlockStore::open(folder.path()).unwrap();
    (folder, store)
}

fn block(byte: u8) -> Vec<u8> {
    (0..BLOCK).map(|at| byte ^ (at >> 9) as u8).collect()
}

fn image(parts: &[(u64, &[u8])], length: u64) -> File {
    let file = tempfile::tempfile().unwrap();
    parts.iter().for_each(|(from, bytes)| file.write_all_at(bytes, *from).unwrap());
    file.set_len(length).unwrap();
    file
}

#[test]
fn an_image_comes_out_as_it_went_in() {
    let (_folder, store) = store();
    let far = 300 * BLOCK as u64 + 1234;
    let length = far + 10_001;
    let file = image(&[(0, b"boot"), (3 * BLOCK as u64 - 2, b"across"), (far, b"the end")], length);
    let manifest = crate::import(&store, "snap-1", &file, None).unwrap();
    assert_eq!(manifest.size(), length.next_multiple_of(crate::SECTOR as u64));
    assert_eq!(manifest.blocks().iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 2, 3, 300]);
    let out = tempfile::tempfile().unwrap();
    out.write_all_at(&[9; 100], far).unwrap();
    crate::export(&store, "snap-1", &out, None).unwrap();
    assert_eq!(out.metadata().unwrap().len(), manifest.size());
    let (mut wanted, mut found) = (vec![0; 4 * BLOCK], vec![0; 4 * BLOCK]);
    for from in [0, far - far % BLOCK as u64] {
        let length = (length - from).min(4 * BLOCK as u64) as usize;
        file.read_exact_at(&mut wanted[..length], from).unwrap();
        out.read_exact_at(&mut found[..length], from).unwrap();
        assert!(wanted[..length] == found[..length]);
    }
    // Holes stay holes.
    assert!(std::os::unix::fs::MetadataExt::blocks(&out.metadata().unwrap()) * 512 < 8 * BLOCK as u64);
}

#[test]
fn a_copy_has_the_same_content_under_its_own_key() {
    let (_folder, store) = store();
    crate::import(&store, "snap-1", &image(&[(0, &block(1)), (2 * BLOCK as u64, &block(2))], 4 * BLOCK as u64), None).unwrap();
    let key = crate::DataKey::new([6; 32]);
    let before = store.list("blocks").unwrap().len();
    let same = crate::copy(&store, "snap-1", None, "snap-2", None).unwrap();
    assert_eq!((same, store.list("blocks").unwrap().len()), (store.manifest("snap-1").unwrap(), before));
    let sealed = crate::copy(&store, "snap-1", None, "snap-3", Some(&key)).unwrap();
    assert!(store.read(&Codec::new(Some(&key)), sealed.block(2).unwrap()).unwrap() == block(2));
    assert_eq!(store.list("blocks").unwrap().len(), 2 * before);
    assert!(matches!(crate::copy(&store, "snap-3", None, "snap-4", None), Err(Error::WrongKey(_))));
    let opened = crate::copy(&store, "snap-3", Some(&key), "snap-5", None).unwrap();
    assert_eq!(opened, store.manifest("snap-1").unwrap());
    assert!(store.list("pins/snap-5").unwrap().is_empty());
}

#[test]
fn equal_blocks_are_stored_once() {
    let (_folder, store) = store();
    let codec = Codec::new(None);
    let upload = store.upload("snap-1", &codec);
    let (ids, stored) = upload.put(&[block(1), block(2), block(1), vec![0; BLOCK]]).unwrap();
    assert!(ids[0] == ids[2] && ids[0] != ids[1] && ids[3].is_none());
    assert_eq!((stored.looked_at, stored.new_blocks), (4, 2));
    assert_eq!(upload.put(&[block(2)]).unwrap().1, Stored { looked_at: 1, ..Stored::default() });
}

#[test]
fn a_draft_is_its_parent_with_other_blocks() {
    let (_folder, store) = store();
    let size = 3 * BLOCK as u64;
    crate::import(&store, "snap-1", &image(&[(0, &block(1)), (BLOCK as u64, &block(2))], size), None).unwrap();
    let draft = Draft { store: &store, name: "snap-2", size: size + BLOCK as u64, parent: Some("snap-1"), key: None };
    draft.begin().unwrap();
    let put = BTreeMap::from([(1, draft.put(1, vec![0; BLOCK]).unwrap()), (3, draft.put(3, block(3)).unwrap())]);
    assert!(matches!(draft.put(4, block(3)), Err(Error::Invalid(_))));
    assert!(matches!(draft.put(0, vec![1; 5]), Err(Error::Invalid(_))));
    // The parent is deleted meanwhile.
    store.collect(|| Ok(BTreeSet::from(["snap-2".to_owned()]))).unwrap();
    let manifest = draft.complete(&put).unwrap();
    assert_eq!(manifest.blocks().iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 3]);
    store.collect(|| Ok(BTreeSet::from(["snap-2".to_owned()]))).unwrap();
    assert!(!store.has_manifest("snap-1").unwrap());
    for (index, byte) in [(0, 1), (3, 3)] {
        assert!(store.read(&Codec::new(None), manifest.block(index).unwrap()).unwrap() == block(byte));
    }
    let small = Draft { store: &store, name: "snap-3", size: BLOCK as u64, parent: Some("snap-2"), key: None };
    assert!(matches!(small.begin(), Err(Error::Invalid(_))));
}

/// Uploads that share blocks with snapshots that are being deleted, while the collector never rests: nothing that a snapshot names
/// may be missing, and in the end nothing may be left over.
#[test]
fn the_collector_takes_nothing_that_is_needed() {
    let (_folder, store) = store();
    let live = std::sync::Mutex::new(BTreeSet::new());
    let busy = AtomicBool::new(true);
    thread::scope(|scope| {
        scope.spawn(|| {
            while busy.load(SeqCst) {
                store.collect(|| Ok(live.lock().unwrap().clone())).unwrap();
            }
        });
        let (store, live) = (&store, &live);
        let workers: Vec<_> = (0..3).map(|worker| scope.spawn(move || churn(store, live, worker))).collect();
        let done: Vec<_> = workers.into_iter().map(|worker| worker.join()).collect();
        busy.store(false, SeqCst);
        assert!(done.iter().all(|worker| worker.is_ok()));
    });
    let live = live.into_inner().unwrap();
    assert_eq!(live.len(), 3);
    live.iter().for_each(|name| check(&store, name));
    store.collect(|| Ok(BTreeSet::new())).unwrap();
    assert!(["blocks", "manifests", "pins"].iter().all(|prefix| store.list(prefix).unwrap().is_empty()));
}

#[test]
fn what_begins_while_it_is_asked_who_lives_is_safe() {
    let (_folder, store) = store();
    let codec = Codec::new(None);
    store.upload("snap-old", &codec).put(&[block(1)]).unwrap();
    let upload = store.upload("snap-new", &codec);
    let mut ids = Vec::new();
    let live = || {
        let live = BTreeSet::new();
        ids = upload.put(&[block(1), block(2)]).unwrap().0;
        Ok(live)
    };
    store.collect(live).unwrap();
    let blocks = (0..).zip(ids).map(|(index, id)| (index, id.unwrap())).collect();
    upload.finish(&Manifest::new(2 * BLOCK as u64, None, blocks).unwrap()).unwrap();
    check(&store, "snap-new");
}

#[test]
fn nobody_pins_while_the_collector_removes() {
    let (_folder, store) = store();
    let codec = Codec::new(None);
    let alone = store.locked(nix::fcntl::FlockArg::LockExclusive).unwrap();
    thread::scope(|scope| {
        let uploading = scope.spawn(|| store.upload("snap-1", &codec).put(&[block(1)]).unwrap());
        // Long enough for a pin that doesn't wait.
        for _ in 0..30 {
            assert!(store.list("pins").unwrap().is_empty() && store.list("blocks").unwrap().is_empty());
            thread::sleep(std::time::Duration::from_millis(2));
        }
        drop(alone);
        uploading.join().unwrap();
    });
    assert_eq!(store.list("pins").unwrap().len(), 1);
}

/// Makes snapshots of the same few blocks, and deletes the one before each.
fn churn(store: &BlockStore, live: &std::sync::Mutex<BTreeSet<String>>, worker: u8) {
    let codec = Codec::new(None);
    for round in 0..12u8 {
        let name = format!("snap-{worker}-{round}");
        live.lock().unwrap().insert(name.clone());
        let upload = store.upload(&name, &codec);
        let contents: Vec<_> = (0..4).map(|number| block(1 + (round + number + worker) % 6)).collect();
        let (ids, _) = upload.put(&contents).unwrap();
        let blocks = (0..).zip(ids).map(|(index, id)| (index, id.unwrap())).collect();
        upload.finish(&Manifest::new(4 * BLOCK as u64, None, blocks).unwrap()).unwrap();
        check(store, &name);
        if let Some(before) = round.checked_sub(1) {
            live.lock().unwrap().remove(&format!("snap-{worker}-{before}"));
        }
    }
}

fn check(store: &BlockStore, name: &str) {
    for (_, id) in store.manifest(name).unwrap().blocks() {
        store.read(&Codec::new(None), *id).unwrap();
    }
}

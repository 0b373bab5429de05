//! Blobs on a disk: written and read back in any ranges, and found to be changed.

use super::{Blobs, ContentKey, Source, Writer, cipher::STORED};
use md5::{Digest, Md5};
use model::{
    Env, Timestamp,
    s3::{self, Blob, BlobSpec},
};
use proptest::prelude::*;
use spine::Store;
use std::{ops::Range, sync::Arc};
use tempfile::TempDir;

struct World {
    folder: TempDir,
    blobs: Arc<Blobs>,
    store: Store,
    env: Env,
    key: ContentKey,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let blobs = Blobs::open(folder.path()).unwrap();
        let (env, _) = Env::manual(Timestamp(0), 1);
        let key = ContentKey::new(&env);
        Self { folder, blobs, store: Store::ephemeral(), env, key }
    }

    /// Writes a blob, piece by piece.
    async fn write(&self, bytes: &[u8], piece: usize, key: Option<&ContentKey>) -> String {
        let mut writer = Writer::new(&self.blobs, &self.env, None, key);
        for piece in bytes.chunks(piece) {
            writer.write(piece).await.unwrap();
        }
        let written = writer.finish().await.unwrap();
        assert_eq!((written.size, written.md5), (bytes.len() as u64, Md5::digest(bytes).into()));
        let (id, place) = (written.id.clone(), written.place.clone());
        written.keep();
        let spec = BlobSpec { references: 1, place };
        self.store.transact(|tx| tx.create(&s3::key::<Blob>(&id), &spec)).await.unwrap();
        id
    }

    async fn read(&self, blob: &str, range: Range<u64>, key: Option<&ContentKey>) -> std::io::Result<Vec<u8>> {
        let source = Source::new(&self.blobs, &self.store.snapshot(), blob, range, key);
        let mut source = source.map_err(|fault| std::io::Error::other(fault.internal.unwrap_or_default()))?;
        let mut bytes = Vec::new();
        while let Some(piece) = source.next().await? {
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

fn text(length: usize) -> Vec<u8> {
    (0..length).map(|number| (number * 31 % 251) as u8).collect()
}

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]
    #[test]
    fn any_range_of_what_was_written_is_read(
        length in prop_oneof![0usize..3000, 60_000usize..70_000, 1_000_000usize..1_200_000],
        piece in 1usize..100_000,
        sealed: bool,
        from in 0.0..1.0f64,
        to in 0.0..1.0f64,
    ) {
        let (world, bytes) = (World::new(), text(length));
        let key = sealed.then_some(&world.key);
        let at = |part: f64| (part * length as f64) as usize;
        let (from, to) = (at(from.min(to)), at(from.max(to)));
        let read = run(async {
            let id = world.write(&bytes, piece.max(length / 100), key).await;
            (world.read(&id, from as u64..to as u64, key).await.unwrap(), world.read(&id, 0..length as u64, key).await.unwrap())
        });
        prop_assert!(read.0 == bytes[from..to]);
        prop_assert!(read.1 == bytes);
    }
}

#[tokio::test]
async fn what_was_changed_or_cut_is_not_read() {
    let (world, bytes) = (World::new(), text(200_000));
    let id = world.write(&bytes, 10_000, Some(&world.key)).await;
    let path = world.folder.path().join(&id[..2]).join(&id);
    let stored = std::fs::read(&path).unwrap();
    assert_eq!(stored.len(), bytes.len() + 4 * 16);
    let mut changed = stored.clone();
    changed[STORED + 5] ^= 1;
    std::fs::write(&path, &changed).unwrap();
    assert_eq!(world.read(&id, 0..1000, Some(&world.key)).await.unwrap(), bytes[..1000], "another chunk");
    assert!(world.read(&id, 0..200_000, Some(&world.key)).await.is_err());
    // Whole chunks are missing, so that the last that is left is right.
    std::fs::write(&path, &stored[..2 * STORED]).unwrap();
    assert!(world.read(&id, 0..200_000, Some(&world.key)).await.is_err());
    std::fs::write(&path, &stored).unwrap();
    assert!(world.read(&id, 0..10, Some(&ContentKey::new(&world.env))).await.is_err(), "another key");
    assert_eq!(world.read(&id, 0..200_000, Some(&world.key)).await.unwrap(), bytes);
}

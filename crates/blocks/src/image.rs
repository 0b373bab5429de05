//! Disk images to snapshots and back, and snapshots to others under other keys.

use crate::{BLOCK, BlockStore, Codec, DataKey, Error, Fingerprint, Manifest, Result, SECTOR, check_size, xts::is_zero};
use nix::unistd::{Whence, lseek};
use std::{fs::File, io, os::unix::fs::FileExt};

/// Blocks that are in memory at a time.
const BATCH: usize = 32;

/// Stores a raw disk image as the snapshot `name`. Holes are skipped; a file that ends within a sector is filled up with zeros.
pub fn import(store: &BlockStore, name: &str, image: &File, key: Option<&DataKey>) -> Result<Manifest> {
    let length = image.metadata()?.len();
    let size = check_size(length.next_multiple_of(SECTOR as u64))?;
    let codec = Codec::new(key);
    let upload = store.upload(name, &codec);
    let mut blocks = Vec::new();
    let mut next = 0;
    while let Some(from) = data_from(image, next, length)? {
        let (mut indices, mut contents) = (Vec::new(), Vec::new());
        let first = from / BLOCK as u64;
        next = (first * BLOCK as u64 + (BATCH * BLOCK) as u64).min(length);
        for index in first..next.div_ceil(BLOCK as u64) {
            indices.push(index as u32);
            contents.push(read_block(image, index, length)?);
        }
        let (ids, _) = upload.put(&contents)?;
        blocks.extend(indices.into_iter().zip(ids).filter_map(|(index, id)| Some((index, id?))));
    }
    let manifest = Manifest::new(size, key.map(DataKey::fingerprint), blocks)?;
    upload.finish(&manifest)?;
    Ok(manifest)
}

/// Writes a snapshot into a file, as a raw disk image with holes where it has zeros.
pub fn export(store: &BlockStore, name: &str, image: &File, key: Option<&DataKey>) -> Result<()> {
    let manifest = store.manifest(name)?;
    Fingerprint::check(name, manifest.key(), key)?;
    let codec = Codec::new(key);
    image.set_len(0)?;
    image.set_len(manifest.size())?;
    for (index, id) in manifest.blocks() {
        let from = u64::from(*index) * BLOCK as u64;
        let block = store.read(&codec, *id)?;
        let length = (manifest.size() - from).min(BLOCK as u64) as usize;
        for (sector, data) in (0..).zip(block[..length].chunks(SECTOR)).filter(|(_, data)| !is_zero(data)) {
            image.write_all_at(data, from + sector * SECTOR as u64)?;
        }
    }
    image.sync_all().map_err(Error::from)
}

/// Makes the snapshot `to` of the snapshot `from`, under another key or the same one; under the same no block is stored or read.
pub fn copy(store: &BlockStore, from: &str, from_key: Option<&DataKey>, to: &str, to_key: Option<&DataKey>) -> Result<Manifest> {
    store.hold(to, from)?;
    let source = store.manifest(from)?;
    Fingerprint::check(from, source.key(), from_key)?;
    let (reading, writing) = (Codec::new(from_key), Codec::new(to_key));
    let upload = store.upload(to, &writing);
    let key = to_key.map(DataKey::fingerprint);
    let blocks = match source.key() == key {
        true => source.blocks().to_vec(),
        false => {
            let mut blocks = Vec::with_capacity(source.blocks().len());
            for batch in source.blocks().chunks(BATCH) {
                let contents = batch.iter().map(|(_, id)| store.read(&reading, *id)).collect::<Result<Vec<_>>>()?;
                let (ids, _) = upload.put(&contents)?;
                blocks.extend(batch.iter().zip(ids).filter_map(|((index, _), id)| Some((*index, id?))));
            }
            blocks
        }
    };
    let manifest = Manifest::new(source.size(), key, blocks)?;
    upload.finish(&manifest)?;
    Ok(manifest)
}

/// Where data begin at or after `from`; `None` if there are no more.
fn data_from(image: &File, from: u64, length: u64) -> Result<Option<u64>> {
    if from >= length {
        return Ok(None);
    }
    match lseek(image, from as i64, Whence::SeekData) {
        Ok(at) => Ok(Some(at as u64)),
        Err(nix::errno::Errno::ENXIO) => Ok(None),
        // A file system that knows no holes.
        Err(nix::errno::Errno::EINVAL) => Ok(Some(from)),
        Err(errno) => Err(errno.into()),
    }
}

fn read_block(image: &File, index: u64, length: u64) -> io::Result<Vec<u8>> {
    let from = index * BLOCK as u64;
    let mut block = vec![0; BLOCK];
    image.read_exact_at(&mut block[..(length - from).min(BLOCK as u64) as usize], from)?;
    Ok(block)
}

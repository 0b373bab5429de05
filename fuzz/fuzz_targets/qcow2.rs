//! Disk images that somebody brings: qcow2, and what is told of a disk by its first block.
#![no_main]

use disk_image::{BLOCK, Blocks, content, qcow2::Qcow2};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = content::format(bytes);
    let _ = content::content(bytes, 1 << 40);
    let mut image = bytes.to_vec();
    if image.len() >= 8 {
        image[..8].copy_from_slice(b"QFI\xfb\0\0\0\x03");
    }
    let Ok(mut disk) = Qcow2::open(&image[..]) else { return };
    let mut last = None;
    while let Ok(Some((index, block))) = disk.next() {
        assert!(last.is_none_or(|last| index > last) && block.len() == BLOCK);
        assert!(u64::from(index) * (BLOCK as u64) < disk.bytes());
        last = Some(index);
    }
});

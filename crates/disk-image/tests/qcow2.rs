//! Images that `qemu-img` makes, images that nobody should make, and images of chance.

use disk_image::{
    BLOCK, Blocks,
    qcow2::{Header, Qcow2},
};
use proptest::prelude::*;
use std::{
    fs::{self, File},
    os::unix::fs::FileExt,
    path::Path,
    process::Command,
};

/// All of an image, as the raw disk would be.
fn raw(image: &Path) -> Result<Vec<u8>, disk_image::Error> {
    let mut disk = Qcow2::open(File::open(image)?)?;
    let mut whole = vec![0; usize::try_from(disk.bytes()).unwrap().next_multiple_of(BLOCK)];
    while let Some((index, block)) = disk.next()? {
        whole[index as usize * BLOCK..][..BLOCK].copy_from_slice(&block);
    }
    whole.truncate(usize::try_from(disk.bytes()).unwrap());
    Ok(whole)
}

fn qemu_img(words: &[&str]) -> bool {
    match Command::new("qemu-img").args(words).output() {
        Ok(output) => {
            assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
            true
        }
        Err(_) => {
            eprintln!("NOT RUN: qemu-img is not installed");
            false
        }
    }
}

#[test]
fn what_qemu_img_writes_is_read() {
    let work = tempfile::tempdir().unwrap();
    let (disk, image) = (work.path().join("disk"), work.path().join("image"));
    let file = File::create(&disk).unwrap();
    file.set_len(40 << 20 | 512).unwrap();
    let text: Vec<u8> = (0u32..300_000).flat_map(|n| (n / 7).to_le_bytes()).collect();
    for at in [0, 5 << 20, (5 << 20) + 3_000_001, (40 << 20) - text.len() as u64 + 512] {
        file.write_all_at(&text, at).unwrap();
    }
    let expected = fs::read(&disk).unwrap();
    for options in [
        &["-o", "compat=0.10"][..],
        &["-o", "compat=1.1"],
        &["-c"],
        &["-c", "-o", "compression_type=zstd"],
        &["-o", "cluster_size=512"],
        &["-c", "-o", "cluster_size=2M"],
    ] {
        let words =
            [&["convert", "-f", "raw", "-O", "qcow2"], options, &[disk.to_str().unwrap(), image.to_str().unwrap()]].concat();
        if !qemu_img(&words) {
            return;
        }
        assert!(raw(&image).unwrap() == expected, "{options:?}");
    }
}

#[test]
fn images_that_name_other_files_are_refused() {
    let work = tempfile::tempdir().unwrap();
    let path = |name: &str| work.path().join(name).to_str().unwrap().to_owned();
    let (base, image, data) = (path("base"), path("image"), path("data"));
    let of = |options: &[&str]| {
        let _ = fs::remove_file(&image);
        qemu_img(&[&["create", "-q", "-f", "qcow2"], options].concat()).then(|| raw(Path::new(&image)).unwrap_err().to_string())
    };
    if !qemu_img(&["create", "-q", "-f", "qcow2", &base, "1M"]) {
        return;
    }
    assert!(of(&["-b", &base, "-F", "qcow2", &image]).unwrap().contains("backing file"));
    assert!(of(&["-b", "/etc/shadow", "-F", "raw", "-u", &image, "1M"]).unwrap().contains("backing file"));
    assert!(of(&["-o", &format!("data_file={data}"), &image, "1M"]).unwrap().contains("another file"));
    assert!(of(&["-o", "extended_l2=on", &image, "1M"]).unwrap().contains("extended L2"));
}

/// The smallest image that is one: clusters of 64 KiB, a first table in the second cluster.
fn small() -> Vec<u8> {
    let mut image = vec![0; 4 << 16];
    image[..4].copy_from_slice(b"QFI\xfb");
    for (at, value) in [(4, 3u32), (20, 16), (36, 1), (96, 4), (100, 104)] {
        image[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
    for (at, value) in [(24, 1u64 << 20), (40, 1 << 16), (1 << 16, 2 << 16), (2 << 16, 3 << 16)] {
        image[at..at + 8].copy_from_slice(&value.to_be_bytes());
    }
    image[3 << 16..].fill(7);
    image
}

fn all(image: &[u8]) -> Result<usize, disk_image::Error> {
    let mut disk = Qcow2::open(image)?;
    let mut count = 0;
    while disk.next()?.is_some() {
        count += 1;
    }
    Ok(count)
}

#[test]
fn headers_that_ask_for_too_much_are_refused() {
    assert_eq!(all(&small()).unwrap(), 1);
    let changed = |at: usize, value: &[u8]| {
        let mut image = small();
        image[at..at + value.len()].copy_from_slice(value);
        all(&image).unwrap_err().to_string()
    };
    let cases: &[(usize, &[u8])] = &[
        (4, &4u32.to_be_bytes()),
        // Encrypted.
        (32, &2u32.to_be_bytes()),
        (20, &40u32.to_be_bytes()),
        (20, &3u32.to_be_bytes()),
        (24, &u64::MAX.to_be_bytes()),
        (24, &(1u64 << 40).to_be_bytes()),
        (24, &[0; 8]),
        (36, &[0; 4]),
        (40, &u64::MAX.to_be_bytes()),
        (40, &(1u64 << 40).to_be_bytes()),
        (40, &12_345u64.to_be_bytes()),
        (72, &(1u64 << 40).to_be_bytes()),
        (100, &u32::MAX.to_be_bytes()),
    ];
    for (at, value) in cases {
        assert!(changed(*at, value).contains("refused"), "{at}");
    }
    for table in [1 << 16, 2 << 16] {
        assert!(changed(table, &0x00ff_ffff_ffff_0000u64.to_be_bytes()).contains("isn't in the file"));
    }
    assert!(changed(2 << 16, &(1u64 << 62 | 0xffff_ffff).to_be_bytes()).contains("isn't in the file"));
    assert!(changed(2 << 16, &(1u64 << 62 | 3 << 16).to_be_bytes()).contains("unpacked"));
}

#[test]
fn one_cluster_can_not_be_a_whole_disk() {
    let mut image = small();
    image[24..32].copy_from_slice(&(512u64 << 20).to_be_bytes());
    for entry in 0..(1 << 13) {
        image[(2 << 16) + entry * 8..][..8].copy_from_slice(&(3u64 << 16).to_be_bytes());
    }
    assert!(all(&image).unwrap_err().to_string().contains("upon each other"));
}

proptest! {
    #[test]
    fn no_image_is_too_strange(changes in proptest::collection::vec((0usize..(4 << 16), any::<u8>()), 1..20), low in any::<bool>()) {
        let mut image = small();
        for (at, value) in changes {
            let at = if low { at % 112 } else { at };
            image[at] = value;
        }
        let _ = all(&image);
    }

    #[test]
    fn no_header_is_too_strange(bytes in proptest::collection::vec(any::<u8>(), 112), length in any::<u64>()) {
        let mut first: [u8; 112] = bytes.try_into().unwrap();
        first[..8].copy_from_slice(b"QFI\xfb\0\0\0\x03");
        first[8..20].fill(0);
        first[32..36].fill(0);
        let _ = Header::parse(&first, length);
    }
}

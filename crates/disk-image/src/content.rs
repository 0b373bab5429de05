//! What a file is, told by its first bytes, and what is on a disk, told by its first block. Pure.

use crate::{
    BLOCK, Error,
    partitions::{self, BootMode},
};

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A disk as it is.
    Raw,
    /// QEMU's format, version 2 or 3.
    Qcow2,
    /// An archive, or a compressed file that may be one.
    Archive,
}

/// What is on a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Content {
    /// Something that a firmware boots, and how: it is for a virtual machine.
    Bootable(BootMode),
    /// A file system and nothing before it: it is for a system container.
    FileSystem(FileSystem),
}

/// A file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileSystem {
    /// `ext4` or `xfs`.
    pub kind: &'static str,
    /// What it says of its size, in bytes.
    pub bytes: u64,
}

/// What each format that isn't read here begins with, where, and what to do.
const OTHERS: &[(usize, &[u8], &str, &str)] = &[
    (0, b"KDMV", "a VMDK disk", CONVERT),
    (0, b"# Disk DescriptorFile", "the description of a VMDK disk", CONVERT),
    (0, b"vhdxfile", "a VHDX disk", CONVERT),
    (0, b"conectix", "a VHD disk", CONVERT),
    (0x40, &[0x7f, 0x10, 0xda, 0xbe], "a VDI disk", CONVERT),
    (0, b"QED\0", "a QED disk", CONVERT),
    (0, &[0xfd, b'7', b'z', b'X', b'Z', 0], "compressed by xz", "unpack it with `xz -d`"),
    (0, b"BZh", "compressed by bzip2", "unpack it with `bzip2 -d`"),
    (0, b"PK\x03\x04", "a ZIP archive", "unpack it first"),
    (0, b"hsqs", "a squashfs", "unpack it with `unsquashfs`, and import the folder"),
];

const CONVERT: &str = "convert it with `qemu-img convert -O qcow2`";

/// Tells a file by its beginning, of which [`BLOCK`] bytes are enough.
///
/// # Errors
/// If it is of a kind that isn't read here.
pub fn format(first: &[u8]) -> Result<Format, Error> {
    if let Some((_, _, what, way_out)) =
        OTHERS.iter().find(|(at, magic, ..)| first.get(*at..).is_some_and(|it| it.starts_with(magic)))
    {
        return Err(Error::refused(format!("the file is {what}: {way_out}")));
    }
    Ok(match first {
        [b'Q', b'F', b'I', 0xfb, ..] => Format::Qcow2,
        [0x1f, 0x8b, ..] | [0x28, 0xb5, 0x2f, 0xfd, ..] => Format::Archive,
        _ if first.get(257..262) == Some(b"ustar") => Format::Archive,
        _ => Format::Raw,
    })
}

/// Tells what is on a disk of so many bytes by its first block.
///
/// # Errors
/// If there is nothing that a machine could be made of, or it is larger than the disk.
pub fn content(first: &[u8], bytes: u64) -> Result<Content, Error> {
    let mut block = first[..first.len().min(BLOCK)].to_vec();
    block.resize(BLOCK, 0);
    if let Some(mode) = partitions::boot_mode(&block, bytes)? {
        return Ok(Content::Bootable(mode));
    }
    if let Some(found) = ext4(&block)?.or_else(|| xfs(&block)) {
        if found.bytes > bytes {
            let message = format!("its {} has {} bytes, and the disk only {bytes}: it was cut off", found.kind, found.bytes);
            return Err(Error::Refused(message));
        }
        return Ok(Content::FileSystem(found));
    }
    if partitions::has_boot_sector(&block) {
        return Ok(Content::Bootable(BootMode::LegacyBios));
    }
    Err(Error::Refused(unknown(&block).into()))
}

/// Linux kernel documentation, "ext4 Data Structures and Algorithms", section "Super Block".
fn ext4(block: &[u8]) -> Result<Option<FileSystem>, Error> {
    const JOURNAL_DEVICE: u32 = 0x8;
    const SIXTY_FOUR_BITS: u32 = 0x80;
    let superblock = &block[1024..2048];
    let number = |at: usize| u32::from_le_bytes([superblock[at], superblock[at + 1], superblock[at + 2], superblock[at + 3]]);
    if superblock[0x38..0x3a] != [0x53, 0xef] {
        return Ok(None);
    }
    let (incompatible, log) = (number(0x60), number(0x18));
    if log > 6 || incompatible & JOURNAL_DEVICE != 0 {
        return Err(Error::refused("its ext4 has a superblock that no file system has"));
    }
    let high = if incompatible & SIXTY_FOUR_BITS != 0 { number(0x150) } else { 0 };
    let blocks = u64::from(high) << 32 | u64::from(number(0x4));
    Ok(Some(FileSystem { kind: "ext4", bytes: blocks.saturating_mul(1024 << log) }))
}

/// XFS Algorithms and Data Structures, "Superblocks".
fn xfs(block: &[u8]) -> Option<FileSystem> {
    let size = u32::from_be_bytes(block[4..8].try_into().ok()?);
    let count = u64::from_be_bytes(block[8..16].try_into().ok()?);
    block.starts_with(b"XFSB").then(|| FileSystem { kind: "xfs", bytes: count.saturating_mul(u64::from(size)) })
}

fn unknown(block: &[u8]) -> &'static str {
    if block[65_536 + 0x40..].starts_with(b"_BHRfS_M") {
        return "it holds a btrfs without partitions, which no machine boots from: import a folder of its files";
    }
    if block[32_769..].starts_with(b"CD001") {
        return "it is the image of a CD: import the disk that is installed from it";
    }
    "it holds neither a partition table, nor a boot sector, nor an ext4 or xfs file system: a machine can't be made of it"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ext4_of(blocks: u32, log: u32) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        block[1024 + 0x38..][..2].copy_from_slice(&[0x53, 0xef]);
        block[1024 + 4..][..4].copy_from_slice(&blocks.to_le_bytes());
        block[1024 + 0x18..][..4].copy_from_slice(&log.to_le_bytes());
        block
    }

    #[test]
    fn files_are_told_by_their_first_bytes() {
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        for (first, expected) in [
            (&b"QFI\xfb\0\0\0\x03"[..], Format::Qcow2),
            (&[0x1f, 0x8b, 8], Format::Archive),
            (&tar, Format::Archive),
            (b"", Format::Raw),
            (&ext4_of(1, 0), Format::Raw),
        ] {
            assert_eq!(format(first).unwrap(), expected);
        }
        let error = format(b"KDMV\x01").unwrap_err().to_string();
        assert_eq!(error, "the file is a VMDK disk: convert it with `qemu-img convert -O qcow2`");
    }

    #[test]
    fn a_bare_file_system_is_for_a_system_container() {
        let found = content(&ext4_of(1000, 2), 5_000_000).unwrap();
        assert_eq!(found, Content::FileSystem(FileSystem { kind: "ext4", bytes: 4_096_000 }));
        let mut xfs = b"XFSB\0\0\x10\0\0\0\0\0\0\0\0\x10".to_vec();
        assert_eq!(content(&xfs, 1 << 20).unwrap(), Content::FileSystem(FileSystem { kind: "xfs", bytes: 65_536 }));
        xfs[8] = 0xff;
        assert!(content(&xfs, 1 << 20).is_err());
    }

    #[test]
    fn a_file_system_that_is_larger_than_its_disk_is_refused() {
        let error = content(&ext4_of(1000, 2), 4_000_000).unwrap_err().to_string();
        assert!(error.contains("cut off"), "{error}");
        assert!(content(&ext4_of(1000, 99), 1 << 40).is_err());
    }

    #[test]
    fn what_is_nothing_is_said_to_be_nothing() {
        for first in [vec![], vec![0; BLOCK], b"hello".to_vec()] {
            assert!(content(&first, 1 << 30).unwrap_err().to_string().contains("neither"));
        }
        let mut btrfs = vec![0; BLOCK];
        btrfs[65_536 + 0x40..][..8].copy_from_slice(b"_BHRfS_M");
        assert!(content(&btrfs, 1 << 30).unwrap_err().to_string().contains("btrfs"));
    }
}

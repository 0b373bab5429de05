//! What the first bytes of a disk say that is on it, before the kernel is asked to believe them. Pure.

/// So many bytes are looked at.
pub const BYTES: usize = 4096;

/// A file system that machines may have mounted for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `ext4`, which also reads its ancestors.
    Ext4,
    /// `xfs`.
    Xfs,
}

impl Kind {
    /// By the name that mount(2) is given.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "ext2" | "ext3" | "ext4" => Some(Self::Ext4),
            "xfs" => Some(Self::Xfs),
            _ => None,
        }
    }

    /// The kernel's name.
    pub fn name(self) -> &'static std::ffi::CStr {
        match self {
            Self::Ext4 => c"ext4",
            Self::Xfs => c"xfs",
        }
    }
}

/// The file system that begins with these bytes.
///
/// # Errors
/// A sentence for people: there is none, or none that is mounted for a machine.
pub fn kind(first: &[u8]) -> Result<Kind, &'static str> {
    if first.get(..4) == Some(b"XFSB") {
        return Ok(Kind::Xfs);
    }
    if first.get(EXT4 + 0x38..EXT4 + 0x3a) == Some(&[0x53, 0xef]) {
        return ext4(first).map(|()| Kind::Ext4);
    }
    if first.get(512..520) == Some(b"EFI PART") || first.get(510..512) == Some(&[0x55, 0xaa]) {
        return Err("the disk is divided into partitions, and a system container's root has to be a file system of its own");
    }
    Err("there is no ext4 or xfs file system on the disk")
}

/// Where ext4's superblock begins.
const EXT4: usize = 1024;
const HAS_JOURNAL: u32 = 0x4;
const JOURNAL_DEVICE: u32 = 0x8;

/// A journal on another device is named by a number that the image's maker has chosen: it could be another machine's volume.
fn ext4(first: &[u8]) -> Result<(), &'static str> {
    let number = |at: usize| first.get(EXT4 + at..EXT4 + at + 4).map_or(0, |b| u32::from_le_bytes([b[0], b[1], b[2], b[3]]));
    let (compatible, incompatible, journal_inode, journal_device) = (number(0x5c), number(0x60), number(0xe0), number(0xe4));
    let elsewhere = journal_device != 0 || (compatible & HAS_JOURNAL != 0 && journal_inode == 0);
    match elsewhere || incompatible & JOURNAL_DEVICE != 0 {
        true => Err("its ext4 journal is on another device"),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ext4_with(changes: &[(usize, u32)]) -> Vec<u8> {
        let mut first = vec![0; BYTES];
        first[EXT4 + 0x38..EXT4 + 0x3a].copy_from_slice(&[0x53, 0xef]);
        for (at, value) in changes {
            first[EXT4 + at..EXT4 + at + 4].copy_from_slice(&value.to_le_bytes());
        }
        first
    }

    #[test]
    fn file_systems_are_told_from_what_else_disks_hold() {
        assert_eq!(kind(&ext4_with(&[(0x5c, HAS_JOURNAL), (0xe0, 8)])), Ok(Kind::Ext4));
        assert_eq!(kind(&ext4_with(&[])), Ok(Kind::Ext4), "without a journal");
        assert_eq!(kind(b"XFSB"), Ok(Kind::Xfs));
        let mut parted = vec![0; BYTES];
        parted[510..512].copy_from_slice(&[0x55, 0xaa]);
        assert!(kind(&parted).unwrap_err().contains("partitions"));
        assert!(kind(&[]).is_err() && kind(&[0; BYTES]).is_err());
    }

    #[test]
    fn a_journal_elsewhere_is_refused() {
        for changes in [&[(0x5c, HAS_JOURNAL)][..], &[(0xe0, 8), (0xe4, 0xfe00)], &[(0x60, JOURNAL_DEVICE)]] {
            assert!(kind(&ext4_with(changes)).is_err(), "{changes:?}");
        }
    }
}

//! Partition tables, and which firmware boots what they show. Pure.
//!
//! UEFI specification, section 5, "GUID Partition Table (GPT) Disk Layout".

use crate::{BLOCK, Error};

/// How a disk boots, in EC2's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BootMode {
    /// By its boot sector.
    LegacyBios,
    /// By the boot loader in its EFI system partition.
    Uefi,
    /// Both ways.
    UefiPreferred,
}

impl BootMode {
    /// As `RegisterImage` takes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::LegacyBios => "legacy-bios",
            Self::Uefi => "uefi",
            Self::UefiPreferred => "uefi-preferred",
        }
    }

    fn of(efi: bool, bios: bool) -> Self {
        match (efi, bios) {
            (true, true) => Self::UefiPreferred,
            (true, false) => Self::Uefi,
            (false, _) => Self::LegacyBios,
        }
    }
}

/// C12A7328-F81F-11D2-BA4B-00A0C93EC93B, as it stands on the disk.
const EFI_SYSTEM: [u8; 16] = [0x28, 0x73, 0x2a, 0xc1, 0x1f, 0xf8, 0xd2, 0x11, 0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b];
/// 21686148-6449-6E6F-744E-656564454649: where GRUB keeps what its boot sector loads.
const BIOS_BOOT: [u8; 16] = *b"Hah!IdontNeedEFI";
/// The type of an EFI system partition in a table of the old kind.
const EFI_TYPE: u8 = 0xef;
/// The type of the entry that protects a GUID partition table.
const PROTECTIVE: u8 = 0xee;
const SECTORS: [usize; 2] = [512, 4096];

/// Which way a disk boots that has a partition table; `None` where it has none.
///
/// # Errors
/// If the table is larger than any, or shows what is beyond the disk's end.
pub fn boot_mode(block: &[u8], bytes: u64) -> Result<Option<BootMode>, Error> {
    for sector in SECTORS {
        if block[sector..].starts_with(b"EFI PART") {
            return by_guids(block, sector, bytes).map(Some);
        }
    }
    Ok(old_table(block, bytes).map(|efi| BootMode::of(efi, !efi)))
}

/// Whether a BIOS would run the first sector.
pub fn has_boot_sector(block: &[u8]) -> bool {
    block[510..512] == [0x55, 0xaa] && block[..3].iter().any(|byte| *byte != 0)
}

fn by_guids(block: &[u8], sector: usize, bytes: u64) -> Result<BootMode, Error> {
    let header = &block[sector..sector + 92];
    let (entries_at, count, size) = (long(header, 72), int(header, 80) as usize, int(header, 84) as usize);
    let from = entries_at.checked_mul(sector as u64).and_then(|at| usize::try_from(at).ok());
    let length = count.checked_mul(size);
    let end = from.zip(length).and_then(|(from, length)| from.checked_add(length));
    let (Some(from), Some(end)) = (from, end.filter(|end| *end <= BLOCK && size >= 128)) else {
        return Err(Error::refused("its partition table is larger than any, or is kept beyond its beginning"));
    };
    let (mut efi, mut bios) = (false, false);
    for entry in block[from..end].chunks_exact(size).filter(|entry| entry[..16] != [0; 16]) {
        let last = long(entry, 40);
        if last.checked_add(1).and_then(|it| it.checked_mul(sector as u64)).is_none_or(|end| end > bytes) {
            return Err(Error::refused("a partition reaches beyond the disk's end: the file was cut off"));
        }
        efi |= entry[..16] == EFI_SYSTEM;
        bios |= entry[..16] == BIOS_BOOT;
    }
    Ok(BootMode::of(efi, bios))
}

/// A table of the old kind: whether it has an EFI system partition. What says so at the end of the first sector may be a boot sector of a file
/// system as well, so its entries have to be such as a table has.
fn old_table(block: &[u8], bytes: u64) -> Option<bool> {
    let entries: Vec<&[u8]> = block[446..510].chunks_exact(16).filter(|entry| entry[4] != 0).collect();
    let plausible = |entry: &&[u8]| {
        let end = (u64::from(int(entry, 8)) + u64::from(int(entry, 12))) * 512;
        entry[0] & 0x7f == 0 && int(entry, 8) > 0 && int(entry, 12) > 0 && (end <= bytes || entry[4] == PROTECTIVE)
    };
    let is_table = block[510..512] == [0x55, 0xaa] && !entries.is_empty() && entries.iter().all(plausible);
    is_table.then(|| entries.iter().any(|entry| entry[4] == EFI_TYPE))
}

fn int(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn long(bytes: &[u8], at: usize) -> u64 {
    u64::from(int(bytes, at + 4)) << 32 | u64::from(int(bytes, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const GIB: u64 = 1 << 30;

    fn guid_table(sector: usize, types: &[[u8; 16]]) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        block[sector..][..8].copy_from_slice(b"EFI PART");
        block[sector + 72..][..8].copy_from_slice(&2u64.to_le_bytes());
        block[sector + 80..][..4].copy_from_slice(&8u32.to_le_bytes());
        block[sector + 84..][..4].copy_from_slice(&128u32.to_le_bytes());
        for (n, kind) in types.iter().enumerate() {
            block[2 * sector + n * 128..][..16].copy_from_slice(kind);
            block[2 * sector + n * 128 + 40..][..8].copy_from_slice(&1000u64.to_le_bytes());
        }
        block
    }

    fn table(entries: &[(u8, u32, u32)]) -> Vec<u8> {
        let mut block = vec![0; BLOCK];
        block[510..512].copy_from_slice(&[0x55, 0xaa]);
        for (n, (kind, from, count)) in entries.iter().enumerate() {
            let entry = &mut block[446 + n * 16..][..16];
            entry[4] = *kind;
            entry[8..12].copy_from_slice(&from.to_le_bytes());
            entry[12..16].copy_from_slice(&count.to_le_bytes());
        }
        block
    }

    #[test]
    fn the_partitions_tell_the_firmware() {
        let linux = [7; 16];
        for (types, expected) in [
            (vec![EFI_SYSTEM, linux], BootMode::Uefi),
            (vec![BIOS_BOOT, linux], BootMode::LegacyBios),
            (vec![linux, BIOS_BOOT, EFI_SYSTEM], BootMode::UefiPreferred),
            (vec![linux], BootMode::LegacyBios),
        ] {
            for sector in SECTORS {
                assert_eq!(boot_mode(&guid_table(sector, &types), GIB).unwrap(), Some(expected));
            }
        }
        assert_eq!(boot_mode(&table(&[(0x83, 2048, 1000)]), GIB).unwrap(), Some(BootMode::LegacyBios));
        assert_eq!(boot_mode(&table(&[(0x83, 2048, 1000), (0xef, 4096, 10)]), GIB).unwrap(), Some(BootMode::Uefi));
    }

    #[test]
    fn what_looks_like_a_table_may_be_none() {
        assert_eq!(boot_mode(&vec![0; BLOCK], GIB).unwrap(), None);
        assert_eq!(boot_mode(&table(&[]), GIB).unwrap(), None);
        assert_eq!(boot_mode(&table(&[(0x83, 2048, u32::MAX)]), GIB).unwrap(), None);
    }

    #[test]
    fn tables_beyond_all_bounds_are_refused() {
        for (at, value) in [(72, u64::MAX), (72, 1 << 40), (80, u64::MAX), (80, 0)] {
            let mut block = guid_table(512, &[EFI_SYSTEM]);
            block[512 + at..][..8].copy_from_slice(&value.to_le_bytes());
            assert!(boot_mode(&block, GIB).is_err(), "{at} {value}");
        }
        assert!(boot_mode(&guid_table(512, &[EFI_SYSTEM]), 100_000).is_err(), "a disk that was cut off");
    }

    proptest! {
        #[test]
        fn no_table_is_too_strange(header in proptest::collection::vec(any::<u8>(), 1024), bytes in any::<u64>()) {
            let mut block = vec![0xff; BLOCK];
            block[..1024].copy_from_slice(&header);
            block[510..520].copy_from_slice(b"\x55\xaaEFI PART");
            let _ = boot_mode(&block, bytes);
            block[512] = 0;
            let _ = boot_mode(&block, bytes);
        }
    }
}
